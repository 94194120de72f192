// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// What is refused, what falls back, what is sent for the operator, and what has a limit.
@Suite struct DigitCallTests {
    private func keys(_ text: String) -> [DigitKey] {
        text.utf8.compactMap { DigitKey(character: $0) }
    }

    private func fallbacks(_ scene: DigitScene) -> [String] {
        scene.world.digitNews.compactMap { _, news in
            if case .fallback(let text) = news { text } else { nil }
        }
    }

    // MARK: The table, row by row

    @Test(arguments: [
        ("Signal=5\r\nX=" + String(repeating: "y", count: 300), DigitFault.tooLong),
        ("rubbish", .broken), ("Signal=Z\r\n", .unknownKey),
        ("Signal=5\r\nDuration=0\r\n", .absurdDuration),
    ])
    func brokenInfo(body: String, fault: DigitFault) throws {
        let scene = DigitScene(DigitScene.policy(.infoRelay), DigitScene.policy(.tones))
        try scene.establish()
        try scene.info(.a, body)
        #expect(scene.alice.count("< \(fault.status) INFO") == 1)
        #expect(scene.counters.digitsRefused == 1 && scene.got(.b).isEmpty)
        try scene.press(.a, .infoRelay)
        #expect(scene.got(.b) == [.tones: 1])
        scene.finish()
    }

    @Test func anotherFormThanTheTrunks() throws {
        let scene = DigitScene(DigitScene.policy(.rfc4733), DigitScene.policy(.tones))
        try scene.establish()
        try scene.press(.a, .infoRelay)
        try scene.press(.a, .info)
        try scene.press(.a, .notify)
        #expect(scene.alice.count("< 415 INFO") == 2 && scene.alice.count("< 489 NOTIFY") == 1)
        #expect(scene.got(.b).isEmpty)
        // What is no digit passes as ever.
        try scene.info(.a, "<x/>", type: "application/x-lamp")
        #expect(scene.bob.count("< INFO") == 1)
        scene.finish()
    }

    @Test(arguments: [
        ([5, 0x8a], DigitFault.broken), ([5, 0x8a, 3, 32, 0], .tooLong),
        ([99, 0x8a, 3, 32], .unknownKey), ([5, 0x8a, 0, 0], .absurdDuration),
    ] as [([UInt8], DigitFault)])
    func brokenPackets(octets: [UInt8], fault: DigitFault) throws {
        let scene = DigitScene(DigitScene.policy(.notify), DigitScene.policy(.tones))
        try scene.establish()
        try scene.notify(.a, octets)
        #expect(scene.alice.count("< \(fault.status) NOTIFY") == 1)
        #expect(scene.got(.b).isEmpty && scene.counters.digitsRefused == 1)
        try scene.notify(.a, [5, 0x8a, 3, 32], type: "text/plain")
        #expect(scene.alice.count("< 415 NOTIFY") == 1)
        scene.finish()
    }

    @Test func packetsThatComeAgain() throws {
        let scene = DigitScene(DigitScene.policy(.notify), DigitScene.policy(.infoRelay))
        try scene.establish()
        let call = try scene.call(.a)
        for octets in [[5, 0x0a, 0, 160], [5, 0x0a, 3, 32], [5, 0x8a, 3, 192], [5, 0x8a, 3, 192]] {
            scene.alice.send(
                .notify, in: call, body: octets.map { UInt8($0) },
                contentType: "audio/telephone-event",
                headers: [(.event, "telephone-event;rate=8000"), (.subscriptionState, "active")])
            scene.wait(20)
        }
        scene.wait()
        #expect(scene.alice.count("< 200 NOTIFY") == 4)
        #expect(scene.got(.b) == [.infoRelay: 1] && scene.counters.digitsRepeated == 1)
        scene.finish()
    }

    /// The network repeats what it likes: a digit is one digit.
    @Test func retransmissionsAreNoDigits() throws {
        let scene = DigitScene(DigitScene.policy(.infoRelay), DigitScene.policy(.info))
        scene.world.network.repeated = 700
        try scene.establish()
        for _ in 0..<10 { try scene.press(.a, .infoRelay) }
        #expect(scene.got(.b) == [.info: 10])
        scene.finish()
    }

