// SPDX-License-Identifier: Apache-2.0

/// The first label of a tenant's derived trunks, within itself: a call that appends it to a name
/// looks nowhere else.
public struct Label: Sendable {
    /// Octets at most: what `Fields.importedLabel` takes.
    public static let octetsMax = 10

    /// The label as a number in base 39: two labels are the same, without regard to case, if their
    /// keys are. Below 2 to the power of 53, and never zero.
    let key: UInt64
    private let low: UInt64
    private let high: UInt16
    private let count: UInt8

    /// Nil for what is no label: empty, too long, or with other than letters, digits, `-` and `_`.
    public init?(_ bytes: some Collection<UInt8>) {
        var key: UInt64 = 0
        var low: UInt64 = 0
        var high: UInt16 = 0
        var count = 0
        for byte in bytes {
            guard count < Self.octetsMax, let digit = Self.digit(byte) else { return nil }
            key = key * 39 + digit
            if count < 8 {
                low |= UInt64(byte) << UInt64(count * 8)
            } else {
                high |= UInt16(byte) << UInt16(count * 8 - 64)
            }
            count += 1
        }
        guard count > 0 else { return nil }
        self.key = key
        self.low = low
        self.high = high
        self.count = UInt8(count)
    }

    /// Appends it as it was written.
    public func append(to bytes: inout [UInt8]) {
        var low = self.low
        for _ in 0..<min(self.count, 8) {
            bytes.append(UInt8(truncatingIfNeeded: low))
            low >>= 8
        }
        if self.count > 8 { bytes.append(UInt8(truncatingIfNeeded: self.high)) }
        if self.count > 9 { bytes.append(UInt8(self.high >> 8)) }
    }

    /// 1 to 38, so that a label is not that with something in front.
    private static func digit(_ byte: UInt8) -> UInt64? {
        switch Fields.lower(byte) {
        case let letter where (0x61...0x7a).contains(letter): UInt64(letter - 0x61) + 1
        case let digit where (0x30...0x39).contains(digit): UInt64(digit - 0x30) + 27
        case 0x2d: 37
        case 0x5f: 38
        default: nil
        }
    }
}
