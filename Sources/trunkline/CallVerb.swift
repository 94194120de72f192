// SPDX-License-Identifier: Apache-2.0

import Management

extension Verb {
    static let call = Verb(
        name: "call", operands: "ID", summary: "one call with both its legs",
        details: """
            Shows one call: its parties, its state, and for each leg the addresses, the packets in
            and out, loss and jitter. trunkline calls lists the IDs. With --end the call is ended:
            both parties get a BYE.
            Exit status: 0, or 1 if there is no such call, 3 if no process is running.
            """,
        options: RunningNode.options + [Option(name: "end", help: "end the call")]
    ) { (arguments) throws(Failure) in
        let id = try arguments.operands(1...1, "one ID")[0]
        let verb = arguments.has("end") ? "end" : "call"
        let call = try RunningNode(arguments).ask(verb, ["id": .string(id)])
        if arguments.wantsJSON {
            Terminal.print(call)
        } else {
            Terminal.print(Render.members(call))
        }
        return .ok
    }
}
