// SPDX-License-Identifier: Apache-2.0

/// How the media of a trunk is protected.
public struct MediaSecurityPolicy: Sendable, Hashable {
    /// Whether media is encrypted.
    public enum SRTP: Sendable, Hashable {
        /// Never.
        case off
        /// If the party can: offered on RTP/AVP (RFC 8643), taken wherever it is offered.
        case preferred
        /// Always: what is not encrypted is refused.
        case required
    }

    /// Where keys come from.
    public enum Keying: Sendable, Hashable, CaseIterable {
        /// From `a=crypto` (RFC 4568).
        case sdes
        /// From a DTLS handshake (RFC 5763 and 5764).
        case dtls
    }

    /// Whether we are an ICE agent.
    public enum ICE: Sendable, Hashable {
        /// No; ICE of the party is ignored.
        case off
        /// A lite one (RFC 8445 section 2.5): offered, and answered where it is offered.
        case lite
    }

    /// Whether RTCP shares the port of RTP (RFC 5761).
    public enum RTCPMux: Sendable, Hashable {
        /// Asked for in our offers, of a party that is known to share: they have no port and no ICE
        /// component for RTCP alone. Taken where offered.
        case required
        /// Asked for in our offers, taken where offered.
        case offer
        /// Taken where offered.
        case accept
        /// Never.
        case off
    }

    /// Whether media is encrypted.
    public var srtp: SRTP
    /// The ways to get keys, preferred first; at least one unless `srtp` is off.
    public var keying: [Keying]
    /// The suites of `a=crypto`, preferred first, each once: offered in this order, and the order
    /// in which the party's are chosen from.
    public var suites: [SRTPSuite]
    /// Whether we are an ICE agent.
    public var ice: ICE
    /// With ICE, media of the first source whose SRTP authenticates is taken before a nomination.
    public var earlyLatch: Bool
    /// Whether RTCP shares the port of RTP.
    public var rtcpMux: RTCPMux
    /// An `a=crypto` with UNENCRYPTED_SRTCP may be taken; it is never offered.
    public var allowsUnencryptedSRTCP: Bool
    /// A fingerprint by SHA-1 may be taken.
    public var allowsSHA1Fingerprint: Bool

    /// Plain RTP without ICE, unless told otherwise.
    public init(
        srtp: SRTP = .off, keying: [Keying] = [.sdes, .dtls],
        suites: [SRTPSuite] = MediaSecurityPolicy.usualSuites, ice: ICE = .off,
        earlyLatch: Bool = false, rtcpMux: RTCPMux = .accept
    ) {
        self.srtp = srtp
        self.keying = keying
        self.suites = suites
        self.ice = ice
        self.earlyLatch = earlyLatch
        self.rtcpMux = rtcpMux
        self.allowsUnencryptedSRTCP = false
        self.allowsSHA1Fingerprint = false
    }

    /// Plain RTP, as before there was anything else.
    public static let plain = MediaSecurityPolicy()

    /// What every service takes first, then the rest by strength; the short tags last.
    public static let usualSuites: [SRTPSuite] = [
        .aes128CM80, .aes256GCM, .aes128GCM, .aes256CM80, .aes256CM32, .aes128CM32,
    ]

    /// True if `a=crypto` is offered and taken.
    public var usesSDES: Bool { self.srtp != .off && self.keying.contains(.sdes) }

    /// True if `a=fingerprint` is offered and taken.
    public var usesDTLS: Bool { self.srtp != .off && self.keying.contains(.dtls) }

    /// What is allowed, for people.
    var allowed: [SDPText] {
        var names: [SDPText] = []
        for keying in self.keying where self.srtp != .off {
            names += keying == .sdes ? self.suites.map(\.name) : ["DTLS-SRTP"]
        }
        return self.srtp == .required ? names : names + ["RTP"]
    }
}
