// SPDX-License-Identifier: Apache-2.0

import SIPDialog
import SIPMessage
import SIPTransaction

// REFER of a party, and what becomes of the call that it asked for, as the call sees it that is
// transferred.
extension Call {
    /// A party asks that the other one be connected with somebody else.
    func referReceived(_ side: Side, _ request: ReceivedRequest) {
        let tag = self.legs[side].localTag
        let policy = self.legs[side].trunk.transfer
        guard policy.refer != .refuse else {
            return self.context.refuseMethod(request, .refer)
        }
        guard case .up(let exchange) = self.state, self.legs[side].isOpen else {
            // Before the answer there is nobody to transfer (RFC 5589 section 6 begins with a
            // call); afterwards there is no call.
            return self.refuseRefer(request, self.isEnding ? 481 : 403, tag)
        }
        self.transfers.refers += 1
        let refer: ReferRequest
        do throws(ReferRequest.Fault) {
            refer = try ReferRequest(request.message)
        } catch {
            let status =
                switch error {
                case .malformed: 400
                case .scheme: 416
                case .method: 403
                }
            return self.refuseRefer(request, status, tag)
        }
        // The caller's own 200 may still wait for its ACK; so may an INVITE for its answer.
        let isBusy =
            self.transfers.current != nil || exchange?.from == side
            || self.legs[side].subscription != nil
        guard !isBusy else { return self.refuseRefer(request, 491, tag) }
        guard self.transfers.count < CallTransfers.countMax else {
            self.context.counters.transferChains &+= 1
            return self.refuseRefer(request, 403, tag)
        }
        self.context.steps.append(.refer(self.reference(side), request, refer))
    }

    private func refuseRefer(_ request: ReceivedRequest, _ status: Int, _ tag: [UInt8]) {
        self.context.counters.transfersRefused &+= 1
        self.context.respond(Reply(status, tag: tag), to: request)
    }

    /// Takes a REFER up: 202, and the first NOTIFY at once (RFC 3515 section 2.4.4).
    func acceptRefer(_ side: Side, _ request: ReceivedRequest, isSilent: Bool) {
        let tag = self.legs[side].localTag
        if var builder = self.context.begin(Reply(202, tag: tag), to: request) {
            self.addCapabilities(to: &builder, side, isRequest: false)
            if isSilent { builder.add(.referSub, "false") }
            self.context.respond(202, builder.finish(), to: request)
        }
        self.context.counters.transfersBegun &+= 1
        guard !isSilent else { return }
        let sequence = (try? request.message.cseq())?.number
        let ring = self.context.configuration.ringMillisecondsMax / 1000
        let transaction = self.context.configuration.transactionMilliseconds / 1000
        self.legs[side].subscription = ReferSubscription(
            id: self.transfers.refers > 1 ? sequence : nil, seconds: ring &+ transaction)
        self.tell(side, 100)
    }

    /// Tells who sent a REFER how its call is doing.
    func tell(_ side: Side, _ status: Int) {
        guard var subscription = self.legs[side].subscription, !subscription.isEnding else {
            return
        }
        guard subscription.inFlight == nil else {
            if subscription.waiting ?? 0 < 200 { self.legs[side].subscription?.waiting = status }
            return
        }
        guard status != subscription.told else { return }
        guard var request = self.request(.notify, side) else {
            self.legs[side].subscription = nil
            return
        }
        request.builder.add(.contact, self.contact(side))
        request.builder.add(.event, subscription.event)
        request.builder.add(.subscriptionState, subscription.state(status))
        let bytes = request.builder.finish(
            body: ReferSubscription.fragment(status), contentType: ReferSubscription.contentType)
        subscription.told = status
        subscription.waiting = nil
        subscription.inFlight = self.context.send(
            .notify, bytes, branch: request.branch, to: request.hop,
            for: .notify(self.reference(side)))
        self.legs[side].subscription = subscription
        self.checkpoint()
    }

    /// A NOTIFY was answered, or never will be. The party may have forgotten the subscription
    /// (481): that ends nothing else (RFC 5057 section 5.2).
    func notifyFinished(_ side: Side, status: Int) {
        guard var subscription = self.legs[side].subscription else { return }
        subscription.inFlight = nil
        let isOver = subscription.isEnding || status >= 300
        self.legs[side].subscription = isOver ? nil : subscription
        if isOver {
            self.sayGoodbye(side, patience: status < 300)
        } else if let waiting = subscription.waiting {
            self.tell(side, waiting)
        }
    }

    // MARK: The other call

    /// The call that is being made heard a provisional response.
    func transferProgressed(status: Int) {
        guard let transfer = self.transfers.current else { return }
        self.tell(transfer.side, status)
    }

    /// The call that was made came to nothing. This one goes on as it was, unless who asked for it
    /// has left: then nobody is there to talk to.
    func transferFailed(status: Int) {
        guard let transfer = self.transfers.current else { return }
        self.transfers.current = nil
        self.context.counters.transfersFailed &+= 1
        self.tell(transfer.side, status)
        guard !self.legs[transfer.side].isOpen, !self.isEnding else { return }
        self.end(.transferFailed, reason: "SIP;cause=\(status);text=\"Transfer failed\"")
    }

    /// The call ends while somebody else is being called for it.
    func dropTransfer() {
        guard let transfer = self.transfers.current else { return }
        self.transfers.current = nil
        self.context.counters.transfersFailed &+= 1
        self.context.steps.append(.abandoned(attempt: transfer.attempt))
        if self.legs[transfer.side].isOpen { self.tell(transfer.side, 487) }
    }

    /// Who asked for a transfer hangs up before it is done, as many telephones do once they have
    /// our 202: the other party goes on waiting. False if that is not what happens.
    func leftForTransfer(_ side: Side) -> Bool {
        guard case .up = self.state, self.transfers.current?.side == side else { return false }
        self.releaseExchange(leaving: side)
        self.noteDeparture(side)
        self.closeLeg(side)
        self.stopSessionTimer(side)
        self.legs[side].sessionTimer = nil
        self.updateMedia()
        self.checkpoint()
        return true
    }
}
