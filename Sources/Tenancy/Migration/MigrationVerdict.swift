// SPDX-License-Identifier: Apache-2.0

/// What a gate says of a position, figure by figure.
public struct MigrationVerdict: Sendable, Hashable {
    /// The sum of it.
    public enum Outcome: String, Sendable, Hashable, CaseIterable {
        /// The plan may go on.
        case passed
        /// Nothing is wrong, but something is missing.
        case notEnough = "not enough yet"
        /// Something is worse than it may be: the plan stops.
        case failed
    }

    /// The position that was judged.
    public let position: MigrationPosition
    /// Everything that was looked at, in the order of the documents.
    public let findings: [MigrationFinding]

    init(_ position: MigrationPosition, _ findings: [MigrationFinding]) {
        self.position = position
        self.findings = findings
    }

    /// Failed where one figure is, else not enough where one is.
    public var outcome: Outcome {
        if self.findings.contains(where: { $0.outcome == .failed }) { return .failed }
        return self.findings.contains { $0.outcome == .notEnough } ? .notEnough : .passed
    }

    /// What stands in the way: figures that failed and those that are missing.
    public var blocking: [MigrationFinding] { self.findings.filter { $0.outcome != .passed } }

    /// `blocking` as one text, failures first.
    public var blockingText: String {
        (self.blocking.filter { $0.outcome == .failed }
            + self.blocking.filter { $0.outcome == .notEnough })
            .map(\.description).joined(separator: "; ")
    }
}

/// One figure of a verdict.
public struct MigrationFinding: Sendable, Hashable, CustomStringConvertible {
    /// What was looked at.
    public enum Figure: String, Sendable, Hashable, CaseIterable {
        /// Certificates have the new names.
        case certificates
        /// The firewall is open, as a person said.
        case firewall
        /// OPTIONS to the new trunks and from them.
        case options
        /// The new names are verified by the accounts' tenants.
        case verified
        /// And activated.
        case activated
        /// Calls from the service come over the new set.
        case arrivals
        /// Calls of the baseline.
        case baselineCalls = "baseline calls"
        /// Hours that the baseline spans.
        case baselineHours = "baseline hours"
        /// Calls of the cohort.
        case calls
        /// Hours that they span.
        case hours
        /// Answer rate, the cohort's less the baseline's.
        case answerRate = "answer rate"
        /// Share of answered calls with media from one side only.
        case oneWayAudio = "one-way audio"
        /// 95th percentile of set-up, the cohort's less the baseline's.
        case setup = "set-up p95"
        /// Days without a call over the old set.
        case quiet = "days without calls"
        /// Calls in progress over the old set.
        case callsInProgress = "calls in progress"
    }

    /// What was looked at.
    public let figure: Figure
    /// Of calls in which direction; nil: of none or both.
    public let direction: CallDirection?
    /// What was found.
    public let value: String
    /// What it is held against, and what is missing.
    public let limit: String
    /// What follows.
    public let outcome: MigrationVerdict.Outcome

    init(
        _ figure: Figure, _ direction: CallDirection? = nil, value: String, limit: String,
        _ outcome: MigrationVerdict.Outcome
    ) {
        self.figure = figure
        self.direction = direction
        self.value = value
        self.limit = limit
        self.outcome = outcome
    }

    /// "answer rate to service -8.1 points [-13.0, -3.4] (at least -3.0): failed".
    public var description: String {
        let name = [self.figure.rawValue, self.direction?.title].compactMap(\.self)
        return "\(name.joined(separator: " ")) \(self.value) (\(self.limit)): "
            + self.outcome.rawValue
    }
}
