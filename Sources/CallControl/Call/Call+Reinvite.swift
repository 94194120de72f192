// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPDialog
import SIPMessage
import SIPTransaction

// INVITE inside a call: hold, resume, another address or codec, an offer asked for. It is put to
// the other party, unless nothing in it concerns that one.
extension Call {
    /// A party's re-INVITE, CSeq checked.
    func reinviteReceived(_ side: Side, _ request: ReceivedRequest) {
        let tag = self.legs[side].localTag
        switch self.state {
        case .settingUp:
            self.refusePending(request, tag)
        case .up(let exchange?):
            self.context.counters.glares &+= 1
            if exchange.from == side { return self.refusePending(request, tag) }
            self.context.respond(Reply(491, tag: tag), to: request)
        case .up(nil):
            guard !self.isExchangeOpen, self.rekey == nil, self.legs[side.other].isOpen else {
                self.context.counters.glares &+= 1
                return self.context.respond(Reply(491, tag: tag), to: request)
            }
            self.startReinvite(side, request)
        case .ending, .over:
            self.context.respond(Reply(481, tag: tag), to: request)
        }
    }

    /// RFC 3261 section 14.2: a second INVITE before the first is answered.
    private func refusePending(_ request: ReceivedRequest, _ tag: [UInt8]) {
        var reply = Reply(500, tag: tag)
        reply.retryAfter = self.context.retryAfterPendingSeconds()
        self.context.respond(reply, to: request)
    }

    /// An ACK is awaited or owed on one of the legs: offer and answer may not be complete.
    var isExchangeOpen: Bool {
        self.legs.a.awaitingAck != nil || self.legs.a.ackOwed != nil
            || self.legs.b.awaitingAck != nil || self.legs.b.ackOwed != nil
    }

    func startReinvite(_ side: Side, _ request: ReceivedRequest) {
        let payload = Payload(request.message)
        if case .unsupported = payload {
            return self.context.respond(Reply(415, tag: self.legs[side].localTag), to: request)
        }
        self.legs[side].peer.learn(from: request.message)
        try? self.legs[side].dialog?.refreshTarget(from: request.message)
        guard let bytes = payload.description else {
            if self.legs[side.other].trunk.interworking.offers == .early {
                return self.offerOwn(side, request)
            }
            return self.forward(side, request, offer: nil)
        }
        do throws(OfferAnswerError) {
            guard let session = try? SessionDescription.parse(bytes) else { throw .noAudio }
            let offer = try self.receiveOffer(session, side)
            if offer.isUnchanged, let stream = self.legs[side.other].session.agreedStream {
                return try self.answerRefresh(side, request, stream)
            }
            let local = self.legs[side.other].port.rtp
            let description = try self.legs[side.other].session.makeOffer(
                from: offer.stream, local: local)
            self.forward(side, request, offer: description)
        } catch {
            self.legs[side].session.abandonOffer()
            self.refuseOffer(error, side, request)
        }
    }

    /// Takes a party's offer, and has secrets at hand for the answer to it.
    func receiveOffer(
        _ session: SessionDescription, _ side: Side
    ) throws(OfferAnswerError) -> OfferAnswerLeg.ReceivedOffer {
        let offer = try self.legs[side].session.receiveOffer(session)
        self.context.provide(&self.legs[side].session, self.legs[side].trunk.security)
        return offer
    }

    private func refuseOffer(
        _ error: OfferAnswerError, _ side: Side, _ request: ReceivedRequest
    ) {
        self.context.count(error)
        var reply = Reply(488, tag: self.legs[side].localTag)
        reply.warning = (error.warningCode, error.text)
        self.context.respond(reply, to: request)
    }

    /// Nothing new for the other party: a refresh, or a new Contact only.
    private func answerRefresh(
        _ side: Side, _ request: ReceivedRequest, _ stream: AudioStream
    ) throws(OfferAnswerError) {
        let local = self.legs[side].port.rtp
        let answer = try self.legs[side].session.makeAnswer(from: stream, local: local)
        self.followUp(side)
        self.accept(
            side, request, carrying: nil, description: answer.serialise(), carriesOffer: false)
    }

    /// Puts the INVITE to the other party.
    private func forward(_ side: Side, _ request: ReceivedRequest, offer: SessionDescription?) {
        var exchange = Exchange(
            from: side, request: request, offersLater: offer == nil, phase: .retrying)
        guard let sent = self.sendReinvite(side.other, request.message, offer: offer) else {
            self.abandonOffers()
            return self.context.respond(Reply(500, tag: self.legs[side].localTag), to: request)
        }
        exchange.phase = .sent(sent)
        if let server = request.server { self.context.servers[server] = self.reference(side) }
        self.state = .up(exchange)
        self.checkpoint()
    }

    /// Sends a re-INVITE again that met one of the other party's.
    func retryReinvite(_ exchange: Exchange) {
        var exchange = exchange
        let side = exchange.from.other
        do throws(OfferAnswerError) {
            let offer = try self.repeatOffer(of: exchange)
            guard let sent = self.sendReinvite(side, exchange.request.message, offer: offer) else {
                throw .outOfTurn
            }
            exchange.phase = .sent(sent)
            self.state = .up(exchange)
            self.checkpoint()
        } catch {
            self.refuseReinvite(exchange, Reply(491))
        }
    }

