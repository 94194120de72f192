// SPDX-License-Identifier: Apache-2.0

import Management
import Store
import Tenancy
import Testing

@testable import Provisioning

/// Migrations as the command line asks for them, on a store. What plans do by themselves is tested
/// beside them; here it is that the store has it, whole or not at all.
@Suite struct MigrationVerbTests {
    private static let positions = ["0", "1", "2", "3", "4", "5.1", "6", "7", "8"]

    @Test func aPlanGoesThroughItsStepsAndTheStoreFollows() throws {
        let world = try MigrationWorld()
        let original = try world.inForce()
        try world.plan()
        #expect(try world.status()["state"] == "planned")
        try world.ok("migration-start")
        #expect(try world.inForce() == original)
        try world.go(to: "4")
        let pilot = try world.fixture.ok("number-show", ["number": .string(MigrationWorld.pilot)])
        #expect(pilot["trunk-set"] == "bypass")
        try world.go(to: "6")
        let account = try world.fixture.ok("tenant-show", ["name": "acme"])
        #expect(account["trunk-set"] == "bypass")
        let after = try world.fixture.ok("number-show", ["number": .string(MigrationWorld.pilot)])
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
        let world = try MigrationWorld()
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
        let world = try MigrationWorld()
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
        let world = try MigrationWorld()
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
        let world = try MigrationWorld()
        try world.plan()
        try world.ok("migration-start")
        try world.go(to: "1")
        let (now, hour) = (UInt64(1_700_000_000_000), UInt64(3_600_000))
        world.facts.healthySince = ["bypass": now - 24 * hour + 1]
        #expect(try world.refusal("migration-step")["text"]?.string?.contains("23 h") == true)
        world.facts.healthySince = ["bypass": now - 24 * hour]
        try world.ok("migration-step")
    }

    /// As a node has them that knows where the plan is.
    private func counted(
        _ oneWay: Int, since: UInt64 = 1_700_000_000_000
    ) throws -> (since: UInt64, figures: MigrationFigures) {
        (since, try self.figures(oneWay))
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
        let world = try MigrationWorld()
        try world.plan()
        try world.ok("migration-start")
        try world.go(to: "4")
        #expect(try world.refusal("migration-step")["code"] == "wrong_state")
        world.facts.figures["m"] = try self.counted(0)
        let watched = world.fixture.service.watch(world.facts)
        #expect(try watched.answer.get()["conditions"] == [])
        #expect(watched.plans.isEmpty)
        world.facts.figures = [:]
        #expect(try world.status()["gate"] == "passed")
        try world.ok("migration-step")
        #expect(try world.position() == "5.1")
    }

    @Test func figuresOfAnEarlierPositionDecideNothing() throws {
        let world = try MigrationWorld()
        try world.plan()
        try world.ok("migration-start")
        try world.go(to: "4")
        world.facts.figures["m"] = try self.counted(20, since: 1_699_999_999_999)
        #expect(try world.fixture.service.watch(world.facts).answer.get()["conditions"] == [])
        #expect(try world.status()["state"] == "running")
        let stored = try world.fixture.service.migrations().plans[0]
        #expect(stored.figures.baseline.toService.calls == 0)
    }

    @Test func aFailedGateStopsThePlanAndNothingGoesBack() throws {
        let world = try MigrationWorld()
        try world.plan()
        try world.ok("migration-start")
        try world.go(to: "4")
        let before = try world.inForce()
        world.facts.figures["m"] = try self.counted(20)
        let watched = world.fixture.service.watch(world.facts)
        let condition = try watched.answer.get()["conditions"]?[0]?.string ?? ""
        #expect(condition.hasPrefix("migration m is stopped at step 4: one-way audio"))
        #expect(watched.plans.count == 1)
        #expect(try world.status()["state"] == "stopped")
        #expect(try world.inForce() == before)
        // Once is enough.
        #expect(world.fixture.service.watch(world.facts).plans.isEmpty)
        #expect(try world.refusal("migration-step")["text"]?.string?.contains("back-out") == true)
        world.facts.figures["m"] = try self.counted(0)
        #expect(world.fixture.service.watch(world.facts).plans.count == 1)
        #expect(try world.status()["state"] == "running")
        let audit = try world.fixture.ok("audit-list", ["subject": "migration m"])
        let what = (audit["lines"]?.array ?? []).compactMap { $0["after"]?["what"]?.string }
        #expect(what.prefix(2) == ["resumed", "stopped by its gate"])
        #expect(audit["lines"]?[0]?["user"] == .null)
    }

    @Test func forceIsAuditedWithTheFiguresThatItOverrode() throws {
        let world = try MigrationWorld()
        try world.plan()
        try world.ok("migration-start")
        try world.go(to: "4")
        world.facts.figures["m"] = try self.counted(20)
        try world.ok("migration-step", ["force": true])
        let line = try world.fixture.ok("audit-list", ["subject": "migration m"])["lines"]?[0]
        #expect(line?["user"] == 1000 && line?["before"]?["step"] == "4")
        #expect(line?["after"]?["step"] == "5.1")
        #expect(line?["after"]?["what"] == "stepped by force")
        #expect(line?["after"]?["note"]?.string?.contains("one-way audio") == true)
    }
}
