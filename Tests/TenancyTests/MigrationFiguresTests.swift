// SPDX-License-Identifier: Apache-2.0

import Testing
import TestSupport

@testable import Tenancy

/// What is counted of calls, and what is reckoned from it.
struct MigrationFiguresTests {
    static func call(
        _ direction: CallDirection = .toService, _ set: TrunkSet = .bypass, cohort: Int? = 0,
        answered: Bool = true, oneWay: Bool = false, setup: UInt32? = 500, time: UInt64 = 1000
    ) -> MigrationCall {
        MigrationCall(
            direction: direction, set: set, cohort: cohort, isAnswered: answered, isOneWay: oneWay,
            setupMilliseconds: setup, time: time)
    }

    @Test func theSetSaysWhetherACallIsOfTheBaseline() {
        var figures = MigrationFigures(from: .plain, to: .bypass, cohorts: 2)
        // A number that was moved while its call over the old set went on.
        figures.observe(Self.call(.toService, .plain, cohort: 0))
        figures.observe(Self.call(.fromService, .plain, cohort: nil))
        figures.observe(Self.call(.fromService, .bypass, cohort: 1))
        figures.observe(Self.call(.toService, .bypass, cohort: nil))
        figures.observe(Self.call(.toService, .bypass, cohort: 2))
        figures.observe(Self.call(.toService, .bypass, cohort: -1))
        #expect(figures.baseline.toService.calls == 1)
        #expect(figures.baseline.fromService.calls == 1)
        #expect(figures.cohorts[0] == DirectedTally())
        #expect(figures.cohorts[1].fromService.calls == 1)
        #expect(figures.cohorts[1].toService.calls == 0)
        #expect(figures.unassigned == 3)
    }

    @Test func aCallIsCountedByWhatBecameOfIt() {
        var figures = MigrationFigures(from: .plain, to: .bypass, cohorts: 1)
        figures.observe(Self.call(time: 7_200_000))
        figures.observe(Self.call(oneWay: true, time: 3_600_000))
        figures.observe(Self.call(answered: false, oneWay: true, setup: nil, time: 10_799_999))
        let tally = figures.cohorts[0].toService
        #expect(tally.calls == 3)
        #expect(tally.answered == 2)
        #expect(tally.oneWay == 1)
        #expect(tally.setup.total == 2)
        #expect(tally.first == 3_600_000)
        #expect(tally.last == 10_799_999)
        #expect(tally.hours == 1)
        figures.observe(Self.call(time: 10_800_000))
        #expect(figures.cohorts[0].toService.hours == 2)
        #expect(CallTally().hours == 0)
    }

    @Test func resettingConcernsWhatItNames() {
        var figures = MigrationFigures(from: .plain, to: .bypass, cohorts: 3)
        for cohort in 0..<3 { figures.observe(Self.call(cohort: cohort)) }
        figures.observe(Self.call(.toService, .plain))
        figures.apply(.resetCohorts(1..<9))
        #expect(figures.cohorts.map(\.toService.calls) == [1, 0, 0])
        #expect(figures.baseline.toService.calls == 1)
        figures.apply(.resetFigures)
        #expect(figures == MigrationFigures(from: .plain, to: .bypass, cohorts: 3))
    }

    // MARK: Set-up times

    @Test func everyTimeIsInTheBucketThatSaysSo() {
        for time in Array<UInt32>(0...15_200) + [60_000, .max] {
            let bounds = SetupHistogram.bounds(SetupHistogram.bucket(time))
            #expect(bounds.lower <= time)
            #expect(bounds.upper.map { time < $0 } ?? (time >= 15_000))
            let width = bounds.upper.map { $0 - bounds.lower }
            #expect(width == (time < 5000 ? 10 : time < 15_000 ? 100 : nil))
        }
    }

    @Test(arguments: [UInt64](1...20))
    func thePercentileIsThatOfTheSortedTimes(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var histogram = SetupHistogram()
        #expect(histogram.percentile95 == nil)
        let times = (0...random.below(400)).map { _ in UInt32(random.below(20_000)) }.sorted()
        for time in times { histogram.add(time) }
        let exact = times[(times.count * 95 + 99) / 100 - 1]
        let bucket = try #require(histogram.percentile95)
        #expect(bucket.lower <= exact, "seed \(seed)")
        #expect(bucket.upper.map { exact < $0 } ?? true, "seed \(seed)")
    }

    // MARK: Intervals

