// SPDX-License-Identifier: Apache-2.0

/// A token with parameters: Reason, Event, Content-Disposition, Subscription-State, Replaces, ...
public struct TokenValue: Sendable {
    /// The token ("SIP" of `SIP;cause=200`), or the call identifier of Replaces.
    public let token: ArraySlice<UInt8>
    /// Parameters.
    public let parameters: Parameters

    /// Parses a value; nothing may stand around it.
    public init(_ value: ArraySlice<UInt8>) throws(SIPParseError) {
        var cursor = Cursor(value)
        // Replaces begins with a Call-ID: words around an "@".
        self.token = try cursor.require(.callID, .tokenListSyntax)
        self.parameters = try Parameters.parse(&cursor)
        try cursor.requireEnd(.tokenListSyntax)
    }
}

/// Retry-After (RFC 3261 section 20.33).
public struct RetryAfter: Sendable {
    /// Seconds from now, at most 2^32-1.
    public let seconds: UInt32
    /// `duration` among them.
    public let parameters: Parameters

    /// Parses a value: seconds, a comment that is passed over, parameters.
    public init(_ value: ArraySlice<UInt8>) throws(SIPParseError) {
        var cursor = Cursor(value)
        let digits = cursor.take(while: .digit)
        guard let seconds = ASCII.number(digits, limit: UInt64(UInt32.max)) else {
            throw SIPParseError(.retryAfterSyntax, at: value.startIndex)
        }
        self.seconds = UInt32(truncatingIfNeeded: seconds)
        cursor.skipWhiteSpace()
        if cursor.current == UInt8(ascii: "(") { try Self.skipComment(&cursor) }
        self.parameters = try Parameters.parse(&cursor)
        try cursor.requireEnd(.retryAfterSyntax)
    }

    /// Comments nest; a counter stands in for recursion.
    private static func skipComment(_ cursor: inout Cursor) throws(SIPParseError) {
        var depth = 0
        while let byte = cursor.current {
            cursor.advance()
            switch byte {
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"): depth -= 1
            case UInt8(ascii: "\\"): cursor.advance()
            default: break
            }
            if depth == 0 { return }
        }
        throw cursor.error(.retryAfterSyntax)
    }
}
