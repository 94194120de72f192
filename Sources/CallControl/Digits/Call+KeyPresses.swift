// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import SIPTransaction

// Key presses by subscription (RFC 4730), in the dialog of the call: a party asks for those of the
// other one, and where its trunk says so we ask a party for its own.
extension Call {
    // MARK: A party asks

    /// A SUBSCRIBE inside the call.
    func subscribeReceived(_ side: Side, _ request: ReceivedRequest) {
        let value = request.message.first(.event)
        let isServed = self.part(side) { $0.isOpen && $0.trunk.digits?.send == .kpml }
        guard case .up = self.state, isServed, let value, let event = try? TokenValue(value),
            ASCII.equalsIgnoringCase(event.token, "kpml")
        else { return self.context.refuseSubscription(request) }
        do throws(DigitFault) {
            try self.subscribe(side, request, event: Array(value))
        } catch {
            self.refuse(error, side, request)
        }
    }

    private func subscribe(
        _ side: Side, _ request: ReceivedRequest, event: [UInt8]
    ) throws(DigitFault) {
        let before = self.part(side) { $0.digits?.subscription }
        let asked = request.message.first(.expires)
            .map { ASCII.number($0, limit: UInt64(UInt32.max)) }
        // Without a readable number it is as long as it may be.
        let seconds = UInt32(min(asked.flatMap(\.self) ?? .max, UInt64(KeySubscription.secondsMax)))
        guard seconds > 0 else {
            self.grant(side, request, seconds: 0)
            return self.endSubscription(side, event: event)
        }
        let wish = try self.wish(request.message) ?? before?.request
        guard let wish else { throw .badSubscription }
        let now = self.context.monotonicNow
        self.changeDigits(side) {
            $0.subscription = KeySubscription(
                event: event, request: wish, expiresAt: now + UInt64(seconds) * 1000)
        }
        self.grant(side, request, seconds: seconds)
        _ = self.report(nil, side, .discarded)
        self.emit(.startTimer(.keys(self.id, side), milliseconds: seconds * 1000))
        self.updateMedia()
        self.sendNextDigit(side)
    }

    /// Nil: it asks for what it had asked for before.
    private func wish(_ message: SIPMessage) throws(DigitFault) -> KeyPressRequest? {
        guard !message.body.isEmpty else { return nil }
        guard let type = try? message.contentType(),
            type.matches("application", "kpml-request+xml")
        else { throw .formNotTaken }
        return try KeyPressRequest(message.body)
    }

    private func grant(_ side: Side, _ request: ReceivedRequest, seconds: UInt32) {
        var reply = Reply(200, tag: self.part(side) { $0.localTag })
        reply.contact = self.contact(side)
        reply.headers = [(.expires, decimal(seconds))]
        self.context.respond(reply, to: request)
    }

    /// It is over, because its party says so or its time is.
    private func endSubscription(_ side: Side, event: [UInt8]) {
        _ = self.report(
            KeyPressReport.body(nil, code: 487, text: "Subscription Expired", tag: []), side,
            .discarded, event: event, state: "terminated;reason=timeout")
        self.changeDigits(side) { $0.subscription = nil }
        self.emit(.stopTimer(.keys(self.id, side)))
        self.updateMedia()
        self.sendNextDigit(side)
    }

    /// Tells a party of a key; true if a NOTIFY is on its way.
    func sendKeyPress(_ digit: InfoDigit, _ side: Side) -> Bool {
        guard let subscription = self.part(side, { $0.digits?.subscription }),
            subscription.request.matches(digit.key)
        else { return false }
        let body = KeyPressReport.body(
            digit.key, code: 200, text: "OK", tag: subscription.request.tag)
        let isLast = subscription.request.persistence == .oneShot
        let sent = self.report(
            body, side, .digit(self.part(side) { $0.localTag }),
            state: isLast ? "terminated;reason=noresource" : nil)
        // What comes next waits until the party asks again.
        if subscription.request.persistence != .persist {
            self.changeDigits(side) { $0.subscription?.isResting = true }
        }
        return sent
    }

    private func report(
        _ body: [UInt8]?, _ side: Side, _ purpose: EngineContext.Purpose,
        event: [UInt8]? = nil, state: String? = nil
    ) -> Bool {
        let subscription = self.part(side) { $0.digits?.subscription }
        guard let event = event ?? subscription?.event,
            var request = self.request(.notify, side)
        else { return false }
        request.builder.add(.contact, self.contact(side))
        request.builder.add(.event, event)
        let left = subscription?.secondsLeft(at: self.context.monotonicNow) ?? 0
        request.builder.add(.subscriptionState, state ?? "active;expires=\(left)")
        let bytes =
            body.map {
                request.builder.finish(body: $0, contentType: KeyPressReport.contentType)
            } ?? request.builder.finish()
        _ = self.context.send(
            .notify, bytes, branch: request.branch, to: request.hop, for: purpose)
        return true
    }

    /// A party's subscription is over by itself.
    func subscriptionExpired(_ side: Side) {
        guard case .up = self.state,
            let subscription = self.part(side, { $0.digits?.subscription })
        else { return }
        self.endSubscription(side, event: subscription.event)
    }

