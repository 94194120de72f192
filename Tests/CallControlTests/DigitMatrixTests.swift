// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// Every form to every form, both directions: one digit is one digit, in the form that is wanted.
@Suite struct DigitMatrixTests {
    private func becomes(_ one: DigitForm, _ other: DigitForm) throws {
        let scene = DigitScene(DigitScene.policy(one), DigitScene.policy(other))
        try scene.establish()
        for (side, from, to) in [(Side.a, one, other), (.b, other, one)] {
            try scene.press(side, from)
            let got = scene.got(side.other)
            if from == to, from.isMedia {
                // It passes as it is: nobody takes it, and nobody sends it once more.
                #expect(got.isEmpty, "\(from) to \(to): \(got)")
                #expect(scene.media(side)?.intake.contains(.take) != true)
            } else {
                #expect(got == [to: 1], "\(from) to \(to) from \(side): \(got)")
            }
        }
        let isSeen = one != other || !one.isMedia
        let seen = scene.world.core.engine.call(scene.id)?.digits?.log.digits ?? []
        #expect(seen.map(\.key.code) == (isSeen ? [5, 5] : []))
        #expect(seen.map(\.form) == (isSeen ? [one, other] : []))
        #expect(scene.counters.digitsRefused == 0 && scene.counters.digitsUnsent == 0)
        scene.finish()
        #expect(scene.world.records.first?.digits.digits == seen)
    }

    @Test(arguments: DigitForm.allCases) func eventsBecome(form: DigitForm) throws {
        try self.becomes(.rfc4733, form)
    }

    @Test(arguments: DigitForm.allCases) func tonesBecome(form: DigitForm) throws {
        try self.becomes(.tones, form)
    }

    @Test(arguments: DigitForm.allCases) func relayInfoBecomes(form: DigitForm) throws {
        try self.becomes(.infoRelay, form)
    }

    @Test(arguments: DigitForm.allCases) func infoBecomes(form: DigitForm) throws {
        try self.becomes(.info, form)
    }

    @Test(arguments: DigitForm.allCases) func notifyBecomes(form: DigitForm) throws {
        try self.becomes(.notify, form)
    }

    @Test(arguments: DigitForm.allCases) func keyPressesBecome(form: DigitForm) throws {
        try self.becomes(.kpml, form)
    }

    // MARK: Without a policy

    @Test func withoutAPolicyEverythingPasses() throws {
        let scene = DigitScene(nil, nil)
        try scene.establish()
        #expect(scene.world.media[scene.id]?.a.dtmf == nil && scene.media(.b) == nil)
        try scene.info(.a, "Signal=5\r\nDuration=120\r\n")
        try scene.info(.a, "Signal=rubbish")
        #expect(scene.bob.count("< INFO") == 2)
        #expect(scene.world.core.engine.call(scene.id)?.digits == nil)
        #expect(scene.counters.digitsTaken == 0)
        scene.finish()
    }

    @Test func theOtherTrunkNeedsNone() throws {
        let scene = DigitScene(DigitScene.policy(.infoRelay), nil)
        try scene.establish()
        try scene.press(.a, .infoRelay)
        #expect(scene.got(.b) == [.rfc4733: 1])
        try scene.press(.b, .rfc4733)
        #expect(scene.got(.a) == [.infoRelay: 1])
        scene.finish()
    }

    @Test func reportsLookAtWhatPasses() throws {
        var policy = DigitScene.policy(.rfc4733)
        policy.reports = true
        let scene = DigitScene(policy, DigitScene.policy(.rfc4733))
        try scene.establish()
        #expect(scene.media(.a)?.intake == [.events, .report])
        #expect(scene.media(.b) == nil)
        try scene.press(.a, .rfc4733)
        #expect(scene.got(.b).isEmpty && scene.counters.digitsTaken == 1)
        scene.finish()
    }

