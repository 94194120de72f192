// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPDialog
import SIPMessage

// INVITEs of our own for other reasons than keys: one at a time, when nothing else is under way.
extension Call {
    /// One is due; it goes out now or when its turn comes.
    func offerLater(_ offer: OwnOffers, _ side: Side) {
        self.legs[side].due.insert(offer)
        self.rekeyIfDue()
    }

    /// Sends the next one that is due; called when offer and answer are at rest on both legs.
    func startOwnOffer() {
        for side in Side.allCases where self.legs[side].isOpen {
            let due = self.legs[side].due
            guard !due.isEmpty else { continue }
            let purpose: OwnOffer =
                due.contains(.align) ? .align : due.contains(.refresh) ? .refresh : .probe
            // Each of them does what the others would.
            self.legs[side].due = []
            if self.sendOwnOffer(purpose, side) { return }
        }
    }

    private func sendOwnOffer(_ purpose: OwnOffer, _ side: Side) -> Bool {
        let offer: SessionDescription?
        if purpose == .align, let stream = self.legs[side.other].session.agreedStream {
            offer = try? self.legs[side].session.makeOffer(
                from: stream, local: self.legs[side].port.rtp)
        } else {
            offer = try? self.legs[side].session.repeatOffer()
        }
        guard let offer, let sent = self.sendReinvite(side, nil, offer: offer) else {
            self.legs[side].session.abandonOffer()
            return false
        }
        if purpose == .probe { self.context.counters.probes &+= 1 }
        self.rekey = Rekey(side: side, sent: sent, purpose: purpose)
        self.checkpoint()
        return true
    }

    /// The final response to one of them.
    func ownOfferResponse(_ own: Rekey, _ response: SIPMessage, status: Int) {
        let side = own.side
        if status < 300 { return self.ownOfferAccepted(own, response) }
        self.legs[side].session.abandonOffer()
        if own.purpose == .refresh {
            self.refreshRefused(side, response, status: status, byUpdate: false)
        } else if StatusTable.endsDialog(status) {
            return self.rekeyLost(status: status)
        }
        guard case .up = self.state else { return }
        if status == 491, self.legs[side].rekeyGlares < Rekey.glaresMax {
            self.legs[side].rekeyGlares += 1
            self.legs[side].due.insert(own.purpose.due)
            self.startGlareTimer(side)
        } else {
            if own.purpose == .align { self.alignmentEnded(side) }
            self.rekeyIfDue()
        }
        self.checkpoint()
    }

    /// A party has said what it takes of the other one's stream, or that it takes none of it.
    private func alignmentEnded(_ side: Side) {
        self.followUp(side)
        self.endUnlessHeard()
    }

    private func ownOfferAccepted(_ own: Rekey, _ response: SIPMessage) {
        let side = own.side
        // What the party offered beyond what we agreed to was never of use to the other one.
        let before = self.legs[side].session.agreedStream
        let session = Payload(response).description.flatMap { try? SessionDescription.parse($0) }
        if session.flatMap({ try? self.legs[side].session.receiveAnswer($0) }) == nil {
            self.legs[side].session.abandonOffer()
        }
        self.acknowledge(side, sequence: own.sent.sequence, description: nil)
        self.legs[side].rekeyGlares = 0
        if own.purpose != .align, Self.concerns(before, self.legs[side].session.agreedStream) {
            self.legs[side.other].due.insert(.align)
        }
        if own.purpose == .align { self.alignmentEnded(side) }
        self.updateMedia()
        self.checkpoint()
        self.rekeyIfDue()
    }
}

extension OwnOffer {
    /// To be tried again.
    var due: OwnOffers {
        switch self {
        case .keys, .join: []
        case .refresh: .refresh
        case .probe: .probe
        case .align: .align
        }
    }
}
