// SPDX-License-Identifier: Apache-2.0

import Management

extension Verb {
    static let calls = Verb(
        name: "calls", summary: "the calls in progress",
        details: """
            Lists the calls in progress, one a line. The identifier in the first column is what
            trunkline call takes; secure says which legs are encrypted (a is the caller's). Calls
            that have ended are in trunkline records.
            """,
        options: RunningNode.options
    ) { (arguments) throws(Failure) in
        _ = try arguments.operands(0...0, "")
        let calls = try RunningNode(arguments).ask("calls")
        if arguments.wantsJSON {
            Terminal.print(calls)
        } else if let list = calls.array, !list.isEmpty {
            let columns = ["id", "state", "from", "to", "calling", "called", "seconds", "secure"]
            Terminal.print(Render.table(list, first: columns, without: ["legs", "call_ids"]))
        } else {
            Terminal.print("no calls")
        }
        return .ok
    }
}
