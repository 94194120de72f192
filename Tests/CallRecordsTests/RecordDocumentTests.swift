// SPDX-License-Identifier: Apache-2.0

import CallControl
import Foundation
import Testing

@testable import CallRecords

@Test func recordsDocumentIsTheGeneratedOne() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    let path = root.appendingPathComponent("appliance/docs/records.md")
    let text = RecordDocument.text
    if getenv("TRUNKLINE_WRITE_EXAMPLE") != nil {
        try text.write(to: path, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: path, encoding: .utf8) == text)
}

/// `appliance/docs/records.md`.
enum RecordDocument {
    static var text: String {
        var lines = self.head
        lines += ["", "## Members", ""] + self.table(RecordField.record)
        lines += ["", "### Of an element of `left`", ""] + self.table(RecordField.departure)
        lines += ["", "### Of an element of `digits`", ""] + self.table(RecordField.digit)
        lines += ["", "### Of a leg", ""] + self.table(RecordField.leg)
        lines += [
            "", "Counts are those of the leg's flow since the fast path installed it: a restart of",
            "the fast path begins anew, and after a transfer they are those of the leg that came.",
            "", "## Ends", "", "| `end` | `ended_by` |", "| --- | --- |",
        ]
        lines += CallEnd.all.map { "| `\($0.description)` | `\($0.party.rawValue)` |" }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func table(_ fields: [RecordField]) -> [String] {
        ["| member | value | meaning | left out when |", "| --- | --- | --- | --- |"]
            + fields.map {
                "| `\($0.name)` | \($0.kind) | \($0.meaning) | \($0.absent ?? "never") |"
            }
    }

    private static let head = """
        # Records of calls

        Made by `appliance/docs/generate --records` from the lists of the code; do not edit.

        Each line of `calls.jsonl` is one JSON object (RFC 8259) in UTF-8. `record` says what it is:

        | `record` | is written |
        | --- | --- |
        | `closing` | when a call has ended, answered or not: exactly one for each call |
        | `partial` | every `records.partial-seconds` of an answered call, from its answer on |
        | `attempt` | for an INVITE of a trunk that was refused before there was a call |

        ## What can be relied on

        **A closing record is written exactly once**, also where the process is killed: until the
        line is in the file it is in the call's checkpoint, and the next process writes it. Calls
        that cannot be taken up then get one with `end` `restart`. Only the loss of the machine
        loses lines, or more of them waiting than `records.buffer-mb` has room for. Partial records
        and attempts of the last moments before a kill (some 20 ms) may be missing.

        **Attempts are bounded** by `records.attempts-per-second`; above it they are only counted.
        Requests of addresses that are no trunk's make none, and neither do those that are thrown
        away unread or above `max-requests-per-second`.

        **Files.** A file of `records.file-mb` becomes `calls-YYYYMMDDThhmmssZ.jsonl`, with the time
        of that in UTC, and `records.files` of these are kept. Mode 0640. `calls.jsonl` may be moved
        or removed at any time: another one is begun. `systemctl reload trunkline` opens it anew.
        A line is appended whole; who reads while it is written looks for the line end.

        **When the disk is full or away** nothing happens to calls: lines wait, `trunkline status`
        has a condition with the reason and with how many wait, and writing is tried again each
        second. Above `records.buffer-mb` the oldest lines are lost and counted (`dropped`).

        Members are only ever added; read what you know and ignore the rest. A member that is not
        known is left out, so that none is ever `null`. Bytes that are no UTF-8 become U+FFFD, and a
        text ends after 256 bytes.
        """.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
}
