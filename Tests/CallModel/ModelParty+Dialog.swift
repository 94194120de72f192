// SPDX-License-Identifier: Apache-2.0

// What a party does in a call.
extension ModelParty {
    /// INVITE in a call; without an offer if `isLate`; cancelled after so long.
    func reinvite(
        _ dialog: ModelDialog, _ flow: ModelFlow? = nil, types: [Int]? = nil,
        movesPort: Bool = false,
        isLate: Bool = false, cancelAfter: UInt64? = nil
    ) {
        guard dialog.state == .confirmed, dialog.isAtRest, !self.isDead else { return }
        let (before, codecs, port) = (dialog.wanted, dialog.types, dialog.port)
        if let types { dialog.types = types }
        if let flow { dialog.wanted = flow }
        if movesPort { dialog.port = self.nextPort() }
        var head = self.head("INVITE", dialog)
        head.fields = "Contact: <\(self.uri)>\r\n" + self.capabilities
        dialog.offerOut = !isLate
        let client = self.send(head, isLate ? nil : dialog.offer(self)) { [unowned self] in
            let wasNew = dialog.inviteOut != nil
            self.reinviteAnswered(dialog, $0, isLate: isLate)
            let isRefused = wasNew && dialog.inviteOut == nil && ($0?.status ?? 408) >= 300
            if isRefused, !isLate {
                (dialog.wanted, dialog.types, dialog.port) = (before, codecs, port)
            }
            if isRefused, $0?.status == 491 { self.retry(dialog, flow) }
        }
        dialog.inviteOut = client
        if let cancelAfter {
            self.world.after(cancelAfter) {
                if dialog.inviteOut === client { client.cancel() }
            }
        }
    }

    /// RFC 3261 section 14.1.
    private func retry(_ dialog: ModelDialog, _ flow: ModelFlow?) {
        let random = self.world.random.below(191)
        let tens = dialog.isCaller ? 210 + random : random
        self.world.after(tens * 10) { [unowned self] in
            if !self.world.isCalm { self.reinvite(dialog, flow) }
        }
    }

    private func reinviteAnswered(
        _ dialog: ModelDialog, _ response: ModelMessage?, isLate: Bool
    ) {
        guard let response else {
            dialog.inviteOut = nil
            dialog.offerOut = false
            return self.bye(dialog)
        }
        guard response.status >= 200 else { return }
        if response.status < 300, dialog.acks[response.sequence] != nil {
            return self.acknowledgeAgain(dialog, response.sequence)
        }
        dialog.inviteOut = nil
        dialog.offerOut = false
        if response.status < 300 {
            if let contact = response.contact { dialog.target = contact }
            if let allow = response.allow { dialog.allow = allow }
            let body = isLate
                ? response.description.flatMap { dialog.answer(self, to: $0) } : nil
            // A 2xx wants its ACK though we have said goodbye since.
            self.acknowledge(dialog, response.sequence, body)
        } else if response.status == 481 || response.status == 408 {
            self.bye(dialog)
        }
    }

    /// UPDATE, with an offer if there is a flow.
    func update(_ dialog: ModelDialog, _ flow: ModelFlow?) {
        guard dialog.state != .ended, dialog.takes("UPDATE"), !self.isDead else { return }
        if flow != nil {
            guard dialog.isComplete, !dialog.offerOut, dialog.inviteOut == nil,
                dialog.inviteIn == nil, dialog.unacknowledged == nil, dialog.ackOwed == nil,
                dialog.unpracked == nil
            else { return }
        }
        let before = dialog.wanted
        if let flow { dialog.wanted = flow }
        var head = self.head("UPDATE", dialog)
        head.fields = "Contact: <\(self.uri)>\r\n" + self.capabilities
        if flow != nil { dialog.offerOut = true }
        self.send(head, flow == nil ? nil : dialog.offer(self)) { [unowned self] response in
            guard (response?.status ?? 408) >= 200 else { return }
            if flow != nil {
                dialog.offerOut = false
                if (response?.status ?? 408) >= 300 { dialog.wanted = before }
            }
            let isLost = response == nil || response?.status == 481 || response?.status == 408
            if isLost { self.bye(dialog) }
        }
    }

    func ask(_ method: String, _ dialog: ModelDialog, fields: String = "") {
        guard dialog.state == .confirmed, dialog.takes(method), !self.isDead else { return }
        var head = self.head(method, dialog)
        head.fields = fields
        let isInfo = method == "INFO"
        self.send(head, isInfo ? "Signal=1\r\n" : nil, type: "application/dtmf-relay") { _ in }
    }

    /// REFER to a URI.
    func refer(_ dialog: ModelDialog, to target: String) {
        // Whoever sends one takes NOTIFY (RFC 3515 section 2.4.4).
        guard self.habits.allow?.contains("NOTIFY") != false else { return }
        self.ask(
            "REFER", dialog, fields: "Contact: <\(self.uri)>\r\nRefer-To: <\(target)>\r\n")
    }

    // MARK: What the far end wants

    func reinvited(_ dialog: ModelDialog, _ server: ModelServer) {
        if dialog.state == .early || dialog.inviteIn != nil { return self.respond(500, server) }
        if dialog.inviteOut != nil || dialog.offerOut || dialog.unacknowledged != nil {
            return self.respond(491, server)
        }
        dialog.inviteIn = server
        let (status, delay) = self.manners(server)
        guard delay > 0 else { return self.answer(dialog, server, status) }
        self.world.after(delay) { [unowned self] in self.answer(dialog, server, status) }
    }

    private func answer(_ dialog: ModelDialog, _ server: ModelServer, _ status: Int) {
        guard dialog.inviteIn === server, !server.isFinal, !self.isDead else { return }
        dialog.inviteIn = nil
        guard status == 200 else {
            self.respond(status, server)
            if status == 481 { dialog.state = .ended }
            return
        }
        if let offer = server.request.description {
            guard let body = dialog.answer(self, to: offer) else {
                return self.respond(488, server)
            }
            return self.accepted(dialog, server, body)
        }
        dialog.offerOut = true
        self.accepted(dialog, server, dialog.offer(self))
    }

    /// Usually 200 at once.
    private func manners(_ server: ModelServer) -> (status: Int, delay: UInt64) {
        let random = self.world.random.below(100)
        guard !self.world.isCalm, random < self.habits.rudeness else { return (200, 0) }
        let delay = self.world.random.below(3000)
        switch self.world.random.below(12) {
        case 0, 1: return (488, delay)
        case 2: return (491, 0)
        case 3: return (500, delay)
        case 4: return (481, 0)
        case 5: return (603, 0)
        default: return (200, delay)
        }
    }

    func updated(_ dialog: ModelDialog, _ server: ModelServer) {
        guard let offer = server.request.description else { return self.respond(200, server) }
        if dialog.offerOut { return self.respond(491, server) }
        if !dialog.isComplete || dialog.inviteIn != nil { return self.respond(500, server) }
        if dialog.inviteOut != nil || dialog.unacknowledged != nil {
            return self.respond(491, server)
        }
        let (status, _) = self.manners(server)
        guard status == 200 else {
            self.respond(status, server)
            if status == 481 { dialog.state = .ended }
            return
        }
        let body = dialog.answer(self, to: offer)
        self.respond(body == nil ? 488 : 200, server, body: body)
    }
}
