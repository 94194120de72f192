// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPDialog
import SIPMessage
import SIPTransaction

// Requests inside a call, sorted by method. INFO passes to the other party, because telephones send
// digits in it, unless that party does not take it; REFER and NOTIFY are `Call+Refer`'s and
// `Call+Events`'; what would change state that the box does not keep is refused with the list of
// what is served.
extension Call {
    /// A request of a party whose tags fit. `sequence` is its CSeq number.
    func requestReceived(
        _ side: Side, _ method: Method, _ request: ReceivedRequest, _ key: DialogKey,
        sequence: UInt32
    ) {
        if let reply = self.context.extensionRefusal(request.message, self.legs[side].trunk) {
            var reply = reply
            reply.tag = key.localTag
            return self.context.respond(reply, to: request)
        }
        if case .settingUp(let setup) = self.state {
            if method == .prack || method == .update {
                return self.earlyRequestReceived(
                    side, method, request, key, setup, sequence: sequence)
            }
            if side == .b, method != .options, method != .info {
                return self.context.respond(Reply(481, tag: key.localTag), to: request)
            }
        }
        let check = self.legs[side].dialog?.receive(sequence: sequence, method: method)
        guard check != .outOfOrder else {
            return self.context.respond(
                Reply(500, tag: self.legs[side].localTag), to: request)
        }
        switch method {
        case .invite: self.reinviteReceived(side, request)
        case .bye: self.byeReceived(side, request)
        case .info: self.infoReceived(side, request)
        case .prack: self.latePrackReceived(side, request)
        case .update: self.updateReceived(side, request)
        case .refer: self.referReceived(side, request)
        case .notify: self.notifyReceived(side, request)
        case .subscribe: self.subscribeReceived(side, request)
        case .options:
            var reply = Reply(200, tag: self.legs[side].localTag)
            reply.allows = true
            self.context.respond(reply, to: request)
        default:
            self.context.refuseMethod(request, method)
        }
    }

    private func infoReceived(_ side: Side, _ request: ReceivedRequest) {
        let tag = self.legs[side].localTag
        switch self.state {
        case .settingUp:
            // The callee's dialog may be any of a fork's.
            self.context.respond(Reply(500, tag: tag), to: request)
        case .up:
            let payload = Payload(request.message)
            if case .unsupported = payload {
                return self.context.respond(Reply(415, tag: tag), to: request)
            }
            if self.tookDigit(side, info: request) { return }
            guard self.legs[side.other].peer.takesInfo else {
                return self.refuseInfo(side, request)
            }
            guard self.legs[side.other].isOpen, var passed = self.request(.info, side.other) else {
                return self.context.respond(Reply(480, tag: tag), to: request)
            }
            CarriedHeaders.copy(
                from: request.message, as: .info, to: &passed.builder,
                self.legs[side].trunk.interworking.headers)
            let bytes = passed.builder.finish(passing: payload, of: request.message)
            _ = self.context.send(
                .info, bytes, branch: passed.branch, to: passed.hop, for: .relayed(request))
        case .ending, .over:
            self.context.respond(Reply(481, tag: tag), to: request)
        }
    }

    /// The other party's Allow leaves INFO out: its sender gets what that party would answer (RFC
    /// 3261 section 8.2.1), with what is served in this call.
    private func refuseInfo(_ side: Side, _ request: ReceivedRequest) {
        self.context.counters.methodsRefused &+= 1
        var reply = Reply(405, tag: self.legs[side].localTag)
        reply.headers = [(.allow, AllowedMethods.withoutInfo(self.legs[side].trunk))]
        self.context.respond(reply, to: request)
    }
}

extension EngineContext {
    /// A method that is not served: 405 if it exists, 501 if nobody knows it (RFC 3261 section
    /// 8.2.1), with what is served.
    func refuseMethod(_ request: ReceivedRequest, _ method: Method) {
        self.counters.methodsRefused &+= 1
        var reply = Reply(method.isKnown ? 405 : 501)
        reply.allows = true
        self.respond(reply, to: request)
    }

    /// The answer to a request that was passed on, or 408 in place of one.
    func relayResponse(_ response: SIPMessage?, status: Int, to request: ReceivedRequest) {
        guard status >= 200 else { return }
        let mapped = status < 300 ? status : StatusTable.mapped(inDialog: status)
        guard var builder = self.begin(Reply(mapped), to: request) else { return }
        guard let response else {
            return self.respond(mapped, builder.finish(), to: request)
        }
        if status < 300, request.message.method == .refer,
            let listener = self.configuration.listener(request.source.listener)
        {
            let trunk = self.sources.trunk(
                at: request.source.listener, from: request.source.remote.address)
            let named = trunk.map { listener.named(for: self.configuration.trunks[$0]) }
            builder.add(.contact, (named ?? listener).contact())
            builder.copy(all: .referSub, from: response)
        }
        let carrier: CarriedHeaders.Carrier = status < 300 ? .success : .failure
        CarriedHeaders.copy(from: response, as: carrier, to: &builder)
        let bytes = builder.finish(passing: Payload(response), of: response)
        self.respond(mapped, bytes, to: request)
    }
}
