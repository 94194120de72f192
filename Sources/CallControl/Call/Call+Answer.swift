// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPDialog
import SIPMessage
import SIPTransaction

// The 2xx of leg b, and those that come after it.
extension Call {
    /// What the two legs say after a 2xx.
    private struct Agreement {
        var a: OfferAnswerLeg
        var b: OfferAnswerLeg
        /// For the caller: an answer, or an offer; nil if it has it from a reliable response.
        let description: [UInt8]?
        /// It is an offer.
        var isOffer = false
        /// The callee's offer waits for the answer that the caller's ACK brings.
        var owesAnswer = false
    }

    /// The first 2xx: the call is up. Its branch becomes leg b, the tag that mirrors it leg a.
    func answer(_ response: SIPMessage, _ setup: Setup) {
        var setup = setup
        guard case .sent(let sent) = setup.exchange.phase,
            let index = self.fork(of: response, in: &setup, limited: false),
            let dialog = self.answeredDialog(setup.forks[index], sent.message, response)
        else {
            self.legs.b.end = .closed
            self.stopProvisionals(setup)
            self.refuse(Reply(502), setup.exchange.request)
            return self.finish(.rejected)
        }
        self.stopSearch()
        if let held = setup.heldAnswer {
            let tag = (try? held.to().tag) ?? []
            self.keepBranches(setup)
            if !tag.elementsEqual(setup.forks[index].remoteTag) {
                self.answeredAgain(response, status: 200)
            }
            return
        }
        self.followBranch(index, &setup)
        let fork = setup.forks[index]
        if fork.sender.holdsAnswer {
            // RFC 3262 section 3: not before the PRACK of a description.
            setup.heldAnswer = response
            self.state = .settingUp(setup)
            return
        }
        self.keepBranches(setup)
        self.legs.a.latePrack = self.stopProvisionals(setup, winner: fork.localTag)
        self.legs.b.peer.learn(from: response)
        self.emit(.stopTimer(.ringing(self.id)))
        self.legs.b.dialog = dialog
        self.forgetForks(setup, except: fork.localTag)
        self.legs.a.localTag = fork.localTag
        self.earlyGate = nil
        do throws(OfferAnswerError) {
            let agreement = try self.agree(response, fork, setup)
            self.legs.a.session = agreement.a
            self.legs.b.session = agreement.b
            self.legs.a.due = fork.due.a
            if fork.sender.sentDescription, Self.concerns(fork.b.remote, agreement.b.remote) {
                self.legs.a.due.insert(.align)
            }
            self.legs.b.due = fork.due.b
            self.relayAnswer(response, setup.exchange, sent, agreement, fork.callerDialog)
        } catch {
            self.rejectAnswer(error, setup.exchange, sent)
        }
    }

    /// Offer and answer of a 2xx. One without a description is the answer that came in a
    /// provisional response before it (RFC 3261 section 13.2.1 wants it repeated; not all do).
    private func agree(
        _ response: SIPMessage, _ fork: Fork, _ setup: Setup
    ) throws(OfferAnswerError) -> Agreement {
        var a = self.legs.a.session
        a.keepVersion(of: fork.a)
        var b = fork.b
        let offersLater = setup.exchange.offersLater
        if let settled = try self.settled(a, response, fork, offersLater: offersLater) {
            return settled
        }
        guard let bytes = Payload(response).description else {
            if setup.madeOffer, let stream = b.relayed { return try self.lateOffer(&a, b, stream) }
            guard !offersLater, let told = try self.told(a, fork) else { throw .noAudio }
            return told
        }
        guard let session = try? SessionDescription.parse(bytes) else { throw .answerMismatch }
        if setup.madeOffer {
            let stream = try b.receiveAnswer(session)
            return try self.lateOffer(&a, b, stream)
        }
        if offersLater {
            let offer = try b.receiveOffer(session)
            self.context.provide(&b, self.legs.b.trunk.security)
            let description = try a.makeOffer(from: offer.stream, local: self.legs.a.port.rtp)
            return Agreement(
                a: a, b: b, description: description.serialise(), isOffer: true,
                owesAnswer: true)
        }
        let stream = try b.receiveAnswer(session)
        let description = try a.makeAnswer(from: stream, local: self.legs.a.port.rtp)
        return Agreement(a: a, b: b, description: description.serialise())
    }

    /// The callee answered our own offer: the caller is offered what it can.
    private func lateOffer(
        _ a: inout OfferAnswerLeg, _ b: OfferAnswerLeg, _ stream: AudioStream
    ) throws(OfferAnswerError) -> Agreement {
        let description = try a.makeOffer(from: stream, local: self.legs.a.port.rtp)
        return Agreement(a: a, b: b, description: description.serialise(), isOffer: true)
    }

    /// Offer and answer of a 2xx in a branch where they were complete before it, on one leg or on
    /// both: a description in it says nothing new (RFC 6337 section 3.1). Nil in any other branch.
    private func settled(
        _ a: OfferAnswerLeg, _ response: SIPMessage, _ fork: Fork, offersLater: Bool
    ) throws(OfferAnswerError) -> Agreement? {
        if fork.sender.sentDescription, fork.a.local != nil {
            var b = fork.b
            if !fork.isCalleeSettled, let bytes = Payload(response).description,
                let session = try? SessionDescription.parse(bytes)
            {
                _ = try b.receiveAnswer(session)
            }
            return Agreement(a: fork.a, b: b, description: nil)
        }
        guard fork.isCalleeSettled else { return nil }
        if !offersLater { return try self.told(a, fork) }
        guard let stream = fork.b.agreedStream else { throw .noAudio }
        var a = a
        let offer = try a.makeOffer(from: stream, local: self.legs.a.port.rtp)
        return Agreement(a: a, b: fork.b, description: offer.serialise(), isOffer: true)
    }

