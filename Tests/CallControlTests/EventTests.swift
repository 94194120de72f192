// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// REFER that passes, NOTIFY, SUBSCRIBE, and what Allow says.
@Suite struct EventTests {
    private func text(_ bytes: ArraySlice<UInt8>?) -> String {
        bytes.map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    private func passing() throws -> TransferScene {
        let scene = TransferScene {
            $0.refer = .pass
            $0.events = .telephoneEvent
        }
        scene.alice.script.referStatus = 202
        scene.establish()
        return scene
    }

    @Test func referAndItsNewsPass() throws {
        let scene = try self.passing()
        scene.bob.refer(
            try scene.call(scene.bob), to: "<sip:+3999@203.0.113.1>",
            headers: [(.referredBy, "<sip:+1555@203.0.113.1>")])
        scene.world.run(until: 3000)
        #expect(scene.bob.count("< 202 REFER") == 1)
        let refer = try #require(scene.alice.requests.last { $0.method == .refer })
        #expect(self.text(refer.first(.referTo)) == "<sip:+3999@192.0.2.1:5060>")
        #expect(self.text(refer.first(.referredBy)) == "<sip:+1555@192.0.2.1:5060>")
        for (line, state, id) in [
            ("SIP/2.0 100 Trying", "active;expires=60", ""),
            ("SIP/2.0 200 OK", "terminated;reason=noresource", ";id=1"),
        ] {
            scene.alice.send(
                .notify, in: try scene.call(scene.alice), body: Array("\(line)\r\n".utf8),
                contentType: "message/sipfrag;version=2.0",
                headers: [
                    (.event, "refer\(id.isEmpty ? "" : self.id(refer))"),
                    (.subscriptionState, state),
                ])
            scene.world.run(until: scene.world.now + 1000)
        }
        #expect(scene.alice.count("< 200 NOTIFY") == 2)
        #expect(scene.bob.news == ["100 Trying active", "200 OK terminated"])
        let events = scene.bob.requests.filter { $0.method == .notify }.map {
            self.text($0.first(.event))
        }
        #expect(events == ["refer", "refer"])
        #expect(scene.engine.counters.transfersPassed == 1)
        scene.finish()
    }

    private func id(_ refer: SIPMessage) -> String { ";id=\((try? refer.cseq().number) ?? 0)" }

    @Test func referIsNotPassedToWhoDoesNotTakeIt() throws {
        let scene = TransferScene { $0.refer = .pass }
        scene.alice.script.extraHeaders = [(.allow, "INVITE, ACK, CANCEL, BYE")]
        scene.establish()
        scene.bob.refer(try scene.call(scene.bob), to: "<sip:+3999@203.0.113.1>")
        scene.world.run(until: 3000)
        #expect(scene.bob.count("< 403 REFER") == 1 && scene.alice.count("< REFER") == 0)
        scene.finish()
    }

    @Test func referIsRefusedByDefault() throws {
        let scene = TransferScene { _ in }
        scene.establish()
        scene.bob.refer(try scene.call(scene.bob), to: "<sip:+3999@203.0.113.1>")
        scene.world.run(until: 3000)
        #expect(scene.bob.count("< 405 REFER") == 1)
        let refusal = scene.bob.responses.last
        #expect(
            self.text(refusal?.first(.allow)) 
                == "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE, NOTIFY")
        #expect(refusal?.first(.supported) == nil)
        scene.finish()
    }

    /// Each trunk's peer is told what it may do.
    @Test func allowIsTheTrunks() throws {
        let scene = TransferScene {
            $0.refer = .local
            $0.replaces = .own
        }
        scene.world.configure { $0.trunks[0].transfer = TransferPolicy() }
        scene.establish()
        let invite = try #require(scene.bob.requests.first { $0.method == .invite })
        let answer = try #require(scene.alice.responses.last { $0.status == 200 })
        let plain = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE, NOTIFY"
        #expect(self.text(invite.first(.allow)) == plain + ", REFER")
        #expect(self.text(invite.first(.supported)) == "replaces")
        #expect(self.text(answer.first(.allow)) == plain && answer.first(.supported) == nil)
        scene.bob.send(.options, in: try scene.call(scene.bob))
        scene.world.run(until: 3000)
        #expect(self.text(scene.bob.responses.last?.first(.allow)) == plain + ", REFER")
        scene.finish()
    }

    @Test func malformedRefersChangeNothing() throws {
        let cases: [(String, Int)] = [
            ("<sips:+3999@192.0.2.2>", 416), ("<http://example.com>", 416),
            ("<sip:+3999@192.0.2.2;method=BYE>", 403),
            ("<sip:+3999@192.0.2.2?Replaces=nonsense>", 400), ("<sip:+9999@192.0.2.2>", 404),
        ]
        let scene = TransferScene()
        scene.establish()
        let before = scene.world.media
        for (target, status) in cases {
            scene.bob.refer(try scene.call(scene.bob), to: target)
            scene.world.run(until: scene.world.now + 1000)
            #expect(scene.bob.responses.last?.status == status, "\(target)")
        }
        scene.bob.refer(
            try scene.call(scene.bob), to: "<sip:+3999@192.0.2.2>",
            headers: [(.referTo, "<sip:+3999@192.0.2.2>")])
        scene.world.run(until: scene.world.now + 1000)
        #expect(scene.bob.responses.last?.status == 400)
        #expect(scene.world.media == before)
        #expect(scene.engine.counters.transfersRefused == 6)
        scene.finish()
    }

