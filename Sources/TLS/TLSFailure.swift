// SPDX-License-Identifier: Apache-2.0

/// Why a file cannot be used for TLS, or a session failed.
public enum TLSFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// A file of certificates cannot be opened; the system's reason.
    case certificateUnreadable(String)
    /// There is no PEM certificate in the file.
    case noCertificate
    /// A file with a key cannot be opened; the system's reason.
    case keyUnreadable(String)
    /// There is no PEM key in the file, or one behind a passphrase.
    case noKey
    /// The key does not belong to the first certificate of its file.
    case mismatch
    /// The key or a signature is too weak.
    case weak
    /// The certificate has ended; seconds since 1970.
    case expired(Int64)
    /// The certificate is not good yet; seconds since 1970.
    case early(Int64)
    /// OpenSSL ended the session; its reason, or that of the verification.
    case library(String)
    /// The peer's certificate is good but has another name; what it has.
    case wrongName(String)
    /// The handshake took too long.
    case slow

    /// What is wrong, for people.
    public var description: String {
        switch self {
        case .certificateUnreadable(let why): "cannot be read (\(why))"
        case .noCertificate: "holds no certificate in PEM form"
        case .keyUnreadable(let why): "cannot be read as a key (\(why))"
        case .noKey: "holds no key in PEM form without a passphrase"
        case .mismatch: "is not the key of the first certificate"
        case .weak: "is too weak (RSA from 2048 bits, no SHA-1)"
        case .expired: "has expired"
        case .early: "is not valid yet"
        case .library(let why): why
        case .wrongName(let names): "the certificate is for \(names)"
        case .slow: "the handshake took too long"
        }
    }

    /// The file of the key is at fault, and not that of the certificate.
    public var isAboutTheKey: Bool {
        switch self {
        case .keyUnreadable, .noKey, .mismatch: true
        default: false
        }
    }

    /// What to do about a file.
    public var fix: String {
        switch self {
        case .certificateUnreadable, .keyUnreadable:
            "name a file that the user of the process can read"
        case .noCertificate: "write the certificate, then its chain, as PEM"
        case .noKey: "write the key as PEM without a passphrase, readable by the process alone"
        case .mismatch: "name the key that the certificate was made for"
        case .weak: "get a certificate with a stronger key"
        case .expired, .early: "get a certificate that is valid now, or set the clock right"
        case .library, .wrongName, .slow: "see why the session ended"
        }
    }
}
