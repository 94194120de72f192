// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPDialog
import SIPMessage
import SIPTransaction

// Session timers (RFC 4028), each leg its own.
extension Call {
    /// What our INVITE or UPDATE says of timers and of reliable responses.
    func addExtensions(to builder: inout SIPMessageBuilder, _ side: Side, isFirst: Bool) {
        let leg = self.legs[side]
        if let supported = leg.trunk.supported { builder.add(.supported, supported) }
        if isFirst, leg.trunk.reliableProvisional == .required { builder.add(.require, "100rel") }
        guard let wish = leg.sessionWish else { return }
        builder.add(.sessionExpires, wish.expires.bytes)
        builder.add(.minSE, wish.least)
    }

    /// Agrees on a timer in our 2xx to a party's INVITE or UPDATE.
    func agreeSessionTimer(
        _ side: Side, _ request: SIPMessage, _ builder: inout SIPMessageBuilder
    ) {
        let policy = self.part(side) { $0.trunk.sessionTimer }
        switch SessionTimerNegotiation.answer(request, policy) {
        case .none, .tooSmall: self.setSessionTimer(side, nil)
        case .agreed(let expires, let isRequired):
            builder.add(.sessionExpires, expires.bytes)
            if isRequired { builder.add(.require, "timer") }
            self.setSessionTimer(
                side,
                SessionTimer(
                    seconds: expires.seconds, isOurs: expires.refresher == .uas,
                    at: self.context.now))
        }
    }

    /// Takes up the timer of a 2xx to an INVITE or UPDATE of ours; `asked` is what that said.
    func takeSessionTimer(_ side: Side, _ response: SIPMessage, asked: SIPMessage?) {
        let policy = self.part(side) { $0.trunk.sessionTimer }
        let seconds =
            asked == nil
            ? self.legs[side].sessionWish?.expires.seconds
            : ((try? asked?.sessionExpires()) ?? nil)?.seconds
        let outcome = SessionTimerNegotiation.outcome(response, asked: seconds, policy)
        self.setSessionTimer(
            side,
            outcome.map {
                SessionTimer(seconds: $0.seconds, isOurs: $0.isOurs, at: self.context.now)
            })
    }

    private func setSessionTimer(_ side: Side, _ timer: SessionTimer?) {
        let had = self.part(side) { $0.sessionTimer } != nil
        self.legs[side].sessionTimer = timer
        self.legs[side].due.remove(.refresh)
        if timer != nil {
            self.armSessionTimer(side)
        } else if had {
            self.emit(.stopTimer(.session(self.id, side)))
        }
    }

    /// The leg has no timer any more, or goes to another call with it.
    func stopSessionTimer(_ side: Side) {
        guard self.part(side, { $0.sessionTimer }) != nil else { return }
        self.emit(.stopTimer(.session(self.id, side)))
    }

    func armSessionTimer(_ side: Side) {
        guard let timer = self.part(side, { $0.sessionTimer }) else { return }
        let left = timer.nextAt > self.context.now ? timer.nextAt &- self.context.now : 1
        self.emit(
            .startTimer(.session(self.id, side), milliseconds: UInt32(clamping: max(left, 1))))
    }

    /// A refresh is due, or the session is over.
    func sessionTimerFired(_ side: Side) {
        guard case .up = self.state, let timer = self.legs[side].sessionTimer else { return }
        guard self.context.now < timer.endsAt else {
            self.context.counters.sessionsExpired &+= 1
            return self.end(
                .sessionExpired, reason: "SIP;cause=408;text=\"Session timer expired\"")
        }
        if timer.isOurs, self.context.now >= timer.refreshAt {
            self.legs[side].sessionTimer?.postpone(from: self.context.now)
            self.refreshSession(side)
        }
        self.armSessionTimer(side)
    }

    // MARK: Our refresh

    /// By UPDATE where the party takes it, else by an INVITE that changes nothing.
    private func refreshSession(_ side: Side) {
        self.context.counters.refreshes &+= 1
        guard self.legs[side].peer.takesUpdate else { return self.offerLater(.refresh, side) }
        guard self.legs[side].isOpen, var request = self.request(.update, side) else { return }
        request.builder.add(.contact, self.contact(side))
        request.builder.add(.allow, AllowedMethods.value(self.legs[side].trunk))
        self.addExtensions(to: &request.builder, side, isFirst: false)
        _ = self.context.send(
            .update, request.builder.finish(), branch: request.branch, to: request.hop,
            for: .refresh(self.legs[side].localTag))
        self.checkpoint()
    }

    /// What came of an UPDATE that refreshes; nil stands for no response.
    func refreshResponse(_ side: Side, _ response: SIPMessage?, status: Int) {
        guard case .up = self.state, status >= 200 else { return }
        if let response, status < 300 {
            self.legs[side].peer.learn(from: response)
            try? self.legs[side].dialog?.refreshTarget(from: response)
            self.takeSessionTimer(side, response, asked: nil)
            return self.checkpoint()
        }
        self.refreshRefused(side, response, status: status, byUpdate: true)
    }

    /// A refresh was refused. The session lives until its time is over, unless the party does not
    /// know it any more (RFC 4028 section 10).
    func refreshRefused(
        _ side: Side, _ response: SIPMessage?, status: Int, byUpdate: Bool
    ) {
        if StatusTable.endsDialog(status) || (response == nil && status == 503) {
            return self.end(.dialogLost, reason: "SIP;cause=\(status);text=\"Dialog lost\"")
        }
        if status == 422, self.raiseExpires(side, response) {
            self.refreshSession(side)
        } else if byUpdate, status == 405 || status == 501 {
            self.legs[side].peer.insert(.refusesUpdate)
            self.offerLater(.refresh, side)
        }
    }

    /// Takes the Min-SE of a 422; false where it says nothing new, so that nothing is tried twice.
    func raiseExpires(_ side: Side, _ response: SIPMessage?) -> Bool {
        guard let least = (try? response?.seconds(.minSE)) ?? nil,
            least > (self.legs[side].sessionWish?.expires.seconds ?? 0)
        else { return false }
        self.legs[side].leastExpires = least
        return true
    }
}

extension Leg {
    /// What our next INVITE or UPDATE says of session timers; nil for nothing. Inside the call the
    /// roles stay as they are (RFC 4028 section 7.4).
    var sessionWish: (expires: SessionExpires, least: UInt32)? {
        let policy = self.trunk.sessionTimer
        let least = max(policy.minimum, self.leastExpires)
        if let timer = self.sessionTimer {
            let expires = SessionExpires(
                seconds: max(timer.seconds, least), refresher: timer.isOurs ? .uac : .uas)
            return (expires, least)
        }
        guard policy.mode == .request else { return nil }
        return (SessionExpires(seconds: max(policy.seconds, least), refresher: nil), least)
    }
}
