// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Configuration

@Suite struct RecordsConfigurationTests {
    private func records(_ text: String) throws -> RecordsConfiguration {
        let file = NodeConfiguration.exampleFile()
        let start = try #require(file.firstRange(of: "\nrecords:"))
        return try NodeConfiguration.parse(
            Array((file[..<start.lowerBound] + "\n" + text).utf8), file: "x"
        ).records
    }

    private func issues(_ text: String) throws -> [String] {
        let error = #expect(throws: ConfigurationErrors.self) { try self.records(text) }
        return (error?.issues ?? []).map { "\($0.key) \($0.problem)" }
    }

    @Test func withoutASection() throws {
        let records = try self.records("")
        #expect(records == RecordsConfiguration(directory: "/var/lib/trunkline/records"))
        #expect(records.fileMB == 100 && records.files == 30 && records.partialSeconds == 900)
        #expect(records.attemptsPerSecond == 100 && records.bufferMB == 16)
    }

    @Test func everyKey() throws {
        let records = try self.records(
            """
            records: { directory: /srv/cdr, file-mb: 1, files: 2, partial-seconds: 0,
                       attempts-per-second: 0, buffer-mb: 1024 }
            """)
        #expect(records.directory == "/srv/cdr" && records.fileMB == 1 && records.files == 2)
        #expect(records.partialSeconds == 0 && records.attemptsPerSecond == 0)
        #expect(records.bufferMB == 1024)
    }

    @Test func off() throws {
        #expect(try self.records("records: { directory: off }").directory == nil)
    }

    @Test func limits() throws {
        for text in [
            "file-mb: 0", "files: 0", "partial-seconds: 86401", "attempts-per-second: 10001",
            "buffer-mb: 0",
        ] { #expect(try self.issues("records: { \(text) }").count == 1, "\(text)") }
        let problem = "is neither off nor an absolute path of at most 200 bytes"
        for path in ["records", "Off", "/" + String(repeating: "d", count: 200)] {
            #expect(
                try self.issues("records: { directory: \(path) }")
                    == ["records.directory \(problem)"])
        }
    }
}
