// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import Configuration
import FlowABI
import Management
import NetworkAddress
import SIPLocation
import Tenancy

// Whether all is there that a tenant of Teams Direct Routing needs, for `trunkline teams`.
extension Shard {
    /// OPTIONS of the service come once a minute; three may be missing.
    static let heardSecondsMax: UInt64 = 180

    func addTenantCheckVerbs() {
        self.management.handle("teams-check", later: { [unowned self] arguments, _, answer in
            self.checkTenant(arguments, answer)
        })
    }

    func closeNameChecks() {
        for check in self.nameChecks.values { check.close() }
        self.nameChecks = [:]
    }

    private func checkTenant(
        _ arguments: JSONObject, _ answer: @escaping (ControlAnswer) -> Void
    ) {
        guard let domain = arguments["domain"]?.string, let tenant = arguments["tenant"]?.string
        else {
            return answer(
                .failure(ControlError(.badArgument, "domain: a name; tenant: its name")))
        }
        let trunks = self.file.carrierTrunks.filter { $0.service.hasDerivedTrunks }
        guard let name = DerivedName(domain, among: trunks) else {
            return answer(.success(Self.answer([Self.noTrunk(domain, trunks)], nil)))
        }
        let owner = self.core.engine.tenants?.account(label: Array(name.label.utf8)[...])
        var checks = [TenantCheck("trunk", .ok, "\(domain) is below trunk \(name.trunk.name)")]
        checks += TenantCheck.names(name, trunks, tenant: tenant, owner: owner?.name)
        for trunk in trunks {
            let found = TenantCheck.certificates(
                self.tls.identities(shownTo: trunk.name, self.file), name.name(at: trunk),
                at: trunk, now: Self.nowSeconds)
            checks += Self.weighed(found, trunk, name)
        }
        self.locate(name, trunks) { [unowned self] located in
            checks += located
            for trunk in trunks { checks += Self.weighed(self.peers(of: trunk), trunk, name) }
            answer(.success(Self.answer(checks, name)))
        }
    }

    /// What other trunks lack keeps nobody from being added at this one.
    private static func weighed(
        _ checks: [TenantCheck], _ trunk: CarrierTrunk, _ name: DerivedName
    ) -> [TenantCheck] {
        checks.map { check in
            var check = check
            if trunk.name != name.trunk.name, check.outcome == .failed { check.outcome = .warning }
            return check
        }
    }

    private static func noTrunk(_ domain: String, _ trunks: [CarrierTrunk]) -> TenantCheck {
        let label = String(domain.prefix { $0 != "." })
        let names = trunks.map { "\(label).\($0.fqdn)" }.joined(separator: ", ")
        return TenantCheck(
            "trunk", .failed, "\(domain) is no name below a trunk to Teams of this node",
            fix: trunks.isEmpty
                ? "add a trunk with profile teams-direct-routing and host (trunkline profile)"
                : "it would be \(names)")
    }

    private static func answer(_ checks: [TenantCheck], _ name: DerivedName?) -> JSONValue {
        [
            "label": name.map { JSONValue($0.label) } ?? .null,
            "failed": JSONValue(checks.count { $0.outcome == .failed }),
            "checks": .array(checks.map(\.json)),
        ]
    }

    // MARK: DNS

    private struct Asked {
        let trunk: CarrierTrunk
        let address: IPAddress
        let question: DNSQuestion
    }

    /// By the node's own resolver.
    private func locate(
        _ name: DerivedName, _ trunks: [CarrierTrunk], _ done: @escaping ([TenantCheck]) -> Void
    ) {
        let asked = trunks.compactMap { trunk -> Asked? in
            guard let address = self.listenerAddress(of: trunk),
                let domain = DomainName(name.name(at: trunk))
            else { return nil }
            return Asked(
                trunk: trunk, address: address,
                question: DNSQuestion(domain, address.isIPv4 ? .a : .aaaa))
        }
        self.counters.nameChecks &+= 1
        let token = self.counters.nameChecks
        let questions = asked.map(\.question)
        let check = NameCheck(questions, loop: self.loop, settings: Self.dns(self.file)) {
            [unowned self] answers in
            self.nameChecks.removeValue(forKey: token)?.close()
            done(
                asked.flatMap { asked -> [TenantCheck] in
                    guard let answer = answers[asked.question] else { return [] }
                    let found = TenantCheck.location(
                        name.name(at: asked.trunk), answer, at: asked.address)
                    return Self.weighed([found], asked.trunk, name)
                })
        }
        guard check.isUsable, !asked.isEmpty, self.nameChecks.count < NameCheck.waitingMax
        else {
            self.counters.nameChecksRefused &+= 1
            check.close()
            return done([
                TenantCheck(
                    "DNS", .failed, "no name can be looked up",
                    fix: "see dns.servers, or try again when other checks are done")
            ])
        }
        self.nameChecks[token] = check
    }

    private func listenerAddress(of trunk: CarrierTrunk) -> IPAddress? {
        self.file.trunks.first { $0.name == trunk.name }.map {
            self.file.listeners[$0.listener].address.address
        }
    }

    // MARK: OPTIONS

    private func peers(of trunk: CarrierTrunk) -> [TenantCheck] {
        let peers = self.core.engine.peers.filter { $0.trunk.text == trunk.name }
        return peers.map(self.sent) + [self.heard(from: trunk)]
    }

    private func sent(to peer: PeerSummary) -> TenantCheck {
        let host = String(decoding: peer.host, as: UTF8.self)
        let subject = "OPTIONS to \(host) of \(peer.trunk.text)"
        let fix = "see trunkline peers, and whether TLS to it is let through"
        guard let health = peer.health else {
            return TenantCheck(subject, .failed, "the name leads nowhere", fix: "see the DNS")
        }
        guard health.state == .up else {
            let failure = health.lastFailure.map { ": \($0.failure)" } ?? ""
            return TenantCheck(subject, .failed, "\(health.state)\(failure)", fix: fix)
        }
        guard let roundTrip = health.roundTripMilliseconds else {
            return TenantCheck(subject, .warning, "none has been answered yet", fix: fix)
        }
        return TenantCheck(subject, .ok, "answered in \(roundTrip) ms")
    }

    private func heard(from trunk: CarrierTrunk) -> TenantCheck {
        let subject = "OPTIONS from the peers of \(trunk.name)"
        let fix = "see whether \(trunk.fqdn) is paired at the service, and its port let through"
        guard let at = self.core.engine.optionsHeard(from: TrunkName(trunk.name)) else {
            return TenantCheck(subject, .warning, "none since the start", fix: fix)
        }
        let seconds = (Clocks.wallMs &- min(at, Clocks.wallMs)) / 1000
        let isLate = seconds > Self.heardSecondsMax
        return TenantCheck(
            subject, isLate ? .warning : .ok, "the last \(seconds) s ago", fix: isLate ? fix : nil)
    }
}
