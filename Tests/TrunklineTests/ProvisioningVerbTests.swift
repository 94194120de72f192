// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Management
import Provisioning
import Store
import Testing
import TestSupport

@testable import trunkline

/// A store without a node, as the verbs see it.
private final class VerbWorld {
    private let own: TemporaryDirectory
    var directory: String { self.own.path }
    let access: ProvisioningAccess
    let service: ProvisioningService

    init() throws {
        self.own = try TemporaryDirectory("verbs")
        self.service = ProvisioningService(
            store: try SQLiteStore(path: self.own.path + "/provisioning.db")) { 0 }
        self.access = ProvisioningAccess(self.service)
        _ = try self.access.answer("tenant-add", ["name": "acme", "service": "zoom"]).get()
    }

    func run(
        _ items: [BatchRun.Item], verb: String = "number-import",
        shared: JSONObject = ["tenant": "acme"]
    ) -> (BatchRun, [BatchRun.Row]) {
        let kept = Rows()
        var run = BatchRun(
            verb, .number, self.access, shared: shared, done: kept.append)
        for item in items where !run.add(item) { break }
        run.flush()
        return (run, kept.rows)
    }
}

private final class Rows {
    var rows: [BatchRun.Row] = []
    func append(_ row: BatchRun.Row) { self.rows.append(row) }
}

private func item(_ number: String, line: Int? = nil, count: Int = 1) -> BatchRun.Item {
    BatchRun.Item(line: line, key: number, element: .string(number), count: count)
}

@Suite struct ProvisioningVerbTests {
    @Test func everyElementHasARowInOrder() throws {
        let world = try VerbWorld()
        var items = (0..<250).map { item("+1202555\(1000 + $0)", line: $0 + 2) }
        items.insert(
            BatchRun.Item(line: 9999, key: "x", element: nil, problem: "is no number"), at: 120)
        let (run, rows) = world.run(items)
        #expect(rows.count == 251)
        #expect(rows.map(\.key) == items.map(\.key))
        #expect(rows.map(\.line) == items.map(\.line))
        #expect(rows[120].state == "refused" && rows[120].reason == "is no number")
        #expect(run.summary == "250 added, 1 refused" && !run.isGood && run.stop == nil)
        #expect(world.service.counters.requests == 4)
    }

    @Test func rangesFillBatches() throws {
        let world = try VerbWorld()
        let (run, rows) = world.run(
            [
                item("+12025551000-+12025551069", count: 70),
                item("+12025551070-+12025551139", count: 70), item("+12025551000"),
            ])
        #expect(rows.count == 141 && rows.first?.key == "+12025551000")
        #expect(run.summary == "140 added, 1 unchanged" && run.isGood)
    }

    @Test func aRefusedRequestStopsAndSaysWhereItStands() throws {
        let world = try VerbWorld()
        let items = (0..<250).map { item("+1202555\(1000 + $0)", line: $0 + 2) }
        let (run, rows) = world.run(items, verb: "number-dance")
        #expect(run.stop != nil && rows.count == 100 && !run.isGood)
        #expect(rows.allSatisfy { $0.state == "refused" && $0.code == "unknown_verb" })
    }

