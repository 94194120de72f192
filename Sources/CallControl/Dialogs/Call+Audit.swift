// SPDX-License-Identifier: Apache-2.0

import SIPMessage

// Calls that nobody ends: a longest duration, and a question to parties whose media says nothing of
// them, because they are on hold. Where media flows both ways its time-out finds who is gone.
extension Call {
    /// The timers of a call that stands, whether it was answered now or before a restart.
    func startAudit() {
        self.armAudit()
        let own = [self.legs.a.trunk.callSecondsMax, self.legs.b.trunk.callSecondsMax]
        let limits = (own + [self.context.configuration.callSecondsMax]).filter { $0 > 0 }
        guard let seconds = limits.min(), let answeredAt = self.answeredAt else { return }
        let end = answeredAt &+ UInt64(seconds) * 1000
        let left = end > self.context.now ? end &- self.context.now : 1
        self.hasDurationTimer = true
        self.emit(.startTimer(.duration(self.id), milliseconds: UInt32(clamping: left)))
    }

    /// Media flows both ways, so that its absence would be noticed.
    private var isHeard: Bool {
        let (a, b) = (self.media.a, self.media.b)
        return a.receive && a.send && b.receive && b.send
    }

    /// Starts or stops asking, as the media is.
    func armAudit() {
        let interval = self.context.configuration.auditMilliseconds
        guard case .up = self.state else { return }
        if self.isHeard || interval == 0 {
            guard self.isAudited else { return }
            self.isAudited = false
            return self.emit(.stopTimer(.audit(self.id)))
        }
        guard !self.isAudited else { return }
        self.isAudited = true
        self.emit(.startTimer(.audit(self.id), milliseconds: interval))
    }

    func auditTimerFired() {
        guard case .up = self.state else { return }
        self.isAudited = false
        for side in Side.allCases { self.probe(side) }
        self.armAudit()
    }

    private func probe(_ side: Side) {
        guard case .up = self.state, self.legs[side].isOpen, !self.legs[side].isProbed,
            self.legs[side].awaitingAck == nil
        else { return }
        guard self.legs[side].peer.takesOptions else { return self.offerLater(.probe, side) }
        guard let request = self.request(.options, side) else { return }
        self.context.counters.probes &+= 1
        self.legs[side].isProbed = true
        _ = self.context.send(
            .options, request.builder.finish(), branch: request.branch, to: request.hop,
            for: .audit(self.legs[side].localTag))
    }

    /// What came of the question: any answer but that the dialog is unknown is a sign of life.
    func probeResponse(_ side: Side, status: Int) {
        guard status >= 200 else { return }
        self.legs[side].isProbed = false
        guard case .up = self.state, StatusTable.endsDialog(status) else {
            self.legs[side].probesUnsent = 0
            return
        }
        self.end(.dialogLost, reason: "SIP;cause=\(status);text=\"Dialog lost\"")
    }

    /// The question could not be sent: the second time in a row the party counts as gone.
    func probeUnsent(_ side: Side) {
        self.legs[side].isProbed = false
        self.legs[side].probesUnsent &+= 1
        guard self.legs[side].probesUnsent > 1 else { return }
        self.probeResponse(side, status: 408)
    }

    func durationTimerFired() {
        guard case .up = self.state else { return }
        self.end(.tooLong, reason: "SIP;cause=480;text=\"Longest duration\"")
    }

    /// The call ends: nothing of it is watched any more.
    func stopWatching() {
        for side in Side.allCases where self.part(side, { $0.sessionTimer }) != nil {
            self.legs[side].sessionTimer = nil
            self.emit(.stopTimer(.session(self.id, side)))
        }
        self.stopDigitTimers()
        if self.isAudited { self.emit(.stopTimer(.audit(self.id))) }
        if self.hasDurationTimer { self.emit(.stopTimer(.duration(self.id))) }
        self.isAudited = false
        self.hasDurationTimer = false
    }
}
