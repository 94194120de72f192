// SPDX-License-Identifier: Apache-2.0

import CallControl
import NetworkAddress
import SIPDialog
import SIPMessage
import SIPTransaction

// What a telephone answers.
extension Phone {
    func request(_ message: SIPMessage, _ id: ServerTransactionID, _ source: Hop) {
        guard let method = message.method, let callID = try? Array(message.callID()) else { return }
        let call = self.calls[callID]
        if self.gate?.asks(message, id, source, self) == true { return }
        switch method {
        case .invite where call == nil:
            if (try? message.to().tag) != .some(nil) {
                return self.respond(481, message, id, source)
            }
            self.incoming(message, id, source, callID)
        case .invite: if let call { self.reinvited(call, message, id, source) }
        case .bye:
            guard let call else { return self.respond(481, message, id, source) }
            self.respond(200, message, id, source)
            // Another branch of the same call may end.
            let tag = (try? message.to().tag).flatMap { $0.map(Array.init) }
            guard let own = call.dialog?.key.localTag, own != tag else {
                return self.byeReceived(call)
            }
            // Ours is the call if its ACK comes at last; else that branch was it.
            self.world.after(33_000) {
                if !call.ackedTags.contains(own), self.calls[callID] === call {
                    self.byeReceived(call)
                }
            }
        case .register: self.registered(message, id, source)
        case .prack, .update:
            guard let call else { return self.respond(481, message, id, source) }
            self.dialogRequest(method, call, message, id, source)
        case .options where call != nil:
            self.respond(self.script.dialogs.refusesOptions ?? 200, message, id, source)
        case .refer:
            guard call != nil, let status = self.script.referStatus else {
                return self.respond(call == nil ? 481 : 405, message, id, source)
            }
            self.respond(status, message, id, source)
        case .notify:
            let status = call == nil ? 481 : self.script.notifyStatus
            if call != nil { self.noteNews(message) }
            self.respond(status, message, id, source)
        case .subscribe where self.script.subscribeStatus != nil:
            self.respond(self.script.subscribeStatus ?? 489, message, id, source)
        case .info where call != nil:
            self.respond(self.script.infoStatus, message, id, source)
        case .info, .options: self.respond(call == nil ? 481 : 200, message, id, source)
        default: self.respond(405, message, id, source)
        }
    }

    private func byeReceived(_ call: PhoneCall) {
        if let server = call.inviteServer, let invite = call.invite, let source = call.inviteSource,
            call.dialog == nil
        {
            self.respond(487, invite, server, source, tag: call.tag)
        }
        self.calls[call.callID] = nil
    }

    /// Sends a response; with a session description if there is a body.
    func respond(
        _ status: Int, _ message: SIPMessage, _ id: ServerTransactionID, _ source: Hop,
        tag: [UInt8] = [], body: [UInt8]? = nil
    ) {
        var template = ResponseTemplate(status: status, reason: "Test")
        template.toTag = tag.isEmpty ? Array("x".utf8) : tag
        if status >= 300 { template.retryAfter = self.script.retryAfter }
        guard var builder = template.builder(for: message, from: source) else { return }
        if message.method == .invite, status > 100, status < 300 {
            builder.copy(all: .recordRoute, from: message)
            builder.add(.contact, self.contact)
            for (name, value) in self.script.responseHeaders { builder.add(name, value) }
        }
        if (300...399).contains(status) {
            for contact in self.script.contacts { builder.add(.contact, contact) }
            if self.script.redirectsOnwards {
                builder.add(.contact, "<sip:+1555\(self.requests.count)@far.example>")
            }
        }
        if status >= 200, status < 300, message.method == .invite || message.method == .update {
            self.addExtensions(to: &builder, isInvite: false)
            self.addExpires(to: &builder, message)
        }
        let bytes =
            body.map { builder.finish(body: $0, contentType: "application/sdp") }
            ?? builder.finish()
        self.note("> \(status) \(message.method?.description ?? "?")")
        self.layer.respond(id, status: status, bytes: bytes)
        self.pump()
    }

    // MARK: A new call

    private func incoming(
        _ message: SIPMessage, _ id: ServerTransactionID, _ source: Hop, _ callID: [UInt8]
    ) {
        if self.refusesInterval(message, id, source) { return }
        self.mediaPort += 2
        let call = PhoneCall(
            callID: callID, isCaller: false, tag: Array("u\(self.world.random.next())".utf8),
            port: self.mediaPort)
        call.invite = message
        call.inviteServer = id
        call.inviteSource = source
        self.calls[callID] = call
        for step in self.script.progress {
            self.world.after(step.after) { self.progress(call, step) }
        }
        switch self.script.answer {
        case .accept(let after): self.world.after(after) { self.accept(call) }
        case .refuse(let status, let after):
            self.world.after(after) {
                guard self.isRinging(call) else { return }
                self.respond(status, message, id, source, tag: call.tag)
                self.calls[callID] = nil
            }
        case .never: break
        }
    }

