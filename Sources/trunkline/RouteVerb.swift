// SPDX-License-Identifier: Apache-2.0

import Management

extension Verb {
    static let route = Verb(
        name: "route", operands: "NUMBER", summary: "what would become of a call, and why",
        details: """
            Asks the running node what it would do with a call from a trunk, by the very functions
            that calls go by. No call is made and nothing changes. Says whose call it is and how
            that is told, what screening says of the caller, which trunks it goes to and why, and
            the targets in the order in which they are tried, with the INVITE's Request-URI, From
            and Contact at each; or which response the caller would get. appliance/docs/tenants.md
            explains the rows of screening.
            The trunk's rules for what arrives are applied; of others the names are shown.

            examples:
              trunkline route +12025550123 --from +442079460000 --trunk carrier
              trunkline route +442079460000 --from +12025550123 --trunk teams \\
                  --host acme.1r1.sbc.carrier.example
              trunkline route +442079460000 --from +12025550123 --trunk teams \\
                  --host acme.1r1.sbc.carrier.example --anonymous --pai +12025550123
            Exit status: 0 it would go on, 1 it would be refused, 2 for wrong arguments, 3 no
            process is running.
            """,
        options: RunningNode.options + [
            Option(name: "from", value: "NUMBER", help: "the number of From"),
            Option(name: "trunk", value: "NAME", help: "the trunk that it comes from"),
            Option(
                name: "host", value: "HOST",
                help: "the host that it calls (this node's own, as the trunk knows it)"),
            Option(name: "anonymous", help: "From is anonymous, and privacy is asked for"),
            Option(name: "pai", value: "NUMBER", help: "the number of P-Asserted-Identity"),
            Option(name: "diverting", value: "NUMBER", help: "who forwarded it, in Diversion"),
        ]
    ) { (arguments) throws(Failure) in
        let number = try arguments.operands(1...1, "one NUMBER")[0]
        for name in ["from", "trunk"] where !arguments.has(name) {
            throw .usage("--\(name) is missing; --help explains it")
        }
        var request = arguments.texts(["from", "trunk", "host", "pai", "diverting"])
        request["number"] = .string(number)
        if arguments.has("anonymous") { request["anonymous"] = true }
        let answer = try RunningNode(arguments).ask("route", request)
        if arguments.wantsJSON {
            Terminal.print(answer)
        } else {
            Terminal.print(RouteView.text(of: answer))
        }
        return answer["status"] == .null ? .ok : .no
    }
}

/// What would become of a call, as text.
enum RouteView {
    static func text(of answer: JSONValue) -> String {
        var lines = Table(columns: ["", ""], hasTitles: false)
        func add(_ title: String, _ text: String?) {
            if let text { lines.add([title, text]) }
        }
        add("from trunk", answer["trunk"]?.string)
        add("number", answer["number"]?.string)
        add("emergency", answer["emergency"]?.bool == true ? "yes" : "no")
        add("tenant", self.tenant(answer))
        add("screening", answer["screening"]?.string)
        add("shown as", answer["caller_replaced_by"]?.string)
        add("custom header", answer["custom_header"]?.string)
        add("media", answer["media"]?.string)
        let rules = answer["rules"]?.array ?? []
        for (index, rule) in rules.enumerated() { add(index == 0 ? "rules" : "", rule.string) }
        if let trunks = answer["trunks"]?.array, !trunks.isEmpty {
            add("to trunks", trunks.compactMap(\.string).joined(separator: ", "))
            add("chosen by", answer["chosen_by"]?.string)
        }
        if let status = answer["status"]?.integer {
            let reason = answer["reason"]?.string.map { ": \($0)" } ?? ""
            add("refused", "\(status) (\(answer["end"]?.string ?? "-"))\(reason)")
        }
        guard let targets = answer["targets"]?.array, !targets.isEmpty else { return lines.text }
        let first = ["trunk", "peer", "address", "state", "uri", "from", "contact", "media"]
        return lines.text + "\n\n" + Render.table(targets, first: first)
    }

    private static func tenant(_ answer: JSONValue) -> String {
        let lookup = answer["tenant_by"]?.string ?? "none"
        guard let name = answer["tenant"]?.string else {
            return lookup == "none" ? "not looked for" : "none (by the \(lookup))"
        }
        return "\(name) (by the \(lookup))"
    }
}
