// SPDX-License-Identifier: Apache-2.0

import Management
import Store
import Tenancy

// How far trunks take part. What they are is in the configuration; their states are in the store,
// since they change while calls are up, and by migrations.
extension ProvisioningService {
    func listTrunks() throws -> JSONValue {
        let states = try self.store.trunkStates()
        let rows = self.node.trunkNames.map { name -> JSONValue in
            let carrier = self.node.trunks.first { $0.name == name }
            return [
                "trunk": .string(name), "state": .string((states[name] ?? .active).title),
                "calls": JSONValue(self.node.calls?[name] ?? 0),
                "service": JSONValue(carrier?.service.rawValue),
                "set": JSONValue(carrier?.set.rawValue),
                "region": carrier.map { JSONValue($0.region) } ?? .null,
                "host": JSONValue(carrier?.fqdn),
                "port": carrier.map { JSONValue(Int($0.port)) } ?? .null,
                "realm": JSONValue(carrier?.realm),
            ]
        }
        return ["trunks": .array(rows)]
    }

    func changeTrunk(_ arguments: JSONObject, _ change: inout Change) throws -> JSONValue {
        let reader = try FieldReader(arguments, "trunk", known: ["name", "state"])
        let name = try reader.required("name", "a trunk of the configuration")
        guard self.node.trunkNames.contains(name) else {
            throw reader.fault(
                .notFound, "name", "is that of no trunk", "a trunk of `trunkline trunk list`")
        }
        let allowed = TrunkState.allCases.map(\.title).joined(separator: ", ")
        let text = try reader.required("state", allowed)
        guard let state = TrunkState.allCases.first(where: { $0.title == text }) else {
            throw reader.fault(.badValue, "state", "is none of the words", allowed)
        }
        let existing = try self.store.trunkStates()[name] ?? .active
        guard state != existing else {
            return ["state": .string(PutState.unchanged.rawValue), "trunk": .string(name)]
        }
        if state != .active { try self.checkUse(of: name, "state", "would be \(state.title)") }
        try self.store.put(state, ofTrunk: name)
        change.trunks[name] = state
        change.subject = "trunk \(name)"
        change.before = ["state": .string(existing.title)]
        change.after = ["state": .string(state.title)]
        return ["state": .string(PutState.changed.rawValue), "trunk": .string(name)]
    }

    /// A file of the configuration is about to be written: the audit has it. What it may be is for
    /// who writes it to check.
    func noteFile(_ arguments: JSONObject, _ change: inout Change) throws -> JSONValue {
        let reader = try FieldReader(
            arguments, "file", known: ["kind", "name", "before", "after"])
        let kinds = ["trunk", "profile", "certificate"]
        let kind = try reader.required("kind", kinds.joined(separator: ", "))
        guard kinds.contains(kind) else {
            throw reader.fault(
                .badValue, "kind", "is none of the words", kinds.joined(separator: ", "))
        }
        let name = try reader.required("name", Self.fileNameAllowed)
        guard name.utf8.count <= 253, name.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw reader.fault(.badValue, "name", "is no name", Self.fileNameAllowed)
        }
        let (before, after) = (arguments["before"] ?? .null, arguments["after"] ?? .null)
        if kind == "trunk", after == .null {
            try self.checkUse(of: name, "name", "would be gone")
            // One that comes later under this name begins anew.
            if try self.store.trunkStates()[name] ?? .active != .active {
                try self.store.put(.active, ofTrunk: name)
                change.trunks[name] = .active
            }
        }
        let what = before == .null ? "add" : after == .null ? "remove" : "change"
        change.isSilent = true
        change.verb = "\(kind)-\(what)"
        change.subject = "\(kind) \(name)"
        change.before = before == .null ? nil : Self.withoutSecrets(before)
        change.after = after == .null ? nil : Self.withoutSecrets(after)
        return ["kind": .string(kind), "name": .string(name)]
    }

    private static func withoutSecrets(_ value: JSONValue) -> JSONValue {
        guard var object = value.object else { return value }
        if object["password"] != nil { object["password"] = "(not shown)" }
        return .object(object)
    }

    /// Refuses what would leave users of a set of trunks without a trunk for new calls.
    private func checkUse(of name: String, _ field: String, _ problem: String) throws {
        guard let trunk = self.node.trunks.first(where: { $0.name == name }) else { return }
        let states = try self.store.trunkStates()
        let others = self.node.trunks.contains {
            $0.name != name && $0.service == trunk.service && $0.set == trunk.set
                && $0.region == trunk.region && states[$0.name] ?? .active == .active
        }
        let usage = try self.store.usage(of: trunk.set, service: trunk.service)
        guard !others, !usage.isNone else { return }
        throw FieldFault(
            .inUse, "trunk.\(field)",
            "\(problem), and \(usage.accounts) tenants and \(usage.numbers) numbers use set "
                + "\(trunk.set.rawValue), which has no other active trunk in its region",
            "when nobody uses the set (trunkline migration); trunkline drain trunk \(name) is for "
                + "a while")
    }

    /// Why new calls of these services and this set would find no trunk; nil: they would, or this
    /// node has no trunks for them at all.
    func fault(of set: TrunkSet, _ services: Set<Service>) throws -> FieldFault? {
        let states = try self.store.trunkStates()
        for service in services {
            let trunks = self.node.trunks.filter { $0.service == service && $0.set == set }
            guard !trunks.isEmpty,
                trunks.allSatisfy({ states[$0.name] ?? .active != .active })
            else { continue }
            return FieldFault(
                .conflict, "account.trunk-set",
                "is \(set.rawValue), whose trunks (\(trunks[0].name)) take no new calls",
                "the other set, or trunkline trunk change \(trunks[0].name) --state active first")
        }
        return nil
    }

    private static let fileNameAllowed = "1 to 253 characters without spaces"
}
