// SPDX-License-Identifier: Apache-2.0

import Management
import Store
import Tenancy

extension ProvisioningService {
    // MARK: Reading

    func listAccounts(_ arguments: JSONObject) throws -> JSONValue {
        let reader = try FieldReader(arguments, "request", known: ["prefix", "after", "limit"])
        let limit = Int(try reader.integer("limit", 1...self.limits.page) ?? 100)
        let accounts = try self.store.accounts(
            prefix: reader.text("prefix") ?? "", after: reader.text("after"), limit: limit + 1)
        let page = accounts.prefix(limit)
        let objects = try page.map { JSONValue.object(try self.described($0)) }
        return [
            "tenants": .array(objects),
            "next": JSONValue(accounts.count > limit ? page.last?.name : nil),
        ]
    }

    func showAccount(_ arguments: JSONObject) throws -> JSONValue {
        let reader = try FieldReader(arguments, "account", known: ["name"])
        return .object(try self.described(try self.account(reader, "name")))
    }

    private func described(_ account: Account) throws -> JSONObject {
        var object = AccountFields.json(account)
        var numbers: JSONObject = [:]
        let counts = try self.store.numberCounts(of: account.name)
        for service in Service.allCases {
            numbers[service.rawValue] = counts[service].map { JSONValue($0) }
        }
        object["numbers"] = .object(numbers)
        return object
    }

    /// The account that a member names.
    func account(_ reader: FieldReader, _ member: String) throws -> Account {
        let name = try reader.required(member, Fields.accountName.allowed)
        guard Fields.accountName.fault(name) == nil else {
            throw reader.fault(
                .badValue, member, "is no name of a tenant", Fields.accountName.allowed)
        }
        guard let account = try self.store.account(named: name) else {
            throw reader.fault(
                .notFound, member, "\(name) does not exist",
                "a tenant of `trunkline tenant list`; `trunkline tenant add` makes one")
        }
        return account
    }

    // MARK: Changing

    func putAccount(
        _ arguments: JSONObject, _ mode: PutMode, _ change: inout Change
    ) throws -> JSONValue {
        let (state, account) = try self.put(arguments, mode, &change)
        return ["state": .string(state.rawValue), "tenant": .object(AccountFields.json(account))]
    }

    private func put(
        _ arguments: JSONObject, _ mode: PutMode, _ change: inout Change
    ) throws -> (PutState, Account) {
        let reader = try FieldReader(
            arguments, "account", known: AccountFields.all.map(\.name))
        let name = try reader.required("name", Fields.accountName.allowed)
        if let fault = Fields.accountName.fault(name) { throw fault }
        let existing = try self.store.account(named: name)
        if mode == .change, existing == nil { _ = try self.account(reader, "name") }
        var account = mode == .add ? Account(name: name) : existing ?? Account(name: name)
        try AccountFields.read(arguments, into: &account)
        if account == existing { return (.unchanged, account) }
        guard mode != .add || existing == nil else {
            throw FieldFault(
                .notUnique, "account.name", "\(name) is there with other values",
                "`trunkline tenant change` to change it")
        }
        try self.check(account, existing)
        try self.store.put(account)
        change.changes.append(.account(account))
        change.subject = "tenant \(name)"
        change.before = existing.map { .object(AccountFields.json($0)) }
        change.after = .object(AccountFields.json(account))
        return (existing == nil ? .added : .changed, account)
    }

    /// What an account may not be beside the others and its numbers.
    private func check(_ account: Account, _ existing: Account?) throws {
        if existing == nil, try self.store.totals().accounts >= self.limits.accounts {
            throw self.limit(
                "account.name", "would be one more than there may be",
                "\(self.limits.accounts) tenants")
        }
        if let label = account.label,
            let other = try self.store.account(labelled: label), other.name != account.name
        {
            throw FieldFault(
                .notUnique, "account.label", "is that of tenant \(other.name)",
                "a label of its own, whatever its case")
        }
        if let fault = account.fault(at: self.node.trunks) { throw fault }
        if existing?.activeSet != account.activeSet || existing?.services != account.services,
            let fault = try self.fault(of: account.activeSet, account.services)
        {
            throw fault
        }
        guard let existing else { return }
        let counts = try self.store.numberCounts(of: account.name)
        if account.teamsTenantID != existing.teamsTenantID {
            for service in [Service.operatorConnect, .teamsPhoneMobile] where counts[service] != nil
            {
                throw FieldFault(
                    .inUse, "account.teams-tenant",
                    "has \(counts[service] ?? 0) numbers of \(service.rawValue)",
                    "another one when these numbers are removed")
            }
        }
        for (service, count) in counts where !account.services.contains(service) {
            throw FieldFault(
                .inUse, "account.service", "has \(count) numbers of \(service.rawValue)",
                "to take \(service.rawValue) away when these numbers are removed or changed")
        }
    }

