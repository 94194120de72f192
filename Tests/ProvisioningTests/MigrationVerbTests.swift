// SPDX-License-Identifier: Apache-2.0

import CSQLite
import Management
import Store
import Tenancy
import Testing

@testable import Provisioning

/// Migrations as the command line asks for them, on a store. What plans do by themselves is tested
/// beside them; here it is that the store has it, whole or not at all.
@Suite struct MigrationVerbTests {
    private static let positions = ["0", "1", "2", "3", "4", "5.1", "6", "7", "8"]
    private static let pilot = "+12025550100"

    /// A node with both sets of trunks, without any call, whose trunks are healthy.
    private static var facts: NodeFacts {
        var facts = NodeFacts()
        facts.trunks = [("plain", TrunkSet.plain, UInt16(5061)), ("bypass", .bypass, 5064)].map {
            CarrierTrunk(
                name: $0.0, service: .teamsDirectRouting, set: $0.1, region: 1,
                fqdn: "1\($0.0.prefix(1)).sbc.example.com", port: $0.2, realm: "cloud",
                address: "192.0.2.1")
        }
        facts.trunkNames = ["carrier"] + facts.trunks.map(\.name)
        facts.calls = ["carrier": 1, "plain": 0, "bypass": 1]
        facts.healthySince = ["bypass": 0]
        facts.isCovered = { _, _ in true }
        return facts
    }

    private final class World {
        let fixture: ServiceFixture
        var facts = MigrationVerbTests.facts

        init(limits: ProvisioningService.Limits = .init()) throws {
            self.fixture = try ServiceFixture(limits: limits)
            try self.fixture.ok(
                "number-add",
                [
                    "tenant": "acme", "service": "teams-direct-routing",
                    "numbers": ["+12025550100-+12025550109"],
                ])
        }

        @discardableResult
        func ok(_ verb: String, _ arguments: JSONObject = [:]) throws -> JSONValue {
            try self.perform(verb, arguments).answer.get()
        }

        func perform(_ verb: String, _ arguments: JSONObject) -> ProvisioningOutcome {
            var arguments = arguments
            if arguments["name"] == nil { arguments["name"] = "m" }
            return self.fixture.service.perform(
                ProvisioningRequest(verb, arguments, user: 1000, node: self.facts))
        }

        func refusal(_ verb: String, _ arguments: JSONObject = [:]) throws -> JSONValue {
            let before = try self.fixture.everything()
            let outcome = self.perform(verb, arguments)
            guard case .failure(let error) = outcome.answer else {
                Issue.record("\(verb) was done")
                return .null
            }
            #expect(outcome.changes.isEmpty && outcome.plans.isEmpty && outcome.trunks.isEmpty)
            #expect(try self.fixture.everything() == before)
            return error.json
        }

        /// The pilot is one number, the second cohort a half of the rest.
        func plan(_ more: JSONObject = [:]) throws {
            var request: JSONObject = [
                "cohorts": [
                    ["numbers": [.string(MigrationVerbTests.pilot)]],
                    ["tenants": ["acme"], "percent": 50],
                ]
            ]
            for (name, value) in more.members { request[name] = value }
            try self.ok("migration-plan", request)
        }

        func go(to position: String) throws {
            while try self.position() != position {
                try self.ok("migration-step", ["force": true])
            }
        }

        func position() throws -> String {
            try self.status()["step"]?.string.map { String($0.prefix { $0 != " " }) } ?? ""
        }

        func status() throws -> JSONValue { try self.ok("migration-status") }

        /// What calls go by: the tables, and states of trunks.
        func inForce() throws -> ([DirectoryChange], [String: TrunkState]) {
            let states = try self.fixture.service.trunkStates()
            return (try self.fixture.everything(), states.filter { $0.value != .active })
        }
    }

    @Test func aPlanGoesThroughItsStepsAndTheStoreFollows() throws {
        let world = try World()
        let original = try world.inForce()
        try world.plan()
        #expect(try world.status()["state"] == "planned")
        try world.ok("migration-start")
        #expect(try world.inForce() == original)
        try world.go(to: "4")
        let pilot = try world.fixture.ok("number-show", ["number": .string(Self.pilot)])
        #expect(pilot["trunk-set"] == "bypass")
        try world.go(to: "6")
        let account = try world.fixture.ok("tenant-show", ["name": "acme"])
        #expect(account["trunk-set"] == "bypass")
        let after = try world.fixture.ok("number-show", ["number": .string(Self.pilot)])
        #expect(after["trunk-set"] == .null)
        // bigco has Operator Connect, and acme is moved: nobody uses the old set.
        try world.go(to: "7")
        #expect(try world.fixture.service.trunkStates() == ["plain": .draining])
        try world.go(to: "8")
        #expect(try world.fixture.service.trunkStates() == ["plain": .disabled])
        #expect(try world.status()["state"] == "completed")
        #expect(try world.refusal("migration-step")["code"] == "wrong_state")
    }

