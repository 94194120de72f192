// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPDialog
import SIPMessage

// Reliable provisional responses to the caller (RFC 3262 section 3), each branch by itself.
extension Call {
    /// Provisional responses to the caller go out reliably: it can, and the trunk lets it. Where it
    /// brought no offer the first of them has to be one (RFC 3261 section 13.2.1).
    var isReliable: Bool {
        self.legs.a.trunk.reliableProvisional != .off && self.legs.a.peer.takesReliable
            && self.transfers.attempt == nil
    }

    private func requiresReliable(_ setup: Setup) -> Bool {
        setup.exchange.request.message.lists(.require, "100rel")
    }

    private var t1: UInt32 { max(self.context.configuration.transactionMilliseconds / 64, 1) }

    /// Passes a provisional response of a branch on to the caller, or has it wait for its turn.
    func passProgress(
        _ progress: ReliableSender.Waiting, branch index: Int, _ setup: inout Setup
    ) {
        guard let decision = self.decide(progress, setup.forks[index], setup) else { return }
        if decision.status == 199 {
            // RFC 6228 section 4: without reliability, which nobody is to wait for.
            let isOpen = self.isReliable && self.requiresReliable(setup)
            if !isOpen { self.sendProgress(decision, progress.source, index, setup) }
            return
        }
        guard self.isReliable else {
            return self.sendProgress(decision, progress.source, index, setup)
        }
        guard setup.forks[index].sender.outstanding != nil else {
            return self.sendReliably(progress, decision, branch: index, &setup)
        }
        if !setup.forks[index].sender.wait(progress) {
            self.context.counters.provisionalsDropped &+= 1
        }
    }

    /// Without the caller's acknowledgement.
    private func sendProgress(
        _ decision: ProgressPolicy.Decision, _ source: SIPMessage, _ index: Int, _ setup: Setup
    ) {
        let fork = setup.forks[index]
        let describes = decision.describes && !setup.exchange.offersLater
        let bytes = self.dialogResponse(
            decision.status, to: setup.exchange.request, tag: fork.localTag, carrying: source,
            .provisional, description: describes ? fork.description : nil)
        guard let bytes else { return }
        self.context.respond(decision.status, bytes, to: setup.exchange.request)
    }

    private func sendReliably(
        _ progress: ReliableSender.Waiting, _ decision: ProgressPolicy.Decision,
        branch index: Int, _ setup: inout Setup
    ) {
        var description: [UInt8]?
        if setup.exchange.offersLater, !setup.forks[index].sender.sentDescription {
            if decision.describes { description = self.earlyOffer(&setup.forks[index]) }
            guard description != nil else {
                // Nothing to offer yet: said without reliability, or not at all.
                if self.requiresReliable(setup) { return }
                return self.sendProgress(decision, progress.source, index, setup)
            }
        } else if decision.describes {
            description = setup.forks[index].description
        }
        let fork = setup.forks[index]
        let bytes = self.dialogResponse(
            decision.status, to: setup.exchange.request, tag: fork.localTag,
            carrying: progress.source, .provisional, description: description,
            reliably: fork.sender.next)
        guard let bytes else { return }
        let interval = self.t1
        setup.forks[index].sender.sent(
            decision.status, bytes, hasDescription: description != nil, interval: interval)
        self.emit(.startTimer(self.provisionalTimer(index), milliseconds: interval))
        self.context.respond(decision.status, bytes, to: setup.exchange.request)
    }

    /// Branches that are one dialog for the caller have one timer.
    private func provisionalTimer(_ index: Int) -> CallTimer {
        .provisional(self.id, branch: self.sharesDialog ? 0 : UInt8(clamping: index))
    }

    /// What the callee offered in a reliable response, and has our answer to, for a caller that
    /// made no offer.
    private func earlyOffer(_ fork: inout Fork) -> [UInt8]? {
        guard fork.isCalleeSettled, let stream = fork.b.agreedStream,
            let offer = try? fork.a.makeOffer(from: stream, local: self.legs.a.port.rtp)
        else { return nil }
        return offer.serialise()
    }

    // MARK: PRACK

    /// A PRACK came in a branch, or after the answer.
    func prackReceived(
        _ side: Side, _ request: ReceivedRequest, branch index: Int, _ setup: Setup
    ) {
        var setup = setup
        let tag = setup.forks[index].localTag
        guard side == .a, let rack = try? request.message.rAck() else {
            return self.context.respond(Reply(side == .a ? 400 : 481, tag: tag), to: request)
        }
        let sequence = (try? setup.exchange.request.message.cseq().number) ?? 0
        guard
            case .matched(let sent) = setup.forks[index].sender.acknowledge(
                rack, sequence: sequence)
        else { return self.context.respond(Reply(481, tag: tag), to: request) }
        self.emit(.stopTimer(self.provisionalTimer(index)))
        let offers = sent.hasDescription && setup.exchange.offersLater
        do throws(OfferAnswerError) {
            let description = try self.takePrack(
                request.message, &setup.forks[index], answersOffer: offers)
            if offers { setup.speakingTag = setup.forks[index].remoteTag }
            self.state = .settingUp(setup)
            self.respond(toPrack: request, tag: tag, description)
        } catch {
            self.state = .settingUp(setup)
            self.context.count(error)
            var reply = Reply(488, tag: tag)
            reply.warning = (error.warningCode, error.text)
            self.context.respond(reply, to: request)
            if offers {
                return self.end(.incompatible, status: 488, reason: Self.incompatibleReason)
            }
        }
        let fork = setup.forks[index]
        if fork.a.local != nil, fork.a.phase == .stable { self.updateEarlyMedia(fork) }
        self.continueProgress(branch: index)
    }

