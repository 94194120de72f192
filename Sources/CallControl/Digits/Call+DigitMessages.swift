// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import SIPTransaction

// Digits of a party in its messages: INFO, and NOTIFY of telephone-event. Where the other party
// takes the same form the message itself passes; else it is answered here.
extension Call {
    /// What an INFO is for one who knows digits: nil where it is none of a digit, and passes.
    private func infoForm(_ message: SIPMessage, _ policy: DigitPolicy) -> DigitForm? {
        guard let type = try? message.contentType() else { return nil }
        if type.isNamed(policy.infoRelayType) { return .infoRelay }
        return type.isNamed(policy.infoType) ? .info : nil
    }

    /// Takes an INFO with a digit. False where it has to pass.
    func tookDigit(_ side: Side, info request: ReceivedRequest) -> Bool {
        guard let policy = self.part(side, { $0.trunk.digits }),
            let form = self.infoForm(request.message, policy)
        else { return false }
        do throws(DigitFault) {
            guard policy.receive.contains(form) else { throw .formNotTaken }
            let body = request.message.body
            let digit = try form == .info ? InfoDigit(bare: body) : InfoDigit(relay: body)
            try self.admit(side, policy)
            return try self.take(
                digit, form, side, request, startedAt: self.context.monotonicNow, level: nil)
        } catch {
            self.refuse(error, side, request)
            return true
        }
    }

    /// A NOTIFY of the package that the trunk has digits in.
    func isDigit(_ side: Side, notify event: TokenValue) -> Bool {
        self.part(side) { leg in
            leg.trunk.digits.map { ASCII.equalsIgnoringCase(event.token, $0.notifyEvent) }
        } ?? false
    }

    /// Takes a NOTIFY with an event packet. False where it has to pass.
    func tookDigit(
        _ side: Side, notify request: ReceivedRequest, _ event: TokenValue
    ) -> Bool {
        guard let policy = self.part(side, { $0.trunk.digits }) else { return false }
        do throws(DigitFault) {
            guard policy.receive.contains(.notify) else { return false }
            let type = try? request.message.contentType()
            guard type?.isNamed(policy.notifyType) == true else { throw .formNotTaken }
            let packet = try NotifyDigit(
                request.message.body, clock: Self.clock(event) ?? policy.notifyClock)
            try self.admit(side, policy)
            return try self.take(packet, side, request)
        } catch {
            self.refuse(error, side, request)
            return true
        }
    }

    private static func clock(_ event: TokenValue) -> UInt32? {
        guard let text = event.parameters.value("rate"),
            let rate = ASCII.number(text, limit: NotifyDigit.clocks.upperBound),
            rate >= NotifyDigit.clocks.lowerBound
        else { return nil }
        return UInt32(rate)
    }

    /// Messages of this form pass as they are: the other party has the same form, written the same
    /// way.
    func passesMessages(_ form: DigitForm, from side: Side) -> Bool {
        guard self.digitRoute(from: side).sink == .message(form) else { return false }
        let (own, far) = (self.digitPolicy(side), self.digitPolicy(side.other))
        switch form {
        case .infoRelay: return own.infoRelayType == far.infoRelayType
        case .info: return own.infoType == far.infoType
        case .notify:
            return own.notifyEvent == far.notifyEvent && own.notifyType == far.notifyType
                && own.notifyClock == far.notifyClock
        case .kpml, .rfc4733, .tones: return false
        }
    }

    /// Packets are told apart before any of them is a digit: what comes again is answered, and no
    /// second digit.
    private func take(
        _ packet: NotifyDigit, _ side: Side, _ request: ReceivedRequest
    ) throws(DigitFault) -> Bool {
        let now = self.context.monotonicNow
        let isRelayed = self.passesMessages(.notify, from: side)
        var packets = self.part(side) { $0.digits?.packets } ?? NotifyDigits()
        let over = packets.receive(packet, at: now)
        self.changeDigits(side) { $0.packets = packets }
        if over.isEmpty, packet.isEnd { self.context.counters.digitsRepeated &+= 1 }
        let digits = over.map { InfoDigit($0.packet.key, durationMs: $0.packet.durationMs) }
        if !isRelayed, !digits.isEmpty,
            let fault = self.deliver(digits, to: side.other, by: self.digitRoute(from: side))
        {
            throw fault
        }
        for (digit, whole) in zip(digits, over) {
            self.keep(digit, .notify, side, whole.startedAt, whole.packet.volume)
        }
        if isRelayed { return false }
        self.accept(side, request)
        return true
    }

    private func take(
        _ digit: InfoDigit, _ form: DigitForm, _ side: Side, _ request: ReceivedRequest,
        startedAt: Milliseconds, level: UInt8?
    ) throws(DigitFault) -> Bool {
        let isRelayed = self.passesMessages(form, from: side)
        if !isRelayed, let fault = self.deliver(digit, from: side) { throw fault }
        self.keep(digit, form, side, startedAt, level)
        if isRelayed { return false }
        self.accept(side, request)
        return true
    }

    func keep(
        _ digit: InfoDigit, _ form: DigitForm, _ side: Side, _ startedAt: Milliseconds,
        _ level: UInt8?
    ) {
        self.context.counters.digitsTaken &+= 1
        self.note(
            Digit(
                digit.key, side, form, after: self.offsets.after(startedAt),
                durationMs: digit.durationMs ?? 0, level: level))
    }

    func admit(_ side: Side, _ policy: DigitPolicy, count: Int = 1) throws(DigitFault) {
        var pace = self.part(side) { $0.digits?.pace } ?? DigitPace()
        let isIn = pace.admits(
            UInt32(clamping: count), most: policy.digitsPerSecond, at: self.context.monotonicNow)
        self.changeDigits(side) { $0.pace = pace }
        if !isIn { throw .flood }
    }

    private func accept(_ side: Side, _ request: ReceivedRequest) {
        self.context.respond(Reply(200, tag: self.part(side) { $0.localTag }), to: request)
    }

    func refuse(_ fault: DigitFault, _ side: Side, _ request: ReceivedRequest) {
        self.context.counters.digitsRefused &+= 1
        var reply = Reply(fault.status, tag: self.part(side) { $0.localTag })
        if fault.isTemporary { reply.retryAfter = 1 }
        reply.reason = (fault.status, fault.rawValue)
        self.context.respond(reply, to: request)
    }
}
