// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPDialog
import SIPMessage
import SIPTransaction

// What the other party says to an INVITE inside the call.
extension Call {
    /// A response to the INVITE that was put to `side`. Provisional ones end here: the transaction
    /// layer has told the sender that we are trying, and there is media already.
    func reinviteResponse(_ side: Side, _ response: SIPMessage, status: Int) {
        guard status >= 200 else { return }
        guard let cseq = try? response.cseq() else { return }
        if let rekey = self.rekey, rekey.side == side, rekey.sent.sequence == cseq.number {
            return self.rekeyResponse(rekey, response, status: status)
        }
        // Nothing but an INVITE wants an ACK.
        let isAccepted = status < 300 && cseq.method == .invite
        if self.legs[side].outstanding?.sent.sequence == cseq.number {
            return self.overtakenResponse(side, isAccepted, sequence: cseq.number)
        }
        switch self.state {
        case .up(let exchange?)
        where exchange.sent?.sequence == cseq.number
            && exchange.from == side.other:
            if status < 300 {
                self.reinviteAccepted(side, response, exchange, sequence: cseq.number)
            } else {
                self.reinviteRefused(status: status, exchange)
            }
        case .up:
            if isAccepted { self.repeatAck(side, sequence: cseq.number) }
        case .ending: self.overtakenResponse(side, isAccepted, sequence: cseq.number)
        case .settingUp, .over: break
        }
    }

    private func reinviteAccepted(
        _ side: Side, _ response: SIPMessage, _ exchange: Exchange, sequence: UInt32
    ) {
        self.legs[side].peer.learn(from: response)
        try? self.legs[side].dialog?.refreshTarget(from: response)
        self.takeSessionTimer(side, response, asked: exchange.sent?.message)
        let isInvite = exchange.sent?.method != .update
        do throws(OfferAnswerError) {
            guard let bytes = Payload(response).description,
                let session = try? SessionDescription.parse(bytes)
            else { throw .answerMismatch }
            let description =
                exchange.offersLater
                ? try self.takeOffer(session, side, sequence: sequence)
                : try self.takeAnswer(session, side)
            if !exchange.offersLater, isInvite {
                self.acknowledge(side, sequence: sequence, description: nil)
            }
            self.accept(
                side.other, exchange.request, carrying: response,
                description: description.serialise(), carriesOffer: exchange.offersLater)
        } catch {
            self.context.count(error)
            if isInvite {
                self.legs[side].ackOwed = sequence
                self.acknowledgeWithoutAnswer(side)
            }
            var reply = Reply(488)
            reply.warning = (error.warningCode, error.text)
            self.refuseReinvite(exchange, reply)
        }
    }

    private func takeAnswer(
        _ session: SessionDescription, _ side: Side
    ) throws(OfferAnswerError) -> SessionDescription {
        let stream = try self.legs[side].session.receiveAnswer(session)
        let local = self.legs[side.other].port.rtp
        return try self.legs[side.other].session.makeAnswer(from: stream, local: local)
    }

    private func takeOffer(
        _ session: SessionDescription, _ side: Side, sequence: UInt32
    ) throws(OfferAnswerError) -> SessionDescription {
        let offer = try self.receiveOffer(session, side)
        let local = self.legs[side.other].port.rtp
        let description = try self.legs[side.other].session.makeOffer(
            from: offer.stream, local: local)
        self.legs[side].ackOwed = sequence
        return description
    }

    private func reinviteRefused(status: Int, _ exchange: Exchange) {
        var exchange = exchange
        if StatusTable.endsDialog(status) { return self.reinviteLost(exchange, status: status) }
        if case .sent = exchange.phase, status == 491, exchange.glares < Exchange.glaresMax {
            exchange.glares += 1
            exchange.phase = .retrying
            self.state = .up(exchange)
            self.legs[exchange.from.other].session.abandonOffer()
            self.startGlareTimer(exchange.from.other)
            return
        }
        self.refuseReinvite(exchange, Reply(StatusTable.mapped(inDialog: status)))
    }

    /// RFC 3261 section 14.1: the end that chose the Call-ID waits longer.
    func startGlareTimer(_ side: Side) {
        self.context.counters.glares &+= 1
        let random = UInt32(self.context.identifiers.below(1 << 31))
        let milliseconds = InviteGlare.retryMilliseconds(
            ownsCallID: self.legs[side].dialog?.role == .client, random: random)
        self.emit(.startTimer(.glare(self.id), milliseconds: max(milliseconds, 1)))
    }

    /// The other party has had its time: once more.
    func glareTimerFired() {
        guard case .up(let exchange?) = self.state else { return self.rekeyIfDue() }
        if case .retrying = exchange.phase { self.retryReinvite(exchange) }
    }

    /// The dialog that the INVITE was put to is gone (RFC 3261 section 12.2.1.2), and with it the
    /// call. `status` 408 stands for silence too.
    private func reinviteLost(_ exchange: Exchange, status: Int) {
        self.abandonOffers()
        self.state = .up(nil)
        let tag = self.legs[exchange.from].localTag
        self.context.respond(Reply(status, tag: tag), to: exchange.request)
        self.end(.dialogLost, reason: "SIP;cause=\(status);text=\"Dialog lost\"")
    }

    /// The INVITE had no final response, or could not be sent.
    func reinviteFailed(_ side: Side, status: Int) {
        if self.rekey?.side == side { return self.rekeyLost(status: status) }
        switch self.state {
        case .up(let exchange?) where exchange.from == side.other:
            self.reinviteLost(exchange, status: status)
        case .ending:
            self.legs[side].outstanding = nil
            self.finishIfOver()
        case .up: self.legs[side].outstanding = nil
        case .settingUp, .over: break
        }
    }

    /// The call ended meanwhile. A 2xx still wants its ACK.
    private func overtakenResponse(_ side: Side, _ isAccepted: Bool, sequence: UInt32) {
        if isAccepted { self.acknowledge(side, sequence: sequence, description: nil) }
        self.legs[side].outstanding = nil
        self.finishIfOver()
    }
}
