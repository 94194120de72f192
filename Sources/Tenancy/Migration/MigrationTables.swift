// SPDX-License-Identifier: Apache-2.0

/// Rows of text under headings; who prints them makes them align.
public struct MigrationTable: Sendable, Hashable {
    /// One heading a column.
    public let headings: [String]
    /// Rows with as many cells.
    public let rows: [[String]]
}

/// What `trunkline migration status` shows, as values. `time` makes text of milliseconds since
/// 1970-01-01 00:00 UTC.
extension MigrationPlan {
    /// The plan in one row.
    public func summary(time: (UInt64) -> String) -> MigrationTable {
        MigrationTable(
            headings: [
                "plan", "state", "step", "since", "service", "from", "to", "accounts", "moved",
            ],
            rows: [
                [
                    self.name, self.state.title,
                    self.position.map { "\($0) \($0.step.title)" } ?? "-",
                    self.since == 0 ? "-" : time(self.since), self.service.rawValue,
                    self.from.rawValue, self.to.rawValue, "\(self.accounts.count)",
                    MigrationCohort.count(self.movedNumbers, "number"),
                ]
            ])
    }

    /// All positions, and which of them the plan has been through.
    public var steps: MigrationTable {
        MigrationTable(
            headings: ["step", "what", "cohort", "state"],
            rows: self.positions.map { position in
                let cohort = position.judgedCohort.map { self.cohorts[$0].summary }
                let state =
                    switch self.position {
                    case .some(position): self.isStopped ? "stopped" : "now"
                    case .some(let now) where position < now: "done"
                    default: "-"
                    }
                return ["\(position)", position.step.title, cohort ?? "-", state]
            })
    }

    /// The baseline and each cohort with its calls, a row for each direction.
    public func calls(_ figures: MigrationFigures) -> MigrationTable {
        let groups =
            [("baseline", figures.baseline)]
            + zip(self.cohorts, figures.cohorts).map { ($0.summary, $1) }
        return MigrationTable(
            headings: [
                "calls of", "direction", "calls", "hours", "answered", "one-way", "set-up p95",
            ],
            rows: groups.flatMap { name, tally in
                CallDirection.allCases.map { [name, $0.title] + Self.cells(tally[$0]) }
            })
    }

    private static func cells(_ tally: CallTally) -> [String] {
        func part(_ count: UInt64, of all: UInt64) -> String {
            all == 0 ? "-" : "\(Percent.text(Double(count) / Double(all))) %"
        }
        let setup = tally.setup.percentile95.map { bucket in
            bucket.upper.map { "under \($0) ms" } ?? "\(bucket.lower) ms or more"
        }
        return [
            "\(tally.calls)", "\(tally.hours)", part(tally.answered, of: tally.calls),
            part(tally.oneWay, of: tally.judged), setup ?? "-",
        ]
    }

    /// What happened, the newest last.
    public func historyTable(time: (UInt64) -> String) -> MigrationTable {
        MigrationTable(
            headings: ["time", "who", "what", "step", "note"],
            rows: self.history.map { entry in
                [
                    time(entry.time), entry.who, entry.kind.title,
                    entry.position.map { "\($0)" } ?? "-", entry.note,
                ]
            })
    }
}

extension MigrationVerdict {
    /// Every figure beside its limit.
    public var table: MigrationTable {
        MigrationTable(
            headings: ["figure", "direction", "value", "limit", "gate"],
            rows: self.findings.map {
                [
                    $0.figure.rawValue, $0.direction?.title ?? "-", $0.value, $0.limit,
                    $0.outcome.rawValue,
                ]
            })
    }
}
