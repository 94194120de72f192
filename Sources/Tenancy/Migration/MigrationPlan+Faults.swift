// SPDX-License-Identifier: Apache-2.0

extension MigrationPlan {
    /// The first fault of the plan by itself; nil: none.
    func fault() -> FieldFault? {
        if let fault = Self.nameField.fault(self.name) { return fault }
        guard self.from != self.to else {
            return FieldFault(
                .conflict, "migration.to", "is the set that the numbers leave",
                "'bypass' from 'plain', or 'plain' from 'bypass'")
        }
        guard !self.accounts.isEmpty else {
            return FieldFault(
                .required, "migration.accounts", "is empty", "the names of one account or more")
        }
        guard self.accounts.count <= Self.accountsMax else {
            return FieldFault(
                .tooLong, "migration.accounts", "names \(self.accounts.count)",
                "at most \(Self.accountsMax); make a second plan")
        }
        guard !self.cohorts.isEmpty else {
            return FieldFault(
                .required, "migration.cohorts", "is empty",
                "one cohort or more, the pilot first: numbers, accounts, or a percentage")
        }
        guard self.cohorts.count <= Self.cohortsMax else {
            return FieldFault(
                .tooLong, "migration.cohorts", "has \(self.cohorts.count)",
                "at most \(Self.cohortsMax)")
        }
        return self.cohortFault() ?? self.gate.fault()
    }

    private func cohortFault() -> FieldFault? {
        var percentages: [String: Int] = [:]
        var listed: [E164: Int] = [:]
        for (position, cohort) in self.cohorts.enumerated() {
            let field = "migration.cohorts"
            switch cohort {
            case .numbers(let numbers):
                guard (1...MigrationCohort.numbersMax).contains(numbers.count) else {
                    return FieldFault(
                        numbers.isEmpty ? .required : .tooLong, field,
                        "has \(numbers.count) numbers in cohort \(position)",
                        "1 to \(MigrationCohort.numbersMax) numbers, or accounts")
                }
                for number in numbers {
                    if let other = listed.updateValue(position, forKey: number) {
                        return FieldFault(
                            .notUnique, field, "has \(number) in cohort \(other) and \(position)",
                            "each number in one list")
                    }
                }
            case .share(let percent, let names):
                guard (1...100).contains(percent) else {
                    return FieldFault(
                        .badValue, field, "has \(percent) % in cohort \(position)", "1 to 100 %")
                }
                for name in names {
                    percentages[name, default: 0] += percent
                    if let sum = percentages[name], sum > 100 {
                        return FieldFault(
                            .conflict, field, "has \(sum) % of account \(name) in all",
                            "at most 100 % of an account: cohorts add up")
                    }
                }
            case .accounts: break
            }
            if let fault = self.accountFault(cohort, position) { return fault }
        }
        return nil
    }

    private func accountFault(_ cohort: MigrationCohort, _ position: Int) -> FieldFault? {
        if case .numbers = cohort { return nil }
        let names = cohort.accounts
        guard !names.isEmpty, Set(names).count == names.count else {
            return FieldFault(
                names.isEmpty ? .required : .notUnique, "migration.cohorts",
                names.isEmpty
                    ? "names no account in cohort \(position)"
                    : "names an account twice in cohort \(position)",
                "each account once")
        }
        guard let stranger = names.first(where: { !self.has(account: $0) }) else { return nil }
        return FieldFault(
            .notFound, "migration.cohorts",
            "names account \(stranger) in cohort \(position), which is not of the plan",
            "accounts of migration.accounts")
    }

    /// The first thing in the provisioned data that keeps the plan from starting; nil: none.
    public func fault(
        in directory: some MigrationDirectory
    ) throws(FieldFault) -> FieldFault? {
        if let fault = self.trunkFault(try directory.carrierTrunks()) { return fault }
        if let fault = try self.stateFault(in: directory) { return fault }
        for name in self.accounts {
            guard let account = try directory.account(name) else {
                return FieldFault(
                    .notFound, "migration.accounts", "names \(name), which does not exist",
                    "names as `trunkline tenant list` shows them")
            }
            guard account.services.contains(self.service) else {
                return FieldFault(
                    .conflict, "migration.accounts",
                    "names \(name), which has no \(self.service.rawValue)",
                    "accounts that have the service")
            }
        }
        for case .numbers(let numbers) in self.cohorts {
            for number in numbers {
                guard let found = try directory.number(number), self.owns(found) else {
                    return FieldFault(
                        .notFound, "migration.cohorts",
                        "lists \(number), which no account of the plan has for the service",
                        "numbers of these accounts")
                }
            }
        }
        return nil
    }

    /// Why the plan may not run beside these: a number would be in two cohorts; nil: it may.
    public func fault(beside plans: [MigrationPlan]) -> FieldFault? {
        for plan in plans where plan.name != self.name && plan.service == self.service {
            guard plan.runs,
                let shared = plan.accounts.first(where: self.has)
            else { continue }
            return FieldFault(
                .inUse, "migration.accounts", "names \(shared), which plan \(plan.name) moves",
                "accounts of no other plan that runs, or its back-out first")
        }
        return nil
    }

    /// The number is of an account of the plan, and of its service.
    func owns(_ number: ProvisionedNumber) -> Bool {
        number.service == self.service && self.has(account: number.account)
    }

    /// Section 4, invariants (a) and (b), and that no region is left without a trunk.
    private func trunkFault(_ trunks: [CarrierTrunk]) -> FieldFault? {
        let old = trunks.filter { $0.service == self.service && $0.set == self.from }
        let new = trunks.filter { $0.service == self.service && $0.set == self.to }
        guard !old.isEmpty else { return self.missing(self.from, "any region") }
        for trunk in old where !new.contains(where: { $0.region == trunk.region }) {
            return self.missing(self.to, "region \(trunk.region), where \(trunk.name) stands")
        }
        return CarrierTrunk.fault(among: old + new)
    }

    /// Nobody is moved to trunks that take no new calls.
    func stateFault(in directory: some MigrationDirectory) throws(FieldFault) -> FieldFault? {
        for trunk in try directory.carrierTrunks()
        where trunk.service == self.service && trunk.set == self.to {
            guard let state = try directory.state(ofTrunk: trunk.name), state != .active else {
                continue
            }
            return FieldFault(
                .wrongState, "trunk.state", "of \(trunk.name) is \(state.title)",
                "active: trunkline trunk change \(trunk.name) --state active")
        }
        return nil
    }

    private func missing(_ set: TrunkSet, _ place: String) -> FieldFault {
        FieldFault(
            .notFound, "trunk.set", "\(set.rawValue) has no trunk in \(place)",
            "a trunk of \(self.service.rawValue) and set \(set.rawValue) with a port of its own")
    }
}
