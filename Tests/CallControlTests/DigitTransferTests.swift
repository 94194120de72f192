// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// Digits before the answer, in forks, and after one party took the place of another.
@Suite struct DigitTransferTests {
    private func info(_ phone: Phone, _ call: PhoneCall, _ world: World) {
        phone.send(
            .info, in: call, body: Array("Signal=5\r\n".utf8), contentType: DigitScene.relayType)
        world.run(until: world.now + 500)
    }

    /// Bob takes INFO, Carol, who takes his place, tones.
    @Test func whoComesInsteadGetsDigitsItsOwnWay() throws {
        let scene = TransferScene()
        scene.world.configure {
            $0.trunks[0].digits = DigitScene.policy(.infoRelay)
            $0.trunks[1].digits = DigitScene.policy(.info)
            $0.trunks[2].digits = DigitScene.policy(.tones)
        }
        scene.establish()
        self.info(scene.alice, try scene.call(scene.alice), scene.world)
        let got = scene.bob.requests.filter { $0.method == .info }
        #expect(got.map(\.bodyText) == ["5"] && scene.world.digits.isEmpty)
        scene.bob.refer(try scene.call(scene.bob), to: "<sip:+3999@192.0.2.2>")
        scene.world.run(until: 10_000)
        try scene.expectConnected(scene.alice, scene.carol)
        let media = try #require(scene.world.media.values.first)
        #expect(media.b.dtmf?.sending == .tones(.init(type: 0, codec: .pcmu)))
        self.info(scene.alice, try scene.call(scene.alice), scene.world)
        #expect(scene.world.digits.count == 1 && scene.world.digits[0].side == .b)
        #expect(scene.carol.count("< INFO") == 0 && scene.bob.count("< INFO") == 1)
        scene.finish()
    }

    /// A carrier's announcement may ask for digits: they are tones until somebody answers.
    @Test func beforeTheAnswerDigitsAreTones() throws {
        let scene = DigitScene(DigitScene.policy(.rfc4733), DigitScene.policy(.info)) {
            $0.bob.script.progress = [.init(after: 50, status: 183, description: true)]
            $0.bob.script.answer = .accept(after: 4000)
        }
        scene.alice.dial()
        scene.wait(2000)
        #expect(scene.media(.a)?.intake == [.events, .take, .report, .passOn])
        #expect(scene.media(.b)?.sending == .tones(.init(type: 0, codec: .pcmu)))
        try scene.press(.a, .rfc4733)
        #expect(scene.got(.b) == [.tones: 1] && scene.bob.count("< INFO") == 0)
        scene.wait(4000)
        #expect(scene.media(.a)?.intake == [.events, .take, .report] && scene.media(.b) == nil)
        try scene.press(.a, .rfc4733)
        #expect(scene.got(.b)[.info] == 1)
        scene.finish()
    }

    /// Each branch of a fork is answered with what its own party has.
    @Test func theBranchThatWinsDecides() throws {
        let scene = DigitScene(DigitScene.policy(.rfc4733), DigitScene.policy(.infoRelay)) {
            $0.bob.script.progress = [
                .init(after: 50, status: 183, description: true, branch: "one"),
                .init(after: 90, status: 183, description: true, branch: "two"),
            ]
            $0.bob.script.answerBranch = "one"
        }
        try scene.establish()
        let answers = scene.alice.responses.filter { !$0.body.isEmpty }
        #expect(answers.count == 3)
        #expect(answers.allSatisfy { $0.bodyText.contains("telephone-event") })
        try scene.press(.a, .rfc4733)
        #expect(scene.got(.b) == [.infoRelay: 1])
        scene.finish()
    }

    /// An UPDATE and a re-INVITE with other codecs: tones follow the codec.
    @Test func tonesFollowTheCodec() throws {
        let scene = DigitScene(DigitScene.policy(.info), DigitScene.policy(.tones))
        try scene.establish()
        #expect(scene.media(.b)?.sending == .tones(.init(type: 0, codec: .pcmu)))
        for phone in [scene.alice, scene.bob] { phone.script.codecs = [8] }
        scene.alice.reinvite(try scene.call(.a))
        scene.wait(1000)
        #expect(scene.media(.b)?.sending == .tones(.init(type: 8, codec: .pcma)))
        try scene.press(.a, .info)
        #expect(scene.got(.b) == [.tones: 1])
        scene.finish()
    }
}
