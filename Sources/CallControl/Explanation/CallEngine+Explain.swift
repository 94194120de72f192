// SPDX-License-Identifier: Apache-2.0

public import Admission
import NetworkAddress
import Routing
import SIPMessage
import SIPTransaction

extension EngineContext {
    /// Does something as for a call, and takes back what it counted and used up.
    func rehearse<Result>(_ body: () -> Result) -> Result {
        let kept = (
            self.counters, self.returns, self.identifiers, self.admission, self.settings,
            self.actions
        )
        let result = body()
        (
            self.counters, self.returns, self.identifiers, self.admission, self.settings,
            self.actions
        ) = kept
        return result
    }
}

extension CallEngine {
    /// What would become of a call that an INVITE from a trunk asks for. Nothing changes.
    func explain(_ invite: SIPMessage, from origin: TrunkIndex) -> CallExplanation {
        self.context.rehearse {
            let trunk = self.context.configuration.trunks[Int(origin.value)]
            let way = self.way(of: invite, from: origin, at: trunk.peer.remote.address)
            let tenant = way.refusal?.tenant ?? way.tenancy.tenant
            return CallExplanation(
                trunk: trunk.name, number: way.number.bytes, isEmergency: way.kind.isEmergency,
                lookup: trunk.tenancy.lookup, tenant: tenant,
                shownNumber: way.tenancy.shown?.number, header: tenant?.headerLine,
                security: trunk.security, choice: way.tenancy.choice,
                region: self.context.configuration.region, trunks: way.trunks.map(\.name),
                places: way.places.map { self.explain($0, invite, trunk, way.tenancy.shown) },
                refusal: way.refusal.map {
                    CallExplanation.Refusal(
                        status: $0.reply.status, reason: $0.reply.reason?.text, end: $0.end)
                })
        }
    }

    private func explain(
        _ place: CallPlace, _ invite: SIPMessage, _ trunk: TrunkSettings, _ shown: ShownCaller?
    ) -> CallExplanation.Place {
        let hop = place.trunk.peer
        let passage = InvitePassage(
            invite, from: trunk.interworking, to: place.trunk.interworking,
            host: place.listener.host, redirection: place, shown: shown)
        let tag = Array(";tag=".utf8)
        return CallExplanation.Place(
            trunk: place.trunk.name, host: place.trunk.peerHost, hop: hop,
            state: place.trunk.targets.first { $0.isAt(hop) }?.state ?? .up,
            contact: place.listener.hostPort,
            uri: passage.map {
                AddressRewriter.requestURI($0.called, to: place.trunk, $0.calledNumbers)
            } ?? [],
            from: passage.map { $0.from(place.listener, tag: []).dropLast(tag.count) }
                .map(Array.init) ?? [],
            security: place.trunk.security)
    }
}

extension SignallingCore {
    /// What would become of a call from a trunk, the trunk's rules for what arrives applied; nil
    /// where there is no such trunk, or the question makes no INVITE. Nothing changes.
    public func explain(_ question: CallQuestion, from trunk: TrunkName) -> CallExplanation? {
        let configuration = self.engine.context.configuration
        guard let position = configuration.trunks.firstIndex(where: { $0.name == trunk }),
            let index = UInt16(exactly: position)
        else { return nil }
        let settings = configuration.trunks[position]
        guard let listener = configuration.listener(settings.listener)?.named(for: settings),
            var invite = question.invite(from: settings, to: listener)
        else { return nil }
        var rules = self.rules
        let outcome = rules.apply(to: invite, of: trunk, .incoming)
        if case .changed(let changed) = outcome { invite = changed }
        var explanation = self.engine.explain(invite, from: TrunkIndex(index))
        if case .refused = outcome {
            explanation.places = []
            explanation.refusal = CallExplanation.Refusal(
                status: 500, reason: "a rule of trunk \(trunk.text) refuses it", end: .refused)
        }
        return explanation
    }
}
