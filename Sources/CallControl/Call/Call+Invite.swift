// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPDialog
import SIPMessage
import SIPTransaction

// Leg b before its answer: the INVITE, provisional responses, forks, refusals.
extension Call {
    /// Puts the caller's INVITE to the first candidate of the search. `offer` is what leg b is
    /// offered; nil when nobody makes an offer yet.
    func begin(_ request: ReceivedRequest, _ search: CallSearch, offer: SessionDescription?) {
        self.search = search
        guard let sent = self.sendInvite(request.message, offer: offer) else {
            self.legs.b.end = .closed
            self.refuse(Reply(500), request)
            return self.finish(.rejected)
        }
        self.register(self.legs.a.localTag, .a)
        self.register(self.legs.b.localTag, .b)
        self.legs.a.peer.learn(from: request.message)
        // A call that the box makes for another one has an offer that no message brought.
        let isMade = self.transfers.attempt != nil
        let offersLater = Payload(request.message).description == nil && !isMade
        self.state = .settingUp(
            Setup(
                exchange: Exchange(
                    from: .a, request: request, offersLater: offersLater, phase: .sent(sent)),
                madeOffer: offer != nil && offersLater))
        if let server = request.server {
            self.context.servers[server] = self.reference(.a)
            self.emit(.tag(server, self.legs.a.localTag))
        }
        let ringing = self.context.configuration.ringMillisecondsMax
        self.emit(.startTimer(.ringing(self.id), milliseconds: ringing))
        self.startSearch()
        self.updateMedia()
        self.checkpoint()
    }

    /// Sends the INVITE of leg b, as it is now; nil if it cannot be written.
    func sendInvite(_ invite: SIPMessage, offer: SessionDescription?) -> SentInvite? {
        guard let written = self.writeInvite(invite, offer: offer),
            let message = try? SIPMessage.parse(written.bytes, framing: .stream)
        else { return nil }
        self.sentInvite = PlacedInvite(bytes: written.bytes, sequence: Self.firstSequence)
        let handle = self.context.send(
            .invite, written.bytes, branch: written.branch, to: self.legs.b.hop,
            for: .invite(self.id))
        return SentInvite(
            handle: handle, message: message, branch: written.branch, hop: self.legs.b.hop,
            sequence: Self.firstSequence)
    }

    /// CSeq number of the INVITE that makes leg b.
    private static var firstSequence: UInt32 { 1 }

    private func writeInvite(
        _ invite: SIPMessage, offer: SessionDescription?
    ) -> (bytes: [UInt8], branch: [UInt8])? {
        guard let search = self.search, let to = try? invite.to() else { return nil }
        let leg = self.legs.b
        let passage = InvitePassage(
            invite, from: self.legs.a.trunk.interworking, to: leg.trunk.interworking,
            host: leg.listener.host, redirection: search.place(search.machine.current),
            shown: search.shown)
        guard let passage else { return nil }
        self.context.count(passage)
        let branch = self.context.identifiers.branch() + search.mark
        var builder = SIPMessageBuilder(
            request: .invite,
            uri: self.returnURI
                ?? AddressRewriter.requestURI(passage.called, to: leg.trunk, passage.calledNumbers))
        builder.add(.via, leg.listener.via(branch: branch))
        builder.add(.maxForwards, decimal(UInt32(clamping: search.forwardsLeft)))
        builder.add(.from, passage.from(leg.listener, tag: leg.localTag))
        builder.add(
            .to,
            self.returnURI.map { [0x3c] + $0 + [0x3e] }
                ?? AddressRewriter.to(to, trunk: leg.trunk, passage.numbers))
        builder.add(.callID, self.context.identifiers.callID(at: leg.listener.host))
        builder.add(.cSeq, CSeq(number: Self.firstSequence, method: .invite).bytes)
        self.addCapabilities(to: &builder, .b, isRequest: true)
        self.addExtensions(to: &builder, .b, isFirst: true)
        passage.add(to: &builder)
        self.addReferral(to: &builder)
        let bytes = builder.finish(
            description: offer?.serialise(), in: Payload(invite), of: invite,
            leg.trunk.interworking.bodies)
        return (bytes, branch)
    }

    /// What every message that makes or refreshes a dialog says of us.
    func addCapabilities(
        to builder: inout SIPMessageBuilder, _ side: Side, isRequest: Bool
    ) {
        builder.add(.contact, self.contact(side))
        let trunk = self.part(side) { $0.trunk }
        builder.add(.allow, AllowedMethods.value(trunk))
        if trunk.digits?.send == .kpml { builder.add(.allowEvents, "kpml") }
        trunk.interworking.headers.addIdentification(to: &builder)
        self.tenant?.add(to: &builder, trunk.tenancy)
        if !isRequest, let supported = trunk.supported {
            builder.add(.supported, supported)
        }
        let product = self.context.configuration.product
        if isRequest, !product.isEmpty { builder.add(.userAgent, product) }
    }

