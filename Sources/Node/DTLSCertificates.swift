// SPDX-License-Identifier: Apache-2.0

import CallControl
import DTLS
import SDP

/// The present certificate, and those before it that some call's description still names.
struct DTLSCertificates {
    /// How often a new one is made, milliseconds: a day.
    static let rotationMilliseconds: UInt64 = 86_400_000
    /// How many are kept. They are good for 30 days, so that none has ended when it goes.
    static let kept = 29

    private var all: [DTLSCertificate]

    /// One. Throws `DTLSFailure.library`.
    init() throws(DTLSFailure) { self.all = [try DTLSCertificate()] }

    /// The newest.
    var present: DTLSCertificate { self.all[self.all.count - 1] }

    /// Makes another one the present.
    mutating func rotate() throws(DTLSFailure) {
        self.all.append(try DTLSCertificate())
        if self.all.count > Self.kept { self.all.removeFirst() }
    }

    /// That of a fingerprint; the present one where none was named.
    func find(_ fingerprint: Fingerprint?) -> DTLSCertificate? {
        guard let fingerprint else { return self.present }
        return self.all.last { Fingerprint($0.fingerprint) == fingerprint }
    }
}

/// What the agent counted.
struct DTLSFigures {
    /// Sessions of OpenSSL at the moment.
    var sessions: UInt64 = 0
    /// Associations that began.
    var begun: UInt64 = 0
    /// That came to keys.
    var established: UInt64 = 0
    /// That did not.
    var failed: UInt64 = 0
    /// Of these, because there were as many sessions as there may be.
    var refusedTooMany: UInt64 = 0
    /// Times that a handshake had to wait because too many began within a second.
    var delayed: UInt64 = 0
    /// Datagrams without an agreement that found no room to wait for it.
    var queueFull: UInt64 = 0
    /// Records that cannot be the peer's, or that came after the end.
    var recordsDropped: UInt64 = 0
    /// Records beyond what one handshake may take.
    var recordsOverLimit: UInt64 = 0
    /// Unprotected alerts, which prove nothing.
    var alertsIgnored: UInt64 = 0
    /// Flights of ours sent again.
    var retransmissions: UInt64 = 0
    /// Datagrams that the fast path had no room for.
    var sendsRefused: UInt64 = 0
    /// Sessions that the peer closed before we let go of them.
    var closedByPeer: UInt64 = 0

    mutating func add(_ counters: DTLSCounters) {
        self.recordsDropped &+= counters.recordsDropped
        self.recordsOverLimit &+= counters.recordsOverLimit
        self.alertsIgnored &+= counters.alertsIgnored
        self.retransmissions &+= counters.retransmissions
        self.sendsRefused &+= counters.datagramsRefused
    }
}

extension Fingerprint {
    /// As SDP writes it; never nil for what the DTLS module made.
    init?(_ fingerprint: DTLSFingerprint) {
        let hash: Hash =
            switch fingerprint.hash {
            case .sha256: .sha256
            case .sha384: .sha384
            case .sha512: .sha512
            }
        self.init(hash: hash, digest: fingerprint.digest)
    }
}

extension DTLSFingerprint {
    /// What SDP wrote; nil by SHA-1, which identifies nobody.
    init?(_ fingerprint: Fingerprint) {
        let hash: Hash
        switch fingerprint.hash {
        case .sha1: return nil
        case .sha256: hash = .sha256
        case .sha384: hash = .sha384
        case .sha512: hash = .sha512
        }
        self.init(hash, digest: fingerprint.digest)
    }
}

extension HandshakeKeys {
    /// As signalling takes them; nil never comes of a finished handshake.
    init?(_ keys: DTLSKeys) {
        self.init(
            profile: keys.profile.rawValue, receive: (keys.receive.key, keys.receive.salt),
            send: (keys.send.key, keys.send.salt))
    }
}
