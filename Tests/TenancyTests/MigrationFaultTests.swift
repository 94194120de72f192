// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Tenancy

/// Plans that are refused, each rule by its name.
struct MigrationFaultTests {
    private func fault(
        name: String = "p", to: TrunkSet = .bypass, accounts: [String] = ["acme"],
        cohorts: [MigrationCohort] = [.accounts(["acme"])],
        gate: MigrationGateSettings = MigrationGateSettings()
    ) -> FieldFault? {
        do throws(FieldFault) {
            _ = try MigrationPlan(
                name: name, to: to, accounts: accounts, cohorts: cohorts, gate: gate)
            return nil
        } catch { return error }
    }

    @Test func aPlanHasANameTwoSetsAccountsAndCohorts() {
        #expect(self.fault() == nil)
        #expect(self.fault(name: "")?.code == .required)
        #expect(self.fault(name: "a b")?.code == .badValue)
        #expect(self.fault(name: String(repeating: "x", count: 64)) == nil)
        #expect(self.fault(name: String(repeating: "x", count: 65))?.code == .tooLong)
        #expect(self.fault(to: .plain)?.field == "migration.to")
        #expect(self.fault(accounts: [])?.code == .required)
        #expect(self.fault(cohorts: [])?.code == .required)
        #expect(self.fault(name: "")?.more == "appliance/docs/migration.md#migration")
    }

    @Test func listsHaveLimits() throws {
        let names = (0...MigrationPlan.accountsMax).map { "a\($0)" }
        #expect(self.fault(accounts: names, cohorts: [.accounts(["a1"])])?.code == .tooLong)
        #expect(self.fault(accounts: names.dropLast(), cohorts: [.accounts(["a1"])]) == nil)
        let cohort = MigrationCohort.share(percent: 1, of: ["acme"])
        let most = MigrationPlan.cohortsMax
        #expect(self.fault(cohorts: Array(repeating: cohort, count: most)) == nil)
        #expect(self.fault(cohorts: Array(repeating: cohort, count: most + 1))?.code == .tooLong)
        let numbers = (0...UInt64(MigrationCohort.numbersMax)).compactMap {
            E164(value: 49_000_000_000 + $0)
        }
        #expect(self.fault(cohorts: [.numbers(numbers)])?.code == .tooLong)
        #expect(self.fault(cohorts: [.numbers(numbers.dropLast())]) == nil)
        #expect(self.fault(cohorts: [.numbers([])])?.code == .required)
    }

    @Test func aNumberIsInOneList() {
        let number = Directory.number(100)
        let twice = [MigrationCohort.numbers([number]), .numbers([Directory.number(99), number])]
        #expect(self.fault(cohorts: twice)?.code == .notUnique)
        #expect(self.fault(cohorts: [.numbers([number, number])]) == nil)
    }

    @Test func percentagesOfAnAccountAreAtMostAllOfIt() {
        func shares(_ percentages: Int...) -> [MigrationCohort] {
            percentages.map { .share(percent: $0, of: ["acme"]) }
        }
        #expect(self.fault(cohorts: shares(40, 60)) == nil)
        #expect(self.fault(cohorts: shares(40, 61))?.code == .conflict)
        #expect(self.fault(cohorts: shares(0))?.code == .badValue)
        #expect(self.fault(cohorts: shares(101))?.code == .badValue)
    }

    @Test func cohortsNameAccountsOfThePlanOnce() {
        #expect(self.fault(cohorts: [.accounts(["beta"])])?.code == .notFound)
        #expect(self.fault(cohorts: [.share(percent: 5, of: ["beta"])])?.code == .notFound)
        #expect(self.fault(cohorts: [.accounts(["acme", "acme"])])?.code == .notUnique)
        #expect(self.fault(cohorts: [.share(percent: 5, of: [])])?.code == .required)
    }

    @Test func gateSettingsHaveRanges() {
        let fields: [(WritableKeyPath<MigrationGateSettings, UInt32>, UInt32, String)] = [
            (\.calls, 1_000_000, "calls"), (\.hours, 720, "hours"),
            (\.answerRateBelow, 10_000, "answer-rate-below"), (\.oneWay, 10_000, "one-way"),
            (\.setupAbove, 10_000, "setup-above"), (\.healthyHours, 720, "healthy-hours"),
            (\.quietDays, 365, "quiet-days"),
        ]
        for (field, most, name) in fields {
            var gate = MigrationGateSettings()
            gate[keyPath: field] = most
            #expect(self.fault(gate: gate) == nil)
            gate[keyPath: field] = most + 1
            #expect(self.fault(gate: gate)?.field == "migration.gate-\(name)")
        }
        var gate = MigrationGateSettings()
        gate.calls = 0
        #expect(self.fault(gate: gate)?.code == .badValue)
        gate.calls = 1
        gate.setupAbove = 19
        #expect(self.fault(gate: gate)?.code == .badValue)
        gate.setupAbove = 20
        #expect(self.fault(gate: gate) == nil)
    }

