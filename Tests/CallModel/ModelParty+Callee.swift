// SPDX-License-Identifier: Apache-2.0

/// A call that comes to a party; a fork downstream gives it several branches.
final class ModelIncoming {
    let server: ModelServer
    let tag: String
    var branches: [Int: ModelDialog] = [:]
    var isAnswered = false

    init(_ server: ModelServer, tag: String) {
        self.server = server
        self.tag = tag
    }
}

extension ModelParty {
    func called(_ server: ModelServer) {
        let call = ModelIncoming(server, tag: self.unique("u"))
        self.incoming.append(call)
        self.respond(100, server)
        for step in self.habits.progress {
            self.world.after(step.after) { [unowned self] in self.progress(call, step) }
        }
        switch self.habits.answer {
        case .accept(let after, let branch):
            self.world.after(after) { [unowned self] in self.accept(call, branch) }
        case .refuse(let status, let after):
            self.world.after(after) { [unowned self] in self.refuse(call, status) }
        case .never: break
        }
    }

    func refuse(_ call: ModelIncoming, _ status: Int) {
        guard !call.server.isFinal else { return }
        for dialog in call.branches.values { dialog.state = .ended }
        self.respond(status, call.server, tag: call.tag + "0")
    }

    private func branch(_ call: ModelIncoming, _ number: Int) -> ModelDialog {
        if let known = call.branches[number] { return known }
        let request = call.server.request
        let tag = call.tag + "\(number)"
        let dialog = ModelDialog(
            callID: request.callID, local: (request.to + ";tag=\(tag)", tag),
            remote: (request.from, request.fromTag), isCaller: false,
            target: request.contact ?? "", sequences: (0, request.sequence),
            port: self.nextPort(), types: self.habits.types)
        dialog.allow = request.allow
        call.branches[number] = dialog
        self.dialogs.append(dialog)
        return dialog
    }

    // MARK: Before the answer

    private func progress(_ call: ModelIncoming, _ step: ModelHabits.Progress) {
        guard !call.server.isFinal, !self.isDead else { return }
        let dialog = self.branch(call, step.branch)
        guard dialog.state == .early else { return }
        let offer = call.server.request.description
        if step.isReliable, call.server.request.knowsReliable {
            return self.progressReliably(call, dialog, step)
        }
        let body = step.hasDescription && !dialog.isComplete && dialog.sent == nil
            ? offer.flatMap { dialog.answer(self, to: $0) } : nil
        self.respond(step.status, call.server, tag: dialog.localTag, body: body)
    }

    private func progressReliably(
        _ call: ModelIncoming, _ dialog: ModelDialog, _ step: ModelHabits.Progress
    ) {
        guard dialog.unpracked == nil else {
            return self.world.after(200) { [unowned self] in self.progress(call, step) }
        }
        let rseq = (dialog.sent ?? Int(self.world.random.below(1000))) + 1
        var body: String?
        if step.hasDescription, !dialog.isComplete, !dialog.offerOut {
            if let offer = call.server.request.description {
                body = dialog.answer(self, to: offer)
                dialog.isComplete = body != nil
            } else {
                body = dialog.offer(self)
                dialog.offerOut = true
            }
        }
        dialog.sent = rseq
        dialog.unpracked = (rseq, body != nil)
        let bytes = self.response(
            step.status, call.server, tag: dialog.localTag, body: body,
            fields: "Require: 100rel\r\nRSeq: \(rseq)\r\n")
        self.repeatReliably(call, dialog, step.status, rseq, bytes, after: ModelTimer.t1)
    }

    private func repeatReliably(
        _ call: ModelIncoming, _ dialog: ModelDialog, _ status: Int, _ rseq: Int,
        _ bytes: [UInt8], after interval: UInt64
    ) {
        guard dialog.unpracked?.rseq == rseq, dialog.state == .early, !call.server.isFinal else {
            return
        }
        // RFC 3262 section 3: without a PRACK within 64*T1 the request is refused.
        guard interval <= ModelTimer.limit else { return self.refuse(call, 504) }
        call.server.respond(status, bytes)
        self.world.after(interval) { [unowned self] in
            self.repeatReliably(call, dialog, status, rseq, bytes, after: interval * 2)
        }
    }

    func prackReceived(_ dialog: ModelDialog, _ server: ModelServer) {
        let request = server.request
        guard let waiting = dialog.unpracked,
            request.rack.first.map(String.init) == "\(waiting.rseq)"
        else { return self.respond(481, server) }
        dialog.unpracked = nil
        if waiting.hasDescription, dialog.offerOut {
            dialog.offerOut = false
            dialog.isComplete = true
        }
        self.respond(200, server)
    }

    // MARK: The answer

    func accept(_ call: ModelIncoming, _ number: Int) {
        guard !self.isDead, !call.server.isFinal || call.isAnswered else { return }
        let dialog = self.branch(call, number)
        guard dialog.state == .early else { return }
        if dialog.unpracked?.hasDescription == true {
            guard !call.server.isFinal else { return }
            return self.world.after(100) { [unowned self] in self.accept(call, number) }
        }
        var body: String?
        if !dialog.isComplete {
            if let offer = call.server.request.description {
                body = dialog.answer(self, to: offer)
                guard body != nil else { return self.refuse(call, 488) }
                dialog.isComplete = true
            } else {
                body = dialog.offer(self)
                dialog.offerOut = true
            }
        }
        let isFirst = !call.isAnswered
        call.isAnswered = true
        dialog.state = .confirmed
        dialog.unpracked = nil
        self.accepted(dialog, call.server, body, tag: dialog.localTag)
        guard isFirst else { return }
        for (place, after) in self.habits.lateAnswers.enumerated() {
            self.world.after(after) { [unowned self] in self.accept(call, number + 1 + place) }
        }
    }

    /// A 2xx to an INVITE: again and again until its ACK comes (RFC 3261 section 13.3.1.4).
    func accepted(
        _ dialog: ModelDialog, _ server: ModelServer, _ body: String?, tag: String = ""
    ) {
        dialog.unacknowledged = server.request.sequence
        let bytes = self.response(200, server, tag: tag, body: body, fields: "")
        server.respond(200, bytes)
        self.repeatAnswer(
            dialog, server.request.sequence, bytes, after: ModelTimer.t1, since: self.world.now)
    }

    private func repeatAnswer(
        _ dialog: ModelDialog, _ sequence: Int, _ bytes: [UInt8], after interval: UInt64,
        since start: UInt64
    ) {
        self.world.after(interval) { [unowned self] in
            guard dialog.unacknowledged == sequence else { return }
            guard self.world.now < start + ModelTimer.limit else {
                dialog.unacknowledged = nil
                return self.bye(dialog)
            }
            self.transmit(bytes)
            self.repeatAnswer(
                dialog, sequence, bytes, after: min(interval * 2, ModelTimer.t2), since: start)
        }
    }

    func ackReceived(_ message: ModelMessage) {
        guard let dialog = self.dialog(of: message),
            dialog.unacknowledged == message.sequence
        else { return }
        dialog.unacknowledged = nil
        dialog.offerOut = false
        dialog.isComplete = true
        if dialog.wantsBye { self.bye(dialog) }
    }
}
