// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SDP
import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// RFC 3311 before and after the answer.
@Suite struct UpdateTests {
    private let world = World()
    private let alice: Phone
    private let bob: Phone

    init() {
        self.alice = self.world.phone("alice", side: .a)
        self.bob = self.world.phone("bob", side: .b)
        self.alice.script.hangUpAfter = 20_000
        self.alice.script.dialogs.allow = "INVITE, ACK, BYE, UPDATE, PRACK"
        self.bob.script.dialogs.allow = "INVITE, ACK, BYE, UPDATE, PRACK"
    }

    private var media: MediaIntent? { self.world.media.values.first }

    private func finish(_ end: CallEnd = .callerBye) {
        self.world.run()
        #expect(self.world.records.map(\.end) == [end])
        self.world.expectClean()
    }

    // MARK: After the answer

    @Test(arguments: [true, false])
    func offerIsPutToTheOtherParty(otherTakesUpdate: Bool) throws {
        if !otherTakesUpdate { self.bob.script.dialogs.allow = "INVITE, ACK, BYE" }
        let call = self.alice.dial()
        self.world.run(until: 2000)
        self.alice.update(call, direction: "sendonly")
        self.world.run(until: 4000)
        #expect(self.bob.count("< UPDATE") == (otherTakesUpdate ? 1 : 0))
        #expect(self.bob.count("< INVITE") == (otherTakesUpdate ? 1 : 2))
        let answer = try #require(self.alice.responses.last)
        #expect(answer.status == 200 && !answer.body.isEmpty)
        #expect(answer.lists(.allow, "UPDATE") && answer.first(.contact) != nil)
        #expect(self.media.map { $0.a.receive && !$0.a.send } == true)
        #expect(self.bob.count("< ACK") == (otherTakesUpdate ? 1 : 2))
        self.alice.update(call, direction: "sendrecv")
        self.world.run(until: 6000)
        #expect(self.media.map { $0.a.receive && $0.a.send } == true)
        self.finish()
    }

    @Test func refusalComesBack() {
        let call = self.alice.dial()
        self.world.run(until: 2000)
        self.bob.script.dialogs.refusesUpdate = 488
        self.alice.update(call, direction: "sendonly")
        self.world.run(until: 4000)
        #expect(self.alice.count("< 488 UPDATE") == 1)
        #expect(self.media.map { $0.a.receive && $0.a.send } == true)
        self.finish()
    }

    /// Without an offer it concerns its own leg: the party moved.
    @Test func targetRefresh() throws {
        let call = self.alice.dial()
        self.world.run(until: 2000)
        self.alice.script.contactHost = "198.51.100.1:5099"
        self.alice.update(call)
        self.world.run(until: 3000)
        #expect(self.alice.count("< 200 UPDATE") == 1 && self.bob.count("< UPDATE") == 0)
        let summary = try #require(self.world.core.engine.listCalls().first)
        var targets: [String] = []
        self.world.tap = { bytes in
            let line = bytes.prefix { $0 != 0x0d }
            targets.append(String(decoding: line, as: UTF8.self))
        }
        self.world.input { _ = $0.engine.endCall(summary.id) }
        #expect(targets.contains("BYE sip:alice@198.51.100.1:5099 SIP/2.0"))
        // Nobody is there.
        self.world.run()
        #expect(self.world.records.map(\.end) == [.operatorEnded])
    }

    /// RFC 3311 section 5.2.
    @Test func glare() {
        let a = self.alice.dial()
        self.world.run(until: 2000)
        let b = self.bob.calls.values.first
        self.alice.update(a, direction: "sendonly")
        self.alice.update(a, direction: "inactive")
        if let b { self.bob.update(b, direction: "sendonly") }
        self.world.run(until: 4000)
        #expect(self.alice.count("< 500 UPDATE") == 1, "a second offer before the first answer")
        #expect(self.bob.count("< 491 UPDATE") == 1, "one meets another")
        #expect(self.alice.count("< 200 UPDATE") == 1)
        self.finish()
    }

    /// A re-INVITE and an UPDATE meet.
    /// The call ends while it is under way: its 200 gets no ACK, which is for INVITE alone.
    @Test func overtakenByTheEnd() {
        let call = self.alice.dial()
        self.world.run(until: 2000)
        self.alice.update(call, direction: "sendonly")
        self.alice.hangUp(call)
        self.finish()
        #expect(self.bob.count("> 200 UPDATE") == 1 && self.bob.count("< ACK") == 1)
        #expect(self.alice.count("< 487 UPDATE") == 1)
    }

