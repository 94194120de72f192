// SPDX-License-Identifier: Apache-2.0

extension MigrationPlan {
    /// Takes back what the positions after `target` changed. A number whose set somebody else has
    /// changed since, or that is no longer the account's, stays as it is; trunks of the old set are
    /// put back whatever became of them, since the numbers need them.
    mutating func backOut(
        to target: MigrationPosition?, by who: String, at time: UInt64,
        in directory: some MigrationDirectory
    ) throws(FieldFault) -> [MigrationAction] {
        guard let position = self.position else {
            throw FieldFault(
                .wrongState, "migration.state", "is \(self.state.title)",
                "a plan that has started: there is nothing to take back")
        }
        if let target {
            guard target < position, self.positions.contains(target) else {
                throw FieldFault(
                    .badValue, "migration.step", "\(target) is not before \(position)",
                    "a step of the plan that it has been through, or none for all of it")
            }
        }
        let start = target.map { target in
            self.changes.firstIndex { $0.position > target } ?? self.changes.count
        } ?? 0
        let (actions, kept) = try self.restored(self.changes[start...], in: directory)
        self.changes.removeSubrange(start...)
        let moved =
            (target?.moved(of: self.cohorts.count) ?? 0)..<position.moved(of: self.cohorts.count)
        self.position = target
        self.since = time
        self.isStopped = false
        let note = kept == 0 ? "" : "\(kept) numbers that others changed since stay as they are"
        return actions + (moved.isEmpty ? [] : [.resetCohorts(moved)])
            + [self.log(.backedOut, by: who, at: time, note)]
    }

    /// The actions that undo these changes, and how many numbers stay as others left them.
    private func restored(
        _ changes: ArraySlice<MigrationChange>, in directory: some MigrationDirectory
    ) throws(FieldFault) -> ([MigrationAction], kept: Int) {
        var trunks: [String: TrunkState] = [:]
        var accounts: Set<String> = []
        // What a number has now, and what it will have.
        var numbers: [E164: (now: TrunkSet?, then: TrunkSet?)] = [:]
        var kept: Set<E164> = []
        for change in changes.reversed() {
            for trunk in change.trunks { trunks[trunk.name] = trunk.before }
            accounts.formUnion(change.accounts)
            for number in change.numbers where !kept.contains(number.number) {
                let entry: (now: TrunkSet?, then: TrunkSet?)
                if let known = numbers[number.number] {
                    entry = known
                } else if let found = try directory.number(number.number), self.owns(found) {
                    entry = (found.trunkSet, found.trunkSet)
                } else {
                    kept.insert(number.number)
                    continue
                }
                if entry.then == change.after {
                    numbers[number.number] = (entry.now, number.before)
                } else {
                    kept.insert(number.number)
                }
            }
        }
        var actions: [MigrationAction] = []
        for (name, state) in trunks.sorted(by: { $0.key < $1.key })
        where try directory.state(ofTrunk: name).map({ $0 != state }) ?? false {
            actions.append(.setTrunk(name, state))
        }
        func overrides(_ set: TrunkSet?) -> [MigrationAction] {
            let changed = numbers.filter { $0.value.then == set && $0.value.now != set }
            return changed.isEmpty ? [] : [.setOverrides(changed.keys.sorted(), set)]
        }
        // Who stays on the new set is named before the accounts leave it.
        actions += overrides(self.to)
        for name in accounts.sorted()
        where try directory.account(name)?.activeSet == self.to {
            actions.append(.setActiveSet(self.from, account: name))
        }
        return (actions + overrides(self.from) + overrides(nil), kept.count)
    }
}
