// SPDX-License-Identifier: Apache-2.0

import Management
import Store
import Tenancy

// What the gates of migrations look at: figures of calls, what the node sees, and what people say.
extension ProvisioningService {
    /// What people say that no node can see.
    enum Confirmation: String, CaseIterable {
        /// The firewall lets clients' media in.
        case firewall
        /// The names are verified in the accounts' tenants.
        case verified
        /// And activated there.
        case activated
    }

    func confirmed(_ reader: FieldReader) throws -> Set<Confirmation> {
        Set(try reader.words("confirm") ?? [])
    }

    func verdict(
        _ plan: MigrationPlan, _ figures: MigrationFigures, _ confirmed: Set<Confirmation>,
        _ directory: StoreDirectory
    ) throws -> MigrationVerdict? {
        guard let position = plan.position else { return nil }
        let now = UInt64(clamping: self.wallMs())
        let trunks = self.node.trunks.filter { $0.service == plan.service }
        let new = trunks.filter { $0.set == plan.to }
        var facts = MigrationFacts(now: now)
        if position.step == .prepare { facts.uncoveredNames = try self.uncovered(plan, new) }
        facts.isFirewallOpen = confirmed.contains(.firewall)
        if confirmed.contains(.verified) { facts.unverified = [] }
        if confirmed.contains(.activated) { facts.unactivated = [] }
        for trunk in new {
            // One that is not healthy has been so for no time at all.
            let since = self.node.healthySince[trunk.name]
            let hours = since.map { UInt32(clamping: (now - min($0, now)) / 3_600_000) }
            if let hours { facts.healthyHours[trunk.name] = hours }
        }
        // The worst counts, and of a trunk that is not answered nothing is known.
        if facts.healthyHours.count < new.count { facts.healthyHours = [:] }
        facts.callsInProgress = self.node.calls.map { calls in
            trunks.filter { $0.set == plan.from }.reduce(0) { $0 + (calls[$1.name] ?? 0) }
        }
        return MigrationGate.verdict(on: plan, figures, facts)
    }

    /// Names of the new trunks, and of the accounts at them, that no certificate covers.
    private func uncovered(_ plan: MigrationPlan, _ new: [CarrierTrunk]) throws -> [String]? {
        guard let isCovered = self.node.isCovered else { return nil }
        var names: [String] = []
        for trunk in new where !isCovered(trunk.fqdn, trunk.name) { names.append(trunk.fqdn) }
        for name in plan.accounts {
            guard let account = try self.store.account(named: name) else { continue }
            for trunk in new {
                guard let derived = account.derivedFQDN(trunk) else { continue }
                if !isCovered(derived, trunk.name) { names.append(derived) }
            }
        }
        return names
    }
}
