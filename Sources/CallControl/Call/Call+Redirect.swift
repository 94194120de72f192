// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import SIPTransaction

// 3xx to the INVITE that makes leg b.
extension Call {
    /// Redirections that one call follows.
    static let redirectsMax = 5
    /// Contacts of one redirection that are looked at.
    private static let contactsMax = 10

    /// Puts the contacts of a redirection before the candidates that are left. False if it is not
    /// to be followed, or leads nowhere where this call has not been.
    func follow(_ response: SIPMessage, status: Int) -> Bool {
        guard (300...302).contains(status), self.legs.b.trunk.redirect == .follow,
            var search = self.search, search.redirects < Self.redirectsMax
        else { return false }
        search.redirects += 1
        var places: [CallPlace] = []
        for uri in Self.contacts(of: response).map(\.uri).prefix(Self.contactsMax) {
            let found = self.context.places(
                contact: uri, self.legs.b.trunk.interworking.numbers, from: self.legs.a.trunk,
                isEmergency: self.isEmergency, label: self.tenant?.label ?? [])
            for place in found where search.visited.insert(place.visit).inserted {
                places.append(place)
            }
        }
        let taken = search.machine.insert(places.map(\.trunk.search))
        let position = min(search.machine.current + 1, search.places.count)
        search.places.insert(contentsOf: places.prefix(taken), at: position)
        self.search = search
        guard taken > 0 else {
            self.context.counters.redirectsRefused &+= 1
            return false
        }
        self.context.counters.redirectsFollowed &+= 1
        return true
    }

    /// Gives a redirection to the caller, with contacts that lead through this node: whoever is
    /// called there is called by our routes. False where there is nothing to give.
    func pass(_ response: SIPMessage, status: Int, _ request: ReceivedRequest) -> Bool {
        guard (300...302).contains(status), self.legs.b.trunk.redirect == .pass else {
            return false
        }
        let numbers = NumberPassage(
            from: self.legs.b.trunk.interworking.numbers,
            to: self.legs.a.trunk.interworking.numbers)
        var values: [[UInt8]] = []
        for contact in Self.contacts(of: response).prefix(Self.contactsMax) {
            guard var called = CarriedURI(contact.uri) else { continue }
            called.pass(numbers)
            guard !called.user.isEmpty else { continue }
            var value = Array("<sip:".utf8) + called.user + [UInt8(ascii: "@")]
            value += self.legs.a.listener.hostPort
            value += self.legs.a.listener.transport.uriParameter + [UInt8(ascii: ">")]
            if let q = contact.parameters.value("q") { value += Array(";q=".utf8) + q }
            values.append(value)
        }
        let reply = Reply(status, tag: self.legs.a.localTag)
        guard !values.isEmpty, var builder = self.context.begin(reply, to: request) else {
            return false
        }
        for value in values { builder.add(.contact, value) }
        self.context.counters.redirectsPassed &+= 1
        self.context.respond(status, builder.finish(), to: request)
        return true
    }

    /// The contacts in the order of their q values, 1 where there is none (RFC 3261 section 20.10);
    /// those of one value as they stand.
    private static func contacts(of response: SIPMessage) -> [NameAddr] {
        let all = ((try? response.contacts()) ?? []).compactMap { contact -> NameAddr? in
            if case .address(let address) = contact { return address }
            return nil
        }
        return all.enumerated().sorted {
            let (left, right) = (self.thousandths($0.element), self.thousandths($1.element))
            return left != right ? left > right : $0.offset < $1.offset
        }.map(\.element)
    }

    /// A q value in thousandths: "0.7" is 700.
    private static func thousandths(_ contact: NameAddr) -> Int {
        guard let q = contact.parameters.value("q") else { return 1000 }
        let parts = q.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard let whole = ASCII.number(parts.first ?? [], limit: 1), parts.count <= 2 else {
            return 1000
        }
        let digits = parts.count == 2 ? Array(parts[1].prefix(3)) : []
        let padded = digits + [UInt8](repeating: UInt8(ascii: "0"), count: 3 - digits.count)
        guard let fraction = ASCII.number(padded, limit: 999) else { return 1000 }
        return min(Int(whole) * 1000 + Int(fraction), 1000)
    }
}
