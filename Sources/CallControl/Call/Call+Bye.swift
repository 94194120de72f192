// SPDX-License-Identifier: Apache-2.0

import SIPDialog
import SIPMessage
import SIPTransaction

// BYE, both ways.
extension Call {
    /// A party hangs up. Its dialog is over with that (RFC 3261 section 15.1.2).
    func byeReceived(_ side: Side, _ request: ReceivedRequest) {
        self.context.respond(Reply(200, tag: self.legs[side].localTag), to: request)
        if self.leftForTransfer(side) { return }
        let end: CallEnd = side == .a ? .callerBye : .calleeBye
        self.noteCause(of: request.message)
        switch self.state {
        case .settingUp(let setup):
            // The caller ended its early dialog: the same as CANCEL (RFC 3261 section 15).
            self.end(.cancelled, status: 487, reason: [], setup: setup)
        case .up(let exchange):
            self.closeLeg(side)
            self.state = .ending(end)
            if let exchange { self.dropExchange(exchange, status: 487) }
            self.dropRekey()
            self.enterEnding()
            self.passBye(to: side.other, request.message)
            self.finishIfOver()
        case .ending:
            self.closeLeg(side)
            self.finishIfOver()
        case .over: break
        }
    }

    /// The party is gone: a 2xx that it did not acknowledge needs no ACK any more.
    func closeLeg(_ side: Side) {
        self.legs[side].end = .closed
        guard let awaiting = self.legs[side].awaitingAck else { return }
        self.legs[side].awaitingAck = nil
        if let server = awaiting.request.server {
            self.context.servers[server] = nil
            self.emit(.stopRepeating(server))
        }
    }

    private func passBye(to side: Side, _ bye: SIPMessage) {
        self.sendBye(side, reason: nil, carrying: bye)
    }

    /// Ends the dialog of a leg, if it stands. The callee's side of a dialog waits for the ACK
    /// first (RFC 3261 section 15).
    func sendBye(_ side: Side, reason: String?, carrying source: SIPMessage? = nil) {
        guard self.legs[side].isOpen else { return }
        guard self.legs[side].awaitingAck == nil else {
            self.legs[side].end = .byeAfterAck
            return
        }
        self.acknowledgeWithoutAnswer(side)
        guard var request = self.request(.bye, side) else {
            self.legs[side].end = .closed
            return
        }
        if let source {
            CarriedHeaders.copy(
                from: source, as: .bye, to: &request.builder,
                self.legs[side.other].trunk.interworking.headers)
        } else if let reason {
            request.builder.add(.reason, reason)
        }
        let payload = source.map(Payload.init) ?? .none
        let bytes =
            source.map { request.builder.finish(passing: payload, of: $0) }
            ?? request.builder.finish()
        self.legs[side].end = .byeSent
        _ = self.context.send(
            .bye, bytes, branch: request.branch, to: request.hop, for: .bye(self.reference(side)))
    }

    /// A request inside a dialog, ready but for what is special to it.
    struct DialogRequest {
        var builder: SIPMessageBuilder
        let branch: [UInt8]
        let hop: Hop
    }

    /// Begins a request on a leg; nil where there is no dialog.
    func request(_ method: Method, _ side: Side) -> DialogRequest? {
        let branch = self.context.identifiers.branch()
        let via = self.part(side) { $0.listener.via(branch: branch) }
        // In place: its CSeq moves on.
        guard var builder = self.legs[side].dialog?.request(method, via: via),
            let dialog = self.part(side, { $0.dialog })
        else { return nil }
        let product = self.context.configuration.product
        if !product.isEmpty { builder.add(.userAgent, product) }
        return DialogRequest(
            builder: builder, branch: branch,
            hop: self.part(side) { $0.destination(of: dialog) })
    }

    /// The BYE of a leg was answered, or never will be; either way the leg is over.
    func byeFinished(_ side: Side) {
        if case .byeSent = self.legs[side].end { self.legs[side].end = .closed }
        self.finishIfOver()
    }
}
