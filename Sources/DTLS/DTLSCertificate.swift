// SPDX-License-Identifier: Apache-2.0

/// A self-signed ECDSA P-256 certificate with its private key, which never leaves memory. Made when
/// a node starts and now and then anew; whoever signals a fingerprint keeps the certificate for
/// the association that follows.
public final class DTLSCertificate: Sendable {
    let handle: CertificateHandle

    /// The fingerprint for `a=fingerprint`, of SHA-256.
    public let fingerprint: DTLSFingerprint

    /// Random key, serial number and name. Valid from `backdateSeconds` before now, since clocks of
    /// peers differ, to `validSeconds` after it. Throws `DTLSFailure.library`.
    public init(
        backdateSeconds: Int64 = 86_400, validSeconds: Int64 = 30 * 86_400
    ) throws(DTLSFailure) {
        guard
            let handle = CertificateHandle(
                backdateSeconds: backdateSeconds, validSeconds: validSeconds),
            let fingerprint = DTLSFingerprint(.sha256, digest: handle.digest(bits: 256))
        else { throw .library("no certificate could be made") }
        self.handle = handle
        self.fingerprint = fingerprint
    }

    /// The fingerprint by another hash.
    public func fingerprint(_ hash: DTLSFingerprint.Hash) -> DTLSFingerprint? {
        DTLSFingerprint(hash, digest: self.handle.digest(bits: hash.rawValue))
    }
}

/// What the associations of one thread share: OpenSSL's set-up and the certificate in use.
public final class DTLSContext {
    let handle: ContextHandle

    /// What new associations show unless they are given another one.
    public private(set) var certificate: DTLSCertificate

    /// DTLS 1.2 only, forward secrecy and AEAD only, certificates on both sides, no renegotiation,
    /// no resumption. Throws `DTLSFailure.library`.
    public init(certificate: DTLSCertificate) throws(DTLSFailure) {
        guard let handle = ContextHandle() else { throw .library("no context could be made") }
        self.handle = handle
        self.certificate = certificate
    }

    /// Another certificate from here on. Associations that exist keep theirs.
    public func rotate(to certificate: DTLSCertificate) { self.certificate = certificate }
}
