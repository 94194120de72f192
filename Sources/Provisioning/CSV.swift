// SPDX-License-Identifier: Apache-2.0

/// Reads comma-separated values (RFC 4180) piece by piece: a byte order mark is passed over, lines
/// end with LF or CRLF, quotes may hold commas and doubled quotes. No field has a line end: a quote
/// that is open there was not closed, and takes no line with it but its own. Empty lines are no
/// records. What is wrong with a record is said of that record, and reading goes on with the next.
public struct CSVReader: Sendable {
    /// Bytes of a record at most.
    public static let recordBytesMax = 16 * 1024
    /// Fields of a record at most.
    public static let fieldsMax = 64

    /// One line of the file.
    public struct Record: Sendable, Equatable {
        /// Its number, from one.
        public let line: Int
        /// Its fields; empty where there is a problem.
        public let fields: [String]
        /// Why it cannot be used; nil: it can.
        public let problem: String?
    }

    private enum State {
        case start, plain, quoted, quoteInQuoted
    }

    private var state = State.start
    private var field: [UInt8] = []
    private var fields: [String] = []
    private var problem: String?
    private var bytes = 0
    private var line = 1
    private var offset = 0

    private static let mark: [UInt8] = [0xef, 0xbb, 0xbf]

    /// At the beginning of a file.
    public init() {}

    /// Takes the next bytes; the records that they end.
    public mutating func read(_ piece: some Sequence<UInt8>) -> [Record] {
        var records: [Record] = []
        for byte in piece {
            if self.offset < Self.mark.count, byte == Self.mark[self.offset] {
                self.offset += 1
                continue
            }
            self.offset = Self.mark.count
            if let record = self.take(byte) { records.append(record) }
        }
        return records
    }

    /// The file has ended; the last record, if no line end followed it.
    public mutating func finish() -> Record? {
        self.endRecord()
    }

    private mutating func take(_ byte: UInt8) -> Record? {
        self.bytes += 1
        if self.bytes > Self.recordBytesMax, self.problem == nil {
            self.problem = "is longer than \(Self.recordBytesMax) bytes"
            // Its quotes count for nothing any more: it ends with this line.
            self.state = .plain
        }
        switch (self.state, byte) {
        case (.quoted, 0x22): self.state = .quoteInQuoted
        case (.quoted, _) where byte != 0x0a: self.append(byte)
        case (.quoteInQuoted, 0x22):
            self.append(byte)
            self.state = .quoted
        case (.start, 0x22): self.state = .quoted
        case (_, 0x2c): self.endField()
        case (_, 0x0a):
            let record = self.endRecord()
            self.line += 1
            return record
        // Only where a line feed follows it; elsewhere no field takes it.
        case (.quoteInQuoted, 0x0d): self.state = .quoteInQuoted
        case (.quoteInQuoted, _):
            self.problem = self.problem ?? "something follows a closing quote"
        default:
            self.append(byte)
            self.state = .plain
        }
        return nil
    }

    private mutating func append(_ byte: UInt8) {
        if self.problem == nil { self.field.append(byte) }
    }

    private mutating func endField() {
        if self.state != .quoteInQuoted, self.field.last == 0x0d { self.field.removeLast() }
        if self.fields.count == Self.fieldsMax {
            self.problem = self.problem ?? "has more than \(Self.fieldsMax) fields"
        } else if let text = String(validating: self.field, as: UTF8.self) {
            self.fields.append(text)
        } else {
            self.problem = self.problem ?? "is not UTF-8"
        }
        self.field = []
        self.state = .start
    }

    private mutating func endRecord() -> Record? {
        if self.state == .quoted { self.problem = self.problem ?? "has a quote that is not closed" }
        let isQuoted = self.state == .quoteInQuoted
        self.endField()
        let isEmpty = self.fields == [""] && !isQuoted && self.problem == nil
        let record = Record(
            line: self.line, fields: self.problem == nil ? self.fields : [],
            problem: self.problem)
        self.fields = []
        self.problem = nil
        self.bytes = 0
        return isEmpty ? nil : record
    }
}

/// Writes comma-separated values.
public enum CSVWriter {
    /// A record with its line end. Fields are quoted where they must be.
    public static func record(_ fields: [String]) -> [UInt8] {
        Array(fields.map(self.quoted).joined(separator: ",").utf8) + [0x0a]
    }

    private static func quoted(_ field: String) -> String {
        guard field.utf8.contains(where: { [0x22, 0x2c, 0x0a, 0x0d].contains($0) }) else {
            return field
        }
        let doubled = field.utf8.flatMap { $0 == 0x22 ? [0x22, 0x22] : [$0] }
        return "\"" + String(decoding: doubled, as: UTF8.self) + "\""
    }
}
