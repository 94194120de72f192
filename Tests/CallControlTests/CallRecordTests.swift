// SPDX-License-Identifier: Apache-2.0

import Admission
import Routing
import SIPMessage
import SIPTransaction
import Testing

@testable import CallControl
@testable import CallWorld

/// What the engine says of calls for their records.
@Suite struct CallRecordTests {
    private func world() -> (World, Phone, Phone) {
        let world = World()
        return (world, world.phone("alice", side: .a), world.phone("bob", side: .b))
    }

    @Test func timesAreThoseOfTheCall() throws {
        let (world, alice, _) = self.world()
        alice.script.hangUpAfter = 5000
        alice.dial()
        world.run(until: 3000)
        let id = try #require(world.core.engine.listCalls().first?.id)
        let partial = try #require(world.core.engine.record(of: id))
        #expect(partial.end == nil && partial.status == 200)
        #expect(partial.offsets.end.map { $0 >= partial.offsets.answer ?? .max } == true)
        world.run()
        #expect(world.core.engine.record(of: id) == nil)
        let record = try #require(world.records.first)
        let offsets = record.offsets
        let ringing = try #require(offsets.ringing)
        let answer = try #require(offsets.answer)
        let end = try #require(offsets.end)
        #expect(ringing <= answer && answer < end)
        #expect(record.answeredAt == record.startedAt + UInt64(answer))
        #expect(record.endedAt == record.startedAt + UInt64(end))
        #expect(record.a.codec == Array("PCMU".utf8) && record.b.codec == record.a.codec)
        #expect(!record.a.callID.isEmpty && record.a.callID != record.b.callID)
        #expect(record.transfers == TransferHistory() && !record.isEmergency)
    }

    @Test func aRefusedCallHasItsCallIDs() throws {
        let (world, alice, bob) = self.world()
        bob.script.answer = .refuse(486, after: 500)
        alice.dial()
        world.run()
        let record = try #require(world.records.first)
        #expect(record.end == .rejected && record.end?.party == .callee)
        #expect(record.status == 486 && record.cause == 17)
        #expect(record.offsets.answer == nil && record.answeredAt == nil)
        let invites = [alice, bob].map { phone in
            phone.requests.first { $0.method == .invite }.map(Call.callID)
        }
        #expect(record.b.callID == invites[1])
        #expect(!record.a.callID.isEmpty)
    }

    @Test func invitesThatMakeNoCallAreAttempts() throws {
        let (world, alice, _) = self.world()
        world.configure { $0.routes = RouteTable() }
        alice.dial()
        world.run()
        #expect(world.records.isEmpty && world.attempts.count == 1)
        let attempt = try #require(world.attempts.first)
        #expect(attempt.end == .noRoute && attempt.status == 404 && attempt.from == World.carrier)
        #expect(attempt.called == Array("+15551234".utf8) && !attempt.callID.isEmpty)
        world.expectClean()
    }

    @Test func limitsAreAttempts() throws {
        let (world, alice, _) = self.world()
        world.configure { $0.callsMax = 0 }
        alice.dial()
        world.run()
        #expect(world.attempts.map(\.end) == [.noCapacity])
        world.core.engine.drainCalls()
        alice.dial()
        world.run()
        #expect(world.attempts.map(\.status) == [503, 503])
    }

    // MARK: Transfers

    @Test func aTransferLinksItsCalls() throws {
        let scene = TransferScene()
        scene.establish()
        scene.bob.refer(try scene.call(scene.bob), to: "<sip:+3999@192.0.2.2>")
        scene.world.run(until: 10_000)
        scene.finish()
        let made = try #require(scene.world.records.first { $0.end == .transferred })
        let call = try #require(scene.world.records.first { $0.end == .callerBye })
        #expect(call.transfers.related == [made.id] && made.transfers.related == [call.id])
        #expect(call.transfers.left.map(\.side) == [.b])
        #expect(call.transfers.left.map(\.trunk) == [World.service])
        #expect(call.to == World.service && call.b.trunk == World.carol)
        #expect(made.transfers.left.isEmpty)
    }

    /// One that came to nothing links them as well, and nobody left.
    @Test func aFailedTransferToo() throws {
        let scene = TransferScene()
        scene.carol.script.answer = .refuse(486, after: 500)
        scene.establish()
        scene.bob.refer(try scene.call(scene.bob), to: "<sip:+3999@192.0.2.2>")
        scene.world.run(until: 8000)
        scene.finish()
        let made = try #require(scene.world.records.first { $0.end == .rejected })
        let call = try #require(scene.world.records.first { $0.end != .rejected })
        #expect(call.transfers.related == [made.id] && made.transfers.related == [call.id])
        #expect(call.transfers.left.isEmpty)
    }

    @Test func namesOfOtherCallsAreBounded() throws {
        let scene = TransferScene()
        scene.carol.script.answer = .refuse(486, after: 100)
        scene.establish()
        for number in 0..<34 {
            scene.bob.refer(try scene.call(scene.bob), to: "<sip:+3999@192.0.2.2>")
            scene.world.run(until: 4000 + UInt64(number) * 1500)
        }
        scene.finish()
        let call = try #require(scene.world.records.max { $0.endedAt < $1.endedAt })
        #expect(call.transfers.related.count == TransferHistory.countMax)
        #expect(scene.engine.counters.relatedCallsUnnamed == 2)
        // Those that it does not name name it.
        let made = scene.world.records.filter { $0.id != call.id }
        #expect(made.count == 34 && made.allSatisfy { $0.transfers.related == [call.id] })
    }

    // MARK: Restarts

    /// Whatever the process does when, who hung up is in the record, with when.
    @Test func theReasonSurvivesARestart() {
        let (calm, caller, _) = self.world()
        caller.script.hangUpAfter = 4000
        caller.dial()
        calm.run()
        var kept = 0
        for step in 1...calm.inputs {
            let (world, alice, bob) = self.world()
            alice.script.hangUpAfter = 4000
            world.crash = .after(input: step)
            alice.dial()
            world.run()
            let isEnding = bob.count("< BYE") > 0 && alice.count("> BYE") > 0
            guard isEnding, let record = world.records.first else { continue }
            #expect(record.end == .callerBye, "step \(step)")
            #expect(record.offsets.end.map { (4000...5000).contains($0) } == true, "step \(step)")
            kept += 1
        }
        #expect(kept > 3)
    }

    @Test func whatCannotBeTakenUpHasARecord() throws {
        let (world, alice, _) = self.world()
        alice.script.hangUpAfter = nil
        alice.dial()
        world.run(until: 3000)
        var checkpoint = try #require(world.core.engine.checkpoints.first)
        checkpoint.id = CallIdentifier(99)
        checkpoint.a.hop.listener = .init(rawValue: 77)
        #expect(world.core.engine.restore([checkpoint]).isEmpty)
        let records = world.core.drain().compactMap { output -> CallRecord? in
            if case .record(let record) = output { record } else { nil }
        }
        #expect(records.map(\.end) == [.restart] && records.map(\.id) == [CallIdentifier(99)])
        #expect(records.first?.called == Array("+15551234".utf8))
    }
}