    @Test func meetsAReinvite() {
        let a = self.alice.dial()
        self.world.run(until: 2000)
        self.alice.reinvite(a, direction: "sendonly")
        if let b = self.bob.calls.values.first { self.bob.update(b, direction: "sendonly") }
        self.world.run(until: 6000)
        #expect(self.bob.count("< 491 UPDATE") == 1 && self.alice.count("< 200 INVITE") == 2)
        self.finish()
    }

    /// One under way when the process dies is answered after all.
    @Test func acrossARestart() {
        for input in 8..<16 {
            let world = World()
            let alice = world.phone("alice", side: .a)
            let bob = world.phone("bob", side: .b)
            bob.script.dialogs.allow = "INVITE, UPDATE"
            let call = alice.dial()
            world.run(until: 2000)
            world.crash = .after(input: input)
            alice.update(call, direction: "sendonly")
            world.after(40_000) { alice.hangUp(call) }
            world.run()
            #expect(alice.count("< 200 UPDATE") == 1, "input \(input): \(alice.log)")
            world.expectClean("input \(input)")
        }
    }

    @Test func unknownDialogs() throws {
        let call = self.alice.dial()
        self.world.run(until: 2000)
        self.alice.hangUp(call)
        self.world.run()
        for method in [Method.update, .prack] {
            self.alice.calls[call.callID] = call
            call.byeSent = false
            self.alice.send(method, in: call, early: nil)
            self.world.run()
            #expect(self.alice.count("< 481 \(method)") == 1)
        }
    }

    // MARK: In an early dialog

    private func early() -> PhoneCall {
        self.world.configure {
            $0.trunks[0].reliableProvisional = .supported
            $0.trunks[1].reliableProvisional = .supported
        }
        self.alice.script.dialogs.supported = ["100rel"]
        self.bob.script.dialogs.isReliable = true
        self.bob.script.progress = [
            PhoneScript.Progress(after: 50, status: 183, description: true)
        ]
        self.bob.script.answer = .accept(after: 3000)
        return self.alice.dial()
    }

    /// The caller holds in an early dialog: answered at once, and the callee hears of it when it
    /// answered.
    @Test func callerOffersEarly() throws {
        let call = self.early()
        self.world.run(until: 1000)
        self.alice.update(call, direction: "sendonly")
        self.world.run(until: 2000)
        #expect(self.alice.count("< 200 UPDATE") == 1 && self.bob.count("< UPDATE") == 0)
        #expect(self.media.map { $0.a.receive && !$0.a.send } == true)
        self.world.run(until: 5000)
        #expect(self.alice.responses.last { $0.status == 200 }?.body.isEmpty == true)
        #expect(self.bob.count("< INVITE") == 2)
        #expect(self.media.map { $0.a.receive && !$0.a.send && !$0.b.receive } == true)
        self.finish()
    }

    @Test func calleeOffersEarly() throws {
        _ = self.early()
        self.world.run(until: 1000)
        let call = try #require(self.bob.calls.values.first)
        self.bob.update(call, direction: "sendonly")
        self.world.run(until: 2000)
        #expect(self.bob.count("< 200 UPDATE") == 1 && self.alice.count("< UPDATE") == 0)
        self.world.run(until: 5000)
        #expect(self.alice.count("< INVITE") == 1)
        #expect(self.media.map { $0.b.receive && !$0.b.send } == true)
        self.finish()
    }

    /// Only when offer and answer are complete: 500 while the INVITE's offer waits for an answer.
    @Test func tooEarly() throws {
        let call = self.early()
        self.bob.script.progress = [PhoneScript.Progress(after: 50, status: 180)]
        self.world.run(until: 1000)
        self.alice.update(call, direction: "sendonly")
        let other = try #require(self.bob.calls.values.first)
        self.bob.update(other, direction: "sendonly")
        self.alice.update(call)
        self.world.run(until: 2000)
        #expect(self.alice.count("< 500 UPDATE") == 1 && self.bob.count("< 491 UPDATE") == 1)
        #expect(self.alice.count("< 200 UPDATE") == 1, "without an offer it is always welcome")
        let refusal = self.alice.responses.first { $0.status == 500 }
        #expect(refusal?.first(.retryAfter) != nil)
        self.finish()
    }
}