    @Test func nobodyTakesDigits() throws {
        let scene = DigitScene(DigitScene.policy(.info), DigitScene.policy(.rfc4733)) {
            $0.alice.script.media.bodies[""] = nil
            for phone in [$0.alice, $0.bob] { phone.script.codecs = [18] }
            $0.world.configure { configuration in
                for index in 0...1 { configuration.trunks[index].codecs = .all }
            }
        }
        try scene.establish()
        try scene.press(.a, .info)
        #expect(scene.alice.count("< 480 INFO") == 1 && scene.counters.digitsRefused == 1)
        scene.finish()
    }

    @Test func aFloodIsCutOff() throws {
        var policy = DigitScene.policy(.infoRelay)
        policy.digitsPerSecond = 5
        let scene = DigitScene(policy, DigitScene.policy(.tones))
        try scene.establish()
        scene.wait(1000 - scene.world.now % 1000)
        let call = try scene.call(.a)
        for _ in 0..<50 {
            scene.alice.send(
                .info, in: call, body: Array("Signal=5".utf8), contentType: DigitScene.relayType)
        }
        scene.wait(900)
        #expect(scene.alice.count("< 200 INFO") == 5 && scene.alice.count("< 500 INFO") == 45)
        #expect(scene.got(.b) == [.tones: 5])
        let refusal = scene.alice.responses.last { $0.status == 500 }
        #expect(refusal?.texts(.retryAfter) == ["1"])
        scene.wait(1000)
        try scene.press(.a, .infoRelay)
        #expect(scene.got(.b) == [.tones: 6])
        scene.finish()
    }

    @Test func aQueueThatIsFull() throws {
        var policy = DigitScene.policy(.infoRelay)
        policy.digitsPerSecond = 1000
        let scene = DigitScene(policy, DigitScene.policy(.info))
        try scene.establish()
        scene.bob.isDead = true
        let call = try scene.call(.a)
        for _ in 0..<40 {
            scene.alice.send(
                .info, in: call, body: Array("Signal=5".utf8), contentType: DigitScene.relayType)
        }
        scene.wait(300)
        // One is on its way, 32 wait.
        #expect(scene.alice.count("< 200 INFO") == 33 && scene.alice.count("< 500 INFO") == 7)
        scene.bob.isDead = false
        scene.finish()
        #expect(scene.counters.digitsUnsent <= 1)
        #expect(scene.got(.b)[.info] ?? 0 >= 32)
    }

    /// Digits in messages leave one after the other, or they would overtake each other.
    @Test func digitsKeepTheirOrder() throws {
        let scene = DigitScene(DigitScene.policy(.tones), DigitScene.policy(.info))
        scene.world.network.delay = 1...200
        try scene.establish()
        let id = scene.id
        let typed = self.keys("1234567890*#ABCD")
        for key in typed {
            scene.world.input {
                $0.engine.digit(id, .a, key, .tones, startedAt: 0, durationMs: 50, level: 9)
            }
        }
        scene.wait(20_000)
        let got = scene.bob.requests.filter { $0.method == .info }.map(\.bodyText)
        #expect(got.joined() == "1234567890*#ABCD")
        scene.finish()
    }

    // MARK: What cannot be agreed

    @Test func noEventsInTheAnswerMeansTones() throws {
        let scene = DigitScene(DigitScene.policy(.info), DigitScene.policy(.rfc4733)) {
            $0.bob.script.codecs = [0, 8]
        }
        try scene.establish()
        try scene.press(.a, .info)
        #expect(scene.got(.b) == [.tones: 1])
        #expect(self.fallbacks(scene) == ["tones (no rfc4733)"])
        #expect(scene.counters.digitFallbacks == 1)
        #expect(scene.world.core.engine.call(scene.id)?.digits?.toB == "tones (no rfc4733)")
        scene.finish()
    }

