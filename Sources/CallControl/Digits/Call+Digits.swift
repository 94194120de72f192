// SPDX-License-Identifier: Apache-2.0

import SDP

// Digits of the parties: in what form they come, in what form they go, and what the fast path has
// to do for that.
extension Call {
    /// Something is to be done about digits: a trunk of the call says what, or the operator asked.
    /// Without it everything passes as it comes.
    var handlesDigits: Bool { self.handlesDigits(.a) || self.handlesDigits(.b) }

    private func handlesDigits(_ side: Side) -> Bool {
        self.part(side) { $0.trunk.digits != nil || $0.digits?.wantsMedia == true }
    }

    /// Of a trunk that has none where the other one's has: telephone-events, as everybody has them.
    func digitPolicy(_ side: Side) -> DigitPolicy {
        self.part(side) { $0.trunk.digits } ?? .plain
    }

    private func facts(_ side: Side, _ formats: DigitFormats) -> DigitFacts {
        let peer = self.part(side) { $0.peer }
        let state = self.part(side) { $0.digits }
        // Before the answer there may be several parties, and none has a dialog for messages.
        var isUp = false
        if case .up = self.state { isUp = true }
        return DigitFacts(
            formats: formats, takesInfo: isUp && peer.takesInfo,
            takesNotify: isUp && peer.takesNotify,
            isSubscribed: state?.subscription != nil, refused: state?.refused ?? [])
    }

    /// How digits of a party get to the other one, as things are now.
    func digitRoute(from side: Side) -> DigitRoute {
        let own = self.part(side) { $0.session }
        let far = self.part(side.other) { $0.session }
        return self.digitRoute(
            from: side, DigitFormats(own, joinedWith: far), DigitFormats(far, joinedWith: own))
    }

    private func digitRoute(
        from side: Side, _ own: DigitFormats, _ far: DigitFormats
    ) -> DigitRoute {
        DigitRoute(
            from: self.digitPolicy(side), self.facts(side, own),
            to: self.digitPolicy(side.other), self.facts(side.other, far))
    }

    // MARK: Media

    /// What the fast path has to do for the digits of both parties.
    func planDigits(_ a: OfferAnswerLeg, _ b: OfferAnswerLeg, _ legs: inout MediaIntent.Legs) {
        guard self.handlesDigits else {
            for side in Side.allCases where legs[side].dtmf != nil { legs[side].dtmf = nil }
            return
        }
        let formats = (a: DigitFormats(a, joinedWith: b), b: DigitFormats(b, joinedWith: a))
        let fromA = self.digitRoute(from: .a, formats.a, formats.b)
        let fromB = self.digitRoute(from: .b, formats.b, formats.a)
        legs.a.dtmf = self.legDigits(.a, formats.a, own: fromA, back: fromB)
        legs.b.dtmf = self.legDigits(.b, formats.b, own: fromB, back: fromA)
        guard case .up = self.state else { return }
        self.tell(fromB, .a)
        self.tell(fromA, .b)
    }

    private func legDigits(
        _ side: Side, _ formats: DigitFormats, own: DigitRoute, back: DigitRoute
    ) -> LegDigits? {
        let policy = self.digitPolicy(side)
        let isAsked = self.part(side) { $0.digits?.wantsMedia == true }
        var digits = LegDigits(
            intake: own.intake, volume: policy.volume, limitMs: policy.limitMs,
            eventTypes: own.intake.contains(.events) ? formats.eventsIn : [],
            audioTypes: own.intake.contains(.tones) ? formats.audioIn : [])
        if back.passesOn || back.hasMessages || isAsked {
            switch back.sink {
            case .events(let events): digits.sending = .events(events)
            case .tones(let audio): digits.sending = .tones(audio)
            case .none, .message: break
            }
        }
        return digits.isIdle ? nil : digits
    }

    /// Says that a party gets digits as something else than its trunk wants, once for each change.
    private func tell(_ route: DigitRoute, _ side: Side) {
        let told = self.part(side) { $0.digits?.told ?? "" }
        // A party that subscribes does so when it likes.
        let text = route.isFallback && route.wanted != .kpml ? route.text : ""
        guard text != told, self.part(side, { $0.trunk.digits != nil }) else { return }
        self.changeDigits(side) { $0.told = text }
        if !text.isEmpty {
            self.context.counters.digitFallbacks &+= 1
            self.emit(.digitNews(self.id, side, .fallback(text)))
        }
    }

    func changeDigits(_ side: Side, _ change: (inout LegDigitState) -> Void) {
        var state = self.legs[side].digits ?? LegDigitState()
        change(&state)
        self.legs[side].digits = state
    }

