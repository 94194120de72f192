// SPDX-License-Identifier: Apache-2.0

import Admission
import NetworkAddress
import SDP
import SIPMessage
import SIPTransaction
import Testing

@testable import CallControl
@testable import CallWorld

private typealias Progress = PhoneScript.Progress

@Suite struct SetupTests {
    private func pair(seed: UInt64 = 1) -> (World, Phone, Phone) {
        let world = World(seed: seed)
        return (world, world.phone("alice", side: .a), world.phone("bob", side: .b))
    }

    @Test func legsShareNothingButWhatTheTableCarries() throws {
        let (world, alice, bob) = self.pair()
        alice.script.extraHeaders = [
            (.subject, "lunch"), (.pAssertedIdentity, "<sip:+19990000@inside.example>"),
            (.userAgent, "secret/1"), (.route, "<sip:192.0.2.1;lr>"), (HeaderName("X-Inside"), "1"),
        ]
        alice.script.hangUpAfter = 100
        alice.dial(maxForwards: 12)
        world.run()
        let sent = try #require(alice.calls.isEmpty ? bob.requests.first : nil)
        #expect(sent.requestURI.elementsEqual("sip:+15551234@203.0.113.1".utf8))
        #expect(try sent.maxForwards() == 11)
        #expect(sent.all(.via).count == 1)
        #expect(sent.first(.subject)?.elementsEqual("lunch".utf8) == true)
        #expect(sent.first(.pAssertedIdentity) != nil)
        #expect(sent.first(.userAgent)?.elementsEqual("Trunkline".utf8) == true)
        #expect(sent.first(.route) == nil)
        #expect(sent.first(HeaderName("X-Inside")) == nil)
        let from = try sent.from()
        #expect(from.uri.elementsEqual("sip:+19990000@192.0.2.2".utf8))
        #expect(from.displayName.elementsEqual("\"A\"".utf8))
        let text = String(decoding: sent.bytes, as: UTF8.self)
        #expect(!text.contains("198.51.100.1"), "the caller's address reaches the callee")
        #expect(try !sent.callID().elementsEqual(alice.responses[0].callID()))
        world.expectClean()
    }

    @Test func earlyMediaFlowsBeforeTheAnswer() throws {
        let (world, alice, bob) = self.pair()
        bob.script.progress = [Progress(after: 50, status: 183, description: true)]
        bob.script.answer = .accept(after: 2000)
        bob.script.answersWithoutDescription = true
        alice.script.hangUpAfter = 100
        alice.dial()
        world.run(until: 1000)
        let media = try #require(world.media.values.first)
        #expect(media.b.remote != nil && media.a.send)
        #expect(!alice.responses[0].body.isEmpty)
        world.run()
        let answers = alice.responses.filter { $0.status == 200 && !$0.body.isEmpty }
        #expect(answers.first?.body.elementsEqual(alice.responses[0].body) == true)
        world.expectClean()
    }