    @Test func aPartyThatDoesNotAllowInfo() throws {
        let scene = DigitScene(DigitScene.policy(.rfc4733), DigitScene.policy(.info)) {
            $0.bob.script.dialogs.allow = "INVITE, ACK, CANCEL, BYE, OPTIONS"
        }
        try scene.establish()
        try scene.press(.a, .rfc4733)
        #expect(scene.got(.b) == [.tones: 1] && scene.bob.count("< INFO") == 0)
        #expect(self.fallbacks(scene) == ["tones (no info)"])
        scene.finish()
    }

    @Test func aPartyThatRefusesInfo() throws {
        let scene = DigitScene(DigitScene.policy(.rfc4733), DigitScene.policy(.info)) {
            $0.bob.script.infoStatus = 415
        }
        try scene.establish()
        try scene.press(.a, .rfc4733)
        #expect(scene.bob.count("< INFO") == 1)
        #expect(scene.world.digits.map(\.burst.keys) == [self.keys("5")])
        try scene.press(.a, .rfc4733)
        #expect(scene.bob.count("< INFO") == 1 && scene.media(.a)?.intake.contains(.passOn) == true)
        scene.finish()
    }

    // MARK: Subscriptions to key presses

    @Test func withoutASubscriptionKeysAreTones() throws {
        let scene = DigitScene(DigitScene.policy(.info), DigitScene.policy(.kpml))
        scene.alice.dial()
        scene.wait(2000)
        try scene.press(.a, .info)
        #expect(scene.got(.b) == [.tones: 1])
        try scene.subscribe(.b)
        try scene.press(.a, .info)
        #expect(scene.bob.count("< 200 SUBSCRIBE") == 1 && scene.got(.b)[.kpml] == 1)
        try scene.subscribe(.b, expires: "0")
        let last = scene.bob.requests.last { $0.method == .notify }
        #expect(last?.texts(.subscriptionState) == ["terminated;reason=timeout"])
        try scene.press(.a, .info)
        #expect(scene.got(.b)[.kpml] == 1)
        scene.finish()
    }

    @Test func aSubscriptionEndsByItself() throws {
        let scene = DigitScene(DigitScene.policy(.info), DigitScene.policy(.kpml)) {
            $0.alice.script.hangUpAfter = 200_000
        }
        scene.alice.dial()
        scene.wait(2000)
        try scene.subscribe(.b, expires: "60")
        scene.wait(61_000)
        let last = scene.bob.requests.last { $0.method == .notify }
        #expect(last?.texts(.subscriptionState) == ["terminated;reason=timeout"])
        scene.finish()
    }

    @Test func oneShotWaitsToBeAskedAgain() throws {
        let scene = DigitScene(DigitScene.policy(.info), DigitScene.policy(.kpml))
        scene.alice.dial()
        scene.wait(2000)
        let body = DigitScene.kpmlRequest.replacing("persist=\"persist\"", with: "")
        try scene.subscribe(.b, body: body)
        for _ in 0..<3 { try scene.press(.a, .info) }
        #expect(scene.got(.b) == [.kpml: 1])
        try scene.subscribe(.b, body: body)
        #expect(scene.got(.b) == [.kpml: 2])
        try scene.subscribe(.b)
        #expect(scene.got(.b) == [.kpml: 3])
        scene.finish()
    }

    @Test func subscriptionsByTheTable() throws {
        let scene = DigitScene(DigitScene.policy(.info), DigitScene.policy(.kpml))
        scene.alice.dial()
        scene.wait(2000)
        try scene.subscribe(.b, body: "<rubbish")
        try scene.subscribe(.b, body: DigitScene.kpmlRequest.replacing("[x*#ABCD]", with: "xxx"))
        try scene.subscribe(.b, body: "")
        #expect(scene.bob.count("< 400 SUBSCRIBE") == 3)
        try scene.subscribe(.b, body: String(repeating: " ", count: 5000))
        #expect(scene.bob.count("< 413 SUBSCRIBE") == 1)
        try scene.subscribe(.a)
        #expect(scene.alice.count("< 489 SUBSCRIBE") == 1)
        scene.finish()
    }

