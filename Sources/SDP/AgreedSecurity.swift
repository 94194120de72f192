// SPDX-License-Identifier: Apache-2.0

/// What both sides of a leg agreed about the protection of its media.
public enum AgreedSecurity: Sendable, Hashable {
    /// None: RTP.
    case plain
    /// SRTP with the keys of `a=crypto`: the party's, and ours.
    case sdes(receive: SRTPMasterKey, send: SRTPMasterKey)
    /// SRTP with the keys of a DTLS handshake.
    case dtls(DTLSAgreement)
}

/// The handshake that a leg's keys come from (RFC 5763, RFC 8842).
public struct DTLSAgreement: Sendable, Hashable {
    /// Who sends the first message.
    public enum Role: UInt8, Sendable, Hashable {
        /// We do (`a=setup:active`).
        case client = 0
        /// The party does (`a=setup:passive`).
        case server = 1
    }

    /// Ours.
    public var role: Role
    /// What the party's certificate must match one of; all by one hash, its strongest.
    public var fingerprints: [Fingerprint]
    /// Counts the leg's associations from 1: another number is a new handshake.
    public var association: UInt32

    /// From its parts.
    public init(role: Role, fingerprints: [Fingerprint], association: UInt32) {
        self.role = role
        self.fingerprints = fingerprints
        self.association = association
    }
}
