// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPDialog
import SIPMessage

// Reliable provisional responses of the callee (RFC 3262 section 4).
extension Call {
    /// RSeq of a response of the callee, if it is to be acknowledged: we said that we can, and it
    /// has a dialog.
    func reliableSequence(_ response: SIPMessage) -> UInt32? {
        guard self.legs.b.trunk.reliableProvisional != .off,
            response.lists(.require, "100rel"), (try? response.to().tag) != .some(nil)
        else { return nil }
        return (try? response.rSeq()) ?? nil
    }

    /// Judges a reliable response in its branch; false for one that came before or before its
    /// turn, which is not looked at.
    func takesReliable(_ sequence: UInt32, _ fork: inout Fork) -> Bool {
        guard case .next = fork.receiver.receive(sequence) else {
            self.context.counters.reliableIgnored &+= 1
            return false
        }
        return true
    }

    /// The description of a reliable response to an INVITE without an offer: it is one. The answer
    /// goes into the PRACK, and is given here, since the caller is not heard before the call is
    /// answered: one codec that both trunks take, and telephone events.
    func answerEarlyOffer(_ bytes: [UInt8], _ fork: inout Fork) -> SessionDescription? {
        guard !fork.isCalleeSettled, fork.b.local == nil,
            let session = try? SessionDescription.parse(bytes)
        else { return nil }
        var b = fork.b
        guard let offer = try? b.receiveOffer(session) else { return nil }
        self.context.provide(&b, self.legs.b.trunk.security)
        var stream = offer.stream
        let allowed = stream.formats.filter(self.legs.a.trunk.formats.allows)
        let spoken = allowed.first { !$0.isAuxiliary }
        stream.formats = allowed.filter { $0 == spoken || $0.isAuxiliary }
        stream.direction = stream.direction.reversed
        guard let answer = try? b.makeAnswer(from: stream, local: self.legs.b.port.rtp) else {
            return nil
        }
        fork.b = b
        fork.isCalleeSettled = true
        return answer
    }

    /// Acknowledges a reliable response in its early dialog.
    func sendPrack(_ response: UInt32, _ fork: inout Fork, answer: SessionDescription?) {
        let leg = self.legs.b
        let branch = self.context.identifiers.branch()
        guard case .settingUp(let setup) = self.state, let sent = setup.exchange.sent,
            var builder = fork.calleeDialog?.request(.prack, via: leg.listener.via(branch: branch)),
            let dialog = fork.calleeDialog
        else { return }
        let rack = RAck(response: response, sequence: sent.sequence, method: .invite)
        builder.add(.rAck, rack.bytes)
        let product = self.context.configuration.product
        if !product.isEmpty { builder.add(.userAgent, product) }
        self.context.counters.pracksSent &+= 1
        _ = self.context.send(
            .prack, builder.finish(description: answer?.serialise()), branch: branch,
            to: leg.destination(of: dialog), for: .discarded)
    }
}
