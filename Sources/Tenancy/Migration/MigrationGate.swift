// SPDX-License-Identifier: Apache-2.0

/// Whether a plan may leave the position that it is at.
///
/// What may not happen is that a move goes on which does harm: more people are harmed by each step.
/// That it waits for more calls costs time alone, and a person may force it. So a rate passes only
/// when its interval says so, is a failure when the interval excludes that it is good, and else
/// there are not enough calls yet.
public enum MigrationGate {
    /// The verdict on the plan's position; nil: it has none.
    public static func verdict(
        on plan: MigrationPlan, _ figures: MigrationFigures, _ facts: MigrationFacts
    ) -> MigrationVerdict? {
        guard let position = plan.position else { return nil }
        let settings = plan.gate
        let findings: [MigrationFinding] =
            switch position.step {
            case .prepare:
                [
                    self.isEmpty(.certificates, facts.uncoveredNames, "every new name is covered"),
                    MigrationFinding(
                        .firewall, value: facts.isFirewallOpen ? "open" : "not confirmed",
                        limit: "a person says that it is open",
                        facts.isFirewallOpen ? .passed : .notEnough),
                ]
            case .health: [self.options(facts, settings)]
            case .subdomains:
                [
                    self.isEmpty(.verified, facts.unverified, "every account"),
                    self.isEmpty(.activated, facts.unactivated, "every account"),
                ]
            case .pilotOut: [self.arrivals(figures)]
            case .pilotIn, .widen:
                CallDirection.allCases.flatMap { direction in
                    CallGate(settings, figures, cohort: position.judgedCohort ?? 0, direction)
                        .findings
                }
            case .switchAccounts: [self.quiet(plan, figures, facts)]
            case .retire:
                [
                    MigrationFinding(
                        .callsInProgress, value: facts.callsInProgress.map { "\($0)" } ?? "unknown",
                        limit: "none over the old set",
                        facts.callsInProgress == 0 ? .passed : .notEnough)
                ]
            case .finished: []
            }
        return MigrationVerdict(position, findings)
    }

    private static func isEmpty(
        _ figure: MigrationFinding.Figure, _ names: [String]?, _ limit: String
    ) -> MigrationFinding {
        guard let names else {
            return MigrationFinding(figure, value: "unknown", limit: limit, .notEnough)
        }
        return MigrationFinding(
            figure, value: names.isEmpty ? "all" : "not \(MigrationCohort.list(names))",
            limit: limit, names.isEmpty ? .passed : .notEnough)
    }

    private static func options(
        _ facts: MigrationFacts, _ settings: MigrationGateSettings
    ) -> MigrationFinding {
        let worst = facts.healthyHours.min { ($0.value, $0.key) < ($1.value, $1.key) }
        let isGood = worst.map { $0.value >= settings.healthyHours } ?? false
        return MigrationFinding(
            .options, value: worst.map { "\($0.value) h, \($0.key)" } ?? "unknown",
            limit: "200 both ways for \(settings.healthyHours) h", isGood ? .passed : .notEnough)
    }

    private static func arrivals(_ figures: MigrationFigures) -> MigrationFinding {
        let calls = figures.cohorts.first?.fromService.calls ?? 0
        return MigrationFinding(
            .arrivals, .fromService, value: "\(calls)", limit: "a call of the pilot, at least",
            calls > 0 ? .passed : .notEnough)
    }

    /// The last call over the old set, or the switch itself, was long enough ago.
    private static func quiet(
        _ plan: MigrationPlan, _ figures: MigrationFigures, _ facts: MigrationFacts
    ) -> MigrationFinding {
        let last = max(plan.since, figures.lastBaselineCall ?? 0)
        let days = facts.now > last ? (facts.now - last) / 86_400_000 : 0
        return MigrationFinding(
            .quiet, value: "\(days)", limit: "\(plan.gate.quietDays) over the old set",
            days >= UInt64(plan.gate.quietDays) ? .passed : .notEnough)
    }
}
