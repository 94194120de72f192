// SPDX-License-Identifier: Apache-2.0

import Testing
import TestSupport

@testable import Tenancy

/// Events, calls and changes by others at random. The seed is in the message of a failure.
struct MigrationRandomTests {
    /// What must hold of plans whatever happens.
    struct Judge {
        let accounts: Set<String>
        var seed: UInt64
        /// Numbers that somebody else touched: what they have at the end is his affair.
        var touched: Set<E164> = []

        /// Actions change nothing outside of the plan, and inside numbers of cohorts alone.
        func check(_ before: Directory, _ scene: MigrationScene) {
            let membership = scene.plan.membership
            for (number, old) in before.numbers {
                guard let new = scene.directory.numbers[number], new != old else { continue }
                #expect(self.accounts.contains(old.account), "seed \(self.seed): \(number)")
                #expect(
                    membership.cohort(of: number, account: old.account) != nil,
                    "seed \(self.seed): \(number)")
            }
            for (name, old) in before.accounts where scene.directory.accounts[name] != old {
                #expect(self.accounts.contains(name), "seed \(self.seed): \(name)")
            }
            for trunk in before.trunks where trunk.set == .bypass {
                #expect(scene.directory.states[trunk.name] == .active, "seed \(self.seed)")
            }
        }
    }

    private func cohorts(_ random: inout SeededGenerator) -> [MigrationCohort] {
        var left: [String: Int] = ["acme": 100, "beta": 100]
        var numbers = (100...299).map { Directory.number(UInt64($0)) }
        return (0...random.below(5)).map { _ in
            let account = random.below(2) == 0 ? "acme" : "beta"
            switch random.below(4) {
            case 0: return .accounts([account])
            case 1:
                let room = left[account] ?? 0
                guard room > 1 else { fallthrough }
                let percent = 1 + Int(random.below(UInt64(room / 2)))
                left[account] = room - percent
                return .share(percent: percent, of: [account])
            default:
                return .numbers(
                    (0...random.below(20)).map { _ in
                        numbers.remove(at: Int(random.below(UInt64(numbers.count))))
                    })
            }
        }
    }

    private func event(_ scene: MigrationScene, _ random: inout SeededGenerator) -> MigrationEvent {
        let outcomes = MigrationVerdict.Outcome.allCases
        let verdict = scene.verdict(outcomes[Int(random.below(3))])
        switch random.below(12) {
        case 0: return .start
        case 1: return .judged(verdict)
        case 2:
            let positions = scene.plan.positions
            return .backOut(to: positions[Int(random.below(UInt64(positions.count)))])
        case 3 where random.below(4) == 0: return .backOut(to: nil)
        default: return .step(verdict, force: random.below(2) == 0)
        }
    }

    private func interfere(
        _ scene: inout MigrationScene, _ judge: inout Judge, _ random: inout SeededGenerator
    ) {
        let number = Directory.number(100 + random.below(200))
        judge.touched.insert(number)
        switch random.below(5) {
        case 0: scene.directory.numbers[number] = nil
        case 1: scene.directory.numbers[number]?.account = "other"
        case 2:
            scene.directory.numbers[number] = ProvisionedNumber(
                number, account: "acme", service: .teamsDirectRouting)
        default:
            let sets: [TrunkSet?] = [nil, .plain, .bypass]
            scene.directory.numbers[number]?.trunkSet = sets[Int(random.below(3))]
        }
    }

    @Test(arguments: [UInt64](1...60))
    func noSequenceChangesWhatIsNotThePlans(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let original = Directory.usual(neighbour: random.below(2) == 0)
        var scene = try MigrationScene(original, cohorts: self.cohorts(&random))
        var judge = Judge(accounts: ["acme", "beta"], seed: seed)
        for _ in 0..<80 {
            if seed % 2 == 0, random.below(4) == 0 { self.interfere(&scene, &judge, &random) }
            let before = scene
            do throws(FieldFault) {
                try scene.handle(self.event(scene, &random))
                judge.check(before.directory, scene)
            } catch {
                #expect(scene.plan == before.plan, "seed \(seed)")
            }
            #expect(try MigrationPlan(encoded: scene.plan.encoded()) == scene.plan, "seed \(seed)")
        }
        if scene.plan.position != nil { try scene.handle(.backOut(to: nil)) }
        for (number, old) in original.numbers where !judge.touched.contains(number) {
            #expect(scene.directory.numbers[number] == old, "seed \(seed): \(number)")
        }
        #expect(scene.directory.accounts["acme"] == original.accounts["acme"], "seed \(seed)")
        #expect(scene.directory.accounts["beta"] == original.accounts["beta"], "seed \(seed)")
        #expect(scene.directory.states == original.states, "seed \(seed)")
    }

    @Test(arguments: [UInt64](1...20))
    func aNumberIsMovedByOneCohortAndCallsAreCountedOnce(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var scene = try MigrationScene(cohorts: self.cohorts(&random))
        let membership = scene.plan.membership
        try scene.handle(.start)
        var moved: [E164: MigrationPosition] = [:]
        var calls = (baseline: UInt64(0), new: UInt64(0))
        while scene.plan.next != nil {
            try scene.step()
            if let position = scene.plan.position, let cohort = position.judgedCohort {
                for case .setOverrides(let numbers, .bypass) in scene.actions {
                    for number in numbers {
                        #expect(moved.updateValue(position, forKey: number) == nil, "seed \(seed)")
                        let account = scene.directory.numbers[number]?.account ?? ""
                        #expect(
                            membership.cohort(of: number, account: account) == cohort,
                            "seed \(seed)")
                    }
                }
            }
        }
        scene.figures.apply(.resetFigures)
        try scene.handle(.backOut(to: MigrationPosition(.pilotIn)))
        for _ in 0..<500 {
            let number = Directory.number(100 + random.below(200))
            let found = try #require(scene.directory.numbers[number])
            let set = try #require(scene.directory.set(of: number))
            if set == .plain { calls.baseline += 1 } else { calls.new += 1 }
            scene.figures.observe(
                MigrationFiguresTests.call(
                    set, cohort: membership.cohort(of: number, account: found.account)))
        }
        let figures = scene.figures
        #expect(figures.baseline.toService.calls == calls.baseline, "seed \(seed)")
        let counted = figures.cohorts.reduce(0) { $0 + $1.toService.calls }
        #expect(counted + figures.unassigned == calls.new, "seed \(seed)")
    }
}

extension MigrationFiguresTests {
    static func call(_ set: TrunkSet, cohort: Int?) -> MigrationCall {
        Self.call(.toService, set, cohort: cohort)
    }
}
