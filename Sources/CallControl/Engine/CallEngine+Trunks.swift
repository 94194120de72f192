// SPDX-License-Identifier: Apache-2.0

import Admission
import Routing
import SIPMessage
import SIPTransaction

// Whose a message is, for what is done at the edge.
extension CallEngine {
    /// The trunk that a message comes from, or goes to: that of the leg which our tag names, else
    /// the one that the place at the other end belongs to. Our tag is in To of what arrives as a
    /// request or leaves as a response, else in From.
    func trunkName(
        of message: SIPMessage, _ direction: MessageDirection, _ hop: Hop?
    ) -> TrunkName? {
        let isInTo = message.isRequest == (direction == .incoming)
        let party = isInTo ? try? message.to() : try? message.from()
        if let tag = party?.tag, let leg = self.context.tags[Array(tag)],
            let call = self.calls[leg.call]
        {
            return call.legs[leg.side].trunk.name
        }
        guard let hop, let index = self.trunk(from: hop) else { return nil }
        return self.context.configuration.trunks[Int(index.value)].name
    }
}
