// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPDialog
import SIPMessage
import SIPTransaction

/// An INVITE of our own inside a call: for keys in place of some that cannot be used any more, or
/// for another reason.
struct Rekey {
    let side: Side
    let sent: SentInvite
    var purpose = OwnOffer.keys

    /// Times that one for another reason than keys is tried again after 491. A party says that also
    /// while it waits for an ACK of ours that is lost.
    static let glaresMax = 6
}

// Other keys for a leg. The fast path counts what it sent with a key, and goes on behind that after
// a restart. Where the count is lost a key must not be used again, but the party may give others.
extension Call {
    /// The fast path cannot go on with the keys that a leg has.
    func mediaKeysLost(_ side: Side) {
        guard !self.isEnding, self.legs[side].isOpen, let key = self.media[side].security?.keyID,
            self.legs[side].lostKey != key
        else { return }
        self.legs[side].lostKey = key
        self.rekeyIfDue()
    }

    /// Asks for the keys that are missing, one party after the other. While offer and answer are
    /// under way it waits; they may bring other keys by themselves.
    func rekeyIfDue() {
        self.alignIfDue()
        guard case .up(nil) = self.state, self.rekey == nil, !self.isExchangeOpen else { return }
        for side in Side.allCases {
            guard let lost = self.part(side, { $0.lostKey }) else { continue }
            if self.media[side].security?.keyID == lost { return self.startRekey(side) }
            self.legs[side].lostKey = nil
        }
        self.startOwnOffer()
    }

    private func startRekey(_ side: Side) {
        guard let stream = self.legs[side.other].session.relayed, self.legs[side].isOpen,
            let sent = self.sendRekey(side, stream)
        else {
            self.legs[side].session.abandonOffer()
            return self.endWithoutKeys(status: 500)
        }
        self.context.counters.rekeys &+= 1
        self.rekey = Rekey(side: side, sent: sent)
        // With an ICE restart checks may come before the answer.
        self.updateMedia()
        self.checkpoint()
    }

    private func sendRekey(_ side: Side, _ stream: AudioStream) -> SentInvite? {
        self.legs[side].session.renewKeys()
        self.context.provide(&self.legs[side].session, self.legs[side].trunk.security)
        let local = self.legs[side].port.rtp
        guard let offer = try? self.legs[side].session.makeOffer(from: stream, local: local) else {
            return nil
        }
        return self.sendReinvite(side, nil, offer: offer)
    }

    /// The final response to it.
    func rekeyResponse(_ rekey: Rekey, _ response: SIPMessage, status: Int) {
        self.rekey = nil
        if status < 300 {
            self.legs[rekey.side].peer.learn(from: response)
            try? self.legs[rekey.side].dialog?.refreshTarget(from: response)
            self.takeSessionTimer(rekey.side, response, asked: rekey.sent.message)
        }
        switch rekey.purpose {
        case .keys: break
        case .refresh, .probe, .align:
            return self.ownOfferResponse(rekey, response, status: status)
        case .join: return self.alignmentResponse(rekey, response, status: status)
        }
        if status < 300 { return self.rekeyAccepted(rekey, response) }
        self.legs[rekey.side].session.abandonOffer()
        self.updateMedia()
        if StatusTable.endsDialog(status) { return self.rekeyLost(status: status) }
        guard status == 491, self.legs[rekey.side].rekeyGlares < Exchange.glaresMax else {
            return self.endWithoutKeys(status: status)
        }
        self.legs[rekey.side].rekeyGlares += 1
        self.startGlareTimer(rekey.side)
        self.checkpoint()
    }

    private func rekeyAccepted(_ rekey: Rekey, _ response: SIPMessage) {
        let side = rekey.side
        let session = Payload(response).description.flatMap {
            try? SessionDescription.parse($0)
        }
        let answered = session.map { (try? self.legs[side].session.receiveAnswer($0)) != nil }
        self.acknowledge(side, sequence: rekey.sent.sequence, description: nil)
        guard answered == true else {
            self.legs[side].session.abandonOffer()
            return self.endWithoutKeys(status: 488)
        }
        self.updateMedia()
        self.checkpoint()
        guard self.media[side].security?.keyID != self.legs[side].lostKey else {
            return self.endWithoutKeys(status: 488)
        }
        self.legs[side].lostKey = nil
        self.legs[side].rekeyGlares = 0
        self.rekeyIfDue()
    }

    /// The party's dialog is gone, or it is silent.
    func rekeyLost(status: Int) {
        self.rekey = nil
        self.end(.dialogLost, reason: "SIP;cause=\(status);text=\"Dialog lost\"")
    }

    private func endWithoutKeys(status: Int) {
        self.end(.keysLost, reason: "SIP;cause=\(status);text=\"Media keys lost\"")
    }

    /// The call ends while it is under way.
    func dropRekey() {
        guard let rekey = self.rekey else { return }
        self.rekey = nil
        self.abandon(rekey.sent, rekey.side, reason: [])
    }
}
