// SPDX-License-Identifier: Apache-2.0

import SIPMessage

// Digits to a party in messages of ours: INFO and NOTIFY, one at a time, and no faster than they
// could be pressed.
extension Call {
    /// Sends what waits longest, unless something is on its way.
    func sendNextDigit(_ side: Side) {
        guard let state = self.part(side, { $0.digits }), state.inFlight == nil,
            let digit = state.waiting.first
        else { return }
        guard case .up = self.state, self.part(side, { $0.isOpen }) else {
            return self.dropWaiting(side)
        }
        let route = self.digitRoute(from: side.other)
        guard case .message(let form) = route.sink else { return self.redirectWaiting(side, route) }
        if form == .kpml, state.subscription?.isResting == true { return }
        let now = self.context.monotonicNow
        guard now >= state.nextAt else {
            return self.emit(
                .startTimer(
                    .digit(self.id, side), milliseconds: UInt32(clamping: state.nextAt - now)))
        }
        let policy = self.digitPolicy(side)
        // Of one that came without a length nothing is known but that it was pressed.
        let length = min(digit.durationMs ?? DigitPolicy.leastMs, policy.limitMs)
        self.changeDigits(side) {
            $0.waiting.removeFirst()
            $0.inFlight = (digit, form)
            $0.attempts += 1
            $0.nextAt = now + Milliseconds(length) + Milliseconds(policy.pauseMs)
        }
        guard self.send(digit, as: form, to: side) else {
            self.changeDigits(side) {
                $0.inFlight = nil
                $0.attempts = 0
            }
            self.unsent(1, side)
            return self.sendNextDigit(side)
        }
        self.context.counters.digitsInMessages &+= 1
    }

    /// They cannot go in messages any more: the party gets them as it gets any digit now.
    private func redirectWaiting(_ side: Side, _ route: DigitRoute) {
        let waiting = self.part(side) { $0.digits?.waiting ?? [] }
        self.changeDigits(side) { $0.waiting = [] }
        if self.deliver(waiting, to: side, by: route) != nil {
            self.unsent(waiting.count, side)
        }
    }

    private func dropWaiting(_ side: Side) {
        let count = self.part(side) { $0.digits?.waiting.count ?? 0 }
        self.changeDigits(side) { $0.waiting = [] }
        self.unsent(count, side)
    }

    private func send(_ digit: InfoDigit, as form: DigitForm, to side: Side) -> Bool {
        let policy = self.digitPolicy(side)
        switch form {
        case .infoRelay:
            return self.sendInfo(
                digit.relayBody(durationMs: policy.durationMs), policy.infoRelayType, side)
        case .info: return self.sendInfo(digit.bareBody, policy.infoType, side)
        case .notify: return self.sendPacket(digit, policy, side)
        case .kpml: return self.sendKeyPress(digit, side)
        case .rfc4733, .tones: return false
        }
    }

    private func sendInfo(_ body: [UInt8], _ type: [UInt8], _ side: Side) -> Bool {
        guard let request = self.request(.info, side) else { return false }
        let bytes = request.builder.finish(body: body, contentType: type)
        _ = self.context.send(
            .info, bytes, branch: request.branch, to: request.hop,
            for: .digit(self.part(side) { $0.localTag }))
        return true
    }

    /// One packet for the whole digit, which is over by then.
    private func sendPacket(_ digit: InfoDigit, _ policy: DigitPolicy, _ side: Side) -> Bool {
        guard var request = self.request(.notify, side) else { return false }
        request.builder.add(.contact, self.contact(side))
        request.builder.add(.event, policy.notifyEvent)
        request.builder.add(.subscriptionState, "active")
        let packet = NotifyDigit(
            digit.key, isEnd: true, volume: policy.volume,
            durationMs: min(digit.durationMs ?? policy.durationMs, policy.limitMs))
        let bytes = request.builder.finish(
            body: packet.body(clock: policy.notifyClock), contentType: policy.notifyType)
        _ = self.context.send(
            .notify, bytes, branch: request.branch, to: request.hop,
            for: .digit(self.part(side) { $0.localTag }))
        return true
    }

    /// A message with a digit was answered, or never will be.
    func digitAnswered(_ side: Side, status: Int) {
        guard status >= 200, let state = self.part(side, { $0.digits }), let sent = state.inFlight
        else { return }
        let isAgain = Self.isBusy(status) && state.attempts < LegDigitState.attemptsMax
        // It may have come only now, after repetitions.
        let pause = Milliseconds(self.digitPolicy(side).pauseMs)
        self.changeDigits(side) {
            $0.inFlight = nil
            $0.attempts = isAgain ? $0.attempts : 0
            $0.nextAt = max($0.nextAt, self.context.monotonicNow + pause)
        }
        if status >= 300, case .up = self.state {
            if isAgain {
                self.changeDigits(side) {
                    $0.waiting.insert(sent.digit, at: 0)
                    $0.nextAt = self.context.monotonicNow + LegDigitState.retryMs
                }
            } else if Self.refusesForm(status) {
                // It does not take digits so: what it did not take goes another way.
                self.changeDigits(side) {
                    $0.refused.insert(DigitForms(sent.form))
                    $0.waiting.insert(sent.digit, at: 0)
                }
                self.refreshMedia()
            } else {
                self.unsent(1, side)
            }
        }
        self.sendNextDigit(side)
    }

    /// Statuses that say that the party has no time for it now: its own request is under way, or
    /// there were too many.
    private static func isBusy(_ status: Int) -> Bool { [491, 500, 503].contains(status) }

    /// Statuses that say that neither this digit nor any other is taken in that form.
    private static func refusesForm(_ status: Int) -> Bool {
        [405, 415, 469, 489, 501].contains(status)
    }
}
