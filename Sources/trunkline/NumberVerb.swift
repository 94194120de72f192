// SPDX-License-Identifier: Apache-2.0

import Management
import Provisioning
import Tenancy

extension Verb {
    static let number = Verb(
        name: "number",
        operands: "list | export | show|add|change|remove NUMBER... | import FILE",
        summary: "the telephone numbers of tenants",
        details: """
            Lists, shows, adds, changes and removes numbers. NUMBER is a number with its +, or a
            range FIRST-LAST; each number is added or refused by itself, a hundred in one
            transaction. Adding a number again with the same values changes nothing.
            remove --tenant NAME --all removes all numbers of a tenant.
            Where no process runs, the store's file is used itself.
            export writes numbers as CSV to standard output. import takes such a file, or one with
            the heading Numbers and one number a line, adds and changes numbers, and says of each
            line what became of it; what the file does not say is said by options. A file can be
            imported again: what is there already is unchanged.
            appliance/docs/tenants.md explains each field and each refusal.

            examples:
              trunkline number add +12025550100-+12025550199 --tenant acme
              trunkline number change +12025550123 --trunk-set bypass
              trunkline number list --tenant acme --prefix +1202
              trunkline number import numbers.csv --tenant acme --dry-run
              trunkline number export --tenant acme > acme.csv
            Exit status: 0, 1 if a number was refused, 2 for wrong arguments.
            """,
        options: ProvisioningAccess.options + NumberFields.shared.map { Option($0) }
            + ProvisioningList.options + [ProvisioningAccess.dryRun],
        use: OptionUse(
            [
                ("list", ["tenant", "prefix", "after", "limit", "all"]),
                ("export", ["tenant", "prefix", "after"]), ("show", []),
                ("add", NumberFields.shared.map(\.name) + ["dry-run"]),
                ("change", NumberFields.shared.map(\.name) + ["dry-run"]),
                ("remove", ["tenant", "all", "dry-run"]),
                ("import", NumberFields.shared.map(\.name) + ["dry-run"]),
            ], shared: ProvisioningAccess.options)
    ) { (arguments) throws(Failure) in
        let syntax = "list, show NUMBER, add NUMBER..., change NUMBER..., remove NUMBER..., "
            + "export or import FILE"
        let operands = try arguments.operands(1...10_000, syntax)
        let access = try ProvisioningAccess(arguments)
        let list = ProvisioningList(
            kind: .number, access: access, arguments: arguments,
            filter: arguments.texts(["tenant"]))
        switch (operands[0], operands.count) {
        case ("list", 1): try list.show()
        case ("export", 1): try list.export()
        case ("import", 2):
            return try ImportRun.run(
                operands[1], .number, access, arguments,
                shared: arguments.members(NumberFields.shared))
        case ("show", 2):
            let answer = try access.ask("number-show", ["number": .string(operands[1])], arguments)
            Self.print(answer, arguments)
        case ("remove", 1) where arguments.has("all") && arguments.has("tenant"):
            return try NumberChange("remove", access, arguments).run(list)
        case ("remove", 2...) where arguments.has("all") || arguments.has("tenant"):
            throw .usage("--tenant NAME --all removes all of a tenant, and takes no NUMBER")
        case ("add", 2...), ("change", 2...), ("remove", 2...):
            return try NumberChange(operands[0], access, arguments)
                .run(Array(operands.dropFirst()))
        default: throw .usage("\(syntax) is expected; --help explains it")
        }
        return .ok
    }
}

/// A change of numbers from the command line.
struct NumberChange {
    private let word: String
    private let access: ProvisioningAccess
    private let arguments: Arguments

    /// Numbers of one command; more come from a file.
    private static let numbersMax = 100_000
    /// Rows that are shown one by one.
    private static let rowsShown = 100

    init(_ word: String, _ access: ProvisioningAccess, _ arguments: Arguments) {
        self.word = word
        self.access = access
        self.arguments = arguments
    }

    /// Changes the numbers of these operands.
    func run(_ operands: [String]) throws(Failure) -> ExitStatus {
        var ranges: [NumberRange] = []
        for text in operands {
            guard let range = NumberRange(text) else {
                throw .usage("\(text) is no number; allowed: \(NumberRange.allowed)")
            }
            ranges.append(range)
        }
        guard ranges.reduce(0, { $0 + min($1.count, Self.numbersMax + 1) }) <= Self.numbersMax
        else {
            throw .usage("more than \(Self.numbersMax) numbers; import them from a file")
        }
        return try self.run { add in
            for range in ranges {
                for piece in range.pieces(of: ImportFile.batch) where !add(piece) { return }
            }
        }
    }

    /// Changes all that a list has. What it has is removed while it is read.
    func run(_ list: ProvisioningList) throws(Failure) -> ExitStatus {
        var failure: Failure?
        let status = try self.run { add in
            do throws(Failure) {
                try list.pages(["limit": JSONValue(ImportFile.batch)]) { page, _ in
                    for number in page {
                        guard let range = NumberRange(number["number"]?.string ?? ""), add(range)
                        else { return false }
                    }
                    return true
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return status
    }

    private func run(
        _ body: (_ add: (NumberRange) -> Bool) -> Void
    ) throws(Failure) -> ExitStatus {
        var rows: [BatchRun.Row] = []
        var request = self.arguments.members(NumberFields.shared)
        if self.arguments.has("dry-run") { request["dry-run"] = true }
        let kept = Rows()
        var run = BatchRun(
            "number-\(self.word)", .number, self.access, shared: request, done: kept.append)
        var progress = Progress()
        body { range in
            progress.show { run.summary }
            return run.add(
                BatchRun.Item(
                    key: range.description, element: .string(range.description),
                    count: range.count))
        }
        run.flush()
        progress.end()
        rows = kept.rows
        self.show(rows, run)
        return run.isGood ? .ok : .no
    }

    private final class Rows {
        private(set) var rows: [BatchRun.Row] = []
        func append(_ row: BatchRun.Row) { self.rows.append(row) }
    }

    private func show(_ rows: [BatchRun.Row], _ run: BatchRun) {
        guard !self.arguments.wantsJSON else {
            var answer: JSONObject = ["numbers": .array(rows.map { .object($0.json("number")) })]
            for (state, count) in run.counts.sorted(by: { $0.key < $1.key }) {
                answer[state] = JSONValue(count)
            }
            answer["stopped"] = JSONValue(run.stop)
            return Terminal.print(.object(answer))
        }
        let isShort = rows.count <= Self.rowsShown
        let shown = isShort ? rows : rows.filter { $0.state == "refused" || $0.state == "unknown" }
        var table = Table(columns: ["number", "state", "why"])
        for row in shown.prefix(Self.rowsShown) { table.add([row.key, row.state, row.reason]) }
        if !table.isEmpty { Terminal.print(table.text) }
        let rehearsal = self.arguments.has("dry-run") ? "it would be " : ""
        Terminal.print(rehearsal + run.summary + (run.stop.map { "; stopped: \($0)" } ?? ""))
    }
}