    /// A response to the INVITE that makes leg b.
    func inviteResponse(_ response: SIPMessage, status: Int) {
        switch self.state {
        case .settingUp(let setup):
            switch status {
            case 100: self.search(.trying)
            case 101...199:
                self.search(.progress)
                self.progress(response, status: status, setup)
            case 200...299:
                self.search(.answered)
                self.answer(response, setup)
            default: self.refusedByTarget(status: status, response, setup)
            }
        case .up: self.answeredAgain(response, status: status)
        case .ending: self.outstandingResponse(response, status: status)
        case .over: break
        }
    }

    // MARK: Provisional responses

    private func progress(_ response: SIPMessage, status: Int, _ setup: Setup) {
        var setup = setup
        guard setup.heldAnswer == nil else { return }
        let sequence = self.reliableSequence(response)
        if status == 180 { setup.isRinging = true }
        if (180...189).contains(status) { self.noteRinging() }
        self.attemptProgressed(status: status)
        defer { if case .settingUp = self.state { self.state = .settingUp(setup) } }
        guard let index = self.fork(of: response, in: &setup) else {
            self.context.counters.forksIgnored &+= 1
            return
        }
        self.followBranch(index, &setup)
        if let sequence, !self.takesReliable(sequence, &setup.forks[index]) { return }
        self.takeEarlyGate(of: response)
        let brought = self.takeDescription(
            of: response, isReliable: sequence != nil, branch: index, &setup)
        if let sequence {
            self.sendPrack(sequence, &setup.forks[index], answer: brought.answer)
        }
        let progress = ReliableSender.Waiting(
            status: status, source: response, brings: brought.isUsed)
        self.passProgress(progress, branch: index, &setup)
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
        let isOwn = !isFirst && self.legs.a.trunk.interworking.progress.dialogs == .each
        let localTag = isOwn ? self.context.identifiers.tag() : self.legs.a.localTag
        if isOwn { self.register(localTag, .a) }
        var fork = Fork(
            remoteTag: remoteTag, localTag: localTag, a: self.legs.a.session,
            b: self.legs.b.session,
            sender: ReliableSender(random: self.context.identifiers.below(.max)))
        self.makeDialogs(of: &fork, response, setup)
        setup.forks.append(fork)
        return setup.forks.count - 1
    }

    /// A response that makes or confirms a dialog: Record-Route comes back, Contact is ours (RFC
    /// 3261 section 12.1.1).
    func dialogResponse(
        _ status: Int, to request: ReceivedRequest, tag: [UInt8], carrying source: SIPMessage?,
        _ carrier: CarriedHeaders.Carrier, description: [UInt8]?, reliably sequence: UInt32? = nil
    ) -> [UInt8]? {
        guard var builder = self.context.begin(Reply(status, tag: tag), to: request) else {
            return nil
        }
        builder.copy(all: .recordRoute, from: request.message)
        self.addCapabilities(to: &builder, .a, isRequest: false)
        if let sequence {
            builder.add(.require, "100rel")
            builder.add(.rSeq, sequence)
        }
        if status >= 200 { self.agreeSessionTimer(.a, request.message, &builder) }
        guard let source else { return builder.finish(description: description) }
        CarriedHeaders.copy(
            from: source, as: carrier, to: &builder, self.legs.b.trunk.interworking.headers)
        return builder.finish(
            description: description, in: Self.payload(of: source, description), of: source,
            self.legs.a.trunk.interworking.bodies)
    }

    // MARK: Refusals

    /// Another target may take the call; the refusal of the last one is the caller's.
    private func refusedByTarget(status: Int, _ response: SIPMessage, _ setup: Setup) {
        if status == 422, self.retryInterval(response, setup) {
            self.search(.trying)
            return
        }
        if self.follow(response, status: status) {
            self.search(.redirected)
            return
        }
        let seconds = Self.retryAfter(response)
        guard self.search(.refused(status: status, retryAfterSeconds: seconds)) else { return }
        self.refused(status: status, response, setup)
    }

    private func refused(status: Int, _ response: SIPMessage, _ setup: Setup) {
        self.legs.b.end = .closed
        self.noteCause(of: response)
        self.stopProvisionals(setup)
        let request = setup.exchange.request
        self.refusedCallID = Self.callID(of: request.message)
        if self.pass(response, status: status, request) {
            self.legs.a.end = .closed
            self.status = status
            return self.finish(.rejected)
        }
        let mapped = StatusTable.mapped(initial: status)
        var reply = Reply(mapped, tag: self.legs.a.localTag)
        if mapped == status, status != 503 { reply.retryAfter = Self.retryAfter(response) }
        if var builder = self.context.begin(reply, to: request) {
            CarriedHeaders.copy(
                from: response, as: .failure, to: &builder,
                self.legs.b.trunk.interworking.headers)
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
        case .settingUp: self.search(status == 408 ? .timedOut : .unreachable)
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
        self.refusedCallID = Self.callID(of: request.message)
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
