// SPDX-License-Identifier: Apache-2.0

import Management

extension Verb {
    static let peers = Verb(
        name: "peers", summary: "where the peers of the trunks are, and how they are",
        details: """
            Lists the peers of every trunk, one a line, in the order in which they are tried. A name
            stands once for each address that it leads to. state is up, demoted (tried after the
            others), draining or down (gets no calls), and seconds says for how long; options_ms is
            the round trip of the last OPTIONS, failure the last one, however long ago.
            """,
        options: RunningNode.options
    ) { (arguments) throws(Failure) in
        _ = try arguments.operands(0...0, "")
        let peers = try RunningNode(arguments).ask("peers")
        if arguments.wantsJSON {
            Terminal.print(peers)
        } else if let list = peers.array, !list.isEmpty {
            Terminal.print(Self.table(of: list))
        } else {
            Terminal.print("no peers")
        }
        return .ok
    }

    private static func table(of peers: [JSONValue]) -> String {
        let columns = ["trunk", "peer", "address", "state", "seconds", "options_ms"]
        var table = Table(columns: columns + ["failure"])
        for peer in peers {
            let failure = peer["last_failure"]?.string ?? ""
            let ago = peer["failed_seconds"]?.integer.map { " (\($0) s ago)" } ?? ""
            table.add(columns.map { Render.cell(peer[$0]) } + [failure + ago])
        }
        return table.text
    }

    static let peer = Verb(
        name: "peer", operands: "drain|resume TRUNK PEER", summary: "take a peer out of use",
        details: """
            drain gives a peer of a trunk no new calls, and leaves it those that it has; resume
            gives it calls again. PEER is its name or its address, as trunkline peers shows them: a
            name means all of its addresses, also those that it has later. It is forgotten when the
            control plane starts anew. The last peer of a trunk can be drained as well; new calls
            to the trunk get 503 then.
            """,
        options: RunningNode.options
    ) { (arguments) throws(Failure) in
        let words = try arguments.operands(3...3, "drain or resume, TRUNK and PEER")
        guard ["drain", "resume"].contains(words[0]) else {
            throw .usage("drain or resume is expected, not \(words[0])")
        }
        let isDraining = words[0] == "drain"
        let answer = try RunningNode(arguments).ask(
            "peer",
            [
                "trunk": .string(words[1]), "peer": .string(words[2]),
                "draining": .bool(isDraining),
            ])
        if arguments.wantsJSON {
            Terminal.print(answer)
        } else {
            Terminal.print(
                "peer \(words[2]) of trunk \(words[1]) "
                    + (isDraining ? "gets no new calls" : "gets new calls again"))
        }
        return .ok
    }
}
