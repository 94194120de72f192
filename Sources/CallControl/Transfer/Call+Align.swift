// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPDialog
import SIPMessage
import SIPTransaction

// After a leg was replaced: a party that was told something else than what the new one has gets a
// re-INVITE of ours. The other one notices nothing.
extension Call {
    /// Both parties hear each other again, as far as offers of ours go: whoever was on hold for the
    /// party that left is not any more.
    func align(_ sides: [Side]) {
        self.transfers.toAlign = sides
        self.transfers.followUps = 0
        for side in sides { self.legs[side].due.remove(.align) }
        self.rekeyIfDue()
    }

    /// Offers to the next leg that waits. While offer and answer are under way it waits; they may
    /// bring by themselves what is missing.
    func alignIfDue() {
        guard case .up(nil) = self.state, self.rekey == nil, !self.isExchangeOpen else { return }
        while let side = self.transfers.toAlign.first {
            self.transfers.toAlign.removeFirst()
            guard self.legs[side].isOpen, self.legs[side.other].isOpen else { continue }
            guard let stream = self.streamForAlignment(side) else {
                self.followUp(side.other)
                continue
            }
            if self.sendAlignment(side, stream) { return }
        }
    }

    /// What a leg has to be offered; nil: it has it.
    private func streamForAlignment(_ side: Side) -> AudioStream? {
        guard var stream = self.legs[side.other].session.relayed else { return nil }
        stream.direction = .sendrecv
        return self.legs[side].session.isInLine(with: stream) ? nil : stream
    }

    private func sendAlignment(_ side: Side, _ stream: AudioStream) -> Bool {
        self.context.provide(&self.legs[side].session, self.legs[side].trunk.security)
        let local = self.legs[side].port.rtp
        guard let offer = try? self.legs[side].session.makeOffer(from: stream, local: local),
            let sent = self.sendReinvite(side, nil, offer: offer)
        else {
            self.legs[side].session.abandonOffer()
            self.endUnlessHeard()
            return false
        }
        self.context.counters.alignments &+= 1
        self.rekey = Rekey(side: side, sent: sent, purpose: .join)
        self.checkpoint()
        return true
    }

    /// The final response to it.
    func alignmentResponse(_ rekey: Rekey, _ response: SIPMessage, status: Int) {
        let side = rekey.side
        guard status >= 300 else { return self.alignmentAccepted(rekey, response) }
        self.legs[side].session.abandonOffer()
        self.updateMedia()
        self.checkpoint()
        if StatusTable.endsDialog(status) { return self.rekeyLost(status: status) }
        if status == 491, self.legs[side].rekeyGlares < Rekey.glaresMax {
            self.legs[side].rekeyGlares += 1
            self.transfers.toAlign.insert(side, at: 0)
            return self.startGlareTimer(side)
        }
        self.endUnlessHeard()
        self.followUp(side)
        self.rekeyIfDue()
    }

    /// It was an INVITE with our offer, or, where it is what is left of another party's, one that
    /// asked for an offer.
    private func alignmentAccepted(_ rekey: Rekey, _ response: SIPMessage) {
        let side = rekey.side
        self.legs[side].rekeyGlares = 0
        let session = Payload(response).description.flatMap { try? SessionDescription.parse($0) }
        if self.legs[side].session.phase == .offerSent {
            let answered = session.map { (try? self.legs[side].session.receiveAnswer($0)) != nil }
            if rekey.sent.method == .invite {
                self.acknowledge(side, sequence: rekey.sent.sequence, description: nil)
            }
            if answered != true { self.legs[side].session.abandonOffer() }
        } else {
            if let session { _ = try? self.receiveOffer(session, side) }
            self.legs[side].ackOwed = rekey.sent.sequence
            self.acknowledgeWithoutAnswer(side)
        }
        self.updateMedia()
        self.checkpoint()
        self.endUnlessHeard()
        self.followUp(side)
        self.rekeyIfDue()
    }

    /// A party took less of our offer than there was in it, or none of it: the other one hears of
    /// that, until both have the same.
    func followUp(_ side: Side) {
        guard self.transfers.toAlign.isEmpty, !self.legs[side.other].due.contains(.align),
            self.transfers.followUps < CallTransfers.followUpsMax,
            !self.legs[side].session.agrees(with: self.legs[side.other].session)
        else { return }
        self.transfers.followUps += 1
        self.legs[side.other].due.insert(.align)
    }

    /// A party that does not follow may still have a codec in common with the other one. If it has
    /// none, and nobody is to be asked any more, nobody hears anything, and the call is over.
    func endUnlessHeard() {
        guard !self.isEnding, self.transfers.toAlign.isEmpty,
            !self.legs.a.due.contains(.align), !self.legs.b.due.contains(.align),
            !self.legs.a.session.isHeard(by: self.legs.b.session)
        else { return }
        self.end(.incompatible, reason: "SIP;cause=488;text=\"Not Acceptable Here\"")
    }
}
