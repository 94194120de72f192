// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Management
import Store
import Tenancy
import Testing
import TestSupport

@testable import Provisioning

/// A service on a store of its own, with two tenants: `acme` (Direct Routing, Zoom) and `bigco`
/// (Operator Connect).
final class ServiceFixture {
    let service: ProvisioningService
    private let directory: TemporaryDirectory
    var path: String { self.directory.path + "/provisioning.db" }

    init(limits: ProvisioningService.Limits = .init()) throws {
        self.directory = try TemporaryDirectory("service", inMemory: true)
        self.service = ProvisioningService(
            store: try SQLiteStore(path: self.directory.path + "/provisioning.db"), limits: limits
        ) { 1_700_000_000_000 }
        try self.ok(
            "tenant-add",
            [
                "name": "acme", "label": "acme", "service": "teams-direct-routing,zoom",
                "teams-tenant": "12345678-1234-4123-8123-123456789abc",
            ])
        try self.ok(
            "tenant-add",
            [
                "name": "bigco", "service": ["operator-connect"],
                "teams-tenant": "22345678-1234-4123-8123-123456789abc",
            ])
    }

    func perform(_ verb: String, _ arguments: JSONObject) -> ProvisioningOutcome {
        self.service.perform(ProvisioningRequest(verb, arguments, user: 1000))
    }

    /// A request that must be done; its answer.
    @discardableResult
    func ok(_ verb: String, _ arguments: JSONObject) throws -> JSONValue {
        try self.perform(verb, arguments).answer.get()
    }

    /// A request that must be refused: nothing changes, and the error says what is wrong where.
    func refusal(_ verb: String, _ arguments: JSONObject) throws -> JSONValue {
        let before = try self.everything()
        let outcome = self.perform(verb, arguments)
        guard case .failure(let error) = outcome.answer else {
            Issue.record("\(verb) was done")
            return .null
        }
        #expect(outcome.changes.isEmpty)
        #expect(try self.everything() == before)
        return error.json
    }

    /// The fields of the only refusal of a batch.
    func rowRefusal(_ verb: String, _ arguments: JSONObject) throws -> JSONValue {
        let answer = try self.ok(verb, arguments)
        #expect(answer["refused"]?.integer == 1)
        let rows = answer["numbers"]?.array ?? answer["tenants"]?.array ?? []
        return try #require(rows.first { $0["state"] == "refused" }?["error"])
    }

    /// All that is stored, without the audit.
    func everything() throws -> [DirectoryChange] {
        var changes: [DirectoryChange] = []
        try self.service.load { changes.append($0) }
        return changes
    }

    func numbers() throws -> [String] {
        try self.everything().compactMap {
            if case .number(let number) = $0 { number.number.description } else { nil }
        }
    }
}

func expectRefusal(
    _ error: JSONValue, _ code: FieldFault.Code, _ field: String,
    _ location: SourceLocation = #_sourceLocation
) {
    #expect(error["code"]?.string == code.rawValue, sourceLocation: location)
    #expect(error["field"]?.string == field, sourceLocation: location)
    for member in ["text", "problem", "allowed", "more"] {
        #expect(error[member]?.string?.isEmpty == false, sourceLocation: location)
    }
}
