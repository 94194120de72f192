// SPDX-License-Identifier: Apache-2.0

import CallControl
import SDP
import SIPDialog
import SIPMessage
import SIPTransaction

/// What a telephone knows of reliable responses, UPDATE and session timers.
struct PhoneDialogs {
    /// In Supported of all that it sends.
    var supported: [String] = []
    /// In Require of its INVITEs.
    var required: [String] = []
    /// Value of Allow.
    var allow: String?
    /// Session-Expires and Min-SE of its INVITEs.
    var sessionExpires: String?
    var minSE: String?
    /// Session-Expires of its 2xx to INVITE and UPDATE.
    var answersExpires: String?
    /// Refuses shorter sessions with 422.
    var leastExpires: UInt32?
    /// Sends its 18x reliably, if the INVITE lets it.
    var isReliable = false
    /// Acknowledges the box's.
    var pracks = true
    /// PRACKs bring a new offer, with this direction.
    var prackOffer: String?
    /// Answers an UPDATE, a PRACK or an OPTIONS in a call with this.
    var refusesUpdate: Int?
    var refusesOptions: Int?
}

/// A reliable provisional response of a telephone's.
struct PhoneReliable {
    let sequence: UInt32
    let hasDescription: Bool
}

extension Phone {
    func addExtensions(to builder: inout SIPMessageBuilder, isInvite: Bool) {
        let script = self.script.dialogs
        if let allow = script.allow { builder.add(.allow, allow) }
        if !script.supported.isEmpty {
            builder.add(.supported, script.supported.joined(separator: ", "))
        }
        guard isInvite else { return }
        for tag in script.required { builder.add(.require, tag) }
        if let expires = script.sessionExpires { builder.add(.sessionExpires, expires) }
        if let least = script.minSE { builder.add(.minSE, least) }
    }

    /// What a 2xx of ours says of the session timer.
    func addExpires(to builder: inout SIPMessageBuilder, _ request: SIPMessage) {
        guard let expires = self.script.dialogs.answersExpires else { return }
        builder.add(.sessionExpires, expires)
        if expires.hasSuffix("uac") { builder.add(.require, "timer") }
    }

    /// 422 for a session that is too short; true if it was sent.
    func refusesInterval(
        _ message: SIPMessage, _ id: ServerTransactionID, _ source: Hop
    ) -> Bool {
        guard let least = self.script.dialogs.leastExpires,
            let asked = try? message.sessionExpires(), asked.seconds < least
        else { return false }
        var template = ResponseTemplate(status: 422, reason: "Small")
        template.toTag = Array("x422".utf8)
        guard var builder = template.builder(for: message, from: source) else { return false }
        builder.add(.minSE, least)
        self.note("> 422 \(message.method?.description ?? "?")")
        self.layer.respond(id, status: 422, bytes: builder.finish())
        self.pump()
        return true
    }

    // MARK: As the caller

    /// A provisional response came: acknowledged, if it asks for it.
    func provisionalReceived(_ call: PhoneCall, _ message: SIPMessage, _ sequence: UInt32) {
        guard let invite = call.invite, message.lists(.require, "100rel"),
            let response = try? message.rSeq(), let tag = try? message.to().tag,
            self.script.dialogs.pracks, !self.isDead
        else { return }
        let key = Array(tag)
        if call.early[key] == nil {
            call.early[key] = try? Dialog(client: invite, response: message, overTLS: false)
        }
        if let last = call.received[key], response != last + 1 {
            if response > last + 1 { self.world.report("RSeq \(response) after \(last)") }
            return
        }
        call.received[key] = response
        var body: [UInt8]?
        if call.offersLate, !message.body.isEmpty {
            body = self.answer(call, to: message.body)
        } else if let direction = self.script.dialogs.prackOffer, !message.body.isEmpty {
            call.direction = direction
            body = self.offer(call)
            call.early[key].map { _ in self.note("offer in PRACK") }
        }
        let rack = RAck(response: response, sequence: sequence, method: .invite)
        self.send(.prack, in: call, early: key, body: body) { $0.add(.rAck, rack.bytes) }
    }

    /// Sends a request in an early dialog of a call, or in its dialog.
    func send(
        _ method: Method, in call: PhoneCall, early key: [UInt8]?, body: [UInt8]? = nil,
        _ add: (inout SIPMessageBuilder) -> Void = { _ in }
    ) {
        let (via, branch) = self.via()
        let started: SIPMessageBuilder?
        if let key, call.dialog == nil {
            started = call.early[key]?.request(method, via: via)
        } else {
            started = call.dialog?.request(method, via: via)
        }
        guard var builder = started else { return }
        builder.add(.contact, self.contact)
        self.addExtensions(to: &builder, isInvite: false)
        add(&builder)
        let bytes =
            body.map { builder.finish(body: $0, contentType: "application/sdp") }
            ?? builder.finish()
        let id = self.layer.send(request: bytes, method: method, branch: branch, to: self.hop)
        if let id { self.clients[id] = call.callID }
        self.note("> \(method)")
        self.pump()
    }

