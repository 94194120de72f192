// SPDX-License-Identifier: Apache-2.0

/// Whether a server wants the certificate of its client.
public enum ClientCertificate: String, Sendable, Hashable, CaseIterable {
    /// The handshake fails without one.
    case require
    /// One that is shown must be good; none is taken too.
    case request
    /// None is asked for.
    case off
}

/// What a party must show.
public struct TLSPeerPolicy: Sendable, Hashable {
    /// Who it is, for people and for telling policies apart.
    public var party: String
    /// Names of which its certificate must have one; empty: the name that a client asks for.
    public var names: [String]
    /// How they are compared.
    public var rule: NameRule
    /// When it is the client.
    public var clientCertificate: ClientCertificate
    /// When it is the client: a certificate for servers only is good too.
    public var acceptsServerOnly: Bool

    /// A policy that asks for everything.
    public init(
        party: String, names: [String] = [], rule: NameRule = .rfc5922,
        clientCertificate: ClientCertificate = .require, acceptsServerOnly: Bool = false
    ) {
        self.party = party
        self.names = names
        self.rule = rule
        self.clientCertificate = clientCertificate
        self.acceptsServerOnly = acceptsServerOnly
    }

    /// True where a certificate is that of the party.
    public func matches(_ certificate: CertificateNames) -> Bool {
        self.names.contains { self.rule.matches(certificate, $0) }
    }

    /// Sessions may go on within one group: the same party under the same policy.
    var sessionGroup: [UInt8] {
        // Told apart, not kept secret. Four sums with seeds of their own fill the 32 octets.
        let text = ([self.party, "\(self.rule)", self.clientCertificate.rawValue]
            + ["\(self.acceptsServerOnly)"] + self.names).joined(separator: "\n")
        var group: [UInt8] = []
        for seed in UInt64(0)..<4 {
            var sum = 0xcbf2_9ce4_8422_2325 &+ seed
            for byte in text.utf8 { sum = (sum ^ UInt64(byte)) &* 0x100_0000_01b3 }
            group += (UInt64(0)..<8).map { UInt8(truncatingIfNeeded: sum >> (8 * $0)) }
        }
        return group
    }
}

/// Of a peer that is known now.
public struct TLSPeer: Sendable, Hashable {
    /// Names of its certificate; nil where it showed none.
    public let names: CertificateNames?
    /// What the certificate says; nil where it showed none.
    public let facts: CertificateFacts?
    /// `TLSv1.2` or `TLSv1.3`.
    public let version: String
    /// OpenSSL's name of the suite.
    public let suite: String
    /// An earlier session goes on.
    public let isResumed: Bool
}
