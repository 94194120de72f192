// SPDX-License-Identifier: Apache-2.0

public import SIPMessage

/// A part of a message that a rule reads or changes, as it is written in a rule file:
///
///     method  status  trunk  var(NAME)              words about the message; variables
///     request-uri[.user|.host|.port|.uri-param(P)]  where a request goes
///     header(NAME)                                  the whole value of each line of a header
///     header(NAME).PART                             a part of each address in it: display, uri,
///                                                   user, host, port, uri-param(P), param(P)
///     any-header                                    each line, as `Name: value`
///     sdp  sdp(session)  sdp(audio)  sdp(video)     lines of the session description
public enum Subject: Sendable, Hashable {
    case method
    case status
    case trunk
    case requestURI(AddressPart)
    /// The name, and as it is spelled in the rule.
    case header(HeaderName, spelling: [UInt8], AddressPart)
    case anyHeader
    case variable([UInt8])
    case sdp(SDPSection)

    /// Reads what stands in a rule file.
    public init(_ text: [UInt8]) throws(RuleSyntaxError) {
        var words = SubjectWords(text)
        let name = words.word()
        let argument = try words.argument()
        switch String(decoding: name, as: UTF8.self) {
        case "method": self = .method
        case "status": self = .status
        case "trunk": self = .trunk
        case "any-header": self = .anyHeader
        case "request-uri": self = .requestURI(try words.part(ofHeader: false))
        case "header":
            guard let argument, !argument.isEmpty, argument.allSatisfy(Self.isToken) else {
                throw RuleSyntaxError("names no header", "write header(NAME), such as header(From)")
            }
            self = .header(
                HeaderName(bytes: argument), spelling: argument, try words.part(ofHeader: true))
        case "var":
            guard let argument, VariableName.isValid(argument) else {
                throw RuleSyntaxError(
                    "names no variable",
                    "write var(NAME) with 1 to 31 small letters, digits, '-' or '_'")
            }
            self = .variable(argument)
        case "sdp": self = .sdp(try SDPSection(argument))
        default:
            throw RuleSyntaxError(
                "is no part of a message",
                "write method, status, trunk, request-uri, header(NAME), any-header, var(NAME) or "
                    + "sdp, with .user, .host, .uri-param(P) and the like where it is an address")
        }
        try words.requireEnd()
        let takesArgument =
            switch self {
            case .header, .variable, .sdp: true
            default: false
            }
        guard takesArgument || argument == nil else {
            throw RuleSyntaxError("takes nothing in brackets", "leave the brackets out")
        }
    }

    private static func isToken(_ octet: UInt8) -> Bool {
        switch octet {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        case 0x2d, 0x2e, 0x21, 0x25, 0x2a, 0x5f, 0x2b, 0x60, 0x27, 0x7e: true
        default: false
        }
    }
}

/// A part of an address, or the whole value.
public enum AddressPart: Sendable, Hashable {
    /// All of it.
    case whole
    /// The display name, without quotes.
    case display
    /// The URI.
    case uri
    /// Who is meant: the user part, or the number of a tel URI.
    case user
    /// The host.
    case host
    /// The port.
    case port
    /// A parameter of the URI.
    case uriParameter([UInt8])
    /// A parameter of the header field.
    case parameter([UInt8])
}

/// Which lines of a session description.
public enum SDPSection: Sendable, Hashable {
    /// Every line.
    case all
    /// Those before the first m line.
    case session
    /// Those of streams of this kind.
    case media([UInt8])

    init(_ name: [UInt8]?) throws(RuleSyntaxError) {
        guard let name else {
            self = .all
            return
        }
        if name.elementsEqual("session".utf8) {
            self = .session
        } else if !name.isEmpty, name.allSatisfy({ (0x61...0x7a).contains($0) }) {
            self = .media(name)
        } else {
            throw RuleSyntaxError(
                "names no section", "write sdp, sdp(session), sdp(audio) or sdp(video)")
        }
    }
}

/// The words of a subject, one after the other.
private struct SubjectWords {
    private let text: [UInt8]
    private var index = 0

    init(_ text: [UInt8]) { self.text = text }

    mutating func word() -> [UInt8] {
        let start = self.index
        while self.index < self.text.count,
            self.text[self.index] != UInt8(ascii: "("), self.text[self.index] != UInt8(ascii: ".")
        {
            self.index += 1
        }
        return Array(self.text[start..<self.index])
    }

    mutating func argument() throws(RuleSyntaxError) -> [UInt8]? {
        guard self.index < self.text.count, self.text[self.index] == UInt8(ascii: "(") else {
            return nil
        }
        guard let close = self.text[self.index...].firstIndex(of: UInt8(ascii: ")")) else {
            throw RuleSyntaxError("has a ( without a )", "close the bracket")
        }
        defer { self.index = close + 1 }
        return Array(self.text[(self.index + 1)..<close])
    }

    mutating func part(ofHeader: Bool) throws(RuleSyntaxError) -> AddressPart {
        guard self.index < self.text.count, self.text[self.index] == UInt8(ascii: ".") else {
            return .whole
        }
        self.index += 1
        let name = self.word()
        let argument = try self.argument()
        let part: AddressPart? =
            switch (String(decoding: name, as: UTF8.self), argument) {
            case ("display", nil) where ofHeader: .display
            case ("uri", nil) where ofHeader: .uri
            case ("user", nil): .user
            case ("host", nil): .host
            case ("port", nil): .port
            case ("uri-param", let name?) where !name.isEmpty: .uriParameter(name)
            case ("param", let name?) where ofHeader && !name.isEmpty: .parameter(name)
            default: nil
            }
        guard let part else {
            throw RuleSyntaxError(
                "has a part that is not known",
                ofHeader
                    ? "write .display, .uri, .user, .host, .port, .uri-param(P) or .param(P)"
                    : "write .user, .host, .port or .uri-param(P)")
        }
        return part
    }

    func requireEnd() throws(RuleSyntaxError) {
        guard self.index == self.text.count else {
            throw RuleSyntaxError("has something behind its end", "leave it out")
        }
    }
}
