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

    /// One of them, as commands, documents and stored plans have it.
    public struct Field: Sendable {
        /// Its name.
        public let name: String
        /// Where it stands.
        public let path: any WritableKeyPath<MigrationGateSettings, UInt32> & Sendable
        /// What it is where nothing is said.
        public var standard: UInt32 { MigrationGateSettings()[keyPath: self.path] }
        /// What it may be.
        public let range: ClosedRange<UInt32>
        /// What it counts.
        public let unit: String
    }

    /// All of them, in the order in which they are stored.
    public static let fields = [
        Field(name: "calls", path: \.calls, range: 1...1_000_000, unit: "calls"),
        Field(name: "hours", path: \.hours, range: 0...720, unit: "hours"),
        Field(
            name: "answer-rate-below", path: \.answerRateBelow, range: 0...10_000,
            unit: "hundredths of a point"),
        Field(name: "one-way", path: \.oneWay, range: 0...10_000, unit: "hundredths of a percent"),
        Field(name: "setup-above", path: \.setupAbove, range: 20...10_000, unit: "ms"),
        Field(name: "healthy-hours", path: \.healthyHours, range: 0...720, unit: "hours"),
        Field(name: "quiet-days", path: \.quietDays, range: 0...365, unit: "days"),
    ]

    /// The first fault; nil: none.
    func fault() -> FieldFault? {
        for field in Self.fields where !field.range.contains(self[keyPath: field.path]) {
            return FieldFault(
                .badValue, "migration.gate-\(field.name)", "is \(self[keyPath: field.path])",
                "\(field.range.lowerBound) to \(field.range.upperBound) \(field.unit)")
        }
        return nil
    }
}