    @Test func weSubscribeWhereTheTrunkSaysSo() throws {
        var policy = DigitScene.policy(.rfc4733)
        policy.receive = DigitForms(.kpml)
        let scene = DigitScene(policy, DigitScene.policy(.info))
        try scene.establish()
        let request = try #require(scene.alice.requests.first { $0.method == .subscribe })
        #expect(request.texts(.event) == ["kpml"] && request.texts(.expires) == ["7200"])
        #expect(try KeyPressRequest(request.body).persistence == .persist)
        try scene.keyPress(.a, "5")
        #expect(scene.got(.b) == [.info: 1])
        try scene.keyPress(.a, "5E")
        #expect(scene.alice.count("< 400 NOTIFY") == 1 && scene.got(.b) == [.info: 1])
        scene.finish()
    }

    @Test func aPartyWithoutKeyPressesIsSaidOnce() throws {
        var policy = DigitScene.policy(.rfc4733)
        policy.receive = DigitForms(.kpml)
        let scene = DigitScene(policy, nil) { $0.alice.script.subscribeStatus = 489 }
        try scene.establish()
        #expect(scene.alice.count("< SUBSCRIBE") == 1)
        #expect(self.fallbacks(scene) == ["no kpml from its party: 489"])
        try scene.keyPress(.a, "5")
        #expect(scene.alice.count("< 481 NOTIFY") == 1 && scene.got(.b).isEmpty)
        scene.finish()
    }

    // MARK: The operator

    @Test func theOperatorSendsDigits() throws {
        let scene = DigitScene(nil, nil)
        try scene.establish()
        let id = scene.id
        scene.world.input {
            #expect($0.engine.sendDigits(self.keys("123#"), to: .b, of: id) == nil)
        }
        #expect(scene.world.digits.map(\.burst.keys) == self.keys("123#").map { [$0] })
        #expect(scene.media(.b)?.sending == .events(.init(type: 101, clockRate: 8000)))
        let seen = scene.world.core.engine.call(id)?.digits?.log.digits ?? []
        #expect(seen.map(\.key) == self.keys("123#") && seen.allSatisfy { $0.form == nil })
        scene.world.input {
            #expect($0.engine.sendDigits(self.keys("1"), to: .b, of: CallIdentifier(1)) == .noCall)
        }
        scene.finish()
    }

    /// As many digits wait for a party's media as there is room for in its flow; others are refused
    /// until those were sent.
    @Test func digitsForMediaHaveALimit() throws {
        let scene = DigitScene(nil, nil)
        try scene.establish()
        let id = scene.id
        let most = Array(repeating: self.keys("7"), count: LegDigitState.waitingMax).flatMap { $0 }
        scene.world.input {
            #expect($0.engine.sendDigits(most + self.keys("7"), to: .b, of: id) == .full)
            #expect($0.engine.sendDigits(most, to: .b, of: id) == nil)
            #expect($0.engine.sendDigits(self.keys("1"), to: .b, of: id) == .full)
        }
        #expect(scene.world.digits.count == most.count)
        let policy = DigitPolicy.plain
        scene.wait(UInt64(policy.durationMs) + UInt64(policy.pauseMs))
        scene.world.input {
            #expect($0.engine.sendDigits(self.keys("1"), to: .b, of: id) == nil)
            #expect($0.engine.sendDigits(self.keys("2"), to: .b, of: id) == .full)
        }
        #expect(scene.world.digits.count == most.count + 1)
        scene.finish()
    }