    // MARK: Digits

    /// Keeps a digit, and says that it came.
    func note(_ digit: Digit) {
        var log = self.digitLog ?? DigitLog()
        log.append(digit)
        self.digitLog = log
        self.emit(.digitNews(self.id, digit.side, .digit(digit)))
    }

    /// The fast path took a digit of a party, or saw one pass.
    func digitReported(
        _ side: Side, _ key: DigitKey, _ form: DigitForm, startedAt: Milliseconds,
        durationMs: UInt32, level: UInt8
    ) {
        guard !self.isEnding else { return }
        self.context.counters.digitsTaken &+= 1
        self.note(
            Digit(
                key, side, form, after: self.offsets.after(startedAt), durationMs: durationMs,
                level: level))
        let route = self.digitRoute(from: side)
        guard route.intake.contains(.take), case .message = route.sink else { return }
        if self.deliver(InfoDigit(key, durationMs: durationMs), from: side) != nil {
            self.unsent(1, side.other)
        }
    }

    /// Hands a digit over to the other party, in the form that it takes; or says why not.
    func deliver(_ digit: InfoDigit, from side: Side) -> DigitFault? {
        self.deliver([digit], to: side.other, by: self.digitRoute(from: side))
    }

    func deliver(
        _ digits: [InfoDigit], to side: Side, by route: DigitRoute
    ) -> DigitFault? {
        guard self.part(side, { $0.isOpen }) else { return .nobodyTakes }
        let policy = self.digitPolicy(side)
        switch route.sink {
        case .none: return .nobodyTakes
        case .events, .tones:
            guard self.claimMedia(digits, side, policy) else { return .full }
            for digit in digits {
                let length = min(digit.durationMs ?? policy.durationMs, policy.limitMs)
                self.emit(
                    .digits(
                        self.id, side,
                        DigitBurst([digit.key], durationMs: length, pauseMs: policy.pauseMs)))
            }
            return nil
        case .message:
            let waiting = self.part(side) { $0.digits?.waiting.count ?? 0 }
            guard waiting + digits.count <= LegDigitState.waitingMax else { return .full }
            self.changeDigits(side) { $0.waiting += digits }
            self.sendNextDigit(side)
            return nil
        }
    }

    /// False where more digits than may wait would still not be sent: they go one after the other,
    /// each in the time that it takes.
    private func claimMedia(_ digits: [InfoDigit], _ side: Side, _ policy: DigitPolicy) -> Bool {
        let now = self.context.monotonicNow
        let begin = max(now, self.part(side) { $0.digits?.mediaUntil ?? 0 })
        var until = begin
        for digit in digits {
            until += Milliseconds(min(digit.durationMs ?? policy.durationMs, policy.limitMs))
            until += Milliseconds(policy.pauseMs)
        }
        let each = (until - begin) / Milliseconds(max(digits.count, 1))
        let waiting = (begin - now + each - 1) / max(each, 1)
        guard waiting + Milliseconds(digits.count) <= Milliseconds(LegDigitState.waitingMax) else {
            return false
        }
        self.changeDigits(side) { $0.mediaUntil = until }
        return true
    }

    func unsent(_ count: Int, _ side: Side) {
        guard count > 0 else { return }
        self.context.counters.digitsUnsent &+= UInt64(count)
        self.emit(.digitNews(self.id, side, .unsent(count)))
    }

    /// The operator has digits sent to a party.
    func sendDigits(_ keys: [DigitKey], durationMs: UInt32?, to side: Side) -> DigitRefusal? {
        guard case .up = self.state, self.part(side, { $0.isOpen }) else { return .notUp }
        if self.part(side, { $0.digits?.wantsMedia != true }) {
            self.changeDigits(side) { $0.wantsMedia = true }
            self.updateMedia()
        }
        let length = durationMs ?? self.digitPolicy(side).durationMs
        let digits = keys.map { InfoDigit($0, durationMs: length) }
        switch self.deliver(digits, to: side, by: self.digitRoute(from: side.other)) {
        case nil: break
        case .full: return .full
        default: return .nobodyTakes
        }
        let now = self.offsets.after(self.context.monotonicNow)
        for key in keys { self.note(Digit(key, side, nil, after: now, durationMs: length)) }
        return nil
    }

    /// For those who ask; nil where digits just pass.
    var digitSummary: DigitSummary? {
        guard self.handlesDigits || self.digitLog != nil else { return nil }
        return DigitSummary(
            log: self.digitLog ?? DigitLog(), toA: self.digitRoute(from: .b).text,
            toB: self.digitRoute(from: .a).text)
    }
}
