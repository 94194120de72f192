// SPDX-License-Identifier: Apache-2.0

import FlowABI
import Management
import Node

extension Verb {
    static let drops = Verb(
        name: "drops", summary: "the packets that were dropped, by reason",
        details: """
            Shows what the fast path did with every packet since its start, and each reason for which
            it dropped one. Where the control plane is away, the fast path's own file is read.
            Exit status: 0 if every packet is accounted for, 1 otherwise.
            """,
        options: RunningNode.options + [
            Option(name: "all", help: "also the reasons that did not occur")
        ]
    ) { (arguments) throws(Failure) in
        _ = try arguments.operands(0...0, "")
        let node = try RunningNode(arguments)
        let drops = try node.orFile("drops") { .object(PacketAccount($0).json) }
        if arguments.wantsJSON { Terminal.print(drops) } else {
            Terminal.print(PacketTables.text(drops, all: arguments.has("all")))
        }
        return drops["exact"]?.bool == true ? .ok : .no
    }
}

extension RunningNode {
    /// The answer of the process, or where none runs what the fast path's file says.
    func orFile(
        _ verb: String, _ read: (FastPathFile) -> JSONValue
    ) throws(Failure) -> JSONValue {
        do throws(Failure) {
            return try self.ask(verb)
        } catch {
            guard error.status == .notRunning else { throw error }
            return read(try self.fastPath())
        }
    }
}

/// Counters and drops, with the sentences of the contract.
enum PacketTables {
    static func text(_ account: JSONValue, all: Bool) -> String {
        var packets = Table(columns: ["counter", "value", "what it counts"])
        for (name, value) in (account["packets"] ?? account["counters"])?.object?.members ?? [] {
            let text = CounterName.all.first { $0.name == name }?.text ?? ""
            packets.add([name, Render.cell(value), text])
        }
        var drops = Table(columns: ["drop", "packets", "reason"])
        for (name, value) in account["drops"]?.object?.members ?? []
        where all || value != .integer(0) {
            let text = DropReason.all.first { $0.name == name }?.text ?? ""
            drops.add([name, Render.cell(value), text])
        }
        let isExact = account["exact"]?.bool ?? (account["identity"]?.string == "exact")
        return [
            packets.text, drops.isEmpty ? "no drops" : drops.text,
            isExact ? "every packet is accounted for" : "packets are missing from the account",
        ].joined(separator: "\n\n")
    }
}
