// SPDX-License-Identifier: Apache-2.0

/// Base64 of RFC 4648 section 4, on bytes.
public enum Base64 {
    private static let alphabet: [UInt8] =
        Array(UInt8(ascii: "A")...UInt8(ascii: "Z")) + Array(UInt8(ascii: "a")...UInt8(ascii: "z"))
        + Array(UInt8(ascii: "0")...UInt8(ascii: "9")) + [UInt8(ascii: "+"), UInt8(ascii: "/")]

    /// With padding.
    public static func encode(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var word: UInt32 = 0
        var bits = 0
        for byte in bytes {
            word = word << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                result.append(self.alphabet[Int(word >> UInt32(bits) & 63)])
            }
        }
        if bits > 0 { result.append(self.alphabet[Int(word << UInt32(6 - bits) & 63)]) }
        while result.count % 4 != 0 { result.append(ASCII.equals) }
        return result
    }

    /// Nil for a byte outside the alphabet, padding that does not belong there, and bits behind
    /// the last byte. Padding may be left out: what it would say is known.
    public static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let body = text.prefix { $0 != ASCII.equals }
        let padding = text.count - body.count
        guard text[body.endIndex...].allSatisfy({ $0 == ASCII.equals }), body.count % 4 != 1,
            padding == 0 || padding == (4 - body.count % 4) % 4
        else { return nil }
        var result: [UInt8] = []
        var word: UInt32 = 0
        var bits = 0
        for character in body {
            guard let value = self.value(character) else { return nil }
            word = word << 6 | value
            bits += 6
            if bits >= 8 {
                bits -= 8
                result.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
            }
        }
        return word & (1 << UInt32(bits) - 1) == 0 ? result : nil
    }

    private static func value(_ character: UInt8) -> UInt32? {
        switch character {
        case 0x41...0x5a: UInt32(character) - 0x41
        case 0x61...0x7a: UInt32(character) - 0x61 + 26
        case 0x30...0x39: UInt32(character) - 0x30 + 52
        case 0x2b: 62
        case 0x2f: 63
        default: nil
        }
    }
}
