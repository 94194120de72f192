// SPDX-License-Identifier: Apache-2.0

extension MigrationPlan {
    /// Handles an event. An event that is refused changes nothing.
    ///
    /// `who` asks for it, `time` is now in milliseconds since 1970-01-01 00:00 UTC.
    public mutating func handle(
        _ event: MigrationEvent, by who: String, at time: UInt64,
        in directory: some MigrationDirectory
    ) throws(FieldFault) -> [MigrationAction] {
        var plan = self
        let actions: [MigrationAction] =
            switch event {
            case .start: try plan.start(by: who, at: time, in: directory)
            case .judged(let verdict): try plan.judge(verdict, by: who, at: time)
            case .step(let verdict, let force):
                try plan.step(verdict, force: force, by: who, at: time, in: directory)
            case .backOut(let target):
                try plan.backOut(to: target, by: who, at: time, in: directory)
            }
        self = plan
        return actions
    }

    private mutating func start(
        by who: String, at time: UInt64, in directory: some MigrationDirectory
    ) throws(FieldFault) -> [MigrationAction] {
        guard self.position == nil else {
            throw FieldFault(
                .wrongState, "migration.state", "is \(self.state.title)",
                "'step' or 'back-out'; only a plan that is planned or backed out starts")
        }
        if let fault = try self.fault(in: directory) { throw fault }
        self.position = MigrationPosition(.prepare)
        self.since = time
        return [.resetFigures, self.log(.started, by: who, at: time)]
    }

    /// A failed gate stops the plan where it is; one that fails no more lets it go on.
    private mutating func judge(
        _ verdict: MigrationVerdict, by who: String, at time: UInt64
    ) throws(FieldFault) -> [MigrationAction] {
        guard let position = self.position, verdict.position == position else {
            throw FieldFault(
                .wrongState, "migration.step", "is not the one that the verdict is of",
                "a verdict of the step that the plan is at")
        }
        let fails = verdict.outcome == .failed
        guard fails != self.isStopped else { return [] }
        self.isStopped = fails
        return [
            self.log(
                fails ? .stopped : .resumed, by: who, at: time, fails ? verdict.blockingText : "")
        ]
    }

    private mutating func step(
        _ verdict: MigrationVerdict, force: Bool, by who: String, at time: UInt64,
        in directory: some MigrationDirectory
    ) throws(FieldFault) -> [MigrationAction] {
        guard let position = self.position, let next = self.next else {
            throw FieldFault(
                .wrongState, "migration.state", "is \(self.state.title)",
                self.position == nil ? "'start' first" : "'back-out': there is no further step")
        }
        var actions = try self.judge(verdict, by: who, at: time)
        guard verdict.outcome == .passed || force else {
            throw FieldFault(
                .wrongState, "migration.step",
                "\(position) may not be left yet: \(verdict.blockingText)",
                verdict.outcome == .failed
                    ? "'back-out', or 'step --force', which is audited"
                    : "waiting, or 'step --force', which is audited")
        }
        if next <= MigrationPosition(.switchAccounts),
            let fault = try self.stateFault(in: directory)
        {
            throw fault
        }
        let (changes, note) = try self.enter(next, in: directory)
        actions += changes
        self.position = next
        self.since = time
        self.isStopped = false
        let kind: MigrationHistoryEntry.Kind = verdict.outcome == .passed ? .stepped : .forced
        let notes = [note, verdict.blockingText].filter { !$0.isEmpty }
        return actions + [self.log(kind, by: who, at: time, notes.joined(separator: "; "))]
    }

    /// What changes when the plan comes to a position, and what is to be said of it.
    private mutating func enter(
        _ position: MigrationPosition, in directory: some MigrationDirectory
    ) throws(FieldFault) -> ([MigrationAction], note: String) {
        switch position.step {
        case .prepare, .health, .subdomains: return ([], "")
        case .pilotOut: return ([.resetCohorts(0..<1)], "")
        case .pilotIn: return try self.move(0, at: position, in: directory)
        case .widen:
            let (actions, note) = try self.move(position.cohort, at: position, in: directory)
            return ([.resetCohorts(position.cohort..<position.cohort + 1)] + actions, note)
        case .switchAccounts: return try self.switchAccounts(in: directory)
        case .retire: return try self.setTrunks(.draining, at: position, in: directory)
        case .finished: return try self.setTrunks(.disabled, at: position, in: directory)
        }
    }

