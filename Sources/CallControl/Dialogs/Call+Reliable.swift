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
    }

    private func requiresReliable(_ setup: Setup) -> Bool {
        setup.exchange.request.message.lists(.require, "100rel")
    }

    private var t1: UInt32 { max(self.context.configuration.transactionMilliseconds / 64, 1) }

    /// Passes a provisional response of a branch on to the caller, or has it wait for its turn.
    func passProgress(
        _ status: Int, _ source: SIPMessage, branch index: Int, _ setup: inout Setup
    ) {
        guard self.isReliable else { return self.sendProgress(status, source, index, &setup) }
        guard setup.forks[index].sender.outstanding != nil else {
            return self.sendReliably(status, source, branch: index, &setup)
        }
        let waiting = ReliableSender.Waiting(status: status, source: source)
        if !setup.forks[index].sender.wait(waiting) {
            self.context.counters.provisionalsDropped &+= 1
        }
    }

    /// Without the caller's acknowledgement.
    private func sendProgress(
        _ status: Int, _ source: SIPMessage, _ index: Int, _ setup: inout Setup
    ) {
        let fork = setup.forks[index]
        let bytes = self.dialogResponse(
            status, to: setup.exchange.request, tag: fork.localTag, carrying: source,
            .provisional, description: setup.exchange.offersLater ? nil : fork.description)
        guard let bytes else { return }
        self.context.respond(status, bytes, to: setup.exchange.request)
    }

    private func sendReliably(
        _ status: Int, _ source: SIPMessage, branch index: Int, _ setup: inout Setup
    ) {
        var description: [UInt8]?
        if !setup.forks[index].sender.sentDescription {
            if setup.exchange.offersLater {
                description = self.earlyOffer(&setup.forks[index])
                guard description != nil else {
                    // Nothing to offer yet: said without reliability, or not at all.
                    if self.requiresReliable(setup) { return }
                    return self.sendProgress(status, source, index, &setup)
                }
            } else {
                description = setup.forks[index].description
            }
        }
        let fork = setup.forks[index]
        let bytes = self.dialogResponse(
            status, to: setup.exchange.request, tag: fork.localTag, carrying: source,
            .provisional, description: description, reliably: fork.sender.next)
        guard let bytes else { return }
        let interval = self.t1
        setup.forks[index].sender.sent(
            status, bytes, hasDescription: description != nil, interval: interval)
        self.emit(
            .startTimer(
                .provisional(self.id, branch: UInt8(clamping: index)), milliseconds: interval))
        self.context.respond(status, bytes, to: setup.exchange.request)
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
        self.emit(.stopTimer(.provisional(self.id, branch: UInt8(clamping: index))))
        do throws(OfferAnswerError) {
            let description = try self.takePrack(
                request.message, &setup.forks[index],
                answersOffer: sent.hasDescription && setup.exchange.offersLater)
            self.state = .settingUp(setup)
            self.respond(toPrack: request, tag: tag, description)
        } catch {
            self.state = .settingUp(setup)
            self.context.count(error)
            var reply = Reply(488, tag: tag)
            reply.warning = (error.warningCode, error.text)
            self.context.respond(reply, to: request)
            if sent.hasDescription, setup.exchange.offersLater {
                return self.end(.incompatible, status: 488, reason: Self.incompatibleReason)
            }
        }
        let fork = setup.forks[index]
        if fork.a.local != nil, fork.a.phase == .stable {
            self.updateMedia(a: fork.a, b: fork.b)
        }
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
            _ = try a.receiveAnswer(session)
            fork.a = a
            return nil
        }
        guard let bytes = payload.description else { return nil }
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
        self.sendReliably(next.status, next.source, branch: index, &setup)
        self.state = .settingUp(setup)
    }

    /// No PRACK came yet.
    func provisionalTimerFired(branch index: Int) {
        guard case .settingUp(var setup) = self.state, setup.forks.indices.contains(index) else {
            return
        }
        let limit = self.context.configuration.transactionMilliseconds
        switch setup.forks[index].sender.expire(limit: limit) {
        case .none: break
        case .again(let sent):
            self.emit(
                .startTimer(
                    .provisional(self.id, branch: UInt8(clamping: index)),
                    milliseconds: max(sent.interval, 1)))
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
            self.emit(.stopTimer(.provisional(self.id, branch: UInt8(clamping: index))))
            if fork.localTag == tag { late = sent }
        }
        return late
    }
}
