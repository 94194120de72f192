// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPMessage

// A call whose caller made no offer to a trunk that needs one: the box made its own, and offered
// the caller in its 200 what the callee had answered. Where the caller's answer in its ACK leaves
// some of it out, the callee is offered the rest, once.
extension Call {
    /// The caller's answer to what the callee had agreed to before.
    func settleOwnOffer(
        _ side: Side, _ session: SessionDescription
    ) throws(OfferAnswerError) {
        let other = side.other
        guard let agreed = self.legs[other].session.remote else { throw .answerMismatch }
        let stream = try self.legs[side].session.receiveAnswer(session)
        self.updateMedia()
        self.checkpoint()
        guard !Self.isSame(stream, agreed) else { return }
        let local = self.legs[other].port.rtp
        self.context.provide(&self.legs[other].session, self.legs[other].trunk.security)
        let offer = try self.legs[other].session.makeOffer(from: stream, local: local)
        guard let sent = self.sendReinvite(other, nil, offer: offer) else { throw .outOfTurn }
        self.rekey = Rekey(side: other, sent: sent)
        self.checkpoint()
    }

    /// A re-INVITE without an offer, which the other trunk is not to get: its sender is offered
    /// what the other party can, as far as that is known.
    func offerOwn(_ side: Side, _ request: ReceivedRequest) {
        let local = self.legs[side].port.rtp
        self.context.provide(&self.legs[side].session, self.legs[side].trunk.security)
        guard let stream = self.legs[side.other].session.remote,
            let offer = try? self.legs[side].session.makeOffer(from: stream, local: local)
        else {
            return self.context.respond(Reply(488, tag: self.legs[side].localTag), to: request)
        }
        self.accept(
            side, request, carrying: nil, description: offer.serialise(), carriesOffer: true)
    }

    /// The callee does not take what the caller left: both go on with what they have in common.
    func ownOfferRefused() {
        self.checkpoint()
        self.rekeyIfDue()
    }

    /// Both would send and take the same: what was offered was narrowed by nothing.
    private static func isSame(_ answer: AudioStream, _ agreed: AudioStream) -> Bool {
        let speech = answer.formats.filter { !$0.isAuxiliary }
        let other = agreed.formats.filter { !$0.isAuxiliary }
        return answer.direction == agreed.direction.reversed && speech.count == other.count
            && zip(speech, other).allSatisfy { $0.carries($1) }
    }
}
