// SPDX-License-Identifier: Apache-2.0

/// An SRTP protection profile that DTLS can agree on (RFC 5764 section 4.1.2, RFC 7714 section
/// 14.2). The raw value is IANA's number.
public enum SRTPProfile: UInt16, Sendable, CaseIterable, CustomStringConvertible {
    case aes128CounterSHA1Tag80 = 0x0001
    case aes128CounterSHA1Tag32 = 0x0002
    case aes128GCM = 0x0007
    case aes256GCM = 0x0008

    /// All of them, the strongest first.
    public static let preferred: [Self] = [
        .aes256GCM, .aes128GCM, .aes128CounterSHA1Tag80, .aes128CounterSHA1Tag32,
    ]

    /// Bytes of a master key.
    public var keyBytes: Int { self == .aes256GCM ? 32 : 16 }

    /// Bytes of a master salt.
    public var saltBytes: Int {
        switch self {
        case .aes128CounterSHA1Tag80, .aes128CounterSHA1Tag32: 14
        case .aes128GCM, .aes256GCM: 12
        }
    }

    /// The name under which RFC 5764 and RFC 7714 register it.
    public var description: String {
        switch self {
        case .aes128CounterSHA1Tag80: "SRTP_AES128_CM_HMAC_SHA1_80"
        case .aes128CounterSHA1Tag32: "SRTP_AES128_CM_HMAC_SHA1_32"
        case .aes128GCM: "SRTP_AEAD_AES_128_GCM"
        case .aes256GCM: "SRTP_AEAD_AES_256_GCM"
        }
    }

    /// OpenSSL's name.
    var libraryName: String {
        switch self {
        case .aes128CounterSHA1Tag80: "SRTP_AES128_CM_SHA1_80"
        case .aes128CounterSHA1Tag32: "SRTP_AES128_CM_SHA1_32"
        case .aes128GCM, .aes256GCM: self.description
        }
    }

    /// Bytes that are exported: two keys and two salts.
    var exportBytes: Int { 2 * (self.keyBytes + self.saltBytes) }
}
