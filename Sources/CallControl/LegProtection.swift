// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress
public import SDP

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
