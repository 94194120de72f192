// SPDX-License-Identifier: Apache-2.0

import Management
import Testing

@testable import Provisioning

@Suite struct ImportTests {
    private func read(_ text: String, pieces: Int = .max) -> [CSVReader.Record] {
        self.read(Array(text.utf8), pieces: pieces)
    }

    private func read(_ bytes: [UInt8], pieces: Int = .max) -> [CSVReader.Record] {
        var reader = CSVReader()
        var records: [CSVReader.Record] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            records += reader.read(Array(rest.prefix(pieces)))
            rest = rest.dropFirst(pieces)
        }
        return records + [reader.finish()].compactMap(\.self)
    }

    @Test(arguments: [
        ("a,b\nc,d\n", [["a", "b"], ["c", "d"]]), ("a,b\r\nc,d", [["a", "b"], ["c", "d"]]),
        ("\u{feff}a\n", [["a"]]), ("\u{feff}\"a\"\r\n\r\nb", [["a"], ["b"]]),
        ("\"a,b\",\"c\"\"d\",\"e f\"\n", [["a,b", "c\"d", "e f"]]),
        (",\n", [["", ""]]), ("\"\"\n", [[""]]), ("a\"b\n", [["a\"b"]]), ("\n\n\r\n", []),
        ("é,€\n", [["é", "€"]]), ("a\r,b\r\n", [["a", "b"]]),
    ])
    func recordsThatAreRead(text: String, fields: [[String]]) {
        for pieces in [1, 2, 3, .max] {
            let records = self.read(text, pieces: pieces)
            #expect(records.map(\.fields) == fields)
            #expect(records.allSatisfy { $0.problem == nil })
        }
    }

    @Test func whatIsWrongIsWrongForOneRecord() {
        let long = String(repeating: "x", count: CSVReader.recordBytesMax + 1)
        let many = String(repeating: ",", count: CSVReader.fieldsMax)
        var bytes = Array("ok\n\"a\"b\n\(long)\n\(many)\n\"\(long)\n".utf8)
        bytes += [0x61, 0xff, 0x0a] + Array("end".utf8)
        let records = self.read(bytes)
        #expect(
            records.map(\.problem) == [
                nil, "something follows a closing quote", "is longer than 16384 bytes",
                "has more than 64 fields", "is longer than 16384 bytes", "is not UTF-8", nil,
            ])
        #expect(records.map(\.line) == [1, 2, 3, 4, 5, 6, 7])
    }

    @Test(arguments: [Int.max, 1])
    func aQuoteThatIsOpenTakesOnlyItsLine(pieces: Int) {
        let records = self.read("a,\"b\nc,d\r\n\"e\r\nf\n\"g", pieces: pieces)
        let problem = "has a quote that is not closed"
        #expect(records.map(\.problem) == [problem, nil, problem, nil, problem])
        #expect(records.map(\.fields) == [[], ["c", "d"], [], ["f"], []])
        #expect(records.map(\.line) == [1, 2, 3, 4, 5])
    }

    @Test func bytesAtRandomDoNoHarm() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let alphabet: [UInt8] = [0x22, 0x2c, 0x0a, 0x0d, 0x61, 0xff, 0x00, 0xef, 0xbb, 0xbf]
            let bytes = (0..<300).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            #expect(self.read(bytes) == self.read(bytes, pieces: 1), "\(bytes)")
        }
    }

    @Test func whatIsWrittenIsRead() {
        let fields = ["a", "b,c", "d\"e", "f\rg", "", "é"]
        let record = String(decoding: CSVWriter.record(fields), as: UTF8.self)
        #expect(self.read(record).map(\.fields) == [fields])
    }

    // MARK: Files

    private func lines(
        _ text: String, _ kind: ImportFile.Kind = .number
    ) throws -> [ImportFile.Line] {
        var file = ImportFile(kind)
        var lines = try file.read(Array(text.utf8))
        if let line = try file.finish() { lines.append(line) }
        return lines
    }

    @Test func aFileWithAHeading() throws {
        let lines = try self.lines(
            """
            number,tenant,service,trunk-set,custom-header
            +12025550100,acme,zoom,,x
            12025550101,acme,zoom,bypass,
            2025550102,acme
            hello,acme,zoom,,
            """)
        #expect(lines.map(\.number) == [2, 3, 4, 5])
        #expect(
            lines[0].element == [
                "number": "+12025550100", "tenant": "acme", "service": "zoom", "trunk-set": "",
                "custom-header": "x",
            ])
        #expect(lines[1].key == "+12025550101" && lines[1].element?["trunk-set"] == "bypass")
        #expect(lines[2].problem == "has 2 fields, and the heading 5")
        #expect(lines[3].element == nil && lines[3].problem.contains("is no number"))
    }

    @Test func theOtherSystemsFile() throws {
        let lines = try self.lines("\u{feff}Numbers\r\n12025550100\r\n+12025550101\r\n")
        #expect(lines.map(\.element) == [["number": "+12025550100"], ["number": "+12025550101"]])
    }

    @Test func moreThanTenThousandLines() throws {
        let text = "Numbers\n" + (0...10_000).map { "\(12_025_000_000 + $0)\n" }.joined()
        let lines = try self.lines(text)
        #expect(lines.count == 10_001)
        #expect(lines.allSatisfy { $0.element != nil } && lines.last?.number == 10_002)
    }

    @Test(arguments: [
        "", "\n", "nonsense\n1\n", "tenant,service\n", "number,number\n", "number,\u{1b}[2J\n",
        "\"number\nx",
    ])
    func headingsThatAreRefused(text: String) {
        let fault = #expect(throws: ImportFault.self) { try self.lines(text) }
        #expect(fault?.description.contains("\u{1b}") == false)
    }

    @Test func aFileThatIsTooLong() throws {
        var file = ImportFile(.number, bytesMax: 1 << 20)
        let piece = [UInt8](repeating: 0x0a, count: 1 << 18)
        for _ in 0..<4 { #expect(try file.read(piece).isEmpty) }
        let fault = #expect(throws: ImportFault.self) { try file.read([0x0a]) }
        #expect(fault?.description.contains("longer than 1 MB") == true)
    }

    // MARK: Into the store

    @Test func aHalfAppliedFileTellsWhereItStandsAndCanBeRunAgain() throws {
        let world = try ServiceFixture()
        let text = "number,tenant,service\n"
            + (0..<250).map { "1202555\(1000 + $0),\($0 == 7 ? "nobody" : "acme"),zoom\n" }
            .joined()
        let elements = try self.lines(text).compactMap(\.element).map { JSONValue.object($0) }
        let batches = stride(from: 0, to: elements.count, by: ImportFile.batch).map {
            JSONValue.array(Array(elements[$0..<min($0 + ImportFile.batch, elements.count)]))
        }
        // Something ends it after the first batch.
        let first = try world.ok("number-import", ["numbers": batches[0]])
        #expect(first["added"] == 99 && first["refused"] == 1)
        #expect(first["numbers"]?[7]?["error"]?["field"] == "number.tenant")
        var counts: [String: Int64] = [:]
        for batch in batches {
            let answer = try world.ok("number-import", ["numbers": batch])
            for state in ["added", "unchanged", "refused"] {
                counts[state, default: 0] += answer[state]?.integer ?? 0
            }
        }
        #expect(counts == ["added": 150, "unchanged": 99, "refused": 1])
        #expect(try world.numbers().count == 249)
    }
}
