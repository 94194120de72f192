// SPDX-License-Identifier: Apache-2.0

extension SessionDescription {
    /// Reads a description. Lines end in CRLF or LF, the last one may end with the bytes. v= and o=
    /// come first as RFC 8866 section 5 orders them; behind them a section takes its lines in any
    /// order, because peers mix up s=, c=, b= and a=. A type letter that SDP does not
    /// know refuses the whole (section 5). Throws the first fault with its offset.
    public static func parse(_ bytes: [UInt8]) throws(SDPError) -> SessionDescription {
        guard bytes.count <= SDPLimits.bytes else {
            throw SDPError(.tooLong, at: SDPLimits.bytes)
        }
        guard !bytes.isEmpty else { throw SDPError(.empty, at: 0) }
        var lines = LineReader(bytes)
        var parser = try SectionParser(&lines)
        while let line = try lines.next() {
            try parser.take(line)
        }
        return try parser.finish(at: lines.offset)
    }

    /// As above, from a message's body; offsets count from the start of the slice.
    public static func parse(_ bytes: ArraySlice<UInt8>) throws(SDPError) -> SessionDescription {
        try parse(Array(bytes))
    }
}

/// One line: its letter, its value and where it starts.
struct Line {
    let type: UInt8
    let value: SDPText
    let offset: Int

    func fail(_ code: SDPError.Code) -> SDPError { SDPError(code, at: self.offset) }
}

/// Splits bytes into lines.
struct LineReader {
    private let bytes: [UInt8]
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        self.rest = bytes[...]
    }

    /// Where the next line starts.
    var offset: Int { self.rest.startIndex }

    /// The next line; nil at the end. Empty lines at the very end are forgiven.
    mutating func next() throws(SDPError) -> Line? {
        let offset = self.offset
        guard !self.rest.isEmpty else { return nil }
        let end = self.rest.firstIndex(of: ASCII.lf) ?? self.rest.endIndex
        var text = self.rest[..<end]
        self.rest = end == self.rest.endIndex ? self.rest[end...] : self.rest[(end &+ 1)...]
        if text.last == ASCII.cr { text = text.dropLast() }
        if text.isEmpty, self.rest.allSatisfy({ $0 == ASCII.cr || $0 == ASCII.lf }) { return nil }
        guard let type = text.first, text.dropFirst().first == ASCII.equals else {
            throw SDPError(.notALine, at: offset)
        }
        if let bad = text.firstIndex(where: { $0 == 0 || $0 == ASCII.cr }) {
            throw SDPError(.forbiddenByte, at: bad)
        }
        let value = SDPText(checked: self.bytes, text.dropFirst(2).indices)
        return Line(type: type, value: value, offset: offset)
    }
}

/// Puts lines where they belong. The description grows as lines come.
struct SectionParser {
    private var session: SessionDescription
    private var sawName = false
    private var sawTiming = false
    private var attributeCount = 0
    private var keyCount = 0
    private var candidateCount = 0

    /// Takes v= and o=.
    init(_ lines: inout LineReader) throws(SDPError) {
        let version = try Self.require(0x76, &lines)
        guard version.value.equals("0") else { throw version.fail(.badVersion) }
        let origin = try Self.origin(Self.require(0x6f, &lines))
        self.session = SessionDescription(origin: origin)
        self.session.timings = []
    }

    func finish(at offset: Int) throws(SDPError) -> SessionDescription {
        guard self.sawName else { throw SDPError(.missingName, at: offset) }
        var result = self.session
        if !self.sawTiming { result.timings = [Timing(start: .zero, stop: .zero)] }
        return result
    }

    mutating func take(_ line: Line) throws(SDPError) {
        switch line.type {
        case 0x6d: try self.beginMedia(line)
        case 0x61: try self.takeAttribute(line)
        case _ where self.session.media.isEmpty: try self.takeSessionLine(line)
        default: try self.takeMediaLine(line)
        }
    }

    private mutating func takeAttribute(_ line: Line) throws(SDPError) {
        self.attributeCount &+= 1
        guard self.attributeCount <= SDPLimits.attributes else {
            throw line.fail(.tooManyAttributes)
        }
        let attribute: Attribute
        if let (name, value) = line.value.cut(at: ASCII.colon) {
            attribute = Attribute(name, value)
        } else {
            attribute = Attribute(line.value)
        }
        guard !attribute.name.isEmpty else { throw line.fail(.badAttribute) }
        try self.count(attribute, line)
        if self.session.media.isEmpty {
            self.session.attributes.append(attribute)
        } else {
            self.session.media[self.session.media.count &- 1].attributes.append(attribute)
        }
    }

    /// Lines of keys and candidates cost more than others, so each section may have fewer.
    private mutating func count(_ attribute: Attribute, _ line: Line) throws(SDPError) {
        let name = attribute.name
        if name.isLiteral("crypto") || name.isLiteral("fingerprint") {
            self.keyCount &+= 1
            guard self.keyCount <= SDPLimits.keys else { throw line.fail(.tooManyKeys) }
        } else if name.isLiteral("candidate") {
            self.candidateCount &+= 1
            guard self.candidateCount <= SDPLimits.candidates else {
                throw line.fail(.tooManyCandidates)
            }
        }
    }

