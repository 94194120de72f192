// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress

/// One value of Via (RFC 3261 section 20.42, RFC 3581).
public struct Via: Sendable {
    /// The transport as received ("UDP", "TCP", ...); compare without regard to case.
    public let transport: ArraySlice<UInt8>
    /// Host of sent-by.
    public let host: Host
    /// Port of sent-by; nil where it names none.
    public let port: UInt16?
    /// Parameters.
    public let parameters: Parameters
    /// The whole value as received.
    public let bytes: ArraySlice<UInt8>

    /// The branch; nil where absent.
    public var branch: ArraySlice<UInt8>? { self.parameters.value("branch") }

    /// True where the branch identifies the transaction as RFC 3261 section 17.2.3 has it: the
    /// magic cookie with something behind it. Without it RFC 2543 matching applies.
    public var hasUniqueBranch: Bool {
        guard let branch = self.branch, branch.count > 7 else { return false }
        return ASCII.equalsIgnoringCase(branch.prefix(7), "z9hG4bK")
    }

    /// The address in `received`, with or without brackets (RFC 5118 section 4.5). nil also for a
    /// value that is no address: the grammar lets that pass as an extension.
    public var received: IPAddress? {
        guard var text = self.parameters.value("received") else { return nil }
        if text.first == UInt8(ascii: "["), text.last == UInt8(ascii: "]") {
            text = text.dropFirst().dropLast()
        }
        return IPAddress(text: text)
    }

    /// True where the sender asked for RFC 3581, by `rport` with or without a value.
    public var wantsResponsePort: Bool { self.parameters.has("rport") }

    /// The value of `rport`.
    public var responsePort: UInt16? {
        guard let digits = self.parameters.value("rport") else { return nil }
        return ASCII.number(digits, limit: 65_535).map { UInt16(truncatingIfNeeded: $0) }
    }

    /// Parses one value; nothing may stand around it.
    public init(_ value: ArraySlice<UInt8>) throws(SIPParseError) {
        var cursor = Cursor(value)
        self.bytes = value
        let name = try cursor.require(.token, .viaSyntax)
        guard ASCII.equalsIgnoringCase(name, "SIP") else {
            throw SIPParseError(.viaSyntax, at: name.startIndex)
        }
        guard cursor.takeSeparator(UInt8(ascii: "/")) else { throw cursor.error(.viaSyntax) }
        let version = try cursor.require(.token, .viaSyntax)
        guard version.elementsEqual([0x32, 0x2e, 0x30]) else {
            throw SIPParseError(.viaSyntax, at: version.startIndex)
        }
        guard cursor.takeSeparator(UInt8(ascii: "/")) else { throw cursor.error(.viaSyntax) }
        self.transport = try cursor.require(.token, .viaSyntax)
        guard cursor.current?.isWhiteSpace == true else { throw cursor.error(.viaSyntax) }
        cursor.skipWhiteSpace()
        self.host = try Host.parse(&cursor)
        self.port = cursor.takeSeparator(UInt8(ascii: ":")) ? try Host.port(&cursor) : nil
        self.parameters = try Parameters.parse(&cursor)
        try cursor.requireEnd(.viaSyntax)
        try self.checkParameters()
    }

    private func checkParameters() throws(SIPParseError) {
        if let branch = self.parameters["branch"] {
            guard let value = branch.value, value.first != UInt8(ascii: "\"") else {
                throw SIPParseError(.viaSyntax, at: branch.name.startIndex)
            }
        }
        if let ttl = self.parameters["ttl"] {
            guard let value = ttl.value, ASCII.number(value, limit: 255) != nil else {
                throw SIPParseError(.viaSyntax, at: ttl.name.startIndex)
            }
        }
        if let digits = self.parameters.value("rport"), self.responsePort == nil {
            throw SIPParseError(.viaSyntax, at: digits.startIndex)
        }
    }
}
