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

/// Why nothing was agreed: for the Warning of a 488.
public struct SecurityMismatch: Sendable, Hashable {
    /// What the party named: suites, "DTLS-SRTP", "RTP"; at most 8, each at most 32 bytes of
    /// letters, digits and `_-/`.
    public var offered: [SDPText]
    /// What the trunk's policy allows, named likewise.
    public var allowed: [SDPText]

    init(offered: [SDPText], allowed: [SDPText]) {
        var names: [SDPText] = []
        for name in offered where names.count < 8 && !names.contains(name) {
            if Self.isName(name.bytes) { names.append(name) }
        }
        self.offered = names
        self.allowed = allowed
    }

    /// One sentence, safe inside a quoted string whatever the party wrote.
    public var text: String {
        "offered \(Self.list(self.offered)); allowed \(Self.list(self.allowed))"
    }

    private static func list(_ names: [SDPText]) -> String {
        guard let first = names.first else { return "nothing known" }
        return names.dropFirst().reduce(first.description) { "\($0), \($1)" }
    }

    private static func isName(_ bytes: ArraySlice<UInt8>) -> Bool {
        (1...32).contains(bytes.count)
            && bytes.allSatisfy {
                switch $0 {
                case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x5f, 0x2d, ASCII.slash: true
                default: false
                }
            }
    }
}
