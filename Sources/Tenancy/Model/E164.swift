// SPDX-License-Identifier: Apache-2.0

/// A telephone number in international form (ITU-T E.164): `+`, a digit that is no zero, and up to
/// 14 further digits. Fifteen digits fit into one integer, and without leading zeros two numbers
/// are two integers.
public struct E164: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The digits as a decimal number, 10 to 999,999,999,999,999.
    public let value: UInt64

    /// Digits at most (E.164 section 6.2.1).
    public static let digitsMax = 15
    /// Digits at least: the shortest that `^\+[1-9]\d+$` takes.
    public static let digitsMin = 2

    /// What `value` can be.
    public static let values: ClosedRange<UInt64> = 10...999_999_999_999_999

    /// From `+12025550123`, and from nothing else.
    public init?(_ text: some Collection<UInt8>) {
        guard text.first == 0x2b else { return nil }
        self.init(digits: text.dropFirst())
    }

    /// From the digits that follow the `+`.
    public init?(digits: some Collection<UInt8>) {
        guard let first = digits.first, (0x31...0x39).contains(first) else { return nil }
        var value: UInt64 = 0
        var count = 0
        for byte in digits {
            count += 1
            guard (0x30...0x39).contains(byte), count <= Self.digitsMax else { return nil }
            value = value &* 10 &+ UInt64(byte &- 0x30)
        }
        guard count >= Self.digitsMin else { return nil }
        self.value = value
    }

    /// From the digits as a number; nil outside the range of `value`.
    public init?(value: UInt64) {
        guard Self.values.contains(value) else { return nil }
        self.value = value
    }

    /// With its `+`, as it stands in URIs.
    public var bytes: [UInt8] {
        var digits: [UInt8] = []
        digits.reserveCapacity(Self.digitsMax + 1)
        var rest = self.value
        while rest > 0 {
            digits.append(UInt8(truncatingIfNeeded: rest % 10) &+ 0x30)
            rest /= 10
        }
        digits.append(0x2b)
        digits.reverse()
        return digits
    }

    /// With its `+`.
    public var description: String { String(decoding: self.bytes, as: UTF8.self) }

    /// By value, which is by length and then by digits.
    public static func < (left: E164, right: E164) -> Bool { left.value < right.value }
}
