// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Octets from the notation of RFC 4475 section 2.1.
///
/// Each line ends with CRLF. `<hex>00FF</hex>` stands for the octets; the lines between
/// `<allOneLine>` and `</allOneLine>` are one line. `<noLineEnd/>` as the last line (not in the
/// RFC) means that the line before it is not ended.
enum MessageNotation {
    static func octets(_ text: String) -> [UInt8] {
        var result: [UInt8] = []
        var joining = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            switch line {
            case "<allOneLine>": joining = true
            case "</allOneLine>":
                joining = false
                result += [0x0d, 0x0a]
            case "<noLineEnd/>": result.removeLast(2)
            default:
                result += self.line(line)
                if !joining { result += [0x0d, 0x0a] }
            }
        }
        return result
    }

    private static func line(_ line: Substring) -> [UInt8] {
        var result: [UInt8] = []
        var rest = line
        while let open = rest.range(of: "<hex>"), let close = rest.range(of: "</hex>") {
            result += rest[..<open.lowerBound].utf8
            result += self.hex(rest[open.upperBound..<close.lowerBound])
            rest = rest[close.upperBound...]
        }
        return result + rest.utf8
    }

    private static func hex(_ digits: Substring) -> [UInt8] {
        let bytes = Array(digits.utf8)
        return stride(from: 0, to: bytes.count - 1, by: 2).compactMap {
            UInt8(String(decoding: bytes[$0...($0 + 1)], as: UTF8.self), radix: 16)
        }
    }
}
