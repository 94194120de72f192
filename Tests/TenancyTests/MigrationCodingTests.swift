// SPDX-License-Identifier: Apache-2.0

import Testing
import TestSupport

@testable import Tenancy

/// What is stored comes back, and other bytes are refused.
struct MigrationCodingTests {
    private func plans() throws -> [MigrationPlan] {
        var scene = try MigrationScene()
        var plans = [scene.plan]
        try scene.handle(.start)
        while scene.plan.next != nil {
            plans.append(scene.plan)
            try scene.handle(.step(scene.verdict(.failed), force: true), by: "é")
        }
        plans.append(scene.plan)
        try scene.handle(.backOut(to: MigrationPosition(.widen, cohort: 2)))
        try scene.handle(.judged(scene.verdict(.failed)))
        return plans + [scene.plan]
    }

    private func figures() -> MigrationFigures {
        var figures = MigrationFigures(from: .plain, to: .bypass, cohorts: 4)
        var random = SeededGenerator(seed: 3)
        for _ in 0..<500 { figures.observe(random.call(cohorts: 4)) }
        figures.apply(.resetCohorts(2..<3))
        return figures
    }

    @Test func plansComeBackAtEveryPosition() throws {
        for plan in try self.plans() {
            let back = try MigrationPlan(encoded: plan.encoded())
            #expect(back == plan)
            #expect(back.state == plan.state)
        }
    }

    @Test func figuresComeBackAndAreCompact() throws {
        let figures = self.figures()
        #expect(try MigrationFigures(encoded: figures.encoded()) == figures)
        #expect(figures.encoded().count < 3000)
        let empty = MigrationFigures(from: .bypass, to: .plain, cohorts: 32)
        #expect(try MigrationFigures(encoded: empty.encoded()) == empty)
        #expect(empty.encoded().count < 80)
    }

    @Test func cutAndLengthenedBytesAreRefused() throws {
        for bytes in try self.plans().map({ $0.encoded() }) {
            for count in 0..<bytes.count {
                #expect(throws: MigrationCodingError.self) {
                    try MigrationPlan(encoded: Array(bytes[..<count]))
                }
            }
            #expect(throws: MigrationCodingError(code: .trailing, offset: bytes.count)) {
                try MigrationPlan(encoded: bytes + [0])
            }
        }
        let bytes = self.figures().encoded()
        for count in 0..<bytes.count {
            #expect(throws: MigrationCodingError.self) {
                try MigrationFigures(encoded: Array(bytes[..<count]))
            }
        }
        #expect(throws: MigrationCodingError.self) { try MigrationFigures(encoded: bytes + [0]) }
    }

    @Test func whatIsOfAnotherKindIsRefused() throws {
        let plan = try self.plans()[3].encoded()
        let figures = self.figures().encoded()
        #expect(throws: MigrationCodingError(code: .version, offset: 2)) {
            try MigrationPlan(encoded: figures)
        }
        #expect(throws: MigrationCodingError.self) { try MigrationFigures(encoded: plan) }
    }

    /// Damage gives an error, or a plan that keeps every rule and encodes as it was read.
    @Test(arguments: [UInt64](1...8))
    func damagedBytesDoNoHarm(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let plans = try self.plans().map { $0.encoded() }
        let figures = self.figures().encoded()
        let scene = try MigrationScene()
        for _ in 0..<1000 {
            var bytes = plans[Int(random.below(UInt64(plans.count)))]
            var other = figures
            for _ in 0...random.below(3) {
                bytes[Int(random.below(UInt64(bytes.count)))] = UInt8(random.below(256))
                other[Int(random.below(UInt64(other.count)))] = UInt8(random.below(256))
            }
            if let plan = try? MigrationPlan(encoded: bytes) {
                #expect(plan.encoded() == bytes, "seed \(seed)")
                #expect(plan.fault() == nil, "seed \(seed)")
                var other = scene
                other.plan = plan
                _ = try? other.handle(plan.position == nil ? .start : .backOut(to: nil))
            }
            if let found = try? MigrationFigures(encoded: other) {
                #expect(found.encoded() == other, "seed \(seed)")
                _ = scene.plan.calls(found)
            }
        }
        for _ in 0..<2000 {
            let bytes = (0..<random.below(64)).map { _ in UInt8(random.below(256)) }
            #expect(throws: MigrationCodingError.self) { try MigrationPlan(encoded: bytes) }
        }
    }

    @Test func countsOfFiguresHaveALimit() throws {
        func bytes(_ calls: UInt64) -> [UInt8] {
            var figures = MigrationFigures(from: .plain, to: .bypass, cohorts: 0)
            figures.observe(MigrationFiguresTests.call(.toService, .plain))
            figures.baseline.toService.calls = calls
            return figures.encoded()
        }
        #expect(throws: Never.self) { try MigrationFigures(encoded: bytes(1 << 40)) }
        #expect(throws: MigrationCodingError.self) {
            try MigrationFigures(encoded: bytes(1 << 40 + 1))
        }
    }
}
