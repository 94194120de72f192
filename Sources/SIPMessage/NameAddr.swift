// SPDX-License-Identifier: Apache-2.0

/// name-addr or addr-spec with parameters: From, To, Contact, Route, Refer-To, ...
/// (RFC 3261 section 20.10).
public struct NameAddr: Sendable {
    /// The display name as received, quotes included; empty where there is none.
    public let displayName: ArraySlice<UInt8>
    /// The URI as received, without angle brackets.
    public let uri: ArraySlice<UInt8>
    /// Parameters of the header field (not of the URI).
    public let parameters: Parameters
    /// The whole value as received.
    public let bytes: ArraySlice<UInt8>

    /// The tag; nil where absent.
    public var tag: ArraySlice<UInt8>? { self.parameters.value("tag") }

    /// A tag has a value, and not a quoted one (RFC 3261 section 19.3). Asked of From and To only.
    func checkTag() throws(SIPParseError) {
        guard let tag = self.parameters["tag"] else { return }
        guard let value = tag.value, value.first != UInt8(ascii: "\"") else {
            throw SIPParseError(.tagSyntax, at: tag.name.startIndex)
        }
    }

    /// The URI, decoded.
    public func decodedURI() throws(SIPParseError) -> URI { try URI.parse(self.uri) }

    /// Parses one value and its URI; nothing may stand around it.
    ///
    /// `bracketsRequired` is for headers whose grammar allows name-addr only (Route).
    public init(
        _ value: ArraySlice<UInt8>, bracketsRequired: Bool = false
    ) throws(SIPParseError) {
        try self.init(value, bracketsRequired: bracketsRequired, isExamined: false)
    }

    /// As above; name and URI of a value that was parsed before are taken as they are.
    init(
        _ value: ArraySlice<UInt8>, bracketsRequired: Bool = false, isExamined: Bool
    ) throws(SIPParseError) {
        var cursor = Cursor(value)
        self.bytes = value
        if let open = try Self.openBracket(value) {
            self.displayName = CommaList.trim(value[value.startIndex..<open])
            if !isExamined { try Self.checkDisplayName(self.displayName) }
            cursor.move(to: open + 1)
            guard let close = cursor.rest.firstIndex(of: UInt8(ascii: ">")) else {
                throw SIPParseError(.bracketUnterminated, at: open)
            }
            self.uri = value[(open + 1)..<close]
            if !isExamined { _ = try URI.parse(self.uri) }
            cursor.move(to: close + 1)
        } else {
            self.displayName = []
            self.uri = try Self.bareURI(value, bracketsRequired)
            if !isExamined { _ = try URI.parse(self.uri) }
            cursor.move(to: self.uri.endIndex)
        }
        self.parameters = try Parameters.parse(&cursor)
        try cursor.requireEnd(.nameAddrSyntax)
    }

    /// Where "<" stands outside of quotes, before any parameter of an addr-spec.
    private static func openBracket(_ value: ArraySlice<UInt8>) throws(SIPParseError) -> Int? {
        var cursor = Cursor(value)
        while let byte = cursor.current {
            switch byte {
            case UInt8(ascii: "<"): return cursor.index
            case UInt8(ascii: "\""): _ = try cursor.quotedString()
            case UInt8(ascii: ";"), UInt8(ascii: ":"): return nil
            default: cursor.advance()
            }
        }
        return nil
    }

    /// display-name = *( token LWS ) / quoted-string.
    private static func checkDisplayName(_ name: ArraySlice<UInt8>) throws(SIPParseError) {
        var cursor = Cursor(name)
        if cursor.current == UInt8(ascii: "\"") {
            _ = try cursor.quotedString()
        } else {
            while !cursor.atEnd {
                _ = try cursor.require(.token, .displayNameSyntax)
                cursor.skipWhiteSpace()
            }
        }
        try cursor.requireEnd(.displayNameSyntax)
    }

    /// addr-spec without brackets: it ends at the first ";" or white space, and neither "," nor
    /// "?" may stand in it (RFC 3261 section 20.10).
    private static func bareURI(
        _ value: ArraySlice<UInt8>, _ bracketsRequired: Bool
    ) throws(SIPParseError) -> ArraySlice<UInt8> {
        guard !bracketsRequired, value.first != UInt8(ascii: "\"") else {
            throw SIPParseError(.bracketsMissing, at: value.startIndex)
        }
        let end = value.firstIndex { $0 == UInt8(ascii: ";") || $0.isWhiteSpace } ?? value.endIndex
        let uri = value[value.startIndex..<end]
        if let bad = uri.firstIndex(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: ",") }) {
            throw SIPParseError(.bracketsMissing, at: bad)
        }
        return uri
    }
}

/// One value of Contact.
public enum Contact: Sendable {
    /// "*": every binding (RFC 3261 section 10.2.2).
    case all
    /// An address.
    case address(NameAddr)
}
