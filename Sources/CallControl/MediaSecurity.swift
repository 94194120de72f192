// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress
public import SDP

/// A value with secrets in it: whatever prints it, logs, test failures and `dump` included, gets
/// its `description`, which says nothing of them.
public protocol Redacted: CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{}

extension Redacted {
    /// As `description`.
    public var debugDescription: String { self.description }
    /// Without children.
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}

/// A master key of one direction (RFC 3711 section 8.2), as the fast path takes it.
public struct SRTPKey: Sendable, Hashable, Redacted {
    /// Number of the suite, that of `SRTPSuite`.
    public var suite: UInt8
    /// As many bytes as the suite has, at most 32.
    public var key: [UInt8]
    /// As many bytes as the suite has, at most 14.
    public var salt: [UInt8]
    /// Master key identifier in received packets, at most 8 bytes; empty: none. Never sent.
    public var mki: [UInt8]

    /// From its parts, whose lengths are checked when the media is planned.
    public init(suite: UInt8, key: [UInt8], salt: [UInt8], mki: [UInt8] = []) {
        self.suite = suite
        self.key = key
        self.salt = salt
        self.mki = mki
    }

    /// From what signalling agreed.
    public init(_ master: SRTPMasterKey) {
        self.init(
            suite: master.suite.rawValue, key: master.key, salt: master.salt, mki: master.mki)
    }

    /// The suite alone.
    public var description: String { "key of suite \(self.suite)" }
}

/// The keys of one leg.
public struct LegSecurity: Sendable, Hashable {
    /// How long the old receiving key stays good after a change, ms.
    public static let usualOverlapMs: UInt32 = 2000

    /// Names the key set: never zero, never that of another key set of this leg's life.
    public var keyID: UInt64
    /// The party's key.
    public var receive: SRTPKey
    /// Ours.
    public var send: SRTPKey
    /// SRTCP that the party does not encrypt is taken too.
    public var plainSRTCPIn: Bool
    /// Our SRTCP is not encrypted.
    public var plainSRTCPOut: Bool
    /// The receiving key before this one stays good so long, 0 to 10,000 ms.
    public var overlapMs: UInt32

    /// From its parts.
    public init(
        keyID: UInt64, receive: SRTPKey, send: SRTPKey, plainSRTCPIn: Bool = false,
        plainSRTCPOut: Bool = false, overlapMs: UInt32 = Self.usualOverlapMs
    ) {
        self.keyID = keyID
        self.receive = receive
        self.send = send
        self.plainSRTCPIn = plainSRTCPIn
        self.plainSRTCPOut = plainSRTCPOut
        self.overlapMs = overlapMs
    }
}

/// What one leg is as an ICE-lite agent (RFC 8445 section 5.3).
public struct LegICE: Sendable, Hashable, Redacted {
    /// Our user fragment, 4 to 64 bytes. Another one is an ICE restart.
    public var localUfrag: [UInt8]
    /// Our password, 22 to 64 bytes.
    public var localPassword: [UInt8]
    /// The party's user fragment; nil while it is not known: any is taken.
    public var remoteUfrag: [UInt8]?
    /// Before a nomination media is also taken from the first source whose SRTP authenticates.
    /// Without effect on a leg that is not secure.
    public var earlyLatch: Bool

    /// From its parts, whose lengths are checked when the media is planned.
    public init(
        localUfrag: [UInt8], localPassword: [UInt8], remoteUfrag: [UInt8]? = nil,
        earlyLatch: Bool = false
    ) {
        self.localUfrag = localUfrag
        self.localPassword = localPassword
        self.remoteUfrag = remoteUfrag
        self.earlyLatch = earlyLatch
    }

    /// The user fragments; no password.
    public var description: String {
        let remote = self.remoteUfrag.map { String(decoding: $0, as: UTF8.self) } ?? "?"
        return "ICE \(String(decoding: self.localUfrag, as: UTF8.self)):\(remote)"
    }
}