    @Test(arguments: positions)
    func backOutFromEveryStepToEveryEarlierOne(_ from: String) throws {
        let world = try World()
        try world.plan()
        var earlier: [(String?, ([DirectoryChange], [String: TrunkState]))] = [
            (nil, try world.inForce())
        ]
        try world.ok("migration-start")
        while try world.position() != from {
            earlier.append((try world.position(), try world.inForce()))
            try world.ok("migration-step", ["force": true])
        }
        for (target, state) in earlier.reversed() {
            try world.ok("migration-back-out", target.map { ["to": .string($0)] } ?? [:])
            #expect(try world.inForce() == state, "\(from) to \(target ?? "the start")")
            if target == nil { try world.ok("migration-start") }
            try world.go(to: from)
        }
        let audit = try world.fixture.ok("audit-list", ["subject": "migration m", "limit": 1000])
        let what = (audit["lines"]?.array ?? []).compactMap { $0["after"]?["what"]?.string }
        #expect(what.count { $0 == "backed out" } == earlier.count)
        let known = ["started", "stepped", "stepped by force", "backed out"]
        #expect(what.allSatisfy(known.contains))
    }

    @Test func aRehearsalChangesNothing() throws {
        let world = try World()
        try world.plan()
        try world.ok("migration-start")
        try world.go(to: "3")
        let before = try world.inForce()
        let answer = try world.ok("migration-step", ["force": true, "dry-run": true])
        #expect(answer["migration"]?["step"] == "4 pilot in" && answer["dry-run"] == true)
        #expect(try world.position() == "3")
        #expect(try world.inForce() == before)
    }

    // MARK: Gates

    @Test func whatNoNodeSeesIsConfirmed() throws {
        let world = try World()
        try world.plan(["healthy-hours": "0"])
        try world.ok("migration-start")
        let refusal = try world.refusal("migration-step")
        #expect(refusal["text"]?.string?.contains("firewall not confirmed") == true)
        #expect(try world.refusal("migration-step", ["confirm": "rain"])["code"] == "bad_value")
        world.facts.isCovered = { name, _ in !name.hasPrefix("acme.") }
        let uncovered = try world.refusal("migration-step", ["confirm": "firewall"])
        #expect(uncovered["text"]?.string?.contains("acme.1b.sbc.example.com") == true)
        world.facts.isCovered = nil
        let unknown = try world.refusal("migration-step", ["confirm": "firewall"])
        #expect(unknown["text"]?.string?.contains("certificates unknown") == true)
        world.facts.isCovered = { _, _ in true }
        try world.ok("migration-step", ["confirm": "firewall"])

        world.facts.healthySince = [:]
        #expect(try world.refusal("migration-step")["code"] == "wrong_state")
        world.facts.healthySince = ["bypass": 1_699_999_999_000]
        try world.ok("migration-step")
        let half = try world.refusal("migration-step", ["confirm": "verified"])
        #expect(half["code"] == "wrong_state")
        try world.ok("migration-step", ["confirm": "verified,activated"])
        #expect(try world.position() == "3")
    }

    @Test func healthCountsFromWhenItBegan() throws {
        let world = try World()
        try world.plan()
        try world.ok("migration-start")
        try world.go(to: "1")
        let (now, hour) = (UInt64(1_700_000_000_000), UInt64(3_600_000))
        world.facts.healthySince = ["bypass": now - 24 * hour + 1]
        #expect(try world.refusal("migration-step")["text"]?.string?.contains("23 h") == true)
        world.facts.healthySince = ["bypass": now - 24 * hour]
        try world.ok("migration-step")
    }

