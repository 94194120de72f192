// SPDX-License-Identifier: Apache-2.0

/// A certificate and its chain, to be looked at.
public struct CertificateChain: Sendable, Hashable {
    /// One certificate of a file.
    public struct Link: Sendable, Hashable {
        /// What it says.
        public let facts: CertificateFacts
        /// Whose it is, in a line (RFC 2253).
        public let subject: String
        /// Who signed it.
        public let issuer: String
        /// It is its own issuer: a root, or a certificate that nobody vouches for.
        public let isSelfIssued: Bool
        /// The next one of the file issued it.
        public let isIssuedByNext: Bool
    }

    /// The first is the certificate itself.
    public let links: [Link]
    /// Its names.
    public let names: CertificateNames

    init(_ handle: IdentityHandle) {
        self.links = handle.links
        self.names = handle.names
    }

    /// Reads a file of certificates in PEM form, whatever their dates are; no key is needed.
    public init(path: String) throws(TLSFailure) {
        self.init(try IdentityHandle(certificate: path, key: nil))
    }

    /// Bits that an RSA key has to have (Microsoft's requirements for Direct Routing).
    public static let rsaBitsMin = 2048

    /// What keeps Teams Direct Routing from using it, a sentence each; empty: nothing does. `now`
    /// in seconds since 1970.
    public func teamsFaults(now: Int64) -> [String] {
        guard let own = self.links.first else { return [] }
        var faults = self.chainFaults
        if !own.facts.isRSA {
            faults.append("its key is no RSA key, and the service can verify no other")
        } else if own.facts.keyBits < Self.rsaBitsMin {
            faults.append("its RSA key has \(own.facts.keyBits) bits; \(Self.rsaBitsMin) is least")
        }
        if !own.facts.isForServers { faults.append("its extended usages have no serverAuth") }
        if !own.facts.isForClients { faults.append("its extended usages have no clientAuth") }
        if self.names.dns.isEmpty { faults.append("it has no DNS name in subjectAltName") }
        return faults + self.dateFaults(now: now)
    }

    /// Dates of it and its chain that are not good now.
    public func dateFaults(now: Int64) -> [String] {
        self.links.flatMap { link -> [String] in
            if now < link.facts.notBefore { return ["\(link.subject) is not valid yet"] }
            return now > link.facts.notAfter ? ["\(link.subject) has expired"] : []
        }
    }

    /// A chain has to lead from each certificate to its issuer, and nobody believes a certificate
    /// without one. The root itself need not be there.
    private var chainFaults: [String] {
        guard let own = self.links.first else { return [] }
        if own.isSelfIssued { return ["it is self-signed: get one from a public authority"] }
        guard self.links.count > 1 else {
            return ["its file has no intermediate certificates: append them, its issuer's first"]
        }
        return self.links.dropLast().filter { !$0.isIssuedByNext }.map {
            "\($0.subject) is not issued by the certificate behind it in the file, but by "
                + "\($0.issuer): put them in this order"
        }
    }
}
