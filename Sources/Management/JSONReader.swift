// SPDX-License-Identifier: Apache-2.0

/// Why bytes are not the JSON that is expected.
public struct JSONError: Error, Equatable, CustomStringConvertible {
    /// What is wrong, in words.
    public let reason: String
    /// Where, in bytes from the start.
    public let offset: Int
    /// The line of that place, from one.
    public let line: Int

    /// "line 3: a comma or } is missing".
    public var description: String { "line \(self.line): \(self.reason)" }
}

extension JSONValue {
    /// Limits of what is read.
    public struct Limits: Sendable {
        /// Bytes of the whole text.
        public var bytes: Int
        /// Arrays and objects within each other.
        public var depth: Int
        /// Values altogether.
        public var values: Int

        /// Limits that suit a request of a person or a script.
        public init(bytes: Int = 1 << 20, depth: Int = 16, values: Int = 100_000) {
            self.bytes = bytes
            self.depth = depth
            self.values = values
        }
    }

    /// Reads one value and nothing after it, as RFC 8259 says and no looser: no comments, no
    /// trailing commas, valid UTF-8, each member name once.
    public init(parsing bytes: [UInt8], limits: Limits = Limits()) throws(JSONError) {
        var reader = JSONReader(bytes: bytes, limits: limits)
        guard bytes.count <= limits.bytes else {
            throw reader.error("longer than \(limits.bytes) bytes", at: limits.bytes)
        }
        self = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.isAtEnd else { throw reader.error("something follows the value") }
    }
}

private struct JSONReader {
    private let bytes: [UInt8]
    private let limits: JSONValue.Limits
    private var position = 0
    private var valueCount = 0

    init(bytes: [UInt8], limits: JSONValue.Limits) {
        self.bytes = bytes
        self.limits = limits
    }

    var isAtEnd: Bool { self.position == self.bytes.count }

    private var next: UInt8? { self.isAtEnd ? nil : self.bytes[self.position] }

    func error(_ reason: String, at offset: Int? = nil) -> JSONError {
        let offset = min(offset ?? self.position, self.bytes.count)
        let line = self.bytes[..<offset].reduce(1) { $0 + ($1 == 0x0a ? 1 : 0) }
        return JSONError(reason: reason, offset: offset, line: line)
    }

    mutating func skipSpace() {
        while let byte = self.next, [0x20, 0x09, 0x0a, 0x0d].contains(byte) { self.position += 1 }
    }

    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        guard self.next == UInt8(ascii: byte) else { return false }
        self.position += 1
        return true
    }

    mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        self.skipSpace()
        self.valueCount += 1
        guard self.valueCount <= self.limits.values else { throw self.error("too many values") }
        guard let byte = self.next else { throw self.error("the text ends early") }
        switch byte {
        case UInt8(ascii: "{"): return .object(try self.object(depth: depth + 1))
        case UInt8(ascii: "["): return .array(try self.array(depth: depth + 1))
        case UInt8(ascii: "\""): return .string(try self.string())
        case UInt8(ascii: "t"): return try self.word("true", .bool(true))
        case UInt8(ascii: "f"): return try self.word("false", .bool(false))
        case UInt8(ascii: "n"): return try self.word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try self.number()
        default: throw self.error("a value is expected")
        }
    }

    private mutating func word(
        _ word: StaticString, _ value: JSONValue
    ) throws(JSONError) -> JSONValue {
        let text = word.withUTF8Buffer { Array($0) }
        guard self.bytes[self.position...].starts(with: text) else {
            throw self.error("a value is expected")
        }
        self.position += text.count
        return value
    }

    private mutating func open(depth: Int) throws(JSONError) {
        guard depth <= self.limits.depth else {
            throw self.error("more than \(self.limits.depth) arrays and objects in each other")
        }
        self.position += 1
        self.skipSpace()
    }

    private mutating func array(depth: Int) throws(JSONError) -> [JSONValue] {
        try self.open(depth: depth)
        var elements: [JSONValue] = []
        if self.take("]") { return elements }
        while true {
            elements.append(try self.value(depth: depth))
            self.skipSpace()
            if self.take("]") { return elements }
            guard self.take(",") else { throw self.error("a comma or ] is missing") }
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONObject {
        try self.open(depth: depth)
        var object = JSONObject()
        var names: Set<String> = []
        if self.take("}") { return object }
        while true {
            self.skipSpace()
            let start = self.position
            guard self.next == UInt8(ascii: "\"") else { throw self.error("a name is expected") }
            let name = try self.string()
            guard names.insert(name).inserted else {
                throw self.error("\"\(name)\" stands twice", at: start)
            }
            self.skipSpace()
            guard self.take(":") else { throw self.error("a colon is missing") }
            object.append(name, try self.value(depth: depth))
            self.skipSpace()
            if self.take("}") { return object }
            guard self.take(",") else { throw self.error("a comma or } is missing") }
        }
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = self.position
        _ = self.take("-")
        let hasZero = self.next == UInt8(ascii: "0")
        let count = self.digits()
        guard count > 0 else { throw self.error("a digit is missing") }
        if hasZero, count > 1 { throw self.error("a number begins with zero", at: start) }
        var isInteger = true
        if self.take(".") {
            isInteger = false
            guard self.digits() > 0 else { throw self.error("a digit is missing") }
        }
        if self.take("e") || self.take("E") {
            isInteger = false
            _ = self.take("+") || self.take("-")
            guard self.digits() > 0 else { throw self.error("a digit is missing") }
        }
        let text = String(decoding: self.bytes[start..<self.position], as: UTF8.self)
        if isInteger, let value = Int64(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else {
            throw self.error("the number is too large", at: start)
        }
        return .number(value)
    }

    private mutating func digits() -> Int {
        let start = self.position
        while let byte = self.next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            self.position += 1
        }
        return self.position - start
    }

    private mutating func string() throws(JSONError) -> String {
        let start = self.position
        self.position += 1
        var output: [UInt8] = []
        while let byte = self.next {
            self.position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: output, as: UTF8.self) else {
                    throw self.error("a string that is not UTF-8", at: start)
                }
                return text
            case UInt8(ascii: "\\"): try self.escape(into: &output)
            case 0..<0x20: throw self.error("a control character in a string")
            default: output.append(byte)
            }
        }
        throw self.error("a string without an end", at: start)
    }

    private mutating func escape(into output: inout [UInt8]) throws(JSONError) {
        guard let byte = self.next else { throw self.error("a string without an end") }
        self.position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): output.append(byte)
        case UInt8(ascii: "b"): output.append(0x08)
        case UInt8(ascii: "f"): output.append(0x0c)
        case UInt8(ascii: "n"): output.append(0x0a)
        case UInt8(ascii: "r"): output.append(0x0d)
        case UInt8(ascii: "t"): output.append(0x09)
        case UInt8(ascii: "u"): try self.unicode(into: &output)
        default: throw self.error("an unknown escape in a string")
        }
    }

    private mutating func unicode(into output: inout [UInt8]) throws(JSONError) {
        var code = try self.hexadecimal()
        if (0xd800..<0xdc00).contains(code), self.take("\\"), self.take("u") {
            let low = try self.hexadecimal()
            guard (0xdc00..<0xe000).contains(low) else { throw self.error("half a character") }
            code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw self.error("half a character") }
        output.append(contentsOf: Array(String(Character(scalar)).utf8))
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = self.next, let digit = Self.digit(byte) else {
                throw self.error("four hexadecimal digits are expected")
            }
            self.position += 1
            code = code << 4 | digit
        }
        return code
    }

    private static func digit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}
