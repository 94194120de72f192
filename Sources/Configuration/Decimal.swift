// SPDX-License-Identifier: Apache-2.0

/// The one parser for numbers in configuration text.
enum Decimal {
    /// Digits alone, at most nine.
    static func parse(_ bytes: some Collection<UInt8>) -> Int? {
        guard (1...9).contains(bytes.count) else { return nil }
        var value = 0
        for byte in bytes {
            guard (0x30...0x39).contains(byte) else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        return value
    }
}
