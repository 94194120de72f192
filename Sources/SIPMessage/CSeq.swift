// SPDX-License-Identifier: Apache-2.0

/// CSeq (RFC 3261 section 20.16).
public struct CSeq: Sendable, Hashable {
    /// The sequence number, 0 to 2^32-1.
    public let number: UInt32
    /// The method.
    public let method: Method

    /// From its parts.
    public init(number: UInt32, method: Method) {
        self.number = number
        self.method = method
    }

    /// Parses a value; nothing may stand around it.
    public init(_ value: ArraySlice<UInt8>) throws(SIPParseError) {
        var cursor = Cursor(value)
        let digits = try cursor.require(.digit, .cseqSyntax)
        guard let number = ASCII.number(digits, limit: UInt64(UInt32.max)) else {
            throw SIPParseError(.cseqRange, at: value.startIndex)
        }
        guard cursor.current?.isWhiteSpace == true else { throw cursor.error(.cseqSyntax) }
        cursor.skipWhiteSpace()
        let method = try cursor.require(.token, .cseqSyntax)
        try cursor.requireEnd(.cseqSyntax)
        self.init(number: UInt32(truncatingIfNeeded: number), method: Method(bytes: method))
    }

    /// The octets as they go on the wire.
    public var bytes: [UInt8] { ASCII.digits(self.number) + [0x20] + self.method.bytes }
}
