// SPDX-License-Identifier: Apache-2.0

import Management
import Store
import Tenancy

extension ProvisioningService {
    func showDeployment() throws -> JSONValue {
        guard let deployment = try self.store.deployment() else {
            throw FieldFault(
                .notFound, "deployment.name", "is not said yet",
                "`trunkline deployment change --name NAME` to say it")
        }
        return .object(DeploymentFields.json(deployment))
    }

    func changeDeployment(_ arguments: JSONObject, _ change: inout Change) throws -> JSONValue {
        let reader = try FieldReader(
            arguments, "deployment", known: DeploymentFields.all.map(\.name))
        let existing = try self.store.deployment()
        var deployment = existing ?? Deployment(name: "")
        try DeploymentFields.read(reader, into: &deployment)
        let answer = JSONValue.object(DeploymentFields.json(deployment))
        guard deployment != existing else {
            return ["state": .string(PutState.unchanged.rawValue), "deployment": answer]
        }
        try self.store.put(deployment)
        change.changes = [.deployment(deployment)]
        change.subject = "deployment"
        change.before = existing.map { .object(DeploymentFields.json($0)) }
        change.after = answer
        let state = existing == nil ? PutState.added : .changed
        return ["state": .string(state.rawValue), "deployment": answer]
    }

    /// The newest line first.
    func listAudit(_ arguments: JSONObject) throws -> JSONValue {
        let reader = try FieldReader(arguments, "request", known: ["subject", "before", "limit"])
        let limit = Int(try reader.integer("limit", 1...self.limits.page) ?? 100)
        let lines = try self.store.audit(
            subject: reader.text("subject"), before: reader.integer("before", 1...(.max)),
            limit: limit + 1)
        let page = lines.prefix(limit)
        let objects = page.map { line -> JSONValue in
            [
                "number": JSONValue(line.number), "wall_ms": JSONValue(line.wallMs),
                "user": line.user.map { JSONValue($0) } ?? .null, "verb": .string(line.verb),
                "subject": .string(line.subject), "before": Self.value(line.before),
                "after": Self.value(line.after),
            ]
        }
        return [
            "lines": .array(objects),
            "next": lines.count > limit ? page.last.map { JSONValue($0.number) } ?? .null : .null,
        ]
    }

    private static func value(_ text: String?) -> JSONValue {
        text.flatMap { try? JSONValue(parsing: Array($0.utf8)) } ?? .null
    }
}
