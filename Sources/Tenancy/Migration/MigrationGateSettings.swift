// SPDX-License-Identifier: Apache-2.0

/// What the gates of a plan ask for.
public struct MigrationGateSettings: Sendable, Hashable {
    /// Calls in each direction, of the cohort and of the baseline; 1...1,000,000.
    public var calls: UInt32 = 200
    /// Hours between the first and the last of them; 0...720.
    public var hours: UInt32 = 24
    /// How far the answer rate may be below that of the baseline, in hundredths of a percentage
    /// point; 0...10,000.
    public var answerRateBelow: UInt32 = 300
    /// Which part of the answered calls may have media from one side only, in hundredths of a
    /// percent; 0...10,000.
    public var oneWay: UInt32 = 20
    /// How much longer the 95th percentile of set-up may be, in milliseconds; 20...10,000:
    /// two buckets of the histogram, at least.
    public var setupAbove: UInt32 = 300
    /// Hours for which OPTIONS to all new trunks are answered in both directions; 0...720.
    public var healthyHours: UInt32 = 24
    /// Days without a call over the old set before its trunks are retired; 0...365.
    public var quietDays: UInt32 = 7

    /// The defaults.
    public init() {}

    /// The first fault; nil: none.
    func fault() -> FieldFault? {
        let fields: [(String, UInt32, ClosedRange<UInt32>, String)] = [
            ("calls", self.calls, 1...1_000_000, "calls"),
            ("hours", self.hours, 0...720, "hours"),
            ("answer-rate-below", self.answerRateBelow, 0...10_000, "hundredths of a point"),
            ("one-way", self.oneWay, 0...10_000, "hundredths of a percent"),
            ("setup-above", self.setupAbove, 20...10_000, "ms"),
            ("healthy-hours", self.healthyHours, 0...720, "hours"),
            ("quiet-days", self.quietDays, 0...365, "days"),
        ]
        for (name, value, range, unit) in fields where !range.contains(value) {
            return FieldFault(
                .badValue, "migration.gate-\(name)", "is \(value)",
                "\(range.lowerBound) to \(range.upperBound) \(unit)")
        }
        return nil
    }
}
