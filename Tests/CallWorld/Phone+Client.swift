// SPDX-License-Identifier: Apache-2.0

import CallControl
import NetworkAddress
import SDP
import SIPDialog
import SIPMessage
import SIPTransaction

// What a telephone sends.
extension Phone {
    func via() -> (value: [UInt8], branch: [UInt8]) {
        let branch = Array("z9hG4bK\(self.world.random.next())".utf8)
        let transport = self.world.transport == .udp ? "UDP" : "TCP"
        return (Array("SIP/2.0/\(transport) \(self.address);branch=".utf8) + branch, branch)
    }

    var contact: [UInt8] {
        Array("<sip:\(self.name)@\(self.script.contactHost ?? "\(self.address)")>".utf8)
    }

    /// Calls a number.
    @discardableResult
    func dial(_ number: String = "+15551234", maxForwards: Int = 70) -> PhoneCall {
        let random = self.world.random.next()
        self.mediaPort += 2
        let call = PhoneCall(
            callID: Array("\(random)@\(self.name)".utf8), isCaller: true,
            tag: Array("t\(self.world.random.next())".utf8), port: self.mediaPort)
        self.calls[call.callID] = call
        let host = self.hop.remote
        let (via, branch) = self.via()
        var builder = SIPMessageBuilder(
            request: .invite, uri: (self.script.target ?? "sip:\(number)@\(host)").utf8)
        builder.add(.via, via)
        builder.add(.maxForwards, "\(maxForwards)")
        let from = self.script.from ?? "\"A\" <sip:+19990000@\(self.address.address)>"
        builder.add(.from, Array("\(from);tag=".utf8) + call.tag)
        builder.add(.to, "<sip:\(number)@\(host)>")
        builder.add(.callID, call.callID)
        builder.add(.cSeq, "1 INVITE")
        builder.add(.contact, self.contact)
        self.addExtensions(to: &builder, isInvite: true)
        for (name, value) in self.script.extraHeaders { builder.add(name, value) }
        call.offersLate = self.script.offersLate
        let body = call.offersLate ? nil : self.offer(call)
        let bytes: [UInt8]
        if let (type, text) = self.script.inviteBody {
            let sdp = String(decoding: body ?? [], as: UTF8.self)
            let whole = text.replacing("SDP", with: sdp)
            bytes = builder.finish(body: Array(whole.utf8), contentType: type)
        } else {
            bytes =
                body.map { builder.finish(body: $0, contentType: "application/sdp") }
                ?? builder.finish()
        }
        call.invite = try? SIPMessage.parse(bytes, framing: .datagram)
        call.inviteClient = self.layer.send(
            request: bytes, method: .invite, branch: branch, to: self.hop)
        if let id = call.inviteClient { self.clients[id] = call.callID }
        self.note("> INVITE")
        self.pump()
        if let after = self.script.cancelAfter {
            self.world.after(after) { self.cancel(call) }
        }
        return call
    }

    func cancel(_ call: PhoneCall) {
        guard call.dialog == nil, let id = call.inviteClient, self.calls[call.callID] != nil else {
            return
        }
        call.isCancelled = true
        self.note("> CANCEL")
        self.layer.cancel(id)
        self.pump()
    }

    func hangUp(_ call: PhoneCall) {
        guard self.calls[call.callID] != nil, !call.byeSent, call.dialog != nil else { return }
        guard call.isCaller || call.unacknowledged.isEmpty else {
            call.wantsBye = true
            return
        }
        call.byeSent = true
        self.send(.bye, in: call)
    }

    /// Sends a request in the dialog of a call.
    @discardableResult
    func send(
        _ method: Method, in call: PhoneCall, body: [UInt8]? = nil,
        contentType: String = "application/sdp", headers: [(HeaderName, String)] = []
    ) -> ClientTransactionID? {
        let (via, branch) = self.via()
        guard var builder = call.dialog?.request(method, via: via) else { return nil }
        if method == .invite {
            builder.add(.contact, self.contact)
            self.addExtensions(to: &builder, isInvite: false)
        }
        for (name, value) in headers { builder.add(name, value) }
        let bytes =
            body.map { builder.finish(body: $0, contentType: contentType) } ?? builder.finish()
        let id = self.layer.send(request: bytes, method: method, branch: branch, to: self.hop)
        if let id { self.clients[id] = call.callID }
        self.note("> \(method)")
        self.pump()
        return id
    }

    /// Changes the session: direction, port, or asks the other side for an offer.
    func reinvite(
        _ call: PhoneCall, direction: String = "sendrecv", newPort: Bool = false,
        offersLate: Bool = false, body: [UInt8]? = nil
    ) {
        guard self.calls[call.callID] != nil, call.dialog != nil, call.reinvite == nil,
            call.reinviteServer == nil, !call.byeSent, call.unacknowledged.isEmpty
        else { return }
        call.direction = direction
        if newPort {
            self.mediaPort += 2
            call.port = self.mediaPort
        }
        call.reinviteOffersLate = offersLate
        call.reinvite = self.send(
            .invite, in: call, body: offersLate ? nil : body ?? self.offer(call))
    }

