// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import SIPTransaction

// The end of a call, whoever brings it about.
extension Call {
    /// Ends the call from our side: 4xx or 5xx and CANCEL before the answer, BYE to both after it.
    func end(_ end: CallEnd, status: Int = 480, reason: String) {
        switch self.state {
        case .settingUp(let setup):
            self.end(end, status: status, reason: Array(reason.utf8), setup: setup)
        case .up(let exchange):
            self.state = .ending(end)
            if let exchange { self.dropExchange(exchange, status: 487) }
            self.dropRekey()
            self.enterEnding()
            for side in Side.allCases { self.sendBye(side, reason: reason) }
            self.finishIfOver()
        case .ending, .over: break
        }
    }

    /// From here on the call only waits for its legs. What never answers is let go by a timer:
    /// longer than any sequence of transactions that can follow.
    func enterEnding() {
        self.noteEnd()
        self.emit(.stopTimer(.ringing(self.id)))
        self.emit(.stopTimer(.glare(self.id)))
        self.stopSearch()
        self.stopWatching()
        self.dropTransfer()
        self.startEndingTimer()
        self.removeMedia()
        self.checkpoint()
    }

    func startEndingTimer() {
        let limit = self.context.configuration.transactionMilliseconds
        self.emit(
            .startTimer(.ending(self.id), milliseconds: limit.multipliedClamped(by: 5)))
    }

    /// The timer of `enterEnding` fired.
    func endingTimedOut() {
        guard case .ending(let end) = self.state else { return }
        self.finish(end)
    }

    /// Over once both legs are.
    func finishIfOver() {
        guard case .ending(let end) = self.state, self.legs.a.isOver, self.legs.b.isOver else {
            return
        }
        self.finish(end)
    }

    /// Writes the record and forgets everything; the engine gives back ports and token.
    func finish(_ end: CallEnd) {
        if case .over = self.state { return }
        self.state = .over
        self.attemptFailed(status: self.status)
        for timer in [
            CallTimer.ringing(self.id), .glare(self.id), .ending(self.id), .goodbye(self.id),
        ] {
            self.emit(.stopTimer(timer))
        }
        self.stopSearch()
        self.stopWatching()
        for tag in self.tags { self.context.tags[tag] = nil }
        for key in self.awaitedKeys { self.context.awaitedInvites[key] = nil }
        self.removeMedia()
        self.emit(.removeCheckpoint(self.id))
        self.emit(.record(self.record(end)))
        self.context.counters.callsEnded &+= 1
        let wasAnswered = self.legs.b.dialog != nil || !self.endedBranches.isEmpty
        if wasAnswered, self.sentInvite != nil { self.context.answered[self.id] = self }
        self.context.finished.append(self.id)
    }

    /// Keeps the call as it will be when this input is done.
    func checkpoint() {
        if self.context.dirty.last != self.id { self.context.dirty.append(self.id) }
    }
}

extension UInt32 {
    func multipliedClamped(by factor: UInt32) -> UInt32 {
        let product = self.multipliedReportingOverflow(by: factor)
        return product.overflow ? .max : product.partialValue
    }
}
