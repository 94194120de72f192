// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import Management
import Provisioning
import Store
import Tenancy
import Testing

@testable import Node

/// What a node counts for migrations, and what becomes of their decisions in it.
@Suite struct MigrationNodeTests {
    private static let number = E164("+12025550100".utf8)

    private func plan(_ cohorts: [MigrationCohort]? = nil) throws -> MigrationPlan {
        let number = try #require(Self.number)
        return try MigrationPlan(
            name: "m", accounts: ["acme"], cohorts: cohorts ?? [.numbers([number])])
    }

    /// Counts for a plan that runs.
    private func watch(_ plan: MigrationPlan) throws -> MigrationWatch {
        var watch = MigrationWatch()
        watch.follow(
            [("plain", TrunkSet.plain, UInt16(5061)), ("bypass", .bypass, 5064)].map {
                CarrierTrunk(
                    name: $0.0, service: .teamsDirectRouting, set: $0.1, region: 1,
                    fqdn: "\($0.0).example.com", port: $0.2, realm: "cloud", address: "192.0.2.1")
            })
        var running = plan
        _ = try running.handle(.start, by: "test", at: 1, in: Trunks())
        watch.add(StoredMigration(plan: running, figures: running.emptyFigures))
        return watch
    }

    /// Accounts and trunks that fit any plan.
    private struct Trunks: MigrationDirectory {
        func account(_ name: String) -> Account? {
            var account = Account(name: name)
            account.services = [.teamsDirectRouting]
            account.label = name
            return account
        }
        func number(_ number: E164) -> ProvisionedNumber? {
            ProvisionedNumber(number, account: "acme", service: .teamsDirectRouting)
        }
        func forEachNumber(of account: String, _ body: (ProvisionedNumber) -> Void) {}
        func carrierTrunks() -> [CarrierTrunk] {
            [("plain", TrunkSet.plain, UInt16(5061)), ("bypass", .bypass, 5064)].map {
                CarrierTrunk(
                    name: $0.0, service: .teamsDirectRouting, set: $0.1, region: 1,
                    fqdn: "\($0.0).example.com", port: $0.2, realm: "cloud", address: "192.0.2.1")
            }
        }
        func state(ofTrunk name: String) -> TrunkState? { .active }
        func usage(of set: TrunkSet, service: Service) -> TrunkSetUsage {
            TrunkSetUsage(accounts: 1, numbers: 0)
        }
    }

    private func call(
        from: String = "carrier", to: String = "bypass", account: String = "acme",
        number: E164? = Self.number, talk: UInt64 = 3_000, oneSide: Bool? = false
    ) -> EndedCall {
        EndedCall(
            account: account, number: number, from: TrunkName(from), to: TrunkName(to),
            startedAt: 1000, isAnswered: talk > 0, talkMilliseconds: talk, hasOneSide: oneSide,
            setupMilliseconds: 200)
    }

    @Test func eachCallIsCountedWhereItsTrunkSaysTo() throws {
        var watch = try self.watch(try self.plan())
        watch.observe(self.call())
        watch.observe(self.call(from: "bypass", to: "carrier", oneSide: true))
        watch.observe(self.call(from: "bypass", to: "carrier", talk: 2_999, oneSide: true))
        watch.observe(self.call(to: "plain", talk: 0))
        // Of another tenant, of no service, of a number in no cohort, of an unknown number.
        watch.observe(self.call(account: "beta"))
        watch.observe(self.call(to: "carrier"))
        watch.observe(self.call(number: E164("+12025550199".utf8)))
        watch.observe(self.call(number: nil))
        let figures = try #require(watch.figures["m"]?.figures)
        #expect(figures.cohorts[0].toService.calls == 1)
        #expect(figures.cohorts[0].fromService.calls == 2)
        #expect(figures.cohorts[0].fromService.oneWay == 1)
        #expect(figures.cohorts[0].fromService.judged == 1, "2.999 s are too short to tell")
        #expect(figures.baseline.toService.calls == 1)
        #expect(figures.baseline.toService.answered == 0)
        #expect(figures.unassigned == 2)
    }

    @Test func aCallWhoseNumberIsNotKnownIsOfItsTenant() throws {
        var watch = try self.watch(try self.plan([.accounts(["acme"])]))
        watch.observe(self.call(number: nil))
        #expect(watch.figures["m"]?.figures.cohorts[0].toService.calls == 1)
    }

    @Test func onlyPlansThatRunAreWatched() throws {
        var plan = try self.plan()
        var watch = try self.watch(plan)
        #expect(watch.isOn)
        watch.observe(self.call())
        let actions = try plan.handle(.start, by: "test", at: 1, in: Trunks())
        watch.follow(.put(plan, plan.membership, []))
        #expect(watch.figures["m"]?.figures.cohorts[0].toService.calls == 1)
        watch.follow(.put(plan, plan.membership, actions))
        #expect(watch.figures["m"]?.figures == plan.emptyFigures, "its start begins anew")
        watch.heard(.success(["conditions": ["a"]]))
        #expect(watch.conditions == ["a"])
        _ = try plan.handle(.backOut(to: nil), by: "test", at: 2, in: Trunks())
        watch.follow(.put(plan, nil, []))
        #expect(!watch.isOn && watch.conditions == [])
        watch.follow(.removed("m"))
        #expect(!watch.isOn)
    }

    @Test func healthLastsFromItsBeginning() throws {
        var watch = try self.watch(try self.plan())
        watch.note("bypass", isHealthy: true, now: 10)
        watch.note("bypass", isHealthy: true, now: 20)
        #expect(watch.healthySince == ["bypass": 10])
        watch.note("bypass", isHealthy: false, now: 30)
        #expect(watch.healthySince == [:])
        watch.note("bypass", isHealthy: true, now: 40)
        watch.follow([])
        #expect(watch.healthySince == [:])
    }

    @Test func statesOfTrunksAreInForceAtOnceAndAfterARestart() throws {
        let directory = try NodeDirectory()
        let service = TrunkName("service")
        func refusal(_ node: NodeFixture) -> AdmissionRefusal? {
            node.shard.core.engine.admission.refusal(from: TrunkName("carrier"), to: service)
        }
        do {
            let node = try NodeFixture(directory: directory)
            #expect(refusal(node) == nil)
            let request: JSONObject = ["name": "service", "state": "draining"]
            #expect(try node.result("trunk-change", request)["state"] == "changed")
            #expect(refusal(node) == .trunkDraining(service))
            let rows = try node.result("trunk-list")["trunks"]?.array ?? []
            #expect(rows.first { $0["trunk"] == "service" }?["state"] == "draining")
        }
        let node = try NodeFixture(directory: directory)
        #expect(refusal(node) == .trunkDraining(service))
        _ = try node.result("trunk-change", ["name": "service", "state": "active"])
        #expect(refusal(node) == nil)
    }

    @Test func plansAreRefusedWithTheFieldAndWatchedWhenTheyRun() throws {
        let node = try NodeFixture()
        _ = try node.result(
            "tenant-add", ["name": "acme", "service": "teams-direct-routing", "label": "acme"])
        let request: JSONObject = ["name": "m", "cohorts": [["tenants": ["acme"]]]]
        #expect(try node.result("migration-plan", request)["state"] == "planned")
        guard case .failure(let error) = node.ask("migration-start", ["name": "m"]) else {
            Issue.record("it started without trunks")
            return
        }
        #expect(error.details["field"] == "trunk.set")
        #expect(!node.shard.migrations.isOn)
        node.shard.lookAtMigrations()
    }
}
