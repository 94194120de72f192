// SPDX-License-Identifier: Apache-2.0

import Management
import Store
import Tenancy

// What plans of migrations want done, each with its line of the audit.
extension ProvisioningService {
    /// Has a plan handle an event, and does what it wants; all of it in the transaction at hand.
    func handle(
        _ event: MigrationEvent, _ plan: MigrationPlan, _ figures: MigrationFigures,
        _ change: inout Change
    ) throws -> JSONValue {
        let directory = StoreDirectory(self.store, self.node.trunks)
        let now = UInt64(clamping: self.wallMs())
        var next = plan
        let actions: [MigrationAction]
        do {
            let who = self.user.map { "user \($0)" } ?? "the node"
            actions = try next.handle(event, by: who, at: now, in: directory)
        } catch {
            throw directory.storeFault ?? error
        }
        var counted = figures
        for action in actions {
            counted.apply(action)
            try self.carryOut(action, plan, next, &change)
        }
        if case .judged = event, actions.isEmpty {
            // Nothing new but what was counted.
            try self.store.put(counted, ofMigration: plan.name)
        } else {
            try self.keep(next, actions, counted, &change)
        }
        return Self.told(next)
    }

    private func carryOut(
        _ action: MigrationAction, _ plan: MigrationPlan, _ next: MigrationPlan,
        _ change: inout Change
    ) throws {
        switch action {
        case .setTrunk(let name, let state):
            let before = try self.store.trunkStates()[name] ?? .active
            try self.store.put(state, ofTrunk: name)
            change.trunks[name] = state
            try self.note(
                "trunk \(name)", ["state": .string(before.title)],
                ["state": .string(state.title)], change)
        case .setOverrides(let numbers, let set):
            for start in stride(from: 0, to: numbers.count, by: Self.numbersOfLine) {
                let part = numbers[start..<min(start + Self.numbersOfLine, numbers.count)]
                try self.move(part, to: set, &change)
            }
        case .setActiveSet(let set, let name):
            guard var account = try self.store.account(named: name) else { return }
            let before = account.activeSet
            account.activeSet = set
            try self.store.put(account)
            change.changes.append(.account(account))
            try self.note(
                "tenant \(name)", ["trunk-set": .string(before.rawValue)],
                ["trunk-set": .string(set.rawValue)], change)
        case .resetFigures, .resetCohorts: break
        case .audit(let entry):
            try self.note(
                "migration \(plan.name)", ["step": Self.step(plan.position)],
                [
                    "step": Self.step(next.position), "what": .string(entry.kind.title),
                    "note": .string(entry.note),
                ], change)
        }
    }

    /// Numbers that one line of the audit has at most.
    private static let numbersOfLine = 1_000

    private func move(
        _ numbers: ArraySlice<E164>, to set: TrunkSet?, _ change: inout Change
    ) throws {
        var before: [ProvisionedNumber] = []
        var after: [ProvisionedNumber] = []
        for number in numbers {
            guard var found = try self.store.number(number) else { continue }
            before.append(found)
            found.trunkSet = set
            try self.store.put(found)
            after.append(found)
            change.changes.append(.number(found))
        }
        let names = Set(after.map(\.account))
        try self.note(
            names.count == 1 ? "numbers of \(names.first ?? "")" : "numbers",
            NumberFields.runs(before), NumberFields.runs(after), change)
    }

    /// A line of the audit, beside that of the request.
    private func note(
        _ subject: String, _ before: JSONValue, _ after: JSONValue, _ change: Change
    ) throws {
        try self.store.append(
            AuditLine(
                wallMs: self.wallMs(), user: self.user, verb: change.verb, subject: subject,
                before: Change.text(before), after: Change.text(after)))
    }

    func keep(
        _ plan: MigrationPlan, _ actions: [MigrationAction], _ figures: MigrationFigures,
        _ change: inout Change
    ) throws {
        try self.store.put(StoredMigration(plan: plan, figures: figures))
        let resets = actions.filter {
            switch $0 {
            case .resetFigures, .resetCohorts: true
            default: false
            }
        }
        change.plans.append(.put(plan, plan.runs ? plan.membership : nil, resets))
    }
}
