// SPDX-License-Identifier: Apache-2.0

import Management
import Store
import Tenancy
import Testing

@testable import Provisioning

/// A service with numbers that move, and what a node sees.
final class MigrationWorld {
    /// The number of the first cohort.
    static let pilot = "+12025550100"

    /// A node with both sets of trunks, without any call, whose trunks are healthy.
    static var facts: NodeFacts {
        var facts = NodeFacts()
        facts.trunks = [("plain", TrunkSet.plain, UInt16(5061)), ("bypass", .bypass, 5064)].map {
            CarrierTrunk(
                name: $0.0, service: .teamsDirectRouting, set: $0.1, region: 1,
                fqdn: "1\($0.0.prefix(1)).sbc.example.com", port: $0.2, realm: "cloud",
                address: "192.0.2.1")
        }
        facts.trunkNames = ["carrier"] + facts.trunks.map(\.name)
        facts.calls = ["carrier": 1, "plain": 0, "bypass": 1]
        facts.healthySince = ["bypass": 0]
        facts.isCovered = { _, _ in true }
        return facts
    }

    let fixture: ServiceFixture
    var facts = MigrationWorld.facts

    init(limits: ProvisioningService.Limits = .init()) throws {
        self.fixture = try ServiceFixture(limits: limits)
        try self.fixture.ok(
            "number-add",
            [
                "tenant": "acme", "service": "teams-direct-routing",
                "numbers": ["+12025550100-+12025550109"],
            ])
    }

    @discardableResult
    func ok(_ verb: String, _ arguments: JSONObject = [:]) throws -> JSONValue {
        try self.perform(verb, arguments).answer.get()
    }

    func perform(_ verb: String, _ arguments: JSONObject) -> ProvisioningOutcome {
        var arguments = arguments
        if arguments["name"] == nil { arguments["name"] = "m" }
        return self.fixture.service.perform(
            ProvisioningRequest(verb, arguments, user: 1000, node: self.facts))
    }

    func refusal(_ verb: String, _ arguments: JSONObject = [:]) throws -> JSONValue {
        let before = try self.fixture.everything()
        let outcome = self.perform(verb, arguments)
        guard case .failure(let error) = outcome.answer else {
            Issue.record("\(verb) was done")
            return .null
        }
        #expect(outcome.changes.isEmpty && outcome.plans.isEmpty && outcome.trunks.isEmpty)
        #expect(try self.fixture.everything() == before)
        return error.json
    }

    /// The pilot is one number, the second cohort a half of the rest.
    func plan(_ more: JSONObject = [:]) throws {
        var request: JSONObject = [
            "cohorts": [
                ["numbers": [.string(MigrationWorld.pilot)]],
                ["tenants": ["acme"], "percent": 50],
            ]
        ]
        for (name, value) in more.members { request[name] = value }
        try self.ok("migration-plan", request)
    }

    func go(to position: String) throws {
        while try self.position() != position {
            try self.ok("migration-step", ["force": true])
        }
    }

    func position() throws -> String {
        try self.status()["step"]?.string.map { String($0.prefix { $0 != " " }) } ?? ""
    }

    func status() throws -> JSONValue { try self.ok("migration-status") }

    /// What calls go by: the tables, and states of trunks.
    func inForce() throws -> ([DirectoryChange], [String: TrunkState]) {
        let states = try self.fixture.service.trunkStates()
        return (try self.fixture.everything(), states.filter { $0.value != .active })
    }
}
