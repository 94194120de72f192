// SPDX-License-Identifier: Apache-2.0

/// A user agent of RFC 3261, 3262, 3264 and 3311, written for the model alone: nothing of the
/// product stands in it. What it does beyond answering is the sequence's.
final class ModelParty {
    /// Payload type of telephone events in its offers.
    static let events = 101

    let name: String
    let address: String
    let boxAddress: String
    unowned let world: ModelWorld
    var habits = ModelHabits()
    var clients: [String: ModelClient] = [:]
    var servers: [String: ModelServer] = [:]
    var dialogs: [ModelDialog] = []
    var outgoing: [ModelOutgoing] = []
    var incoming: [ModelIncoming] = []
    /// Says nothing any more.
    var isDead = false
    private var lastPort = 40_000
    private var serial = 0

    init(_ name: String, _ address: String, box: String, _ world: ModelWorld) {
        self.name = name
        self.address = address
        self.boxAddress = box
        self.world = world
    }

    var uri: String { "sip:\(self.name)@\(self.address):5060" }

    func transmit(_ bytes: [UInt8]) {
        guard !self.isDead else { return }
        self.world.send(bytes, from: self)
    }

    func nextPort() -> Int {
        self.lastPort += 2
        return self.lastPort
    }

    func unique(_ prefix: String) -> String {
        self.serial += 1
        return "\(prefix)\(self.name)\(self.serial)"
    }

    func dialog(of message: ModelMessage) -> ModelDialog? {
        let (local, remote) =
            message.isRequest
            ? (message.toTag, message.fromTag) : (message.fromTag, message.toTag)
        return self.dialogs.first {
            $0.callID == message.callID && $0.localTag == local && $0.remoteTag == remote
        }
    }

    // MARK: Arrivals

    func received(_ message: ModelMessage) {
        guard !self.isDead else { return }
        guard message.isRequest else {
            self.clients[message.branch + message.method]?.received(message)
            return
        }
        if message.method == "ACK" {
            if let server = self.servers[message.branch + "INVITE"] {
                return server.acknowledged()
            }
            return self.ackReceived(message)
        }
        let key = message.branch + message.method
        if let known = self.servers[key] { return known.repeated() }
        let server = ModelServer(self, message)
        self.servers[key] = server
        self.dispatch(message, server)
    }

    private func dispatch(_ message: ModelMessage, _ server: ModelServer) {
        if message.method == "CANCEL" { return self.cancelReceived(message, server) }
        if message.toTag.isEmpty {
            guard message.method == "INVITE" else { return self.respond(200, server, tag: "o") }
            return self.called(server)
        }
        guard let dialog = self.dialog(of: message), dialog.state != .ended else {
            return self.respond(481, server)
        }
        guard message.sequence > dialog.remoteSequence else { return self.respond(500, server) }
        dialog.remoteSequence = message.sequence
        if let allow = message.allow { dialog.allow = allow }
        if let contact = message.contact, message.method == "INVITE" || message.method == "UPDATE" {
            dialog.target = contact
        }
        switch message.method {
        case "INVITE": self.reinvited(dialog, server)
        case "BYE": self.byeReceived(dialog, server)
        case "PRACK": self.prackReceived(dialog, server)
        case "UPDATE": self.updated(dialog, server)
        case "REFER": self.respond(405, server)
        default: self.respond(200, server)
        }
    }

    /// Answers a request; `tag` for one outside of a dialog.
    func respond(
        _ status: Int, _ server: ModelServer, tag: String = "", body: String? = nil,
        fields: String = ""
    ) {
        let bytes = self.response(status, server, tag: tag, body: body, fields: fields)
        server.respond(status, bytes)
    }

    func response(
        _ status: Int, _ server: ModelServer, tag: String, body: String?, fields: String
    ) -> [UInt8] {
        let request = server.request
        var text = "SIP/2.0 \(status) M\r\nVia: \(request.via)\r\nFrom: \(request.from)\r\n"
        text += "To: \(request.to)"
        if request.toTag.isEmpty, status > 100 { text += ";tag=\(tag.isEmpty ? "n" : tag)" }
        text += "\r\nCall-ID: \(request.callID)\r\nCSeq: \(request.sequence) \(request.method)\r\n"
        if request.method == "INVITE" || request.method == "UPDATE", status < 300, status > 100 {
            text += "Contact: <\(self.uri)>\r\n" + self.capabilities
        }
        text += fields
        if body != nil { text += "Content-Type: application/sdp\r\n" }
        text += "Content-Length: \(body?.utf8.count ?? 0)\r\n\r\n\(body ?? "")"
        return Array(text.utf8)
    }

    var capabilities: String {
        var text = ""
        if let allow = self.habits.allow { text += "Allow: \(allow)\r\n" }
        if self.habits.knowsReliable { text += "Supported: 100rel\r\n" }
        return text
    }

    // MARK: Requests

    func head(_ method: String, _ dialog: ModelDialog, sequence: Int? = nil) -> ModelHead {
        if sequence == nil { dialog.localSequence += 1 }
        return ModelHead(
            method: method, uri: dialog.target, branch: self.unique("z9hG4bKm"),
            from: dialog.from, to: dialog.to, callID: dialog.callID,
            sequence: sequence ?? dialog.localSequence, address: self.address)
    }

    @discardableResult
    func send(
        _ head: ModelHead, _ body: String? = nil, type: String = "application/sdp",
        answered: @escaping (ModelMessage?) -> Void
    ) -> ModelClient {
        let client = ModelClient(self, head, head.finish(body, type: type), answered: answered)
        self.clients[head.branch + head.method] = client
        return client
    }

    // MARK: Ends

    func bye(_ dialog: ModelDialog) {
        guard dialog.state == .confirmed else { return }
        // Section 15: the callee waits for the ACK.
        guard dialog.unacknowledged == nil else {
            dialog.wantsBye = true
            return
        }
        dialog.state = .ended
        if let server = dialog.inviteIn, !server.isFinal { self.respond(487, server) }
        dialog.inviteIn = nil
        self.send(self.head("BYE", dialog)) { _ in }
    }

    private func byeReceived(_ dialog: ModelDialog, _ server: ModelServer) {
        dialog.state = .ended
        dialog.unacknowledged = nil
        if let invite = dialog.inviteIn, !invite.isFinal { self.respond(487, invite) }
        dialog.inviteIn = nil
        for call in self.incoming where call.branches.values.contains(where: { $0 === dialog }) {
            if !call.server.isFinal { self.respond(487, call.server, tag: dialog.localTag) }
        }
        self.respond(200, server)
    }

    private func cancelReceived(_ message: ModelMessage, _ server: ModelServer) {
        self.respond(200, server, tag: "c")
        guard let invite = self.servers[message.branch + "INVITE"], !invite.isFinal else { return }
        if let call = self.incoming.first(where: { $0.server === invite }) {
            if self.habits.answersWhenCancelled { return self.accept(call, 0) }
            return self.refuse(call, 487)
        }
        for dialog in self.dialogs where dialog.inviteIn === invite { dialog.inviteIn = nil }
        self.respond(487, invite)
    }

    /// Whatever it has, it gives up.
    func leave() {
        for call in self.outgoing where !call.isOver { call.client?.cancel() }
        for call in self.incoming where !call.server.isFinal { self.refuse(call, 480) }
        for dialog in self.dialogs { self.bye(dialog) }
    }

    /// It has a call, or one is being made.
    var isBusy: Bool {
        self.outgoing.contains { !$0.isOver } || self.incoming.contains { !$0.server.isFinal }
            || self.dialogs.contains { $0.state == .confirmed }
    }
}
