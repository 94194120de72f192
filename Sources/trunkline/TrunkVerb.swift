// SPDX-License-Identifier: Apache-2.0

import Configuration
import Management
import Provisioning

extension Verb {
    static let trunk = Verb(
        name: "trunk",
        operands: "list | export | import FILE | VERB NAME [KEY=VALUE...]",
        summary: "the trunks, and whether they take calls",
        details: """
            VERB is show, add, change or remove. Lists the trunks with their states, and adds,
            changes and removes trunks that stand in files of their own: NAME.yaml in the directory
            trunks beside the configuration. KEY is a key of a trunk (trunkline.example.yaml has
            them all), VALUE its value in YAML on one line; KEY= takes a key away. The whole
            configuration is checked before anything is written; the running node takes the change
            over at once, and says what needs a restart (a listener of another port). What is in the
            configuration itself is changed there.
            export writes the trunks that have files as CSV; import adds and changes trunks by such
            a file, and says of each line what became of it.
            --state is active; draining (the trunk gets no new calls and those that it sends are
            taken, so that no call is lost while its peers turn away); or disabled (no new calls
            either way). Calls in progress go on. States are kept in the store, and hold after a
            restart; migrations change them, too. trunkline drain trunk NAME is for a while and for
            both ways. Every change leaves a line in trunkline audit.

            examples:
              trunkline trunk list
              trunkline trunk add carrier2 peer=sip:192.0.2.7 realm=to-carrier max-calls=200
              trunkline trunk change carrier2 max-calls= 'codecs=[PCMA, PCMU]' --dry-run
              trunkline trunk change teams --state draining
            Exit status: 0, 1 if it was refused (also one line of a file), 2 for wrong arguments.
            """,
        options: ProvisioningAccess.options + [
            Option(name: "state", value: "STATE", help: "active, draining or disabled"),
            ProvisioningAccess.dryRun,
        ],
        use: OptionUse(
            [
                ("list", []), ("export", []), ("show", []), ("add", ["state", "dry-run"]),
                ("change", ["state", "dry-run"]), ("remove", ["dry-run"]), ("import", ["dry-run"]),
            ], shared: ProvisioningAccess.options)
    ) { (arguments) throws(Failure) in
        let syntax = "list, show, add, change or remove NAME, export or import FILE"
        let words = try arguments.operands(1...(1 << 8), syntax)
        let access = try ProvisioningAccess(arguments)
        let edit = TrunkEdit(access, arguments)
        switch (words[0], words.count) {
        case ("list", 1):
            let answer = try access.ask("trunk-list", [:], arguments)
            let trunks = answer["trunks"]?.array ?? []
            guard !arguments.wantsJSON else {
                Terminal.print(answer)
                break
            }
            Terminal.print(trunks.isEmpty ? "no trunks" : Render.table(trunks, first: ["trunk"]))
        case ("show", 2): Self.print(try Self.shown(words[1], access, edit, arguments), arguments)
        case ("add", _) where arguments.has("state"), ("change", 3...) where arguments.has("state"):
            throw .usage("--state stands alone: trunk change NAME --state STATE")
        case ("add", 2...): try edit.add(words[1], Array(words.dropFirst(2)))
        case ("change", 2) where arguments.has("state"):
            try Self.change(words[1], access, arguments)
        case ("change", 3...): try edit.change(words[1], Array(words.dropFirst(2)))
        case ("remove", 2): try edit.remove(words[1])
        case ("export", 1): try edit.export()
        case ("import", 2): return try edit.takeFile(words[1])
        default: throw .usage("\(syntax) is expected; --help explains it")
        }
        return .ok
    }

    private static func shown(
        _ name: String, _ access: ProvisioningAccess, _ edit: TrunkEdit, _ arguments: Arguments
    ) throws(Failure) -> JSONValue {
        let answer = try access.ask("trunk-list", [:], arguments)
        let row = answer["trunks"]?.array?.first { $0["trunk"] == .string(name) }
        guard var trunk = row?.object else {
            throw .no("there is no trunk \(name); trunkline trunk list shows them")
        }
        if let keys = try edit.keys(of: name) {
            trunk["file"] = .string(edit.files.path(of: name))
            var shown = keys
            if shown["password"] != nil { shown["password"] = "(not shown)" }
            trunk["keys"] = .object(shown)
        }
        return .object(trunk)
    }

    private static func change(
        _ name: String, _ access: ProvisioningAccess, _ arguments: Arguments
    ) throws(Failure) {
        var request = arguments.texts(["state"])
        request["name"] = .string(name)
        if arguments.has("dry-run") { request["dry-run"] = true }
        let answer = try access.ask("trunk-change", request, arguments)
        Self.tell("trunk \(name)", answer, nil, arguments)
    }
}
