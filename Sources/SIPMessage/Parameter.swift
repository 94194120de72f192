// SPDX-License-Identifier: Apache-2.0

/// One parameter of a header field value or a URI; quotes and escapes are kept as received.
public struct Parameter: Sendable, Hashable {
    /// The name as received; compare without regard to case.
    public let name: ArraySlice<UInt8>
    /// The value; nil for a parameter without "=".
    public let value: ArraySlice<UInt8>?

    /// From its parts.
    public init(name: ArraySlice<UInt8>, value: ArraySlice<UInt8>?) {
        self.name = name
        self.value = value
    }
}

/// The parameters of one value, in order.
public struct Parameters: Sendable, Hashable {
    /// In the order received.
    public private(set) var all: [Parameter] = []

    /// No parameters.
    public init() {}

    /// The first parameter of that name.
    public subscript(_ name: StaticString) -> Parameter? {
        self.all.first { ASCII.equalsIgnoringCase($0.name, name) }
    }

    /// The value of the first parameter of that name; nil where it has none or is absent.
    public func value(_ name: StaticString) -> ArraySlice<UInt8>? { self[name]?.value }

    /// True where the parameter stands there, with a value or without.
    public func has(_ name: StaticString) -> Bool { self[name] != nil }

    mutating func append(_ parameter: Parameter) throws(SIPParseError) {
        guard self.all.count < SIPLimits.parameterCount else {
            throw SIPParseError(.tooManyParameters, at: parameter.name.startIndex)
        }
        // RFC 3261 section 7.3.1: a parameter name must not appear more than once.
        for other in self.all where ASCII.equalsIgnoringCase(other.name, parameter.name) {
            throw SIPParseError(.parameterRepeated, at: parameter.name.startIndex)
        }
        self.all.append(parameter)
    }

    /// *( SEMI generic-param ) up to the end of the value (RFC 3261 section 25.1).
    static func parse(_ cursor: inout Cursor) throws(SIPParseError) -> Parameters {
        var parameters = Parameters()
        while cursor.takeSeparator(UInt8(ascii: ";")) {
            let name = try cursor.require(.token, .parameterSyntax)
            var value: ArraySlice<UInt8>?
            if cursor.takeSeparator(UInt8(ascii: "=")) {
                value =
                    cursor.current == UInt8(ascii: "\"")
                    ? try cursor.quotedString()
                    : try cursor.require(.genericValue, .parameterSyntax)
            }
            try parameters.append(Parameter(name: name, value: value))
        }
        cursor.skipWhiteSpace()
        return parameters
    }
}
