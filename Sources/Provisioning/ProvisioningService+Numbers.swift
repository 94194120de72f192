// SPDX-License-Identifier: Apache-2.0

import Management
import Store
import Tenancy

extension ProvisioningService {
    // MARK: Reading

    func listNumbers(_ arguments: JSONObject) throws -> JSONValue {
        let reader = try FieldReader(
            arguments, "request", known: ["tenant", "prefix", "after", "limit"])
        let limit = Int(try reader.integer("limit", 1...self.limits.page) ?? 100)
        let account = reader.has("tenant") ? try self.account(reader, "tenant").name : nil
        var ranges = NumberRange.everything
        if let text = try reader.text("prefix") {
            guard let prefix = E164.Prefix(text) else {
                throw reader.fault(
                    .badValue, "prefix", "is no beginning of a number",
                    "'+', a digit from 1 to 9, then up to 14 digits")
            }
            ranges = NumberRange.ranges(prefix: prefix)
        }
        if let text = try reader.text("after") {
            guard let after = E164(text.utf8) else {
                throw reader.fault(.badValue, "after", "is no number", Fields.number.allowed)
            }
            ranges = ranges.compactMap { range in
                guard let next = E164(value: after.value + 1), range.upperBound >= next else {
                    return nil
                }
                return max(range.lowerBound, next)...range.upperBound
            }
        }
        var numbers: [ProvisionedNumber] = []
        for range in ranges where numbers.count <= limit {
            numbers += try self.store.numbers(
                in: range, of: account, limit: limit + 1 - numbers.count)
        }
        let page = numbers.prefix(limit)
        return [
            "numbers": .array(page.map { .object(NumberFields.json($0)) }),
            "next": JSONValue(numbers.count > limit ? page.last?.number.description : nil),
        ]
    }

    func showNumber(_ arguments: JSONObject) throws -> JSONValue {
        let reader = try FieldReader(arguments, "number", known: ["number"])
        let text = try reader.required("number", Fields.number.allowed)
        guard let number = E164(text.utf8) else {
            throw reader.fault(.badValue, "number", "is no number", Fields.number.allowed)
        }
        guard let found = try self.store.number(number) else {
            throw reader.fault(
                .notFound, "number", "\(number) is no tenant's", "a number of a tenant")
        }
        return .object(NumberFields.json(found))
    }

    // MARK: Changing

    /// Numbers of a request: each is added, changed, removed or refused by itself. What the request
    /// says beside them holds for each that does not say otherwise.
    func putNumbers(
        _ arguments: JSONObject, _ mode: PutMode, _ change: inout Change
    ) throws -> JSONValue {
        let known = NumberFields.shared.map(\.name)
        let reader = try FieldReader(arguments, "number", known: ["numbers"] + known)
        let elements = try self.batch(reader, "numbers")
        var shared = arguments
        shared["numbers"] = nil
        var batch = NumberBatch(mode: mode, total: try self.store.totals().numbers)
        for element in elements {
            let (text, own) = try Self.parts(element, reader)
            guard let range = NumberRange(text) else {
                batch.answer.add(
                    text, reader.fault(.badValue, "number", "is no number", NumberRange.allowed))
                continue
            }
            batch.count += range.count
            guard batch.count <= self.limits.batch else {
                throw self.limit(
                    "number.numbers", "has more than \(self.limits.batch) numbers",
                    "at most \(self.limits.batch) in one request")
            }
            var members = shared
            for (name, value) in own.members where name != "number" { members[name] = value }
            for number in range.numbers {
                do {
                    let state = try self.put(number, members, &batch)
                    batch.answer.add(number.description, state)
                } catch let fault as FieldFault {
                    batch.answer.add(number.description, fault)
                }
            }
        }
        self.counters.refused &+= UInt64(batch.answer.refused)
        change.changes = batch.changes
        let names = Set((batch.before + batch.after).map(\.account))
        change.subject = names.count == 1 ? "numbers of \(names.first ?? "")" : "numbers"
        change.before = NumberFields.runs(batch.before)
        change.after = NumberFields.runs(batch.after)
        return batch.answer.json
    }