    /// The call ends: so do the subscriptions in its dialogs, and no digit is sent any more.
    func stopDigitTimers() {
        for side in Side.allCases {
            guard let state = self.part(side, { $0.digits }) else { continue }
            self.emit(.stopTimer(.digit(self.id, side)))
            if state.subscription != nil { self.emit(.stopTimer(.keys(self.id, side))) }
            if state.watch.phase != .none { self.emit(.stopTimer(.keyWatch(self.id, side))) }
        }
    }

    // MARK: We ask

    /// Subscribes where that is due: a trunk's digits come so, and the party acknowledged.
    func watchKeys() {
        guard case .up = self.state, self.handlesDigits else { return }
        for side in Side.allCases { self.watchKeys(side) }
    }

    func watchesKeys(_ side: Side) -> Bool {
        self.part(side) { $0.trunk.digits?.receive.contains(.kpml) == true }
    }

    /// Subscribes to a party's key presses, where its trunk has them so.
    func watchKeys(_ side: Side, anew: Bool = false) {
        guard case .up = self.state,
            self.part(side, {
                $0.isOpen && $0.awaitingAck == nil && $0.ackOwed == nil
                    && $0.trunk.digits?.receive.contains(.kpml) == true
            })
        else { return }
        let watch = self.part(side) { $0.digits?.watch } ?? KeyWatch()
        guard watch.phase == .none || (anew && watch.phase == .active),
            var request = self.request(.subscribe, side)
        else { return }
        request.builder.add(.contact, self.contact(side))
        request.builder.add(.event, "kpml")
        request.builder.add(.expires, decimal(KeySubscription.secondsMax))
        request.builder.add(.accept, KeyPressReport.contentType)
        let bytes = request.builder.finish(
            body: KeyPressRequest.everyKey, contentType: KeyPressRequest.contentType)
        self.changeDigits(side) { $0.watch.phase = .sent }
        _ = self.context.send(
            .subscribe, bytes, branch: request.branch, to: request.hop,
            for: .watch(self.part(side) { $0.localTag }))
    }

    /// The party answered.
    func watchAnswered(_ side: Side, _ response: SIPMessage?, status: Int) {
        guard status >= 200 else { return }
        guard status < 300 else {
            self.changeDigits(side) { $0.watch.phase = .refused }
            self.context.counters.digitFallbacks &+= 1
            return self.emit(
                .digitNews(self.id, side, .fallback("no kpml from its party: \(status)")))
        }
        self.changeDigits(side) { $0.watch.phase = .active }
        let seconds = response?.first(.expires)
            .flatMap { ASCII.number($0, limit: UInt64(KeySubscription.secondsMax)) }
        let half = max(seconds ?? UInt64(KeySubscription.secondsMax), 60) / 2
        self.emit(.startTimer(.keyWatch(self.id, side), milliseconds: UInt32(half) * 1000))
    }

    /// Takes a NOTIFY of our subscription.
    func keysReported(_ side: Side, _ request: ReceivedRequest) {
        guard let policy = self.part(side, { $0.trunk.digits }), policy.receive.contains(.kpml),
            [.sent, .active].contains(self.part(side, { $0.digits?.watch.phase }))
        else {
            self.context.counters.eventsRefused &+= 1
            return self.context.respond(
                Reply(481, tag: self.part(side) { $0.localTag }), to: request)
        }
        do throws(DigitFault) {
            if !request.message.body.isEmpty {
                try self.take(try KeyPressReport(request.message.body), side, policy)
            }
            self.context.respond(Reply(200, tag: self.part(side) { $0.localTag }), to: request)
        } catch {
            self.refuse(error, side, request)
        }
        self.renewIfEnded(side, request.message)
    }

    private func take(
        _ report: KeyPressReport, _ side: Side, _ policy: DigitPolicy
    ) throws(DigitFault) {
        guard report.code == 200, !report.keys.isEmpty else { return }
        // All or none: what is refused comes again.
        try self.admit(
            side, policy, count: min(report.keys.count, Int(policy.digitsPerSecond)))
        let digits = report.keys.map { InfoDigit($0, durationMs: nil) }
        let route = self.digitRoute(from: side)
        if let fault = self.deliver(digits, to: side.other, by: route) { throw fault }
        for digit in digits { self.keep(digit, .kpml, side, self.context.monotonicNow, nil) }
    }

    /// A party that ends the subscription after each report is asked again.
    private func renewIfEnded(_ side: Side, _ message: SIPMessage) {
        guard let value = message.first(.subscriptionState), let state = try? TokenValue(value),
            ASCII.equalsIgnoringCase(state.token, "terminated"),
            let watch = self.part(side, { $0.digits?.watch }), watch.phase != .refused
        else { return }
        guard watch.renewals < KeyWatch.renewalsMax else {
            self.changeDigits(side) { $0.watch.phase = .refused }
            self.context.counters.digitFallbacks &+= 1
            return self.emit(
                .digitNews(
                    self.id, side,
                    .fallback("no kpml from its party: it ended \(KeyWatch.renewalsMax) of them")))
        }
        self.changeDigits(side) {
            $0.watch.phase = .none
            $0.watch.renewals += 1
        }
        self.watchKeys(side)
    }
}
