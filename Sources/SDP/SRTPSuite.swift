// SPDX-License-Identifier: Apache-2.0

/// The SRTP crypto suites that media can be protected with (RFC 4568 section 6.2, RFC 6188, RFC
/// 7714). The raw values are kept in checkpoints and are those of the fast path's contract.
public enum SRTPSuite: UInt8, Sendable, Hashable, CaseIterable {
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
    public var name: SDPText {
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

    /// Bytes of the longest master key with its salt.
    public static let longestMaster = 46

    /// By name, in any case; nil for a suite that this one does not know. AES_CM_256 is how some
    /// wrote the suites of RFC 6188 before it was an RFC.
    public init?(name: SDPText) {
        guard let known = Self.names.first(where: { $0.name.equalsIgnoringCase(name) }) else {
            return nil
        }
        self = known.suite
    }

    private static let names: [(name: SDPText, suite: SRTPSuite)] =
        Self.allCases.map { ($0.name, $0) } + [
            ("AES_CM_256_HMAC_SHA1_80", .aes256CM80), ("AES_CM_256_HMAC_SHA1_32", .aes256CM32),
        ]
}

/// The master key of one direction, as its sender uses it (RFC 3711 section 3.2.1).
public struct SRTPMasterKey: Sendable, Hashable, CustomStringConvertible {
    /// What it is for.
    public var suite: SRTPSuite
    /// `suite.keyBytes` bytes.
    public var key: [UInt8]
    /// `suite.saltBytes` bytes.
    public var salt: [UInt8]
    /// Master key identifier as it stands in the sender's packets, at most 8 bytes; empty: none.
    public var mki: [UInt8]
    /// The sender does not encrypt its SRTCP; authenticated it always is.
    public var plainSRTCP: Bool

    /// Longest master key identifier that is taken; the fast path has no room for a longer one.
    public static let longestMKI = 8

    /// From key and salt one after the other; nil if their length is not the suite's, or the key
    /// is zero, which no generator makes.
    public init?(
        suite: SRTPSuite, master: some Collection<UInt8>, mki: [UInt8] = [],
        plainSRTCP: Bool = false
    ) {
        guard master.count == suite.keyBytes + suite.saltBytes, mki.count <= Self.longestMKI
        else { return nil }
        self.suite = suite
        self.key = Array(master.prefix(suite.keyBytes))
        self.salt = Array(master.dropFirst(suite.keyBytes))
        self.mki = mki
        self.plainSRTCP = plainSRTCP
        guard self.key.contains(where: { $0 != 0 }) else { return nil }
    }

    /// The suite alone: keys do not get into logs.
    public var description: String { self.suite.name.description }
}