    /// Moves a cohort: its accounts change, or its numbers get a set of their own. A number that
    /// has the new set already is left out of everything, and so keeps it whatever follows.
    private mutating func move(
        _ cohort: Int, at position: MigrationPosition, in directory: some MigrationDirectory
    ) throws(FieldFault) -> ([MigrationAction], note: String) {
        var change = MigrationChange(position)
        change.after = self.to
        let membership = self.membership
        let room = Self.movedMax - self.movedNumbers
        var found: [MigrationChange.Number] = []
        func take(_ number: ProvisionedNumber) {
            guard self.owns(number), number.trunkSet != self.to, found.count <= room,
                membership.cohort(of: number.number, account: number.account) == cohort
            else { return }
            found.append(.init(number: number.number, before: number.trunkSet))
        }
        switch self.cohorts[cohort] {
        case .numbers(let numbers):
            for number in numbers {
                if let number = try directory.number(number) { take(number) }
            }
        case .share(_, let accounts):
            for account in accounts { try directory.forEachNumber(of: account, take) }
        case .accounts(let accounts):
            for name in accounts where try directory.account(name)?.activeSet == self.from {
                change.accounts.append(name)
            }
        }
        guard found.count <= room else {
            throw FieldFault(
                .tooLong, "migration.cohorts",
                "move more than \(Self.movedMax) numbers one by one",
                "cohorts of whole accounts for the rest")
        }
        change.numbers = found.sorted { $0.number < $1.number }
        self.keep(change)
        var actions = change.accounts.map { MigrationAction.setActiveSet(self.to, account: $0) }
        if !change.numbers.isEmpty {
            actions.insert(.setOverrides(change.numbers.map(\.number), self.to), at: 0)
        }
        let moved =
            change.accounts.isEmpty
            ? MigrationCohort.count(change.numbers.count, "number")
            : MigrationCohort.count(change.accounts.count, "account")
        return (actions, "cohort \(cohort): \(moved) to \(self.to.rawValue)")
    }

    /// The accounts change, and then the numbers that the plan moved need no set of their own.
    private mutating func switchAccounts(
        in directory: some MigrationDirectory
    ) throws(FieldFault) -> ([MigrationAction], note: String) {
        var change = MigrationChange(MigrationPosition(.switchAccounts))
        for name in self.accounts where try directory.account(name)?.activeSet == self.from {
            change.accounts.append(name)
        }
        for number in self.changes.flatMap(\.numbers) {
            guard let found = try directory.number(number.number), self.owns(found),
                found.trunkSet == self.to
            else { continue }
            change.numbers.append(.init(number: number.number, before: self.to))
        }
        change.numbers.sort { $0.number < $1.number }
        self.keep(change)
        var actions = change.accounts.map { MigrationAction.setActiveSet(self.to, account: $0) }
        if !change.numbers.isEmpty {
            actions.append(.setOverrides(change.numbers.map(\.number), nil))
        }
        return (
            actions,
            "\(change.accounts.count) accounts to \(self.to.rawValue), "
                + "\(change.numbers.count) numbers follow them"
        )
    }

    /// Takes the trunks of the old set out of service, unless anybody still needs them: other
    /// accounts share them, and no force may take theirs away.
    private mutating func setTrunks(
        _ state: TrunkState, at position: MigrationPosition, in directory: some MigrationDirectory
    ) throws(FieldFault) -> ([MigrationAction], note: String) {
        let usage = try directory.usage(of: self.from, service: self.service)
        guard usage.isNone else {
            return (
                [],
                "the trunks of set \(self.from.rawValue) stay: \(usage.accounts) accounts and "
                    + "\(usage.numbers) numbers use them"
            )
        }
        var change = MigrationChange(position)
        for trunk in try directory.carrierTrunks()
        where trunk.service == self.service && trunk.set == self.from {
            // States are in order: a trunk that is off does not begin to drain.
            guard let before = try directory.state(ofTrunk: trunk.name),
                before.rawValue < state.rawValue
            else { continue }
            change.trunks.append(.init(name: trunk.name, before: before))
        }
        self.keep(change)
        let names = change.trunks.map(\.name)
        return (
            names.map { .setTrunk($0, state) },
            names.isEmpty ? "" : "\(names.joined(separator: ", ")) \(state.title)"
        )
    }

    private mutating func keep(_ change: MigrationChange) {
        if !change.isEmpty { self.changes.append(change) }
    }

    /// Writes history; the same line goes to the audit.
    mutating func log(
        _ kind: MigrationHistoryEntry.Kind, by who: String, at time: UInt64, _ note: String = ""
    ) -> MigrationAction {
        let entry = MigrationHistoryEntry(
            kind, time: time, who: who, position: self.position, note: note)
        self.history.append(entry)
        if self.history.count > Self.historyMax {
            self.history.removeFirst()
            self.historyDropped &+= 1
        }
        return .audit(entry)
    }
}
