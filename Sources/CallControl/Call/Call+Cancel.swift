// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import SIPTransaction

// CANCEL, and what an INVITE of ours still has to come to after its call is being ended.
extension Call {
    /// A party cancelled its INVITE, which has no final response.
    func cancelled(by cancel: SIPMessage, invite server: ServerTransactionID) {
        switch self.state {
        case .settingUp(let setup):
            self.noteCause(of: cancel)
            self.end(.cancelled, status: 487, reason: Self.reason(of: cancel), setup: setup)
        case .up(let exchange?) where exchange.request.server == server:
            self.cancelReinvite(exchange)
        case .up, .ending, .over: break
        }
    }

    private static func reason(of cancel: SIPMessage) -> [UInt8] {
        Array(cancel.lines(.reason).joined(separator: Array(", ".utf8)))
    }

    /// Ends a call that is not answered: the caller gets `status`, the callee a CANCEL.
    func end(_ end: CallEnd, status: Int, reason: [UInt8], setup: Setup) {
        var reply = Reply(status)
        if status == 503, end == .mediaRefused {
            reply.retryAfter = self.context.retryAfterSeconds()
        }
        self.refuse(reply, setup.exchange.request)
        self.state = .ending(end)
        self.legs.b.end = .closed
        self.stopProvisionals(setup)
        self.keepBranches(setup)
        if let held = setup.heldAnswer {
            self.answeredAgain(held, status: 200)
        } else if let sent = setup.exchange.sent {
            self.abandon(sent, .b, reason: reason)
        }
        self.enterEnding()
        self.finishIfOver()
    }

    /// Cancels an INVITE of ours and waits for its end.
    func abandon(_ sent: SentInvite, _ side: Side, reason: [UInt8]) {
        self.legs[side].outstanding = Leg.Outstanding(sent: sent)
        self.emit(.cancel(sent.handle, reason: reason))
    }

    /// A response to an INVITE that the call does not need any more. A 2xx that crossed our
    /// CANCEL is acknowledged, and its dialog ended (RFC 3261 section 9.1).
    func outstandingResponse(_ response: SIPMessage, status: Int) {
        guard status >= 200 else { return }
        self.answeredAgain(response, status: status)
        guard self.transfers.formerLeg == nil else { return }
        self.legs.b.outstanding = nil
        self.finishIfOver()
    }
}
