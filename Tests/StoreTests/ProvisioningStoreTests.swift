// SPDX-License-Identifier: Apache-2.0

import Glibc
import Tenancy
import Testing

@testable import Store

/// What is put in comes out, and what must never be cannot be put in.
@Suite struct ProvisioningStoreTests {
    @Test func everyFieldComesBack() throws {
        let directory = try StoreDirectory()
        var deployment = Deployment(name: "carrier-1")
        deployment.baseDomain = "sbc.carrier.example"
        deployment.customHeader = "X-Operator"
        deployment.emergencyRouting = .directToESRP
        deployment.voicemailPilot = try e164("+12025550100")
        var number = try provisioned("+12025550123", "Acme_1", .teamsDirectRouting)
        number.trunkSet = .bypass
        number.customHeader = "cust-1"
        number.emergency = .init(
            civicAddressID: "a1", locationID: "l1", allowsTenantUpdate: true)
        let other = try provisioned("+442079460000", "Acme_1")
        do {
            let store = try directory.open()
            #expect(try store.deployment() == nil)
            try store.change {
                try store.put(deployment)
                try store.put(fullAccount())
                try store.put(number)
                try store.put(other)
            }
        }
        let store = try directory.open()
        #expect(try store.deployment() == deployment)
        #expect(try store.account(named: "Acme_1") == fullAccount())
        #expect(try store.account(named: "acme_1") == nil)
        #expect(try store.account(labelled: "ACME")?.name == "Acme_1")
        #expect(try store.number(number.number) == number)
        #expect(try store.number(other.number) == other)
        #expect(try store.totals() == StoreTotals(accounts: 1, numbers: 2))
        var accounts: [Account] = []
        var numbers: [ProvisionedNumber] = []
        try store.loadAccounts { accounts.append($0) }
        try store.loadNumbers { numbers.append($0) }
        #expect(accounts == [fullAccount()])
        #expect(numbers == [number, other])
    }

    @Test func fileIsItsOwnersAlone() throws {
        let directory = try StoreDirectory()
        let store = try directory.open()
        try store.change { try store.put(Account(name: "acme")) }
        for suffix in ["", "-wal", "-shm", ".lock"] {
            var status = stat()
            #expect(stat(directory.file + suffix, &status) == 0, "\(suffix)")
            #expect(status.st_mode & 0o777 == 0o600, "\(suffix)")
        }
    }

    @Test func commitsAreForcedToTheDisk() throws {
        let store = try StoreDirectory().open()
        let pragmas = try store.connection.all(
            """
            SELECT journal_mode, synchronous, foreign_keys
            FROM pragma_journal_mode, pragma_synchronous, pragma_foreign_keys
            """
        ) { ($0.text(0), $0.integer(1), $0.integer(2)) }
        #expect(pragmas.first?.0 == "wal")
        #expect(pragmas.first?.1 == 2)
        #expect(pragmas.first?.2 == 1)
    }

    @Test func whatIsRolledBackNeverWas() throws {
        let store = try StoreDirectory().open()
        try store.begin()
        try store.put(Account(name: "acme"))
        try store.put(try provisioned("+12025550123"))
        store.rollBack()
        #expect(try store.totals() == StoreTotals(accounts: 0, numbers: 0))
        #expect(try store.number(e164("+12025550123")) == nil)
        // Without a transaction there is nothing to roll back.
        store.rollBack()
        #expect(store.fault == nil)
    }

    // MARK: Invariants, held by constraints where a check were missing

    private func world() throws -> (StoreDirectory, SQLiteStore) {
        let directory = try StoreDirectory()
        let store = try directory.open()
        try store.change {
            var acme = Account(name: "acme")
            acme.label = "acme"
            try store.put(acme)
            try store.put(Account(name: "bigco"))
            for number in 100...104 { try store.put(try provisioned("+12025550\(number)")) }
            try store.put(try provisioned("+12025550200", "bigco", .operatorConnect))
        }
        return (directory, store)
    }

    private func expectConstraint(_ store: SQLiteStore, _ body: () throws -> Void) {
        let fault = #expect(throws: StoreFault.self) { try store.change(body) }
        #expect(fault?.kind == .constraint)
        #expect(store.fault == nil)
    }

    @Test func aNumberHasOneAccount() throws {
        let (_, store) = try self.world()
        try store.change { try store.put(try provisioned("+12025550100", "bigco", .zoom)) }
        #expect(try store.number(e164("+12025550100"))?.account == "bigco")
        #expect(try store.totals().numbers == 6)
    }

    @Test func aNumberHasAnAccountThatIsThere() throws {
        let (_, store) = try self.world()
        self.expectConstraint(store) { try store.put(try provisioned("+12025550300", "nobody")) }
    }

