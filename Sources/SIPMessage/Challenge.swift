// SPDX-License-Identifier: Apache-2.0

/// A challenge or credentials: WWW-Authenticate, Proxy-Authenticate, Authorization,
/// Proxy-Authorization (RFC 3261 section 25.1). What the parameters mean is not for this module.
public struct Challenge: Sendable {
    /// The scheme ("Digest"); compare without regard to case.
    public let scheme: ArraySlice<UInt8>
    /// realm, nonce, ...; values as received, quotes included.
    public let parameters: Parameters

    /// Parses a value; nothing may stand around it.
    public init(_ value: ArraySlice<UInt8>) throws(SIPParseError) {
        var cursor = Cursor(value)
        self.scheme = try cursor.require(.token, .challengeSyntax)
        guard cursor.current?.isWhiteSpace == true else { throw cursor.error(.challengeSyntax) }
        cursor.skipWhiteSpace()
        var parameters = Parameters()
        repeat {
            let name = try cursor.require(.token, .challengeSyntax)
            guard cursor.takeSeparator(UInt8(ascii: "=")) else {
                throw cursor.error(.challengeSyntax)
            }
            let value =
                cursor.current == UInt8(ascii: "\"")
                ? try cursor.quotedString()
                : try cursor.require(.genericValue, .challengeSyntax)
            try parameters.append(Parameter(name: name, value: value))
        } while cursor.takeSeparator(UInt8(ascii: ","))
        self.parameters = parameters
        cursor.skipWhiteSpace()
        try cursor.requireEnd(.challengeSyntax)
    }

    /// The value of a parameter with quotes and escapes taken off; nil where absent.
    public func text(_ name: StaticString) -> [UInt8]? {
        self.parameters.value(name).map(QuotedString.unquoted)
    }
}

/// quoted-string of RFC 3261 section 25.1.
public enum QuotedString {
    /// What a quoted string says; a value without quotes is returned unchanged.
    public static func unquoted(_ value: ArraySlice<UInt8>) -> [UInt8] {
        guard value.count >= 2, value.first == UInt8(ascii: "\"") else { return Array(value) }
        var result: [UInt8] = []
        var escaped = false
        for byte in value.dropFirst().dropLast() {
            if byte == UInt8(ascii: "\\"), !escaped {
                escaped = true
            } else {
                result.append(byte)
                escaped = false
            }
        }
        return result
    }

    /// The octets in quotes, with quotes and backslashes escaped and line ends made spaces.
    public static func quoted(_ text: some Sequence<UInt8>) -> [UInt8] {
        var result: [UInt8] = [UInt8(ascii: "\"")]
        for byte in text {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                result.append(UInt8(ascii: "\\"))
            }
            result.append(byte == 0x0d || byte == 0x0a ? 0x20 : byte)
        }
        return result + [UInt8(ascii: "\"")]
    }
}