    static var incompatibleReason: String { "SIP;cause=488;text=\"Not Acceptable Here\"" }

    /// The description of a PRACK: the answer to what we offered, or an offer, which is answered
    /// here with what the callee agreed to, since it cannot be asked before it answered.
    private func takePrack(
        _ prack: SIPMessage, _ fork: inout Fork, answersOffer: Bool
    ) throws(OfferAnswerError) -> [UInt8]? {
        let payload = Payload(prack)
        if answersOffer {
            guard let session = payload.description.flatMap({ try? SessionDescription.parse($0) })
            else { throw .answerMismatch }
            var a = fork.a
            let stream = try a.receiveAnswer(session)
            fork.a = a
            if Self.concerns(fork.b.agreedStream?.reversed, stream) { fork.due.b.insert(.align) }
            return nil
        }
        guard let bytes = payload.description else { return nil }
        // Its own offer has no answer yet.
        guard fork.sender.sentDescription else { throw .outOfTurn }
        let (answer, isChanged) = try self.answerLocally(bytes, &fork.a, .a, from: fork.b)
        if isChanged { fork.due.b.insert(.align) }
        return answer
    }

    private func respond(toPrack request: ReceivedRequest, tag: [UInt8], _ body: [UInt8]?) {
        guard let builder = self.context.begin(Reply(200, tag: tag), to: request) else { return }
        self.context.respond(200, builder.finish(description: body), to: request)
    }

    /// A PRACK after the final response: for what it overtook (RFC 3262 section 3).
    func latePrackReceived(_ side: Side, _ request: ReceivedRequest) {
        let tag = self.legs[side].localTag
        guard let rack = try? request.message.rAck() else {
            return self.context.respond(Reply(400, tag: tag), to: request)
        }
        guard let sent = self.legs[side].latePrack, sent.response == rack.response,
            rack.method == .invite
        else { return self.context.respond(Reply(481, tag: tag), to: request) }
        self.legs[side].latePrack = nil
        // An offer in it has no turn any more: the answer of the 2xx is under way.
        let status = Payload(request.message).description == nil ? 200 : 488
        self.context.respond(Reply(status, tag: tag), to: request)
    }

    // MARK: What follows a PRACK, or its absence

    /// What waited for the PRACK of a branch: its next response, or the answer.
    private func continueProgress(branch index: Int) {
        guard case .settingUp(var setup) = self.state else { return }
        if let held = setup.heldAnswer, !setup.forks[index].sender.holdsAnswer {
            setup.heldAnswer = nil
            return self.answer(held, setup)
        }
        guard setup.heldAnswer == nil, let next = setup.forks[index].sender.takeWaiting() else {
            return
        }
        if let decision = self.decide(next, setup.forks[index], setup) {
            self.sendReliably(next, decision, branch: index, &setup)
        }
        self.state = .settingUp(setup)
    }

    /// No PRACK came yet.
    func provisionalTimerFired(branch: Int) {
        guard case .settingUp(var setup) = self.state else { return }
        let index = self.sharesDialog ? setup.sharedBranch : branch
        guard setup.forks.indices.contains(index) else { return }
        let limit = self.context.configuration.transactionMilliseconds
        switch setup.forks[index].sender.expire(limit: limit) {
        case .none: break
        case .again(let sent):
            self.emit(
                .startTimer(
                    self.provisionalTimer(index), milliseconds: max(sent.interval, 1)))
            self.state = .settingUp(setup)
            self.context.respond(sent.status, sent.bytes, to: setup.exchange.request)
        case .failed:
            self.context.counters.pracksMissing &+= 1
            self.end(
                .noProvisionalAcknowledgement, status: 504,
                reason: "SIP;cause=504;text=\"No PRACK\"")
        }
    }

    /// The INVITE is answered finally, or will not be: nothing is repeated to the caller any more.
    /// Returns what its PRACK may still come for, in the branch with this tag.
    @discardableResult
    func stopProvisionals(_ setup: Setup, winner tag: [UInt8] = []) -> ReliableSender.Sent? {
        var late: ReliableSender.Sent?
        for index in setup.forks.indices {
            var fork = setup.forks[index]
            guard let sent = fork.sender.stop() else { continue }
            self.emit(.stopTimer(self.provisionalTimer(index)))
            if fork.localTag == tag { late = sent }
        }
        return late
    }
}
