// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// A call between trunks with digit policies. The fast path is played: it reports the digits that
/// it was told to take, and hands over those that it was told to pass on.
final class DigitScene {
    let world: World
    let alice: Phone
    let bob: Phone
    /// Digits that the fast path handed from one leg to the other.
    private(set) var passed: [(side: Side, key: DigitKey)] = []

    static let relayType = "application/dtmf-relay"
    static let kpmlRequest = String(decoding: KeyPressRequest.everyKey, as: UTF8.self)

    /// A policy where the peer sends and takes one form.
    static func policy(_ form: DigitForm) -> DigitPolicy {
        var policy = DigitPolicy()
        policy.send = form
        policy.receive = DigitForms(form)
        return policy
    }

    init(_ a: DigitPolicy?, _ b: DigitPolicy?, change: (DigitScene) -> Void = { _ in }) {
        self.world = World()
        self.world.configure {
            $0.trunks[0].digits = a
            $0.trunks[1].digits = b
        }
        self.alice = self.world.phone("alice", side: .a)
        self.bob = self.world.phone("bob", side: .b)
        for phone in [self.alice, self.bob] { phone.script.subscribeStatus = 200 }
        self.alice.script.hangUpAfter = 60_000
        change(self)
    }

    var counters: EngineCounters { self.world.core.engine.counters }
    var id: CallIdentifier { self.world.core.engine.listCalls().first?.id ?? CallIdentifier(0) }
    func phone(_ side: Side) -> Phone { side == .a ? self.alice : self.bob }
    func media(_ side: Side) -> LegDigits? { self.world.media[self.id]?[side].dtmf }

    /// Calls, is answered, and subscribes where digits go by subscription.
    func establish() throws {
        self.alice.dial()
        self.wait(2000)
        for side in Side.allCases
        where self.world.configuration.trunks[Int(side.rawValue)].digits?.send == .kpml {
            try self.subscribe(side)
        }
    }

    func wait(_ milliseconds: UInt64 = 500) {
        self.world.run(until: self.world.now + milliseconds)
    }

    func finish(sourceLocation: SourceLocation = #_sourceLocation) {
        self.world.run()
        self.world.expectClean(sourceLocation: sourceLocation)
    }

    func call(_ side: Side) throws -> PhoneCall {
        try #require(self.phone(side).calls.values.first)
    }

    func subscribe(_ side: Side, body: String = kpmlRequest, expires: String = "600") throws {
        self.phone(side).send(
            .subscribe, in: try self.call(side), body: Array(body.utf8),
            contentType: KeyPressRequest.contentType,
            headers: [(.event, "kpml"), (.expires, expires), (.contact, "<sip:x@198.51.100.1>")])
        self.wait()
    }

    // MARK: Digits of a party

    func info(_ side: Side, _ body: String, type: String = relayType) throws {
        self.phone(side).send(
            .info, in: try self.call(side), body: Array(body.utf8), contentType: type)
        self.wait()
    }

    func notify(
        _ side: Side, _ body: [UInt8], type: String = "audio/telephone-event",
        event: String = "telephone-event"
    ) throws {
        self.phone(side).send(
            .notify, in: try self.call(side), body: body, contentType: type,
            headers: [(.event, event), (.subscriptionState, "active")])
        self.wait()
    }

    func keyPress(_ side: Side, _ digits: String) throws {
        let body = "<kpml-response version=\"1.0\" code=\"200\" digits=\"\(digits)\"/>"
        self.phone(side).send(
            .notify, in: try self.call(side), body: Array(body.utf8),
            contentType: KeyPressReport.contentType,
            headers: [(.event, "kpml"), (.subscriptionState, "active;expires=600")])
        self.wait()
    }

    /// What the fast path does with a digit in the media of a party.
    func media(_ side: Side, _ key: DigitKey, _ form: DigitForm) {
        guard let digits = self.media(side) else { return }
        let isKnown = digits.intake.contains(form == .rfc4733 ? .events : .tones)
        guard isKnown else { return }
        if digits.intake.contains(.passOn) { self.passed.append((side.other, key)) }
        guard digits.intake.contains(.report) else { return }
        let id = self.id
        let now = self.world.now
        self.world.input {
            $0.engine.digit(id, side, key, form, startedAt: now, durationMs: 120, level: 9)
        }
        self.wait()
    }

    /// A party presses 5.
    func press(_ side: Side, _ form: DigitForm) throws {
        let key = try #require(DigitKey(code: 5))
        switch form {
        case .rfc4733, .tones: self.media(side, key, form)
        case .infoRelay: try self.info(side, "Signal=5\r\nDuration=120\r\n")
        case .info: try self.info(side, "5", type: "application/dtmf")
        case .notify: try self.notify(side, [5, 0x89, 3, 0xc0])
        case .kpml: try self.keyPress(side, "5")
        }
    }

    // MARK: Digits for a party

    /// How many digits 5 a party got, by form. Media that was relayed does not show here.
    func got(_ side: Side) -> [DigitForm: Int] {
        var got: [DigitForm: Int] = [:]
        let sending: DigitForm? =
            switch self.media(side)?.sending {
            case .events: .rfc4733
            case .tones: .tones
            case .some(.none), nil: nil
            }
        let media =
            self.passed.count { $0.side == side && $0.key.code == 5 }
            + self.world.digits.count { $0.side == side && $0.burst.keys.map(\.code) == [5] }
        if media > 0 { got[sending ?? .tones] = media }
        for request in self.phone(side).requests {
            guard let form = Self.form(request) else { continue }
            got[form, default: 0] += 1
        }
        return got
    }

    private static func form(_ request: SIPMessage) -> DigitForm? {
        let type = request.texts(.contentType).first ?? ""
        switch (request.method, type) {
        case (.info, "application/dtmf-relay"):
            return request.bodyText.hasPrefix("Signal=5\r\n") ? .infoRelay : nil
        case (.info, "application/dtmf"): return request.bodyText == "5" ? .info : nil
        case (.notify, "audio/telephone-event"):
            return request.body.first == 5 && request.body.count == 4 ? .notify : nil
        case (.notify, KeyPressReport.contentType):
            return request.bodyText.contains("digits=\"5\"") ? .kpml : nil
        default: return nil
        }
    }
}
