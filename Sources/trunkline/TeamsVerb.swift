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
            --test-call NUMBER then has the node place a call to a user of the tenant, from the
            tenant's name, anonymous or from --test-from: it rings for at most --ring seconds (30),
            is answered or not, is listened to until media comes, 5 s at most, and is ended. Nothing
            is said in it. Without --test-call none is placed.
            Where nothing failed the tenant is added with its numbers, as trunkline tenant add and
            number add do it; a failure stops that, but for --force. --dry-run adds nothing; a test
            call is placed all the same. What is there already with the same values stays, so that
            a tenant can be tried again later.

            examples:
              trunkline teams add-tenant acme.1r1.sbc.carrier.example --tenant acme --dry-run
              trunkline teams add-tenant acme.1r1.sbc.carrier.example --tenant acme \\
                  --number +12025550100-+12025550199,+12025550123 --test-call +12025550123
            Exit status: 0, 1 if a check failed or the tenant was refused, 2 for wrong arguments, 3
            no process is running.
            """,
        options: RunningNode.options + [
            Option(name: "tenant", value: "NAME", help: "the tenant's name here"),
            Option(
                name: "number", value: "LIST",
                help: "its numbers and ranges of numbers, with commas between them"),
            Option(
                name: "test-call", value: "NUMBER", help: "a number of the tenant: call it once"),
            Option(
                name: "test-from", value: "NUMBER", help: "who calls then (an anonymous caller)"),
            Option(name: "ring", value: "SECONDS", help: "how long it may ring, 1 to 45 (30)"),
            Option(name: "force", help: "go on although a check failed"),
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
        var call = try self.testCall()
        var answer = try self.ask(
            "teams-check", ["domain": .string(self.domain), "tenant": .string(self.tenant)])
        var hasFailed = answer["failed"] != 0
        if !self.arguments.wantsJSON { Terminal.print(Self.text(of: answer)) }
        if hasFailed, !self.arguments.has("force") { call = nil }
        if let call {
            let result = try self.ask("test-call", call)
            var all = answer.object ?? [:]
            all["test_call"] = result
            answer = .object(all)
            if result["result"]?["outcome"] == "failed" { hasFailed = true }
        }
        if !self.arguments.wantsJSON {
            Terminal.print(self.text(ofTestCall: answer["test_call"], afterFailure: hasFailed))
        }
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

    /// What the node is asked for a test call; nil: none is wanted.
    private func testCall() throws(Failure) -> JSONObject? {
        let ring = try self.arguments.number("ring", 1...45)
        guard let number = self.arguments["test-call"] else {
            for name in ["test-from", "ring"] where self.arguments.has(name) {
                throw .usage("--\(name) is for a test call: --test-call NUMBER is missing")
            }
            return nil
        }
        var request: JSONObject = [
            "domain": .string(self.domain), "tenant": .string(self.tenant),
            "number": .string(number),
        ]
        request["from"] = self.arguments["test-from"].map { .string($0) }
        request["ring_seconds"] = ring.map { JSONValue($0) }
        return request
    }

    /// What became of the test call, or why there was none.
    private func text(ofTestCall call: JSONValue?, afterFailure: Bool) -> String {
        guard let call else {
            return self.arguments.has("test-call") && afterFailure
                ? "no test call was placed, since a check failed (--force places it)"
                : "no test call was placed: --test-call NUMBER calls a number of the tenant"
        }
        var lines = [Self.text(of: ["checks": .array([call["result"] ?? .null])])]
        let times = [("rang after", "ringing_ms"), ("answered after", "answered_ms")]
            .compactMap { words, name in
                call[name]?.integer.map { "\(words) \($0) ms" }
            }
        let id = call["call"]?.string.map { ["trunkline call \($0) --ladder shows it"] } ?? []
        if !(times + id).isEmpty { lines.append("  " + (times + id).joined(separator: ", ")) }
        return lines.joined(separator: "\n")
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