    /// No faster than they could be pressed: two of one key are two over there.
    @Test(arguments: [DigitForm.infoRelay, .notify])
    func digitsInMessagesTakeTheirTime(form: DigitForm) throws {
        let scene = DigitScene(nil, DigitScene.policy(form))
        try scene.establish()
        let id = scene.id
        let begin = scene.world.now
        scene.world.input {
            #expect($0.engine.sendDigits(self.keys("555"), to: .b, of: id) == nil)
        }
        let policy = DigitPolicy.plain
        let each = UInt64(policy.durationMs + policy.pauseMs)
        for count in 1...3 {
            scene.world.run(until: begin + each * UInt64(count) - 20)
            #expect(scene.got(.b) == [form: count])
        }
        scene.wait(2000)
        #expect(scene.got(.b) == [form: 3] && scene.counters.digitsUnsent == 0)
        scene.finish()
    }

    /// Of digits that came without a length each waits for the pause alone, so that none piles up.
    @Test func digitsWithoutALengthKeepUp() throws {
        let scene = DigitScene(DigitScene.policy(.info), DigitScene.policy(.notify))
        try scene.establish()
        let call = try scene.call(.a)
        for _ in 0..<100 {
            scene.alice.send(
                .info, in: call, body: Array("5".utf8), contentType: "application/dtmf")
            scene.wait(150)
        }
        scene.wait(1000)
        #expect(scene.got(.b) == [.notify: 100] && scene.counters.digitsRefused == 0)
        scene.finish()
    }

    /// A party that has no time for a digit gets it a little later.
    @Test func aBusyPartyIsAskedAgain() throws {
        let scene = DigitScene(nil, DigitScene.policy(.infoRelay)) {
            $0.bob.script.infoStatus = 491
        }
        try scene.establish()
        let id = scene.id
        scene.world.input {
            #expect($0.engine.sendDigits(self.keys("55"), to: .b, of: id) == nil)
        }
        scene.wait(1500)
        #expect(scene.got(.b) == [.infoRelay: 2] && scene.counters.digitsUnsent == 0)
        scene.bob.script.infoStatus = 200
        scene.wait(2000)
        #expect(scene.got(.b) == [.infoRelay: 4] && scene.counters.digitsUnsent == 0)
        scene.bob.script.infoStatus = 500
        scene.world.input {
            #expect($0.engine.sendDigits(self.keys("5"), to: .b, of: id) == nil)
        }
        scene.wait(10_000)
        // As often as there are attempts, and then it is unsent.
        #expect(scene.got(.b) == [.infoRelay: 4 + Int(LegDigitState.attemptsMax)])
        #expect(scene.counters.digitsUnsent == 1)
        scene.finish()
    }

    /// Two trunks of one form, written in two ways: nothing passes as it is.
    @Test func typesOfTheirOwn() throws {
        var own = DigitScene.policy(.infoRelay)
        own.infoRelayType = Array("application/vnd.example.dtmf".utf8)
        let scene = DigitScene(own, DigitScene.policy(.infoRelay))
        try scene.establish()
        try scene.info(
            .a, "Signal=5\r\nDuration=120\r\n", type: "application/vnd.example.dtmf")
        #expect(scene.got(.b) == [.infoRelay: 1])
        try scene.info(.a, "", type: "application/vnd.example.dtmf")
        #expect(scene.counters.digitsRefused == 1 && scene.got(.b) == [.infoRelay: 1])
        scene.finish()
    }

    @Test func theOperatorsDigitsHaveTheTrunksForm() throws {
        let scene = DigitScene(nil, DigitScene.policy(.infoRelay))
        try scene.establish()
        let id = scene.id
        scene.world.input {
            #expect($0.engine.sendDigits(self.keys("55"), durationMs: 90, to: .b, of: id) == nil)
        }
        scene.wait()
        #expect(scene.got(.b) == [.infoRelay: 2])
        #expect(scene.bob.requests.last?.bodyText == "Signal=5\r\nDuration=90\r\n")
        scene.finish()
    }

    @Test func theOperatorMayNotBeforeTheAnswer() throws {
        let scene = DigitScene(nil, nil) { $0.bob.script.answer = .accept(after: 5000) }
        scene.alice.dial()
        scene.wait(1000)
        let id = scene.id
        scene.world.input {
            #expect($0.engine.sendDigits(self.keys("1"), to: .b, of: id) == .notUp)
        }
        scene.finish()
    }
}
