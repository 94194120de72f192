// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// RFC 4028 on one leg, the other one without timers.
@Suite struct SessionTimerTests {
    private func scene(
        a: SessionTimerPolicy = .off, b: SessionTimerPolicy = .off, seed: UInt64 = 1
    ) -> (World, Phone, Phone) {
        let world = World(seed: seed)
        world.configure {
            $0.trunks[0].sessionTimer = a
            $0.trunks[1].sessionTimer = b
        }
        return (world, world.phone("alice", side: .a), world.phone("bob", side: .b))
    }

    private func expires(_ message: SIPMessage?) -> String? {
        message?.first(.sessionExpires).map { String(decoding: $0, as: UTF8.self) }
    }

    private static let request = SessionTimerPolicy(mode: .request, seconds: 600)
    private static let accept = SessionTimerPolicy(mode: .accept)

    /// What Zoom asks for, and what it is answered: it refreshes.
    @Test func callerRefreshesByUpdate() throws {
        let (world, alice, bob) = self.scene(a: Self.accept)
        alice.script.dialogs.supported = ["timer"]
        alice.script.dialogs.sessionExpires = "1800"
        alice.script.dialogs.minSE = "90"
        alice.script.hangUpAfter = 4_000_000
        let call = alice.dial()
        for time in stride(from: UInt64(900_000), to: 3_900_000, by: 900_000) {
            world.after(time) { alice.update(call, expires: "1800;refresher=uac") }
        }
        world.run()
        let answer = try #require(alice.responses.first { $0.status == 200 })
        #expect(self.expires(answer) == "1800;refresher=uac" && answer.lists(.require, "timer"))
        #expect(alice.count("< 200 UPDATE") == 4)
        #expect(bob.log.count == 6, "the other leg hears nothing of it: \(bob.log)")
        #expect(bob.requests.first?.first(.sessionExpires) == nil)
        #expect(world.records.map(\.end) == [.callerBye])
        world.expectClean()
    }

    /// Who was to refresh did not: both legs are ended, 32 seconds before the last moment.
    @Test func expiryEndsTheCall() throws {
        let (world, alice, bob) = self.scene(a: Self.accept)
        alice.script.dialogs.supported = ["timer"]
        alice.script.dialogs.sessionExpires = "1800"
        alice.dial()
        world.run()
        let record = try #require(world.records.first)
        #expect(record.end == .sessionExpired)
        #expect(record.endedAt - (record.answeredAt ?? 0) >= (1800 - 32) * 1000)
        #expect(record.endedAt - (record.answeredAt ?? 0) < 1800 * 1000)
        for phone in [alice, bob] {
            let bye = try #require(phone.requests.first { $0.method == .bye })
            let reason = bye.first(.reason).map { String(decoding: $0, as: UTF8.self) }
            #expect(reason == "SIP;cause=408;text=\"Session timer expired\"")
        }
        world.expectClean()
    }

    /// We ask, the callee has us refresh: by an INVITE that changes nothing, as Microsoft's Allow
    /// asks for, or by UPDATE.
    @Test(arguments: [true, false])
    func weRefresh(byUpdate: Bool) throws {
        let (world, alice, bob) = self.scene(b: Self.request)
        bob.script.dialogs.supported = ["timer"]
        bob.script.dialogs.allow =
            byUpdate ? "INVITE, ACK, BYE, UPDATE" : "INVITE,ACK,OPTIONS,CANCEL,BYE,NOTIFY"
        bob.script.dialogs.answersExpires = "600;refresher=uac"
        alice.script.hangUpAfter = 1_000_000
        alice.dial()
        world.run()
        let invite = try #require(bob.requests.first)
        #expect(self.expires(invite) == "600" && invite.lists(.supported, "timer"))
        #expect(try invite.seconds(.minSE) == 90)
        let method: Method = byUpdate ? .update : .invite
        let refreshes = bob.requests.dropFirst().filter { $0.method == method }
        #expect(refreshes.count == 3)
        #expect(refreshes.allSatisfy { self.expires($0) == "600;refresher=uac" })
        // The same words, version included; an UPDATE has none.
        let first = byUpdate ? [] : Array(invite.body)
        #expect(refreshes.allSatisfy { $0.body.elementsEqual(first) })
        #expect(alice.count("< INVITE") == 0 && alice.count("< UPDATE") == 0)
        #expect(world.records.map(\.end) == [.callerBye])
        world.expectClean()
    }

    /// A callee without timers: we refresh alone, so that the call cannot be orphaned.
    @Test func calleeWithoutTimers() {
        let (world, alice, bob) = self.scene(b: Self.request)
        alice.script.hangUpAfter = 700_000
        alice.dial()
        world.run()
        #expect(bob.count("< INVITE") == 1 + 2)
        world.expectClean()
    }

