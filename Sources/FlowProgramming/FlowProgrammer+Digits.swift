// SPDX-License-Identifier: Apache-2.0

public import FlowABI

/// Digits for parties: the control plane's, beside those that one flow passes on to the other.
extension FlowProgrammer {
    /// A worker that had no room for digits is asked again after so long: a digit and a pause.
    static let digitsRetryNs: UInt64 = 100_000_000

    /// Sends digits to a leg's party, behind those that wait, as soon as its flow is what it shall
    /// be. False where there is no such flow, or too many wait: then none is sent.
    public func send(_ digits: FlowDigits, _ session: MediaSession, _ leg: MediaLeg) -> Bool {
        let current = self.sessions[session]
        let identity = leg == .a ? current?.a : current?.b
        guard let current, !current.isEnding, let entry = self.entry(identity),
            entry.desired != nil, entry.digits.append(digits)
        else {
            self.counters.digitsLost &+= UInt64(digits.events.count)
            return false
        }
        self.enqueue(entry)
        return true
    }

    /// Digits that the worker did not take: no room yet, or none ever.
    func refused(_ digits: FlowDigits, _ status: CommandStatus, _ entry: FlowEntry) {
        if status == .digitsFull {
            self.counters.digitsHeld &+= 1
            entry.digits.putBack(digits, untilNs: self.nowNs &+ Self.digitsRetryNs)
            self.heldDigits.append(entry)
            return
        }
        self.counters.digitsLost &+= UInt64(digits.events.count)
        guard let owner = entry.owner else { return }
        self.outcomes.append(.digitsLost(owner.session, owner.leg, count: digits.events.count))
    }

    /// Asks those workers again that had no room.
    func retryDigits() {
        guard !self.heldDigits.isEmpty else { return }
        var later: [FlowEntry] = []
        for entry in self.heldDigits {
            guard let untilNs = entry.digits.heldUntilNs else { continue }
            if untilNs > self.nowNs {
                later.append(entry)
            } else {
                entry.digits.release()
                self.enqueue(entry)
            }
        }
        self.heldDigits = later
    }
}
