// SPDX-License-Identifier: Apache-2.0

/// An IPv4 or IPv6 address as 16 bytes; IPv4 is IPv4-mapped (RFC 4291 section 2.5.5.2).
public struct IPAddress: Sendable, Hashable {
    /// Bytes 0 to 7, big-endian.
    public let high: UInt64
    /// Bytes 8 to 15, big-endian.
    public let low: UInt64

    private static let mappedPrefix: UInt64 = 0xffff << 32

    /// From the two halves of the 16 bytes.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// An IPv4 address from its 32 bits.
    public init(ipv4: UInt32) {
        self.init(high: 0, low: Self.mappedPrefix | UInt64(ipv4))
    }

    /// From 4 or 16 bytes in network order; nil for any other count.
    public init?(networkBytes bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4:
            self.init(ipv4: bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case 16:
            self.init(
                high: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
                low: bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
        default:
            return nil
        }
    }

    /// `::`, used for "not known".
    public static let unspecified = IPAddress(high: 0, low: 0)

    /// True for an IPv4 address.
    public var isIPv4: Bool { self.high == 0 && self.low >> 32 == 0xffff }

    /// The 32 bits of an IPv4 address; meaningless for IPv6.
    public var ipv4: UInt32 { UInt32(truncatingIfNeeded: self.low) }

    /// True for 0.0.0.0 and ::.
    public var isUnspecified: Bool { self.isIPv4 ? self.ipv4 == 0 : self.high | self.low == 0 }

    /// True for 224.0.0.0/4 and ff00::/8.
    public var isMulticast: Bool { self.isIPv4 ? self.ipv4 >> 28 == 0xe : self.high >> 56 == 0xff }

    /// True for what media can be sent to: not "this network", loopback, multicast, reserved or the
    /// broadcast address. The fast path refuses flows by the same rule.
    public var takesMedia: Bool {
        guard self.isIPv4 else {
            return !self.isMulticast && !(self.high == 0 && self.low <= 1)
        }
        let first = self.ipv4 >> 24
        return first != 0 && first != 127 && first < 224
    }

    /// The 16 bytes in network order, IPv4 mapped.
    public var networkBytes: [UInt8] {
        (0..<16).map { index in
            let half = index < 8 ? self.high : self.low
            return UInt8(truncatingIfNeeded: half >> UInt64(56 - 8 * (index % 8)))
        }
    }
}

/// An address and a port.
public struct SocketAddress: Sendable, Hashable {
    /// The address.
    public var address: IPAddress
    /// The port in host order.
    public var port: UInt16

    /// From its parts.
    public init(address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }
}
