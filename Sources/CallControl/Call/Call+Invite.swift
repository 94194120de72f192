// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPDialog
import SIPMessage
import SIPTransaction

// Leg b before its answer: the INVITE, provisional responses, forks, refusals.
extension Call {
    /// Puts the caller's INVITE to the callee's trunk. `offer` is what leg b is offered; nil when
    /// the caller made no offer.
    func begin(_ request: ReceivedRequest, forwardsLeft: Int, offer: SessionDescription?) {
        let invite = self.writeInvite(
            request.message, forwardsLeft: forwardsLeft, offer: offer)
        guard let invite, let message = try? SIPMessage.parse(invite.bytes, framing: .stream) else {
            self.legs.b.end = .closed
            self.refuse(Reply(500), request)
            return self.finish(.rejected)
        }
        for side in Side.allCases { self.register(self.legs[side].localTag, side) }
        self.sentInvite = message
        let handle = self.context.send(
            .invite, invite.bytes, branch: invite.branch, to: self.legs.b.hop,
            for: .invite(self.id))
        let sent = SentInvite(
            handle: handle, message: message, branch: invite.branch, hop: self.legs.b.hop,
            sequence: Self.firstSequence)
        self.state = .settingUp(
            Setup(
                exchange: Exchange(
                    from: .a, request: request, offersLater: offer == nil, phase: .sent(sent))))
        if let server = request.server {
            self.context.servers[server] = self.reference(.a)
            self.emit(.tag(server, self.legs.a.localTag))
        }
        let ringing = self.context.configuration.ringMillisecondsMax
        self.emit(.startTimer(.ringing(self.id), milliseconds: ringing))
        self.updateMedia()
        self.checkpoint()
    }

    /// CSeq number of the INVITE that makes leg b.
    private static var firstSequence: UInt32 { 1 }

    private func writeInvite(
        _ invite: SIPMessage, forwardsLeft: Int, offer: SessionDescription?
    ) -> (bytes: [UInt8], branch: [UInt8])? {
        guard let from = try? invite.from(), let to = try? invite.to() else { return nil }
        let leg = self.legs.b
        let branch = self.context.identifiers.branch()
        var builder = SIPMessageBuilder(
            request: .invite,
            uri: self.transfers.attempt?.uri
                ?? AddressRewriter.requestURI(invite.requestURI, to: leg.trunk))
        builder.add(.via, leg.listener.via(branch: branch))
        builder.add(.maxForwards, decimal(UInt32(clamping: forwardsLeft)))
        builder.add(
            .from, AddressRewriter.from(from, listener: leg.listener, tag: leg.localTag))
        builder.add(
            .to,
            self.transfers.attempt?.uri.map { [0x3c] + $0 + [0x3e] }
                ?? AddressRewriter.to(to, trunk: leg.trunk))
        builder.add(.callID, self.context.identifiers.callID())
        builder.add(.cSeq, CSeq(number: Self.firstSequence, method: .invite).bytes)
        self.addCapabilities(to: &builder, .b, isRequest: true)
        CarriedHeaders.copy(from: invite, as: .invite, to: &builder)
        self.addReferral(to: &builder)
        if let offer { return (builder.finish(description: offer.serialise()), branch) }
        return (builder.finish(passing: Payload(invite), of: invite), branch)
    }

    /// What every message that makes or refreshes a dialog says of us.
    func addCapabilities(
        to builder: inout SIPMessageBuilder, _ side: Side, isRequest: Bool
    ) {
        builder.add(.contact, self.legs[side].listener.contact)
        builder.add(.allow, AllowedMethods.value(self.legs[side].trunk))
        if self.legs[side].trunk.transfer.replaces != .refuse {
            builder.add(.supported, "replaces")
        }
        let product = self.context.configuration.product
        if isRequest, !product.isEmpty { builder.add(.userAgent, product) }
    }

    /// A response to the INVITE that makes leg b.
    func inviteResponse(_ response: SIPMessage, status: Int) {
        switch self.state {
        case .settingUp(let setup):
            switch status {
            case 100: break
            case 101...199: self.progress(response, status: status, setup)
            case 200...299: self.answer(response, setup)
            default: self.refused(status: status, response, setup)
            }
        case .up: self.answeredAgain(response, status: status)
        case .ending: self.outstandingResponse(response, status: status)
        case .over: break
        }
    }

    // MARK: Provisional responses

    private func progress(_ response: SIPMessage, status: Int, _ setup: Setup) {
        var setup = setup
        // 199 (RFC 6228) says that one branch is over: nothing that the caller has to act on.
        guard status != 199 else { return }
        if status == 180 { setup.isRinging = true }
        self.attemptProgressed(status: status)
        defer { if case .settingUp = self.state { self.state = .settingUp(setup) } }
        guard let index = self.fork(of: response, in: &setup) else {
            self.context.counters.forksIgnored &+= 1
            return
        }
        if let bytes = Payload(response).description, !setup.exchange.offersLater {
            if self.earlyAnswer(bytes, fork: &setup.forks[index]) {
                setup.speakingTag = setup.forks[index].localTag
            }
        }
        let fork = setup.forks[index]
        guard
            let bytes = self.dialogResponse(
                status, to: setup.exchange.request, tag: fork.localTag, carrying: response,
                .provisional, description: fork.description)
        else { return }
        self.context.respond(status, bytes, to: setup.exchange.request)
    }

