// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPMessage

// Media and ringing before the answer, by the policies of both trunks.
extension Call {
    /// Early media of one branch: the media of the call follows the branch that spoke last. What
    /// cannot be used is left out; the answer in the 2xx decides. To an offer of our own the answer
    /// says what leg b has, and nothing to a caller who made none.
    func earlyAnswer(_ bytes: [UInt8], fork: inout Fork, _ setup: Setup) -> Bool {
        guard !setup.exchange.offersLater || setup.madeOffer,
            let session = try? SessionDescription.parse(bytes)
        else { return false }
        var b = fork.b
        guard let stream = try? b.receiveAnswer(session) else { return false }
        if setup.madeOffer {
            fork.b = b
            return false
        }
        var a = self.legs.a.session
        guard let description = try? a.makeAnswer(from: stream, local: self.legs.a.port.rtp) else {
            return false
        }
        fork.a = a
        fork.b = b
        fork.description = description.serialise()
        let policy = self.legs.a.trunk.interworking.progress
        // In one dialog every description is a version of the one before.
        if policy.dialogs == .one { self.legs.a.session.takeVersion(of: a) }
        if policy.relaysMedia { self.updateMedia(a: fork.a, b: fork.b) }
        return true
    }

    /// What the caller gets for a provisional response of a branch.
    func decide(
        _ status: Int, _ fork: Fork, brings: Bool, _ setup: Setup
    ) -> ProgressPolicy.Decision? {
        let supported = try? setup.exchange.request.message.tokens(.supported)
        let supports199 = supported?.contains { $0.elementsEqual("199".utf8) } ?? false
        return self.legs.a.trunk.interworking.progress.decide(
            status, brings: brings, known: fork.description != nil, supports199: supports199)
    }

    /// Which way early media may go, where the callee's trunk is asked (RFC 5009).
    func takeEarlyGate(of response: SIPMessage) {
        guard self.legs.b.trunk.interworking.progress.gatesMedia,
            let direction = ProgressPolicy.direction(response)
        else { return }
        self.earlyGate = direction
        self.refreshMedia()
    }

    /// The part of the media that may flow before the answer.
    func gate(_ intent: inout MediaIntent) {
        guard let gate = self.earlyGate else { return }
        intent.b.receive = intent.b.receive && gate.sends
        intent.a.send = intent.a.send && gate.sends
        intent.b.send = intent.b.send && gate.receives
        intent.a.receive = intent.a.receive && gate.receives
    }

    /// The body that goes over with a response: a description that the caller does not get takes
    /// its other parts along.
    static func payload(of source: SIPMessage, _ description: [UInt8]?) -> Payload {
        let payload = Payload(source)
        return description == nil && payload.description != nil ? .none : payload
    }

    /// Remembers the cause that a message gives for the end of the call (RFC 3326).
    func noteCause(of message: SIPMessage) {
        if let cause = message.q850Cause { self.q850Cause = self.q850Cause ?? cause }
    }
}