    /// Wilson intervals as R. G. Newcombe gives them, Statistics in Medicine 17, 857-872, table I.
    @Test func singleProportionsAreThoseOfThePaper() throws {
        let rows: [(UInt64, UInt64, Double, Double)] = [
            (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ]
        for (events, trials, lower, upper) in rows {
            let interval = try #require(ProportionInterval(events, of: trials))
            #expect(abs(interval.lower - lower) < 0.00006, "\(events) of \(trials)")
            #expect(abs(interval.upper - upper) < 0.00006, "\(events) of \(trials)")
        }
        #expect(ProportionInterval(0, of: 0) == nil)
        #expect(ProportionInterval(2, of: 1) == nil)
    }

    /// Method 10 there, 873-890, table II.
    @Test func differencesAreThoseOfThePaper() throws {
        let rows: [(UInt64, UInt64, UInt64, UInt64, Double, Double)] = [
            (56, 70, 48, 80, 0.0524, 0.3339), (9, 10, 3, 10, 0.1705, 0.8090),
            (6, 7, 2, 7, 0.0582, 0.8062), (5, 56, 0, 29, -0.0381, 0.1926),
            (0, 10, 0, 20, -0.1611, 0.2775), (10, 10, 0, 20, 0.6791, 1),
        ]
        for (a, m, b, n, lower, upper) in rows {
            let one = try #require(ProportionInterval(a, of: m))
            let other = try #require(ProportionInterval(b, of: n))
            let interval = ProportionInterval(one, minus: other)
            #expect(abs(interval.lower - lower) < 0.00006, "\(a)/\(m) - \(b)/\(n)")
            #expect(abs(interval.upper - upper) < 0.00006, "\(a)/\(m) - \(b)/\(n)")
        }
    }

    @Test func percentagesHaveTwoDecimals() {
        #expect(Percent.text(0.031) == "3.10")
        #expect(Percent.text(-0.00046) == "-0.05")
        #expect(Percent.text(1.0) == "100.00")
        #expect(Percent.text(-0.00001) == "0.00")
    }

    // MARK: Cohorts

    @Test func sharesAreDisjointStableAndAboutTheirSize() {
        let cohorts: [MigrationCohort] = [
            .share(percent: 5, of: ["acme"]), .share(percent: 20, of: ["acme", "beta"]),
            .share(percent: 75, of: ["acme"]),
        ]
        let membership = MigrationMembership(accounts: ["acme", "beta"], cohorts: cohorts)
        var counts = [0, 0, 0]
        var others = [0, 0, 0, 0]
        for value in UInt64(0)..<10_000 {
            guard let number = E164(value: 12_025_550_000 + value) else { continue }
            if let cohort = membership.cohort(of: number, account: "acme") { counts[cohort] += 1 }
            others[membership.cohort(of: number, account: "beta") ?? 3] += 1
            #expect(membership.cohort(of: number, account: "other") == nil)
        }
        #expect(counts.reduce(0, +) == 10_000)
        #expect((400...600).contains(counts[0]))
        #expect((1800...2200).contains(counts[1]))
        #expect((1800...2200).contains(others[1]))
        #expect(others[0] == 0 && others[2] == 0)
        // These stand in no stored plan, but plans rely on them: they must never change.
        let buckets = [100, 101, 102].map { MigrationCohort.bucket(Directory.number($0)) }
        #expect(buckets == [31, 68, 22])
    }

    @Test func theFirstCohortThatNamesANumberHasIt() {
        let number = Directory.number(100)
        let cohorts: [MigrationCohort] = [
            .numbers([number]), .accounts(["beta"]), .share(percent: 100, of: ["acme", "beta"]),
        ]
        let membership = MigrationMembership(accounts: ["acme", "beta"], cohorts: cohorts)
        #expect(membership.cohort(of: number, account: "acme") == 0)
        #expect(membership.cohort(of: Directory.number(101), account: "acme") == 2)
        #expect(membership.cohort(of: Directory.number(101), account: "beta") == 1)
    }
}

extension SeededGenerator {
    mutating func below(_ limit: UInt64) -> UInt64 { self.next() % limit }

    mutating func call(cohorts: Int) -> MigrationCall {
        let cohort = Int(self.below(UInt64(cohorts) + 1))
        return MigrationFiguresTests.call(
            self.below(2) == 0 ? .toService : .fromService,
            self.below(2) == 0 ? .plain : .bypass, cohort: cohort == cohorts ? nil : cohort,
            answered: self.below(3) > 0, oneWay: self.below(50) == 0,
            setup: self.below(10) == 0 ? nil : UInt32(self.below(20_000)),
            time: 1_800_000_000_000 + self.below(200_000_000))
    }
}