    /// Early media of one branch: the media of the call follows the branch that spoke last. What
    /// cannot be used is left out; the answer in the 2xx decides.
    private func earlyAnswer(_ bytes: [UInt8], fork: inout Fork) -> Bool {
        var a = self.legs.a.session
        guard let session = try? SessionDescription.parse(bytes),
            let stream = try? fork.b.receiveAnswer(session),
            let description = try? a.makeAnswer(from: stream, local: self.legs.a.port.rtp)
        else { return false }
        fork.a = a
        fork.description = description.serialise()
        self.updateMedia(a: fork.a, b: fork.b)
        return true
    }

    /// The branch that a response belongs to, made if it is new; nil above the limit. The first
    /// branch has the tag that a refusal would have.
    func fork(of response: SIPMessage, in setup: inout Setup, limited: Bool = true) -> Int? {
        let remoteTag = Array((try? response.to().tag) ?? [])
        if let index = setup.forks.firstIndex(where: { $0.remoteTag == remoteTag }) {
            return index
        }
        guard setup.forks.count < Fork.limit || !limited else { return nil }
        let isFirst = setup.forks.isEmpty
        let localTag = isFirst ? self.legs.a.localTag : self.context.identifiers.tag()
        if !isFirst { self.register(localTag, .a) }
        setup.forks.append(
            Fork(
                remoteTag: remoteTag, localTag: localTag, a: self.legs.a.session,
                b: self.legs.b.session))
        return setup.forks.count - 1
    }

    /// A response that makes or confirms a dialog: Record-Route comes back, Contact is ours (RFC
    /// 3261 section 12.1.1).
    func dialogResponse(
        _ status: Int, to request: ReceivedRequest, tag: [UInt8], carrying source: SIPMessage?,
        _ carrier: CarriedHeaders.Carrier, description: [UInt8]?
    ) -> [UInt8]? {
        guard var builder = self.context.begin(Reply(status, tag: tag), to: request) else {
            return nil
        }
        builder.copy(all: .recordRoute, from: request.message)
        self.addCapabilities(to: &builder, .a, isRequest: false)
        guard let source else { return builder.finish(description: description) }
        CarriedHeaders.copy(from: source, as: carrier, to: &builder)
        if let description { return builder.finish(description: description) }
        return builder.finish(passing: Payload(source), of: source)
    }

    // MARK: Refusals

    private func refused(status: Int, _ response: SIPMessage, _ setup: Setup) {
        self.legs.b.end = .closed
        let mapped = StatusTable.mapped(initial: status)
        let request = setup.exchange.request
        var reply = Reply(mapped, tag: self.legs.a.localTag)
        if mapped == status, status != 503 { reply.retryAfter = Self.retryAfter(response) }
        if var builder = self.context.begin(reply, to: request) {
            CarriedHeaders.copy(from: response, as: .failure, to: &builder)
            let bytes =
                mapped == status
                ? builder.finish(passing: Payload(response), of: response) : builder.finish()
            self.context.respond(mapped, bytes, to: request)
        }
        self.legs.a.end = .closed
        self.status = mapped
        self.attemptFailed(status: status)
        self.finish(status == 408 ? .timeout : .rejected)
    }

    /// Seconds of a peer's Retry-After, comment and parameters left out.
    private static func retryAfter(_ response: SIPMessage) -> UInt32? {
        guard let seconds = try? response.seconds(.retryAfter) else { return nil }
        return seconds
    }

    /// The INVITE had no final response, or could not be sent (RFC 3261 section 8.1.3.1).
    func inviteFailed(status: Int) {
        switch self.state {
        case .settingUp(let setup):
            self.legs.b.end = .closed
            self.refuse(Reply(status), setup.exchange.request)
            self.finish(.timeout)
        case .ending:
            guard self.transfers.formerLeg == nil else { break }
            self.legs.b.outstanding = nil
            self.finishIfOver()
        case .up, .over: break
        }
    }

    /// Answers the caller's INVITE finally, with the tag of the call.
    func refuse(_ reply: Reply, _ request: ReceivedRequest) {
        var reply = reply
        reply.tag = self.legs.a.localTag
        self.context.respond(reply, to: request)
        self.legs.a.end = .closed
        self.status = reply.status
        self.attemptFailed(status: reply.status)
    }

    /// The callee's phone rang for too long.
    func ringingTimedOut() {
        guard case .settingUp = self.state else { return }
        self.end(.timeout, status: 408, reason: "SIP;cause=408;text=\"Not answered\"")
    }
}
