// SPDX-License-Identifier: Apache-2.0

import Management

extension Verb {
    static let registrations = Verb(
        name: "registrations", summary: "what the running node is registered with",
        details: """
            Lists the registrations of the trunks that have a register section, one a line: waiting
            (for the next try), trying, registered, leaving. granted_seconds is what the carrier
            keeps it for; last_status says why the last try failed, 0 for no answer.
            Exit status: 0 if all are registered, 1 otherwise, 3 not running.
            """,
        options: RunningNode.options
    ) { (arguments) throws(Failure) in
        _ = try arguments.operands(0...0, "")
        let list = try RunningNode(arguments).ask("registrations")
        if arguments.wantsJSON {
            Terminal.print(list)
        } else if let entries = list.array, !entries.isEmpty {
            Terminal.print(Render.table(entries, first: ["trunk", "state", "address"]))
        } else {
            Terminal.print("no registrations")
        }
        let isWhole = list.array?.allSatisfy { $0["state"]?.string == "registered" } ?? false
        return isWhole ? .ok : .no
    }
}