    /// A text is a number or a range; an object has it as its member `number`.
    private static func parts(
        _ element: JSONValue, _ reader: FieldReader
    ) throws -> (String, JSONObject) {
        if let text = element.string { return (text, [:]) }
        guard let object = element.object else {
            throw reader.fault(
                .badValue, "numbers", "has \(element.kind)", "texts, or objects with a number")
        }
        return (object["number"]?.string ?? "", object)
    }

    private func put(
        _ number: E164, _ members: JSONObject, _ batch: inout NumberBatch
    ) throws -> PutState {
        let reader = try FieldReader(members, "number", known: NumberFields.shared.map(\.name))
        let existing = try self.store.number(number)
        let isNew = existing == nil && (batch.mode == .add || batch.mode == .put)
        if existing == nil, !isNew {
            throw reader.fault(
                .notFound, "number", "\(number) is no tenant's", "a number of a tenant")
        }
        let account = try self.account(reader, existing, &batch)
        if let existing, existing.account != account.name {
            throw reader.fault(
                .notUnique, "number", "\(number) is that of tenant \(existing.account)",
                "a number of tenant \(account.name), or of nobody")
        }
        if batch.mode == .remove {
            guard let existing else { return .unchanged }
            try self.store.remove(number)
            batch.before.append(existing)
            batch.changes.append(.numberRemoved(number))
            return .removed
        }
        var next: ProvisionedNumber
        if let existing, batch.mode != .add {
            next = existing
        } else {
            next = try self.fresh(number, account, reader)
        }
        try NumberFields.read(reader, into: &next)
        guard account.services.contains(next.service) else {
            throw reader.fault(
                .conflict, "service",
                "is \(next.service.rawValue), which tenant \(account.name) does not use",
                Service.allCases.filter(account.services.contains).map(\.rawValue)
                    .joined(separator: ", "))
        }
        if next == existing { return .unchanged }
        guard batch.mode != .add || existing == nil else {
            throw reader.fault(
                .notUnique, "number", "\(number) is there with other values",
                "`trunkline number change` to change it")
        }
        try self.keep(next, existing, &batch)
        return existing == nil ? .added : .changed
    }

    private func keep(
        _ number: ProvisionedNumber, _ existing: ProvisionedNumber?, _ batch: inout NumberBatch
    ) throws {
        if existing == nil, batch.total >= self.limits.numbers {
            throw self.limit(
                "number.number", "would be one more than there may be",
                "\(self.limits.numbers) numbers")
        }
        try self.store.put(number)
        batch.total += existing == nil ? 1 : 0
        if let existing { batch.before.append(existing) }
        batch.after.append(number)
        batch.changes.append(.number(number))
    }

    /// The account that the request names, or the number's.
    private func account(
        _ reader: FieldReader, _ existing: ProvisionedNumber?, _ batch: inout NumberBatch
    ) throws -> Account {
        let name = try reader.text("tenant") ?? (batch.mode == .add ? nil : existing?.account)
        if let name, let account = batch.accounts[name] { return account }
        let account =
            try name.flatMap { try self.store.account(named: $0) }
            ?? self.account(reader, "tenant")
        batch.accounts[account.name] = account
        return account
    }

    /// A number as it is where nothing is said of it.
    private func fresh(
        _ number: E164, _ account: Account, _ reader: FieldReader
    ) throws -> ProvisionedNumber {
        if let service = account.services.first, account.services.count == 1 {
            return ProvisionedNumber(number, account: account.name, service: service)
        }
        // Its value is read again with the others.
        guard let service = Service(rawValue: try reader.text("service") ?? "") else {
            throw reader.fault(
                .required, "service",
                "is missing or not known, and tenant \(account.name) has not just one",
                Words.list(Service.self))
        }
        return ProvisionedNumber(number, account: account.name, service: service)
    }
}

/// A request on the way.
private struct NumberBatch {
    let mode: PutMode
    var count = 0
    /// Numbers of the deployment.
    var total: Int
    var accounts: [String: Account] = [:]
    var answer = BatchAnswer("numbers", key: "number")
    var before: [ProvisionedNumber] = []
    var after: [ProvisionedNumber] = []
    var changes: [DirectoryChange] = []

    init(mode: PutMode, total: Int) {
        self.mode = mode
        self.total = total
    }
}
