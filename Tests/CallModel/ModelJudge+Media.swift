// SPDX-License-Identifier: Apache-2.0

import CallControl
import FlowABI
import MediaPlanning
import NetworkAddress

// Flows, and what the two legs of a call agreed to.
extension ModelJudge {
    /// After every step: a flow leads to where its party said, and nowhere when the party is gone.
    func judgeStep(_ intents: [CallIdentifier: MediaIntent]) {
        for (_, intent) in intents {
            for leg in [intent.a, intent.b] {
                guard let remote = leg.remote else { continue }
                let port = Int(leg.local.rtp.port)
                let place = "\(remote.address):\(remote.port)"
                if !self.hasNamed(place) {
                    self.fault("flows", "\(port) leads to \(place), which nobody named")
                }
            }
            let ports = [Int(intent.a.local.rtp.port), Int(intent.b.local.rtp.port)]
            let all = self.dialogs.values.filter { ports.contains($0.lastPort) }
            if !all.isEmpty, all.contains(where: \.isConfirmed), all.allSatisfy(\.isEnded) {
                self.fault("flows", "\(ports) are left though all said goodbye")
            }
        }
    }

    /// An offer waits for its answer in some call.
    var isOfferOpen: Bool {
        self.dialogs.values.contains { $0.isConfirmed && !$0.isEnded && $0.offer != nil }
    }

    /// At rest: what stands between the parties.
    func judgeRest(
        _ intents: [CallIdentifier: MediaIntent], _ flows: [UInt16: PlannedFlow],
        deadParties: Set<String>
    ) {
        var served: Set<ObjectIdentifier> = []
        for (id, intent) in intents.sorted(by: { $0.key.value < $1.key.value }) {
            let legs = [intent.a, intent.b].map { leg in
                self.dialogs.values.first {
                    $0.isConfirmed && !$0.isEnded && $0.lastPort == Int(leg.local.rtp.port)
                }
            }
            for case let dialog? in legs { served.insert(ObjectIdentifier(dialog)) }
            guard let a = legs[0], let b = legs[1] else { continue }
            if deadParties.contains(a.party) || deadParties.contains(b.party) { continue }
            self.judgePair(a, b, intent, flows, "call \(id)")
        }
        for (key, dialog) in self.dialogs
        where dialog.isConfirmed && !dialog.isEnded && !deadParties.contains(dialog.party) {
            if !served.contains(ObjectIdentifier(dialog)) {
                self.fault("late", "\(dialog.party) \(key) has neither a flow nor a BYE")
            }
        }
    }

    private func judgePair(
        _ a: Dialog, _ b: Dialog, _ intent: MediaIntent, _ flows: [UInt16: PlannedFlow],
        _ name: String
    ) {
        for dialog in [a, b] where dialog.offer != nil {
            return self.fault("agree", "\(name): an offer of \(dialog.party)'s leg is open")
        }
        guard let one = a.agreed, let other = b.agreed else {
            return self.fault("agree", "\(name): nothing is agreed")
        }
        let directions = [one, other].map { $0.theirs.flow.and($0.ours.flow.reversed) }
        // Who refuses what the box offers keeps what it had; there is to be a codec all the same.
        let isStubborn = a.isStubborn || b.isStubborn
        if directions[0] != directions[1].reversed, !isStubborn {
            self.fault(
                "agree", "\(name): \(a.party) has \(directions[0]), \(b.party) \(directions[1])")
        }
        let codecs = [one, other].map { Set($0.ours.codecs).intersection($0.theirs.codecs) }
        if codecs[0].isDisjoint(with: codecs[1]) || (codecs[0] != codecs[1] && !isStubborn) {
            self.fault("agree", "\(name): \(codecs[0].sorted()) against \(codecs[1].sorted())")
        }
        guard !isStubborn else { return }
        for (place, leg) in [intent.a, intent.b].enumerated() {
            self.judgeFlow(
                flows[leg.local.rtp.port], [one, other][place], directions[place],
                Self.names([other, one][place]), "\(name) \([a, b][place].party)")
        }
    }

    /// What both ends of a leg take, events and all.
    private static func names(
        _ agreed: (ours: ModelDescription, theirs: ModelDescription)
    ) -> Set<String> {
        let (ours, theirs) = (agreed.ours, agreed.theirs)
        return Set(ours.types.compactMap { ours.names[$0] })
            .intersection(theirs.types.compactMap { theirs.names[$0] })
    }

    private func judgeFlow(
        _ flow: PlannedFlow?,
        _ agreed: (ours: ModelDescription, theirs: ModelDescription), _ direction: ModelFlow,
        _ others: Set<String>, _ name: String
    ) {
        guard let flow = flow?.specification else { return self.fault("flows", "\(name): none") }
        let remote = flow.remote.map { "\($0.address):\($0.port)" } ?? "nowhere"
        if remote != "\(agreed.theirs.address):\(agreed.theirs.port)" {
            self.fault("flows", "\(name): leads to \(remote), not to \(agreed.theirs.port)")
        }
        let flags = ModelFlow(flow.flags.contains(.receive), flow.flags.contains(.send))
        if flags != direction { self.fault("flows", "\(name): \(flags), agreed \(direction)") }
        let common = Self.names(agreed).intersection(others)
        let may = agreed.ours.types.filter { common.contains(agreed.ours.names[$0] ?? "") }
        if Set(flow.payloadTypes.map { Int($0.ingress) }) != Set(may) {
            self.fault(
                "flows", "\(name): takes \(flow.payloadTypes.map(\.ingress)), agreed \(may)")
        }
    }
}