    @Test func theDataHaveToFit() throws {
        func start(_ change: (inout Directory) -> Void) throws -> FieldFault? {
            var scene = try MigrationScene()
            change(&scene.directory)
            do throws(FieldFault) { try scene.handle(.start) } catch {
                #expect(scene.plan.state == .planned)
                return error
            }
            return nil
        }
        #expect(try start { _ in } == nil)
        #expect(try start { $0.accounts["beta"] = nil }?.code == .notFound)
        #expect(try start { $0.accounts["beta"]?.services = [.zoom] }?.code == .conflict)
        #expect(try start { $0.numbers[Directory.number(100)] = nil }?.code == .notFound)
        #expect(
            try start { $0.numbers[Directory.number(100)]?.account = "x" }?.code == .notFound)
        #expect(
            try start { $0.numbers[Directory.number(100)]?.service = .zoom }?.code == .notFound)
        #expect(try start { $0.trunks.removeAll { $0.set == .plain } }?.code == .notFound)
        #expect(try start { $0.trunks.removeAll { $0.name == "2b1" } }?.field == "trunk.set")
        #expect(try start { $0.trunks[1].realm = "other" }?.field == "trunk.realm")
        #expect(try start { $0.trunks[1].port = 5063 }?.field == "trunk.port")
        #expect(try start { $0.isBroken = true } == Directory.broken)
    }

    @Test func noTwoPlansRunOverOneAccount() throws {
        var scene = try MigrationScene()
        let other = try MigrationPlan(
            name: "q", accounts: ["beta"], cohorts: [.accounts(["beta"])])
        #expect(other.fault(beside: [scene.plan]) == nil)
        try scene.handle(.start)
        #expect(other.fault(beside: [scene.plan])?.code == .inUse)
        #expect(scene.plan.fault(beside: [scene.plan]) == nil)
        try scene.handle(.backOut(to: nil))
        #expect(other.fault(beside: [scene.plan]) == nil)
    }

    @Test func moreThanAMillionNumbersMoveWithTheirAccounts() throws {
        /// An account with as many numbers as one likes, none of which is stored.
        struct Large: MigrationDirectory {
            var count: UInt64
            let usual = Directory.usual()
            func account(_ name: String) throws(FieldFault) -> Account? {
                try self.usual.account(name)
            }
            func number(_ number: E164) throws(FieldFault) -> ProvisionedNumber? { nil }
            func forEachNumber(
                of account: String, _ body: (ProvisionedNumber) -> Void
            ) throws(FieldFault) {
                for value in 0..<self.count {
                    guard let number = E164(value: 49_000_000_000 + value) else { continue }
                    body(ProvisionedNumber(number, account: account, service: .teamsDirectRouting))
                }
            }
            func carrierTrunks() throws(FieldFault) -> [CarrierTrunk] { self.usual.trunks }
            func state(ofTrunk name: String) throws(FieldFault) -> TrunkState? { .active }
            func usage(
                of set: TrunkSet, service: Service
            ) throws(FieldFault) -> TrunkSetUsage { TrunkSetUsage(accounts: 0, numbers: 0) }
        }
        var plan = try MigrationPlan(
            name: "p", accounts: ["acme"], cohorts: [.share(percent: 100, of: ["acme"])])
        var large = Large(count: UInt64(MigrationPlan.movedMax) + 1)
        _ = try plan.handle(.start, by: "ops", at: 1, in: large)
        func step() throws(FieldFault) -> [MigrationAction] {
            let verdict = MigrationVerdict(plan.position ?? MigrationPosition(.prepare), [])
            return try plan.handle(.step(verdict, force: false), by: "ops", at: 1, in: large)
        }
        while plan.position != MigrationPosition(.pilotOut) { _ = try step() }
        let refused = #expect(throws: FieldFault.self) { try step() }
        #expect(refused?.code == .tooLong)
        #expect(plan.position == MigrationPosition(.pilotOut))
        large.count -= 1
        _ = try step()
        #expect(plan.movedNumbers == MigrationPlan.movedMax)
        // A byte for the distance and one for the set before.
        #expect(plan.encoded().count < 2 * MigrationPlan.movedMax + 1000)
    }
}
