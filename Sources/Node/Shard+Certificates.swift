// SPDX-License-Identifier: Apache-2.0

import CallControl
import Configuration
import Management
import TLS
import Tenancy
import Trace

// The certificates in use, and the names that they have to have, for `trunkline cert`.
extension Shard {
    func addCertificateVerbs() {
        self.management.handle("cert-list") { [unowned self] _ in
            .success(.array(self.certificatesInUse(now: Self.nowSeconds)))
        }
        self.management.handle("cert-plan") { [unowned self] _ in .success(self.namePlan()) }
    }

    private func certificatesInUse(now: Int64) -> [JSONValue] {
        let teams = Set(
            self.file.trunks.filter { $0.tenancy.service == .teamsDirectRouting }.flatMap {
                ["trunk \($0.name)", "listener \(self.file.listeners[$0.listener].name)"]
            })
        return self.tls.identitiesInUse.map { used in
            let chain = used.identity.chain
            var problems = self.tls.problem(of: used.path).map { [$0] } ?? []
            problems +=
                teams.contains(used.use)
                ? chain.teamsFaults(now: now) : chain.dateFaults(now: now)
            let facts = used.identity.facts
            return [
                "use": JSONValue(used.use), "file": JSONValue(used.path),
                "names": JSONValue(chain.names.description), "key": JSONValue(facts.keyText),
                "ends": JSONValue(WallTime.day(s: UInt64(clamping: facts.notAfter))),
                "days_left": .integer(facts.days(at: now)),
                "problems": .array(problems.map { JSONValue($0) }),
            ]
        }
    }

    // MARK: Names

    private func namePlan() -> JSONValue {
        let carriers = self.file.carrierTrunks
        let plan = NamePlan(
            carriers.map {
                NamePlan.Trunk(
                    name: $0.name, host: $0.fqdn, hasTenants: $0.service.hasDerivedTrunks)
            })
        let rows = plan.needs.map { need -> JSONValue in
            let shown = self.tls.identities(shownTo: need.trunk, self.file)
            let missing = shown.filter { shown in
                !shown.identities.contains { NamePlan.covers($0.names, need) }
            }
            return [
                "name": JSONValue(need.name), "trunk": JSONValue(need.trunk),
                "for": .string(need.isForTenants ? "tenants" : "trunk"),
                "state": .string(
                    shown.isEmpty ? "no TLS" : missing.isEmpty ? "covered" : "missing"),
                "missing_in": .array(missing.map { JSONValue($0.use) }),
            ]
        }
        return ["names": .array(rows), "csr": JSONValue(plan.alternativeNames)]
    }
}