    /// A refresh that nobody answers, or whose dialog is unknown, ends both legs.
    @Test(arguments: [true, false])
    func lostRefresh(isSilent: Bool) throws {
        let (world, alice, bob) = self.scene(b: Self.request)
        bob.script.dialogs.allow = "INVITE, UPDATE"
        bob.script.dialogs.refusesUpdate = 481
        world.after(100_000) { bob.isDead = isSilent }
        let bye = world.watchForBye()
        alice.dial()
        world.run()
        let record = try #require(world.records.first)
        #expect(record.end == .dialogLost)
        #expect(alice.count("< BYE") == 1)
        #expect(bye() - (record.answeredAt ?? 0) == (isSilent ? 332_000 : 300_010))
        world.expectClean()
    }

    /// 405 to an UPDATE: from then on by INVITE.
    @Test func updateThatIsNotServed() {
        let (world, alice, bob) = self.scene(b: Self.request)
        bob.script.dialogs.allow = "INVITE, UPDATE"
        bob.script.dialogs.refusesUpdate = 405
        alice.script.hangUpAfter = 700_000
        alice.dial()
        world.run()
        #expect(bob.count("< UPDATE") == 1 && bob.count("< INVITE") >= 2)
        #expect(world.records.map(\.end) == [.callerBye])
        world.expectClean()
    }

    /// 422 to our INVITE: once more with what it asks for, in the same dialog to be.
    @Test func intervalTooSmallForTheCallee() throws {
        let (world, alice, bob) = self.scene(b: Self.request)
        bob.script.dialogs.leastExpires = 3600
        alice.script.hangUpAfter = 5000
        alice.dial()
        world.run()
        let invites = bob.requests.filter { $0.method == .invite }
        #expect(invites.map(self.expires) == ["600", "3600"])
        #expect(try invites.map { try $0.cseq().number } == [1, 2])
        #expect(try invites[0].callID().elementsEqual(invites[1].callID()))
        #expect(try invites[1].seconds(.minSE) == 3600)
        #expect(invites[0].body.elementsEqual(invites[1].body))
        #expect(alice.count("< 200 INVITE") == 1 && world.records.map(\.end) == [.callerBye])
        world.expectClean()
    }

    /// A callee that refuses whatever it is asked gets no third INVITE.
    @Test func intervalIsRaisedOnce() {
        let (world, alice, bob) = self.scene(b: Self.request)
        bob.script.answer = .refuse(422, after: 10)
        alice.dial()
        world.run()
        #expect(bob.count("< INVITE") == 1 && alice.count("< 502 INVITE") == 1)
        world.expectClean()
    }

    @Test func intervalTooSmallForUs() throws {
        let policy = SessionTimerPolicy(mode: .accept, seconds: 1800, minimum: 300)
        let (world, alice, bob) = self.scene(a: policy)
        alice.script.dialogs.supported = ["timer"]
        alice.script.dialogs.sessionExpires = "120"
        alice.dial()
        world.run()
        let refusal = try #require(alice.responses.last)
        #expect(refusal.status == 422)
        #expect(try refusal.seconds(.minSE) == 300)
        #expect(bob.log.isEmpty && world.core.engine.counters.intervalsTooSmall == 1)
        world.expectClean()
    }

    /// A re-INVITE of the party refreshes as well, and its answer says so.
    @Test func reinviteRefreshes() throws {
        let (world, alice, _) = self.scene(a: Self.request)
        alice.script.dialogs.supported = ["timer"]
        alice.script.dialogs.allow = "INVITE, ACK, BYE, UPDATE"
        alice.script.hangUpAfter = 700_000
        let call = alice.dial()
        world.after(250_000) { alice.reinvite(call, direction: "sendonly") }
        world.run()
        let answers = alice.responses.filter {
            $0.status == 200 && $0.first(.sessionExpires) != nil
        }
        #expect(answers.prefix(2).map(self.expires) == ["600;refresher=uas", "600;refresher=uas"])
        let updates = alice.count("< UPDATE")
        #expect(updates == 1, "at 550 s, not at 300: \(updates)")
        world.expectClean()
    }

    /// The caller offered more codecs than were agreed. It answers our refresh with those, and the
    /// callee hears nothing of it.
    @Test(arguments: [[8, 101], [0, 8, 101]])
    func refreshIsNobodyElsesConcern(codecs: [Int]) {
        let (world, alice, bob) = self.scene(a: Self.request)
        alice.script.dialogs.supported = ["timer"]
        alice.script.hangUpAfter = 1_000_000
        bob.script.codecs = codecs
        alice.dial()
        world.run()
        #expect(alice.count("< INVITE") == 3 && world.core.engine.counters.refreshes == 3)
        #expect(bob.count("< INVITE") == 1, "\(bob.log)")
        #expect(world.records.map(\.end) == [.callerBye])
        world.expectClean()
    }

