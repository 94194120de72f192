// SPDX-License-Identifier: Apache-2.0

/// A media type, or a range of Accept where a part is "*" (RFC 3261 sections 20.1 and 20.15).
public struct MediaType: Sendable {
    /// "application" of application/sdp.
    public let type: ArraySlice<UInt8>
    /// "sdp" of application/sdp.
    public let subtype: ArraySlice<UInt8>
    /// Parameters: boundary, charset, ...
    public let parameters: Parameters

    /// Parses a value; nothing may stand around it.
    public init(_ value: ArraySlice<UInt8>) throws(SIPParseError) {
        var cursor = Cursor(value)
        self.type = try cursor.require(.token, .mediaTypeSyntax)
        guard cursor.takeSeparator(UInt8(ascii: "/")) else { throw cursor.error(.mediaTypeSyntax) }
        self.subtype = try cursor.require(.token, .mediaTypeSyntax)
        self.parameters = try Parameters.parse(&cursor)
        try cursor.requireEnd(.mediaTypeSyntax)
    }

    /// True for exactly this type, without regard to case and parameters.
    public func matches(_ type: StaticString, _ subtype: StaticString) -> Bool {
        ASCII.equalsIgnoringCase(self.type, type)
            && ASCII.equalsIgnoringCase(self.subtype, subtype)
    }

    /// True for the type of this name, as "application/sdp", without regard to case and parameters.
    public func isNamed(_ name: [UInt8]) -> Bool {
        guard let slash = name.firstIndex(of: UInt8(ascii: "/")) else { return false }
        return ASCII.equalsIgnoringCase(self.type, name[..<slash])
            && ASCII.equalsIgnoringCase(self.subtype, name[(slash + 1)...])
    }

    /// True where this range of an Accept covers the type.
    public func accepts(_ type: StaticString, _ subtype: StaticString) -> Bool {
        let star = [UInt8(ascii: "*")]
        let typeFits =
            self.type.elementsEqual(star) || ASCII.equalsIgnoringCase(self.type, type)
        let subtypeFits =
            self.subtype.elementsEqual(star) || ASCII.equalsIgnoringCase(self.subtype, subtype)
        return typeFits && subtypeFits
    }

    /// True for multipart/anything.
    public var isMultipart: Bool { ASCII.equalsIgnoringCase(self.type, "multipart") }

    /// The boundary of a multipart type, quotes taken off.
    public var boundary: ArraySlice<UInt8>? {
        guard let value = self.parameters.value("boundary") else { return nil }
        return value.first == UInt8(ascii: "\"") ? value.dropFirst().dropLast() : value
    }
}
