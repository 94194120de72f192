// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// Callers without an offer, and trunks that need one.
@Suite struct OwnOfferTests {
    private func scene() -> PolicyScene {
        let scene = PolicyScene { _, b in b.offers = .early }
        scene.alice.script.offersLate = true
        return scene
    }

    @Test func anOfferIsMade() throws {
        let scene = self.scene()
        let invite = try scene.invite()
        #expect(invite.bodyText.contains("m=audio 20002 RTP/AVP 0 8 101\r\n"))
        #expect(invite.bodyText.contains("a=ptime:20\r\n"))
        let offer = try #require(scene.alice.responses.first { $0.status == 200 }).bodyText
        #expect(offer.contains("c=IN IP4 192.0.2.1\r\n") && offer.contains("RTP/AVP 0 8 101"))
        // The callee gets its ACK at once, the caller's answer changes nothing for it.
        #expect(scene.bob.count("< ACK") == 1 && scene.bob.count("< INVITE") == 1)
        let media = try #require(scene.world.media.values.first)
        #expect(media.a.send && media.a.receive && media.b.send && media.b.receive)
        scene.finish()
    }

    /// What the caller leaves out of the offer the callee is not to send: it is offered the rest.
    @Test func theCalleeIsOfferedTheRest() throws {
        let scene = self.scene()
        scene.alice.script.codecs = [8]
        _ = try scene.invite()
        let invites = scene.bob.requests.filter { $0.method == .invite }
        try #require(invites.count == 2, "\(scene.bob.log) \(scene.alice.log)")
        #expect(scene.bob.count("< ACK") == 2)
        #expect(invites[1].bodyText.contains(" RTP/AVP 8\r\n"))
        let media = try #require(scene.world.media.values.first)
        #expect(media.b.payloadTypes.map(\.ingress) == [8])
        #expect(media.a.payloadTypes.map(\.ingress) == [8])
        #expect(media.b.send && media.a.send)
        scene.finish()
    }

    @Test func theCalleeKeepsWhatItHas() throws {
        let scene = self.scene()
        scene.alice.script.codecs = [8]
        scene.bob.script.refusesReinvite = 488
        _ = try scene.invite()
        #expect(scene.world.records.isEmpty && scene.world.media.count == 1)
        scene.finish()
        #expect(scene.world.records.map(\.end) == [.callerBye])
    }

    /// The callee answers early, and only there.
    @Test func answerBefore200() throws {
        let scene = self.scene()
        scene.bob.script.progress = [
            PhoneScript.Progress(after: 50, status: 183, description: true)
        ]
        scene.bob.script.answersWithoutDescription = true
        _ = try scene.invite()
        let early = try #require(scene.alice.responses.first { $0.status == 183 })
        #expect(early.body.isEmpty)
        #expect(scene.world.media.values.first?.a.send == true)
        scene.finish()
    }

    @Test func noAnswerInTheACK() {
        let scene = self.scene()
        scene.alice.script.acksWithoutAnswer = true
        scene.alice.dial()
        scene.world.run()
        #expect(scene.world.records.map(\.end) == [.incompatible])
        scene.world.expectClean()
    }

    @Test func noOfferByDefault() throws {
        let scene = PolicyScene()
        scene.alice.script.offersLate = true
        #expect(try scene.invite().body.isEmpty)
        scene.finish()
    }

    /// A re-INVITE without an offer does not reach such a trunk either.
    @Test func reinvites() throws {
        let scene = self.scene()
        _ = try scene.invite()
        let call = try #require(scene.alice.calls.values.first)
        scene.alice.reinvite(call, offersLate: true)
        scene.world.run(until: scene.world.now + 500)
        #expect(scene.alice.count("< 200 INVITE") == 2 && scene.bob.count("< INVITE") == 1)
        scene.finish()
    }

    /// Whenever the process dies, established calls go on and nothing is left behind.
    @Test func restarts() throws {
        for input in 1...14 {
            let scene = self.scene()
            scene.alice.script.codecs = [8]
            scene.alice.script.hangUpAfter = 4000
            scene.world.crash = input % 2 == 0 ? .after(input: input) : .beforeSending(input: input)
            scene.alice.dial()
            scene.world.run()
            scene.world.expectClean("input \(input)")
        }
    }
}
