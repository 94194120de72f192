// SPDX-License-Identifier: Apache-2.0

/// The digest of a certificate, as `a=fingerprint` carries it (RFC 8122 section 5). SHA-1, MD5 and
/// MD2 cannot be said: they no longer identify anybody.
public struct DTLSFingerprint: Sendable, Hashable, CustomStringConvertible {
    /// The hash; the raw value is its bits.
    public enum Hash: UInt32, Sendable, CaseIterable {
        case sha256 = 256
        case sha384 = 384
        case sha512 = 512

        /// The name in SDP.
        public var name: String { "sha-\(self.rawValue)" }
    }

    /// By which the digest was made.
    public let hash: Hash
    /// As many bytes as the hash gives.
    public let digest: [UInt8]

    /// Nil where the digest has not the hash's length.
    public init?(_ hash: Hash, digest: [UInt8]) {
        guard digest.count == Int(hash.rawValue) / 8 else { return nil }
        self.hash = hash
        self.digest = digest
    }

    /// The attribute's value: `sha-256 4A:AD:...`.
    public var description: String {
        let digits = Array("0123456789ABCDEF".utf8)
        var text: [UInt8] = []
        for byte in self.digest {
            if !text.isEmpty { text.append(UInt8(ascii: ":")) }
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return "\(self.hash.name) \(String(decoding: text, as: UTF8.self))"
    }
}
