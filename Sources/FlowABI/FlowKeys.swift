// SPDX-License-Identifier: Apache-2.0

import CFlowABI

/// The SRTP keys of a flow: `struct tl_flow_keys` of the contract as a value. Secrets stand in
/// `Key` alone, which nothing prints.
public struct FlowKeys: Sendable, Hashable {
    /// What SRTCP is like; `TL_KEYS_*` of the contract.
    public struct Flags: OptionSet, Sendable, Hashable {
        /// The bits.
        public let rawValue: UInt32
        /// From bits.
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// SRTCP that is not encrypted is taken too.
        public static let plainSRTCPIn = Flags(rawValue: TL_KEYS_PLAIN_SRTCP_IN)
        /// Ours is not encrypted.
        public static let plainSRTCPOut = Flags(rawValue: TL_KEYS_PLAIN_SRTCP_OUT)
    }

    /// A master key of one direction (RFC 3711 section 8.2).
    public struct Key: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
        CustomReflectable
    {
        /// Number of the suite.
        public let suite: UInt8
        let key: [UInt8]
        let salt: [UInt8]
        let mki: [UInt8]

        /// From its parts; nil for a suite that the contract does not have, a key or salt that is
        /// not as long as the suite's, or an MKI above 8 bytes. An empty MKI is none.
        public init?(suite: UInt8, key: [UInt8], salt: [UInt8], mki: [UInt8] = []) {
            guard let lengths = Self.lengths[suite], key.count == lengths.key,
                salt.count == lengths.salt, mki.count <= Int(TL_SRTP_MKI_BYTES_MAX)
            else { return nil }
            self.suite = suite
            self.key = key
            self.salt = salt
            self.mki = mki
        }

        private static let lengths: [UInt8: (key: Int, salt: Int)] = [
            TL_SUITE_AES_CM_128_HMAC_SHA1_80: (16, 14), TL_SUITE_AES_CM_128_HMAC_SHA1_32: (16, 14),
            TL_SUITE_AES_256_CM_HMAC_SHA1_80: (32, 14), TL_SUITE_AES_256_CM_HMAC_SHA1_32: (32, 14),
            TL_SUITE_AEAD_AES_128_GCM: (16, 12), TL_SUITE_AEAD_AES_256_GCM: (32, 12),
        ]

        /// The suite alone.
        public var description: String { "key of suite \(self.suite)" }
        /// As `description`.
        public var debugDescription: String { self.description }
        /// Without children.
        public var customMirror: Mirror {
            Mirror(self, children: EmptyCollection<Mirror.Child>())
        }

        var shared: tl_srtp_key {
            var shared = tl_srtp_key()
            shared.suite = self.suite
            shared.mki_bytes = UInt8(self.mki.count)
            withUnsafeMutableBytes(of: &shared.mki) { $0.copyBytes(from: self.mki) }
            withUnsafeMutableBytes(of: &shared.salt) { $0.copyBytes(from: self.salt) }
            withUnsafeMutableBytes(of: &shared.key) { $0.copyBytes(from: self.key) }
            return shared
        }
    }

    /// The longest overlap, ms.
    public static let overlapMaxMs = UInt32(TL_KEYS_OVERLAP_MAX_MS)

    /// Names `send`, 1 to 2^32 - 1: for each other key of the flow a higher one.
    public let keyID: UInt64
    /// What SRTCP is like.
    public let flags: Flags
    /// How long the receiving key before stays good, 0 to `overlapMaxMs`.
    public let overlapMs: UInt32
    /// The remote party's.
    public let receive: Key
    /// Ours; has no MKI.
    public let send: Key

    /// From its parts; nil for key set zero, an overlap above `overlapMaxMs`, or a sending key
    /// with an MKI.
    public init?(keyID: UInt64, flags: Flags = [], overlapMs: UInt32, receive: Key, send: Key) {
        guard keyID != 0, overlapMs <= Self.overlapMaxMs, send.mki.isEmpty else { return nil }
        self.keyID = keyID
        self.flags = flags
        self.overlapMs = overlapMs
        self.receive = receive
        self.send = send
    }

    var shared: tl_flow_keys {
        var shared = tl_flow_keys()
        shared.key_id = self.keyID
        shared.flags = self.flags.rawValue
        shared.overlap_ms = self.overlapMs
        shared.receive = self.receive.shared
        shared.send = self.send.shared
        return shared
    }
}

/// The ICE credentials of a flow (RFC 8445 section 5.3): `struct tl_flow_ice` as a value.
public struct FlowICE: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The longest user fragment, bytes.
    public static let ufragMax = Int(TL_ICE_UFRAG_BYTES_MAX)
    /// The longest password of ours, bytes.
    public static let passwordMax = Int(TL_ICE_PASSWORD_BYTES_MAX)

    /// Ours.
    public let localUfrag: [UInt8]
    let localPassword: [UInt8]
    /// The party's; empty while not known: any is taken.
    public let remoteUfrag: [UInt8]

    /// From its parts; nil for lengths that the contract does not have: 4 to `ufragMax`, 22 to
    /// `passwordMax`, 0 to `ufragMax`; and for a user fragment of ours with a colon.
    public init?(localUfrag: [UInt8], localPassword: [UInt8], remoteUfrag: [UInt8] = []) {
        guard (4...Self.ufragMax).contains(localUfrag.count),
            (22...Self.passwordMax).contains(localPassword.count),
            remoteUfrag.count <= Self.ufragMax, !localUfrag.contains(UInt8(ascii: ":"))
        else { return nil }
        self.localUfrag = localUfrag
        self.localPassword = localPassword
        self.remoteUfrag = remoteUfrag
    }

    /// The user fragments; no password.
    public var description: String {
        let remote =
            self.remoteUfrag.isEmpty ? "?" : String(decoding: self.remoteUfrag, as: UTF8.self)
        return "ICE \(String(decoding: self.localUfrag, as: UTF8.self)):\(remote)"
    }
    /// As `description`.
    public var debugDescription: String { self.description }
    /// Without children.
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }

    var shared: tl_flow_ice {
        var shared = tl_flow_ice()
        shared.local_ufrag_bytes = UInt8(self.localUfrag.count)
        shared.local_password_bytes = UInt8(self.localPassword.count)
        shared.remote_ufrag_bytes = UInt8(self.remoteUfrag.count)
        withUnsafeMutableBytes(of: &shared.local_ufrag) { $0.copyBytes(from: self.localUfrag) }
        withUnsafeMutableBytes(of: &shared.local_password) {
            $0.copyBytes(from: self.localPassword)
        }
        withUnsafeMutableBytes(of: &shared.remote_ufrag) { $0.copyBytes(from: self.remoteUfrag) }
        return shared
    }
}
