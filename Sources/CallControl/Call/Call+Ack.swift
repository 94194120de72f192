// SPDX-License-Identifier: Apache-2.0

import SDP
import Sharing
import SIPDialog
import SIPMessage
import SIPTransaction

// ACK for 2xx, both ways.
extension Call {
    /// Acknowledges the 2xx of an INVITE of ours, with the answer where the 2xx brought the offer.
    func acknowledge(_ side: Side, sequence: UInt32, description: SessionDescription?) {
        let branch = self.context.identifiers.branch()
        guard let ack = self.makeAck(side, sequence, branch, description) else { return }
        if let handle = self.part(side, { $0.ackOwedTo }) {
            self.context.change(handle, to: .acknowledged(ack))
            self.legs[side].ackOwedTo = nil
        }
        self.legs[side].ackOwed = nil
        if side == .b, let former = self.legs.b.sentAck, former.sequence != sequence,
            former.sequence == self.sentInvite?.sequence
        {
            self.sentInvite?.ack = former
        }
        self.legs[side].sentAck = ack
        self.emit(.send(ack.bytes, ack.hop))
    }

    private func makeAck(
        _ side: Side, _ sequence: UInt32, _ branch: [UInt8], _ description: SessionDescription?
    ) -> Leg.SentAck? {
        guard let dialog = self.part(side, { $0.dialog }) else { return nil }
        let via = self.part(side) { $0.listener.via(branch: branch) }
        var builder = dialog.acknowledgement(sequence: sequence, via: via)
        let product = self.context.configuration.product
        if !product.isEmpty { builder.add(.userAgent, product) }
        let credentials = self.part(side) { $0.credentials }
        for header in credentials { builder.add(header.name, header.value) }
        return Leg.SentAck(
            sequence: sequence, bytes: builder.finish(description: description?.serialise()).exact,
            hop: self.part(side) { $0.destination(of: dialog) },
            branch: description == nil && credentials.isEmpty ? branch : [])
    }

    /// Our last ACK as it was before the restart: a repeated one is the same for who had it.
    func restoreAck(_ side: Side, _ saved: CallCheckpoint.Ack?) {
        guard let saved else { return }
        self.legs[side].sentAck =
            saved.message.map {
                Leg.SentAck(
                    sequence: saved.sequence, bytes: $0.bytes, hop: $0.hop, branch: [])
            } ?? self.makeAck(side, saved.sequence, saved.branch, nil)
    }

    /// After a 2xx to a re-INVITE of ours: the transaction keeps the ACK, or will once it is there,
    /// and sends it again whatever becomes of the leg.
    func noteAck(of response: SIPMessage, _ handle: RequestHandle, _ side: Side) {
        guard let status = response.status, (200...299).contains(status),
            let cseq = try? response.cseq(), cseq.method == .invite
        else { return }
        if let ack = self.legs[side].sentAck, ack.sequence == cseq.number {
            self.context.change(handle, to: .acknowledged(ack))
        } else if self.legs[side].ackOwed == cseq.number {
            self.legs[side].ackOwedTo = handle
        }
    }

    /// An ACK came on a leg.
    func acknowledged(_ side: Side, _ ack: SIPMessage, sequence: UInt32) {
        guard let awaiting = self.part(side, { $0.awaitingAck }),
            awaiting.sequence == sequence
        else {
            self.context.counters.strays &+= 1
            return
        }
        self.legs[side].awaitingAck = nil
        if let server = awaiting.request.server { self.context.servers[server] = nil }
        if let key = InviteKey(awaiting.request.message) { self.context.awaitedInvites[key] = nil }
        self.checkpoint()
        if case .byeAfterAck = self.part(side, { $0.end }) {
            self.legs[side].end = .open
            self.sendBye(side, reason: nil)
            return
        }
        self.watchKeys()
        guard awaiting.carriesOffer, !self.isEnding else { return self.rekeyIfDue() }
        do throws(OfferAnswerError) {
            try self.relayLateAnswer(from: side, ack)
            self.rekeyIfDue()
        } catch {
            self.context.count(error)
            self.end(.incompatible, reason: "SIP;cause=488;text=\"Not Acceptable Here\"")
        }
    }

    /// The ACK is the answer to what the other party offered in its 2xx: its ACK can go now.
    private func relayLateAnswer(from side: Side, _ ack: SIPMessage) throws(OfferAnswerError) {
        guard let bytes = Payload(ack).description,
            let session = try? SessionDescription.parse(bytes)
        else { throw .answerMismatch }
        let stream = try self.legs[side].session.receiveAnswer(session)
        guard let sequence = self.legs[side.other].ackOwed else {
            // The other party had its answer in a PRACK, or answered an offer of our own, or has
            // come in place of who offered: it hears of it if this one is another.
            let agreed = self.legs[side.other].session
            if !self.transfers.toAlign.contains(side.other),
                Self.concerns(agreed.agreedStream?.reversed, stream)
                    || !self.legs[side].session.agrees(with: agreed)
            {
                self.legs[side.other].due.insert(.align)
            }
            self.updateMedia()
            return self.checkpoint()
        }
        let local = self.legs[side.other].port.rtp
        let answer = try self.legs[side.other].session.makeAnswer(from: stream, local: local)
        self.acknowledge(side.other, sequence: sequence, description: answer)
        self.updateMedia()
        self.checkpoint()
    }

    /// The other party gets its ACK although no answer came: with what was agreed before, or with
    /// an answer that refuses every stream, since the call ends. Where it goes on the party is
    /// offered what the other one will have said by then.
    func acknowledgeWithoutAnswer(_ side: Side) {
        guard let sequence = self.legs[side].ackOwed else { return }
        let local = self.legs[side].port.rtp
        var answer: SessionDescription?
        if let stream = self.legs[side.other].session.relayed {
            answer = try? self.legs[side].session.makeAnswer(from: stream, local: local)
        }
        if answer == nil {
            answer = try? self.legs[side].session.makeRefusal(local: local)
            if !self.isEnding { self.legs[side].due.insert(.align) }
        }
        if answer == nil { self.legs[side].session.abandonOffer() }
        self.acknowledge(side, sequence: sequence, description: answer)
    }

    /// 64 * T1 went by without an ACK (RFC 3261 section 13.3.1.4): the dialog stands, the call is
    /// ended.
    func acknowledgementMissing(_ side: Side) {
        guard self.legs[side].awaitingAck != nil else { return }
        self.legs[side].awaitingAck = nil
        self.context.counters.acknowledgementsMissing &+= 1
        if case .byeAfterAck = self.legs[side].end {
            self.legs[side].end = .open
            self.sendBye(side, reason: nil)
            return
        }
        self.end(.noAcknowledgement, reason: "SIP;cause=408;text=\"No ACK\"")
    }
}
