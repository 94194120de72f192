// SPDX-License-Identifier: Apache-2.0

import Admission
import Management
import Provisioning
import Store
import Tenancy

/// What is counted for the plans of migrations that run, between two looks of the store at it: a
/// kill of the process loses the calls of the last seconds from a gate's figures, and no call.
struct MigrationWatch {
    /// A plan that runs.
    private struct Watched {
        let service: Service
        let since: UInt64
        let membership: MigrationMembership
        var figures: MigrationFigures
    }

    private var plans: [String: Watched] = [:]
    /// Which trunk is one of a service.
    private var trunks: [TrunkName: (service: Service, set: TrunkSet)] = [:]
    /// Since when OPTIONS are answered both ways, milliseconds since 1970, by trunk.
    private(set) var healthySince: [String: UInt64] = [:]
    /// What gates have against plans.
    private var stops: [String] = []
    /// Plans that the store has and cannot read.
    private var unreadable: Set<String> = []

    /// Media that began later than this after the answer is no fault of the way: calls that were
    /// shorter are not judged by it.
    private static let judgedMilliseconds: UInt64 = 3_000

    /// Some plan runs.
    var isOn: Bool { !self.plans.isEmpty }

    /// The figures of the plans that run.
    var figures: [String: (since: UInt64, figures: MigrationFigures)] {
        self.plans.mapValues { ($0.since, $0.figures) }
    }

    /// The trunks to services from now on.
    mutating func follow(_ trunks: [CarrierTrunk]) {
        self.trunks = [:]
        for trunk in trunks { self.trunks[TrunkName(trunk.name)] = (trunk.service, trunk.set) }
        self.healthySince = self.healthySince.filter { name, _ in
            self.trunks[TrunkName(name)] != nil
        }
    }

    /// A plan as the store has it.
    mutating func add(_ migration: StoredMigration) {
        let membership = migration.plan.runs ? migration.plan.membership : nil
        self.watch(migration.plan, membership, migration.figures)
    }

    /// Plans that cannot be read.
    mutating func add(unreadable names: [String]) { self.unreadable.formUnion(names) }

    /// What people have to know.
    var conditions: [String] {
        self.stops
            + self.unreadable.sorted().map {
                "migration \($0) cannot be read: trunkline migration remove \($0)"
            }
    }

    /// What the store committed of a plan.
    mutating func follow(_ change: PlanChange) {
        switch change {
        case .put(let plan, let membership, let actions):
            var figures = self.plans[plan.name]?.figures ?? plan.emptyFigures
            for action in actions { figures.apply(action) }
            self.watch(plan, membership, figures)
        case .removed(let name):
            self.plans[name] = nil
            self.unreadable.remove(name)
        }
    }

    /// Whoever has no membership does not run.
    private mutating func watch(
        _ plan: MigrationPlan, _ membership: MigrationMembership?, _ figures: MigrationFigures
    ) {
        self.plans[plan.name] = membership.map {
            Watched(
                service: plan.service, since: plan.since, membership: $0, figures: figures)
        }
        if self.plans.isEmpty { self.stops = [] }
    }

    /// What the last look at the gates found.
    mutating func heard(_ answer: ControlAnswer) {
        guard case .success(let value) = answer else { return }
        self.stops = (value["conditions"]?.array ?? []).compactMap(\.string)
    }

    /// A call of a tenant is over.
    mutating func observe(_ call: EndedCall) {
        let direction = self.trunks[call.to] == nil ? CallDirection.fromService : .toService
        guard let trunk = self.trunks[call.to] ?? self.trunks[call.from] else { return }
        for (name, plan) in self.plans
        where plan.service == trunk.service && plan.membership.has(account: call.account) {
            let tells = call.talkMilliseconds >= Self.judgedMilliseconds
            self.plans[name]?.figures.observe(
                MigrationCall(
                    direction: direction, set: trunk.set,
                    cohort: plan.membership.cohort(of: call.number, account: call.account),
                    isAnswered: call.isAnswered, isOneWay: tells ? call.hasOneSide : nil,
                    setupMilliseconds: call.setupMilliseconds, time: call.startedAt))
        }
    }

    /// Whether OPTIONS of a trunk are answered both ways at the moment.
    mutating func note(_ trunk: String, isHealthy: Bool, now: UInt64) {
        self.healthySince[trunk] = isHealthy ? self.healthySince[trunk] ?? now : nil
    }
}

/// A call of a tenant that is over, as far as migrations look at it.
struct EndedCall {
    let account: String
    /// The tenant's number in it; nil: not known, or of nobody.
    let number: E164?
    let from: TrunkName
    let to: TrunkName
    let startedAt: UInt64
    let isAnswered: Bool
    /// From the answer to the end.
    let talkMilliseconds: UInt64
    /// Media came from one party and none from the other; nil: none came, or nobody counted it.
    let hasOneSide: Bool?
    /// From the INVITE to the first 18x, or to the answer.
    let setupMilliseconds: UInt32?
}