    /// UPDATE, with an offer or without, in a call or in the early dialog that came first.
    func update(_ call: PhoneCall, direction: String? = nil, expires: String? = nil) {
        guard self.calls[call.callID] != nil, !call.byeSent else { return }
        if let direction { call.direction = direction }
        let body = direction == nil ? nil : self.offer(call)
        self.send(.update, in: call, early: call.firstEarly, body: body) {
            if let expires { $0.add(.sessionExpires, expires) }
        }
    }

    // MARK: As the callee

    /// Sends a provisional response reliably, again and again until its PRACK comes.
    func respondReliably(
        _ call: PhoneCall, _ status: Int, tag: [UInt8], body: [UInt8]?
    ) {
        guard let invite = call.invite, let id = call.inviteServer, let source = call.inviteSource
        else { return }
        guard call.unpracked[tag] == nil else {
            self.world.after(200) {
                if self.calls[call.callID] === call, call.dialog == nil {
                    self.respondReliably(call, status, tag: tag, body: body)
                }
            }
            return
        }
        // A second description would be another offer, or another answer.
        let body = call.described.contains(tag) ? nil : body
        let sequence = (call.sent[tag] ?? UInt32(self.world.random.below(1000))) + 1
        call.sent[tag] = sequence
        if body != nil { call.described.insert(tag) }
        call.unpracked[tag] = PhoneReliable(sequence: sequence, hasDescription: body != nil)
        if call.early[tag] == nil {
            call.early[tag] = try? Dialog(
                server: invite, localTag: tag, state: .early, overTLS: false)
        }
        var template = ResponseTemplate(status: status, reason: "Reliable")
        template.toTag = tag
        guard var builder = template.builder(for: invite, from: source) else { return }
        builder.add(.contact, self.contact)
        builder.add(.require, "100rel")
        builder.add(.rSeq, sequence)
        self.addExtensions(to: &builder, isInvite: false)
        let bytes =
            body.map { builder.finish(body: $0, contentType: "application/sdp") }
            ?? builder.finish()
        self.note("> \(status) INVITE")
        self.repeatReliably(call, status, bytes, id, tag, sequence, after: 500)
    }

    private func repeatReliably(
        _ call: PhoneCall, _ status: Int, _ bytes: [UInt8], _ id: ServerTransactionID,
        _ tag: [UInt8], _ sequence: UInt32, after: UInt64
    ) {
        guard call.unpracked[tag]?.sequence == sequence, self.calls[call.callID] === call,
            call.dialog == nil, !call.isCancelled, !self.isDead
        else { return }
        guard after <= 32_000 else {
            if let invite = call.invite, let source = call.inviteSource {
                self.respond(504, invite, id, source, tag: call.tag)
            }
            self.calls[call.callID] = nil
            return
        }
        self.layer.respond(id, status: status, bytes: bytes)
        self.pump()
        self.world.after(after) {
            self.repeatReliably(call, status, bytes, id, tag, sequence, after: after * 2)
        }
    }

    /// A PRACK or UPDATE came.
    func dialogRequest(
        _ method: Method, _ call: PhoneCall, _ message: SIPMessage, _ id: ServerTransactionID,
        _ source: Hop
    ) {
        let tag = Array((try? message.to().tag) ?? [])
        let sequence = (try? message.cseq().number) ?? 0
        let check =
            call.dialog != nil
            ? call.dialog?.receive(sequence: sequence, method: method)
            : call.early[tag]?.receive(sequence: sequence, method: method)
        guard check != .outOfOrder else { return self.respond(500, message, id, source) }
        if method == .prack {
            guard let waiting = call.unpracked[tag], let rack = try? message.rAck(),
                rack.response == waiting.sequence
            else { return self.respond(481, message, id, source, tag: tag) }
            call.unpracked[tag] = nil
            if call.invite?.body.isEmpty == true, waiting.hasDescription, message.body.isEmpty {
                self.world.report("PRACK without the answer")
            }
            self.respond(200, message, id, source, tag: tag)
            if call.wantsAccept { self.accept(call) }
            return
        }
        if let status = self.script.dialogs.refusesUpdate {
            return self.respond(status, message, id, source, tag: tag)
        }
        if self.refusesInterval(message, id, source) { return }
        if message.body.isEmpty { return self.respond(200, message, id, source, tag: tag) }
        if call.reinvite != nil || !call.unacknowledged.isEmpty {
            return self.respond(491, message, id, source, tag: tag)
        }
        let body = self.answer(call, to: message.body)
        self.respond(body == nil ? 488 : 200, message, id, source, tag: tag, body: body)
    }
}
