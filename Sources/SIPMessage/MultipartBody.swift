// SPDX-License-Identifier: Apache-2.0

/// A multipart body (RFC 2046 section 5.1, RFC 5621): where its parts stand in the octets. Nothing
/// is copied and nothing is decoded, so that what passes can pass byte for byte.
public struct MultipartBody: Sendable {
    /// One part.
    public struct Part: Sendable {
        /// From the first octet of its delimiter line to the first octet of the next one: what has
        /// to go where the part is taken out.
        public let whole: Range<Int>
        /// What stands behind its empty line, without the line end before the next delimiter.
        public let content: Range<Int>
        /// Its header fields, unfolded.
        let fields: [(name: HeaderName, value: [UInt8])]

        /// The value of a header field of the part.
        public func first(_ name: HeaderName) -> [UInt8]? {
            self.fields.first { $0.name == name }?.value
        }

        /// Its media type; nil where it is not readable. Without Content-Type it is text/plain
        /// (RFC 2046 section 5.2).
        public var mediaType: MediaType? {
            guard let value = self.first(.contentType) else {
                return try? MediaType(Array("text/plain".utf8)[...])
            }
            return try? MediaType(value[...])
        }

        /// Who does not understand the part must refuse the message: what Content-Disposition says,
        /// and what holds without it (RFC 3261 section 20.11).
        public var isRequired: Bool {
            guard let value = self.first(.contentDisposition),
                let disposition = try? TokenValue(value[...]),
                let handling = disposition.parameters.value("handling")
            else { return true }
            return !ASCII.equalsIgnoringCase(handling, "optional")
        }

        /// Its octets are not what they mean: a transfer or content encoding lies over them.
        public var isEncoded: Bool {
            if self.first(.contentEncoding) != nil { return true }
            guard let value = self.first(Self.transferEncoding) else { return false }
            return !["7bit", "8bit", "binary"].contains { ASCII.equalsIgnoringCase(value, $0) }
        }

        private static var transferEncoding: HeaderName { HeaderName("Content-Transfer-Encoding") }
    }

    /// Why a body is no multipart body that can be passed on.
    public enum Fault: Error, Sendable, Hashable {
        /// No boundary, or one that RFC 2046 does not allow.
        case boundary
        /// No delimiter line, or no closing one.
        case unterminated
        /// A part without the line that ends its header fields, or with unreadable ones.
        case partHeader
        /// More parts than ``MultipartBody/partLimit``, the nested ones included.
        case tooManyParts
        /// Deeper than ``MultipartBody/depthLimit``.
        case tooDeep
    }

    /// Parts of one body, nested ones included.
    public static let partLimit = 16
    /// Multipart bodies inside one another.
    public static let depthLimit = 3
    /// Header fields of one part.
    public static let fieldLimit = 16

    /// The parts that are not multipart themselves, in order; those of nested bodies in their
    /// place.
    public private(set) var parts: [Part] = []

    /// Finds the parts of a body whose Content-Type is `type`. `body` may be any slice: ranges have
    /// its indices.
    public init(_ body: ArraySlice<UInt8>, type: MediaType) throws(Fault) {
        var seen = 0
        try self.read(body, type, depth: 1, seen: &seen)
    }

    private mutating func read(
        _ body: ArraySlice<UInt8>, _ type: MediaType, depth: Int, seen: inout Int
    ) throws(Fault) {
        guard depth <= Self.depthLimit else { throw .tooDeep }
        guard let boundary = type.boundary, Self.isUsable(boundary) else { throw .boundary }
        for part in try Self.split(body, boundary, seen: &seen) {
            if let nested = part.mediaType, nested.isMultipart {
                guard !part.isEncoded else { throw .partHeader }
                try self.read(body[part.content], nested, depth: depth + 1, seen: &seen)
            } else {
                self.parts.append(part)
            }
        }
    }

    /// 1 to 70 octets of RFC 2046 section 5.1.1, the last of them no space.
    private static func isUsable(_ boundary: ArraySlice<UInt8>) -> Bool {
        let allowed = ByteSet.alphanum.union("'()+_,-./:=? ")
        return (1...70).contains(boundary.count) && boundary.allSatisfy(allowed.contains)
            && boundary.last != 0x20
    }

