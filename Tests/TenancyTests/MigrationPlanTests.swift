// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Tenancy

/// The steps of a plan, one by one, and the way back from each.
struct MigrationPlanTests {
    static let positions = MigrationPosition.all(cohorts: MigrationScene.cohorts.count)

    @Test func positionsAreThoseOfTheTableInItsOrder() throws {
        let texts = ["0", "1", "2", "3", "4", "5.1", "5.2", "5.3", "6", "7", "8"]
        #expect(Self.positions.map(\.description) == texts)
        #expect(texts.map { MigrationPosition($0) } == Self.positions)
        #expect(Self.positions == Self.positions.sorted())
        #expect(MigrationPosition.all(cohorts: 1).map(\.description).contains("5.1") == false)
        for text in ["", "9", "-1", "5", "5.0", "5.", "5.x", "4.1", "10", "5.100", "４"] {
            #expect(MigrationPosition(text) == nil, "\(text)")
        }
    }

    @Test func eachPositionChangesWhatTheTableSays() throws {
        var scene = try MigrationScene()
        #expect(scene.plan.state == .planned)
        let before = scene.directory
        try scene.handle(.start)
        #expect(scene.plan.state == .running)
        #expect(scene.actions.first == .resetFigures)
        for step in [MigrationStep.health, .subdomains, .pilotOut] {
            try scene.step()
            #expect(scene.plan.position == MigrationPosition(step))
            #expect(scene.directory == before)
        }
        #expect(scene.actions.contains(.resetCohorts(0..<1)))

        try scene.step()
        #expect(scene.plan.position == MigrationPosition(.pilotIn))
        // 102 has the set by itself.
        let pilot = [100, 101, 103, 104].map(Directory.number)
        #expect(scene.actions.first == .setOverrides(pilot, .bypass))
        #expect(scene.plan.movedNumbers == 4)

        var moved: Set<E164> = []
        for cohort in 1...2 {
            try scene.step()
            guard case .setOverrides(let numbers, .bypass)? = scene.actions.dropFirst().first else {
                Issue.record("nothing moved")
                return
            }
            #expect(scene.actions.first == .resetCohorts(cohort..<cohort + 1))
            #expect((15...50).contains(numbers.count), "a third of 100: \(numbers.count)")
            #expect(moved.isDisjoint(with: numbers))
            #expect(numbers.allSatisfy { scene.directory.numbers[$0]?.account == "acme" })
            moved.formUnion(numbers)
        }
        #expect(moved.isDisjoint(with: pilot))

        try scene.step()
        #expect(scene.actions.contains(.setActiveSet(.bypass, account: "beta")))
        #expect(scene.directory.accounts["acme"]?.activeSet == .plain)

        try scene.step()
        #expect(scene.plan.position == MigrationPosition(.switchAccounts))
        #expect(scene.actions.first == .setActiveSet(.bypass, account: "acme"))
        #expect(!scene.actions.contains(.setActiveSet(.bypass, account: "beta")))
        for number in pilot + moved { #expect(scene.directory.numbers[number]?.trunkSet == nil) }
        #expect(scene.directory.numbers[Directory.number(102)]?.trunkSet == .bypass)
        #expect(scene.directory.numbers[Directory.number(160)]?.trunkSet == .bypass)

        // A number of its own mind, which no cohort has, still uses the old trunks.
        let isPinned = scene.directory.numbers[Directory.number(150)]?.trunkSet == .plain
        #expect(isPinned == !moved.contains(Directory.number(150)))
        scene.directory.numbers[Directory.number(150)]?.trunkSet = nil
        try scene.step()
        #expect(scene.directory.states["1r1"] == .draining)
        #expect(scene.directory.states["2r1"] == .draining)
        #expect(scene.directory.states["1b1"] == .active)
        try scene.step()
        #expect(scene.directory.states["1r1"] == .disabled)
        #expect(scene.plan.state == .completed)
        #expect(scene.directory.numbers.keys.allSatisfy { scene.directory.set(of: $0) == .bypass })
        #expect(throws: FieldFault.self) { try scene.step() }
    }

    /// From every position to every earlier one: the data are those of that position.
    @Test(arguments: positions)
    func everyBackOutRestoresWhatWasBefore(_ from: MigrationPosition) throws {
        var scene = try MigrationScene()
        scene.directory.numbers[Directory.number(150)]?.trunkSet = nil
        let original = scene.directory
        var earlier: [(MigrationPosition?, Directory)] = [(nil, original)]
        try scene.handle(.start)
        while let position = scene.plan.position, position != from {
            earlier.append((position, scene.directory))
            try scene.step()
        }
        for (target, directory) in earlier {
            var back = scene
            try back.handle(.backOut(to: target), by: "alice")
            #expect(back.directory == directory, "\(from) to \(target?.description ?? "start")")
            #expect(back.plan.position == target)
            #expect(back.plan.state == (target == nil ? .backedOut : .running))
            #expect(back.audited.map(\.kind) == [.backedOut])
            #expect(back.audited.first?.who == "alice")
            #expect(back.audited.first?.note == "")
            // And all the way on again.
            try back.go(to: from)
            #expect(back.directory == scene.directory)
            try back.handle(.backOut(to: nil))
            #expect(back.directory == original)
            #expect(back.plan.changes.isEmpty)
        }
    }

    @Test func whatOthersChangedSinceStays() throws {
        var scene = try MigrationScene()
        try scene.go(to: MigrationPosition(.pilotIn))
        let (pinned, gone, moved) = (
            Directory.number(100), Directory.number(103), Directory.number(104)
        )
        scene.directory.numbers[pinned]?.trunkSet = .plain
        scene.directory.numbers[gone] = nil
        scene.directory.add("other", numbers: 12_025_550_300..<12_025_550_301)
        scene.directory.numbers[moved]?.account = "other"
        try scene.handle(.backOut(to: nil))
        #expect(scene.directory.numbers[pinned]?.trunkSet == .plain)
        #expect(scene.directory.numbers[gone] == nil)
        #expect(scene.directory.numbers[moved]?.trunkSet == .bypass)
        #expect(scene.directory.numbers[Directory.number(101)]?.trunkSet == .plain)
        #expect(scene.audited.first?.note == "3 numbers that others changed since stay as they are")
    }

    @Test func aFailedGateStopsAndNothingGoesBackByItself() throws {
        var scene = try MigrationScene()
        try scene.go(to: MigrationPosition(.widen, cohort: 1))
        let directory = scene.directory
        try scene.handle(.judged(scene.verdict(.failed)), by: "gate")
        #expect(scene.plan.state == .stopped)
        #expect(scene.audited.map(\.kind) == [.stopped])
        #expect(scene.audited.first?.note == "calls to service 7 (at least 200): failed")
        #expect(scene.directory == directory)
        // The same again is no news.
        try scene.handle(.judged(scene.verdict(.failed)))
        #expect(scene.actions.isEmpty)

        let plan = scene.plan
        let refused = #expect(throws: FieldFault.self) {
            try scene.handle(.step(scene.verdict(.failed), force: false))
        }
        #expect(refused?.code == .wrongState)
        #expect(refused?.problem.contains("calls to service 7 (at least 200): failed") == true)
        #expect(refused?.allowed.contains("--force") == true)
        #expect(scene.plan == plan)
        #expect(scene.directory == directory)

        try scene.handle(.judged(scene.verdict(.passed)))
        #expect(scene.plan.state == .running)
        #expect(scene.audited.map(\.kind) == [.resumed])
    }

