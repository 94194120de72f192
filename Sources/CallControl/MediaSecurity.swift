// SPDX-License-Identifier: Apache-2.0

public import SDP

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

    /// Names `send`: 1 to 2^32 - 1, a higher one for each other key of this leg's life. A key that
    /// comes back has the one that it had.
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
