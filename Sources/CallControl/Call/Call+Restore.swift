// SPDX-License-Identifier: Apache-2.0

import SDP
import Sharing
import SIPDialog
import SIPMessage
import SIPTransaction

// A call after a restart. Established ones go on. One that was being set up ends: its INVITE goes
// through the transaction layer again, so that the caller's 503 is repeated until it is
// acknowledged, and the callee's INVITE is repeated and cancelled, so that whatever comes of it,
// late 200 included, has a transaction that handles it.
extension Call {
    /// Takes up a checkpoint. The legs are as it says, and registered; nothing was sent yet.
    func restore(_ checkpoint: CallCheckpoint) {
        self.restoreAck(.a, checkpoint.a.ack)
        self.restoreAck(.b, checkpoint.b.ack)
        switch checkpoint.stage {
        case .settingUp: self.restoreSetup(checkpoint)
        case .up: self.restoreUp(checkpoint)
        case .ending: self.restoreEnding(checkpoint)
        }
    }

    private func restoreSetup(_ checkpoint: CallCheckpoint) {
        self.state = .ending(.restart)
        self.legs.b.end = .closed
        if let exchange = checkpoint.exchange {
            if let refer = Self.refer(exchange.received) {
                self.context.steps.append(.lost(refer))
            } else if checkpoint.a.isOpen, self.replay(exchange.received) {
                self.awaitsRefusal = true
            }
            self.resumeCancelled(exchange.sent, .b)
        }
        if !self.awaitsRefusal { self.legs.a.end = .closed }
        self.startEndingTimer()
        self.finishIfOver()
    }

    /// The call was made for a transfer: nobody's INVITE has to be answered. Nor has that of a test
    /// call, whose leg a never was open.
    private static func refer(_ message: CallCheckpoint.Message) -> SIPMessage? {
        guard let parsed = try? SIPMessage.parse(message.bytes, framing: .stream),
            parsed.method == .refer
        else { return nil }
        return parsed
    }

    private func restoreUp(_ checkpoint: CallCheckpoint) {
        self.state = .up(nil)
        self.media = checkpoint.media
        self.updateMedia()
        self.startAudit()
        for side in Side.allCases { self.armSessionTimer(side) }
        self.restoreAcks()
        self.transfers.refers = 1
        guard self.legs.a.isOpen, self.legs.b.isOpen else {
            // Who asked for a transfer had left, and whoever was called for it gets a CANCEL.
            return self.end(.restart, reason: "SIP;cause=480;text=\"Restart\"")
        }
        if let saved = checkpoint.rekey, checkpoint.exchange == nil {
            return self.restoreRekey(saved)
        }
        guard let exchange = checkpoint.exchange else { return }
        if !self.restoreExchange(exchange) {
            self.abandonOffers()
            self.state = .up(nil)
        }
    }

    private func restoreEnding(_ checkpoint: CallCheckpoint) {
        let end = checkpoint.answeredAt == nil ? CallEnd.cancelled : .restart
        self.state = .ending(checkpoint.record.end ?? end)
        self.startEndingTimer()
        self.restoreAcks()
        for (side, leg) in [(Side.a, checkpoint.a), (.b, checkpoint.b)] {
            self.resumeCancelled(leg.outstanding, side)
            if self.legs[side].dialog == nil { self.legs[side].end = .closed }
            self.sendBye(side, reason: "SIP;cause=480;text=\"Restart\"")
        }
        self.finishIfOver()
    }

    /// A 2xx of ours waits for its ACK again, and the other party gets the ACK that it may never
    /// have seen.
    private func restoreAcks() {
        for side in Side.allCases {
            guard let awaiting = self.legs[side].awaitingAck else { continue }
            _ = self.replay(awaiting.request.checkpoint)
            if let ack = self.legs[side.other].sentAck { self.emit(.send(ack.bytes, ack.hop)) }
        }
    }

    /// An INVITE inside the call goes on where it was.
    private func restoreExchange(_ saved: CallCheckpoint.Exchange) -> Bool {
        guard let message = try? SIPMessage.parse(saved.received.bytes, framing: .stream) else {
            return false
        }
        let request = ReceivedRequest(server: nil, message: message, source: saved.received.hop)
        var exchange = Exchange(
            from: saved.from, request: request,
            offersLater: Payload(message).description == nil, phase: .retrying)
        self.state = .up(exchange)
        guard self.replay(saved.received) else { return false }
        guard let sent = saved.sent.flatMap({ self.resume($0, saved.from.other) }) else {
            self.emit(.startTimer(.glare(self.id), milliseconds: 1))
            return true
        }
        exchange.phase = saved.isCancelled ? .cancelled(sent) : .sent(sent)
        if saved.isCancelled { self.emit(.cancel(sent.handle, reason: [])) }
        self.state = .up(exchange)
        return true
    }

