// SPDX-License-Identifier: Apache-2.0

/// User fragment and password of an ICE agent (RFC 8839 section 5.4).
public struct ICECredentials: Sendable, Hashable, CustomStringConvertible {
    /// 4 to 256 letters, digits, `+` and `/`.
    public let ufrag: [UInt8]
    /// 22 to 256 of them.
    public let password: [UInt8]

    /// From both; nil if a length or a byte is not allowed.
    public init?(ufrag: some Sequence<UInt8>, password: some Sequence<UInt8>) {
        self.ufrag = Array(ufrag)
        self.password = Array(password)
        guard (4...256).contains(self.ufrag.count), (22...256).contains(self.password.count),
            self.ufrag.allSatisfy(Self.isAllowed), self.password.allSatisfy(Self.isAllowed)
        else { return nil }
    }

    static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2b, 0x2f: true
        default: false
        }
    }

    /// The user fragment alone: passwords do not get into logs.
    public var description: String { String(decoding: self.ufrag, as: UTF8.self) }
}
