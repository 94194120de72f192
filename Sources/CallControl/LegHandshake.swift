// SPDX-License-Identifier: Apache-2.0

public import SDP

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