    private struct Delimiter {
        /// With the line end before it, which belongs to it.
        let start: Int
        /// First octet of the line.
        let line: Int
        /// First octet of the next line.
        let end: Int
        let isClosing: Bool
    }

    private static func split(
        _ body: ArraySlice<UInt8>, _ boundary: ArraySlice<UInt8>, seen: inout Int
    ) throws(Fault) -> [Part] {
        var parts: [Part] = []
        var open: Delimiter?
        var line = body.startIndex
        while line < body.endIndex {
            let next = self.nextLine(body, line)
            guard let found = self.delimiter(body, line..<next, boundary) else {
                line = next
                continue
            }
            if let open {
                seen += 1
                guard seen <= self.partLimit else { throw .tooManyParts }
                parts.append(try self.part(body, open, found))
            }
            if found.isClosing {
                guard open != nil else { throw .unterminated }
                return parts
            }
            open = found
            line = next
        }
        throw .unterminated
    }

    private static func nextLine(_ body: ArraySlice<UInt8>, _ line: Int) -> Int {
        var index = line
        while index < body.endIndex {
            if body[index] == 0x0a { return index + 1 }
            index += 1
        }
        return body.endIndex
    }

    /// "--" boundary ["--"] and white space, alone on a line.
    private static func delimiter(
        _ body: ArraySlice<UInt8>, _ line: Range<Int>, _ boundary: ArraySlice<UInt8>
    ) -> Delimiter? {
        let dash = UInt8(ascii: "-")
        guard line.count >= boundary.count + 2, body[line.lowerBound] == dash,
            body[line.lowerBound + 1] == dash
        else { return nil }
        var rest = body[(line.lowerBound + 2)..<line.upperBound]
        guard rest.starts(with: boundary) else { return nil }
        rest = rest.dropFirst(boundary.count)
        let isClosing = rest.starts(with: [dash, dash])
        if isClosing { rest = rest.dropFirst(2) }
        guard rest.allSatisfy({ $0.isWhiteSpace || $0 == 0x0d || $0 == 0x0a }) else { return nil }
        var start = line.lowerBound
        if start > body.startIndex, body[start - 1] == 0x0a { start -= 1 }
        if start > body.startIndex, body[start - 1] == 0x0d { start -= 1 }
        return Delimiter(
            start: start, line: line.lowerBound, end: line.upperBound, isClosing: isClosing)
    }

    private static func part(
        _ body: ArraySlice<UInt8>, _ open: Delimiter, _ close: Delimiter
    ) throws(Fault) -> Part {
        var fields: [(name: HeaderName, value: [UInt8])] = []
        var line = open.end
        while true {
            guard line < close.line else { throw .partHeader }
            let next = self.nextLine(body, line)
            let text = self.trimmedEnd(body[line..<next])
            if text.isEmpty {
                // A part without content has the delimiter's line end as its empty line.
                return Part(
                    whole: open.line..<close.line, content: next..<max(next, close.start),
                    fields: fields)
            }
            try self.take(text, into: &fields)
            line = next
        }
    }

    private static func trimmedEnd(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var line = line
        while let last = line.last, last == 0x0a || last == 0x0d { line.removeLast() }
        return line
    }

    /// One line of the header of a part; one that begins with white space goes on with the last.
    private static func take(
        _ line: ArraySlice<UInt8>, into fields: inout [(name: HeaderName, value: [UInt8])]
    ) throws(Fault) {
        if line.first?.isWhiteSpace == true {
            guard !fields.isEmpty else { throw .partHeader }
            fields[fields.count - 1].value += [0x20] + CommaList.trim(line)
            return
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), fields.count < self.fieldLimit
        else { throw .partHeader }
        let name = CommaList.trim(line[line.startIndex..<colon])
        guard !name.isEmpty, name.allSatisfy(ByteSet.token.contains) else { throw .partHeader }
        fields.append(
            (HeaderName(bytes: name), Array(CommaList.trim(line[(colon + 1)..<line.endIndex]))))
    }
}
