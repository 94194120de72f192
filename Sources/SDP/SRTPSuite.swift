// SPDX-License-Identifier: Apache-2.0

/// The SRTP crypto suites that media can be protected with (RFC 4568 section 6.2, RFC 6188, RFC
/// 7714). The raw values are kept in checkpoints and are those of the fast path's contract.
public enum SRTPSuite: UInt8, Sendable, Hashable, CaseIterable, SDPWord {
    /// AES_CM_128_HMAC_SHA1_80
    case aes128CM80 = 1
    /// AES_CM_128_HMAC_SHA1_32
    case aes128CM32 = 2
    /// AES_256_CM_HMAC_SHA1_80
    case aes256CM80 = 3
    /// AES_256_CM_HMAC_SHA1_32
    case aes256CM32 = 4
    /// AEAD_AES_128_GCM
    case aes128GCM = 5
    /// AEAD_AES_256_GCM
    case aes256GCM = 6

    /// The name that IANA has registered.
    public var name: SDPText { SDPText(stringLiteral: self.word) }

    var word: StaticString {
        switch self {
        case .aes128CM80: "AES_CM_128_HMAC_SHA1_80"
        case .aes128CM32: "AES_CM_128_HMAC_SHA1_32"
        case .aes256CM80: "AES_256_CM_HMAC_SHA1_80"
        case .aes256CM32: "AES_256_CM_HMAC_SHA1_32"
        case .aes128GCM: "AEAD_AES_128_GCM"
        case .aes256GCM: "AEAD_AES_256_GCM"
        }
    }

    /// Bytes of the master key.
    public var keyBytes: Int {
        switch self {
        case .aes128CM80, .aes128CM32, .aes128GCM: 16
        case .aes256CM80, .aes256CM32, .aes256GCM: 32
        }
    }

    /// Bytes of the master salt.
    public var saltBytes: Int {
        switch self {
        case .aes128GCM, .aes256GCM: 12
        default: 14
        }
    }

    /// IANA's number as a DTLS-SRTP protection profile (RFC 5764 section 4.1.2, RFC 7714 section
    /// 14.2); nil: there is none.
    public var profile: UInt16? {
        switch self {
        case .aes128CM80: 1
        case .aes128CM32: 2
        case .aes128GCM: 7
        case .aes256GCM: 8
        case .aes256CM80, .aes256CM32: nil
        }
    }

    /// Bytes of the longest master key with its salt.
    public static let longestMaster = 46

    /// By name, in any case; nil for a suite that this one does not know. AES_CM_256 is how some
    /// wrote the suites of RFC 6188 before it was an RFC.
    public init?(name: SDPText) {
        let former = Self.former.first { name.isLiteral($0.word) }
        guard let suite = Self.named(name) ?? former?.suite else { return nil }
        self = suite
    }

    private static let former: [(word: StaticString, suite: SRTPSuite)] = [
        ("AES_CM_256_HMAC_SHA1_80", .aes256CM80), ("AES_CM_256_HMAC_SHA1_32", .aes256CM32),
    ]
}