    private func figures(_ oneWay: Int) throws -> MigrationFigures {
        var figures = MigrationFigures(from: .plain, to: .bypass, cohorts: 2)
        for set in TrunkSet.allCases {
            for direction in CallDirection.allCases {
                for call in 0..<200 {
                    figures.observe(
                        MigrationCall(
                            direction: direction, set: set, cohort: 0, isAnswered: true,
                            isOneWay: set == .bypass && call < oneWay, setupMilliseconds: 100,
                            time: call == 0 ? 0 : 86_400_000))
                }
            }
        }
        return figures
    }

    @Test func figuresOfTheNodeDecideAndAreKept() throws {
        let world = try World()
        try world.plan()
        try world.ok("migration-start")
        try world.go(to: "4")
        #expect(try world.refusal("migration-step")["code"] == "wrong_state")
        world.facts.figures["m"] = try self.figures(0)
        let watched = world.fixture.service.watch(world.facts)
        #expect(try watched.answer.get()["conditions"] == [])
        #expect(watched.plans.isEmpty)
        world.facts.figures = [:]
        #expect(try world.status()["gate"] == "passed")
        try world.ok("migration-step")
        #expect(try world.position() == "5.1")
    }

    @Test func aFailedGateStopsThePlanAndNothingGoesBack() throws {
        let world = try World()
        try world.plan()
        try world.ok("migration-start")
        try world.go(to: "4")
        let before = try world.inForce()
        world.facts.figures["m"] = try self.figures(20)
        let watched = world.fixture.service.watch(world.facts)
        let condition = try watched.answer.get()["conditions"]?[0]?.string ?? ""
        #expect(condition.hasPrefix("migration m is stopped at step 4: one-way audio"))
        #expect(watched.plans.count == 1)
        #expect(try world.status()["state"] == "stopped")
        #expect(try world.inForce() == before)
        // Once is enough.
        #expect(world.fixture.service.watch(world.facts).plans.isEmpty)
        #expect(try world.refusal("migration-step")["text"]?.string?.contains("back-out") == true)
        world.facts.figures["m"] = try self.figures(0)
        #expect(world.fixture.service.watch(world.facts).plans.count == 1)
        #expect(try world.status()["state"] == "running")
        let audit = try world.fixture.ok("audit-list", ["subject": "migration m"])
        let what = (audit["lines"]?.array ?? []).compactMap { $0["after"]?["what"]?.string }
        #expect(what.prefix(2) == ["resumed", "stopped by its gate"])
        #expect(audit["lines"]?[0]?["user"] == .null)
    }

    @Test func forceIsAuditedWithTheFiguresThatItOverrode() throws {
        let world = try World()
        try world.plan()
        try world.ok("migration-start")
        try world.go(to: "4")
        world.facts.figures["m"] = try self.figures(20)
        try world.ok("migration-step", ["force": true])
        let line = try world.fixture.ok("audit-list", ["subject": "migration m"])["lines"]?[0]
        #expect(line?["user"] == 1000 && line?["before"]?["step"] == "4")
        #expect(line?["after"]?["step"] == "5.1")
        #expect(line?["after"]?["what"] == "stepped by force")
        #expect(line?["after"]?["note"]?.string?.contains("one-way audio") == true)
    }

    // MARK: Refusals

    @Test func plansThatCannotBe() throws {
        let world = try World()
        let cohorts: JSONValue = [["numbers": [.string(Self.pilot)]]]
        func refused(_ request: JSONObject, _ code: FieldFault.Code, _ field: String) throws {
            expectRefusal(try world.refusal("migration-plan", request), code, field)
        }
        try refused(["tenants": "acme"], .required, "migration.cohorts")
        try refused(["cohorts": cohorts], .required, "migration.accounts")
        try refused(["cohorts": cohorts, "tenants": "nobody"], .notFound, "migration.accounts")
        try refused(["name": "a b", "cohorts": cohorts], .badValue, "migration.name")
        try refused(["cohorts": [["numbers": ["1"]]]], .badValue, "migration.numbers")
        try refused(["cohorts": [["percent": 5]]], .badValue, "migration.cohorts")
        try refused(["cohorts": ["x"]], .badValue, "migration.cohorts")
        try refused(
            ["cohorts": [["tenants": ["acme"], "percent": 101]]], .badValue, "migration.percent")
        try refused(
            ["cohorts": [["numbers": ["+1202000000-+1202200000"]]], "tenants": "acme"], .tooLong,
            "migration.cohorts")
        try refused(
            ["cohorts": cohorts, "tenants": "acme", "calls": "0"], .badValue,
            "migration.gate-calls")
        try refused(
            ["cohorts": cohorts, "tenants": "acme", "hours": "x"], .badValue, "migration.hours")
        try world.plan()
        try refused(["cohorts": cohorts, "tenants": "acme"], .notUnique, "migration.name")
    }

