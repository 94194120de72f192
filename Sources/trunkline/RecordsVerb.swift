// SPDX-License-Identifier: Apache-2.0

import Configuration
import Management
import Node

extension Verb {
    static let records = Verb(
        name: "records", summary: "what was written of calls",
        details: """
            Lists records of calls, the newest last: ended calls, attempts that were refused, and
            calls in progress (partial). talked is in seconds, "-" for a call that nobody answered.
            The files are read where they are; the running node is asked for their directory, or
            with --config the configuration, which needs none. appliance/docs/records.md has every
            member of a record; --json shows them all.
            Exit status: 0, 1 there is no such record, 3 not running.
            """,
        options: RunningNode.options + [
            Option(name: "last", value: "N", help: "the last N records (20)"),
            Option(name: "call", value: "ID", help: "all records of one call"),
        ]
    ) { (arguments) throws(Failure) in
        _ = try arguments.operands(0...0, "")
        let count = try arguments.number("last", 1...1_000_000)
        guard let directory = try Self.directory(arguments) else {
            throw .no("no records are written: records.directory is off")
        }
        let records = RecordReader.last(
            arguments["call"] == nil ? count ?? 20 : count ?? .max, of: arguments["call"],
            in: directory)
        if arguments.wantsJSON {
            Terminal.print(.array(records))
        } else if !records.isEmpty {
            Terminal.print(Self.recordTable(of: records))
        } else {
            Terminal.print("no records")
        }
        return records.isEmpty && arguments.has("call") ? .no : .ok
    }

    private static func directory(_ arguments: Arguments) throws(Failure) -> String? {
        if let path = arguments["config"], arguments["directory"] == nil {
            return try Configurations.load(path).records.directory
        }
        return try RunningNode(arguments).ask("records")["directory"]?.string
    }

    static func recordTable(of records: [JSONValue]) -> String {
        let columns = ["id", "record", "from", "to", "calling", "called", "status", "end"]
        var table = Table(columns: ["time"] + columns + ["talked"])
        for record in records {
            var talked = "-"
            if let answered = record["answer_ms"]?.integer, let ended = record["end_ms"]?.integer {
                talked = "\((ended &- min(answered, ended)) / 1000)"
            }
            let time = record["invite_time"] ?? record["end_time"]
            table.add(
                [Render.cell(time)] + columns.map { Render.cell(record[$0]) } + [talked])
        }
        return table.text
    }
}

/// Reads records from the files of a directory.
enum RecordReader {
    private static let lineBytesMax = 65_536

    /// The last records, of one call or of all, the newest last. What is no record is left out.
    static func last(_ count: Int, of call: String?, in directory: String) -> [JSONValue] {
        let wanted = call.map { Array("\"\($0)\"".utf8) }
        var records: [JSONValue] = []
        RecordFile.visitTail(in: directory, bytes: .max) { line in
            guard line.count <= Self.lineBytesMax,
                wanted.map({ Self.contains(line, $0) }) ?? true,
                let record = try? JSONValue(parsing: Array(line)), record["record"] != nil,
                call == nil || record["id"]?.string == call
            else { return true }
            records.append(record)
            return records.count < count
        }
        return records.reversed()
    }

    /// Most lines need not be parsed: the identifier stands near their beginning.
    private static func contains(_ line: ArraySlice<UInt8>, _ text: [UInt8]) -> Bool {
        let head = line.prefix(64)
        return head.indices.contains { head[$0...].starts(with: text) }
    }
}
