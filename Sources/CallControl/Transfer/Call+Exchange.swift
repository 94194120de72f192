// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPDialog
import SIPTransaction

// A leg of a call is replaced by a leg of another one: the two change places, and with them all
// that is the leg's own - dialog, session, port, keys, what is owed to the party.
extension Call {
    /// Leg `side` of this call and leg `otherSide` of another one change places. Both calls are up,
    /// and nothing that concerns both of their own legs is under way any more.
    func exchangeLeg(_ side: Side, with other: Call, _ otherSide: Side) {
        self.keepFormerLeg(side)
        other.keepFormerLeg(otherSide)
        self.stopSessionTimer(side)
        other.stopSessionTimer(otherSide)
        let (mine, theirs) = (self.legs[side], other.legs[otherSide])
        self.unregister(mine.localTag)
        other.unregister(theirs.localTag)
        self.take(theirs, side, from: other)
        other.take(mine, otherSide, from: self)
        let hasBoth = self.hasMedia && other.hasMedia
        let flow = self.media[side]
        self.media[side] = other.media[otherSide]
        other.media[otherSide] = flow
        guard hasBoth else { return }
        self.emit(
            .exchangeMedia(
                MediaExchange(
                    call: self.id, side: side, other: other.id, otherSide: otherSide)))
    }

    /// Later answers to the INVITE that made leg b are judged by the leg that it made.
    private func keepFormerLeg(_ side: Side) {
        guard side == .b, self.sentInvite != nil, self.transfers.formerLeg == nil else { return }
        self.transfers.formerLeg = self.legs.b
    }

    /// What is under way for a leg is for this call from now on.
    private func take(_ leg: Leg, _ side: Side, from other: Call) {
        self.legs[side] = leg
        self.register(leg.localTag, side)
        self.armSessionTimer(side)
        let reference = self.reference(side)
        if let outstanding = leg.outstanding {
            self.context.change(outstanding.sent.handle, to: .reinvite(reference))
        }
        if let notify = leg.subscription?.inFlight {
            self.context.change(notify, to: .notify(reference))
        }
        guard let awaiting = leg.awaitingAck else { return }
        if let server = awaiting.request.server { self.context.servers[server] = reference }
        guard let key = InviteKey(awaiting.request.message), other.awaitedKeys.contains(key) else {
            return
        }
        other.awaitedKeys.removeAll { $0 == key }
        self.awaitedKeys.append(key)
        self.context.awaitedInvites[key] = self.id
    }

    /// A leg is about to leave: what was under way between it and the other one ends. The party
    /// that stays may send its INVITE again (491), and one that was put to it is answered for us.
    func releaseExchange(leaving side: Side) {
        let stays = side.other
        if case .up(let exchange?) = self.state {
            let tag = self.legs[exchange.from].localTag
            self.context.respond(Reply(491, tag: tag), to: exchange.request)
            self.emit(.stopTimer(.glare(self.id)))
            if exchange.from == stays {
                self.legs[stays].session.abandonOffer()
                if let sent = exchange.sent { self.abandon(sent, side, reason: []) }
            } else if let sent = exchange.sent {
                self.rekey = Rekey(side: stays, sent: sent, purpose: .join)
            } else {
                self.legs[stays].session.abandonOffer()
            }
            self.state = .up(nil)
        }
        if let rekey = self.rekey, rekey.side == side {
            self.rekey = nil
            self.abandon(rekey.sent, side, reason: [])
        }
        self.acknowledgeWithoutAnswer(stays)
    }

    /// This call has the legs that nobody needs any more: it ends, each party in its own way.
    func endAfterExchange() {
        self.state = .ending(.transferred)
        self.enterEnding()
        for side in Side.allCases where self.legs[side].subscription == nil {
            self.sendBye(side, reason: nil)
        }
        self.finishIfOver()
    }

    /// The party has heard of the end of its REFER. It hangs up by itself (RFC 5589 section 6.1),
    /// and if not, we do.
    func sayGoodbye(_ side: Side, patience: Bool) {
        guard case .ending(.transferred) = self.state, self.legs[side].isOpen else { return }
        guard patience else { return self.sendBye(side, reason: nil) }
        self.emit(
            .startTimer(.goodbye(self.id), milliseconds: Self.goodbyeMilliseconds))
    }

    /// How long a party may take to hang up.
    private static var goodbyeMilliseconds: UInt32 { 3000 }

    /// It did not.
    func goodbyeTimedOut() {
        guard self.isEnding else { return }
        for side in Side.allCases { self.sendBye(side, reason: nil) }
        self.finishIfOver()
    }
}