    @Test func eachLimitIsReached() throws {
        var limits = ProvisioningService.Limits()
        limits.plans = 1
        let world = try World(limits: limits)
        try world.plan()
        let request: JSONObject = ["name": "second", "cohorts": [["tenants": ["acme"]]]]
        expectRefusal(
            try world.refusal("migration-plan", request), .tooLong, "migration.name")
        #expect(world.fixture.service.counters.limitsReached == 1)
    }

    @Test func whatDoesNotFitDoesNotStart() throws {
        let world = try World()
        try world.plan()
        world.facts.trunks.removeLast()
        expectRefusal(try world.refusal("migration-start"), .notFound, "trunk.set")
        world.facts = Self.facts
        try world.ok("migration-plan", ["name": "other", "cohorts": [["tenants": ["acme"]]]])
        try world.ok("migration-start")
        expectRefusal(
            try world.refusal("migration-start", ["name": "other"]), .inUse, "migration.accounts")
        expectRefusal(try world.refusal("migration-start"), .wrongState, "migration.state")
        expectRefusal(try world.refusal("migration-remove"), .wrongState, "migration.state")
        expectRefusal(
            try world.refusal("migration-step", ["name": "none"]), .notFound, "migration.name")
        expectRefusal(
            try world.refusal("migration-back-out", ["to": "5"]), .badValue, "migration.to")
        expectRefusal(
            try world.refusal("migration-back-out", ["to": "4"]), .badValue, "migration.step")
        try world.ok("migration-back-out")
        try world.ok("migration-remove")
        #expect(try world.ok("migration-list")["migrations"]?.array?.count == 1)
    }

    @Test func aLongListTakesSeveralRequests() throws {
        let world = try World()
        try world.plan()
        let more: JSONObject = ["cohort": 0, "numbers": ["+12025550101-+12025550103"]]
        try world.ok("migration-extend", more)
        let steps = try world.status()["steps"]?.array ?? []
        #expect(steps.first { $0["step"] == 4 }?["cohort"] == "4 numbers")
        expectRefusal(
            try world.refusal("migration-extend", ["cohort": 1, "numbers": ["+12025550101"]]),
            .wrongState, "migration.cohorts")
        expectRefusal(
            try world.refusal("migration-extend", ["cohort": 2]), .badValue, "migration.cohort")
        try world.ok("migration-start")
        expectRefusal(
            try world.refusal("migration-extend", more), .wrongState, "migration.cohorts")
    }

    @Test func namesAtTheTrunksHaveTheirLimit() throws {
        let world = try World()
        world.facts.trunks[0].fqdn = String(repeating: "x", count: 35) + ".example"
        let request: JSONObject = [
            "name": "third", "label": "third", "service": "teams-direct-routing",
        ]
        let error = try world.refusal("tenant-add", request)
        #expect(error["code"] == "too_long")
        world.facts.trunks[0].fqdn = String(repeating: "x", count: 34) + ".example"
        try world.ok("tenant-add", request)
    }

    @Test func statesOfTrunksAreKeptAndAudited() throws {
        let world = try World()
        let request: JSONObject = ["name": "carrier", "state": "draining"]
        let outcome = world.perform("trunk-change", request)
        #expect(outcome.trunks == ["carrier": .draining])
        #expect(try world.ok("trunk-change", request)["state"] == "unchanged")
        let rows = try world.ok("trunk-list", ["name": .null])["trunks"]?.array ?? []
        #expect(rows.map { $0["trunk"] } == ["carrier", "plain", "bypass"])
        #expect(rows.map { $0["state"] } == ["draining", "active", "active"])
        #expect(rows.map { $0["calls"] } == [1, 0, 1])
        expectRefusal(
            try world.refusal("trunk-change", ["name": "none", "state": "active"]), .notFound,
            "trunk.name")
        expectRefusal(
            try world.refusal("trunk-change", ["name": "carrier", "state": "shut"]), .badValue,
            "trunk.state")
        let line = try world.fixture.ok("audit-list", ["subject": "trunk carrier"])["lines"]?[0]
        #expect(line?["before"]?["state"] == "active" && line?["after"]?["state"] == "draining")
    }

    // MARK: What must not be

