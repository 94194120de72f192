// SPDX-License-Identifier: Apache-2.0

/// What a certificate says of itself.
public struct CertificateFacts: Sendable, Hashable {
    /// Valid from, seconds since 1970.
    public let notBefore: Int64
    /// Valid until, seconds since 1970.
    public let notAfter: Int64
    /// Bits of its key.
    public let keyBits: Int
    /// Its key is an RSA key: all that some services can verify.
    public let isRSA: Bool
    /// A server may show it.
    public let isForServers: Bool
    /// A client may show it.
    public let isForClients: Bool
    /// SHA-256 of its DER form.
    public let fingerprint: [UInt8]

    /// Its key for people: "RSA 2048".
    public var keyText: String { "\(self.isRSA ? "RSA" : "EC") \(self.keyBits)" }

    /// Whole days until it ends; negative when it has.
    public func days(at now: Int64) -> Int64 { Self.days(until: self.notAfter, now) }

    /// Whole days until `end`; negative when it has passed. Both in seconds since 1970.
    public static func days(until end: Int64, _ now: Int64) -> Int64 {
        let seconds = end.subtractingReportingOverflow(now)
        guard !seconds.overflow else { return 0 }
        return seconds.partialValue >= 0
            ? seconds.partialValue / 86_400 : -((86_399 - seconds.partialValue) / 86_400)
    }
}

/// A certificate with the chain that is shown with it and its key, from files in PEM form.
public final class TLSIdentity: Sendable {
    /// What the certificate says.
    public let facts: CertificateFacts
    /// Whose it is.
    public let names: CertificateNames
    let handle: IdentityHandle
    /// It and the chain that is shown with it.
    public var chain: CertificateChain { CertificateChain(self.handle) }

    /// Reads the files; `now` is in seconds since 1970. The certificate's file begins with it, its
    /// chain follows; `key` may be the same file.
    public convenience init(certificate: String, key: String, now: Int64) throws(TLSFailure) {
        try self.init(certificate: certificate, key: key)
        if now < self.facts.notBefore { throw .early(self.facts.notBefore) }
        if now > self.facts.notAfter { throw .expired(self.facts.notAfter) }
    }

    /// Whatever its dates are.
    public init(certificate: String, key: String) throws(TLSFailure) {
        self.handle = try IdentityHandle(certificate: certificate, key: key)
        self.facts = self.handle.facts
        self.names = self.handle.names
    }
}

/// The authorities that are believed where a peer shows a certificate: a file of them in PEM form.
public final class TLSTrust: Sendable {
    /// How many there are.
    public let count: Int
    /// When the last of them ends, seconds since 1970.
    public let notAfter: Int64
    let handle: TrustHandle

    /// Reads the file; `now` is in seconds since 1970.
    public convenience init(path: String, now: Int64) throws(TLSFailure) {
        try self.init(path: path)
        if now > self.notAfter { throw .expired(self.notAfter) }
    }

    /// Whatever their dates are.
    public init(path: String) throws(TLSFailure) {
        self.handle = try TrustHandle(path: path)
        self.count = self.handle.count
        self.notAfter = self.handle.notAfter
    }
}