    @Test func severalFormsOfOnePeer() throws {
        var policy = DigitScene.policy(.rfc4733)
        policy.receive = [DigitForms(.rfc4733), DigitForms(.tones), DigitForms(.info)]
        policy.looksAhead = true
        let scene = DigitScene(policy, DigitScene.policy(.rfc4733))
        try scene.establish()
        #expect(
            scene.media(.a)?.intake
                == [.events, .tones, .take, .lookAhead, .report, .passOn])
        #expect(scene.media(.a)?.audioTypes.map(\.codec) == [.pcmu, .pcma])
        for form in [DigitForm.rfc4733, .tones, .info] { try scene.press(.a, form) }
        #expect(scene.got(.b) == [.rfc4733: 3])
        scene.finish()
    }

    // MARK: Session descriptions

    private func hasEvents(_ message: SIPMessage?) -> Bool {
        message?.bodyText.contains("telephone-event") ?? false
    }

    private func invite(_ scene: DigitScene) -> SIPMessage? {
        scene.bob.requests.first { $0.method == .invite }
    }

    private func answer(_ scene: DigitScene) -> SIPMessage? {
        scene.alice.responses.first { $0.status == 200 && !$0.body.isEmpty }
    }

    @Test func eventsAreOfferedWhereTheCallerHasNone() throws {
        let scene = DigitScene(DigitScene.policy(.info), DigitScene.policy(.rfc4733)) {
            $0.alice.script.codecs = [0]
        }
        try scene.establish()
        let text = self.invite(scene)?.bodyText ?? ""
        #expect(text.contains("a=rtpmap:101 telephone-event/8000\r\n"))
        #expect(text.contains("a=fmtp:101 0-15\r\n"))
        #expect(!self.hasEvents(self.answer(scene)))
        #expect(scene.media(.b)?.sending == .events(.init(type: 101, clockRate: 8000)))
        scene.finish()
    }

    @Test func eventsAreAnsweredWhereTheCalleeHasNone() throws {
        let scene = DigitScene(DigitScene.policy(.rfc4733), DigitScene.policy(.info)) {
            $0.bob.script.codecs = [8]
        }
        try scene.establish()
        #expect(!self.hasEvents(self.invite(scene)))
        #expect(self.answer(scene)?.bodyText.contains("m=audio") == true)
        #expect(self.hasEvents(self.answer(scene)))
        #expect(scene.media(.a)?.eventTypes == [.init(type: 101, clockRate: 8000)])
        scene.finish()
    }

    @Test func eventsAreNoMatterWhereDigitsHaveAnotherForm() throws {
        let scene = DigitScene(DigitScene.policy(.info), DigitScene.policy(.tones))
        try scene.establish()
        #expect(!self.hasEvents(self.invite(scene)) && !self.hasEvents(self.answer(scene)))
        scene.finish()
    }

    @Test func aDelayedOfferHasThemToo() throws {
        let scene = DigitScene(DigitScene.policy(.rfc4733), DigitScene.policy(.info)) {
            $0.alice.script.offersLate = true
            $0.bob.script.codecs = [0]
        }
        try scene.establish()
        #expect(self.hasEvents(self.answer(scene)))
        #expect(scene.media(.a)?.intake.contains(.take) == true)
        try scene.press(.a, .rfc4733)
        #expect(scene.got(.b) == [.info: 1])
        scene.finish()
    }

    /// Events count in a clock. Those of one that the other party does not have are made anew in
    /// its own, and none passes as it is.
    @Test func eventsOfAnotherClock() throws {
        let scene = DigitScene(DigitScene.policy(.rfc4733), DigitScene.policy(.rfc4733)) {
            $0.alice.script.codecs = [96, 0, 101, 110]
            $0.bob.script.codecs = [96, 0, 101]
            $0.world.configure { configuration in
                for index in 0...1 { configuration.trunks[index].codecs = .all }
            }
        }
        try scene.establish()
        let types = try #require(scene.media(.a)?.eventTypes)
        #expect(types.contains(.init(type: 110, clockRate: 48_000)))
        #expect(scene.media(.a)?.intake.isSuperset(of: [.events, .take, .passOn]) == true)
        #expect(scene.media(.b)?.sending == .events(.init(type: 101, clockRate: 8000)))
        try scene.press(.a, .rfc4733)
        #expect(scene.got(.b) == [.rfc4733: 1])
        scene.finish()
    }

    @Test func holdAndRefreshKeepThem() throws {
        let scene = DigitScene(DigitScene.policy(.rfc4733), DigitScene.policy(.info))
        try scene.establish()
        let before = try #require(scene.world.media[scene.id])
        for direction in ["sendonly", "sendrecv", "sendrecv"] {
            scene.alice.reinvite(try scene.call(.a), direction: direction)
            scene.wait(1000)
            #expect(scene.media(.a) == before.a.dtmf && scene.media(.b) == before.b.dtmf)
        }
        scene.bob.reinvite(try scene.call(.b), direction: "inactive")
        scene.wait(1000)
        scene.bob.reinvite(try scene.call(.b), direction: "sendrecv")
        scene.wait(1000)
        #expect(scene.world.media[scene.id] == before)
        try scene.press(.a, .rfc4733)
        #expect(scene.got(.b) == [.info: 1])
        scene.finish()
    }

    @Test func aRestartKeepsThem() throws {
        let scene = DigitScene(DigitScene.policy(.rfc4733), DigitScene.policy(.info))
        try scene.establish()
        let before = try #require(scene.world.media[scene.id])
        scene.world.restart()
        scene.wait()
        #expect(scene.world.media[scene.id] == before)
        try scene.press(.a, .rfc4733)
        try scene.press(.b, .info)
        #expect(scene.got(.b) == [.info: 1] && scene.got(.a) == [.rfc4733: 1])
        scene.finish()
    }
}