    // MARK: Responses

    func responseReceived(_ id: ClientTransactionID, _ message: SIPMessage) {
        guard let callID = self.clients[id], let status = message.status,
            let cseq = try? message.cseq()
        else { return }
        guard let call = self.calls[callID] else {
            self.answeredAfterEnd(message, status, cseq)
            return
        }
        switch cseq.method {
        case .invite where id == call.inviteClient:
            self.inviteAnswered(call, message, status, cseq.number)
        case .invite: self.reinviteAnswered(call, id, message, status, cseq.number)
        case .bye where status >= 200: self.calls[callID] = nil
        case .update where status == 481 || status == 408: self.hangUp(call)
        case .refer where status >= 200: self.referAnswered(call, status)
        default: break
        }
    }

    /// A 200 to a call that is over for us: still to be acknowledged.
    private func answeredAfterEnd(_ message: SIPMessage, _ status: Int, _ cseq: CSeq) {
        guard cseq.method == .invite, (200...299).contains(status) else { return }
        self.note("late 200")
    }

    private func inviteAnswered(
        _ call: PhoneCall, _ message: SIPMessage, _ status: Int, _ sequence: UInt32
    ) {
        guard status >= 200 else { return self.provisionalReceived(call, message, sequence) }
        guard status < 300 else {
            if call.dialog == nil { self.calls[call.callID] = nil }
            return
        }
        guard call.dialog == nil else { return self.repeatAck(call, sequence) }
        let tag = Array((try? message.to().tag) ?? [])
        var early = call.early[tag]
        try? early?.confirm(with: message)
        guard let invite = call.invite,
            let dialog = early
                ?? (try? Dialog(client: invite, response: message, overTLS: false))
        else {
            self.world.report("no dialog")
            return
        }
        call.dialog = dialog
        if self.script.byesInsteadOfAck { return self.hangUp(call) }
        self.acknowledge(
            call, message, sequence, offeredLate: call.offersLate && !message.body.isEmpty)
        if call.isCancelled { return self.hangUp(call) }
        if let after = self.script.hangUpAfter {
            self.world.after(after) { self.hangUp(call) }
        }
    }

    private func acknowledge(
        _ call: PhoneCall, _ message: SIPMessage, _ sequence: UInt32, offeredLate: Bool
    ) {
        guard !self.script.acksNever, let dialog = call.dialog else { return }
        let builder = dialog.acknowledgement(sequence: sequence, via: self.via().value)
        let body =
            offeredLate && !self.script.acksWithoutAnswer
            ? self.answer(call, to: message.body) : nil
        let bytes =
            body.map { builder.finish(body: $0, contentType: "application/sdp") }
            ?? builder.finish()
        call.acks[sequence] = bytes
        self.repeatAck(call, sequence)
    }

    private func repeatAck(_ call: PhoneCall, _ sequence: UInt32) {
        guard let bytes = call.acks[sequence] else { return }
        if self.script.acksLost > 0 {
            self.script.acksLost -= 1
            return
        }
        self.note("> ACK")
        self.layer.send(stateless: bytes, to: self.hop)
        self.pump()
    }

    private func reinviteAnswered(
        _ call: PhoneCall, _ id: ClientTransactionID, _ message: SIPMessage, _ status: Int,
        _ sequence: UInt32
    ) {
        guard status >= 200 else { return }
        if status < 300, call.acks[sequence] != nil { return self.repeatAck(call, sequence) }
        guard call.reinvite == id else { return }
        call.reinvite = nil
        if status < 300 {
            try? call.dialog?.refreshTarget(from: message)
            self.acknowledge(call, message, sequence, offeredLate: call.reinviteOffersLate)
        } else if status == 491 {
            let random = UInt32(self.world.random.below(1 << 31))
            let wait = InviteGlare.retryMilliseconds(ownsCallID: call.isCaller, random: random)
            self.world.after(UInt64(max(wait, 1))) {
                self.reinvite(call, direction: call.direction)
            }
        } else if status == 481 || status == 408 {
            self.hangUp(call)
        }
    }

    func clientFailed(_ id: ClientTransactionID, _ why: String) {
        self.note("! \(why)")
        guard let callID = self.clients[id], let call = self.calls[callID] else { return }
        if call.dialog == nil || call.byeSent {
            self.calls[callID] = nil
        } else if call.reinvite == id {
            call.reinvite = nil
            self.hangUp(call)
        }
    }
}
