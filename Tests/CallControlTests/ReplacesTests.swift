// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// INVITE with Replaces (RFC 3891), and REFER that names another call (RFC 5589 section 7).
@Suite struct ReplacesTests {
    /// The dialog of a telephone as its other end is asked to replace it.
    private func name(_ call: PhoneCall, suffix: String = "") throws -> String {
        try #require(call.replaces()) + suffix
    }

    private func scene(_ replaces: TransferPolicy.Replaces = .any) -> TransferScene {
        TransferScene {
            $0.refer = .local
            $0.replaces = replaces
        }
    }

    /// Carol takes Bob's place; Alice notices nothing.
    @Test func inviteTakesOver() throws {
        let scene = self.scene()
        scene.establish()
        scene.carol.script.extraHeaders = [(.replaces, try self.name(scene.call(scene.bob)))]
        let call = scene.carol.dial("+1555")
        scene.world.run(until: 4000)
        #expect(call.dialog != nil && scene.carol.count("< 200 INVITE") == 1)
        #expect(scene.bob.calls.isEmpty && scene.bob.count("< BYE") == 1)
        #expect(scene.alice.count("< INVITE") == 0)
        try scene.expectConnected(scene.alice, scene.carol)
        #expect(scene.engine.listCalls().count == 1 && scene.engine.counters.replacements == 1)
        scene.finish()
        #expect(scene.carol.count("< BYE") == 1)
        #expect(scene.world.records.count == 2)
    }

    /// Without an offer of its own: ours is in the 200, the answer in the ACK.
    @Test func inviteWithoutAnOfferTakesOver() throws {
        let scene = self.scene()
        scene.establish()
        scene.carol.script.extraHeaders = [(.replaces, try self.name(scene.call(scene.bob)))]
        scene.carol.script.offersLate = true
        scene.carol.script.codecs = [8, 101]
        scene.carol.dial("+1555")
        scene.world.run(until: 6000)
        try scene.expectConnected(scene.alice, scene.carol)
        #expect(scene.alice.count("< INVITE") == 1, "Alice may not go on with PCMU")
        scene.finish()
    }

    @Test func anAliceOnHoldIsNotAnyMore() throws {
        let scene = self.scene()
        scene.establish()
        scene.bob.reinvite(try scene.call(scene.bob), direction: "inactive")
        scene.world.run(until: 4000)
        #expect(scene.world.media.values.first?.a.send == false)
        scene.carol.script.extraHeaders = [(.replaces, try self.name(scene.call(scene.bob)))]
        scene.carol.dial("+1555")
        scene.world.run(until: 8000)
        try scene.expectConnected(scene.alice, scene.carol)
        #expect(scene.alice.lines(of: nil, "a=sendrecv").count == 1)
        scene.finish()
    }

    /// What RFC 3891 section 3 has for dialogs that cannot be replaced.
    @Test func refusals() throws {
        let cases: [(String?, TransferPolicy.Replaces, Int)] = [
            ("nobody;to-tag=1;from-tag=2", .any, 481), ("nobody;to-tag=1", .any, 400),
            (nil, .refuse, 403), (nil, .own, 403),
        ]
        for (value, policy, status) in cases {
            let scene = self.scene(policy)
            scene.establish()
            let before = scene.world.media
            let named = try value ?? self.name(scene.call(scene.bob))
            scene.carol.script.extraHeaders = [(.replaces, named)]
            scene.carol.dial("+1555")
            scene.world.run(until: 4000)
            #expect(scene.carol.count("< \(status) INVITE") == 1, "\(named) \(policy)")
            #expect(scene.world.media == before)
            scene.finish()
        }
        let early = self.scene()
        early.establish()
        early.carol.script.extraHeaders = [
            (.replaces, try self.name(early.call(early.bob), suffix: ";early-only"))
        ]
        early.carol.dial("+1555")
        early.world.run(until: 4000)
        #expect(early.carol.count("< 486 INVITE") == 1)
        early.finish()
    }

    @Test func twoOfThemAreOneTooMany() throws {
        let scene = self.scene()
        scene.establish()
        let named = try self.name(scene.call(scene.bob))
        scene.carol.script.extraHeaders = [(.replaces, named), (.replaces, named)]
        scene.carol.dial("+1555")
        scene.world.run(until: 4000)
        #expect(scene.carol.count("< 400 INVITE") == 1)
        scene.finish()
    }

    @Test func callThatIsOverIsDeclined() throws {
        let scene = self.scene()
        scene.alice.script.hangUpAfter = nil
        scene.establish()
        let named = try self.name(scene.call(scene.bob))
        scene.bob.isDead = true
        scene.alice.hangUp(try scene.call(scene.alice))
        scene.world.run(until: 2500)
        scene.carol.script.extraHeaders = [(.replaces, named)]
        scene.carol.dial("+1555")
        scene.world.run(until: 4000)
        #expect(scene.carol.count("< 603 INVITE") == 1)
        scene.finish()
    }