    /// The offer of an INVITE under way, taken from its message once more.
    func repeatOffer(of exchange: Exchange) throws(OfferAnswerError) -> SessionDescription? {
        guard !exchange.offersLater, let bytes = Payload(exchange.request.message).description
        else { return nil }
        guard let session = try? SessionDescription.parse(bytes) else { throw .noAudio }
        self.abandonOffers()
        let offer = try self.receiveOffer(session, exchange.from)
        let side = exchange.from.other
        return try self.legs[side].session.makeOffer(
            from: offer.stream, local: self.legs[side].port.rtp)
    }

    /// Sends an INVITE inside the call, with what goes over from the other party's, if it is one's.
    func sendReinvite(
        _ side: Side, _ source: SIPMessage?, offer: SessionDescription?
    ) -> SentInvite? {
        // An UPDATE stays one where the other party takes it; an answer to an INVITE may take long.
        let method: Method =
            source?.method == .update && self.legs[side].peer.takesUpdate ? .update : .invite
        guard var request = self.request(method, side) else { return nil }
        self.legs[side].credentials = []
        request.builder.add(.contact, self.contact(side))
        request.builder.add(.allow, AllowedMethods.value(self.legs[side].trunk))
        let interworking = self.legs[side].trunk.interworking
        interworking.headers.addIdentification(to: &request.builder)
        self.addExtensions(to: &request.builder, side, isFirst: false)
        if let source {
            CarriedHeaders.copy(
                from: source, as: .reinvite, to: &request.builder,
                self.legs[side.other].trunk.interworking.headers)
        }
        let bytes = request.builder.finish(description: offer?.serialise())
        guard let message = try? SIPMessage.parse(bytes, framing: .stream),
            let cseq = try? message.cseq()
        else { return nil }
        let handle = self.context.send(
            method, bytes, branch: request.branch, to: request.hop,
            for: .reinvite(self.reference(side)))
        return SentInvite(
            handle: handle, message: message, branch: request.branch, hop: request.hop,
            sequence: cseq.number, method: method)
    }

    /// Answers a party's INVITE or UPDATE with 200.
    func accept(
        _ side: Side, _ request: ReceivedRequest, carrying source: SIPMessage?,
        description: [UInt8], carriesOffer: Bool
    ) {
        guard
            var builder = self.context.begin(
                Reply(200, tag: self.legs[side].localTag), to: request)
        else { return }
        self.addCapabilities(to: &builder, side, isRequest: false)
        self.agreeSessionTimer(side, request.message, &builder)
        if let source {
            CarriedHeaders.copy(
                from: source, as: .success, to: &builder,
                self.legs[side.other].trunk.interworking.headers)
        }
        let bytes = builder.finish(description: description)
        let sequence = (try? request.message.cseq())?.number ?? 0
        let isInvite = request.message.method == .invite
        if isInvite {
            self.legs[side].awaitingAck = Leg.AwaitingAck(
                request: request, sequence: sequence, response: bytes, carriesOffer: carriesOffer)
            if let server = request.server { self.context.servers[server] = self.reference(side) }
        }
        self.state = .up(nil)
        self.updateMedia()
        self.checkpoint()
        self.context.respond(200, bytes, to: request)
        if !isInvite { self.rekeyIfDue() }
    }

    func abandonOffers() {
        for side in Side.allCases { self.legs[side].session.abandonOffer() }
    }

    // MARK: Its end

    /// The party that sent it gave up: passed on, and decided by what the other party says. While
    /// it waits to be sent again there is nothing to pass on.
    func cancelReinvite(_ exchange: Exchange) {
        var exchange = exchange
        switch exchange.phase {
        case .sent(let sent):
            exchange.phase = .cancelled(sent)
            self.emit(.cancel(sent.handle, reason: []))
            self.state = .up(exchange)
        case .cancelled: break
        case .retrying:
            self.emit(.stopTimer(.glare(self.id)))
            self.refuseReinvite(exchange, Reply(487))
        }
    }

    /// The call ends while an INVITE is under way inside it (RFC 3261 section 15.1.2).
    func dropExchange(_ exchange: Exchange, status: Int) {
        let tag = self.legs[exchange.from].localTag
        self.context.respond(Reply(status, tag: tag), to: exchange.request)
        if let sent = exchange.sent { self.abandon(sent, exchange.from.other, reason: []) }
    }

    /// The INVITE came to nothing; what was agreed before goes on (RFC 3261 section 14.1).
    func refuseReinvite(_ exchange: Exchange, _ reply: Reply) {
        var reply = reply
        reply.tag = self.legs[exchange.from].localTag
        self.abandonOffers()
        self.state = .up(nil)
        self.context.respond(reply, to: exchange.request)
        self.checkpoint()
        self.rekeyIfDue()
    }
}