    func removeAccount(_ arguments: JSONObject, _ change: inout Change) throws -> JSONValue {
        let reader = try FieldReader(arguments, "account", known: ["name", "delete-numbers"])
        let account = try self.account(reader, "name")
        let count = try self.store.numberCounts(of: account.name).values.reduce(0, +)
        let plans = try self.migrations().plans.map(\.plan)
        if let plan = plans.first(where: { $0.runs && $0.accounts.contains(account.name) }) {
            throw FieldFault(
                .inUse, "account.name", "is moved by migration \(plan.name)",
                "when that is through, or backed out")
        }
        let deletesNumbers = try reader.flag("delete-numbers") ?? false
        if count > 0, !deletesNumbers {
            throw FieldFault(
                .inUse, "account.name", "\(account.name) has \(count) numbers",
                "to remove them first, or delete-numbers to remove them with it")
        }
        if count > self.limits.removedWithAccount {
            throw self.limit(
                "account.delete-numbers", "would remove \(count) numbers at once",
                "at most \(self.limits.removedWithAccount); remove numbers first by "
                    + "`trunkline number remove --tenant \(account.name) --all`")
        }
        for number in try self.numbers(of: account.name) {
            try self.store.remove(number.number)
            change.changes.append(.numberRemoved(number.number))
        }
        try self.store.removeAccount(named: account.name)
        change.changes.append(.accountRemoved(account.name))
        change.subject = "tenant \(account.name)"
        var before = AccountFields.json(account)
        before["numbers"] = JSONValue(count)
        change.before = .object(before)
        return [
            "state": .string(PutState.removed.rawValue), "name": .string(account.name),
            "numbers": JSONValue(count),
        ]
    }

    private func numbers(of account: String) throws -> [ProvisionedNumber] {
        try NumberRange.everything.flatMap {
            try self.store.numbers(in: $0, of: account, limit: self.limits.removedWithAccount)
        }
    }

    // MARK: Import

    /// Tenants of a file: each is added, changed or refused by itself.
    func importAccounts(_ arguments: JSONObject, _ change: inout Change) throws -> JSONValue {
        let reader = try FieldReader(arguments, "request", known: ["tenants"])
        let elements = try self.batch(reader, "tenants")
        var (before, after): ([JSONValue], [JSONValue]) = ([], [])
        var rows = BatchAnswer("tenants", key: "name")
        for element in elements {
            let name = element.object?["name"]?.string ?? ""
            do {
                guard let members = element.object else {
                    throw reader.fault(.badValue, "tenants", "has no object", "objects")
                }
                var one = Change(verb: change.verb)
                rows.add(name, try self.put(members, .put, &one).0)
                change.changes += one.changes
                if let value = one.before { before.append(value) }
                if let value = one.after { after.append(value) }
            } catch let fault as FieldFault {
                rows.add(name, fault)
            }
        }
        self.counters.refused &+= UInt64(rows.refused)
        change.subject = "tenants"
        change.before = .array(before)
        change.after = .array(after)
        return rows.json
    }

    /// The elements of a request, as many as there may be.
    func batch(_ reader: FieldReader, _ member: String) throws -> [JSONValue] {
        guard let elements = try reader.array(member), !elements.isEmpty else {
            throw reader.fault(
                .required, member, "is missing or empty", "1 to \(self.limits.batch) of them")
        }
        guard elements.count <= self.limits.batch else {
            throw self.limit(
                "\(reader.kind).\(member)", "has \(elements.count) elements",
                "1 to \(self.limits.batch) of them")
        }
        return elements
    }
}

/// What became of each element of a request.
struct BatchAnswer {
    private let name: String
    private let key: String
    private var rows: [JSONValue] = []
    private var counts: [PutState: Int] = [:]
    private(set) var refused = 0

    init(_ name: String, key: String) {
        self.name = name
        self.key = key
    }

    mutating func add(_ element: String, _ state: PutState) {
        self.counts[state, default: 0] += 1
        self.rows.append([self.key: .string(element), "state": .string(state.rawValue)])
    }

    mutating func add(_ element: String, _ fault: FieldFault) {
        self.refused += 1
        self.rows.append([
            self.key: .string(element), "state": "refused",
            "error": ProvisioningService.refusal(fault).json,
        ])
    }

    var json: JSONValue {
        [
            self.name: .array(self.rows), "added": JSONValue(self.counts[.added] ?? 0),
            "changed": JSONValue(self.counts[.changed] ?? 0),
            "unchanged": JSONValue(self.counts[.unchanged] ?? 0),
            "removed": JSONValue(self.counts[.removed] ?? 0), "refused": JSONValue(self.refused),
        ]
    }
}
