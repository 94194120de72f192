// SPDX-License-Identifier: Apache-2.0

import Management

extension Verb {
    static let call = Verb(
        name: "call", operands: "ID [dtmf DIGITS]", summary: "one call with both its legs",
        details: """
            Shows one call: its parties, its state, and for each leg the addresses, the SRTP suite
            and where its keys come from (plain: RTP in the clear; pending: nothing passes yet), how
            far ICE is and the path that media takes, packets, loss, jitter and round trip, and why
            packets that came to the leg were dropped (trunkline drops explains each reason). What
            begins with remote is what the party reported of what it gets. mos_in and mos_out are
            what the leg's network leaves of the voice from the party and to it, from 1 (bad) to 4.4
            (G.711), by ITU-T G.107 from loss and round trip; for G.711, G.722 and G.729.
            Where a trunk of the call has dtmf-send or dtmf-receive: as what its parties get digits,
            and the digits that were seen (x while trace has mask-dtmf).
            With dtmf DIGITS these (0-9, *, #, A-D) are sent to the callee, or with --leg a to the
            caller, in the form that its trunk wants.
            trunkline calls lists the IDs. With --end the call is ended: both parties get a BYE.
            With --ladder, --messages or --pcapng: what happened to the call so far, and to one that
            has ended while its messages are in memory; trunkline trace --help says more.
            Exit status: 0, or 1 if there is no such call, 3 if no process is running.
            """,
        options: RunningNode.options + TraceView.options + [
            Option(name: "end", help: "end the call"),
            Option(name: "leg", value: "a|b", help: "whose party gets the digits (b)"),
            Option(name: "duration", value: "MS", help: "how long each digit lasts (as the trunk)"),
        ]
    ) { (arguments) throws(Failure) in
        let operands = try arguments.operands(1...3, "one ID, and dtmf DIGITS")
        let id = operands[0]
        if operands.count > 1 { return try sendDigits(operands, arguments) }
        if TraceView.isWanted(arguments), !arguments.has("end") {
            try TraceView(id, arguments).show(arguments)
            return .ok
        }
        let verb = arguments.has("end") ? "end" : "call"
        let call = try RunningNode(arguments).ask(verb, ["id": .string(id)])
        if arguments.wantsJSON {
            Terminal.print(call)
        } else {
            Terminal.print(Render.members(call, sideBySide: ["legs"]))
        }
        return .ok
    }
}

/// `trunkline call ID dtmf DIGITS`.
private func sendDigits(
    _ operands: [String], _ arguments: Arguments
) throws(Failure) -> ExitStatus {
    guard operands.count == 3, operands[1] == "dtmf" else {
        throw .usage("write: trunkline call ID dtmf DIGITS")
    }
    var members: JSONObject = ["id": .string(operands[0]), "digits": .string(operands[2])]
    if let leg = arguments["leg"] { members["leg"] = .string(leg) }
    if let duration = try arguments.number("duration", 40...8000) {
        members["duration_ms"] = JSONValue(duration)
    }
    let answer = try RunningNode(arguments).ask("dtmf", members)
    if arguments.wantsJSON {
        Terminal.print(answer)
    } else {
        Terminal.print("\(operands[2].utf8.count) digits are on their way")
    }
    return .ok
}
