// SPDX-License-Identifier: Apache-2.0

/// Any URI that a SIP header field or start line can carry (RFC 3261 section 25.1, addr-spec).
public enum URI: Sendable {
    /// `sip:` and `sips:`.
    case sip(SIPURI)
    /// `tel:` (RFC 3966).
    case tel(TelURI)
    /// Any other scheme, kept whole.
    case other(scheme: ArraySlice<UInt8>, rest: ArraySlice<UInt8>)

    /// Parses a whole value; nothing may stand around it.
    public static func parse(_ bytes: ArraySlice<UInt8>) throws(SIPParseError) -> URI {
        guard bytes.count <= SIPLimits.uriBytes else {
            throw SIPParseError(.uriTooLong, at: bytes.startIndex + SIPLimits.uriBytes)
        }
        var cursor = Cursor(bytes)
        let scheme = cursor.take(while: .scheme)
        guard let first = scheme.first, ByteSet.alpha.contains(first) else {
            throw SIPParseError(cursor.uriError().code, at: bytes.startIndex)
        }
        guard cursor.take(UInt8(ascii: ":")) else { throw cursor.uriError() }
        try self.checkEscapes(cursor.rest)
        if ASCII.equalsIgnoringCase(scheme, "sip") {
            return .sip(try SIPURI(secure: false, &cursor))
        }
        if ASCII.equalsIgnoringCase(scheme, "sips") {
            return .sip(try SIPURI(secure: true, &cursor))
        }
        if ASCII.equalsIgnoringCase(scheme, "tel") { return .tel(try TelURI(&cursor)) }
        let rest = try cursor.require(.uric, .uriSyntax)
        guard cursor.atEnd else { throw cursor.uriError() }
        return .other(scheme: scheme, rest: rest)
    }

    /// "%" is followed by two hexadecimal digits.
    private static func checkEscapes(_ bytes: ArraySlice<UInt8>) throws(SIPParseError) {
        var index = bytes.startIndex
        while index < bytes.endIndex {
            guard bytes[index] == UInt8(ascii: "%") else {
                index += 1
                continue
            }
            guard bytes.endIndex - index > 2, ByteSet.hex.contains(bytes[index + 1]),
                ByteSet.hex.contains(bytes[index + 2])
            else { throw SIPParseError(.uriEscape, at: index) }
            index += 3
        }
    }

    /// The octets with every escape replaced by what it stands for.
    public static func unescaped(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            if bytes[index] == UInt8(ascii: "%"), bytes.endIndex - index > 2,
                let high = ASCII.hexValue(bytes[index + 1]),
                let low = ASCII.hexValue(bytes[index + 2])
            {
                result.append(high << 4 | low)
                index += 3
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return result
    }
}

/// A telephone number (RFC 3966 section 3).
public struct TelURI: Sendable {
    /// Digits, visual separators and, for a global number, the leading "+".
    public let number: ArraySlice<UInt8>
    /// Parameters, `phone-context` among them.
    public let parameters: Parameters

    private static let numberSet = ByteSet("0123456789+-.()*#abcdefABCDEF")

    /// The number without visual separators.
    public var digits: [UInt8] {
        self.number.filter { !ByteSet("-.()").contains($0) }
    }

    init(_ cursor: inout Cursor) throws(SIPParseError) {
        let start = cursor.index
        self.number = try cursor.require(Self.numberSet, .uriSyntax)
        let hasDigit = self.number.contains { ByteSet.hex.union("*#").contains($0) }
        guard hasDigit, !self.number.dropFirst().contains(UInt8(ascii: "+")) else {
            throw SIPParseError(.uriSyntax, at: start)
        }
        self.parameters = try SIPURI.parameters(&cursor)
        guard cursor.atEnd else { throw cursor.uriError() }
    }
}
