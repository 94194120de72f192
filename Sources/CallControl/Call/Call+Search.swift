// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPMessage
import SIPTransaction

// The search for a target while leg b has no answer: what it wants done, and the next attempt. Each
// attempt has a dialog of its own, Call-ID and tag included: what a target that was given up says
// late can be mistaken for nothing else.
extension Call {
    /// Something happened to the candidate that is being tried. True if the response in hand is
    /// for the caller.
    @discardableResult
    func search(_ event: TargetSearch.Event) -> Bool {
        guard let actions = self.search?.machine.apply(event) else { return true }
        return self.perform(actions)
    }

    /// Begins the search; the first candidate's INVITE is the caller's of this to send.
    func startSearch() {
        let actions = self.search?.machine.start() ?? []
        _ = self.perform(
            actions.filter { action in
                if case .send = action { return false }
                return true
            })
    }

    /// No candidate is waited for any more.
    func stopSearch() {
        guard self.search != nil else { return }
        self.search = nil
        self.emit(.stopTimer(.targetSilent(self.id)))
        self.emit(.stopTimer(.searchDeadline(self.id)))
    }

    private func perform(_ actions: [TargetSearch.Action]) -> Bool {
        var passes = false
        for action in actions {
            switch action {
            case .send(let candidate): self.context.searching.append((self.id, candidate))
            case .abandon: self.abandonAttempt()
            case .report(let candidate, let outcome): self.report(candidate, outcome)
            case .start(let timer, let milliseconds):
                self.emit(.startTimer(self.timer(timer), milliseconds: milliseconds))
            case .stop(let timer): self.emit(.stopTimer(self.timer(timer)))
            case .pass: passes = true
            case .giveUp(let status): self.giveUp(status)
            }
        }
        return passes
    }

    private func timer(_ timer: TargetSearch.Timer) -> CallTimer {
        timer == .silence ? .targetSilent(self.id) : .searchDeadline(self.id)
    }

    private func report(_ candidate: Int, _ outcome: TargetOutcome) {
        guard let trunk = self.search?.place(candidate)?.trunk else { return }
        self.context.holds.note(outcome, of: trunk.peer, now: self.context.now)
        self.context.note(outcome, of: trunk.peer.withoutConnection, trunk.name)
    }

    /// The INVITE under way goes its own way from here on.
    private func abandonAttempt() {
        guard case .settingUp(let setup) = self.state, let sent = setup.exchange.sent
        else { return }
        let abandoned = AbandonedInvite(
            sent.message, self.legs.b, setup.forks.compactMap(\.calleeDialog))
        self.context.change(sent.handle, to: .abandoned(abandoned))
        self.emit(.cancel(sent.handle, reason: []))
    }

    /// Nobody takes the call.
    private func giveUp(_ status: Int) {
        guard case .settingUp(let setup) = self.state else { return }
        self.context.counters.searchesFailed &+= 1
        self.sentInvite = nil
        self.legs.b.end = .closed
        self.stopProvisionals(setup)
        self.refuse(Reply(status), setup.exchange.request)
        self.finish(.timeout)
    }

    // MARK: The next attempt

    /// Sends the INVITE to another place. Leg b begins anew: what was said on it concerns another
    /// party.
    func attempt(_ place: CallPlace, _ footing: Footing) {
        guard case .settingUp(var setup) = self.state else { return }
        if let sent = setup.exchange.sent { self.forgetAttempt(sent) }
        self.forgetBranches(&setup)
        self.unregister(self.legs.b.localTag)
        let keys = self.legs.b.keys
        self.legs.a.port = footing.ports.a
        self.legs.b = Leg(
            trunk: place.$trunk, listener: place.$listener, hop: place.trunk.peer,
            localTag: self.context.identifiers.tag(), session: footing.session,
            port: footing.ports.b)
        self.legs.b.keys = keys
        self.trunks.to = place.trunk.name
        self.register(self.legs.b.localTag, .b)
        self.earlyGate = nil
        setup.madeOffer = footing.offer != nil && setup.exchange.offersLater
        self.media = MediaIntent(
            a: MediaIntent.Leg(local: footing.ports.a), b: MediaIntent.Leg(local: footing.ports.b))
        self.state = .settingUp(setup)
        self.context.counters.targetsTried &+= 1
        guard let sent = self.sendInvite(setup.exchange.request.message, offer: footing.offer)
        else {
            self.search(.unusable(status: 500))
            return
        }
        setup.exchange.phase = .sent(sent)
        self.state = .settingUp(setup)
        self.updateMedia()
        self.checkpoint()
    }

    /// What still comes of an attempt that failed, copies of its final response, is for nobody. One
    /// that was abandoned stays what it is.
    private func forgetAttempt(_ sent: SentInvite) {
        if case .invite? = self.context.purpose(of: sent.handle) {
            self.context.change(sent.handle, to: .discarded)
        }
        self.sentInvite = nil
    }

    /// The caller heard of branches that are over (only an emergency call goes on then): what
    /// follows is another dialog for it.
    private func forgetBranches(_ setup: inout Setup) {
        guard !setup.forks.isEmpty else { return }
        self.stopProvisionals(setup)
        for fork in setup.forks { self.unregister(fork.localTag) }
        setup.forks = []
        setup.sharedBranch = 0
        setup.speakingTag = nil
        setup.isRinging = false
        guard self.isReliable || !self.sharesDialog else {
            // A caller that takes one early dialog only stays in it.
            self.register(self.legs.a.localTag, .a)
            return
        }
        self.legs.a.localTag = self.context.identifiers.tag()
        self.register(self.legs.a.localTag, .a)
        if let server = setup.exchange.request.server {
            self.emit(.tag(server, self.legs.a.localTag))
        }
    }
}
