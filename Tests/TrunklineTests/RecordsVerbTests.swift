// SPDX-License-Identifier: Apache-2.0

import Foundation
import Management
import Testing
import TestSupport

@testable import trunkline

@Suite struct RecordsVerbTests {
    private static let lines = """
        {"record":"attempt","id":"00000000000000a1","from":"carrier","called":"+49",\
        "invite_time":"2026-11-30T01:42:00.000Z","end":"no route","status":404}
        {"record":"partial","id":"00000000000000a2","part":1,"from":"carrier","to":"service",\
        "invite_time":"2026-11-30T01:42:01.000Z","answer_ms":1000,"end_ms":61000,"status":200}
        no record
        {"record":"closing","id":"00000000000000a2","from":"carrier","to":"service",\
        "calling":"+15550199","called":"+15550100","invite_time":"2026-11-30T01:42:01.000Z",\
        "answer_ms":1000,"end_ms":125999,"status":200,"end":"caller hung up"}

        """

    private func directory() throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory("records")
        try Self.lines.write(
            toFile: directory.path + "/calls.jsonl", atomically: true, encoding: .utf8)
        return directory
    }

    private func ids(_ records: [JSONValue]) -> [String] {
        records.compactMap { $0["id"]?.string?.suffix(2) }.map(String.init)
    }

    @Test func theLastAndThoseOfACall() throws {
        let directory = try self.directory()
        let path = directory.path
        #expect(self.ids(RecordReader.last(20, of: nil, in: path)) == ["a1", "a2", "a2"])
        #expect(self.ids(RecordReader.last(1, of: nil, in: path)) == ["a2"])
        let ofOne = RecordReader.last(.max, of: "00000000000000a2", in: path)
        #expect(ofOne.map { $0["record"]?.string } == ["partial", "closing"])
        #expect(RecordReader.last(20, of: "a2", in: path).isEmpty)
        #expect(RecordReader.last(20, of: nil, in: path + "/none").isEmpty)
    }

    @Test func aTableThatAligns() throws {
        let directory = try self.directory()
        let path = directory.path
        let text = Verb.recordTable(of: RecordReader.last(20, of: nil, in: path))
        let lines = text.split(separator: "\n")
        #expect(lines.count == 4)
        let column = try #require(lines[0].firstRange(of: "record"))
        let offset = lines[0].distance(from: lines[0].startIndex, to: column.lowerBound)
        for (line, word) in zip(lines, ["record", "attempt", "partial", "closing"]) {
            #expect(line.dropFirst(offset).hasPrefix(word), "\(line)")
        }
        #expect(lines[1].hasSuffix("-") && lines[2].hasSuffix("60") && lines[3].hasSuffix("124"))
    }
}
