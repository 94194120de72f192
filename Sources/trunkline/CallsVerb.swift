// SPDX-License-Identifier: Apache-2.0

import Management

extension Verb {
    static let calls = Verb(
        name: "calls", summary: "the calls in progress",
        details: """
            Lists the calls in progress, one a line. The identifier in the first column is what
            trunkline call takes; secure says which legs are encrypted (a is the caller's). With
            --ended: the last calls that have ended (1,000 are kept), the newest last, with the SIP
            status or the reason of their end.
            """,
        options: RunningNode.options + [Option(name: "ended", help: "the calls that have ended")]
    ) { (arguments) throws(Failure) in
        _ = try arguments.operands(0...0, "")
        let isEnded = arguments.has("ended")
        let calls = try RunningNode(arguments).ask(isEnded ? "records" : "calls")
        if arguments.wantsJSON {
            Terminal.print(calls)
        } else if let list = calls.array, !list.isEmpty {
            Terminal.print(isEnded ? Self.ended(list) : Self.inProgress(list))
        } else {
            Terminal.print("no calls")
        }
        return .ok
    }

    private static func inProgress(_ calls: [JSONValue]) -> String {
        let columns = ["id", "state", "from", "to", "calling", "called", "seconds", "secure"]
        return Render.table(calls, first: columns, without: ["legs", "call_ids"])
    }

    /// `talked` is in seconds, "-" for a call that nobody answered.
    private static func ended(_ records: [JSONValue]) -> String {
        let columns = ["id", "from", "to", "calling", "called", "status", "end"]
        var table = Table(columns: columns + ["talked"])
        for record in records {
            let answered = record["answered_ms"]?.integer
            let ended = record["ended_ms"]?.integer ?? 0
            table.add(
                columns.map { Render.cell(record[$0]) } + [
                    answered.map { "\((ended &- min($0, ended)) / 1000)" } ?? "-"
                ])
        }
        return table.text
    }
}
