// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPDialog
import SIPMessage
import SIPTransaction

// A call that the box makes because another one needs its leg b. It is set up like any other; where
// a caller would hear something, the call hears it that waits.
extension Call {
    /// What its INVITE has besides what every INVITE has.
    func addReferral(to builder: inout SIPMessageBuilder) {
        guard let attempt = self.transfers.attempt else { return }
        if let value = attempt.referredBy { builder.add(.referredBy, value) }
        if self.legs.b.trunk.transfer.sendsReplaces, let value = attempt.replaces {
            builder.add(.replaces, value)
            builder.add(.require, "replaces")
        }
    }

    /// The caller may leave while the callee rings, and another call take what comes of it.
    var mayBeAdopted: Bool {
        guard case .settingUp(let setup) = self.state, case .sent = setup.exchange.phase else {
            return false
        }
        return self.transfers.attempt == nil && !setup.exchange.offersLater
            && setup.heldAnswer == nil
    }

    /// The caller has asked for a transfer to whom it is calling: it is told that this call is
    /// over for it (487), and the box goes on calling.
    func adopt(_ attempt: TransferAttempt) {
        guard case .settingUp(var setup) = self.state else { return }
        let invite = setup.exchange.request
        self.context.respond(Reply(487, tag: self.legs.a.localTag), to: invite)
        if let server = invite.server { self.context.servers[server] = nil }
        self.transfers.attempt = attempt
        self.stopProvisionals(setup)
        for index in setup.forks.indices { _ = setup.forks[index].sender.stop() }
        setup.exchange.request = ReceivedRequest(
            server: nil, message: invite.message, source: invite.source)
        self.legs.a.end = .closed
        self.state = .settingUp(setup)
        self.refreshMedia()
        self.checkpoint()
        if setup.isRinging { self.attemptProgressed(status: 180) }
    }

    /// Request-URI and To of the INVITE where a REFER sent the call back to where it came from,
    /// as long as nobody redirected it.
    var returnURI: [UInt8]? {
        let isRedirected = self.search.flatMap { $0.place($0.machine.current)?.calledURI } != nil
        return isRedirected ? nil : self.transfers.attempt?.uri
    }

    /// A provisional response came.
    func attemptProgressed(status: Int) {
        guard self.transfers.attempt != nil else { return }
        self.context.steps.append(.progress(attempt: self.id, status: status))
    }

    /// It will not be answered; told once.
    func attemptFailed(status: Int) {
        guard self.transfers.attempt?.isSettled == false else { return }
        self.transfers.attempt?.isSettled = true
        self.context.steps.append(.failed(attempt: self.id, status: status))
    }

    /// The callee answered, and has its ACK.
    func attemptAnswered(_ agreement: OfferAnswerLeg, _ sent: SentInvite) {
        self.transfers.attempt?.isSettled = true
        self.legs.b.session = agreement
        self.acknowledge(.b, sequence: sent.sequence, description: nil)
        self.state = .up(nil)
        self.status = 200
        self.noteAnswer()
        self.context.counters.callsAnswered &+= 1
        self.updateMedia()
        self.checkpoint()
        self.context.steps.append(.answered(attempt: self.id))
    }
}
