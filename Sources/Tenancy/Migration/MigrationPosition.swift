// SPDX-License-Identifier: Apache-2.0

/// A step of a move from one set of trunks to the other (provisioning model, section 4). The raw
/// values are the numbers of that table; they stand in stored plans.
public enum MigrationStep: UInt8, Sendable, Hashable, CaseIterable {
    /// The trunks of the new set are made here and registered with the service.
    case prepare = 0
    /// OPTIONS on both sets.
    case health
    /// The accounts get their names at the new trunks.
    case subdomains
    /// Calls of the pilot from the service come over the new set.
    case pilotOut
    /// Calls of the pilot to the service go over the new set.
    case pilotIn
    /// The other cohorts, one after the other.
    case widen
    /// The accounts themselves change.
    case switchAccounts
    /// The trunks of the old set take no new calls.
    case retire
    /// The trunks of the old set are off. Not a row of the table: the end of its last one.
    case finished

    /// A few words for lists.
    public var title: String {
        switch self {
        case .prepare: "prepare"
        case .health: "health"
        case .subdomains: "subdomains"
        case .pilotOut: "pilot out"
        case .pilotIn: "pilot in"
        case .widen: "widen"
        case .switchAccounts: "switch accounts"
        case .retire: "retire"
        case .finished: "finished"
        }
    }
}

/// Where a plan stands. Positions of one plan have one order; `widen` is as many of them as there
/// are cohorts after the pilot.
public struct MigrationPosition: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The step.
    public let step: MigrationStep
    /// The cohort that was moved last, from 1; 0 in any step but `widen`.
    public let cohort: Int

    /// A position at a step; `cohort` counts for `widen` alone.
    public init(_ step: MigrationStep, cohort: Int = 0) {
        self.step = step
        self.cohort = step == .widen ? cohort : 0
    }

    /// As `description` has it: "4", "5.2"; nil where it is nothing of the kind.
    public init?(_ text: String) {
        let parts = text.utf8.split(separator: 0x2e, omittingEmptySubsequences: false)
        guard let first = parts.first, first.count == 1, let digit = first.first,
            let step = MigrationStep(rawValue: digit &- 0x30)
        else { return nil }
        if step != .widen {
            guard parts.count == 1 else { return nil }
            self.init(step)
            return
        }
        guard parts.count == 2, (1...2).contains(parts[1].count),
            parts[1].allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        let cohort = parts[1].reduce(0) { $0 * 10 + Int($1 - 0x30) }
        guard cohort > 0 else { return nil }
        self.init(step, cohort: cohort)
    }

    /// The number of the step, and behind a dot that of the cohort: "4", "5.2".
    public var description: String {
        self.step == .widen ? "5.\(self.cohort)" : "\(self.step.rawValue)"
    }

    /// In the order of a plan.
    public static func < (left: Self, right: Self) -> Bool {
        (left.step.rawValue, left.cohort) < (right.step.rawValue, right.cohort)
    }

    /// All positions of a plan with so many cohorts, in order.
    static func all(cohorts: Int) -> [MigrationPosition] {
        MigrationStep.allCases.flatMap { step in
            step == .widen
                ? (1..<max(1, cohorts)).map { MigrationPosition(.widen, cohort: $0) }
                : [MigrationPosition(step)]
        }
    }

    /// The cohort whose calls decide whether the plan may leave this position; nil: none does.
    public var judgedCohort: Int? {
        switch self.step {
        case .pilotOut, .pilotIn: 0
        case .widen: self.cohort
        default: nil
        }
    }

    /// How many cohorts of so many have been moved here.
    func moved(of cohorts: Int) -> Int {
        switch self.step {
        case .prepare, .health, .subdomains, .pilotOut: 0
        case .pilotIn: min(1, cohorts)
        case .widen: min(self.cohort + 1, cohorts)
        case .switchAccounts, .retire, .finished: cohorts
        }
    }
}
