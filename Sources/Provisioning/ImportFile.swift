// SPDX-License-Identifier: Apache-2.0

public import Management
internal import Tenancy

/// A file of tenants or numbers as requests: its heading says which field a column is, each line
/// after it is an element. Bytes come piece by piece; elements leave in batches.
public struct ImportFile: Sendable {
    /// Bytes of a file at most.
    public static let bytesMax = 64 << 20
    /// Elements of one request.
    public static let batch = 100

    /// What its lines are.
    public enum Kind: String, Sendable {
        case tenant, number

        /// The member of a request that holds the elements.
        public var member: String { self.rawValue + "s" }
        /// The verb that takes them.
        public var verb: String { self.rawValue + "-import" }
        /// The field that names an element.
        public var key: String { self == .tenant ? "name" : "number" }
        /// Fields that a column can be, in the order in which exports have them.
        public var fields: [ProvisionedField] {
            self == .tenant ? AccountFields.all : NumberFields.all
        }
    }

    /// A line with an element, or with the reason why it has none.
    public struct Line: Sendable, Equatable {
        /// Its line in the file, from one.
        public let number: Int
        /// What names its element, as far as it can be read.
        public let key: String
        /// The element; nil where there is a problem.
        public let element: JSONObject?
        /// Why there is none; empty where there is one.
        public let problem: String
    }

    private let kind: Kind
    private let bytesMax: Int
    private var reader = CSVReader()
    private var columns: [String]?
    private var bytes = 0

    /// Nothing read yet.
    public init(_ kind: Kind) { self.init(kind, bytesMax: Self.bytesMax) }

    init(_ kind: Kind, bytesMax: Int) {
        self.kind = kind
        self.bytesMax = bytesMax
    }

    /// Takes the next bytes; the lines that they end. Throws where the heading, or the whole file,
    /// cannot be used.
    public mutating func read(_ piece: [UInt8]) throws(ImportFault) -> [Line] {
        self.bytes += piece.count
        guard self.bytes <= self.bytesMax else {
            throw ImportFault("the file is longer than \(self.bytesMax >> 20) MB; divide it")
        }
        var lines: [Line] = []
        for record in self.reader.read(piece) {
            if let line = try self.line(record) { lines.append(line) }
        }
        return lines
    }

    /// The file has ended; its last line, if there is one.
    public mutating func finish() throws(ImportFault) -> Line? {
        let line = try self.reader.finish().flatMap { (record) throws(ImportFault) in
            try self.line(record)
        }
        guard self.columns != nil else { throw ImportFault("the file is empty") }
        return line
    }

    private mutating func line(_ record: CSVReader.Record) throws(ImportFault) -> Line? {
        guard let columns else {
            self.columns = try self.heading(record)
            return nil
        }
        let position = columns.firstIndex(of: self.kind.key) ?? 0
        let fields = record.fields
        let key = fields.indices.contains(position) ? self.key(fields[position]) : ""
        if let problem = record.problem {
            return Line(number: record.line, key: key, element: nil, problem: problem)
        }
        guard fields.count == columns.count else {
            return Line(
                number: record.line, key: key, element: nil,
                problem: "has \(fields.count) fields, and the heading \(columns.count)")
        }
        if self.kind == .number, E164(key.utf8) == nil {
            return Line(
                number: record.line, key: Self.shown(key), element: nil,
                problem: "is no number; allowed: \(Fields.number.allowed)")
        }
        var element: JSONObject = [:]
        for (name, value) in zip(columns, fields) { element[name] = .string(value) }
        element[self.kind.key] = .string(key)
        return Line(number: record.line, key: key, element: element, problem: "")
    }

    /// Columns of the heading. `Numbers` alone is the form that Azure Communications Gateway took.
    private func heading(_ record: CSVReader.Record) throws(ImportFault) -> [String] {
        if let problem = record.problem { throw ImportFault("line \(record.line) \(problem)") }
        if self.kind == .number, record.fields == ["Numbers"] { return ["number"] }
        let known = self.kind.fields.map(\.name)
        var columns: [String] = []
        for name in record.fields {
            guard known.contains(name) else {
                throw ImportFault(
                    "line \(record.line) is no heading: \"\(Self.shown(name))\" is no field; "
                        + "there are \(known.joined(separator: ", "))")
            }
            guard !columns.contains(name) else {
                throw ImportFault("line \(record.line) names \(name) twice")
            }
            columns.append(name)
        }
        guard columns.contains(self.kind.key) else {
            throw ImportFault("line \(record.line) names no column \(self.kind.key)")
        }
        return columns
    }

    /// Numbers may stand without their `+`; spreadsheets take it away.
    private func key(_ text: String) -> String {
        guard self.kind == .number, text.utf8.first.map({ $0 != 0x2b }) ?? false,
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return text }
        return "+" + text
    }

    private static func shown(_ text: String) -> String {
        String(
            decoding: text.utf8.prefix(40).map { (0x20...0x7e).contains($0) ? $0 : 0x3f },
            as: UTF8.self)
    }
}

/// Why a file cannot be used at all.
public struct ImportFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// The sentence.
    public let description: String
    /// With a sentence.
    public init(_ description: String) { self.description = description }
}