/// The DTLS handshake that a leg's keys come from (RFC 5763): what the owner's agent needs.
public struct LegDTLS: Sendable, Hashable {
    /// Names the handshake: never zero, never that of another one of this leg's life. Another
    /// number is a new association; the one before it counts no more, unless its number returns,
    /// as the branches of a fork let it.
    public var association: UInt32
    /// Ours: a client begins.
    public var role: DTLSAgreement.Role
    /// What the party's certificate must match one of; all by one hash.
    public var fingerprints: [Fingerprint]
    /// Of the certificate that we signalled, and so have to show.
    public var certificate: Fingerprint?
    /// Protection profiles that the trunk allows, by IANA's numbers (RFC 5764 section 4.1.2),
    /// preferred first.
    public var profiles: [UInt16]

    /// From its parts.
    public init(
        association: UInt32, role: DTLSAgreement.Role, fingerprints: [Fingerprint],
        certificate: Fingerprint?, profiles: [UInt16]
    ) {
        self.association = association
        self.role = role
        self.fingerprints = fingerprints
        self.certificate = certificate
        self.profiles = profiles
    }
}

/// What a finished handshake gave: `CallEngine.dtlsEstablished` takes it.
public struct HandshakeKeys: Sendable, Hashable, Redacted {
    /// IANA's number of the protection profile.
    public var profile: UInt16
    /// The party's key.
    public var receive: SRTPKey
    /// Ours.
    public var send: SRTPKey

    /// From keys and salts; nil for a profile that is no suite of ours, and for lengths that are
    /// not its.
    public init?(
        profile: UInt16, receive: (key: [UInt8], salt: [UInt8]),
        send: (key: [UInt8], salt: [UInt8])
    ) {
        guard let suite = SRTPSuite.allCases.first(where: { $0.profile == profile }),
            let theirs = SRTPMasterKey(suite: suite, master: receive.key + receive.salt),
            let ours = SRTPMasterKey(suite: suite, master: send.key + send.salt),
            theirs.key == receive.key, ours.key == send.key
        else { return nil }
        self.profile = profile
        self.receive = SRTPKey(theirs)
        self.send = SRTPKey(ours)
    }

    /// The profile alone.
    public var description: String { "keys of profile \(self.profile)" }
}

extension SRTPSuite {
    /// IANA's number as a DTLS-SRTP protection profile (RFC 5764 section 4.1.2, RFC 7714 section
    /// 14.2); nil: there is none.
    public var profile: UInt16? {
        switch self {
        case .aes128CM80: 1
        case .aes128CM32: 2
        case .aes128GCM: 7
        case .aes256GCM: 8
        case .aes256CM80, .aes256CM32: nil
        }
    }
}

/// What protects one leg, for people: no keys.
public struct LegProtection: Sendable, Hashable {
    /// Where the keys come from.
    public enum Keying: String, Sendable {
        /// The media is RTP.
        case plain
        /// `a=crypto`
        case sdes
        /// A DTLS handshake.
        case dtls
        /// Encryption is required, and nothing is agreed yet: nothing passes.
        case pending
    }

    /// How far ICE is.
    public enum ICE: String, Sendable {
        /// Not spoken.
        case off
        /// Our credentials are out, the party's are not known.
        case offered
        /// Both are known; no check has shown a path yet.
        case checking
        /// Media goes by a path that checks have shown.
        case connected
        /// The party has nominated the path.
        case nominated
        /// The party is lite too: default candidates.
        case bothLite = "both lite"
    }

    /// Where the keys come from.
    public var keying: Keying
    /// What the media is encrypted with; nil while there are no keys.
    public var suite: SRTPSuite?
    /// The trunk takes nothing else than encrypted media.
    public var isRequired: Bool
    /// How far ICE is.
    public var ice: ICE
    /// Where media goes by ICE.
    public var path: SocketAddress?
}