    /// Nothing in common: the call stays as it was.
    @Test func incompatibleOfferLeavesTheCall() throws {
        let scene = self.scene()
        scene.alice.script.codecs = [0, 101]
        scene.establish()
        scene.carol.script.codecs = [8]
        scene.carol.script.extraHeaders = [(.replaces, try self.name(scene.call(scene.bob)))]
        scene.carol.dial("+1555")
        scene.world.run(until: 4000)
        #expect(scene.carol.count("< 488 INVITE") == 1)
        try scene.expectConnected(scene.alice, scene.bob)
        scene.finish()
    }

    // MARK: Consultation

    /// Bob has talked with Alice, calls Carol from the same telephone, and joins the two.
    private func consult(
        _ named: (PhoneCall) throws -> String, _ check: (TransferScene) throws -> Void
    ) throws {
        let scene = self.scene()
        scene.bob.script.byeAfterSuccess = nil
        scene.establish()
        let first = try scene.call(scene.bob)
        scene.bob.reinvite(first, direction: "inactive")
        scene.world.run(until: 4000)
        let second = scene.bob.dial("+3777")
        scene.world.run(until: 6000)
        #expect(second.dialog != nil && scene.engine.listCalls().count == 2)
        let value = try named(second)
        scene.bob.refer(first, to: "<sip:+3777@192.0.2.2?Replaces=\(value)>")
        try check(scene)
    }

    @Test func joinsTwoCallsOfOneParty() throws {
        try self.consult({ try #require($0.replaces(escaped: true)) }) { scene in
            scene.world.run(until: 14_000)
            #expect(scene.bob.news == ["100 Trying active", "200 OK terminated"])
            #expect(scene.bob.calls.isEmpty && scene.bob.count("< BYE") == 2)
            #expect(scene.carol.count("< INVITE") == 1, "nobody is called")
            try scene.expectConnected(scene.alice, scene.carol)
            #expect(scene.engine.listCalls().count == 1)
            scene.finish()
            #expect(scene.world.records.count == 2)
        }
    }

    /// The dialog is named as Carol has it.
    @Test func joinsByTheFarDialog() throws {
        let scene = self.scene()
        scene.establish()
        let first = try scene.call(scene.bob)
        scene.bob.dial("+3777")
        scene.world.run(until: 4000)
        let value = try #require(scene.call(scene.carol).replaces(escaped: true, farEnd: true))
        scene.bob.refer(first, to: "<sip:+3777@192.0.2.2?Replaces=\(value)>")
        scene.world.run(until: 12_000)
        try scene.expectConnected(scene.alice, scene.carol)
        #expect(scene.bob.calls.isEmpty)
        scene.finish()
    }

    /// Carol still rings when Bob asks: he need not wait for her.
    @Test func transferWhileTheNewPartyRings() throws {
        for answers in [true, false] {
            let scene = self.scene()
            scene.carol.script.answer = answers ? .accept(after: 3000) : .refuse(486, after: 3000)
            scene.establish()
            let first = try scene.call(scene.bob)
            let second = scene.bob.dial("+3777")
            scene.world.run(until: 3000)
            let ringing = try #require(scene.bob.responses.last { $0.status == 180 })
            func text(_ bytes: some Sequence<UInt8>) -> String {
                String(decoding: Array(bytes), as: UTF8.self)
            }
            let tag = text(try #require(ringing.to().tag))
            let callID = text(second.callID).replacing("@", with: "%40")
            scene.bob.refer(
                first,
                to: "<sip:+3777@192.0.2.2?Replaces=\(callID)%3Bto-tag%3D\(tag)"
                    + "%3Bfrom-tag%3D\(text(second.tag))>")
            scene.world.run(until: 3500)
            #expect(scene.bob.count("< 487 INVITE") == 1)
            #expect(scene.bob.news == ["100 Trying active", "180 Ringing active"])
            #expect(scene.carol.count("< CANCEL") == 0)
            scene.world.run(until: 12_000)
            if answers {
                #expect(scene.bob.calls.isEmpty)
                try scene.expectConnected(scene.alice, scene.carol)
            } else {
                #expect(scene.bob.news.last == "486 Busy Here terminated")
                try scene.expectConnected(scene.alice, scene.bob)
            }
            scene.finish()
        }
    }

    /// A dialog of another trunk's is nobody's: the new party is called without it.
    @Test func callsOfOthersCannotBeNamed() throws {
        let scene = self.scene()
        scene.establish()
        let other = scene.dave.dial("+3777")
        scene.world.run(until: 4000)
        scene.carol.script.answer = .refuse(486, after: 10)
        let value = try #require(other.replaces(escaped: true))
        scene.bob.refer(
            try scene.call(scene.bob), to: "<sip:+3777@192.0.2.2?Replaces=\(value)>")
        scene.world.run(until: 8000)
        let invite = scene.carol.requests.last { $0.method == .invite }
        #expect(invite?.first(.replaces) == nil)
        #expect(scene.bob.news.last == "486 Busy Here terminated")
        #expect(scene.engine.listCalls().count == 2)
        scene.dave.hangUp(other)
        scene.finish()
    }
}
