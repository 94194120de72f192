// SPDX-License-Identifier: Apache-2.0

/// A SIP or SIPS URI (RFC 3261 section 19.1.1); every part as received, escapes untouched.
public struct SIPURI: Sendable {
    /// True for `sips:`.
    public let isSecure: Bool
    /// What stands before "@" and the password's colon; nil where there is no "@".
    public let user: ArraySlice<UInt8>?
    /// The password; nil where there is none.
    public let password: ArraySlice<UInt8>?
    /// The host.
    public let host: Host
    /// The port; nil where the URI names none.
    public let port: UInt16?
    /// URI parameters.
    public let parameters: Parameters
    /// Headers behind "?", names and values still escaped.
    public let headers: [Parameter]

    /// The transport parameter, as received.
    public var transport: ArraySlice<UInt8>? { self.parameters.value("transport") }
    /// True where `lr` is present: a loose router.
    public var isLooseRouter: Bool { self.parameters.has("lr") }

    /// Parses a whole value; nothing may stand around it.
    public init(_ bytes: ArraySlice<UInt8>) throws(SIPParseError) {
        guard case .sip(let uri) = try URI.parse(bytes) else {
            throw SIPParseError(.schemeUnsupported, at: bytes.startIndex)
        }
        self = uri
    }

    init(secure: Bool, _ cursor: inout Cursor) throws(SIPParseError) {
        self.isSecure = secure
        var user: ArraySlice<UInt8>?
        var password: ArraySlice<UInt8>?
        // "@" can stand nowhere else unescaped, so that the first one ends userinfo.
        if let at = cursor.rest.firstIndex(of: UInt8(ascii: "@")) {
            user = try cursor.require(.user, .uriSyntax)
            if cursor.take(UInt8(ascii: ":")) { password = cursor.take(while: .password) }
            guard cursor.index == at else { throw cursor.uriError() }
            cursor.advance()
        }
        self.user = user
        self.password = password
        self.host = try Host.parse(&cursor)
        self.port = cursor.take(UInt8(ascii: ":")) ? try Host.port(&cursor) : nil
        self.parameters = try Self.parameters(&cursor)
        self.headers = try Self.headers(&cursor)
        guard cursor.atEnd else { throw cursor.uriError() }
    }

    static func parameters(_ cursor: inout Cursor) throws(SIPParseError) -> Parameters {
        var parameters = Parameters()
        while cursor.take(UInt8(ascii: ";")) {
            let name = try cursor.require(.uriParameter, .parameterSyntax)
            var value: ArraySlice<UInt8>?
            if cursor.take(UInt8(ascii: "=")) {
                value = try cursor.require(.uriParameter, .parameterSyntax)
            }
            try parameters.append(Parameter(name: name, value: value))
        }
        return parameters
    }

    private static func headers(_ cursor: inout Cursor) throws(SIPParseError) -> [Parameter] {
        guard cursor.take(UInt8(ascii: "?")) else { return [] }
        var headers: [Parameter] = []
        repeat {
            let name = try cursor.require(.uriHeader, .uriSyntax)
            guard cursor.take(UInt8(ascii: "=")) else { throw cursor.error(.uriSyntax) }
            guard headers.count < SIPLimits.parameterCount else {
                throw cursor.error(.tooManyParameters)
            }
            headers.append(Parameter(name: name, value: cursor.take(while: .uriHeader)))
        } while cursor.take(UInt8(ascii: "&"))
        return headers
    }
}

extension Cursor {
    /// Tells white space inside a URI from other octets that do not belong there.
    func uriError() -> SIPParseError {
        self.error(self.current?.isWhiteSpace == true ? .uriSpace : .uriSyntax)
    }
}