    @Test func forkBranchesAreMirroredAndMediaFollowsTheAnswer() throws {
        let (world, alice, bob) = self.pair()
        bob.script.progress = [
            Progress(after: 50, status: 183, description: true, branch: "one"),
            Progress(after: 100, status: 180, branch: "two"),
            Progress(after: 150, status: 183, description: true, branch: "two"),
        ]
        bob.script.answerBranch = "one"
        bob.script.lateBranches = ["three"]
        alice.script.hangUpAfter = 3000
        alice.dial()
        world.run()
        let early = alice.responses.filter { $0.status == 180 || $0.status == 183 }
        let tags = try early.map { Array(try #require($0.to().tag)) }
        #expect(tags.count == 3 && tags[0] != tags[1] && tags[1] == tags[2])
        let answer = try #require(alice.responses.first { $0.status == 200 })
        #expect(try Array(#require(answer.to().tag)) == tags[0])
        #expect(world.core.engine.counters.extraAnswers == 1)
        #expect(bob.count("< BYE") == 2, "the late branch and the call")
        world.expectClean()
    }

    /// RFC 3261 section 13.2.2.4: also when the call is over by then.
    @Test func branchThatAnswersAfterTheCallIsEnded() {
        let (world, alice, bob) = self.pair()
        bob.script.lateBranches = ["two", "three"]
        bob.script.lateBranchesAfter = 5000
        alice.script.hangUpAfter = 100
        alice.dial()
        world.run(until: 4000)
        #expect(world.records.map(\.end) == [.callerBye])
        world.run()
        #expect(bob.count("< BYE") == 3, "the call and the late branches")
        #expect(world.core.engine.counters.extraAnswers == 2)
        world.expectClean()
    }

    @Test func branchesAboveTheLimitAreCounted() {
        let (world, alice, bob) = self.pair()
        bob.script.progress = (0..<12).map {
            Progress(after: 10 + UInt64($0), status: 180, branch: "b\($0)")
        }
        bob.script.answerBranch = "b11"
        alice.script.hangUpAfter = 100
        alice.dial()
        world.run()
        #expect(alice.count("< 180 INVITE") == Fork.limit)
        #expect(world.core.engine.counters.forksIgnored == 4)
        #expect(world.records.first?.end == .callerBye)
        world.expectClean()
    }

    @Test(arguments: [
        (486, 486), (404, 404), (302, 480), (401, 502), (407, 502), (503, 503), (603, 603),
        (400, 502), (487, 480), (408, 408), (500, 500),
    ])
    func refusalsAreMapped(peer: Int, caller: Int) throws {
        let (world, alice, bob) = self.pair()
        bob.script.answer = .refuse(peer, after: 200)
        alice.dial()
        world.run()
        #expect(alice.count("< \(caller) INVITE") == 1)
        let response = try #require(alice.responses.last)
        #expect(response.first(.retryAfter) == nil)
        #expect(world.records.first?.status == caller)
        world.expectClean()
    }

    /// Given back while there is time to try elsewhere; without a deadline timer B ends it.
    @Test(arguments: [(8000, 503), (0, 408)])
    func deadCallee(deadline: UInt32, status: Int) {
        let (world, alice, bob) = self.pair()
        world.configure { $0.trunks[1].search.deadlineMilliseconds = deadline }
        bob.isDead = true
        alice.dial()
        world.run()
        #expect(alice.count("< \(status) INVITE") == 1)
        #expect(world.records.first?.end == .timeout)
        world.expectClean()
    }

    @Test func endlessRingingIsEnded() {
        let (world, alice, bob) = self.pair()
        bob.script.answer = .never
        world.configure { $0.ringMillisecondsMax = 60_000 }
        alice.dial()
        world.run()
        #expect(alice.count("< 408 INVITE") == 1)
        #expect(bob.count("< CANCEL") == 1)
        #expect(world.records.first?.end == .timeout)
        world.expectClean()
    }

    @Test func lateOfferGoesThroughAndBack() throws {
        let (world, alice, bob) = self.pair()
        alice.script.offersLate = true
        alice.script.hangUpAfter = 3000
        alice.dial()
        world.run(until: 2000)
        #expect(bob.requests[0].body.isEmpty)
        let ack = try #require(bob.requests.first { $0.method == .ack })
        #expect(!ack.body.isEmpty)
        let media = try #require(world.media.values.first)
        #expect(media.a.remote?.address == alice.address.address)
        #expect(media.b.remote?.address == bob.address.address)
        world.run()
        world.expectClean()
    }

    @Test func lateOfferWithoutAnswerEndsTheCall() {
        let (world, alice, bob) = self.pair()
        alice.script.offersLate = true
        alice.script.acksWithoutAnswer = true
        alice.dial()
        world.run()
        #expect(bob.count("< ACK") == 1 && bob.count("< BYE") == 1 && alice.count("< BYE") == 1)
        #expect(world.records.first?.end == .incompatible)
        world.expectClean()
    }

    @Test func answerWithoutDescriptionIsRefused() {
        let (world, alice, bob) = self.pair()
        bob.script.answersWithoutDescription = true
        alice.dial()
        world.run()
        #expect(alice.count("< 488 INVITE") == 1)
        #expect(bob.count("< BYE") == 1)
        #expect(world.records.first?.end == .incompatible)
        world.expectClean()
    }

    @Test func lostAckIsAskedForAgain() {
        let (world, alice, bob) = self.pair()
        alice.script.acksLost = 3
        alice.script.hangUpAfter = 10_000
        alice.dial()
        world.run()
        #expect(alice.count("< 200 INVITE") == 4)
        #expect(bob.count("< ACK") == 1)
        #expect(world.records.first?.end == .callerBye)
        world.expectClean()
    }

    @Test func missingAckEndsTheCall() {
        let (world, alice, bob) = self.pair()
        alice.script.acksNever = true
        alice.dial()
        world.run()
        #expect(alice.count("< BYE") == 1 && bob.count("< BYE") == 1)
        #expect(world.records.first?.end == .noAcknowledgement)
        #expect(world.core.engine.counters.acknowledgementsMissing == 1)
        world.expectClean()
    }

    @Test func byeInsteadOfAck() {
        let (world, alice, bob) = self.pair()
        alice.script.byesInsteadOfAck = true
        alice.dial()
        world.run()
        #expect(bob.count("< BYE") == 1)
        #expect(world.records.first?.end == .callerBye)
        // The 200 went out once: nobody waits for its ACK.
        #expect(world.core.layer.counters.retransmissionsSent == 0)
        #expect(world.core.layer.counters.serverTimeouts == 0)
        world.expectClean()
    }

    @Test func byeInsteadOfAckWithLateOffer() {
        let (world, alice, bob) = self.pair()
        alice.script.byesInsteadOfAck = true
        alice.script.offersLate = true
        alice.dial()
        world.run()
        #expect(bob.count("< ACK") == 1 && bob.count("< BYE") == 1)
        // The offer of the 200 is answered all the same, with every stream refused.
        let ack = bob.requests.first { $0.method == .ack }
        let answer = ack.flatMap { try? SessionDescription.parse(Array($0.body)) }
        #expect(answer?.media.map(\.port) == [0])
        #expect(world.core.layer.counters.retransmissionsSent == 0)
        world.expectClean()
    }

    @Test func calleeHangsUpBeforeTheCallersAck() {
        let (world, alice, bob) = self.pair()
        alice.script.acksLost = 2
        bob.script.hangUpAfter = 1
        alice.dial()
        world.run()
        let ack = alice.log.firstIndex(of: "> ACK")
        let bye = alice.log.firstIndex(of: "< BYE")
        #expect(ack != nil && bye != nil)
        if let ack, let bye { #expect(ack < bye, "BYE must wait for the ACK: \(alice.log)") }
        #expect(world.records.first?.end == .calleeBye)
        world.expectClean()
    }

    @Test func otherBodiesPassAsTheyAre() throws {
        let (world, alice, bob) = self.pair()
        alice.script.hangUpAfter = 2000
        let call = alice.dial()
        world.run(until: 1000)
        alice.send(
            .info, in: call, body: Array("Signal=5\r\nDuration=160\r\n".utf8),
            contentType: "application/dtmf-relay")
        world.run()
        let info = try #require(bob.requests.first { $0.method == .info })
        #expect(info.body.elementsEqual("Signal=5\r\nDuration=160\r\n".utf8))
        #expect(info.first(.contentType)?.elementsEqual("application/dtmf-relay".utf8) == true)
        #expect(alice.count("< 200 INFO") == 1)
        world.expectClean()
    }

    /// Whoever leaves INFO out of Allow gets none; the sender is told what that party would say.
    @Test(arguments: [
        ("INVITE,ACK,OPTIONS,CANCEL,BYE,NOTIFY", 405), ("INVITE, ACK, BYE, INFO", 200),
        ("INVITE, ACK, BYE, info", 405), (nil, 200),
    ])
    func infoFollowsAllow(allow: String?, status: Int) throws {
        for byCallee in [false, true] {
            let (world, alice, bob) = self.pair()
            let (sender, other) = byCallee ? (bob, alice) : (alice, bob)
            alice.script.hangUpAfter = 2000
            other.script.dialogs.allow = allow
            alice.dial()
            world.run(until: 1000)
            let call = try #require(sender.calls.values.first)
            sender.send(.info, in: call, body: Array("Signal=5".utf8), contentType: "a/b")
            world.run()
            #expect(sender.count("< \(status) INFO") == 1)
            #expect(other.count("< INFO") == (status == 200 ? 1 : 0))
            let refusal = sender.responses.first { $0.status == 405 }
            let methods = refusal?.first(.allow).map { String(decoding: $0, as: UTF8.self) }
            #expect(
                methods
                    == (status == 405
                        ? "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, NOTIFY" : nil))
            world.expectClean()
        }
    }
}
