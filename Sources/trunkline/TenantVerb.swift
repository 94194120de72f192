// SPDX-License-Identifier: Apache-2.0

import Management
import Provisioning

extension Verb {
    static let tenant = Verb(
        name: "tenant",
        operands: "list | export | show|add|change|remove NAME | import FILE",
        summary: "the tenants, and what they may do",
        details: """
            Lists, shows, adds, changes and removes tenants. What is changed is in force at once and
            on the disk before this command ends; who changed what is in trunkline audit. Options
            are named as the fields; an empty value ("") takes a field away. Adding a tenant again
            with the same values changes nothing. One with numbers is removed only with
            --delete-numbers.
            Where no process runs, the store's file is used itself.
            export writes all tenants as CSV to standard output; import takes such a file, adds and
            changes, and says of each line what became of it. A file can be imported again.
            appliance/docs/tenants.md explains each field and each refusal.

            examples:
              trunkline tenant add acme --label acme --service teams-direct-routing \\
                  --txt-token 1=MS=ms123
              trunkline tenant change acme --trunk-set bypass --dry-run
              trunkline tenant change acme --screening-sources from
              trunkline tenant list --prefix ac --all
              trunkline tenant import tenants.csv > result.csv
            Exit status: 0, 1 if it was refused (also one line of a file), 2 for wrong arguments.
            """,
        options: ProvisioningAccess.options + AccountFields.all.dropFirst().map { Option($0) }
            + ProvisioningList.options + [
                ProvisioningAccess.dryRun,
                Option(name: "delete-numbers", help: "remove the tenant's numbers with it"),
            ],
        use: OptionUse(
            [
                ("list", ["prefix", "after", "limit", "all"]), ("export", ["prefix", "after"]),
                ("show", []), ("add", AccountFields.all.dropFirst().map(\.name) + ["dry-run"]),
                ("change", AccountFields.all.dropFirst().map(\.name) + ["dry-run"]),
                ("remove", ["delete-numbers", "dry-run"]), ("import", ["dry-run"]),
            ], shared: ProvisioningAccess.options)
    ) { (arguments) throws(Failure) in
        let syntax = "list, show NAME, add NAME, change NAME, remove NAME, export or import FILE"
        let operands = try arguments.operands(1...2, syntax)
        let access = try ProvisioningAccess(arguments)
        let list = ProvisioningList(
            kind: .tenant, access: access, arguments: arguments, filter: [:])
        switch (operands[0], operands.count) {
        case ("list", 1): try list.show()
        case ("export", 1): try list.export()
        case ("import", 2):
            return try ImportRun.run(operands[1], .tenant, access, arguments, shared: [:])
        case ("show", 2):
            let answer = try access.ask("tenant-show", ["name": .string(operands[1])], arguments)
            Self.print(answer, arguments)
        case ("add", 2), ("change", 2), ("remove", 2):
            try Self.change("tenant-\(operands[0])", operands[1], access, arguments)
        default: throw .usage("\(syntax) is expected; --help explains it")
        }
        return .ok
    }

    private static func change(
        _ verb: String, _ name: String, _ access: ProvisioningAccess, _ arguments: Arguments
    ) throws(Failure) {
        var request = arguments.members(Array(AccountFields.all.dropFirst()))
        request["name"] = .string(name)
        if arguments.has("delete-numbers") { request["delete-numbers"] = true }
        if arguments.has("dry-run") { request["dry-run"] = true }
        let answer = try access.ask(verb, request, arguments)
        Self.tell("tenant \(name)", answer, answer["tenant"], arguments)
    }

    /// One object, line by line.
    static func print(_ value: JSONValue, _ arguments: Arguments) {
        if arguments.wantsJSON {
            Terminal.print(value)
        } else {
            Terminal.print(Render.members(value))
        }
    }

    /// What a change led to, and what is there since.
    static func tell(
        _ subject: String, _ answer: JSONValue, _ value: JSONValue?, _ arguments: Arguments
    ) {
        guard !arguments.wantsJSON else { return Terminal.print(answer) }
        let state = answer["state"]?.string ?? ""
        let isRehearsal = answer["dry-run"]?.bool == true
        Terminal.print("\(subject): " + (isRehearsal ? "it would be \(state)" : state))
        if let value { Terminal.print(Render.members(value)) }
    }
}
