// SPDX-License-Identifier: Apache-2.0

/// Splits comma lists (RFC 3261 section 7.3.1).
public enum CommaList {
    /// Appends the elements of `value`, trimmed; quoted strings and angle brackets hide commas.
    public static func split(_ value: ArraySlice<UInt8>, into values: inout [ArraySlice<UInt8>]) {
        var start = value.startIndex
        var index = start
        var inQuotes = false
        var inBrackets = false
        while index < value.endIndex {
            switch value[index] {
            case UInt8(ascii: "\\") where inQuotes: index += 1
            case UInt8(ascii: "\"") where !inBrackets: inQuotes.toggle()
            case UInt8(ascii: "<") where !inQuotes: inBrackets = true
            case UInt8(ascii: ">") where !inQuotes: inBrackets = false
            case UInt8(ascii: ",") where !inQuotes && !inBrackets:
                values.append(trim(value[start..<index]))
                start = index + 1
            default: break
            }
            index += 1
        }
        values.append(trim(value[start..<value.endIndex]))
    }

    /// Without white space at both ends.
    static func trim(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var start = value.startIndex
        var end = value.endIndex
        while start < end, value[start].isWhiteSpace { start += 1 }
        while end > start, value[end - 1].isWhiteSpace { end -= 1 }
        return value[start..<end]
    }
}

extension UInt8 {
    /// SP or HTAB; folds are spaces by the time anybody asks.
    @inline(__always)
    var isWhiteSpace: Bool { self == 0x20 || self == 0x09 }
}
