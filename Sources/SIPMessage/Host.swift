// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress

/// host of RFC 3261 section 25.1: a name, an IPv4 address or an IPv6 reference.
public struct Host: Sendable, Hashable {
    /// As received, without the brackets of an IPv6 reference.
    public let bytes: ArraySlice<UInt8>
    /// The address; nil for a name.
    public let address: IPAddress?

    /// Names compare without regard to case, addresses as addresses.
    public static func == (left: Host, right: Host) -> Bool {
        if let a = left.address, let b = right.address { return a == b }
        return left.address == nil && right.address == nil
            && ASCII.equalsIgnoringCase(left.bytes, right.bytes)
    }

    /// Agrees with `==`.
    public func hash(into hasher: inout Hasher) {
        if let address = self.address { return hasher.combine(address) }
        for byte in self.bytes { hasher.combine(ASCII.lowered(byte)) }
    }

    static func parse(_ cursor: inout Cursor) throws(SIPParseError) -> Host {
        if cursor.take(UInt8(ascii: "[")) { return try self.reference(&cursor) }
        let start = cursor.index
        let name = cursor.take(while: .hostname)
        guard !name.isEmpty else { throw cursor.error(.hostSyntax) }
        var labelStart = true
        for (offset, byte) in name.enumerated() {
            guard byte == UInt8(ascii: ".") else {
                labelStart = false
                continue
            }
            guard !labelStart else { throw SIPParseError(.hostSyntax, at: start + offset) }
            labelStart = true
        }
        // A name ends with a letter (toplabel); what ends with a digit may be an address.
        let mayBeAddress = name.last.map(ByteSet.digit.contains) == true
        return Host(bytes: name, address: mayBeAddress ? IPAddress(text: name) : nil)
    }

    private static func reference(_ cursor: inout Cursor) throws(SIPParseError) -> Host {
        let start = cursor.index
        while let byte = cursor.current, byte != UInt8(ascii: "]") {
            guard
                byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".") || ByteSet.hex.contains(byte)
            else { throw cursor.error(.hostSyntax) }
            cursor.advance()
        }
        let text = cursor.bytes[start..<cursor.index]
        guard cursor.take(UInt8(ascii: "]")) else { throw cursor.error(.hostSyntax) }
        guard let address = Self.address(ipv6: text) else {
            throw SIPParseError(.hostSyntax, at: start)
        }
        return Host(bytes: text, address: address)
    }

    /// An IPv6 address; also `2001:db8:::192.0.2.1`, which the grammar of RFC 3261 yields by
    /// mistake and which has to be tolerated (RFC 5118 section 4.10).
    static func address(ipv6 text: ArraySlice<UInt8>) -> IPAddress? {
        guard text.contains(UInt8(ascii: ":")) else { return nil }
        if let address = IPAddress(text: text) { return address }
        let colon = UInt8(ascii: ":")
        guard text.contains(UInt8(ascii: ".")) else { return nil }
        for index in text.indices.dropLast(2)
        where text[index] == colon && text[index + 1] == colon && text[index + 2] == colon {
            var repaired = Array(text)
            repaired.remove(at: index - text.startIndex)
            return IPAddress(text: repaired)
        }
        return nil
    }

    /// port: up to five digits, 0 to 65535. The cursor stands behind the colon.
    static func port(_ cursor: inout Cursor) throws(SIPParseError) -> UInt16 {
        let start = cursor.index
        let digits = cursor.take(while: .digit)
        guard let port = ASCII.number(digits, limit: UInt64(UInt16.max)) else {
            throw SIPParseError(.portSyntax, at: start)
        }
        return UInt16(truncatingIfNeeded: port)
    }
}
