// SPDX-License-Identifier: Apache-2.0

/// Why bytes are not a session description (RFC 8866), and where.
public struct SDPError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The closed list of reasons.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        case tooLong = "the description is longer than 64 KiB"
        case empty = "the description is empty"
        case notALine = "a line is not a letter, an equals sign and a value"
        case forbiddenByte = "a value holds a NUL or a carriage return"
        case unknownType = "a type letter that SDP does not define"
        case wrongOrder = "v= and o= do not come first and in this order"
        case missingName = "there is no s= before the first m="
        case repeatedLine = "a line that may stand once stands twice in its section"
        case misplacedLine = "a line that its section does not have"
        case badVersion = "the protocol version is not 0"
        case badOrigin = "o= does not have its six fields"
        case badConnection = "c= does not have its three fields"
        case badBandwidth = "b= is not a type, a colon and a number"
        case badTiming = "t= is not two numbers"
        case badMedia = "m= is not media, port, protocol and formats"
        case badAttribute = "an attribute has no name"
        case tooManyMedia = "more than 64 media sections"
        case tooManyAttributes = "more than 1024 attributes"
        case tooManyFormats = "more than 128 formats in one media section"
        case tooManyLines = "too many e=, p=, b=, c=, t= or r= lines"
        case tooManyKeys = "more than 32 lines of keys in one section"
        case tooManyCandidates = "more than 128 candidates in one section"
    }

    /// The reason.
    public let code: Code
    /// Byte offset of the line, or of the byte, that is at fault.
    public let offset: Int

    /// From its parts.
    public init(_ code: Code, at offset: Int) {
        self.code = code
        self.offset = offset
    }

    /// Reason and place in one sentence.
    public var description: String { "\(self.code.rawValue), at byte \(self.offset)" }
}

/// What a description may hold at most; each limit has its error code.
public enum SDPLimits {
    /// Bytes of a description.
    public static let bytes = 65_536
    /// Media sections.
    public static let media = 64
    /// Attributes, of the session and all its media together.
    public static let attributes = 1024
    /// Formats of one m= line.
    public static let formats = 128
    /// Lines of one other repeatable kind (e, p, b, c, t, r) in one section.
    public static let lines = 32
    /// `a=crypto` and `a=fingerprint` lines of one section together.
    public static let keys = 32
    /// `a=candidate` lines of one section.
    public static let candidates = 128
    /// Candidates of a stream that are kept, the first that serve; a lite agent needs none.
    public static let candidatesKept = 16
}
