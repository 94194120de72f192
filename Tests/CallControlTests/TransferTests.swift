// SPDX-License-Identifier: Apache-2.0

import Admission
import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// REFER that the box serves itself (RFC 3515, RFC 5589 section 6): blind transfers.
@Suite struct TransferTests {
    @Test func blindTransferToAnotherTrunk() throws {
        let scene = TransferScene()
        scene.establish()
        let before = try #require(scene.world.media.values.first)
        scene.bob.refer(try scene.call(scene.bob), to: "<sip:+3999@192.0.2.2>")
        scene.world.run(until: 4000)
        #expect(scene.bob.count("< 202 REFER") == 1)
        #expect(
            scene.bob.news == [
                "100 Trying active", "180 Ringing active", "200 OK terminated",
            ])
        let invite = try #require(scene.carol.requests.first { $0.method == .invite })
        #expect(invite.requestURI.elementsEqual("sip:+3999@203.0.113.3".utf8))
        #expect(Phone.lines(invite).contains("a=sendrecv"))
        // Alice notices nothing.
        #expect(scene.alice.count("< INVITE") == 0)
        scene.world.run(until: 10_000)
        #expect(scene.bob.count("< BYE") == 1, "who was thanked and does not leave is sent away")
        try scene.expectConnected(scene.alice, scene.carol)
        let after = try #require(scene.world.media.values.first)
        #expect(after.a.local == before.a.local && after.b.local != before.b.local)
        #expect(scene.engine.listCalls().count == 1)
        #expect(scene.engine.admission.calls(of: World.service) == 0)
        #expect(scene.engine.admission.calls(of: World.carol) == 1)
        scene.finish()
        #expect(scene.carol.count("< BYE") == 1)
        #expect(Set(scene.world.records.map(\.end)) == [.callerBye, .transferred])
        let made = try #require(scene.world.records.first { $0.end == .transferred })
        #expect(made.from == World.service && made.to == World.carol)
        #expect(made.called == Array("+3999".utf8) && made.status == 200)
    }

    /// A party that was called transfers its caller, and one that called whom it called.
    @Test func callerTransfers() throws {
        let scene = TransferScene()
        scene.alice.script.hangUpAfter = nil
        scene.alice.script.byeAfterSuccess = 100
        scene.carol.script.hangUpAfter = 20_000
        scene.establish()
        scene.alice.refer(try scene.call(scene.alice), to: "<sip:+3999@192.0.2.1>")
        scene.world.run(until: 6000)
        try scene.expectConnected(scene.bob, scene.carol)
        #expect(scene.alice.calls.isEmpty && scene.alice.count("< BYE") == 0)
        scene.finish()
        #expect(scene.bob.count("< BYE") == 1)
    }

    @Test func refusedTargetLeavesTheCallAsItWas() throws {
        let scene = TransferScene()
        scene.carol.script.answer = .refuse(486, after: 500)
        scene.establish()
        let before = scene.world.media
        scene.bob.refer(try scene.call(scene.bob), to: "<sip:+3999@192.0.2.2>")
        scene.world.run(until: 8000)
        #expect(scene.bob.news.last == "486 Busy Here terminated")
        #expect(scene.world.media == before)
        try scene.expectConnected(scene.alice, scene.bob)
        // And it may be tried again.
        scene.carol.script.answer = .accept(after: 300)
        scene.bob.refer(try scene.call(scene.bob), to: "<sip:+3999@192.0.2.2>")
        scene.world.run(until: 16_000)
        let event = scene.bob.requests.last { $0.method == .notify }?.first(.event)
        #expect(event.map { String(decoding: $0, as: UTF8.self) } == "refer;id=2")
        try scene.expectConnected(scene.alice, scene.carol)
        scene.finish()
    }

    /// Many telephones hang up as soon as their REFER is taken up.
    @Test func transferorLeavesAtOnce() throws {
        let scene = TransferScene()
        scene.bob.script.byeAfterAccepted = 10
        scene.establish()
        scene.bob.refer(try scene.call(scene.bob), to: "<sip:+3999@192.0.2.2>")
        scene.world.run(until: 2100)
        #expect(scene.bob.calls.isEmpty && scene.alice.calls.count == 1)
        scene.world.run(until: 8000)
        try scene.expectConnected(scene.alice, scene.carol)
        scene.finish()
    }

    @Test func transferorLeavesAndTheTargetRefuses() throws {
        let scene = TransferScene()
        scene.bob.script.byeAfterAccepted = 10
        scene.carol.script.answer = .refuse(486, after: 500)
        scene.establish()
        scene.bob.refer(try scene.call(scene.bob), to: "<sip:+3999@192.0.2.2>")
        scene.world.run(until: 8000)
        #expect(scene.alice.calls.isEmpty && scene.alice.count("< BYE") == 1)
        scene.finish()
        #expect(Set(scene.world.records.map(\.end)) == [.transferFailed, .rejected])
    }

    @Test func otherPartyLeavesDuringTheTransfer() throws {
        let scene = TransferScene()
        scene.carol.script.answer = .never
        scene.establish()
        scene.bob.refer(try scene.call(scene.bob), to: "<sip:+3999@192.0.2.2>")
        scene.world.run(until: 3000)
        scene.alice.hangUp(try scene.call(scene.alice))
        scene.world.run(until: 8000)
        #expect(scene.carol.count("< CANCEL") == 1)
        #expect(scene.bob.count("< BYE") == 1)
        #expect(scene.bob.news.last == "487 Request Terminated terminated")
        scene.finish()
    }
}
