// SPDX-License-Identifier: Apache-2.0

import Admission
import NetworkAddress
import Routing
import SDP
import Sharing
import SIPTransaction

extension CallEngine {
    /// Takes calls over from before a restart. Established ones go on; those that were being set
    /// up end: 503 to the caller, CANCEL (or ACK and BYE, if a 200 comes) to the callee; one
    /// between 200 and ACK counts as established, its 200 is repeated, and it is ended if no ACK
    /// comes in time.
    ///
    /// The owner has reserved the ports of each checkpoint's media in its allocator before, and
    /// keeps the media itself; the engine gives both back when the call is over. Returns the calls
    /// that were taken over; for others (a listener is not configured any more, or the identifier
    /// is taken) ports are given back, the checkpoint is removed and the record written, and the
    /// owner ends their media.
    @discardableResult
    public func restore(_ checkpoints: [CallCheckpoint]) -> [CallIdentifier] {
        var restored: [CallIdentifier] = []
        for checkpoint in checkpoints {
            guard self.calls[checkpoint.id] == nil, let legs = self.legs(of: checkpoint) else {
                self.ports.release(checkpoint.media.a.local)
                self.ports.release(checkpoint.media.b.local)
                if self.calls[checkpoint.id] == nil {
                    self.context.actions.append(.removeCheckpoint(checkpoint.id))
                    self.context.actions.append(.record(self.record(of: checkpoint)))
                }
                continue
            }
            self.start(checkpoint, legs)
            restored.append(checkpoint.id)
        }
        self.release()
        return restored
    }

    /// What is kept of a call that is not taken over.
    private func record(of checkpoint: CallCheckpoint) -> CallRecord {
        let trunk = self.context.configuration.trunks.first { $0.name == checkpoint.a.trunk }
        let number = CalledNumber(user: checkpoint.users.called)
        return checkpoint.record(
            isEmergency: trunk.map { self.kind(of: number, from: $0).isEmergency } ?? false,
            now: self.context.now, monotonicNow: self.context.monotonicNow)
    }

    private func start(_ checkpoint: CallCheckpoint, _ legs: Call.Legs) {
        let kind = self.kind(of: CalledNumber(user: checkpoint.users.called), from: legs.a.trunk)
        let token = self.context.admission.restore(
            from: checkpoint.a.trunk, to: checkpoint.b.trunk,
            isExempt: self.context.admission.isExempt(kind),
            source: checkpoint.a.hop.remote.address)
        let birth = Call.Birth(
            id: checkpoint.id, token: token, users: checkpoint.users,
            startedAt: checkpoint.startedAt, legs: legs,
            isEmergency: kind.isEmergency, tenant: checkpoint.tenant)
        let call = Call(birth, context: self.context, state: .up(nil))
        call.answeredAt = checkpoint.answeredAt
        call.status = Int(checkpoint.status)
        call.restore(checkpoint.record)
        // The owner has the media of every checkpoint; it has to be told when that is over.
        call.media = checkpoint.media
        call.hasMedia = true
        self.calls[checkpoint.id] = call
        self.context.counters.callsRestored &+= 1
        for side in Side.allCases { call.register(legs[side].localTag, side) }
        call.restore(checkpoint)
        self.noteParties(of: call)
    }

    private func legs(of checkpoint: CallCheckpoint) -> Call.Legs? {
        guard let a = self.leg(checkpoint.a, checkpoint.media.a.local),
            let b = self.leg(checkpoint.b, checkpoint.media.b.local)
        else { return nil }
        return Call.Legs(a: a, b: b)
    }

    private func leg(_ saved: CallCheckpoint.Leg, _ port: MediaPort) -> Leg? {
        let configuration = self.context.configuration
        guard let listener = configuration.listener(saved.hop.listener) else { return nil }
        var trunk = configuration.trunks.first { $0.name == saved.trunk } ?? self.retired(saved)
        // Where the call went, which need not be the first of the trunk's targets.
        if let target = trunk.targets.first(where: { $0.hop.remote == saved.hop.remote }) {
            trunk = trunk.at(target)
        }
        let settings = self.context.settings.trunk(trunk)
        // What was agreed on was agreed on under the policy that the call began with.
        trunk.security = saved.security
        // A timer that was agreed on goes on, whatever the trunk says now.
        if saved.sessionTimer != nil, trunk.sessionTimer.mode == .off {
            trunk.sessionTimer = SessionTimerPolicy(mode: .accept)
        }
        var session =
            OfferAnswerLeg(saved.session, codecs: trunk.formats, policy: trunk.security)
            ?? OfferAnswerLeg(
                sessionID: saved.session.sessionID, codecs: trunk.formats, policy: trunk.security)
        session.descriptions = trunk.interworking.descriptions
        return Leg(
            saved, trunk: settings.wrappedValue == trunk ? settings : Shared(trunk),
            listener: self.context.settings.listener(
                listener, for: trunk, label: saved.label),
            session: session, port: port)
    }

    /// A trunk that was taken out of the configuration while the process was away.
    private func retired(_ saved: CallCheckpoint.Leg) -> TrunkSettings {
        let trunk = TrunkSettings(
            name: saved.trunk, realm: RealmIndex(0),
            peerHost: Array("\(saved.hop.remote.address)".utf8), peer: saved.hop)
        if !self.retiredTrunks.contains(where: { $0.name == trunk.name }) {
            self.retiredTrunks.append(trunk)
            self.context.sourcesVersion &+= 1
        }
        return trunk
    }
}
