// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPDialog
import SIPMessage

// UPDATE (RFC 3311). Without an offer it concerns its own leg alone. With one it is put to the
// other party once the call stands; before, it is answered here with what that party agreed to,
// and the other party hears of it after the answer.
extension Call {
    /// A party's UPDATE in a call that stands, CSeq checked.
    func updateReceived(_ side: Side, _ request: ReceivedRequest) {
        let tag = self.legs[side].localTag
        switch self.state {
        case .up(let exchange):
            guard Payload(request.message).description != nil else {
                return self.acceptUpdate(side, request)
            }
            self.updateOffered(side, request, exchange)
        case .settingUp, .ending, .over:
            self.context.respond(Reply(481, tag: tag), to: request)
        }
    }

    private func updateOffered(_ side: Side, _ request: ReceivedRequest, _ exchange: Exchange?) {
        let tag = self.legs[side].localTag
        if let exchange, exchange.from == side {
            self.context.counters.glares &+= 1
            return self.refuseEarly(request, tag)
        }
        guard exchange == nil, !self.isExchangeOpen, self.rekey == nil,
            self.legs[side.other].isOpen
        else {
            self.context.counters.glares &+= 1
            return self.context.respond(Reply(491, tag: tag), to: request)
        }
        self.startReinvite(side, request)
    }

    /// RFC 3311 section 5.2: an offer while one of the same party waits for its answer.
    private func refuseEarly(_ request: ReceivedRequest, _ tag: [UInt8]) {
        var reply = Reply(500, tag: tag)
        reply.retryAfter = self.context.retryAfterPendingSeconds()
        self.context.respond(reply, to: request)
    }

    /// An UPDATE without an offer: the target, and the session timer.
    private func acceptUpdate(_ side: Side, _ request: ReceivedRequest) {
        try? self.legs[side].dialog?.refreshTarget(from: request.message)
        guard
            var builder = self.context.begin(
                Reply(200, tag: self.legs[side].localTag), to: request)
        else { return }
        self.addCapabilities(to: &builder, side, isRequest: false)
        self.agreeSessionTimer(side, request.message, &builder)
        self.checkpoint()
        self.context.respond(200, builder.finish(), to: request)
    }

    // MARK: Before the answer

    /// A party's UPDATE in an early dialog, CSeq checked.
    func earlyUpdateReceived(
        _ side: Side, _ request: ReceivedRequest, branch index: Int, _ setup: Setup
    ) {
        var setup = setup
        let fork = setup.forks[index]
        let tag = side == .a ? fork.localTag : self.legs.b.localTag
        let payload = Payload(request.message)
        if case .unsupported = payload {
            return self.context.respond(Reply(415, tag: tag), to: request)
        }
        var description: [UInt8]?
        if let bytes = payload.description {
            if let refusal = Self.refusal(ofOffer: side, fork) {
                self.context.counters.glares &+= 1
                if refusal == 500 { return self.refuseEarly(request, tag) }
                return self.context.respond(Reply(refusal, tag: tag), to: request)
            }
            do throws(OfferAnswerError) {
                description = try self.earlyAnswer(bytes, side, &setup.forks[index])
            } catch {
                self.context.count(error)
                var reply = Reply(488, tag: tag)
                reply.warning = (error.warningCode, error.text)
                return self.context.respond(reply, to: request)
            }
        }
        if side == .a {
            try? setup.forks[index].callerDialog?.refreshTarget(from: request.message)
        } else {
            try? setup.forks[index].calleeDialog?.refreshTarget(from: request.message)
        }
        guard var builder = self.context.begin(Reply(200, tag: tag), to: request) else { return }
        self.addCapabilities(to: &builder, side, isRequest: false)
        self.state = .settingUp(setup)
        if description != nil { self.updateEarlyMedia(setup.forks[index]) }
        self.context.respond(200, builder.finish(description: description), to: request)
    }

    private func earlyAnswer(
        _ bytes: [UInt8], _ side: Side, _ fork: inout Fork
    ) throws(OfferAnswerError) -> [UInt8] {
        if side == .a {
            let (answer, isChanged) = try self.answerLocally(bytes, &fork.a, .a, from: fork.b)
            if isChanged { fork.due.b.insert(.align) }
            return answer
        }
        let (answer, isChanged) = try self.answerLocally(bytes, &fork.b, .b, from: fork.a)
        if isChanged { fork.due.a.insert(.align) }
        return answer
    }

    /// What an offer in an early dialog gets if it is not its turn (RFC 3311 section 5.2): 500
    /// while an offer of the party's waits for its answer, 491 while one of ours does.
    private static func refusal(ofOffer side: Side, _ fork: Fork) -> Int? {
        if side == .b { return fork.isCalleeSettled ? nil : 491 }
        if fork.a.phase == .offerSent || fork.sender.holdsAnswer { return 491 }
        return fork.sender.sentDescription && fork.a.local != nil ? nil : 500
    }

    /// Answers a party's offer with what the other one agreed to before. True beside the answer if
    /// the offer changes anything, so that the other party is to hear of it.
    func answerLocally(
        _ bytes: [UInt8], _ own: inout OfferAnswerLeg, _ side: Side, from other: OfferAnswerLeg
    ) throws(OfferAnswerError) -> ([UInt8], isChanged: Bool) {
        guard let session = try? SessionDescription.parse(bytes) else { throw .noAudio }
        var leg = own
        let before = leg.remote
        let offer = try leg.receiveOffer(session)
        self.context.provide(&leg, self.legs[side].trunk.security)
        guard let stream = other.agreedStream else { throw .outOfTurn }
        let answer = try leg.makeAnswer(from: stream, local: self.legs[side].port.rtp)
        own = leg
        let isChanged = !offer.isUnchanged && Self.concerns(before, leg.remote)
        return (answer.serialise(), isChanged)
    }

    /// The other party has to hear of it: not where the media comes from, which the box hides, but
    /// what it is and which way it goes.
    static func concerns(_ before: AudioStream?, _ now: AudioStream?) -> Bool {
        guard let before, let now else { return before != nil || now != nil }
        return before.direction != now.direction
            || before.formats.map(\.name) != now.formats.map(\.name)
    }
}
