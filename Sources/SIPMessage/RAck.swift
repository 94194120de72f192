// SPDX-License-Identifier: Apache-2.0

/// RAck (RFC 3262 section 7.2): the reliable provisional response that a PRACK acknowledges.
public struct RAck: Sendable, Hashable {
    /// RSeq of the response, 1 to 2^32-1.
    public let response: UInt32
    /// CSeq number of the request that the response is to.
    public let sequence: UInt32
    /// Method of that request.
    public let method: Method

    /// From its parts.
    public init(response: UInt32, sequence: UInt32, method: Method) {
        self.response = response
        self.sequence = sequence
        self.method = method
    }

    /// Parses a value; nothing may stand around it.
    public init(_ value: ArraySlice<UInt8>) throws(SIPParseError) {
        var cursor = Cursor(value)
        self.response = try Self.number(&cursor)
        self.sequence = try Self.number(&cursor)
        self.method = Method(bytes: try cursor.require(.token, .cseqSyntax))
        try cursor.requireEnd(.cseqSyntax)
        guard self.response > 0 else {
            throw SIPParseError(.numberSyntax, at: value.startIndex)
        }
    }

    private static func number(_ cursor: inout Cursor) throws(SIPParseError) -> UInt32 {
        let digits = try cursor.require(.digit, .cseqSyntax)
        guard let number = ASCII.number(digits, limit: UInt64(UInt32.max)) else {
            throw SIPParseError(.cseqRange, at: digits.startIndex)
        }
        guard cursor.current?.isWhiteSpace == true else { throw cursor.error(.cseqSyntax) }
        cursor.skipWhiteSpace()
        return UInt32(truncatingIfNeeded: number)
    }

    /// The octets as they go on the wire.
    public var bytes: [UInt8] {
        ASCII.digits(self.response) + [0x20] + ASCII.digits(self.sequence) + [0x20]
            + self.method.bytes
    }
}

extension SIPMessage {
    /// RAck; nil where absent.
    public func rAck() throws(SIPParseError) -> RAck? {
        guard let value = self.first(.rAck) else { return nil }
        return try RAck(value)
    }

    /// RSeq, 1 to 2^32-1 (RFC 3262 section 7.1); nil where absent.
    public func rSeq() throws(SIPParseError) -> UInt32? {
        guard let value = self.first(.rSeq) else { return nil }
        guard let number = ASCII.number(value, limit: UInt64(UInt32.max)), number > 0 else {
            throw SIPParseError(.numberSyntax, at: value.startIndex)
        }
        return UInt32(truncatingIfNeeded: number)
    }
}
