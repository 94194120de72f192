// SPDX-License-Identifier: Apache-2.0

/// A call that a party makes.
final class ModelOutgoing {
    var client: ModelClient?
    let offersLate: Bool
    let offer: ModelDialog
    var early: [String: ModelDialog] = [:]
    var answered: ModelDialog?
    var isOver = false

    init(_ offer: ModelDialog, offersLate: Bool) {
        self.offer = offer
        self.offersLate = offersLate
    }
}

extension ModelParty {
    /// Calls a number. `replaces` names a dialog that is to be taken over.
    func dial(_ number: String, fields: String = "") {
        let tag = self.unique("t")
        let from = "<\(self.uri)>;tag=\(tag)"
        let to = "<sip:\(number)@\(self.boxAddress)>"
        // Carries the offer; its early dialogs take over from it.
        let root = ModelDialog(
            callID: self.unique("call-") + "@\(self.address)", local: (from, tag), remote: (to, ""),
            isCaller: true, target: "sip:\(number)@\(self.boxAddress)", sequences: (1, 0),
            port: self.nextPort(), types: self.habits.types)
        let call = ModelOutgoing(root, offersLate: self.habits.offersLate)
        self.outgoing.append(call)
        var head = self.head("INVITE", root, sequence: 1)
        head.fields = "Contact: <\(self.uri)>\r\n" + self.capabilities + fields
        let body = call.offersLate ? nil : root.offer(self)
        call.client = self.send(head, body) { [unowned self] in self.inviteAnswered(call, $0) }
        if let after = self.habits.cancelAfter {
            self.world.after(after) { call.client?.cancel() }
        }
    }

    private func inviteAnswered(_ call: ModelOutgoing, _ response: ModelMessage?) {
        guard let response, response.status < 300 else {
            call.isOver = true
            for dialog in call.early.values where dialog.state == .early { dialog.state = .ended }
            return
        }
        guard response.status > 100, !response.toTag.isEmpty else { return }
        let dialog = self.branch(call, response)
        if response.status < 200 {
            self.progressed(call, dialog, response)
        } else {
            self.established(call, dialog, response)
        }
    }

    private func branch(_ call: ModelOutgoing, _ response: ModelMessage) -> ModelDialog {
        if let known = call.early[response.toTag] { return known }
        let dialog = ModelDialog(
            callID: call.offer.callID, local: (call.offer.from, call.offer.localTag),
            remote: (response.to, response.toTag), isCaller: true,
            target: response.contact ?? call.offer.target,
            sequences: (call.offer.localSequence, 0), port: call.offer.port,
            types: call.offer.types)
        dialog.version = call.offer.version
        if !call.offersLate {
            _ = dialog.offer(self)
            dialog.version = call.offer.version
            dialog.offerOut = true
        }
        call.early[response.toTag] = dialog
        self.dialogs.append(dialog)
        return dialog
    }

    private func progressed(
        _ call: ModelOutgoing, _ dialog: ModelDialog, _ response: ModelMessage
    ) {
        if let allow = response.allow { dialog.allow = allow }
        guard response.isReliable, let rseq = response.rseq, self.habits.pracks,
            dialog.state == .early
        else { return }
        if let last = dialog.received, rseq != last + 1 { return }
        dialog.received = rseq
        var body: String?
        if let description = response.description {
            if call.offersLate, !dialog.isComplete {
                body = dialog.answer(self, to: description)
                dialog.isComplete = body != nil
            } else if !dialog.isComplete {
                dialog.isComplete = true
                dialog.offerOut = false
            }
        }
        let mayOffer = body == nil && dialog.isComplete && !dialog.offerOut
        let offers = self.habits.prackOffers && mayOffer
        if offers {
            dialog.wanted = ModelFlow(true, false)
            dialog.offerOut = true
            body = dialog.offer(self)
        }
        var head = self.head("PRACK", dialog)
        head.fields = "RAck: \(rseq) \(response.sequence) INVITE\r\n"
        self.send(head, body) { answer in
            guard offers, (answer?.status ?? 408) >= 200 else { return }
            dialog.offerOut = false
        }
    }

    private func established(
        _ call: ModelOutgoing, _ dialog: ModelDialog, _ response: ModelMessage
    ) {
        if let known = call.answered {
            if dialog !== known {
                self.world.judge.fault("one-final", "a caller's INVITE has two 2xx")
            }
            return self.acknowledgeAgain(dialog, response.sequence)
        }
        call.answered = dialog
        call.isOver = true
        for other in call.early.values where other !== dialog { other.state = .ended }
        dialog.state = .confirmed
        if let contact = response.contact { dialog.target = contact }
        if let allow = response.allow { dialog.allow = allow }
        var body: String?
        if let description = response.description, !dialog.isComplete {
            if call.offersLate {
                body = dialog.answer(self, to: description)
                    ?? dialog.describe(self, ModelFlow(false, false), [0], events: -1)
            }
            dialog.isComplete = true
            dialog.offerOut = false
        }
        self.acknowledge(dialog, response.sequence, body)
        if call.client?.isCancelled == true { self.bye(dialog) }
    }

    /// ACK of a 2xx, perhaps late, perhaps not the first time.
    func acknowledge(_ dialog: ModelDialog, _ sequence: Int, _ body: String?) {
        dialog.acks[sequence] = self.head("ACK", dialog, sequence: sequence).finish(body)
        let delay = self.world.isCalm ? 0 : self.habits.ackDelay
        guard delay > 0 else { return self.acknowledgeAgain(dialog, sequence) }
        dialog.ackOwed = sequence
        self.world.after(delay) { self.acknowledgeAgain(dialog, sequence) }
    }

    func acknowledgeAgain(_ dialog: ModelDialog, _ sequence: Int) {
        guard let bytes = dialog.acks[sequence] else { return }
        if self.habits.acksHeldBack > 0, !self.world.isCalm {
            self.habits.acksHeldBack -= 1
            return
        }
        if dialog.ackOwed == sequence { dialog.ackOwed = nil }
        self.transmit(bytes)
    }
}
