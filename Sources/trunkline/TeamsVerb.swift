// SPDX-License-Identifier: Apache-2.0

import Management

extension Verb {
    static let teams = Verb(
        name: "teams", operands: "add-tenant DOMAIN",
        summary: "add a tenant of Teams Direct Routing when all is there for it",
        details: """
            DOMAIN is the name of the tenant at a trunk of this node: a label, a dot, and the name
            that Microsoft knows the trunk by. Checks in this order, each a line with ok, warning
            or failed and how to mend it: the trunk, the label and whose it is, the lengths of the
            names, the certificates shown at the trunk (chain, names, RSA of 2048 bits, usages,
            end), the DNS of the name by the node's own resolver, OPTIONS to each peer of the trunk
            and from them. The same label is checked at the node's other trunks to Teams; what they
            lack is a warning.
            Where nothing failed the tenant is added with its numbers, as trunkline tenant add and
            number add do it; a failure stops that, but for --force. --dry-run adds nothing.

            examples:
              trunkline teams add-tenant acme.1r1.sbc.carrier.example --tenant acme --dry-run
              trunkline teams add-tenant acme.1r1.sbc.carrier.example --tenant acme \\
                  --number +12025550100-+12025550199,+12025550123
            Exit status: 0, 1 if a check failed or the tenant was refused, 2 for wrong arguments, 3
            no process is running.
            """,
        options: RunningNode.options + [
            Option(name: "tenant", value: "NAME", help: "the tenant's name here"),
            Option(
                name: "number", value: "LIST",
                help: "its numbers and ranges of numbers, with commas between them"),
            Option(name: "force", help: "add it although a check failed"),
            Option(name: "dry-run", help: "check, and add nothing"),
        ]
    ) { (arguments) throws(Failure) in
        let words = try arguments.operands(2...2, "add-tenant DOMAIN")
        guard words[0] == "add-tenant" else {
            throw .usage("add-tenant is expected, not \(words[0])")
        }
        guard let tenant = arguments["tenant"] else {
            throw .usage("--tenant is missing; --help explains it")
        }
        return try TenantAddition(
            node: RunningNode(arguments), domain: words[1], tenant: tenant, arguments: arguments
        ).run()
    }
}

/// Checks for a tenant and adds it.
struct TenantAddition {
    let node: RunningNode
    let domain: String
    let tenant: String
    let arguments: Arguments

    /// The slowest check waits for the DNS; a change for the disk.
    private static let timeoutMilliseconds = 60_000

    func run() throws(Failure) -> ExitStatus {
        let answer = try self.ask(
            "teams-check", ["domain": .string(self.domain), "tenant": .string(self.tenant)])
        let hasFailed = answer["failed"] != 0
        if !self.arguments.wantsJSON { Terminal.print(Self.text(of: answer)) }
        guard let label = answer["label"]?.string, !hasFailed || self.arguments.has("force"),
            !self.arguments.has("dry-run")
        else {
            if self.arguments.wantsJSON { Terminal.print(answer) }
            return hasFailed ? .no : .ok
        }
        let added = try self.add(label)
        if self.arguments.wantsJSON {
            var all = answer.object ?? [:]
            for (name, value) in added.members { all[name] = value }
            Terminal.print(.object(all))
        } else {
            Terminal.print("\n" + Self.text(ofAdded: added))
        }
        return (added["numbers"]?["refused"] ?? 0) == 0 ? .ok : .no
    }

    private func add(_ label: String) throws(Failure) -> JSONObject {
        var added: JSONObject = [:]
        added["tenant"] = try self.ask(
            "tenant-add",
            [
                "name": .string(self.tenant), "label": .string(label),
                "service": "teams-direct-routing",
            ])
        guard let list = self.arguments["number"] else { return added }
        let numbers = list.split(separator: ",").map { JSONValue(String($0)) }
        added["numbers"] = try self.ask(
            "number-add",
            [
                "numbers": .array(numbers), "tenant": .string(self.tenant),
                "service": "teams-direct-routing",
            ])
        return added
    }

    private func ask(_ verb: String, _ request: JSONObject) throws(Failure) -> JSONValue {
        try self.node.ask(verb, request, timeoutMilliseconds: Self.timeoutMilliseconds)
    }

    /// What became of the tenant and its numbers; those that were refused one by one.
    static func text(ofAdded added: JSONObject) -> String {
        var lines = ["tenant: \(Render.cell(added["tenant"]?["state"]))"]
        guard let numbers = added["numbers"] else { return lines[0] }
        let counts = ["added", "unchanged", "refused"].map { "\(Render.cell(numbers[$0])) \($0)" }
        lines.append("numbers: " + counts.joined(separator: ", "))
        let refused = (numbers["numbers"]?.array ?? []).filter { $0["state"] == "refused" }
        let reasons = refused.map {
            "  \(Render.cell($0["number"])): \(Render.cell($0["error"]?["text"]))"
        }
        return (lines + reasons).joined(separator: "\n")
    }

    /// The checks, a line each, and under it how to mend what is not well.
    static func text(of answer: JSONValue) -> String {
        var table = Table(columns: ["", "", ""], hasTitles: false)
        for check in answer["checks"]?.array ?? [] {
            table.add(["outcome", "check", "text"].map { Render.cell(check[$0]) })
            if let fix = check["fix"]?.string { table.add(["", "", "-> \(fix)"]) }
        }
        return table.text
    }
}