    /// What the caller was told of the branch, for its 2xx; nil if there is nothing. Where all
    /// branches are one dialog another one may have spoken since: then it is the next version.
    private func told(
        _ a: OfferAnswerLeg, _ fork: Fork
    ) throws(OfferAnswerError) -> Agreement? {
        guard let description = fork.description else { return nil }
        guard self.sharesDialog, let stream = fork.b.relayed else {
            return Agreement(a: fork.a, b: fork.b, description: description)
        }
        var a = a
        let answer = try a.makeAnswer(from: stream, local: self.legs.a.port.rtp)
        return Agreement(a: a, b: fork.b, description: answer.serialise())
    }

    /// The callee's dialog as its 2xx has it: the early one goes on, with its CSeq numbers.
    private func answeredDialog(
        _ fork: Fork, _ invite: SIPMessage, _ response: SIPMessage
    ) -> Dialog? {
        guard var early = fork.calleeDialog else { return self.clientDialog(invite, response) }
        do throws(DialogError) { try early.confirm(with: response) } catch { return nil }
        return early
    }

    private func relayAnswer(
        _ response: SIPMessage, _ exchange: Exchange, _ sent: SentInvite,
        _ agreement: Agreement, _ early: Dialog?
    ) {
        if self.transfers.attempt != nil {
            self.takeSessionTimer(.b, response, asked: sent.message)
            return self.attemptAnswered(agreement.b, sent)
        }
        let tag = self.legs.a.localTag
        let request = exchange.request
        let bytes = self.dialogResponse(
            200, to: request, tag: tag, carrying: response, .success,
            description: agreement.description)
        var dialog =
            early
            ?? (try? Dialog(
                server: request.message, localTag: tag, state: .confirmed,
                overTLS: request.source.transport == .tls))
        dialog?.confirm()
        guard let bytes, let dialog else {
            return self.rejectAnswer(.answerMismatch, exchange, sent)
        }
        self.legs.a.dialog = dialog
        self.legs.a.awaitingAck = Leg.AwaitingAck(
            request: request, sequence: (try? request.message.cseq().number) ?? 0,
            response: bytes, carriesOffer: agreement.isOffer)
        self.takeSessionTimer(.b, response, asked: sent.message)
        if agreement.owesAnswer {
            self.legs.b.ackOwed = sent.sequence
        } else {
            self.acknowledge(.b, sequence: sent.sequence, description: nil)
        }
        self.state = .up(nil)
        self.status = 200
        self.noteAnswer()
        self.context.counters.callsAnswered &+= 1
        self.updateMedia()
        self.startAudit()
        self.checkpoint()
        self.context.respond(200, bytes, to: request)
        self.endIfHandshakeFailed()
    }

    /// The callee answered with something that does not serve: ACK and BYE there, a refusal here.
    private func rejectAnswer(
        _ error: OfferAnswerError, _ exchange: Exchange, _ sent: SentInvite
    ) {
        self.context.count(error)
        self.acknowledge(.b, sequence: sent.sequence, description: nil)
        var reply = Reply(488)
        reply.warning = (error.warningCode, error.text)
        self.refuse(reply, exchange.request)
        self.state = .ending(.incompatible)
        self.enterEnding()
        self.sendBye(.b, reason: "SIP;cause=488;text=\"Not Acceptable Here\"")
        self.finishIfOver()
    }

    /// The dialog of leg b; nil when the response cannot make one.
    func clientDialog(_ invite: SIPMessage, _ response: SIPMessage) -> Dialog? {
        try? Dialog(
            client: invite, response: response, overTLS: self.legs.b.hop.transport == .tls)
    }

    private func forgetForks(_ setup: Setup, except tag: [UInt8]) {
        for fork in setup.forks where fork.localTag != tag { self.unregister(fork.localTag) }
    }

    // MARK: Later 2xx

    /// A 2xx after the first one, or after the end: again (our ACK was lost), or of another branch
    /// of a fork, which is acknowledged and ended (RFC 3261 section 13.2.2.4).
    func answeredAgain(_ response: SIPMessage, status: Int) {
        guard (200...299).contains(status), let cseq = try? response.cseq() else { return }
        let tag = Array((try? response.to().tag) ?? [])
        let leg = self.transfers.formerLeg ?? self.legs.b
        if let dialog = leg.dialog, tag == dialog.key.remoteTag {
            self.repeatAck(leg.sentAck, self.sentInvite?.ack, sequence: cseq.number)
        } else {
            self.endBranch(response)
        }
    }

    /// The ACK was lost: once more. While the answer for it is awaited there is none yet.
    func repeatAck(_ side: Side, sequence: UInt32) {
        self.repeatAck(
            self.legs[side].sentAck, side == .b ? self.sentInvite?.ack : nil, sequence: sequence)
    }

    private func repeatAck(_ last: Leg.SentAck?, _ first: Leg.SentAck?, sequence: UInt32) {
        guard let ack = [last, first].compactMap(\.self).first(where: { $0.sequence == sequence })
        else { return }
        self.emit(.send(ack.bytes, ack.hop))
    }

    /// ACK and BYE to a branch of the INVITE that answered although the call went another way.
    func endBranch(_ response: SIPMessage) {
        guard let sent = self.sentInvite,
            let invite = try? SIPMessage.parse(sent.bytes, framing: .stream),
            let dialog = self.branchDialog(invite, response)
        else { return }
        let leg = self.transfers.formerLeg ?? self.legs.b
        self.context.endBranch(dialog, response, leg, &self.endedBranches)
    }
}
