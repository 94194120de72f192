// SPDX-License-Identifier: Apache-2.0

import Management
import Store
import Tenancy

// Plans of migrations. A step is one transaction: what it changes of numbers, accounts and trunks,
// the plan itself, its figures, and a line of the audit.
extension ProvisioningService {
    // MARK: Reading

    func listMigrations() throws -> JSONValue {
        let (plans, unreadable) = try self.migrations()
        let rows = plans.map { JSONValue.object(Self.summary($0.plan)) }
        let others = unreadable.map { name -> JSONValue in
            ["plan": .string(name), "state": "unreadable"]
        }
        return ["migrations": .array(rows + others)]
    }

    /// Where a plan stands, what is to do, and what its gate says.
    func showMigration(_ arguments: JSONObject) throws -> JSONValue {
        let reader = try FieldReader(arguments, "migration", known: ["name", "confirm"])
        let (plan, figures) = try self.migration(reader)
        let directory = StoreDirectory(self.store, self.node.trunks)
        var answer = Self.summary(plan)
        answer["steps"] = Self.rows(plan.steps)
        do {
            let verdict = try self.verdict(plan, figures, try self.confirmed(reader), directory)
            if let verdict {
                answer["gate"] = .string(verdict.outcome.rawValue)
                answer["figures"] = Self.rows(verdict.table)
            }
            answer["calls"] = Self.rows(plan.calls(figures))
            let instructions = try plan.instructions(in: directory)
            answer["on_when"] = .string(instructions.gate)
            answer["here"] = Self.texts(instructions.here)
            answer["in_your_tenant"] = Self.texts(instructions.carrierTenant)
            answer["in_the_accounts_tenants"] = Self.texts(instructions.accountTenants)
            if plan.position != nil { answer["to_go_back"] = Self.texts(plan.backOutInstructions) }
        } catch {
            throw directory.storeFault ?? error
        }
        answer["history"] = Self.rows(plan.historyTable(time: Self.time))
        return .object(answer)
    }

    // MARK: Changing

    func planMigration(_ arguments: JSONObject, _ change: inout Change) throws -> JSONValue {
        let plan = try MigrationFields.read(arguments)
        let names = try self.store.migrationNames()
        if names.contains(plan.name) {
            throw FieldFault(
                .notUnique, "migration.name", "\(plan.name) is there",
                "another name, or `trunkline migration remove \(plan.name)` first")
        }
        guard names.count < self.limits.plans else {
            throw self.limit(
                "migration.name", "would be one more than there may be",
                "\(self.limits.plans) plans; `trunkline migration remove` for those that are over")
        }
        for name in plan.accounts where try self.store.account(named: name) == nil {
            throw FieldFault(
                .notFound, "migration.accounts", "names \(name), which does not exist",
                "names as `trunkline tenant list` shows them")
        }
        try self.keep(plan, [], plan.emptyFigures, &change)
        change.subject = "migration \(plan.name)"
        change.after = .object(Self.summary(plan))
        return Self.told(plan)
    }

    /// More numbers for a list of a plan that has not begun: a long one takes several requests.
    func extendMigration(_ arguments: JSONObject, _ change: inout Change) throws -> JSONValue {
        let reader = try FieldReader(
            arguments, "migration", known: ["name", "cohort", "numbers"])
        let (plan, figures) = try self.migration(reader)
        let position = Int(try reader.integer("cohort", 0...Int64(plan.cohorts.count - 1)) ?? 0)
        guard plan.state == .planned, case .numbers(let numbers) = plan.cohorts[position] else {
            throw FieldFault(
                .wrongState, "migration.cohorts", "cannot have more numbers",
                "a cohort that lists numbers, of a plan that has not begun")
        }
        var cohorts = plan.cohorts
        cohorts[position] = .numbers(numbers + (try MigrationFields.numbers(reader)))
        let longer = try MigrationPlan(
            name: plan.name, service: plan.service, from: plan.from, to: plan.to,
            accounts: plan.accounts, cohorts: cohorts, gate: plan.gate)
        try self.keep(longer, [], figures, &change)
        change.subject = "migration \(plan.name)"
        change.after = .object(Self.summary(longer))
        return Self.told(longer)
    }

    func startMigration(_ arguments: JSONObject, _ change: inout Change) throws -> JSONValue {
        let reader = try FieldReader(arguments, "migration", known: ["name"])
        let (plan, figures) = try self.migration(reader)
        try self.checkOthers(plan)
        return try self.handle(.start, plan, figures, &change)
    }

    func stepMigration(_ arguments: JSONObject, _ change: inout Change) throws -> JSONValue {
        let reader = try FieldReader(
            arguments, "migration", known: ["name", "force", "confirm"])
        let (plan, figures) = try self.migration(reader)
        let directory = StoreDirectory(self.store, self.node.trunks)
        guard
            let verdict = try self.verdict(plan, figures, try self.confirmed(reader), directory)
        else {
            throw FieldFault(
                .wrongState, "migration.state", "is \(plan.state.title)",
                "'start' first: trunkline migration start \(plan.name)")
        }
        let force = try reader.flag("force") ?? false
        return try self.handle(.step(verdict, force: force), plan, figures, &change)
    }

