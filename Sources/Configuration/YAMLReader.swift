// SPDX-License-Identifier: Apache-2.0

import CYAML

/// Bytes to a `YAMLNode`, by libyaml's events: the only place that knows the library. Anchors,
/// aliases and tags are refused (nothing here needs them, and aliases multiply), nesting is
/// bounded, and there is one document.
struct YAMLReader: ~Copyable {
    /// Nesting that is read.
    static let depthLimit = 8

    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let bytes: [UInt8]
    private let file: String?

    /// Reads the tree; nil for a file without a document. Its lines are those of `file`, where that
    /// is not the file that is read.
    static func read(
        _ bytes: [UInt8], file: String? = nil
    ) throws(YAMLFault) -> YAMLNode? {
        guard var reader = YAMLReader(bytes, file) else {
            throw YAMLFault(line: 0, problem: "no memory to read it", fix: "free some memory")
        }
        return try reader.document()
    }

    private init?(_ bytes: [UInt8], _ file: String?) {
        self.bytes = bytes
        self.file = file
        self.parser = .allocate(capacity: 1)
        guard yaml_parser_initialize(self.parser) == 1 else {
            self.parser.deallocate()
            return nil
        }
    }

    deinit {
        yaml_parser_delete(self.parser)
        self.parser.deallocate()
    }

    private mutating func document() throws(YAMLFault) -> YAMLNode? {
        // The library keeps the pointer while events come, so the bytes stay put that long.
        let result = self.bytes.withUnsafeBufferPointer {
            buffer -> Result<YAMLNode?, YAMLFault> in
            yaml_parser_set_encoding(self.parser, YAML_UTF8_ENCODING)
            yaml_parser_set_input_string(self.parser, buffer.baseAddress, buffer.count)
            return Result { () throws(YAMLFault) in try self.stream() }
        }
        return try result.get()
    }

    private func stream() throws(YAMLFault) -> YAMLNode? {
        var root: YAMLNode?
        while true {
            let event = try self.next()
            switch event.kind {
            case .streamEnd: return root
            case .documentStart where root != nil:
                throw YAMLFault(
                    line: event.line, problem: "a second document begins",
                    fix: "keep everything in one, without '---' in between")
            case .scalar, .sequenceStart, .mappingStart:
                root = try self.node(event, depth: 0)
            default: break
            }
        }
    }

    private func node(_ event: Event, depth: Int) throws(YAMLFault) -> YAMLNode {
        guard depth < Self.depthLimit else {
            throw YAMLFault(
                line: event.line, problem: "nested more than \(Self.depthLimit) deep",
                fix: "write the sections flat, as in the example file")
        }
        switch event.kind {
        case .scalar(let text, let plain):
            return YAMLNode(line: event.line, content: .scalar(text, plain: plain))
        case .sequenceStart:
            var items: [YAMLNode] = []
            while case let item = try self.next(), item.kind != .sequenceEnd {
                items.append(try self.node(item, depth: depth + 1))
            }
            return YAMLNode(line: event.line, content: .sequence(items))
        default:
            var entries: [YAMLNode.Entry] = []
            while case let key = try self.next(), key.kind != .mappingEnd {
                guard case .scalar(let name, _) = key.kind else {
                    throw YAMLFault(
                        line: key.line, problem: "a list or section stands as a key",
                        fix: "write a name, a colon and the value")
                }
                let value = try self.node(try self.next(), depth: depth + 1)
                entries.append(YAMLNode.Entry(key: name, line: key.line, value: value))
            }
            return YAMLNode(line: event.line, content: .mapping(entries))
        }
    }

    private struct Event {
        enum Kind: Equatable {
            case scalar(String, plain: Bool)
            case sequenceStart, sequenceEnd, mappingStart, mappingEnd
            case documentStart, streamEnd, other
        }
        var kind: Kind
        var line: SourceLine
    }

    /// The next event, copied out of the library's memory.
    private func next() throws(YAMLFault) -> Event {
        var event = yaml_event_t()
        guard yaml_parser_parse(self.parser, &event) == 1 else { throw self.syntaxFault() }
        defer { yaml_event_delete(&event) }
        let line = SourceLine(event.start_mark.line + 1, file: self.file)
        switch event.type {
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            try self.refuse(anchor: scalar.anchor, tag: scalar.tag, line)
            let text = String(
                decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length),
                as: UTF8.self)
            return Event(
                kind: .scalar(text, plain: scalar.style == YAML_PLAIN_SCALAR_STYLE), line: line)
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            try self.refuse(anchor: start.anchor, tag: start.tag, line)
            return Event(kind: .sequenceStart, line: line)
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            try self.refuse(anchor: start.anchor, tag: start.tag, line)
            return Event(kind: .mappingStart, line: line)
        case YAML_ALIAS_EVENT:
            throw YAMLFault(
                line: line, problem: "an alias (*name)", fix: "write the value out")
        case YAML_SEQUENCE_END_EVENT: return Event(kind: .sequenceEnd, line: line)
        case YAML_MAPPING_END_EVENT: return Event(kind: .mappingEnd, line: line)
        case YAML_DOCUMENT_START_EVENT: return Event(kind: .documentStart, line: line)
        case YAML_STREAM_END_EVENT: return Event(kind: .streamEnd, line: line)
        default: return Event(kind: .other, line: line)
        }
    }

    private func refuse(
        anchor: UnsafeMutablePointer<UInt8>?, tag: UnsafeMutablePointer<UInt8>?, _ line: SourceLine
    ) throws(YAMLFault) {
        if anchor != nil {
            throw YAMLFault(
                line: line, problem: "an anchor (&name)",
                fix: "write the value out where it is used")
        }
        if tag != nil {
            throw YAMLFault(
                line: line, problem: "a tag (!name)", fix: "leave it out; quotes make a text")
        }
    }

    private func syntaxFault() -> YAMLFault {
        let parser = self.parser.pointee
        let problem = parser.problem.map { String(cString: $0) } ?? "it cannot be read"
        var line = Int(parser.problem_mark.line) + 1
        if parser.error == YAML_READER_ERROR {
            // Bytes that are no UTF-8 have an offset but no mark.
            line = 1 + self.bytes.prefix(Int(parser.problem_offset)).count { $0 == 0x0a }
        }
        let context = parser.context.map { " (\(String(cString: $0)))" } ?? ""
        return YAMLFault(
            line: SourceLine(line, file: self.file),
            problem: "not YAML: \(problem)\(context)",
            fix: "check indentation (spaces, no tabs), colons and quotes on and above this line")
    }
}
