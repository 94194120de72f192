// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Tenancy

/// What the operator reads of limits, defaults and gates is what the code does.
struct MigrationDocumentTests {
    private func document() throws -> String {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("appliance/docs/migration.md")
        return try String(contentsOf: file, encoding: .utf8)
    }

    private func grouped(_ value: Int) -> String {
        value < 1000
            ? "\(value)"
            : self.grouped(value / 1000) + "," + String("\(value % 1000 + 1000)".dropFirst())
    }

    @Test func itHasTheLimits() throws {
        let text = try self.document()
        let most = MigrationPlan.movedMax
        for row in [
            "| 1 to \(MigrationPlan.nameField.length.upperBound) |",
            "| 1 to \(self.grouped(MigrationPlan.accountsMax)) |",
            "| 1 to \(MigrationPlan.cohortsMax) |",
            "at most \(self.grouped(MigrationCohort.numbersMax));",
            "at most \(self.grouped(most)) numbers",
        ] { #expect(text.contains(row), "\(row)") }
    }

    @Test func itHasTheDefaults() throws {
        let text = try self.document()
        let gate = MigrationGateSettings()
        for row in [
            "| calls, of cohort and baseline | \(gate.calls) each way |",
            "| hours from first to last of them | \(gate.hours) |",
            "| answer rate | not over \(gate.answerRateBelow / 100) points below |",
            "| one-way audio, share of answered calls | 0.\(gate.oneWay / 10) % |",
            "| 95th percentile of set-up | baseline + \(gate.setupAbove) ms |",
            "every new trunk for \(gate.healthyHours) h |",
            "no call over the old set for \(gate.quietDays) days |",
        ] { #expect(text.contains(row), "\(row)") }
        #expect(gate.oneWay % 10 == 0 && gate.answerRateBelow % 100 == 0)
    }

    @Test func itHasEveryStep() throws {
        let text = try self.document()
        for step in MigrationStep.allCases {
            let number = step == .widen ? "5.1, 5.2, ..." : "\(step.rawValue)"
            #expect(text.contains("\n| \(number) \(step.title) |"), "\(step)")
        }
    }

    /// The least number of calls with which the interval is within the limit, rounded up to what
    /// the document says: at most a tenth more.
    @Test func itSaysHowManyCallsAGateTakes() throws {
        let text = try self.document()
        let baseline = try #require(ProportionInterval(650_000, of: 1_000_000))
        for (row, points, calls) in [
            ("4 points better", 4, 200), ("2 points better", 2, 400), ("the same", 0, 1000),
            ("1 point worse", -1, 2300), ("2 points worse", -2, 9500),
        ] as [(String, Int, Int)] {
            #expect(text.contains("| \(row) | \(self.grouped(calls)) |"), "\(row)")
            func passes(_ calls: Int) throws -> Bool {
                let answered = UInt64((calls * (65 + points) + 50) / 100)
                let cohort = try #require(ProportionInterval(answered, of: UInt64(calls)))
                return ProportionInterval(cohort, minus: baseline).lower >= -0.03
            }
            #expect(try passes(calls * 102 / 100), "\(row)")
            #expect(try !passes(calls * 9 / 10), "\(row)")
        }
    }
}
