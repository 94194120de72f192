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
        change.isSilent = true
        change.subject = "\(kind) \(name)"
        change.before = arguments["before"]
        change.after = arguments["after"]
        return ["kind": .string(kind), "name": .string(name)]
    }

    private static let fileNameAllowed = "1 to 253 characters without spaces"
}