    private mutating func takeSessionLine(_ line: Line) throws(SDPError) {
        switch line.type {
        case 0x73:
            guard !self.sawName else { throw line.fail(.repeatedLine) }
            self.sawName = true
            self.session.name = line.value
        case 0x69: try Self.setOnce(&self.session.information, line)
        case 0x75: try Self.setOnce(&self.session.uri, line)
        case 0x65: try Self.append(line.value, to: &self.session.emails, line)
        case 0x70: try Self.append(line.value, to: &self.session.phones, line)
        case 0x63:
            guard self.session.connection == nil else { throw line.fail(.repeatedLine) }
            self.session.connection = try Self.connection(line)
        case 0x62:
            try Self.append(Self.bandwidth(line), to: &self.session.bandwidths, line)
        case 0x74:
            self.sawTiming = true
            try Self.append(Self.timing(line), to: &self.session.timings, line)
        case 0x72:
            guard let last = self.session.timings.indices.last else {
                throw line.fail(.misplacedLine)
            }
            try Self.append(line.value, to: &self.session.timings[last].repeats, line)
        case 0x7a: try Self.setOnce(&self.session.zones, line)
        case 0x6b: try Self.setOnce(&self.session.key, line)
        case 0x76, 0x6f: throw line.fail(.repeatedLine)
        default: throw line.fail(.unknownType)
        }
    }

    private mutating func takeMediaLine(_ line: Line) throws(SDPError) {
        let last = self.session.media.count &- 1
        switch line.type {
        case 0x69: try Self.setOnce(&self.session.media[last].information, line)
        case 0x6b: try Self.setOnce(&self.session.media[last].key, line)
        case 0x63:
            try Self.append(
                Self.connection(line), to: &self.session.media[last].connections, line)
        case 0x62:
            try Self.append(
                Self.bandwidth(line), to: &self.session.media[last].bandwidths, line)
        case 0x76, 0x6f, 0x73, 0x75, 0x65, 0x70, 0x74, 0x72, 0x7a:
            throw line.fail(.misplacedLine)
        default: throw line.fail(.unknownType)
        }
    }

    private mutating func beginMedia(_ line: Line) throws(SDPError) {
        (self.keyCount, self.candidateCount) = (0, 0)
        guard self.sawName else { throw line.fail(.missingName) }
        guard self.session.media.count < SDPLimits.media else { throw line.fail(.tooManyMedia) }
        let words = line.value.words
        guard words.count >= 4 else { throw line.fail(.badMedia) }
        guard words.count &- 3 <= SDPLimits.formats else { throw line.fail(.tooManyFormats) }
        let portWords = words[1].cut(at: ASCII.slash)
        guard let port = (portWords?.head ?? words[1]).number(upTo: 65_535) else {
            throw line.fail(.badMedia)
        }
        var media = MediaDescription(
            kind: words[0], port: UInt16(port), transport: words[2], formats: Array(words[3...]))
        if let count = portWords?.tail {
            guard let value = count.number(upTo: 65_535) else { throw line.fail(.badMedia) }
            media.portCount = UInt16(value)
        }
        self.session.media.append(media)
    }
}

extension SectionParser {
    private static func require(
        _ type: UInt8, _ lines: inout LineReader
    ) throws(SDPError) -> Line {
        guard let line = try lines.next() else { throw SDPError(.wrongOrder, at: lines.offset) }
        guard line.type == type else { throw line.fail(.wrongOrder) }
        return line
    }

    private static func setOnce(_ field: inout SDPText?, _ line: Line) throws(SDPError) {
        guard field == nil else { throw line.fail(.repeatedLine) }
        field = line.value
    }

    private static func append<T>(
        _ value: T, to list: inout [T], _ line: Line
    ) throws(SDPError) {
        guard list.count < SDPLimits.lines else { throw line.fail(.tooManyLines) }
        list.append(value)
    }

    private static func origin(_ line: Line) throws(SDPError) -> Origin {
        let words = line.value.words
        guard words.count == 6, ASCII.isDigits(words[1].bytes), ASCII.isDigits(words[2].bytes)
        else { throw line.fail(.badOrigin) }
        return Origin(
            user: words[0], sessionID: words[1], version: words[2], networkType: words[3],
            addressType: words[4], address: words[5])
    }

    private static func connection(_ line: Line) throws(SDPError) -> Connection {
        let words = line.value.words
        guard words.count == 3 else { throw line.fail(.badConnection) }
        return Connection(networkType: words[0], addressType: words[1], address: words[2])
    }

    private static func bandwidth(_ line: Line) throws(SDPError) -> Bandwidth {
        guard let (type, text) = line.value.cut(at: ASCII.colon), !type.isEmpty,
            let value = text.number()
        else { throw line.fail(.badBandwidth) }
        return Bandwidth(type: type, value: value)
    }

    private static func timing(_ line: Line) throws(SDPError) -> Timing {
        let words = line.value.words
        guard words.count == 2, words.allSatisfy({ ASCII.isDigits($0.bytes) }) else {
            throw line.fail(.badTiming)
        }
        return Timing(start: words[0], stop: words[1])
    }
}
