// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPMessage

// A call whose caller made no offer to a trunk that needs one: the box makes its own, and offers
// the caller in its 200 what the callee answered. Where the caller's answer leaves some of it out,
// the callee is offered the rest (`Call+OwnOffers`). The same inside the call.
extension Call {
    /// A re-INVITE without an offer, which the other trunk is not to get: its sender is offered
    /// what the other party can, as far as that is known.
    func offerOwn(_ side: Side, _ request: ReceivedRequest) {
        let local = self.legs[side].port.rtp
        self.context.provide(&self.legs[side].session, self.legs[side].trunk.security)
        guard let stream = self.legs[side.other].session.relayed,
            let offer = try? self.legs[side].session.makeOffer(from: stream, local: local)
        else {
            return self.context.respond(Reply(488, tag: self.legs[side].localTag), to: request)
        }
        self.accept(
            side, request, carrying: nil, description: offer.serialise(), carriesOffer: true)
    }
}
