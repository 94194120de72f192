// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPMessage

// Media and ringing before the answer, by the policies of both trunks.
extension Call {
    /// The description of a provisional response: an answer, or the callee's offer where the caller
    /// made none, whose answer goes into the PRACK. What cannot be used is left out.
    func takeDescription(
        of response: SIPMessage, isReliable: Bool, branch index: Int, _ setup: inout Setup
    ) -> (answer: SessionDescription?, isUsed: Bool) {
        guard let bytes = Payload(response).description else { return (nil, false) }
        if setup.exchange.offersLater, !setup.madeOffer {
            guard isReliable else { return (nil, false) }
            let answer = self.answerEarlyOffer(bytes, &setup.forks[index])
            return (answer, answer != nil)
        }
        let isOwn = setup.madeOffer
        guard self.earlyAnswer(bytes, fork: &setup.forks[index], isOwn: isOwn) else {
            return (nil, false)
        }
        if isReliable { setup.forks[index].isCalleeSettled = true }
        let isHeard = self.legs.a.trunk.interworking.progress.relaysMedia
        if isHeard, !isOwn { setup.speakingTag = setup.forks[index].remoteTag }
        return (nil, true)
    }

    /// Early media of one branch: the media of the call follows the branch that spoke last. What
    /// cannot be used is left out; the answer in the 2xx decides. To an offer of our own the answer
    /// says what leg b has, and nothing yet to a caller who made none.
    private func earlyAnswer(_ bytes: [UInt8], fork: inout Fork, isOwn: Bool) -> Bool {
        // What the callee agreed to reliably stands, and so does what the caller was told so.
        guard !fork.isCalleeSettled, let session = try? SessionDescription.parse(bytes) else {
            return false
        }
        let before = fork.b.remote
        var b = fork.b
        guard let stream = try? b.receiveAnswer(session) else { return false }
        if fork.sender.sentDescription {
            fork.b = b
            if Self.concerns(before, b.remote) { fork.due.a.insert(.align) }
            self.updateEarlyMedia(fork)
            return true
        }
        if isOwn {
            fork.b = b
            return true
        }
        var a = self.legs.a.session
        a.keepVersion(of: fork.a)
        guard let description = try? a.makeAnswer(from: stream, local: self.legs.a.port.rtp) else {
            return false
        }
        fork.a = a
        fork.b = b
        fork.description = description.serialise()
        // In one dialog every description is a version of the one before.
        if self.sharesDialog { self.legs.a.session.keepVersion(of: a) }
        self.updateEarlyMedia(fork)
        return true
    }

    /// The media follows a branch, if callers hear any before the answer.
    func updateEarlyMedia(_ fork: Fork) {
        guard self.legs.a.trunk.interworking.progress.relaysMedia else { return }
        self.updateMedia(a: fork.a, b: fork.b)
    }

    /// What the caller gets for a provisional response of a branch, as things are now.
    func decide(
        _ progress: ReliableSender.Waiting, _ fork: Fork, _ setup: Setup
    ) -> ProgressPolicy.Decision? {
        let isDue = !fork.sender.sentDescription
        let isKnown =
            setup.exchange.offersLater
            ? self.isReliable && fork.isCalleeSettled : fork.description != nil
        let supported = try? setup.exchange.request.message.tokens(.supported)
        let supports199 = supported?.contains { $0.elementsEqual("199".utf8) } ?? false
        return self.legs.a.trunk.interworking.progress.decide(
            progress.status, brings: progress.brings, known: isDue && isKnown,
            supports199: supports199)
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
    func gate(_ legs: inout MediaIntent.Legs) {
        guard let gate = self.earlyGate else { return }
        legs.b.receive = legs.b.receive && gate.sends
        legs.a.send = legs.a.send && gate.sends
        legs.b.send = legs.b.send && gate.receives
        legs.a.receive = legs.a.receive && gate.receives
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
