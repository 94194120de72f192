// SPDX-License-Identifier: Apache-2.0

import Tenancy
import Testing

@testable import Store

/// Plans of migrations and states of trunks.
@Suite struct MigrationStoreTests {
    private func plan(_ name: String = "m") throws -> MigrationPlan {
        try MigrationPlan(name: name, accounts: ["acme"], cohorts: [.accounts(["acme"])])
    }

    @Test func plansAndFiguresComeBack() throws {
        let directory = try StoreDirectory()
        let plan = try self.plan()
        var figures = plan.emptyFigures
        figures.observe(
            MigrationCall(
                direction: .toService, set: .plain, cohort: nil, isAnswered: true, isOneWay: false,
                setupMilliseconds: 70, time: 1))
        do {
            let store = try directory.open()
            try store.change {
                try store.put(StoredMigration(plan: plan, figures: plan.emptyFigures))
                try store.put(
                    StoredMigration(plan: try self.plan("a"), figures: plan.emptyFigures))
                try store.put(figures, ofMigration: "m")
                try store.put(figures, ofMigration: "none")
                try store.put(.draining, ofTrunk: "plain")
                try store.put(.disabled, ofTrunk: "plain")
            }
        }
        let store = try directory.open()
        #expect(try store.migrationNames() == ["a", "m"])
        let found = try #require(try store.migration(named: "m"))
        #expect(found.plan == plan && found.figures == figures)
        #expect(try store.migration(named: "none") == nil)
        #expect(try store.trunkStates() == ["plain": .disabled])
        try store.change { try store.removeMigration(named: "m") }
        #expect(try store.migrationNames() == ["a"])
    }

    @Test func aPlanThatCannotBeReadIsItsOwnDamageAlone() throws {
        let directory = try StoreDirectory()
        let store = try directory.open()
        try store.change {
            try store.put(
                StoredMigration(plan: try self.plan(), figures: try self.plan().emptyFigures))
        }
        let other = try directory.connect()
        try other.run("UPDATE migration_plans SET plan = ?1", .blob([1, 2, 3]))
        do throws(StoreFault) {
            _ = try store.migration(named: "m")
            Issue.record("it was read")
        } catch {
            #expect(error.kind == .unreadable && "\(error)".contains("m cannot be read"))
        }
        #expect(store.fault == nil, "the rest of the store takes changes")
    }

    @Test func usersOfASetAreAccountsAndNumbersThatSayIt() throws {
        let store = try StoreDirectory().open()
        var account = Account(name: "acme")
        account.services = [.teamsDirectRouting, .zoom]
        var other = Account(name: "beta")
        other.services = [.operatorConnect]
        var number = try provisioned("+12025550100", "acme", .teamsDirectRouting)
        number.trunkSet = .plain
        try store.change {
            try store.put(account)
            try store.put(other)
            try store.put(number)
            try store.put(try provisioned("+12025550101"))
        }
        func usage(_ set: TrunkSet, _ service: Service) throws -> TrunkSetUsage {
            try store.usage(of: set, service: service)
        }
        #expect(
            try usage(.plain, .teamsDirectRouting) == TrunkSetUsage(accounts: 1, numbers: 1))
        #expect(try usage(.plain, .zoom) == TrunkSetUsage(accounts: 1, numbers: 0))
        #expect(try usage(.bypass, .teamsDirectRouting).isNone)
        // A word of the list, and not a part of one.
        #expect(try usage(.plain, .acs).isNone)
    }
}
