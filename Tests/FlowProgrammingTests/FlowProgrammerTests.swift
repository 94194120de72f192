// SPDX-License-Identifier: Apache-2.0

import CFlowABI
import CallControl
import FlowABI
import FlowProgramming
import Foundation
import MediaPlanning
import NetworkAddress
import Testing

@testable import FakeFastPath

/// The programmer against a fast path that does one step at a time; time is the test's.
@Suite struct FlowProgrammerTests {
    /// Both sides, and a clock.
    final class Bench {
        let fake: FakeFastPath
        let programmer: FlowProgrammer
        var nowNs: UInt64 = 1_000_000_000

        init(
            flows: UInt32 = 8, pendingMax: Int = 100, matched: Bool = true,
            change: (inout FlowProgrammer.Configuration) -> Void = { _ in }
        ) throws {
            self.fake = try FakeFastPath(flows: flows)
            var configuration = FlowProgrammer.Configuration(directory: self.fake.directory)
            configuration.pendingMax = pendingMax
            change(&configuration)
            self.programmer = FlowProgrammer(configuration)
            if matched {
                self.programmer.begin()
                try self.match()
            }
        }

        func match() throws {
            self.poll()
            self.poll()
            try self.fake.shakeHands()
            self.poll()
            #expect(self.programmer.state == .matched)
        }

        func poll(afterMs: UInt64 = 25) {
            self.nowNs += afterMs * 1_000_000
            self.programmer.poll(nowNs: self.nowNs)
        }

        /// What a worker says about a flow, else all zero.
        static func event(_ kind: UInt32, of flow: FlowID) -> tl_event {
            var event = tl_event()
            event.kind = kind
            event.flow_index = flow.index.value
            event.generation = flow.generation.value
            return event
        }

        /// Until nothing waits; what became of it.
        func run() -> [MediaOutcome] {
            for _ in 0..<50 {
                self.poll()
                self.fake.work()
            }
            self.poll()
            #expect(self.programmer.pending == 0)
            return self.programmer.takeOutcomes()
        }
    }

    let one = MediaSession(1)
    let two = MediaSession(2)

    /// Packets of flows that are not ours must not stand in the ring for ever.
    @Test func packetsOfTheFastPathAreDrainedAndCounted() throws {
        let bench = try Bench()
        for round in 1...5 as ClosedRange<UInt64> {
            #expect(bench.fake.deliver(3) == 2)
            bench.poll()
            #expect(bench.programmer.counters.packetsStale == 2 * round)
        }
        try bench.programmer.start(self.one, sampleIntent(0))
        #expect(bench.run() == [.installed(self.one)])
        bench.fake.lieAboutPackets()
        bench.poll()
        #expect(bench.programmer.counters.faults == 1 && bench.programmer.state != .matched)
    }