    @Test func secondReferWaits() throws {
        let scene = TransferScene()
        scene.carol.script.answer = .accept(after: 3000)
        scene.establish()
        scene.bob.refer(try scene.call(scene.bob), to: "<sip:+3999@192.0.2.2>")
        scene.world.run(until: 2500)
        scene.bob.refer(try scene.call(scene.bob), to: "<sip:+4999@192.0.2.2>")
        scene.alice.refer(try scene.call(scene.alice), to: "<sip:+4999@192.0.2.1>")
        scene.world.run(until: 3000)
        #expect(scene.bob.count("< 491 REFER") == 1 && scene.alice.count("< 491 REFER") == 1)
        scene.finish()
    }

    /// Parties pass a call on and on: at some time it is enough.
    @Test func chainsEnd() throws {
        let scene = TransferScene()
        scene.alice.script.hangUpAfter = 400_000
        scene.bob.script.byeAfterSuccess = 10
        scene.establish()
        for round in 0..<(CallTransfers.countMax + 1) {
            scene.world.run(until: UInt64(round) * 8000 + 4000)
            let call = try #require(scene.bob.calls.values.first)
            scene.bob.refer(call, to: "<sip:+1999@192.0.2.2>")
        }
        scene.world.run(until: 300_000)
        #expect(scene.engine.counters.transfersDone == UInt64(CallTransfers.countMax))
        #expect(scene.bob.count("< 403 REFER") == 1)
        #expect(scene.engine.counters.transferChains == 1)
        scene.finish()
    }

    /// RFC 4488: nobody wants to hear about it, and so the transferor is sent away at once.
    @Test func withoutASubscription() throws {
        let scene = TransferScene()
        scene.establish()
        scene.bob.refer(
            try scene.call(scene.bob), to: "<sip:+3999@192.0.2.2>",
            headers: [(.referSub, "false")])
        scene.world.run(until: 4000)
        #expect(scene.bob.count("< NOTIFY") == 0 && scene.bob.count("< BYE") == 1)
        let accepted = scene.bob.responses.first { $0.status == 202 }
        #expect(self.text(accepted?.first(.referSub)) == "false")
        try scene.expectConnected(scene.alice, scene.carol)
        scene.finish()
    }

    /// A party that has forgotten its REFER (481) is not told any more; the transfer goes on.
    @Test func newsThatNobodyWants() throws {
        let scene = TransferScene()
        scene.bob.script.notifyStatus = 481
        scene.establish()
        scene.bob.refer(try scene.call(scene.bob), to: "<sip:+3999@192.0.2.2>")
        scene.world.run(until: 5000)
        #expect(scene.bob.count("< NOTIFY") == 1 && scene.bob.count("< BYE") == 1)
        try scene.expectConnected(scene.alice, scene.carol)
        scene.finish()
    }

    // MARK: Events

    private func notify(_ event: String, _ scene: TransferScene) throws -> Int? {
        scene.bob.send(
            .notify, in: try scene.call(scene.bob), body: Array("5\r\n".utf8),
            contentType: "audio/telephone-event",
            headers: [(.event, event), (.subscriptionState, "active")])
        scene.world.run(until: scene.world.now + 1000)
        return scene.bob.responses.last?.status
    }

    @Test func eventsPassByPolicy() throws {
        let scene = try self.passing()
        #expect(try self.notify("telephone-event", scene) == 200)
        let passed = try #require(scene.alice.requests.last { $0.method == .notify })
        #expect(self.text(passed.first(.event)) == "telephone-event")
        #expect(self.text(passed.body) == "5\r\n")
        #expect(try self.notify("presence", scene) == 489)
        #expect(try self.notify("message-summary", scene) == 489)
        #expect(try self.notify("refer", scene) == 481)
        #expect(scene.alice.count("< NOTIFY") == 1)
        scene.bob.send(
            .subscribe, in: try scene.call(scene.bob), headers: [(.event, "dialog")])
        scene.world.run(until: scene.world.now + 1000)
        #expect(scene.bob.responses.last?.status == 489)
        #expect(self.text(scene.bob.responses.last?.first(.allowEvents)) == "refer")
        for method in [Method.message, .publish] {
            scene.bob.send(method, in: try scene.call(scene.bob))
            scene.world.run(until: scene.world.now + 1000)
            #expect(scene.bob.responses.last?.status == 405)
        }
        scene.finish()
    }

    @Test func eventsDoNotPassToWhoDoesNotTakeThem() throws {
        let scene = TransferScene { $0.events = .telephoneEvent }
        scene.alice.script.extraHeaders = [(.allow, "INVITE, ACK, CANCEL, BYE")]
        scene.establish()
        #expect(try self.notify("telephone-event", scene) == 489)
        #expect(scene.alice.count("< NOTIFY") == 0)
        scene.finish()
    }
}
