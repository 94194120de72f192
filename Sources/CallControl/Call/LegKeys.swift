// SPDX-License-Identifier: Apache-2.0

import SDP

/// The names of a leg's sending keys and handshakes. Offer and answer, of which each branch of a
/// fork has its own, know the keys; that they come and go on one flow is known here.
struct LegKeys: Sendable, Hashable, Redacted {
    /// A key of ours by its number.
    struct Named: Sendable, Hashable {
        let id: UInt64
        let key: SRTPKey
    }

    /// A handshake by its number.
    struct Association: Sendable, Hashable {
        let number: UInt32
        /// As offer and answer have it. Their number counts for one branch only.
        let agreement: DTLSAgreement
        /// The party's user fragment when it began: by it branches with one certificate are told
        /// apart.
        let remoteUfrag: [UInt8]?
        /// What came of it.
        var receive: SRTPKey?
        var send: SRTPKey?
        /// Why nothing came of it.
        var failure: String?
    }

    /// Sending keys, oldest first: branches of a fork may bring one back.
    private(set) var named: [Named] = []
    private(set) var lastID: UInt64 = 0
    /// Handshakes, oldest first.
    private(set) var associations: [Association] = []
    private(set) var lastNumber: UInt32 = 0

    /// More than the branches that one INVITE may have.
    static let limit = 2 * Fork.limit

    init() {}

    /// As kept; nil if a number is later than the last one, or zero.
    init?(
        named: [Named], lastID: UInt64, associations: [Association], lastNumber: UInt32
    ) {
        guard named.allSatisfy({ (1...max(lastID, 1)).contains($0.id) && lastID > 0 }),
            associations.allSatisfy({ $0.number > 0 && $0.number <= lastNumber })
        else { return nil }
        self.named = named
        self.lastID = lastID
        self.associations = associations
        self.lastNumber = lastNumber
    }

    /// The number of a sending key, from 1 on: a higher one for each other key, as the fast path
    /// wants it, and the same for one that comes back.
    mutating func id(of key: SRTPKey) -> UInt64 {
        if let known = self.named.first(where: { $0.key == key }) { return known.id }
        self.lastID = self.lastID == .max ? 1 : self.lastID + 1
        self.named.append(Named(id: self.lastID, key: key))
        if self.named.count > Self.limit { self.named.removeFirst() }
        return self.lastID
    }

    /// The handshake that offer and answer speak of, made if it is new. Where there are no
    /// branches another user fragment is an ICE restart, and the same handshake.
    mutating func association(
        _ agreement: DTLSAgreement, remoteUfrag: [UInt8]?, mayBeBranch: Bool
    ) -> Association {
        let same = self.associations.filter { $0.agreement == agreement }
        let known = same.first { $0.remoteUfrag == remoteUfrag } ?? (mayBeBranch ? nil : same.last)
        if let known { return known }
        self.lastNumber = self.lastNumber == .max ? 1 : self.lastNumber + 1
        let new = Association(
            number: self.lastNumber, agreement: agreement, remoteUfrag: remoteUfrag)
        self.associations.append(new)
        if self.associations.count > Self.limit { self.associations.removeFirst() }
        return new
    }

    /// Takes what came of a handshake; false if nobody waits for it.
    mutating func finish(_ number: UInt32, _ result: Result<HandshakeKeys, Failure>) -> Bool {
        guard
            let index = self.associations.firstIndex(where: {
                $0.number == number && $0.receive == nil && $0.failure == nil
            })
        else { return false }
        switch result {
        case .success(let keys):
            self.associations[index].receive = keys.receive
            self.associations[index].send = keys.send
        case .failure(let failure): self.associations[index].failure = failure.reason
        }
        return true
    }

    /// Takes the other keys of a handshake that was made again; false if it never gave any.
    mutating func renew(_ number: UInt32, _ keys: HandshakeKeys) -> Bool {
        guard
            let index = self.associations.firstIndex(where: {
                $0.number == number && $0.receive != nil
            })
        else { return false }
        self.associations[index].receive = keys.receive
        self.associations[index].send = keys.send
        return true
    }

    /// Why a handshake came to nothing; nil if it did not.
    func failure(of number: UInt32) -> String? {
        self.associations.first { $0.number == number }?.failure
    }

    /// Forgets every other handshake: the branches of a fork are settled.
    mutating func keep(only number: UInt32?) {
        self.associations.removeAll { $0.number != number }
    }

    /// Why a handshake came to nothing.
    struct Failure: Error { let reason: String }

    /// How many there are.
    var description: String {
        "\(self.named.count) keys, \(self.associations.count) handshakes"
    }
}
