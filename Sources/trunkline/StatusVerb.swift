// SPDX-License-Identifier: Apache-2.0

import Management

extension Verb {
    static let status = Verb(
        name: "status", summary: "how the running node is",
        details: """
            Asks the running process how it is: its state, calls, signalling, media, interfaces, and
            the conditions that need somebody's attention.
            Conditions stand last; as long as there is one the exit status is 1, so that a script
            need not read the text. Draining is a state and no condition.
            Exit status: 0 running without a condition, 1 with one, 3 not running.
            """,
        options: RunningNode.options
    ) { (arguments) throws(Failure) in
        _ = try arguments.operands(0...0, "")
        let status = try RunningNode(arguments).ask("status")
        if arguments.wantsJSON {
            Terminal.print(status)
        } else {
            Terminal.print(Render.members(status))
        }
        return status["conditions"]?.array?.isEmpty == false ? .no : .ok
    }
}
