// SPDX-License-Identifier: Apache-2.0

import Management
import Provisioning

/// Lists of tenants and numbers: pages for people, all of them for scripts and files.
struct ProvisioningList {
    static let options = [
        Option(name: "prefix", value: "TEXT", help: "only those that begin with this"),
        Option(name: "after", value: "LAST", help: "go on behind this one"),
        Option(name: "limit", value: "N", help: "so many at most, 1 to 1000 (100)"),
        Option(name: "all", help: "all of them"),
    ]

    let kind: ImportFile.Kind
    let access: ProvisioningAccess
    let arguments: Arguments
    /// Members of the request that choose among them.
    let filter: JSONObject

    /// Elements of a page where all are wanted.
    private static let pageMax = 1_000

    /// Each page in turn, until `body` has enough.
    func pages(
        _ request: JSONObject, _ body: ([JSONValue], _ next: String?) throws(Failure) -> Bool
    ) throws(Failure) {
        var request = request
        for (name, value) in self.filter.members { request[name] = value }
        while true {
            let answer = try self.access.ask(
                "\(self.kind.rawValue)-list", request, self.arguments)
            let next = answer["next"]?.string
            guard try body(answer[self.kind.member]?.array ?? [], next), let next else { return }
            request["after"] = .string(next)
        }
    }

    /// Shows one page, or all.
    func show() throws(Failure) {
        let isAll = self.arguments.has("all")
        var request = self.arguments.texts(["prefix", "after"])
        let limit = try self.arguments.number("limit", 1...Self.pageMax)
        request["limit"] = JSONValue(limit ?? (isAll ? Self.pageMax : 100))
        var elements: [JSONValue] = []
        var rest: String?
        try self.pages(request) { page, next in
            elements += page
            rest = next
            return isAll
        }
        if self.arguments.wantsJSON {
            Terminal.print([
                self.kind.member: .array(elements), "next": JSONValue(isAll ? nil : rest),
            ])
        } else if elements.isEmpty {
            Terminal.print("no \(self.kind.member)")
        } else {
            Terminal.print(self.table(elements))
            if !isAll, let rest { Terminal.print("there are more: --after \(rest), or --all") }
        }
    }

    private func table(_ elements: [JSONValue]) -> String {
        switch self.kind {
        case .number:
            let columns = NumberFields.all.map(\.name).filter { $0 != "tenant-update" }
            return Render.table(elements, first: columns, without: ["tenant-update"])
        case .tenant:
            let columns = ["name", "label", "service", "trunk-set", "screening"]
            var table = Table(columns: columns + ["numbers"])
            for element in elements {
                let counts = element["numbers"]?.object?.members ?? []
                let sum = counts.reduce(0) { $0 + ($1.value.integer ?? 0) }
                table.add(columns.map { Render.cell(element[$0]) } + ["\(sum)"])
            }
            return table.text
        }
    }

    /// Writes all as a file that an import takes.
    func export() throws(Failure) {
        let names = self.kind.fields.map(\.name)
        var progress = Progress()
        var count = 0
        var isFirst = true
        var request = self.arguments.texts(["prefix", "after"])
        request["limit"] = JSONValue(Self.pageMax)
        try self.pages(request) { page, _ in
            if isFirst { Terminal.write(CSVWriter.record(names)) }
            isFirst = false
            Terminal.write(
                page.flatMap { element in
                    CSVWriter.record(names.map { Self.field(element[$0]) })
                })
            count += page.count
            progress.show { "\(count) \(self.kind.member) written" }
            return true
        }
        progress.end()
    }

    /// A value as a column of a file has it, and an option would.
    static func field(_ value: JSONValue?) -> String {
        switch value {
        case nil, .null: ""
        case .bool(let value): value ? "on" : "off"
        case .string(let text): text
        case .array(let values): values.map(self.field).joined(separator: ",")
        case .object(let object):
            object.members.map { "\($0.name)=\(self.field($0.value))" }.joined(separator: ",")
        case .some(let value): Render.cell(value)
        }
    }
}
