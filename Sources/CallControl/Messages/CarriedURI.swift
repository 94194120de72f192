// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// Who a URI means, without where he is: what goes over to the other leg of a `sip:` or `tel:` URI.
struct CarriedURI {
    /// The user part up to its first semicolon, or the telephone number; as received.
    private(set) var number: [UInt8]
    /// What stands behind it in the user part, semicolon first: `;npdi;rn=+1555`. A telephone
    /// number's parameters stand there too once it is a user part (RFC 3261 section 19.1.6).
    let userParameters: [UInt8]
    /// Parameters of the URI itself, but those that steer where a request goes.
    private let parameters: [Parameter]
    /// A telephone number: `user=phone`, or a `tel:` URI.
    private(set) var isTelephone: Bool

    /// Parameters that say something of the number or the way that the call came (RFC 3398, 4458,
    /// 4694, 4904, 3966, TS 24.229), not of a host.
    static let known: [StaticString] = [
        "verstat", "rn", "rn-context", "npdi", "enumdi", "cic", "cic-context", "cpc", "oli",
        "isup-oli", "tgrp", "trunk-context", "phone-context", "isub", "ext", "cause", "target",
    ]
    /// Parameters that belong to one hop.
    private static let hop: [StaticString] = [
        "transport", "maddr", "ttl", "lr", "method", "user", "ob", "gr", "comp", "sigcomp-id",
        "received", "rport", "alias", "keep",
    ]

    /// Nil for a URI of another scheme, or none.
    init?(_ uri: ArraySlice<UInt8>) {
        switch try? URI.parse(uri) {
        case .sip(let sip):
            let user = sip.user ?? []
            let end = user.firstIndex(of: UInt8(ascii: ";")) ?? user.endIndex
            self.number = Array(user[user.startIndex..<end])
            self.userParameters = Array(user[end...])
            self.parameters = sip.parameters.all.filter { !Self.contains($0, Self.hop) }
            self.isTelephone =
                sip.parameters.value("user").map { ASCII.equalsIgnoringCase($0, "phone") } ?? false
        case .tel(let tel):
            self.number = Array(tel.number)
            self.userParameters = Array(uri[tel.number.endIndex...])
            self.parameters = []
            self.isTelephone = true
        case .other, nil: return nil
        }
    }

    private static func contains(_ parameter: Parameter, _ names: [StaticString]) -> Bool {
        names.contains { ASCII.equalsIgnoringCase(parameter.name, $0) }
    }

    /// A number that belongs to a place (RFC 3966 section 5.1.5) means nothing elsewhere.
    private var isLocal: Bool {
        let context = Array(";phone-context=".utf8)
        guard self.number.first != UInt8(ascii: "+"), self.userParameters.count >= context.count
        else { return false }
        return self.userParameters.indices.dropLast(context.count - 1).contains { index in
            ASCII.equalsIgnoringCase(
                self.userParameters[index..<(index + context.count)], context)
        }
    }

    /// Writes the number in another form.
    mutating func pass(_ numbers: NumberPassage) {
        if !self.isLocal { self.number = numbers.number(self.number) }
        if numbers.to.marks(self.number) { self.isTelephone = true }
    }

    /// Both parts of the user.
    var user: [UInt8] { self.number + self.userParameters }

    /// The passage would change the number.
    func isChanged(by numbers: NumberPassage) -> Bool {
        !self.isLocal && numbers.changes(self.number)
    }

    /// As a `sip:` URI at another host.
    func bytes(host: [UInt8], parameters policy: URIParameterPolicy) -> [UInt8] {
        var bytes = Array("sip:".utf8)
        if !self.user.isEmpty { bytes += self.user + [0x40] }
        bytes += host
        for parameter in self.parameters {
            guard policy == .all || (policy == .known && Self.contains(parameter, Self.known))
            else { continue }
            bytes += [0x3b] + parameter.name
            if let value = parameter.value { bytes += [0x3d] + value }
        }
        if self.isTelephone { bytes += ";user=phone".utf8 }
        return bytes
    }
}

/// Hosts in the text of URIs.
enum HostText {
    /// A name under `invalid` (RFC 2606) names nobody.
    static func isInvalid(_ host: ArraySlice<UInt8>) -> Bool {
        let suffix = Array(".invalid".utf8)
        return host.count >= suffix.count
            && ASCII.equalsIgnoringCase(host.suffix(suffix.count), suffix)
    }

    /// The URI of an address that is told to the other side: a `sip:` URI at our host unless its
    /// host names nobody, a `tel:` URI with its number as the other side writes it.
    static func told(
        _ uri: ArraySlice<UInt8>, host: [UInt8], _ numbers: NumberPassage
    ) -> [UInt8] {
        guard var carried = CarriedURI(uri) else { return Array(uri) }
        switch try? URI.parse(uri) {
        case .sip(let sip) where self.isInvalid(sip.host.bytes):
            return carried.bytes(host: Array(sip.host.bytes), parameters: .known)
        case .tel:
            carried.pass(numbers)
            return Array("tel:".utf8) + carried.number + carried.userParameters
        default:
            carried.pass(numbers)
            return carried.bytes(host: host, parameters: .known)
        }
    }
}