    private func isRinging(_ call: PhoneCall) -> Bool {
        self.calls[call.callID] === call && call.dialog == nil && !call.isCancelled && !self.isDead
    }

    private func tag(_ call: PhoneCall, _ branch: String) -> [UInt8] {
        call.tag + Array(branch.utf8)
    }

    private func progress(_ call: PhoneCall, _ step: PhoneScript.Progress) {
        guard self.isRinging(call), let invite = call.invite, let id = call.inviteServer,
            let source = call.inviteSource
        else { return }
        var body = step.description ? self.answer(call, to: invite.body, branch: step.branch) : nil
        if self.script.dialogs.isReliable,
            invite.lists(.supported, "100rel") || invite.lists(.require, "100rel")
        {
            if step.description, invite.body.isEmpty { body = self.offer(call) }
            return self.respondReliably(
                call, step.status, tag: self.tag(call, step.branch), body: body)
        }
        self.respond(
            step.status, invite, id, source, tag: self.tag(call, step.branch), body: body)
    }

    func accept(_ call: PhoneCall) {
        guard self.isRinging(call), let invite = call.invite, let id = call.inviteServer,
            let source = call.inviteSource
        else { return }
        let tag = self.tag(call, self.script.answerBranch)
        if call.unpracked[tag]?.hasDescription == true {
            call.wantsAccept = true
            return
        }
        let body =
            invite.body.isEmpty ? self.offer(call) : self.answer(call, to: invite.body)
        guard let body else {
            self.respond(488, invite, id, source, tag: call.tag)
            self.calls[call.callID] = nil
            return
        }
        var early = call.early[tag]
        early?.confirm()
        call.dialog =
            early
            ?? (try? Dialog(server: invite, localTag: tag, state: .confirmed, overTLS: false))
        call.unacknowledged.insert((try? invite.cseq().number) ?? 0)
        self.respond(
            200, invite, id, source, tag: tag,
            body: self.script.answersWithoutDescription || call.described.contains(tag)
                ? nil : body)
        for branch in self.script.lateBranches {
            self.world.after(self.script.lateBranchesAfter) {
                self.respond(
                    200, invite, id, source, tag: self.tag(call, branch), body: body)
            }
        }
    }

    // MARK: In the call

    func ackReceived(_ message: SIPMessage) {
        guard let callID = try? Array(message.callID()), let call = self.calls[callID],
            let number = try? message.cseq().number, call.unacknowledged.remove(number) != nil
        else { return }
        if let tag = try? message.to().tag { call.ackedTags.insert(Array(tag)) }
        if call.reinviteServer != nil { call.reinviteServer = nil }
        if call.wantsBye { return self.hangUp(call) }
        if number == (try? call.invite?.cseq().number), let after = self.script.hangUpAfter {
            self.world.after(after) { self.hangUp(call) }
        }
    }

    /// No ACK came for a 200: RFC 3261 section 13.3.1.4 has us say goodbye.
    func ackMissing(_ id: ServerTransactionID) {
        self.note("! no ACK")
        for call in self.calls.values where call.inviteServer == id || call.reinviteServer == id {
            call.unacknowledged = []
            call.reinviteServer = nil
            self.hangUp(call)
        }
    }

    func cancelReceived(_ invite: ServerTransactionID, _ message: SIPMessage) {
        for call in self.calls.values {
            if call.reinviteServer == invite { return }
            guard call.inviteServer == invite, call.dialog == nil, let request = call.invite,
                let source = call.inviteSource
            else { continue }
            if self.script.answersWhenCancelled { return self.accept(call) }
            call.isCancelled = true
            self.respond(487, request, invite, source, tag: call.tag)
            self.calls[call.callID] = nil
            return
        }
    }

    private func reinvited(
        _ call: PhoneCall, _ message: SIPMessage, _ id: ServerTransactionID, _ source: Hop
    ) {
        guard let cseq = try? message.cseq() else { return }
        guard call.dialog?.receive(sequence: cseq.number, method: .invite) == .inOrder else {
            return self.respond(500, message, id, source, tag: call.tag)
        }
        if call.reinvite != nil || !call.unacknowledged.isEmpty {
            return self.respond(491, message, id, source, tag: call.tag)
        }
        if let status = self.script.refusesReinvite {
            return self.respond(status, message, id, source, tag: call.tag)
        }
        let body =
            message.body.isEmpty ? self.offer(call) : self.answer(call, to: message.body)
        guard let body else { return self.respond(488, message, id, source, tag: call.tag) }
        call.reinviteServer = id
        call.unacknowledged.insert(cseq.number)
        self.respond(200, message, id, source, tag: call.tag, body: body)
    }
}
