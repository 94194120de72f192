// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

@Suite struct CancelTests {
    private func pair() -> (World, Phone, Phone) {
        let world = World()
        return (world, world.phone("alice", side: .a), world.phone("bob", side: .b))
    }

    @Test func whileRinging() {
        let (world, alice, bob) = self.pair()
        bob.script.answer = .never
        alice.script.cancelAfter = 2000
        alice.dial()
        world.run()
        #expect(alice.count("< 487 INVITE") == 1)
        #expect(bob.count("< CANCEL") == 1)
        #expect(world.records.first?.end == .cancelled)
        #expect(world.records.first?.status == 487)
        world.expectClean()
    }

    /// RFC 3261 section 9.1: before a provisional response no CANCEL may go out.
    @Test func beforeTheCalleeSaidAnything() {
        let (world, alice, bob) = self.pair()
        bob.script.progress = [PhoneScript.Progress(after: 3000, status: 180)]
        bob.script.answer = .never
        world.after(0) { bob.isDead = true }
        world.after(2000) { bob.isDead = false }
        alice.script.cancelAfter = 250
        alice.dial()
        world.run()
        #expect(alice.count("< 487 INVITE") == 1)
        #expect(bob.count("< CANCEL") == 1)
        world.expectClean()
    }

    @Test func calleeNeverSaysAnything() {
        let (world, alice, bob) = self.pair()
        bob.isDead = true
        alice.script.cancelAfter = 1000
        alice.dial()
        world.run()
        #expect(alice.count("< 487 INVITE") == 1)
        #expect(world.records.first?.end == .cancelled)
        world.expectClean()
    }

    @Test func crossesTheAnswer() {
        let (world, alice, bob) = self.pair()
        bob.script.answer = .never
        bob.script.answersWhenCancelled = true
        alice.script.cancelAfter = 1000
        alice.dial()
        world.run()
        #expect(alice.count("< 487 INVITE") == 1)
        #expect(bob.count("> 200 INVITE") == 1)
        #expect(bob.count("< ACK") == 1 && bob.count("< BYE") == 1)
        #expect(world.records.first?.end == .cancelled)
        world.expectClean()
    }

    @Test func twoBranchesCrossTheCancel() {
        let (world, alice, bob) = self.pair()
        bob.script.answer = .never
        bob.script.answersWhenCancelled = true
        bob.script.lateBranches = ["two"]
        bob.script.lateBranchesAfter = 3000
        alice.script.cancelAfter = 1000
        alice.dial()
        world.run()
        #expect(bob.count("< BYE") == 2)
        #expect(world.records.map(\.end) == [.cancelled])
        world.expectClean()
    }

    /// RFC 3261 section 9.2: both responses have one To tag, also after a mere 100.
    @Test(arguments: [true, false])
    func oneTagForBothResponses(rings: Bool) throws {
        let (world, alice, bob) = self.pair()
        bob.script.answer = .never
        if !rings { bob.script.progress = [] }
        alice.script.cancelAfter = 1000
        var tags: [[UInt8]] = []
        world.tap = { bytes in
            guard let message = try? SIPMessage.parse(bytes, framing: .datagram),
                let status = message.status, status == 200 || status == 487,
                let tag = try? message.to().tag
            else { return }
            tags.append(Array(tag))
        }
        alice.dial()
        world.run()
        #expect(tags.count == 2 && Set(tags).count == 1, "\(tags)")
        world.expectClean()
    }

    /// Every millisecond around the answer.
    @Test func atAnyTime() {
        for time in stride(from: UInt64(290), through: 340, by: 1) {
            let (world, alice, _) = self.pair()
            alice.script.cancelAfter = time
            alice.script.hangUpAfter = 2000
            alice.dial()
            world.run()
            world.expectClean("cancel after \(time)")
        }
    }

    @Test func calleeDiesAfterRinging() {
        let (world, alice, bob) = self.pair()
        bob.script.answer = .never
        world.after(1000) { bob.isDead = true }
        alice.script.cancelAfter = 2000
        alice.dial()
        world.run()
        #expect(alice.count("< 487 INVITE") == 1)
        world.expectClean()
    }
}
