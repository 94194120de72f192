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
        /// For the caller: an answer, or an offer.
        let description: [UInt8]
    }

    /// The first 2xx: the call is up. Its branch becomes leg b, the tag that mirrors it leg a.
    func answer(_ response: SIPMessage, _ setup: Setup) {
        var setup = setup
        guard case .sent(let sent) = setup.exchange.phase,
            let index = self.fork(of: response, in: &setup, limited: false),
            let dialog = self.clientDialog(sent.message, response)
        else { return self.inviteFailed(status: 502) }
        let fork = setup.forks[index]
        self.emit(.stopTimer(.ringing(self.id)))
        self.legs.b.dialog = dialog
        self.legs.b.methods = PartyMethods(response)
        self.forgetForks(setup, except: fork.localTag)
        self.legs.a.localTag = fork.localTag
        do throws(OfferAnswerError) {
            let agreement = try self.agree(response, fork, offersLater: setup.exchange.offersLater)
            self.legs.a.session = agreement.a
            self.legs.b.session = agreement.b
            self.relayAnswer(response, setup.exchange, sent, agreement)
        } catch {
            self.rejectAnswer(error, setup.exchange, sent)
        }
    }

    /// Offer and answer of a 2xx. One without a description is the answer that came in a
    /// provisional response before it (RFC 3261 section 13.2.1 wants it repeated; not all do).
    private func agree(
        _ response: SIPMessage, _ fork: Fork, offersLater: Bool
    ) throws(OfferAnswerError) -> Agreement {
        var a = self.legs.a.session
        var b = fork.b
        guard let bytes = Payload(response).description else {
            guard let description = fork.description, !offersLater else { throw .noAudio }
            return Agreement(a: fork.a, b: fork.b, description: description)
        }
        guard let session = try? SessionDescription.parse(bytes) else { throw .answerMismatch }
        if offersLater {
            let offer = try b.receiveOffer(session)
            self.context.provide(&b, self.legs.b.trunk.security)
            let description = try a.makeOffer(from: offer.stream, local: self.legs.a.port.rtp)
            return Agreement(a: a, b: b, description: description.serialise())
        }
        let stream = try b.receiveAnswer(session)
        let description = try a.makeAnswer(from: stream, local: self.legs.a.port.rtp)
        return Agreement(a: a, b: b, description: description.serialise())
    }

    private func relayAnswer(
        _ response: SIPMessage, _ exchange: Exchange, _ sent: SentInvite, _ agreement: Agreement
    ) {
        if self.transfers.attempt != nil { return self.attemptAnswered(agreement.b, sent) }
        let tag = self.legs.a.localTag
        let request = exchange.request
        let bytes = self.dialogResponse(
            200, to: request, tag: tag, carrying: response, .success,
            description: agreement.description)
        let dialog = try? Dialog(
            server: request.message, localTag: tag, state: .confirmed, overTLS: false)
        guard let bytes, let dialog else {
            return self.rejectAnswer(.answerMismatch, exchange, sent)
        }
        self.legs.a.dialog = dialog
        self.legs.a.awaitingAck = Leg.AwaitingAck(
            request: request, sequence: dialog.remoteSequence ?? 0, response: bytes,
            carriesOffer: exchange.offersLater)
        if exchange.offersLater {
            self.legs.b.ackOwed = sent.sequence
        } else {
            self.acknowledge(.b, sequence: sent.sequence, description: nil)
        }
        self.state = .up(nil)
        self.status = 200
        self.answeredAt = self.context.now
        self.context.counters.callsAnswered &+= 1
        self.updateMedia()
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
        try? Dialog(client: invite, response: response, overTLS: false)
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
            self.repeatAck(leg, sequence: cseq.number)
        } else {
            self.endBranch(response, sequence: cseq.number)
        }
    }

    /// The ACK was lost: once more. While the answer for it is awaited there is none yet.
    func repeatAck(_ side: Side, sequence: UInt32) {
        self.repeatAck(self.legs[side], sequence: sequence)
    }

    private func repeatAck(_ leg: Leg, sequence: UInt32) {
        guard let ack = leg.sentAck, ack.sequence == sequence else { return }
        self.emit(.send(ack.bytes, ack.hop))
    }

    /// ACK and BYE to a branch of the INVITE that answered although the call went another way.
    func endBranch(_ response: SIPMessage, sequence: UInt32) {
        guard let invite = self.sentInvite, var dialog = self.clientDialog(invite, response)
        else { return }
        let leg = self.transfers.formerLeg ?? self.legs.b
        let hop = leg.destination(of: dialog)
        let ackBranch = self.context.identifiers.branch()
        let ack = dialog.acknowledgement(
            sequence: sequence, via: leg.listener.via(branch: ackBranch))
        self.emit(.send(ack.finish(), hop))
        let isNew = !self.endedBranches.contains(dialog.key.remoteTag)
        guard isNew, self.endedBranches.count < Fork.limit else { return }
        self.endedBranches.append(dialog.key.remoteTag)
        self.context.counters.extraAnswers &+= 1
        let branch = self.context.identifiers.branch()
        guard let bye = dialog.request(.bye, via: leg.listener.via(branch: branch)) else { return }
        _ = self.context.send(.bye, bye.finish(), branch: branch, to: hop, for: .discarded)
    }
}
