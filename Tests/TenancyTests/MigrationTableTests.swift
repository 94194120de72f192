// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Tenancy

/// What people are shown.
struct MigrationTableTests {
    @Test func tablesHaveACellForEachHeading() throws {
        var scene = try MigrationScene()
        try scene.go(to: MigrationPosition(.widen, cohort: 2))
        scene.figures.observe(MigrationFiguresTests.call())
        scene.figures.observe(MigrationFiguresTests.call(setup: 60_000))
        let facts = MigrationFacts(now: scene.now)
        let verdict = try #require(MigrationGate.verdict(on: scene.plan, scene.figures, facts))
        let tables = [
            scene.plan.summary { "\($0)" }, scene.plan.steps, scene.plan.calls(scene.figures),
            scene.plan.historyTable { "\($0)" }, verdict.table,
        ]
        for table in tables {
            #expect(!table.rows.isEmpty)
            for row in table.rows { #expect(row.count == table.headings.count) }
        }
        #expect(scene.plan.summary { "\($0)" }.rows[0][2] == "5.2 widen")
        let states = scene.plan.steps.rows.map { $0[3] }
        let ahead = Array(repeating: "-", count: 4)
        #expect(states == Array(repeating: "done", count: 6) + ["now"] + ahead)
        let pilot = scene.plan.calls(scene.figures).rows[2]
        #expect(pilot == [
            "5 numbers", "to service", "2", "0", "100.00 %", "0.00 %", "15000 ms or more",
        ])
        #expect(scene.plan.historyTable { "\($0)" }.rows.count == 7)
    }

    @Test func everyPositionSaysWhatIsToDo() throws {
        var scene = try MigrationScene()
        var texts: [String] = []
        for position in MigrationPlanTests.positions {
            try scene.go(to: position)
            let todo = try scene.plan.instructions(in: scene.directory)
            texts.append(
                (todo.here + todo.carrierTenant + todo.accountTenants).joined(separator: "\n"))
            #expect(!todo.here.isEmpty || !todo.accountTenants.isEmpty, "\(position)")
            #expect(!todo.gate.isEmpty)
        }
        #expect(
            texts[0].contains(
                "New-CsOnlinePSTNGateway -Fqdn 1b1.sbc.carrier.example -SipSignalingPort 5064 "
                    + "-MediaBypass $true -Enabled $true"))
        #expect(texts[2].contains("register and verify acme.1b1.sbc.carrier.example"))
        #expect(texts[3].contains("for the users of 5 numbers"))
        #expect(texts[7].contains("for the users of all of beta"))
        #expect(texts[9].contains("Set-CsOnlinePSTNGateway -Identity 1r1.sbc.carrier.example"))
        #expect(scene.plan.backOutInstructions.count == 3)
    }

    @Test func longListsAreCut() throws {
        var directory = Directory.usual()
        let names = (0..<30).map { "t\($0)" }
        for name in names { directory.add(name, numbers: 0..<0) }
        let plan = try MigrationPlan(
            name: "p", accounts: names, cohorts: [.share(percent: 10, of: names)])
        var scene = try MigrationScene(directory)
        scene.plan = plan
        try scene.go(to: MigrationPosition(.subdomains))
        let todo = try scene.plan.instructions(in: scene.directory)
        #expect(todo.accountTenants.count == MigrationInstructions.namesMax + 2)
        #expect(todo.accountTenants.contains("and 40 more names"))
        #expect(plan.cohorts[0].summary == "10 % of t0, t1, t2 and 27 more")
    }
}
