// SPDX-License-Identifier: Apache-2.0

import Configuration
import Management
import NetworkAddress
import SIPLocation
import TLS
import Tenancy
import Trace

/// One thing that a tenant of a service needs, and whether it is there.
struct TenantCheck: Equatable {
    enum Outcome: String {
        case ok, warning, failed
    }

    /// What was looked at.
    let subject: String
    var outcome: Outcome
    /// What was found.
    let text: String
    /// How to mend it; nil: nothing is to be done.
    var fix: String?

    init(_ subject: String, _ outcome: Outcome, _ text: String, fix: String? = nil) {
        self.subject = subject
        self.outcome = outcome
        self.text = text
        self.fix = fix
    }

    var json: JSONValue {
        [
            "check": JSONValue(self.subject), "outcome": .string(self.outcome.rawValue),
            "text": JSONValue(self.text), "fix": self.fix.map { JSONValue($0) } ?? .null,
        ]
    }
}

/// The name of a tenant at one trunk, and the same label at the others.
struct DerivedName {
    let label: String
    /// The trunk whose name stands behind the label.
    let trunk: CarrierTrunk

    /// Reads `label.trunk-name`; nil where no trunk has that name.
    init?(_ domain: String, among trunks: [CarrierTrunk]) {
        let parts = domain.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2,
            let trunk = trunks.first(where: { Fields.isSame($0.fqdn, String(parts[1])) })
        else { return nil }
        self.label = String(parts[0])
        self.trunk = trunk
    }

    func name(at trunk: CarrierTrunk) -> String { "\(self.label).\(trunk.fqdn)" }
}

extension TenantCheck {
    /// The form of the label, the lengths, and whose label it is; `owner` is the tenant that has
    /// it.
    static func names(
        _ name: DerivedName, _ trunks: [CarrierTrunk], tenant: String, owner: String?
    ) -> [TenantCheck] {
        var checks: [TenantCheck] = []
        var account = Account(name: tenant)
        account.label = name.label
        account.services = [name.trunk.service]
        if let fault = account.fault() {
            checks.append(
                TenantCheck(
                    "label", .failed, "\(name.label): \(fault.field) \(fault.problem)",
                    fix: fault.allowed))
        } else if let owner, owner != tenant {
            checks.append(
                TenantCheck(
                    "label", .failed, "\(name.label) is that of tenant \(owner)",
                    fix: "a label that no other tenant has"))
        } else {
            checks.append(TenantCheck("label", .ok, "\(name.label) is free, or this tenant's"))
        }
        for trunk in trunks {
            let derived = name.name(at: trunk)
            let fault = Fields.derivedFQDN.fault(derived)
            checks.append(
                TenantCheck(
                    "name at \(trunk.name)", fault == nil ? .ok : .failed,
                    "\(derived) " + (fault?.problem ?? "has \(derived.utf8.count) characters"),
                    fix: fault?.allowed))
        }
        return checks
    }

    /// What the service is shown at a trunk, for a tenant's name there; `now` in seconds since
    /// 1970.
    static func certificates(
        _ shown: [TLSAgent.Showing], _ name: String, at trunk: CarrierTrunk, now: Int64
    ) -> [TenantCheck] {
        guard !shown.isEmpty else {
            return [
                TenantCheck(
                    "certificate at \(trunk.name)", .failed, "the trunk has no TLS",
                    fix: "give it a listener with transport tls, and trust")
            ]
        }
        return shown.map { self.certificate($0, name, at: trunk, now: now) }
    }

    private static func certificate(
        _ shown: TLSAgent.Showing, _ name: String, at trunk: CarrierTrunk, now: Int64
    ) -> TenantCheck {
        let subject = "certificate of \(shown.use)"
        let named = shown.identities.first { NameRule.rfc2818.matches($0.names, name) }
        guard let identity = named else {
            let names = shown.identities.map(\.names.description).joined(separator: "; ")
            return TenantCheck(
                subject, .failed, "\(name) is not among its names: \(names)",
                fix: "add DNS:*.\(trunk.fqdn) to subjectAltName (trunkline cert plan)")
        }
        let faults = identity.chain.teamsFaults(now: now)
        guard faults.isEmpty else {
            return TenantCheck(
                subject, .failed, faults.joined(separator: "; "),
                fix: "put a certificate into its place that trunkline cert show calls usable")
        }
        let days = identity.facts.days(at: now)
        let isLate = days <= TLSAgent.warningDays[0]
        return TenantCheck(
            subject, isLate ? .warning : .ok,
            "has \(name), \(identity.facts.keyText), ends in \(days) days",
            fix: isLate ? "renew it" : nil)
    }

    /// What the DNS says of a tenant's name, where the trunk listens at this address.
    static func location(
        _ name: String, _ answer: DNSAnswer, at address: IPAddress
    ) -> TenantCheck {
        let subject = "DNS of \(name)"
        let type = address.isIPv4 ? "A" : "AAAA"
        let fix = "publish an \(type) record of \(name) with the address that leads to \(address)"
        switch answer {
        case .records(let records):
            let addresses = records.compactMap { record -> IPAddress? in
                if case .address(let address) = record.data { address } else { nil }
            }
            let text = addresses.map(\.description).joined(separator: ", ")
            guard !addresses.isEmpty else {
                return TenantCheck(subject, .failed, "has no address", fix: fix)
            }
            guard addresses.contains(address) else {
                return TenantCheck(
                    subject, .warning, "leads to \(text), and the listener is \(address)",
                    fix: "\(fix), unless an address translation stands between")
            }
            return TenantCheck(subject, .ok, "leads to \(text)")
        case .nothing: return TenantCheck(subject, .failed, "has no \(type) record", fix: fix)
        case .failed(let failure):
            return TenantCheck(
                subject, .failed, "\(failure)", fix: "see whether dns.servers can be reached")
        }
    }
}
