// SPDX-License-Identifier: Apache-2.0

/// Judges the calls of one cohort in one direction beside those of the baseline.
struct CallGate {
    private let settings: MigrationGateSettings
    private let direction: CallDirection
    private let cohort: CallTally
    private let baseline: CallTally

    init(
        _ settings: MigrationGateSettings, _ figures: MigrationFigures, cohort: Int,
        _ direction: CallDirection
    ) {
        self.settings = settings
        self.direction = direction
        self.cohort =
            figures.cohorts.indices.contains(cohort)
            ? figures.cohorts[cohort][direction] : CallTally()
        self.baseline = figures.baseline[direction]
    }

    var findings: [MigrationFinding] {
        [
            self.atLeast(.baselineCalls, self.baseline.calls, self.settings.calls),
            self.atLeast(.baselineHours, self.baseline.hours, self.settings.hours),
            self.atLeast(.calls, self.cohort.calls, self.settings.calls),
            self.atLeast(.hours, self.cohort.hours, self.settings.hours),
            self.answerRate, self.oneWayAudio, self.setup,
        ]
    }

    private func atLeast(
        _ figure: MigrationFinding.Figure, _ value: UInt64, _ limit: UInt32
    ) -> MigrationFinding {
        MigrationFinding(
            figure, self.direction, value: "\(value)", limit: "at least \(limit)",
            value >= UInt64(limit) ? .passed : .notEnough)
    }

    /// A quarter of the calls that are asked for tells of harm. With fewer, and with a look at them
    /// now and then, bad luck looks like harm too often.
    private var tellsHarm: Bool { self.cohort.calls >= UInt64(self.settings.calls) / 4 }

    /// The difference of the answer rates. Passed: its 95 % interval is above the limit as a whole.
    /// Failed: it is below as a whole. Else the limit lies in it: more calls make it narrower.
    private var answerRate: MigrationFinding {
        let margin = Double(self.settings.answerRateBelow) / 10_000
        let limit = "95 % interval not below -\(Percent.text(margin)) points"
        guard self.baseline.calls >= UInt64(self.settings.calls),
            let baseline = ProportionInterval(self.baseline.answered, of: self.baseline.calls),
            let cohort = ProportionInterval(self.cohort.answered, of: self.cohort.calls)
        else {
            return MigrationFinding(
                .answerRate, self.direction, value: "unknown", limit: limit, .notEnough)
        }
        let difference = ProportionInterval(cohort, minus: baseline)
        let outcome: MigrationVerdict.Outcome =
            if difference.lower >= -margin { .passed }
            else if difference.upper < -margin, self.tellsHarm { .failed }
            else { .notEnough }
        let value =
            "\(Percent.text(cohort.value)) %, baseline \(Percent.text(baseline.value)) %: "
            + "\(Percent.text(difference.value)) points \(Percent.text(difference))"
        guard outcome == .notEnough, let more = self.callsMissing(cohort, baseline, margin) else {
            return MigrationFinding(
                .answerRate, self.direction, value: value, limit: limit, outcome)
        }
        return MigrationFinding(
            .answerRate, self.direction, value: value,
            limit: "\(limit); about \(more) calls more at these rates", outcome)
    }

    /// How many calls of the cohort bring the lower bound to the limit if both rates stay as they
    /// are; nil: no number does.
    private func callsMissing(
        _ cohort: ProportionInterval, _ baseline: ProportionInterval, _ margin: Double
    ) -> Int? {
        let room = cohort.value - baseline.value + margin
        let taken = baseline.upper - baseline.value
        let variance = cohort.value * (1 - cohort.value)
        guard room > taken, variance > 0 else { return nil }
        let z2 = ProportionInterval.z * ProportionInterval.z
        let needed = z2 * variance / (room * room - taken * taken)
        // Of what is nearly at the limit nobody waits for the end.
        guard needed < 1_000_000 else { return nil }
        return max(1, Int(needed.rounded(.up)) - Int(clamping: self.cohort.calls))
    }

    /// The share of one-way calls. Failed: its interval is above the limit as a whole. Passed: the
    /// share itself is within the limit. That the interval be within would take 1,900 calls without
    /// a single one by the default; it stands beside the share.
    private var oneWayAudio: MigrationFinding {
        let limit = Double(self.settings.oneWay) / 10_000
        let text = "at most \(Percent.text(limit)) %"
        guard let share = ProportionInterval(self.cohort.oneWay, of: self.cohort.judged) else {
            return MigrationFinding(
                .oneWayAudio, self.direction, value: "unknown", limit: text, .notEnough)
        }
        let outcome: MigrationVerdict.Outcome =
            if share.value <= limit { .passed }
            else if share.lower > limit, self.tellsHarm { .failed }
            else { .notEnough }
        return MigrationFinding(
            .oneWayAudio, self.direction,
            value: "\(self.cohort.oneWay) of \(self.cohort.judged): "
                + "\(Percent.text(share.value)) % \(Percent.text(share))",
            limit: text, outcome)
    }

    /// The 95th percentiles of set-up. What the buckets leave open counts against the cohort: it
    /// passes only where the difference cannot be above the limit, and so may fail up to two
    /// buckets (20 ms below 5 s) under it. Without an interval it is judged by full figures alone.
    private var setup: MigrationFinding {
        let limit = "at most \(self.settings.setupAbove) ms above the baseline"
        let calls = UInt64(self.settings.calls)
        guard self.cohort.calls >= calls, self.baseline.calls >= calls,
            let cohort = self.cohort.setup.percentile95,
            let baseline = self.baseline.setup.percentile95
        else {
            return MigrationFinding(
                .setup, self.direction, value: "unknown", limit: limit, .notEnough)
        }
        // Times are whole milliseconds: the longest in a bucket is one below its upper bound.
        let isGood = cohort.upper.map { $0 - 1 <= baseline.lower + self.settings.setupAbove }
        return MigrationFinding(
            .setup, self.direction,
            value: "\(Self.text(cohort)), baseline \(Self.text(baseline))", limit: limit,
            isGood ?? false ? .passed : .failed)
    }

    private static func text(_ bucket: (lower: UInt32, upper: UInt32?)) -> String {
        bucket.upper.map { "\(bucket.lower)...\($0 - 1) ms" } ?? "\(bucket.lower) ms or more"
    }
}

/// Percentages as text.
enum Percent {
    /// A part of one in percent, or percentage points, with two decimals.
    static func text(_ value: Double) -> String {
        let hundredths = Int((value * 10_000).rounded())
        let decimals = hundredths.magnitude % 100
        return "\(hundredths < 0 ? "-" : "")\(hundredths.magnitude / 100)."
            + (decimals < 10 ? "0\(decimals)" : "\(decimals)")
    }

    /// Both bounds of an interval.
    static func text(_ interval: ProportionInterval) -> String {
        "[\(self.text(interval.lower)), \(self.text(interval.upper))]"
    }
}