    /// Timers go on after a restart, at the time that was agreed.
    @Test func afterARestart() throws {
        let (world, alice, bob) = self.scene(a: Self.accept, b: Self.request)
        let bye = world.watchForBye()
        alice.script.dialogs.supported = ["timer"]
        alice.script.dialogs.sessionExpires = "900"
        bob.script.dialogs.allow = "INVITE, UPDATE"
        alice.dial()
        world.after(200_000) { world.restart() }
        world.after(400_000) { world.restart() }
        world.run(until: 500_000)
        #expect(bob.count("< UPDATE") == 1)
        world.run()
        let record = try #require(world.records.first)
        #expect(record.end == .sessionExpired)
        #expect(bye() - (record.answeredAt ?? 0) == (900 - 32) * 1000)
        world.expectClean()
    }

    /// Also where the trunk has them off by then.
    @Test func afterARestartWithoutThePolicy() {
        let (world, alice, bob) = self.scene(b: Self.request)
        bob.script.dialogs.allow = "INVITE, UPDATE"
        bob.script.dialogs.answersExpires = "600;refresher=uac"
        alice.script.hangUpAfter = 1_000_000
        let call = alice.dial()
        world.after(200_000) {
            world.configure { $0.trunks[1].sessionTimer = .off }
            world.restart()
        }
        world.after(1_000_000) { alice.hangUp(call) }
        world.run()
        #expect(bob.count("< UPDATE") == 3 && world.records.map(\.end) == [.callerBye])
        world.expectClean()
    }

    @Test func negotiation() throws {
        func answer(_ lines: String, _ policy: SessionTimerPolicy) throws
            -> SessionTimerNegotiation.Answer
        {
            let text = "INVITE sip:a SIP/2.0\r\n\(lines)\r\n"
            let message = try SIPMessage.parse(Array(text.utf8), framing: .datagram)
            return SessionTimerNegotiation.answer(message, policy)
        }
        let timer = "Supported: timer\r\n"
        func agreed(_ seconds: UInt32, _ refresher: SessionExpires.Refresher)
            -> SessionTimerNegotiation.Answer
        {
            .agreed(
                SessionExpires(seconds: seconds, refresher: refresher),
                isRequired: refresher == .uac)
        }
        #expect(try answer(timer + "Session-Expires: 1800\r\n", .off) == .none)
        #expect(try answer("", Self.accept) == .none)
        #expect(try answer("", Self.request) == agreed(600, .uas))
        #expect(try answer("Min-SE: 900\r\n", Self.request) == agreed(900, .uas))
        #expect(try answer(timer + "Session-Expires: 1800\r\n", Self.request) == agreed(600, .uac))
        #expect(
            try answer(timer + "Session-Expires: 1800;refresher=uas\r\n", Self.accept)
                == agreed(1800, .uas))
        #expect(
            try answer(timer + "Session-Expires: 1800\r\nMin-SE: 1200\r\n", Self.request)
                == agreed(1200, .uac))
        #expect(try answer(timer + "Session-Expires: 30\r\n", Self.accept) == .tooSmall(90))
        // A proxy asked on behalf of a client that knows no timers.
        #expect(try answer("Session-Expires: 1800\r\n", Self.accept) == agreed(1800, .uas))
        // Who does not say that it knows timers is not relied on, whatever else it says.
        #expect(
            try answer("Session-Expires: 1800;refresher=uac\r\n", Self.accept)
                == agreed(1800, .uas))
    }

    /// What a 2xx says is shorter than the trunk's least: we do not refresh without end.
    @Test func shortestAgreement() throws {
        for (said, expected) in [(1, 90), (90, 90), (1200, 1200)] as [(UInt32, UInt32)] {
            let text = "SIP/2.0 200 OK\r\nSession-Expires: \(said);refresher=uac\r\n\r\n"
            let response = try SIPMessage.parse(Array(text.utf8), framing: .datagram)
            let outcome = try #require(
                SessionTimerNegotiation.outcome(response, asked: 1800, Self.accept))
            #expect(outcome == (expected, true))
        }
    }

    @Test func times() {
        var ours = SessionTimer(seconds: 1800, isOurs: true, at: 1000)
        #expect(ours.refreshAt == 901_000 && ours.nextAt == 901_000 && ours.endsAt == 1_801_000)
        ours.postpone(from: 901_000)
        #expect(ours.refreshAt == 1_351_000)
        let theirs = SessionTimer(seconds: 90, isOurs: false, at: 0)
        #expect(theirs.endsAt == 60_000 && theirs.nextAt == 60_000)
        #expect(SessionTimer(seconds: 1800, isOurs: false, at: 0).endsAt == 1_768_000)
    }
}
