// SPDX-License-Identifier: Apache-2.0

import Glibc
import Management
import Trace

extension Verb {
    static let audit = Verb(
        name: "audit", summary: "who changed what of tenants and numbers",
        details: """
            Lists the changes of tenants, numbers and the deployment, the newest first: when, by
            which user, what, and the fields that changed. --json shows all that was before and
            after. The last 1,000,000 changes are kept.

            examples:
              trunkline audit --tenant acme
              trunkline audit --limit 1000 --json
            """,
        options: ProvisioningAccess.options + [
            Option(name: "tenant", value: "NAME", help: "only changes of this tenant itself"),
            Option(name: "numbers-of", value: "NAME", help: "only changes of its numbers"),
            Option(name: "before", value: "LINE", help: "only lines older than this one"),
            Option(name: "limit", value: "N", help: "so many at most, 1 to 1000 (100)"),
        ]
    ) { (arguments) throws(Failure) in
        _ = try arguments.operands(0...0, "")
        var request: JSONObject = [:]
        let subjects = [
            arguments["tenant"].map { "tenant \($0)" },
            arguments["numbers-of"].map { "numbers of \($0)" },
        ].compactMap(\.self)
        guard subjects.count <= 1 else { throw .usage("--tenant and --numbers-of: give one") }
        request["subject"] = subjects.first.map { .string($0) }
        request["before"] = try arguments.number("before", 1...(.max)).map { JSONValue($0) }
        request["limit"] = try arguments.number("limit", 1...1000).map { JSONValue($0) }
        let answer = try ProvisioningAccess(arguments).ask("audit-list", request, arguments)
        guard !arguments.wantsJSON else {
            Terminal.print(answer)
            return .ok
        }
        let lines = answer["lines"]?.array ?? []
        guard !lines.isEmpty else {
            Terminal.print("no changes")
            return .ok
        }
        var table = Table(columns: ["line", "time (UTC)", "user", "what", "of", "changes"])
        for line in lines {
            let us = UInt64(clamping: line["wall_ms"]?.integer ?? 0) &* 1000
            table.add([
                Render.cell(line["number"]), String(WallTime.text(us: us).prefix(19)),
                Self.user(line["user"]?.integer), Render.cell(line["verb"]),
                Render.cell(line["subject"]), AuditText.changes(line),
            ])
        }
        Terminal.print(table.text)
        if let next = answer["next"]?.integer { Terminal.print("there are more: --before \(next)") }
        return .ok
    }

    /// A user's name, where the system knows it.
    private static func user(_ id: Int64?) -> String {
        guard let id else { return "-" }
        guard let entry = getpwuid(uid_t(clamping: id)), let name = entry.pointee.pw_name else {
            return "\(id)"
        }
        return String(cString: name)
    }
}

/// The changes of a line of the audit, as short as they can be said.
enum AuditText {
    private static let lengthMax = 120

    static func changes(_ line: JSONValue) -> String {
        let text: String
        switch (line["before"], line["after"]) {
        case (.object(let before)?, .object(let after)?):
            text = after.members.filter { before[$0.name] != $0.value }
                .map { "\($0.name): \(self.value(before[$0.name])) -> \(self.value($0.value))" }
                .joined(separator: "; ")
        case (.array(let before)?, .array(let after)?):
            let names = { (elements: [JSONValue]) in
                elements.map { ($0["number"] ?? $0["name"])?.string ?? "?" }
                    .joined(separator: ", ")
            }
            text = names(after.isEmpty ? before : after)
        case (.null?, .object(let object)?), (nil, .object(let object)?),
            (.object(let object)?, .null?), (.object(let object)?, nil):
            text = object.members.filter { ![.null, .array([])].contains($0.value) }
                .map { "\($0.name): \(self.value($0.value))" }.joined(separator: "; ")
        default: text = ""
        }
        return text.count <= self.lengthMax ? text : text.prefix(self.lengthMax - 3) + "..."
    }

    private static func value(_ value: JSONValue?) -> String {
        let text = ProvisioningList.field(value)
        return text.isEmpty ? "none" : text
    }
}
