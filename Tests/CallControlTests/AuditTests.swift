// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// Calls that nobody would end.
@Suite struct AuditTests {
    private func held(
        allow: String? = nil
    ) -> (World, Phone, Phone, PhoneCall) {
        let world = World()
        world.configure { $0.auditMilliseconds = 25_000 }
        let alice = world.phone("alice", side: .a)
        let bob = world.phone("bob", side: .b)
        bob.script.dialogs.allow = allow
        let call = alice.dial()
        world.after(2000) { alice.reinvite(call, direction: "inactive") }
        return (world, alice, bob, call)
    }

    /// A party that holds sends nothing. As long as both answer, the call stands.
    @Test func heldCallsAreAskedAndStay() {
        let (world, alice, bob, call) = self.held()
        world.after(3_600_000) { alice.hangUp(call) }
        world.run()
        #expect(alice.count("< OPTIONS") == 143 && bob.count("< OPTIONS") == 143)
        #expect(world.core.engine.counters.probes == 286)
        #expect(world.records.map(\.end) == [.callerBye])
        world.expectClean()
    }

    /// Media tells of a call that is not held: nobody is asked, also after it was.
    @Test func heardCallsAreNotAsked() {
        let (world, alice, bob, call) = self.held()
        world.after(10_000) { alice.reinvite(call, direction: "sendrecv") }
        world.after(600_000) { alice.hangUp(call) }
        world.run()
        #expect(alice.count("< OPTIONS") == 0 && bob.count("< OPTIONS") == 0)
        world.expectClean()
    }

    /// Whenever a party dies, the other one hears of it within 60 seconds of its last sign of life.
    @Test func deadPartyIsFoundWithinAMinute() {
        for time in stride(from: UInt64(100_000), to: 125_000, by: 2500) {
            let (world, alice, bob, _) = self.held()
            let bye = world.watchForBye()
            var lastSign: UInt64 = 0
            world.after(time) {
                bob.isDead = true
                lastSign = world.now
            }
            world.run()
            let record = world.records.first
            #expect(record?.end == .dialogLost)
            #expect(bye() > lastSign && bye() - lastSign <= 60_000)
            #expect(alice.count("< BYE") == 1)
            world.expectClean("\(time)")
        }
    }

    /// A party that lost the call answers 481.
    @Test func lostDialog() {
        let (world, _, bob, _) = self.held()
        world.after(100_000) { bob.script.dialogs.refusesOptions = 481 }
        world.run()
        #expect(world.records.map(\.end) == [.dialogLost])
        #expect(bob.count("< BYE") == 1)
        world.expectClean()
    }

    /// Any other answer is a sign of life.
    @Test func optionsThatAreRefused() {
        let (world, alice, bob, call) = self.held()
        bob.script.dialogs.refusesOptions = 405
        world.after(300_000) { alice.hangUp(call) }
        world.run()
        #expect(bob.count("> 405 OPTIONS") > 5 && world.records.map(\.end) == [.callerBye])
        world.expectClean()
    }

    /// Without OPTIONS in its Allow a party gets an INVITE that changes nothing.
    @Test func askedByInvite() {
        let (world, alice, bob, call) = self.held(allow: "INVITE, ACK, BYE")
        world.after(300_000) { alice.hangUp(call) }
        world.run()
        let invites = bob.requests.filter { $0.method == .invite }
        #expect(invites.count > 10 && bob.count("< OPTIONS") == 0)
        let asked = invites.dropFirst(2)
        #expect(asked.allSatisfy { $0.body.elementsEqual(invites[1].body) })
        #expect(alice.count("< OPTIONS") > 5 && world.records.map(\.end) == [.callerBye])
        world.expectClean()
    }

    @Test(arguments: [(UInt32(100), UInt32(0)), (0, 100), (100, 500), (500, 100)])
    func longestDuration(node: UInt32, trunk: UInt32) {
        let world = World()
        world.configure {
            $0.callSecondsMax = node
            $0.trunks[1].callSecondsMax = trunk
        }
        let alice = world.phone("alice", side: .a)
        let bob = world.phone("bob", side: .b)
        let bye = world.watchForBye()
        alice.dial()
        world.after(50_000) { world.restart() }
        world.run()
        let record = world.records.first
        #expect(record?.end == .tooLong)
        #expect(bye() - (record?.answeredAt ?? 0) == 100_000)
        #expect(alice.count("< BYE") == 1 && bob.count("< BYE") == 1)
        world.expectClean()
    }
}
