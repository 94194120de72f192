// SPDX-License-Identifier: Apache-2.0

/// Session-Expires (RFC 4028 section 4): how long a session lives without a refresh, and who
/// refreshes it.
public struct SessionExpires: Sendable, Hashable {
    /// Who refreshes: a role in the transaction that says so, not in the dialog.
    public enum Refresher: Sendable, Hashable {
        /// Who sent the request.
        case uac
        /// Who answers it.
        case uas
    }

    /// Seconds, 0 to 2^32-1.
    public let seconds: UInt32
    /// Nil where it is left open.
    public let refresher: Refresher?

    /// From its parts.
    public init(seconds: UInt32, refresher: Refresher?) {
        self.seconds = seconds
        self.refresher = refresher
    }

    /// Parses a value; other parameters are passed over, another refresher is none.
    public init(_ value: ArraySlice<UInt8>) throws(SIPParseError) {
        var cursor = Cursor(value)
        let digits = try cursor.require(.digit, .numberSyntax)
        guard let seconds = ASCII.number(digits, limit: UInt64(UInt32.max)) else {
            throw SIPParseError(.numberSyntax, at: value.startIndex)
        }
        let parameters = try Parameters.parse(&cursor)
        try cursor.requireEnd(.numberSyntax)
        self.seconds = UInt32(truncatingIfNeeded: seconds)
        let word = parameters.value("refresher") ?? []
        if ASCII.equalsIgnoringCase(word, "uac") {
            self.refresher = .uac
        } else if ASCII.equalsIgnoringCase(word, "uas") {
            self.refresher = .uas
        } else {
            self.refresher = nil
        }
    }

    /// The octets as they go on the wire.
    public var bytes: [UInt8] {
        let role: String =
            switch self.refresher {
            case .uac: ";refresher=uac"
            case .uas: ";refresher=uas"
            case nil: ""
            }
        return ASCII.digits(self.seconds) + Array(role.utf8)
    }
}

extension SIPMessage {
    /// Session-Expires; nil where absent.
    public func sessionExpires() throws(SIPParseError) -> SessionExpires? {
        guard let value = self.first(.sessionExpires) else { return nil }
        return try SessionExpires(value)
    }

    /// True if a list such as Require, Supported or Allow names the word. Option tags are compared
    /// without regard to case, as their header fields' values are (RFC 3261 section 7.3.1).
    public func lists(_ name: HeaderName, _ word: StaticString) -> Bool {
        self.all(name).contains { ASCII.equalsIgnoringCase($0, word) }
    }
}