    @Test func anAccountWithNumbersStays() throws {
        let (_, store) = try self.world()
        self.expectConstraint(store) { try store.removeAccount(named: "bigco") }
        try store.change {
            try store.remove(try e164("+12025550200"))
            try store.removeAccount(named: "bigco")
        }
        #expect(try store.account(named: "bigco") == nil)
        #expect(try store.totals() == StoreTotals(accounts: 1, numbers: 5))
    }

    @Test func labelsAreUniqueWithoutRegardToCase() throws {
        let (_, store) = try self.world()
        var other = Account(name: "other")
        other.label = "ACME"
        self.expectConstraint(store) { try store.put(other) }
    }

    @Test func countsFollowTheNumbers() throws {
        let (_, store) = try self.world()
        #expect(try store.numberCounts(of: "acme") == [.zoom: 5])
        #expect(try store.numberCounts(of: "bigco") == [.operatorConnect: 1])
        try store.change {
            try store.put(try provisioned("+12025550100", "acme", .acs))
            try store.put(try provisioned("+12025550101", "bigco", .zoom))
            try store.remove(try e164("+12025550102"))
            try store.remove(try e164("+19999999999"))
        }
        #expect(try store.numberCounts(of: "acme") == [.zoom: 2, .acs: 1])
        #expect(try store.numberCounts(of: "bigco") == [.operatorConnect: 1, .zoom: 1])
        #expect(try store.totals() == StoreTotals(accounts: 2, numbers: 5))
    }

    // MARK: Lists

    @Test func numbersByRangeAndAccount() throws {
        let (_, store) = try self.world()
        let (first, last) = (try e164("+12025550101"), try e164("+12025550200"))
        let all = try store.numbers(in: first...last, of: nil, limit: 100)
        #expect(all.map(\.number.value) == [101, 102, 103, 104, 200].map { 12_025_550_000 + $0 })
        #expect(try store.numbers(in: first...last, of: "acme", limit: 2).count == 2)
        #expect(try store.numbers(in: first...last, of: "bigco", limit: 9).map(\.number) == [last])
        #expect(try store.numbers(in: first...last, of: "nobody", limit: 9).isEmpty)
    }

    @Test func accountsByPrefix() throws {
        let store = try StoreDirectory().open()
        try store.change {
            for name in ["b", "a%", "a_1", "a_2", "A_1"].map({ $0.replacing("%", with: "-") }) {
                try store.put(Account(name: name))
            }
        }
        let names = { (prefix: String, after: String?, limit: Int) in
            try store.accounts(prefix: prefix, after: after, limit: limit).map(\.name)
        }
        #expect(try names("", nil, 100) == ["A_1", "a-", "a_1", "a_2", "b"])
        #expect(try names("a", nil, 2) == ["a-", "a_1"])
        #expect(try names("a", "a_1", 2) == ["a_2"])
        #expect(try names("a_", nil, 100) == ["a_1", "a_2"])
    }

    @Test func auditKeepsTheNewestLines() throws {
        let directory = try StoreDirectory()
        let store = try SQLiteStore(
            path: directory.file, steps: SQLiteSchema.steps, auditLinesMax: 3)
        let user: UInt32 = .max
        for number in 1...5 {
            try store.change {
                try store.append(
                    AuditLine(
                        wallMs: Int64(number), user: number == 5 ? nil : user, verb: "tenant-add",
                        subject: "tenant \(number % 2)", before: nil, after: "{}"))
            }
        }
        let lines = try store.audit(subject: nil, before: nil, limit: 100)
        #expect(lines.map(\.number) == [5, 4, 3])
        #expect(lines.map(\.user) == [nil, user, user])
        #expect(lines.first?.after == "{}" && lines.first?.before == nil)
        #expect(try store.audit(subject: "tenant 1", before: nil, limit: 1).map(\.number) == [5])
        #expect(try store.audit(subject: "tenant 1", before: 5, limit: 9).map(\.number) == [3])
    }

    @Test func tenThousandNumbersAreLoadedInOrder() throws {
        let store = try StoreDirectory().open()
        try store.change {
            for account in 0..<100 { try store.put(Account(name: "tenant-\(account)")) }
            for index in (0..<10_000).reversed() {
                let number = try #require(E164(value: 12_025_000_000 + UInt64(index)))
                try store.put(
                    ProvisionedNumber(number, account: "tenant-\(index / 100)", service: .zoom))
            }
        }
        var next: UInt64 = 12_025_000_000
        var isInOrder = true
        try store.loadNumbers { number in
            isInOrder =
                isInOrder && number.number.value == next
                && number.account == "tenant-\((next - 12_025_000_000) / 100)"
            next += 1
        }
        #expect(isInOrder && next == 12_025_010_000)
        #expect(try store.totals() == StoreTotals(accounts: 100, numbers: 10_000))
    }
}
