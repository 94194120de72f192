// SPDX-License-Identifier: Apache-2.0

/// The move of accounts from one set of trunks to the other, cohort by cohort. A value: events come
/// in with their time, actions go out, and what the plan has changed it can take back.
public struct MigrationPlan: Sendable, Hashable {
    /// Where it stands as a whole.
    public enum State: UInt8, Sendable, Hashable, CaseIterable {
        /// Made, not begun.
        case planned = 0
        /// On its way.
        case running
        /// A gate failed. It stays where it is: nothing goes back by itself.
        case stopped
        /// Through.
        case completed
        /// Taken back to before its start; it may start again.
        case backedOut

        /// A word or two for lists.
        public var title: String { self == .backedOut ? "backed out" : "\(self)" }
    }

    /// Its name, `nameField`.
    public let name: String
    /// The service whose numbers move.
    public let service: Service
    /// The set that they leave.
    public let from: TrunkSet
    /// The set that they go to.
    public let to: TrunkSet
    /// The accounts that move, in ascending order.
    public let accounts: [String]
    /// The cohorts in the order in which they move; the first is the pilot.
    public let cohorts: [MigrationCohort]
    /// What its gates ask for.
    public let gate: MigrationGateSettings
    /// Where it stands; nil: before its start, or back there.
    public internal(set) var position: MigrationPosition?
    /// When it came there: milliseconds since 1970-01-01 00:00 UTC; 0 before its start.
    public internal(set) var since: UInt64 = 0
    /// The gate of this position failed when it was looked at last.
    public internal(set) var isStopped = false
    /// What happened, the newest last; at most `historyMax` lines.
    public internal(set) var history: [MigrationHistoryEntry] = []
    /// Older lines that are no longer here. The audit has them.
    public internal(set) var historyDropped: UInt64 = 0
    /// What it changed, the newest last.
    var changes: [MigrationChange] = []

    /// Form of `name`.
    public static let nameField = TextField(
        "migration.name", 1...64, "1 to 64 letters, digits, '_' or '-'"
    ) { Fields.accountName.fault(String(decoding: $0, as: UTF8.self)) == nil }
    /// Accounts that a plan may have.
    public static let accountsMax = 10_000
    /// Cohorts that a plan may have.
    public static let cohortsMax = 32
    /// Numbers that a plan may move one by one. More move with their accounts.
    public static let movedMax = 1_000_000
    /// Lines of history that are kept.
    public static let historyMax = 500

    /// A plan that has not begun. Order and repetitions of accounts and listed numbers do not
    /// matter.
    public init(
        name: String, service: Service = .teamsDirectRouting, from: TrunkSet = .plain,
        to: TrunkSet = .bypass, accounts: [String], cohorts: [MigrationCohort],
        gate: MigrationGateSettings = MigrationGateSettings()
    ) throws(FieldFault) {
        self.name = name
        self.service = service
        self.from = from
        self.to = to
        self.accounts = Set(accounts).sorted()
        self.cohorts = cohorts.map { cohort in
            guard case .numbers(let numbers) = cohort else { return cohort }
            return .numbers(Set(numbers).sorted())
        }
        self.gate = gate
        if let fault = self.fault() { throw fault }
    }

    /// Where it stands as a whole.
    public var state: State {
        guard let position = self.position else {
            return self.history.isEmpty ? .planned : .backedOut
        }
        if position.step == .finished { return .completed }
        return self.isStopped ? .stopped : .running
    }

    /// It is on its way, or stopped there: its calls are counted.
    public var runs: Bool { self.state == .running || self.state == .stopped }

    /// All its positions, in order.
    public var positions: [MigrationPosition] {
        MigrationPosition.all(cohorts: self.cohorts.count)
    }

    /// The position after this one; nil: it is the last.
    public var next: MigrationPosition? {
        self.positions.first { position in self.position.map { position > $0 } ?? true }
    }

    /// Which cohort a number belongs to.
    public var membership: MigrationMembership {
        MigrationMembership(accounts: self.accounts, cohorts: self.cohorts)
    }

    /// Figures for its calls, empty.
    public var emptyFigures: MigrationFigures {
        MigrationFigures(from: self.from, to: self.to, cohorts: self.cohorts.count)
    }

    /// How many numbers it has given a set of their own, and not taken back.
    public var movedNumbers: Int {
        self.changes.reduce(0) { $0 + ($1.after == nil ? 0 : $1.numbers.count) }
    }

    /// The account is in the plan.
    func has(account: String) -> Bool {
        var low = 0
        var high = self.accounts.count
        while low < high {
            let middle = (low + high) / 2
            if self.accounts[middle] < account { low = middle + 1 } else { high = middle }
        }
        return low < self.accounts.count && self.accounts[low] == account
    }
}

/// What one position of a plan changed, so that it can be taken back.
struct MigrationChange: Sendable, Hashable {
    /// A number and the set that it had of its own before.
    struct Number: Sendable, Hashable {
        let number: E164
        let before: TrunkSet?
    }

    /// A trunk and its state before.
    struct Trunk: Sendable, Hashable {
        let name: String
        let before: TrunkState
    }

    /// The position that made the change.
    let position: MigrationPosition
    /// The set that its numbers have of their own since.
    var after: TrunkSet?
    /// Its numbers, ascending.
    var numbers: [Number] = []
    /// Accounts whose active set went from the old set to the new.
    var accounts: [String] = []
    /// Trunks of the old set that changed their state.
    var trunks: [Trunk] = []

    init(_ position: MigrationPosition) { self.position = position }

    var isEmpty: Bool { self.numbers.isEmpty && self.accounts.isEmpty && self.trunks.isEmpty }
}