    @Test func rowsAsJSONCarryTheWholeRefusal() throws {
        let world = try VerbWorld()
        let (_, rows) = world.run([item("+12025551000", line: 2)], shared: ["tenant": "nobody"])
        let json = JSONValue.object(try #require(rows.first).json("number"))
        #expect(json["line"] == 2 && json["number"] == "+12025551000")
        #expect(json["error"]?["code"] == "not_found")
        #expect(json["error"]?["field"] == "number.tenant")
        #expect(json["error"]?["more"] == "appliance/docs/tenants.md#number")
    }

    @Test func valuesStandInFilesAsInOptions() {
        #expect(ProvisioningList.field(nil) == "" && ProvisioningList.field(.null) == "")
        #expect(ProvisioningList.field(true) == "on" && ProvisioningList.field(false) == "off")
        #expect(ProvisioningList.field(["a", "b"]) == "a,b")
        #expect(ProvisioningList.field(["1": "MS=x", "2": "y"]) == "1=MS=x,2=y")
    }

    @Test func whatIsExportedIsImportedUnchanged() throws {
        let world = try VerbWorld()
        let full: JSONObject = [
            "name": "full", "service": "teams-direct-routing,acs", "label": "a_b",
            "label-imported": true, "txt-token": "1=MS=a,2=b", "screening": "off",
            "screening-sources": "from,history-info",
        ]
        _ = try world.access.answer("tenant-add", full).get()
        let shown = try world.access.answer("tenant-show", ["name": "full"]).get()
        var request: JSONObject = [:]
        for field in AccountFields.all {
            request[field.name] = .string(ProvisioningList.field(shown[field.name]))
        }
        let answer = try world.access.answer("tenant-import", ["tenants": [.object(request)]]).get()
        #expect(answer["unchanged"] == 1)
    }

    // MARK: Words

    private static let verbs = [Verb.tenant, .number, .deployment, .audit]

    @Test func optionsSpellTheFields() throws {
        let options = Verb.tenant.options.map(\.name)
        #expect(AccountFields.all.dropFirst().allSatisfy { options.contains($0.name) })
        let numbers = Verb.number.options.map(\.name)
        #expect(NumberFields.shared.allSatisfy { numbers.contains($0.name) })
        let arguments = try Arguments(
            parsing: [
                "add", "acme", "--label", "acme", "--txt-token", "1=MS=ms1", "--screening=off",
            ],
            options: Verb.tenant.options + Option.common)
        #expect(
            arguments.members(AccountFields.all) == [
                "label": "acme", "txt-token": "1=MS=ms1", "screening": "off",
            ])
    }

    @Test(arguments: verbs)
    func helpHasExamplesAndEveryOptionOnce(verb: Verb) {
        #expect(verb.help.contains("examples:"))
        let names = (verb.options + Option.common).map(\.name)
        #expect(Set(names).count == names.count)
    }

    @Test(arguments: [
        ["tenant"], ["tenant", "dance"], ["tenant", "add"], ["tenant", "add", "a", "b"],
        ["tenant", "list", "x"], ["number", "add"], ["number", "show"], ["number", "remove"],
        ["number", "add", "12025550100"], ["number", "add", "+10000000-+20000000"],
        ["deployment"], ["deployment", "dance"], ["audit", "x"], ["audit", "--limit", "0"],
        ["audit", "--tenant", "a", "--numbers-of", "b"], ["tenant", "list", "--limit", "1001"],
    ])
    func wordsThatAreRefused(words: [String]) throws {
        let world = try VerbWorld()
        let place = ["--store", world.directory + "/other.db", "--directory", world.directory]
        #expect(CommandLineTool.run(words + place) == .usage)
    }

    @Test func verbsWorkOnTheFileWhereNoProcessRuns() throws {
        let world = try VerbWorld()
        let path = world.directory + "/other.db"
        let place = ["--store", path, "--directory", world.directory, "--json"]
        #expect(CommandLineTool.run(["tenant", "add", "a", "--service", "zoom"] + place) == .ok)
        #expect(CommandLineTool.run(["tenant", "add", "a", "--service", "acs"] + place) == .no)
        let range = "+12025550100-+12025550299"
        #expect(CommandLineTool.run(["number", "add", range, "--tenant", "a"] + place) == .ok)
        #expect(CommandLineTool.run(["tenant", "remove", "a"] + place) == .no)
        let file = world.directory + "/numbers.csv"
        try "Numbers\n12025550300\nx\n".write(toFile: file, atomically: true, encoding: .utf8)
        #expect(CommandLineTool.run(["number", "import", file, "--tenant", "a"] + place) == .no)
        #expect(
            CommandLineTool.run(["number", "remove", "--tenant", "a", "--all"] + place) == .ok)
        #expect(CommandLineTool.run(["tenant", "remove", "a"] + place) == .ok)
        let store = try SQLiteStore(path: path)
        #expect(try store.totals() == StoreTotals(accounts: 0, numbers: 0))
        // Held by somebody, it is not changed.
        #expect(CommandLineTool.run(["tenant", "add", "b"] + place) == .no)
    }

    @Test func changesOfAnAuditLineAreShort() {
        #expect(
            AuditText.changes(["before": ["a": "x", "b": 1], "after": ["a": .null, "b": 1]])
                == "a: x -> none")
        #expect(
            AuditText.changes(["before": [], "after": [["number": "+10-+19"]]]) == "+10-+19")
        #expect(AuditText.changes(["before": .null, "after": ["a": 1]]) == "a: 1")
    }
}
