// SPDX-License-Identifier: Apache-2.0

import Management
import Trace

extension Verb {
    static let trace = Verb(
        name: "trace", operands: "[ID | CALL-ID | unlock ID]",
        summary: "what happened to calls, also to ended ones",
        details: """
            Without operands: the calls of which messages are still in memory, the newest first.
            With an ID (trunkline calls lists them) or the Call-ID of a message: what happened, as
            a ladder of the two sides and the box: each message with the time since the first, its
            method or status, and of a session description the address, codecs and direction;
            between them media events. A Call-ID finds messages of no call too (OPTIONS, refused
            requests). It is as wide as the terminal. --messages prints the messages below their
            arrows, --pcapng writes them to a capture file.
            Keys, ICE passwords, proofs of passwords and DTMF are x'ed out, telephone numbers as
            far as trace.mask-digits says. trunkline trace unlock ID --minutes N --reason TEXT lets
            root, or a user in trace.raw-users, see one call with --raw for so long; that leaves a
            line in the log.
            Exit status: 0, or 1 if nothing is kept or it is refused, 3 if no process is running.
            """,
        options: RunningNode.options + TraceView.options + [
            Option(name: "last", value: "N", help: "list so many calls (20)"),
            Option(
                name: "number", value: "DIGITS",
                help: "list calls from or to numbers that contain this"),
            Option(name: "minutes", value: "N", help: "unlock for so long, at most 60"),
            Option(name: "reason", value: "TEXT", help: "unlock because of this, for the log"),
        ]
    ) { (arguments) throws(Failure) in
        let operands = try arguments.operands(0...2, "an ID, a Call-ID, or unlock ID")
        switch operands.count {
        case 0: return try Self.list(arguments)
        case 1 where operands[0] != "unlock": try TraceView(operands[0], arguments).show(arguments)
        case 2 where operands[0] == "unlock": try Self.unlock(operands[1], arguments)
        default: throw .usage("an ID, a Call-ID, or unlock ID is expected; --help explains it")
        }
        return .ok
    }

    private static func list(_ arguments: Arguments) throws(Failure) -> ExitStatus {
        var request: JSONObject = [:]
        request["last"] = try arguments.number("last", 1...1000).map { JSONValue($0) }
        request["number"] = arguments["number"].map { .string($0) }
        let calls = try RunningNode(arguments).ask("trace-list", request)
        guard let list = calls.array, !list.isEmpty || arguments["number"] == nil else {
            throw .no("nothing is kept of such calls")
        }
        guard !arguments.wantsJSON else {
            Terminal.print(calls)
            return .ok
        }
        guard !list.isEmpty else {
            Terminal.print("nothing is kept of calls")
            return .ok
        }
        let columns = ["id", "from", "to", "calling", "called", "messages", "end"]
        var table = Table(columns: ["began (UTC)"] + columns)
        for call in list {
            let us = UInt64(clamping: call["started_us"]?.integer ?? 0)
            table.add([WallTime.text(us: us)] + columns.map { Render.cell(call[$0]) })
        }
        Terminal.print(table.text)
        return .ok
    }

    private static func unlock(_ id: String, _ arguments: Arguments) throws(Failure) {
        let minutes = try arguments.number("minutes", 1...60)
        guard let minutes, let reason = arguments["reason"] else {
            throw .usage("unlock needs --minutes N and --reason TEXT")
        }
        let answer = try RunningNode(arguments).ask(
            "trace-unlock",
            ["id": .string(id), "minutes": JSONValue(minutes), "reason": .string(reason)])
        guard !arguments.wantsJSON else { return Terminal.print(answer) }
        Terminal.print(
            "call \(id) can be seen with --raw for \(minutes) min; this is in the log")
    }
}