    @Test func aPlanThatCannotBeReadIsRemovedAndHarmsNothingElse() throws {
        let world = try World()
        try world.plan()
        try world.ok("migration-plan", ["name": "bad", "cohorts": [["tenants": "acme"]]])
        let store = try #require(world.fixture.service.store as? SQLiteStore)
        let path = store.path
        var handle: OpaquePointer?
        #expect(sqlite3_open(path, &handle) == SQLITE_OK)
        let sql = "UPDATE migration_plans SET plan = x'010203' WHERE name = 'bad'"
        #expect(sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK)
        sqlite3_close(handle)
        let rows = try world.ok("migration-list", ["name": .null])["migrations"]?.array ?? []
        #expect(rows.map { $0["state"] } == ["planned", "unreadable"])
        try world.ok("migration-start")
        let error = try world.refusal("migration-start", ["name": "bad"])
        #expect(error["code"] == "store_unreadable" && error["allowed"] != nil)
        try world.ok("migration-remove", ["name": "bad"])
        #expect(try world.fixture.service.migrations().unreadable == [])
    }

    @Test func whatAStepChangesIsInTheAudit() throws {
        let world = try World()
        try world.plan()
        try world.ok("migration-start")
        try world.go(to: "4")
        let numbers = try world.fixture.ok("audit-list", ["subject": "numbers of acme"])
        let line = numbers["lines"]?[0]
        #expect(line?["verb"] == "migration-step")
        #expect(line?["before"]?[0]?["number"] == .string(Self.pilot))
        #expect(line?["before"]?[0]?["trunk-set"] == nil)
        #expect(line?["after"]?[0]?["trunk-set"] == "bypass")
        try world.go(to: "7")
        let tenant = try world.fixture.ok("audit-list", ["subject": "tenant acme"])["lines"]?[0]
        #expect(tenant?["before"]?["trunk-set"] == "plain")
        #expect(tenant?["after"]?["trunk-set"] == "bypass")
        let trunk = try world.fixture.ok("audit-list", ["subject": "trunk plain"])["lines"]?[0]
        #expect(trunk?["before"]?["state"] == "active" && trunk?["after"]?["state"] == "draining")
    }

    @Test func nobodyIsMovedToTrunksThatTakeNoCalls() throws {
        let world = try World()
        try world.plan()
        try world.ok("trunk-change", ["name": "bypass", "state": "disabled"])
        expectRefusal(try world.refusal("migration-start"), .wrongState, "trunk.state")
        try world.ok("trunk-change", ["name": "bypass", "state": "active"])
        try world.ok("migration-start")
        try world.go(to: "3")
        try world.ok("trunk-change", ["name": "bypass", "state": "draining"])
        expectRefusal(
            try world.refusal("migration-step", ["force": true]), .wrongState, "trunk.state")
    }

    @Test func whoUsesASetKeepsItsLastTrunk() throws {
        let world = try World()
        for state in ["draining", "disabled"] {
            expectRefusal(
                try world.refusal("trunk-change", ["name": "plain", "state": .string(state)]),
                .inUse, "trunk.state")
        }
        expectRefusal(
            try world.refusal("file-written", ["kind": "trunk", "name": "plain"]), .inUse,
            "trunk.name")
        try world.ok("trunk-change", ["name": "bypass", "state": "disabled"])
        expectRefusal(
            try world.refusal("tenant-change", ["name": "acme", "trunk-set": "bypass"]),
            .conflict, "account.trunk-set")
        // One of the same name begins anew.
        try world.ok("file-written", ["kind": "trunk", "name": "bypass"])
        #expect(try world.fixture.service.trunkStates()["bypass"] == .active)
    }

    @Test func aPlanThatWasOverDoesNotRunBesideAnother() throws {
        let world = try World()
        try world.plan()
        try world.ok("migration-start")
        try world.go(to: "8")
        try world.ok("trunk-change", ["name": "plain", "state": "active"])
        try world.ok(
            "migration-plan",
            [
                "name": "back", "from": "bypass", "to": "plain",
                "cohorts": [["tenants": "acme"]],
            ])
        try world.ok("migration-start", ["name": "back"])
        expectRefusal(
            try world.refusal("migration-back-out", ["to": "4"]), .inUse, "migration.accounts")
        expectRefusal(
            try world.refusal("tenant-remove", ["name": "acme", "delete-numbers": true]),
            .inUse, "account.name")
    }
}
