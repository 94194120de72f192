// SPDX-License-Identifier: Apache-2.0

import Glibc
import Management

extension Verb {
    static let drain = Verb(
        name: "drain", operands: "node | trunk NAME", summary: "take no new calls",
        details: """
            Refuses new calls, of the whole node or of one trunk, lets those in progress end, and
            shows how many are left until there is none. With a deadline, what is left then is
            ended. --resume takes new calls again; so does a restart of the process.
            Exit status: 0 when no call is left, 1 when there still are some.
            """,
        options: RunningNode.options + [
            Option(name: "deadline", value: "S", help: "end what is left after S seconds"),
            Option(name: "no-wait", help: "do not wait for the calls to end"),
            Option(name: "resume", help: "take new calls again"),
        ]
    ) { (arguments) throws(Failure) in
        let target = try DrainTarget(arguments.operands(1...2, "node, or trunk NAME"))
        let node = try RunningNode(arguments)
        if arguments.has("resume") {
            let answer = try node.ask("resume", target.arguments)
            if arguments.wantsJSON {
                Terminal.print(answer)
            } else {
                Terminal.print("\(target.title) takes new calls")
            }
            return .ok
        }
        let deadline = try arguments.number("deadline", 0...86_400)
        var request = target.arguments
        request["deadline_seconds"] = deadline.map { JSONValue($0) }
        let answer = try node.ask("drain", request)
        var left = Int(answer["calls"]?.integer ?? 0)
        if !arguments.has("no-wait") {
            left = try target.wait(
                node, calls: left, deadline: deadline, quietly: arguments.wantsJSON)
        }
        if arguments.wantsJSON {
            Terminal.print([
                "draining": .string(target.name), "calls": JSONValue(left),
                "drained": .bool(left == 0),
            ])
        } else {
            Terminal.print(
                "\(target.title) takes no new calls; "
                    + (left == 0 ? "none is left" : "still in progress: \(left)"))
        }
        return left == 0 ? .ok : .no
    }
}

/// What is drained.
struct DrainTarget {
    let trunk: String?

    init(_ operands: [String]) throws(Failure) {
        switch (operands[0], operands.count) {
        case ("node", 1): self.trunk = nil
        case ("trunk", 2): self.trunk = operands[1]
        default: throw .usage("node, or trunk NAME is expected; --help explains it")
        }
    }

    var name: String { self.trunk ?? "node" }

    /// In a sentence.
    var title: String { self.trunk.map { "trunk \($0)" } ?? "the node" }

    var arguments: JSONObject { self.trunk.map { ["trunk": .string($0)] } ?? [:] }

    // A call that was told to end may take as long as its peer needs to answer the BYE: timer F.
    private static let endingSeconds = 40

    /// Looks twice a second until no call is left, or well after the deadline.
    func wait(
        _ node: RunningNode, calls: Int, deadline: Int?, quietly: Bool
    ) throws(Failure) -> Int {
        var (left, shown, waited) = (calls, -1, 0)
        while left > 0 {
            if left != shown, !quietly { Terminal.print(Terminal.count(left, "call")) }
            shown = left
            if let deadline, waited > 2 * (deadline + Self.endingSeconds) { return left }
            usleep(500_000)
            waited += 1
            left = try self.count(node)
        }
        return left
    }

    private func count(_ node: RunningNode) throws(Failure) -> Int {
        guard let trunk else {
            return Int(try node.ask("status")["calls"]?["active"]?.integer ?? 0)
        }
        let calls = try node.ask("calls").array ?? []
        return calls.count { $0["from"]?.string == trunk || $0["to"]?.string == trunk }
    }
}
