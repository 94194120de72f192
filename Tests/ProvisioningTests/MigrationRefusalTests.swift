// SPDX-License-Identifier: Apache-2.0

import CSQLite
import Management
import Store
import Tenancy
import Testing

@testable import Provisioning

/// What plans and states of trunks may not be, and what is refused while they stand.
@Suite struct MigrationRefusalTests {
    @Test func plansThatCannotBe() throws {
        let world = try MigrationWorld()
        let cohorts: JSONValue = [["numbers": [.string(MigrationWorld.pilot)]]]
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
        let world = try MigrationWorld(limits: limits)
        try world.plan()
        let request: JSONObject = ["name": "second", "cohorts": [["tenants": ["acme"]]]]
        expectRefusal(
            try world.refusal("migration-plan", request), .tooLong, "migration.name")
        #expect(world.fixture.service.counters.limitsReached == 1)
    }

    @Test func whatDoesNotFitDoesNotStart() throws {
        let world = try MigrationWorld()
        try world.plan()
        world.facts.trunks.removeLast()
        expectRefusal(try world.refusal("migration-start"), .notFound, "trunk.set")
        world.facts = MigrationWorld.facts
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
        let world = try MigrationWorld()
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
        let world = try MigrationWorld()
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
        let world = try MigrationWorld()
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
        let world = try MigrationWorld()
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
        let world = try MigrationWorld()
        try world.plan()
        try world.ok("migration-start")
        try world.go(to: "4")
        let numbers = try world.fixture.ok("audit-list", ["subject": "numbers of acme"])
        let line = numbers["lines"]?[0]
        #expect(line?["verb"] == "migration-step")
        #expect(line?["before"]?[0]?["number"] == .string(MigrationWorld.pilot))
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
        let world = try MigrationWorld()
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
        let world = try MigrationWorld()
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
        let world = try MigrationWorld()
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
