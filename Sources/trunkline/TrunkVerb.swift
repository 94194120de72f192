// SPDX-License-Identifier: Apache-2.0

import Management
import Provisioning

extension Verb {
    static let trunk = Verb(
        name: "trunk", operands: "list | show NAME | change NAME --state STATE",
        summary: "the trunks, and whether they take calls",
        details: """
            Lists the trunks of the configuration with their states, and changes a state: active;
            draining (the trunk gets no new calls and those that it sends are taken, so that no call
            is lost while its peers turn away); disabled (no new calls either way). Calls in
            progress go on. A state is kept in the store, and holds after a restart; migrations
            change it, too. trunkline drain trunk NAME is for a while and for both ways.

            examples:
              trunkline trunk list
              trunkline trunk change teams-plain --state draining --dry-run
            Exit status: 0, 1 if it was refused, 2 for wrong arguments.
            """,
        options: ProvisioningAccess.options + [
            Option(name: "state", value: "STATE", help: "active, draining or disabled"),
            ProvisioningAccess.dryRun,
        ]
    ) { (arguments) throws(Failure) in
        let syntax = "list, show NAME or change NAME"
        let operands = try arguments.operands(1...2, syntax)
        let access = try ProvisioningAccess(arguments)
        switch (operands[0], operands.count) {
        case ("list", 1):
            let answer = try access.ask("trunk-list", [:], arguments)
            let trunks = answer["trunks"]?.array ?? []
            if arguments.wantsJSON {
                Terminal.print(answer)
            } else {
                Terminal.print(
                    trunks.isEmpty ? "no trunks" : Render.table(trunks, first: ["trunk"]))
            }
        case ("show", 2):
            let answer = try access.ask("trunk-list", [:], arguments)
            let name = JSONValue.string(operands[1])
            guard let trunk = answer["trunks"]?.array?.first(where: { $0["trunk"] == name }) else {
                throw .no("there is no trunk \(operands[1]); trunkline trunk list shows them")
            }
            Self.print(trunk, arguments)
        case ("change", 2):
            guard arguments.has("state") else {
                throw .usage("--state is missing: active, draining or disabled")
            }
            var request = arguments.texts(["state"])
            request["name"] = .string(operands[1])
            if arguments.has("dry-run") { request["dry-run"] = true }
            let answer = try access.ask("trunk-change", request, arguments)
            Self.tell("trunk \(operands[1])", answer, nil, arguments)
        default: throw .usage("\(syntax) is expected; --help explains it")
        }
        return .ok
    }
}