    @Test func forceGoesOnAndLeavesALine() throws {
        var scene = try MigrationScene()
        try scene.go(to: MigrationPosition(.pilotIn))
        try scene.handle(.step(scene.verdict(.failed), force: true), by: "bob")
        #expect(scene.plan.position == MigrationPosition(.widen, cohort: 1))
        #expect(scene.plan.state == .running)
        #expect(scene.audited.map(\.kind) == [.stopped, .forced])
        #expect(scene.audited.last?.who == "bob")
        #expect(scene.audited.last?.note.contains("7 (at least 200): failed") == true)
        // With a gate that passes it is a step like any other.
        try scene.handle(.step(scene.verdict(.passed), force: true))
        #expect(scene.audited.map(\.kind) == [.stepped])
        // Too few calls: refused in other words, and forced in the same.
        let refused = #expect(throws: FieldFault.self) {
            try scene.handle(.step(scene.verdict(.notEnough), force: false))
        }
        #expect(refused?.allowed.contains("waiting") == true)
        #expect(scene.plan.state == .running)
        try scene.handle(.step(scene.verdict(.notEnough), force: true))
        #expect(scene.audited.map(\.kind) == [.forced])
    }

    @Test func trunksThatOthersUseStay() throws {
        var scene = try MigrationScene(.usual(neighbour: true))
        try scene.go(to: MigrationPosition(.switchAccounts))
        try scene.handle(.step(scene.verdict(.notEnough), force: true))
        #expect(scene.directory.states.values.allSatisfy { $0 == .active })
        #expect(scene.audited.last?.note.contains("stay: 1 accounts") == true)
        try scene.step()
        #expect(scene.directory.states.values.allSatisfy { $0 == .active })
        #expect(scene.plan.state == .completed)
        #expect(scene.directory.accounts["other"]?.activeSet == .plain)
    }

    @Test func aTrunkThatWasOffStaysOffOnTheWayBack() throws {
        var scene = try MigrationScene()
        scene.directory.numbers[Directory.number(150)]?.trunkSet = nil
        scene.directory.states["2r1"] = .disabled
        try scene.go(to: MigrationPosition(.finished))
        #expect(scene.directory.states["1r1"] == .disabled)
        try scene.handle(.backOut(to: MigrationPosition(.retire)))
        #expect(scene.directory.states["1r1"] == .draining)
        try scene.handle(.backOut(to: MigrationPosition(.switchAccounts)))
        #expect(scene.directory.states["1r1"] == .active)
        #expect(scene.directory.states["2r1"] == .disabled)
    }

    @Test func eventsOutOfTheirStateAreRefused() throws {
        var scene = try MigrationScene()
        for event in [
            MigrationEvent.step(scene.verdict(.passed), force: true), .backOut(to: nil),
            .judged(scene.verdict(.passed)),
        ] {
            let refused = #expect(throws: FieldFault.self) { try scene.handle(event) }
            #expect(refused?.code == .wrongState)
        }
        try scene.handle(.start)
        #expect(throws: FieldFault.self) { try scene.handle(.start) }
        // A verdict of another position counts for nothing, not even with force.
        let stale = scene.verdict(.passed)
        try scene.step()
        #expect(throws: FieldFault.self) { try scene.handle(.step(stale, force: true)) }
        for target in [MigrationPosition(.health), MigrationPosition(.widen, cohort: 9)] {
            #expect(throws: FieldFault.self) { try scene.handle(.backOut(to: target)) }
        }
        scene.directory.isBroken = true
        try scene.go(to: MigrationPosition(.widen, cohort: 2))
        let plan = scene.plan
        #expect(throws: Directory.broken) { try scene.step() }
        #expect(scene.plan == plan)
    }

    @Test func historyHasALimitAndSaysWhatItDropped() throws {
        var scene = try MigrationScene()
        for _ in 0..<MigrationPlan.historyMax {
            try scene.handle(.start, by: String(repeating: "é", count: 100))
            try scene.handle(.backOut(to: nil))
        }
        #expect(scene.plan.history.count == MigrationPlan.historyMax)
        #expect(scene.plan.historyDropped == UInt64(MigrationPlan.historyMax))
        #expect(scene.plan.history.first?.who == String(repeating: "é", count: 32))
    }
}