    func backOutMigration(_ arguments: JSONObject, _ change: inout Change) throws -> JSONValue {
        let reader = try FieldReader(arguments, "migration", known: ["name", "to"])
        let (plan, figures) = try self.migration(reader)
        var target: MigrationPosition?
        if let text = try reader.text("to") {
            guard let position = MigrationPosition(text) else {
                throw reader.fault(
                    .badValue, "to", "is no step",
                    "a step as `trunkline migration status` shows them, such as 4 or 5.1")
            }
            target = position
        }
        // One that was over runs again.
        if plan.state == .completed, target != nil { try self.checkOthers(plan) }
        return try self.handle(.backOut(to: target), plan, figures, &change)
    }

    func removeMigration(_ arguments: JSONObject, _ change: inout Change) throws -> JSONValue {
        let reader = try FieldReader(arguments, "migration", known: ["name"])
        let plan: MigrationPlan
        do {
            plan = try self.migration(reader).plan
        } catch let fault as StoreFault where fault.kind == .unreadable {
            let name = try reader.required("name", MigrationPlan.nameField.allowed)
            return try self.remove(name, before: ["state": "unreadable"], &change)
        }
        guard !plan.runs else {
            throw FieldFault(
                .wrongState, "migration.state", "is \(plan.state.title)",
                "a plan that has not begun, is through or is backed out")
        }
        return try self.remove(plan.name, before: Self.summary(plan), &change)
    }

    private func remove(
        _ name: String, before: JSONObject, _ change: inout Change
    ) throws -> JSONValue {
        try self.store.removeMigration(named: name)
        change.plans = [.removed(name)]
        change.subject = "migration \(name)"
        change.before = .object(before)
        return ["state": .string(PutState.removed.rawValue), "migration": .string(name)]
    }

    /// A number is moved by one plan at a time.
    private func checkOthers(_ plan: MigrationPlan) throws {
        if let fault = plan.fault(beside: try self.migrations().plans.map(\.plan)) { throw fault }
    }

    /// Every plan that runs: its figures are kept, and a gate that fails stops it.
    func judgeMigrations(_ change: inout Change) throws -> JSONValue {
        var conditions: [JSONValue] = []
        for stored in try self.migrations().plans where stored.plan.runs {
            let (plan, figures) = self.current(stored)
            let directory = StoreDirectory(self.store, self.node.trunks)
            guard let verdict = try self.verdict(plan, figures, [], directory) else { continue }
            _ = try self.handle(.judged(verdict), plan, figures, &change)
            change.isSilent = change.isSilent || figures != stored.figures
            guard verdict.outcome == .failed else { continue }
            conditions.append(
                .string(
                    "migration \(plan.name) is stopped at step \(verdict.position): "
                        + "\(verdict.blockingText) (trunkline migration status \(plan.name))"))
        }
        return ["conditions": .array(conditions)]
    }

    // MARK: Parts

    /// The plan that a request names, with the figures of this moment.
    private func migration(
        _ reader: FieldReader
    ) throws -> (plan: MigrationPlan, figures: MigrationFigures) {
        let name = try reader.required("name", MigrationPlan.nameField.allowed)
        guard MigrationPlan.nameField.fault(name) == nil,
            let stored = try self.store.migration(named: name)
        else {
            throw reader.fault(
                .notFound, "name", "is that of no plan", "a plan of `trunkline migration list`")
        }
        return self.current(stored)
    }

    private func current(
        _ stored: StoredMigration
    ) -> (plan: MigrationPlan, figures: MigrationFigures) {
        // A step that the node has not heard of yet may have begun figures anew.
        guard let counted = self.node.figures[stored.plan.name],
            counted.since == stored.plan.since
        else { return (stored.plan, stored.figures) }
        return (stored.plan, counted.figures)
    }

    // MARK: Answers

    static func told(_ plan: MigrationPlan) -> JSONValue {
        ["state": .string(plan.state.title), "migration": .object(self.summary(plan))]
    }

    private static func summary(_ plan: MigrationPlan) -> JSONObject {
        let table = plan.summary(time: self.time)
        return self.object(table.headings, table.rows.first ?? [])
    }

    private static func rows(_ table: MigrationTable) -> JSONValue {
        .array(table.rows.map { .object(self.object(table.headings, $0)) })
    }

    private static func object(_ headings: [String], _ cells: [String]) -> JSONObject {
        var object: JSONObject = [:]
        for (heading, cell) in zip(headings, cells) {
            let name = String(heading.map { " -".contains($0) ? "_" : $0 })
            object[name] = Int64(cell).map { JSONValue($0) } ?? .string(cell)
        }
        return object
    }

    private static func texts(_ lines: [String]) -> JSONValue { .array(lines.map { .string($0) }) }

    static func step(_ position: MigrationPosition?) -> JSONValue {
        position.map { .string("\($0)") } ?? .null
    }

    /// Milliseconds since 1970; who shows them makes a date of them.
    private static func time(_ wallMs: UInt64) -> String { "\(wallMs)" }
}