    @Test func aCallFromBeginToEnd() throws {
        let bench = try Bench()
        try bench.programmer.start(self.one, sampleIntent(0))
        #expect(bench.run() == [.installed(self.one)])
        #expect(bench.fake.taken.map(\.operation) == [TL_OP_ADD, TL_OP_ADD])
        #expect(bench.fake.taken.map(\.spec.dscp) == [46, 46])
        #expect(bench.fake.taken[0].spec.peer_index == bench.fake.taken[1].flow_index)
        #expect(bench.programmer.counters.latencyCount == 2)
        #expect(bench.programmer.counters.latencyMaxNs == 25_000_000)

        var held = sampleIntent(0)
        held.a.receive = false
        try bench.programmer.update(self.one, held)
        #expect(bench.run() == [.installed(self.one)])
        #expect(bench.fake.taken.map(\.operation).suffix(1) == [TL_OP_MODIFY])

        bench.fake.record(0).pointee.rx_packets = 7
        #expect(bench.programmer.statistics(self.one).a?.receivedPackets == 7)
        bench.programmer.end(self.one)
        bench.programmer.end(self.one)
        let outcomes = bench.run()
        guard case .ended(let session, let a, let b) = try #require(outcomes.first) else {
            Issue.record("not ended")
            return
        }
        #expect(outcomes.count == 1 && session == self.one)
        #expect(a?.receivedPackets == 7 && b?.receivedPackets == 0)
        #expect(bench.fake.live.isEmpty && bench.programmer.sessionCount == 0)
    }

    @Test func changesOnTheirWayTakeOnePlace() throws {
        let bench = try Bench()
        try bench.programmer.start(self.one, sampleIntent(0))
        bench.poll()
        for rate in 1...20 as ClosedRange<UInt32> {
            var intent = sampleIntent(0)
            intent.a.packetsPerSecond = rate
            try bench.programmer.update(self.one, intent)
        }
        #expect(bench.run() == [.installed(self.one)])
        #expect(bench.fake.taken.count == 3)
        #expect(bench.fake.taken[2].spec.packets_per_second == 40)
    }

    @Test func aCallThatEndsBeforeItWasWritten() throws {
        let bench = try Bench()
        try bench.programmer.start(self.one, sampleIntent(0))
        bench.programmer.end(self.one)
        #expect(bench.run() == [.ended(self.one, a: nil, b: nil)])
        #expect(bench.fake.taken.isEmpty)
        // And one whose commands are in the ring.
        try bench.programmer.start(self.two, sampleIntent(1))
        bench.poll()
        bench.programmer.end(self.two)
        #expect(bench.run().count == 1)
        #expect(bench.fake.live.isEmpty && bench.fake.taken.count == 4)
    }

    @Test func aLegMovesToAnotherPort() throws {
        let bench = try Bench()
        try bench.programmer.start(self.one, sampleIntent(0))
        _ = bench.run()
        let before = bench.programmer.flows(self.one)
        var intent = sampleIntent(0)
        intent.b.local = sampleIntent(5).b.local
        try bench.programmer.update(self.one, intent)
        #expect(bench.run() == [.installed(self.one)])
        let after = bench.programmer.flows(self.one)
        #expect(after.a == before.a && after.b != before.b)
        #expect(bench.fake.live.count == 2)
    }

    @Test func aPlanThatCannotBeChangesNothing() throws {
        let bench = try Bench()
        try bench.programmer.start(self.one, sampleIntent(0))
        _ = bench.run()
        var bad = sampleIntent(0)
        bad.a.local = sampleIntent(3).a.local
        bad.b.clockRate = 1
        #expect(throws: MediaSessionError.plan(.badClockRate(1))) {
            try bench.programmer.update(self.one, bad)
        }
        #expect(throws: MediaSessionError.plan(.badClockRate(1))) {
            try bench.programmer.start(self.two, bad)
        }
        #expect(bench.run().isEmpty && bench.fake.taken.count == 2)
        #expect(bench.programmer.sessionCount == 1)
        bench.programmer.end(self.one)
        #expect(bench.run().count == 1 && bench.fake.live.isEmpty)
    }

    @Test func sessionsAreNamedOnce() throws {
        let bench = try Bench()
        try bench.programmer.start(self.one, sampleIntent(0))
        #expect(throws: MediaSessionError.badSession) {
            try bench.programmer.start(self.one, sampleIntent(1))
        }
        #expect(throws: MediaSessionError.badSession) {
            try bench.programmer.update(self.two, sampleIntent(1))
        }
    }

    @Test func limits() throws {
        let away = try Bench(matched: false)
        #expect(throws: MediaSessionError.fastPathAway) {
            try away.programmer.start(self.one, sampleIntent(0))
        }
        let few = try Bench(flows: 3)
        try few.programmer.start(self.one, sampleIntent(0))
        #expect(throws: MediaSessionError.noFlow) {
            try few.programmer.start(self.two, sampleIntent(1))
        }
        #expect(few.programmer.counters.flowsExhausted == 1)
        _ = few.run()
        few.programmer.end(self.one)
        _ = few.run()
        // Nothing was lost by the refusal; generations go on.
        for round in 0..<9 {
            try few.programmer.start(self.two, sampleIntent(1))
            _ = few.run()
            #expect(few.fake.live.count == 2, "round \(round)")
            few.programmer.end(self.two)
            _ = few.run()
        }
        let busy = try Bench(flows: 64, pendingMax: 4)
        try busy.programmer.start(self.one, sampleIntent(0))
        try busy.programmer.start(self.two, sampleIntent(1))
        #expect(throws: MediaSessionError.backPressure) {
            try busy.programmer.start(MediaSession(3), sampleIntent(2))
        }
        #expect(busy.programmer.counters.backPressure == 1)
        busy.poll()
        #expect(busy.programmer.pending == 4)
        #expect(busy.run() == [.installed(self.one), .installed(self.two)])
    }

    @Test func fullRing() throws {
        let bench = try Bench(flows: 64)
        for number in 0..<5 {
            try bench.programmer.start(MediaSession(UInt64(number)), sampleIntent(UInt16(number)))
        }
        bench.poll()
        bench.poll()
        #expect(bench.programmer.counters.ringFull == 2)
        #expect(bench.programmer.counters.commands == 4)
        #expect(bench.run().count == 5)
    }

    @Test func refusals() throws {
        let bench = try Bench()
        bench.fake.refusals = [TL_STATUS_PORT_IN_USE]
        try bench.programmer.start(self.one, sampleIntent(0))
        #expect(bench.run() == [.refused(self.one, .a, .portInUse)])
        bench.programmer.end(self.one)
        #expect(bench.run().count == 1 && bench.fake.live.isEmpty)

        try bench.programmer.start(self.two, sampleIntent(1))
        _ = bench.run()
        bench.fake.refusals = [TL_STATUS_BAD_BUDGET]
        var intent = sampleIntent(1)
        intent.b.packetsPerSecond = 7
        try bench.programmer.update(self.two, intent)
        #expect(
            bench.run() == [
                .kept(self.two, .b, CommandStatus(TL_STATUS_BAD_BUDGET)), .installed(self.two),
            ])
        #expect(bench.programmer.counters.refused == 2)
    }

    @Test func whatWorkersNotice() throws {
        let bench = try Bench()
        try bench.programmer.start(self.one, sampleIntent(0))
        _ = bench.run()
        let flow = try #require(bench.programmer.flows(self.one).b)
        var event = Bench.event(TL_EVENT_MEDIA_TIMEOUT, of: flow)
        event.value = 60_000
        bench.fake.put(event)
        event.generation &+= 1
        bench.fake.put(event)
        event.kind = 99
        bench.fake.put(event)
        #expect(bench.run() == [.mediaTimeout(self.one, .b, silentMs: 60_000)])
        #expect(bench.programmer.counters.strayEvents == 2)
    }

    @Test func fastPathRestarts() throws {
        let bench = try Bench()
        try bench.programmer.start(self.one, sampleIntent(0))
        try bench.programmer.start(self.two, sampleIntent(1))
        _ = bench.run()
        let flows = bench.programmer.flows(self.one)
        let ssrc = bench.fake.taken[0].spec.ssrc
        bench.fake.restart()
        bench.poll()
        #expect(bench.programmer.state == .waiting)
        // Calls end, change and begin meanwhile.
        bench.programmer.end(self.two)
        try bench.programmer.start(MediaSession(3), sampleIntent(2))
        var changed = sampleIntent(0)
        changed.a.send = false
        try bench.programmer.update(self.one, changed)
        #expect(bench.programmer.takeOutcomes().count == 1)
        try bench.match()
        #expect(Set(bench.run()) == [.installed(self.one), .installed(MediaSession(3))])
        #expect(bench.programmer.flows(self.one) == flows)
        #expect(bench.fake.live.count == 4)
        let again = bench.fake.taken.suffix(4).first { $0.flow_index == flows.a?.index.value }
        #expect(again?.spec.ssrc == ssrc && again?.spec.flags == 0b1001)
    }

    @Test func controlPlaneRestarts() throws {
        let bench = try Bench()
        for (session, number) in [(self.one, 0), (self.two, 1)] as [(MediaSession, UInt16)] {
            try bench.programmer.start(session, sampleIntent(number))
        }
        _ = bench.run()
        let flows = bench.programmer.flows(self.one)
        // Another programmer on the same fast path: the first one's file is locked, so it takes one
        // of its own, which is then put into the first one's place.
        let path = bench.fake.directory
        var configuration = FlowProgrammer.Configuration(directory: path)
        configuration.controlFile = path + "/second.shm"
        let second = FlowProgrammer(configuration)
        second.poll(nowNs: bench.nowNs)
        second.restore(self.one, sampleIntent(0))
        #expect(second.ports.isReserved(sampleIntent(0).a.local))
        second.begin()
        second.poll(nowNs: bench.nowNs)
        try #require(rename(path + "/second.shm", path + "/control.shm") == 0)
        try bench.fake.shakeHands()
        for _ in 0..<6 {
            second.poll(nowNs: bench.nowNs)
            bench.fake.work()
        }
        second.poll(nowNs: bench.nowNs)
        #expect(second.takeOutcomes() == [.installed(self.one)])
        #expect(second.flows(self.one) == flows)
        #expect(bench.fake.live.count == 2 && second.counters.orphansRemoved == 2)
        // The second call's port was used just now.
        #expect(!second.ports.isReserved(sampleIntent(1).a.local))
    }

    @Test func aLyingFastPathIsLeftAloneAndTriedAgain() throws {
        let bench = try Bench()
        try bench.programmer.start(self.one, sampleIntent(0))
        _ = bench.run()
        var event = tl_event()
        event.kind = TL_EVENT_ANSWER
        event.sequence = 12345
        bench.fake.put(event)
        bench.poll()
        #expect(bench.programmer.counters.faults == 1)
        #expect(bench.programmer.lastFault == .answer(sequence: 12345))
        bench.poll()
        #expect(bench.programmer.state == .detached(nil))
        bench.nowNs += 1_000_000_000
        try bench.match()
        #expect(bench.run() == [.installed(self.one)])
    }

    @Test func aHandshakeThatNobodyAnswersBeginsAnew() throws {
        let bench = try Bench(matched: false)
        bench.programmer.begin()
        bench.poll()
        bench.poll()
        #expect(bench.programmer.state == .waiting)
        bench.poll(afterMs: 6000)
        #expect(bench.programmer.state == .detached(nil))
        try bench.match()
    }

    @Test func withoutAFileTheReasonIsNamed() throws {
        let programmer = FlowProgrammer(.init(directory: "/nonexistent"))
        programmer.poll(nowNs: 1_000_000_000)
        #expect(programmer.state == .detached(.absent))
        #expect(programmer.fastPath == nil && programmer.statistics(self.one).a == nil)
    }
}
