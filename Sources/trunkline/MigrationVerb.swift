// SPDX-License-Identifier: Apache-2.0

import Management
import Provisioning
import Tenancy

extension Verb {
    static let migration = Verb(
        name: "migration",
        operands: "list | plan NAME COHORT... | VERB NAME",
        summary: "move tenants from one set of trunks to the other",
        details: """
            Moves numbers from one set of trunks to the other (to media bypass), cohort by cohort.
            Each step waits for its gate: the calls of the cohort beside those before. A failed gate
            stops the plan; nothing goes back by itself. Calls in progress stay where they are.

            A COHORT, the pilot first, is one of:
              +12025550123,+12025550100-+12025550109   these numbers
              @FILE                                     the numbers of a file, one a line
              25%:acme,beta                             so many percent of these tenants' numbers
              all:acme,beta                             all numbers of these tenants

            VERB is start, status, step, back-out or remove.
            plan makes a plan and changes nothing yet. status shows where it stands, what has to be
            done by whom, and what the gate says. step goes on by one step; what no node can see is
            said by --confirm: firewall (clients' media gets in), verified, activated (the names, in
            the tenants). --force goes on whatever the gate says. back-out goes all the way back, or
            --to a step. Every one leaves a line in trunkline audit.
            appliance/docs/migration.md explains each step and each figure.

            examples:
              trunkline migration plan acme-bypass +12025550123 25%:acme all:acme
              trunkline migration start acme-bypass
              trunkline migration step acme-bypass --confirm firewall
              trunkline migration back-out acme-bypass --to 4 --dry-run
            Exit status: 0, 1 if it was refused, 2 for wrong arguments.
            """,
        options: ProvisioningAccess.options
            + MigrationFields.all.dropFirst().filter { $0.name != "to" }.map { Option($0) } + [
                Option(
                    name: "to", value: "SET|STEP",
                    help: "the set that they go to (bypass); of back-out, the step (before 0)"),
                Option(
                    name: "confirm", value: "LIST",
                    help: "firewall, verified, activated: what somebody has seen"),
                Option(name: "force", help: "step whatever the gate says"),
                ProvisioningAccess.dryRun,
            ],
        use: OptionUse(
            [
                ("list", []), ("plan", MigrationFields.all.dropFirst().map(\.name) + ["dry-run"]),
                ("status", ["confirm"]), ("start", ["dry-run"]),
                ("step", ["confirm", "force", "dry-run"]), ("back-out", ["to", "dry-run"]),
                ("remove", ["dry-run"]),
            ], shared: ProvisioningAccess.options)
    ) { (arguments) throws(Failure) in
        let syntax = "list, plan NAME COHORT..., start, status, step, back-out or remove NAME"
        let words = try arguments.operands(1...(1 << 10), syntax)
        let access = try ProvisioningAccess(arguments)
        switch (words[0], words.count) {
        case ("list", 1):
            let answer = try access.ask("migration-list", [:], arguments)
            MigrationText.printList(answer, arguments)
        case ("plan", 3...):
            try MigrationRequest(access, arguments).plan(words[1], Array(words.dropFirst(2)))
        case ("plan", _): throw .usage("plan needs a NAME and its COHORTS; --help explains them")
        case ("status", 2):
            var request: JSONObject = ["name": .string(words[1])]
            if let confirmed = arguments["confirm"] { request["confirm"] = .string(confirmed) }
            let answer = try access.ask("migration-status", request, arguments)
            MigrationText.print(answer, arguments)
        case ("start", 2), ("step", 2), ("back-out", 2), ("remove", 2):
            try MigrationRequest(access, arguments).change(words[0], words[1])
        default: throw .usage("\(syntax) is expected; --help explains it")
        }
        return .ok
    }
}
