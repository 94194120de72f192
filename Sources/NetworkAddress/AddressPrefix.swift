// SPDX-License-Identifier: Apache-2.0

/// An address, or a block of them: `198.51.100.7`, `198.51.100.0/24`, `2001:db8::/32`.
public struct AddressPrefix: Sendable, Hashable, CustomStringConvertible {
    /// First address of the block.
    public let address: IPAddress
    /// Leading bits that count: 0 to 32 for IPv4, 0 to 128 for IPv6.
    public let bits: Int

    /// A single address.
    public init(_ address: IPAddress) {
        self.address = address
        self.bits = address.isIPv4 ? 32 : 128
    }

    /// The block of so many bits that an address is in; more bits than it has are all of them.
    public init(of address: IPAddress, bits: Int) {
        self.bits = min(max(bits, 0), address.isIPv4 ? 32 : 128)
        self.address = Self.masked(address, self.bits)
    }

    /// From text; nil if it is no address, the length is out of range, or bits behind it are set.
    public init?(_ text: String) {
        let parts = Array(text.utf8).split(separator: 0x2f, omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let address = IPAddress(text: parts[0]) else {
            return nil
        }
        self.address = address
        let width = address.isIPv4 ? 32 : 128
        if parts.count == 2 {
            guard let bits = Self.length(parts[1]), bits <= width else { return nil }
            self.bits = bits
        } else {
            self.bits = width
        }
        guard Self.masked(address, self.bits) == address else { return nil }
    }

    /// True if the address is in the block.
    public func contains(_ address: IPAddress) -> Bool {
        address.isIPv4 == self.address.isIPv4
            && Self.masked(address, self.bits) == self.address
    }

    /// As it is written.
    public var description: String {
        self.bits == (self.address.isIPv4 ? 32 : 128)
            ? "\(self.address)" : "\(self.address)/\(self.bits)"
    }

    private static func masked(_ address: IPAddress, _ bits: Int) -> IPAddress {
        // An IPv4 address lies in the last 32 of 128 bits. Swift's << and >> take any count.
        let count = address.isIPv4 ? bits + 96 : bits
        let high = UInt64.max << UInt64(max(0, 64 - count))
        let low = UInt64.max << UInt64(max(0, min(64, 128 - count)))
        return IPAddress(high: address.high & high, low: address.low & low)
    }

    private static func length(_ digits: some Collection<UInt8>) -> Int? {
        guard (1...3).contains(digits.count),
            digits.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
}