    /// An INVITE of our own goes on where it was.
    private func restoreRekey(_ saved: CallCheckpoint.Rekey) {
        guard let sent = self.resume(saved.sent, saved.side) else {
            return self.legs[saved.side].session.abandonOffer()
        }
        if saved.purpose == .keys {
            self.legs[saved.side].lostKey = self.media[saved.side].security?.keyID
        }
        self.rekey = Rekey(side: saved.side, sent: sent, purpose: saved.purpose)
    }

    /// Has the transaction layer take an INVITE again; false if it cannot be read.
    private func replay(_ message: CallCheckpoint.Message) -> Bool {
        guard let parsed = try? SIPMessage.parse(message.bytes, framing: .stream),
            let key = InviteKey(parsed)
        else { return false }
        self.context.awaitedInvites[key] = self.id
        self.awaitedKeys.append(key)
        self.emit(.replay(message.bytes, message.hop))
        return true
    }

    /// Sends an INVITE of ours once more, with the branch that it had: for its receiver it is a
    /// retransmission.
    private func resume(_ message: CallCheckpoint.Message, _ side: Side) -> SentInvite? {
        guard let parsed = try? SIPMessage.parse(message.bytes, framing: .stream),
            let branch = try? parsed.topVia().branch, let cseq = try? parsed.cseq(),
            let method = parsed.method
        else { return nil }
        let isFirst = self.legs[side].dialog == nil
        let handle = self.context.send(
            method, message.bytes, branch: Array(branch), to: message.hop,
            for: isFirst ? .invite(self.id) : .reinvite(self.reference(side)))
        if isFirst {
            self.sentInvite = PlacedInvite(bytes: message.bytes, sequence: cseq.number)
        }
        return SentInvite(
            handle: handle, message: parsed, branch: Array(branch), hop: message.hop,
            sequence: cseq.number, method: method)
    }

    private func resumeCancelled(_ message: CallCheckpoint.Message?, _ side: Side) {
        guard let sent = message.flatMap({ self.resume($0, side) }) else { return }
        self.abandon(sent, side, reason: [])
    }

    /// The transaction layer passes on an INVITE that was replayed, or that its sender repeated.
    func inviteCameAgain(_ request: ReceivedRequest, _ key: InviteKey) {
        self.context.awaitedInvites[key] = nil
        self.awaitedKeys.removeAll { $0 == key }
        if self.awaitsRefusal {
            self.awaitsRefusal = false
            var reply = Reply(503)
            reply.retryAfter = self.context.retryAfterSeconds()
            self.refuse(reply, request)
            return self.finishIfOver()
        }
        for side in Side.allCases where self.legs[side].isAwaitingAck(of: key) {
            guard let response = self.legs[side].awaitingAck?.response else { continue }
            self.legs[side].awaitingAck?.request.server = request.server
            self.own(request, side)
            return self.context.respond(200, response, to: request)
        }
        if case .up(var exchange?) = self.state, InviteKey(exchange.request.message) == key {
            exchange.request.server = request.server
            self.own(request, exchange.from)
            self.state = .up(exchange)
            return
        }
        self.context.respond(Reply(481, tag: self.legs.a.localTag), to: request)
    }

    private func own(_ request: ReceivedRequest, _ side: Side) {
        if let server = request.server { self.context.servers[server] = self.reference(side) }
    }
}

extension Leg {
    fileprivate func isAwaitingAck(of key: InviteKey) -> Bool {
        guard let awaiting = self.awaitingAck else { return false }
        return InviteKey(awaiting.request.message) == key
    }

    /// A leg from its checkpoint. `trunk` is the configured one, or what is left of it.
    init(
        _ saved: CallCheckpoint.Leg, trunk: Shared<TrunkSettings>,
        listener: Shared<ListenerSettings>, session: OfferAnswerLeg, port: MediaPort
    ) {
        self.init(
            trunk: trunk, listener: listener, hop: saved.hop, localTag: saved.localTag,
            session: session, port: port)
        self.dialog = saved.dialog
        self.end = saved.isOpen ? .open : .closed
        self.keys = saved.keys
        self.peer = saved.peer
        self.sessionTimer = saved.sessionTimer
        self.leastExpires = saved.leastExpires
        self.due = saved.due
        self.ackOwed = saved.ackOwed
        if let answer = saved.answer,
            let message = try? SIPMessage.parse(answer.received.bytes, framing: .stream),
            let cseq = try? message.cseq()
        {
            self.awaitingAck = AwaitingAck(
                request: ReceivedRequest(
                    server: nil, message: message, source: answer.received.hop),
                sequence: cseq.number, response: answer.response,
                carriesOffer: answer.carriesOffer)
        }
    }
}
