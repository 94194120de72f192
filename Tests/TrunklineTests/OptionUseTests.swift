// SPDX-License-Identifier: Apache-2.0

import Foundation
import Management
import Testing

@testable import trunkline

/// Options that a verb would not look at, stores that are not there, and lines of files.
@Suite struct OptionUseTests {
    private func check(_ verb: Verb, _ words: [String]) throws(Failure) {
        let arguments = try Arguments(parsing: words, options: verb.options + Option.common)
        try verb.use?.check(arguments, of: verb.name)
    }

    @Test(arguments: [
        (Verb.tenant, ["list", "--label", "x"], "--label", "list", "add, change"),
        (.tenant, ["remove", "acme", "--trunk-set", "plain"], "--trunk-set", "remove", "change"),
        (.tenant, ["export", "--limit", "5"], "--limit", "export", "list"),
        (.number, ["show", "+1", "--tenant", "acme"], "--tenant", "show", "list"),
        (.number, ["list", "--dry-run"], "--dry-run", "list", "add"),
        (.trunk, ["list", "--state", "active"], "--state", "list", "change"),
        (.cert, ["list", "--force"], "--force", "list", "add"),
        (.profile, ["diff", "a", "--all"], "--all", "diff", "show"),
        (.migration, ["start", "x", "--force"], "--force", "start", "step"),
        (.deployment, ["show", "--name", "x"], "--name", "show", "change"),
    ])
    func anOptionForSomethingElseIsRefused(
        verb: Verb, words: [String], option: String, word: String, others: String
    ) {
        let failure = #expect(throws: Failure.self) { try self.check(verb, words) }
        #expect(failure?.status == .usage)
        let text = failure?.text ?? ""
        #expect(text.hasPrefix("\(option) is not for \(verb.name) \(word); it is for"), "\(text)")
        #expect(text.contains(others), "\(text)")
    }

    @Test(arguments: [
        (Verb.tenant, ["add", "acme", "--label", "acme", "--dry-run", "--json"]),
        (.tenant, ["list", "--prefix", "a", "--store", "x"]), (.tenant, ["juggle", "--all"]),
        (.number, ["remove", "--tenant", "acme", "--all"]),
        (.number, ["import", "x", "--tenant", "acme", "--service", "zoom"]),
        (.migration, ["back-out", "x", "--to", "4", "--dry-run"]),
        (.migration, ["plan", "x", "all:a", "--to", "bypass"]),
    ])
    func othersAreNot(verb: Verb, words: [String]) throws {
        try self.check(verb, words)
    }

    /// An option that goes with nothing would be refused everywhere.
    @Test func eachOptionGoesWithSomething() throws {
        for verb in Verb.all {
            guard let use = verb.use else { continue }
            let names = verb.options.map(\.name)
            #expect(use.all.isSuperset(of: names), "\(verb.name): \(names)")
            #expect(use.all.isSubset(of: names + Option.common.map(\.name)), "\(verb.name)")
        }
    }

    // MARK: Stores

    private func temporary() throws -> String {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("trunkline-store-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
        return path
    }

    /// What a request gets where no process runs.
    private func ask(_ verb: String, _ folder: String, store: String) throws(Failure) {
        let words = ["--directory", folder, "--store", store]
        let access = try ProvisioningAccess(
            try Arguments(parsing: words, options: Verb.tenant.options + Option.common))
        _ = try access.answer(verb, ["name": "acme"])
    }

    @Test func readingMakesNoStore() throws {
        let folder = try self.temporary()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/tenants.db"
        for verb in ["tenant-list", "number-show", "audit-list", "migration-status"] {
            let failure = #expect(throws: Failure.self) {
                try self.ask(verb, folder, store: path)
            }
            #expect(failure?.status == .no)
            #expect(failure?.text.contains("there is no store \(path)") == true)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        try self.ask("tenant-add", folder, store: path)
        try self.ask("tenant-list", folder, store: path)
    }

    @Test(arguments: ["tenant-list", "tenant-add"])
    func aDirectoryThatIsNotThereIsNamed(verb: String) throws {
        let folder = try self.temporary()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let failure = #expect(throws: Failure.self) {
            try self.ask(verb, folder, store: "\(folder)/none/tenants.db")
        }
        #expect(failure?.text.contains("directory \(folder)/none: No such file") == true)
    }

    // MARK: Files of cohorts

    @Test func refusalsNameTheLine() throws {
        let folder = try self.temporary()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/pilot.txt"
        try "+12025550100\n\n  +12025550110-+12025550119\r\n".write(
            toFile: path, atomically: true, encoding: .utf8)
        var lines = CohortLines()
        #expect(try lines.read(path) == ["+12025550100", "+12025550110-+12025550119"])
        let place = lines.place(ofNumberIn: "has +12025550115, which is nobody's")
        #expect(place == "\(path), line 3")
        #expect(lines.place(ofNumberIn: "has +12025550120, which is nobody's") == nil)
        try "+12025550100\nalice\n".write(toFile: path, atomically: true, encoding: .utf8)
        let failure = #expect(throws: Failure.self) { try lines.read(path) }
        #expect(failure?.text.hasPrefix("\(path), line 2: alice is no number") == true)
    }
}
