// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import Configuration
import FlowABI
import Provisioning
import SIPTransport
import TLS
import Tenancy

// What migrations ask of the node: which calls there were, and how the trunks are.
extension Shard {
    /// Between two looks at the gates.
    static let migrationsLookMilliseconds: UInt64 = 10_000

    /// A call is over; its figures are those of its media.
    func observe(
        _ record: CallRecord, _ figures: (a: FlowStatistics?, b: FlowStatistics?)
    ) {
        guard self.migrations.isOn, let tenant = record.tenant else { return }
        let answer = record.offsets.answer
        var hasOneSide: Bool?
        if let a = figures.a?.receivedPackets, let b = figures.b?.receivedPackets, a + b > 0 {
            hasOneSide = (a == 0) != (b == 0)
        }
        self.migrations.observe(
            EndedCall(
                account: String(decoding: tenant.account, as: UTF8.self),
                number: self.core.engine.tenantNumber(of: record), from: record.from,
                to: record.to, startedAt: record.startedAt,
                isAnswered: record.answeredAt != nil,
                talkMilliseconds: answer.map { UInt64((record.offsets.end ?? $0) - $0) } ?? 0,
                hasOneSide: hasOneSide,
                setupMilliseconds: record.offsets.ringing ?? answer))
    }

    /// Looks how the trunks to services are, and has the store look at the gates.
    func lookAtMigrations() {
        self.tellTime()
        let now = self.core.engine.now
        let peers = self.core.engine.peers
        for trunk in self.file.carrierTrunks {
            let name = TrunkName(trunk.name)
            let own = peers.filter { $0.trunk == name }
            let answers = own.allSatisfy {
                $0.health?.state == .up && $0.health?.roundTripMilliseconds != nil
            }
            let heard = self.core.engine.optionsHeard(from: name).map { now &- min($0, now) }
            let asks = heard.map { $0 <= Self.heardSecondsMax * 1000 } ?? false
            // What is drained or not active answers their OPTIONS with 503.
            let isOpen = !self.core.engine.admission.wantsNone(name)
            self.migrations.note(
                trunk.name, isHealthy: isOpen && !own.isEmpty && answers && asks, now: now)
        }
        if self.migrations.isOn, let inbox = self.provisioningInbox {
            self.provisioning.watch(self.nodeFacts(), report: inbox.post)
        }
        self.timers?.start(.migrations, milliseconds: Self.migrationsLookMilliseconds)
    }

    /// What the node sees at the moment, for requests about trunks and migrations.
    func nodeFacts() -> NodeFacts {
        var facts = NodeFacts()
        facts.trunkNames = self.file.trunks.map(\.name)
        facts.trunks = self.file.carrierTrunks
        let admission = self.core.engine.admission
        var calls: [String: Int] = [:]
        for name in facts.trunkNames { calls[name] = admission.calls(of: TrunkName(name)) }
        facts.calls = calls
        facts.healthySince = self.migrations.healthySince
        facts.figures = self.migrations.figures
        let shown = Dictionary(
            facts.trunks.map { trunk in
                let identities = self.tls.identities(shownTo: trunk.name, self.file)
                return (trunk.name, identities.map { $0.identities.map(\.names) })
            }, uniquingKeysWith: { first, _ in first })
        // Each of what a peer is shown has to have the name: as a client, and at the listener.
        facts.isCovered = { name, trunk in
            guard let shown = shown[trunk], !shown.isEmpty else { return false }
            return shown.allSatisfy { identities in
                identities.contains { NameRule.rfc2818.matches($0, name) }
            }
        }
        return facts
    }
}
