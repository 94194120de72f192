// SPDX-License-Identifier: Apache-2.0

@testable import Tenancy

/// Provisioned data in memory, and what a store does with actions.
struct Directory: MigrationDirectory, Equatable {
    var accounts: [String: Account] = [:]
    var numbers: [E164: ProvisionedNumber] = [:]
    var trunks: [CarrierTrunk] = []
    var states: [String: TrunkState] = [:]
    /// It cannot be read.
    var isBroken = false

    static let broken = FieldFault(.wrongState, "store.state", "is locked", "waiting")

    func account(_ name: String) throws(FieldFault) -> Account? {
        if self.isBroken { throw Self.broken }
        return self.accounts[name]
    }

    func number(_ number: E164) throws(FieldFault) -> ProvisionedNumber? { self.numbers[number] }

    func forEachNumber(
        of account: String, _ body: (ProvisionedNumber) -> Void
    ) throws(FieldFault) {
        for number in self.numbers.values where number.account == account { body(number) }
    }

    func carrierTrunks() throws(FieldFault) -> [CarrierTrunk] { self.trunks }

    func state(ofTrunk name: String) throws(FieldFault) -> TrunkState? { self.states[name] }

    func usage(of set: TrunkSet, service: Service) throws(FieldFault) -> TrunkSetUsage {
        TrunkSetUsage(
            accounts: self.accounts.values.count {
                $0.services.contains(service) && $0.activeSet == set
            },
            numbers: self.numbers.values.count { $0.service == service && $0.trunkSet == set })
    }

    mutating func apply(_ actions: [MigrationAction]) {
        for action in actions {
            switch action {
            case .setTrunk(let name, let state): self.states[name] = state
            case .setOverrides(let numbers, let set):
                for number in numbers { self.numbers[number]?.trunkSet = set }
            case .setActiveSet(let set, let account): self.accounts[account]?.activeSet = set
            case .resetFigures, .resetCohorts, .audit: break
            }
        }
    }

    /// The set that calls to a number use (provisioning model, section 2).
    func set(of number: E164) -> TrunkSet? {
        self.numbers[number].flatMap { found in
            found.trunkSet ?? self.accounts[found.account]?.activeSet
        }
    }

    mutating func add(_ name: String, numbers: Range<UInt64>) {
        var account = Account(name: name)
        account.services = [.teamsDirectRouting]
        account.label = name
        self.accounts[name] = account
        for value in numbers {
            guard let number = E164(value: value) else { continue }
            self.numbers[number] = ProvisionedNumber(
                number, account: name, service: .teamsDirectRouting)
        }
    }

    /// Accounts `acme` and `beta` with 100 numbers each, some with a set of their own, two regions;
    /// with `neighbour` an account that no plan moves.
    static func usual(neighbour: Bool = false) -> Directory {
        var directory = Directory()
        directory.add("acme", numbers: 12_025_550_100..<12_025_550_200)
        directory.add("beta", numbers: 12_025_550_200..<12_025_550_300)
        if neighbour { directory.add("other", numbers: 12_025_550_300..<12_025_550_310) }
        directory.numbers[Self.number(101)]?.trunkSet = .plain
        directory.numbers[Self.number(102)]?.trunkSet = .bypass
        directory.numbers[Self.number(150)]?.trunkSet = .plain
        directory.numbers[Self.number(160)]?.trunkSet = .bypass
        for region in 1...2 {
            let port: UInt16 = 5063
            directory.trunks.append(
                FieldTests.trunk("\(region)r1", .plain, port: port, region: region))
            directory.trunks.append(
                FieldTests.trunk("\(region)b1", .bypass, port: port + 1, region: region))
        }
        for trunk in directory.trunks { directory.states[trunk.name] = .active }
        return directory
    }

    /// `+12025550xyz`
    static func number(_ last: UInt64) -> E164 {
        guard let number = E164(value: 12_025_550_000 + last) else {
            preconditionFailure("no number")
        }
        return number
    }
}

/// A plan, its data and its figures, with a clock.
struct MigrationScene {
    var directory: Directory
    var plan: MigrationPlan
    var figures: MigrationFigures
    var now: UInt64 = 1_800_000_000_000
    var actions: [MigrationAction] = []

    /// A pilot of five numbers, of which one is plain and one bypass by itself; a third of acme and
    /// another third; then beta as a whole.
    static let cohorts: [MigrationCohort] = [
        .numbers((100...104).map(Directory.number)),
        .share(percent: 33, of: ["acme"]),
        .share(percent: 33, of: ["acme"]),
        .accounts(["beta"]),
    ]

    init(
        _ directory: Directory = .usual(), cohorts: [MigrationCohort] = Self.cohorts,
        gate: MigrationGateSettings = MigrationGateSettings()
    ) throws {
        self.directory = directory
        self.plan = try MigrationPlan(
            name: "bypass-1", accounts: ["acme", "beta"], cohorts: cohorts, gate: gate)
        self.figures = self.plan.emptyFigures
    }

    mutating func handle(_ event: MigrationEvent, by who: String = "ops") throws(FieldFault) {
        self.now += 1000
        self.actions = try self.plan.handle(event, by: who, at: self.now, in: self.directory)
        self.directory.apply(self.actions)
        for action in self.actions { self.figures.apply(action) }
    }

    /// A verdict of the plan's position with an outcome of one's choice.
    func verdict(_ outcome: MigrationVerdict.Outcome) -> MigrationVerdict {
        MigrationVerdict(
            self.plan.position ?? MigrationPosition(.prepare),
            [MigrationFinding(.calls, .toService, value: "7", limit: "at least 200", outcome)])
    }

    mutating func step() throws(FieldFault) {
        try self.handle(.step(self.verdict(.passed), force: false))
    }

    /// On to a position.
    mutating func go(to position: MigrationPosition) throws(FieldFault) {
        if self.plan.position == nil { try self.handle(.start) }
        while self.plan.position != position { try self.step() }
    }

    /// The texts of the audit lines of the last event.
    var audited: [MigrationHistoryEntry] {
        self.actions.compactMap { if case .audit(let entry) = $0 { entry } else { nil } }
    }
}
