// SPDX-License-Identifier: Apache-2.0

/// The first label of a tenant's derived trunks, in small letters: DNS names are compared without
/// regard to case. It is a number in base 39, so that it fits into a word with other things.
public struct Label: Sendable, Hashable {
    /// Octets at most: what `Fields.importedLabel` takes.
    public static let octetsMax = 10
    /// Bits that a key takes: 39 to the power of 10 is below 2 to the power of 53.
    static let keyBits: UInt64 = 53

    /// Never zero. Two labels are the same, without regard to case, if their keys are.
    let key: UInt64

    /// Nil for what is no label: empty, too long, or with other than letters, digits, `-` and `_`.
    public init?(_ bytes: some Collection<UInt8>) {
        var key: UInt64 = 0
        var count = 0
        for byte in bytes {
            guard count < Self.octetsMax, let digit = Self.digit(byte) else { return nil }
            key = key * 39 + digit
            count += 1
        }
        guard count > 0 else { return nil }
        self.key = key
    }

    /// Nil for zero.
    init?(key: UInt64) {
        guard key > 0 else { return nil }
        self.key = key
    }

    /// Appends it in small letters.
    public func append(to bytes: inout [UInt8]) {
        let start = bytes.count
        var key = self.key
        while key > 0 {
            bytes.append(Self.octet(key % 39))
            key /= 39
        }
        // The last octet came first.
        var (left, right) = (start, bytes.count - 1)
        while left < right {
            bytes.swapAt(left, right)
            left += 1
            right -= 1
        }
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

    private static func octet(_ digit: UInt64) -> UInt8 {
        let digit = UInt8(truncatingIfNeeded: digit)
        return switch digit {
        case 1...26: digit + 0x60
        case 27...36: digit - 27 + 0x30
        case 37: 0x2d
        default: 0x5f
        }
    }
}
