// SPDX-License-Identifier: Apache-2.0

import CFlowABI
import CallControl
import FlowABI
import FlowProgramming
import Foundation
import NetworkAddress
import Testing

@testable import FakeFastPath

/// Keys, ICE and DTLS records between the programmer and a fast path of one step at a time.
@Suite struct SecureFlowTests {
    typealias Bench = FlowProgrammerTests.Bench

    let one = MediaSession(1)
    static let secret = (0..<16).map { UInt8(0xe0 + $0) }

    static func security(_ keyID: UInt64) -> LegSecurity {
        let key = SRTPKey(suite: 5, key: Self.secret, salt: Array(repeating: 3, count: 12))
        return LegSecurity(keyID: keyID, receive: key, send: key)
    }

    static func intent(_ keyID: UInt64 = 7) -> MediaIntent {
        var intent = sampleIntent(0)
        intent.a.security = Self.security(keyID)
        return intent
    }

    private func operations(_ bench: Bench) -> [UInt32] { bench.fake.taken.map(\.operation) }

    private func holdsSecret(_ bench: Bench) -> Bool {
        Data(bench.fake.controlBytes).range(of: Data(Self.secret)) != nil
    }

    @Test func keysComeAfterTheFlowAndGoFromTheRing() throws {
        let bench = try Bench()
        var intent = Self.intent()
        intent.a.ice = LegICE(
            localUfrag: Array("abcd".utf8), localPassword: Array(repeating: 0x70, count: 22))
        try bench.programmer.start(self.one, intent)
        for _ in 0..<50 where !self.holdsSecret(bench) {
            bench.poll()
            if !self.holdsSecret(bench) { bench.fake.work() }
        }
        try #require(self.holdsSecret(bench))
        bench.fake.work()
        bench.poll()
        #expect(!self.holdsSecret(bench))
        #expect(bench.run() == [.installed(self.one)])
        let own = bench.fake.taken.filter { $0.flow_index == 0 }
        #expect(own.map(\.operation) == [TL_OP_ADD, TL_OP_KEYS, TL_OP_ICE])
        #expect(own[0].spec.flags & TL_FLOW_SRTP != 0 && own[0].spec.key_id == 0)
        #expect(FakeFastPath.keyID(own[1]) == 7)
        #expect(!Data(bench.fake.controlBytes).contains(Data(repeating: 0x70, count: 22)))
        // The same again is nothing; other keys are one command.
        bench.fake.forget()
        try bench.programmer.update(self.one, intent)
        intent.a.security = Self.security(8)
        try bench.programmer.update(self.one, intent)
        #expect(bench.run() == [.installed(self.one)])
        #expect(self.operations(bench) == [TL_OP_KEYS])
    }

    /// Not after the first of its commands: a message that says so must not leave before the last.
    @Test func aSecureSessionIsReadyWhenTheLastCommandIsAnswered() throws {
        let bench = try Bench()
        let programmer = bench.programmer
        #expect(programmer.isReady(self.one), "nobody wants anything")
        var intent = Self.intent()
        intent.a.ice = LegICE(
            localUfrag: Array("abcd".utf8), localPassword: Array(repeating: 0x70, count: 22))
        try programmer.start(self.one, intent)
        var rounds = 0
        while programmer.pending > 0, rounds < 50 {
            #expect(!programmer.isReady(self.one))
            bench.poll()
            bench.fake.work()
            rounds += 1
        }
        #expect(rounds > 2 && programmer.isReady(self.one))
        // The same again is nothing to wait for, other keys are.
        try programmer.update(self.one, intent)
        #expect(programmer.isReady(self.one))
        intent.a.security = Self.security(8)
        try programmer.update(self.one, intent)
        #expect(!programmer.isReady(self.one))
        programmer.end(self.one)
        #expect(programmer.isReady(self.one), "what ends is not waited for")
    }

    @Test func nobodyWaitsForWhatIsRefusedOrForAFastPathThatIsAway() throws {
        let bench = try Bench()
        bench.fake.refusals = [TL_STATUS_NO_CONTEXT, TL_STATUS_NO_CONTEXT]
        try bench.programmer.start(self.one, Self.intent())
        #expect(!bench.programmer.isReady(self.one))
        bench.poll()
        bench.fake.work()
        bench.poll()
        #expect(bench.programmer.isReady(self.one))
        try bench.programmer.start(MediaSession(2), Self.intent(9))
        #expect(!bench.programmer.isReady(MediaSession(2)))
        bench.fake.restart()
        bench.poll()
        #expect(bench.programmer.state == .waiting && bench.programmer.isReady(MediaSession(2)))
    }

    /// Written at once, so that the worker can begin; the answers are the next poll's.
    @Test func submittedCommandsAreInTheRing() throws {
        let bench = try Bench()
        bench.programmer.submit(nowNs: bench.nowNs)
        #expect(bench.programmer.counters.commands == 0)
        try bench.programmer.start(self.one, Self.intent())
        bench.programmer.submit(nowNs: bench.nowNs)
        #expect(bench.programmer.counters.commands == 2)
        bench.fake.work()
        #expect(bench.fake.taken.count == 2 && bench.programmer.pending == 2)
        bench.programmer.submit(nowNs: bench.nowNs)
        #expect(bench.programmer.counters.commands == 2)
        #expect(bench.run() == [.installed(self.one)])
    }

    @Test func keysOfALostRingAreWiped() throws {
        let bench = try Bench()
        try bench.programmer.start(self.one, Self.intent())
        for _ in 0..<50 where !self.holdsSecret(bench) {
            bench.poll()
            if !self.holdsSecret(bench) { bench.fake.work() }
        }
        try #require(self.holdsSecret(bench))
        bench.fake.restart()
        bench.poll()
        #expect(bench.programmer.state == .waiting && !self.holdsSecret(bench))
    }

    @Test func fastPathRestartsWithItsRecords() throws {
        let bench = try Bench()
        try bench.programmer.start(self.one, Self.intent())
        _ = bench.run()
        bench.fake.record(0).pointee.egress_index = 0x1_0005
        bench.fake.restart()
        bench.fake.forget()
        bench.poll()
        try bench.match()
        #expect(bench.run() == [.installed(self.one)])
        let own = bench.fake.taken.filter { $0.flow_index == 0 }
        #expect(own.map(\.operation) == [TL_OP_ADD, TL_OP_KEYS])
        #expect(own[0].spec.key_id == 7 && FakeFastPath.keyID(own[1]) == 7)
        #expect(bench.fake.record(0).pointee.egress_index == 0x1_0005)
        // Keys that changed meanwhile begin anew, on the record of the old ones.
        bench.fake.restart()
        bench.fake.forget()
        bench.poll()
        try bench.programmer.update(self.one, Self.intent(8))
        try bench.match()
        #expect(bench.run() == [.installed(self.one)])
        #expect(bench.fake.taken.first { $0.flow_index == 0 }?.spec.key_id == 7)
        #expect(bench.fake.record(0).pointee.key_id == 8)
        #expect(bench.fake.record(0).pointee.egress_index == 5)
    }

    @Test func withoutRecordsAKeySetIsNotUsedAgain() throws {
        let bench = try Bench()
        try bench.programmer.start(self.one, Self.intent())
        _ = bench.run()
        bench.fake.restart()
        bench.fake.loseRecords()
        bench.fake.forget()
        bench.poll()
        try bench.match()
        #expect(
            bench.run() == [.keysSpent(self.one, .a, keyID: 7), .installed(self.one)])
        #expect(!self.operations(bench).contains(TL_OP_KEYS))
        let adds = bench.fake.taken.filter { $0.flow_index == 0 }
        #expect(adds.map(\.spec.key_id) == [7, 0])
        #expect(adds.allSatisfy { $0.spec.flags & TL_FLOW_SRTP != 0 })
        // Whatever else changes, it stays away; other keys are taken.
        var intent = Self.intent()
        intent.a.send = false
        try bench.programmer.update(self.one, intent)
        #expect(bench.run() == [.installed(self.one)])
        #expect(!self.operations(bench).contains(TL_OP_KEYS))
        try bench.programmer.update(self.one, Self.intent(8))
        #expect(bench.run() == [.installed(self.one)])
        #expect(bench.fake.record(0).pointee.key_id == 8)
        #expect(bench.programmer.counters.keySetsSpent == 1)
    }

    /// The branches of a fork bring keys back, and a fresh record knows none of them.
    @Test func withoutRecordsNoEarlierKeySetComesBack() throws {
        let bench = try Bench()
        for keyID: UInt64 in [7, 8] {
            if keyID == 7 { try bench.programmer.start(self.one, Self.intent(keyID)) }
            if keyID == 8 { try bench.programmer.update(self.one, Self.intent(keyID)) }
            #expect(bench.run() == [.installed(self.one)])
        }
        let ssrc = bench.fake.record(0).pointee.egress_ssrc
        bench.fake.restart()
        bench.fake.loseRecords()
        bench.fake.forget()
        bench.poll()
        try bench.match()
        #expect(bench.run() == [.keysSpent(self.one, .a, keyID: 8), .installed(self.one)])
        #expect(bench.fake.record(0).pointee.egress_ssrc == ssrc)
        // Each is told of once, in whichever order they come back.
        try bench.programmer.update(self.one, Self.intent(7))
        #expect(bench.run() == [.keysSpent(self.one, .a, keyID: 7), .installed(self.one)])
        for keyID: UInt64 in [8, 7, 8] {
            try bench.programmer.update(self.one, Self.intent(keyID))
            #expect(bench.run() == [.installed(self.one)])
        }
        #expect(!self.operations(bench).contains(TL_OP_KEYS))
        #expect(bench.fake.record(0).pointee.key_id == 0)
        // With its record kept a later restart changes nothing of that; newer keys are taken, and
        // the earlier ones stay away.
        bench.fake.restart()
        bench.poll()
        try bench.match()
        #expect(bench.run() == [.installed(self.one)])
        try bench.programmer.update(self.one, Self.intent(9))
        #expect(bench.run() == [.installed(self.one)])
        #expect(bench.fake.record(0).pointee.key_id == 9)
        try bench.programmer.update(self.one, Self.intent(7))
        #expect(bench.run() == [.installed(self.one)])
        #expect(self.operations(bench).filter { $0 == TL_OP_KEYS }.count == 1)
        #expect(bench.programmer.counters.keySetsSpent == 2)
    }

    /// The wish for an earlier key set stands while the flow is added without keys, or before it
    /// was wished for again.
    @Test(arguments: 0...6) func anEarlierKeySetThatComesInBetween(steps: Int) throws {
        let bench = try Bench()
        try bench.programmer.start(self.one, Self.intent(7))
        _ = bench.run()
        try bench.programmer.update(self.one, Self.intent(8))
        _ = bench.run()
        bench.fake.restart()
        bench.fake.loseRecords()
        bench.fake.forget()
        bench.poll()
        if steps == 0 { try bench.programmer.update(self.one, Self.intent(7)) }
        try bench.match()
        for _ in 1..<max(steps, 1) {
            bench.poll()
            bench.fake.work(most: 1)
        }
        var keyless = sampleIntent(0)
        keyless.a.isSecure = true
        if steps % 2 == 1 { try bench.programmer.update(self.one, keyless) }
        if steps % 2 == 1, steps > 3 { bench.poll() }
        if steps > 0 { try bench.programmer.update(self.one, Self.intent(7)) }
        let outcomes = bench.run()
        #expect(outcomes.contains(.keysSpent(self.one, .a, keyID: 7)))
        #expect(outcomes.last == .installed(self.one))
        #expect(!self.operations(bench).contains(TL_OP_KEYS))
        #expect(bench.fake.record(0).pointee.key_id == 0)
    }

    /// A wish without keys stood at the restart, so that the add named none and was taken.
    @Test func aFreshRecordOfALegWithoutKeysTakesNoEarlierOnes() throws {
        let bench = try Bench()
        try bench.programmer.start(self.one, Self.intent(7))
        _ = bench.run()
        var keyless = sampleIntent(0)
        keyless.a.isSecure = true
        bench.fake.restart()
        bench.fake.loseRecords()
        bench.fake.forget()
        bench.poll()
        try bench.programmer.update(self.one, keyless)
        try bench.match()
        #expect(bench.run() == [.installed(self.one)])
        try bench.programmer.update(self.one, Self.intent(7))
        #expect(bench.run() == [.keysSpent(self.one, .a, keyID: 7), .installed(self.one)])
        #expect(!self.operations(bench).contains(TL_OP_KEYS))
    }

    /// Another programmer on the same fast path, as in `FlowProgrammerTests`.
    private func second(_ bench: Bench, _ intent: MediaIntent) throws -> [MediaOutcome] {
        let path = bench.fake.directory
        var configuration = FlowProgrammer.Configuration(directory: path)
        configuration.controlFile = path + "/second.shm"
        let second = FlowProgrammer(configuration)
        second.poll(nowNs: bench.nowNs)
        second.restore(self.one, intent)
        second.begin()
        second.poll(nowNs: bench.nowNs)
        try #require(rename(path + "/second.shm", path + "/control.shm") == 0)
        bench.fake.forget()
        try bench.fake.shakeHands()
        for _ in 0..<12 {
            second.poll(nowNs: bench.nowNs)
            bench.fake.work()
        }
        second.poll(nowNs: bench.nowNs)
        #expect(second.pending == 0)
        return second.takeOutcomes()
    }

    @Test func controlPlaneRestarts() throws {
        let bench = try Bench()
        try bench.programmer.start(self.one, Self.intent())
        _ = bench.run()
        bench.fake.record(0).pointee.egress_index = 0x1_0005
        #expect(try self.second(bench, Self.intent()) == [.installed(self.one)])
        let own = bench.fake.taken.filter { $0.flow_index == 0 }
        #expect(own.map(\.operation) == [TL_OP_MODIFY, TL_OP_KEYS])
        #expect(own[0].spec.flags & TL_FLOW_SRTP != 0)
        #expect(bench.fake.record(0).pointee.egress_index == 0x1_0005)
    }

    @Test func savedKeysThatAreNotTheRecordsAreSpent() throws {
        let bench = try Bench()
        try bench.programmer.start(self.one, Self.intent(7))
        _ = bench.run()
        try bench.programmer.update(self.one, Self.intent(8))
        _ = bench.run()
        // What was saved is older than what the worker has.
        #expect(
            try self.second(bench, Self.intent(7))
                == [.keysSpent(self.one, .a, keyID: 7), .installed(self.one)])
        let own = bench.fake.taken.filter { $0.flow_index == 0 }
        #expect(own.map(\.operation) == [TL_OP_MODIFY, TL_OP_MODIFY])
        #expect(own[0].spec.flags & (TL_FLOW_RECEIVE | TL_FLOW_SEND | TL_FLOW_RTCP) == 0)
        #expect(own[1].spec.flags & TL_FLOW_SRTP != 0)
        #expect(bench.fake.record(0).pointee.key_id == 8)
    }

    @Test(arguments: [TL_STATUS_NO_CONTEXT, TL_STATUS_BAD_KEYS])
    func keysThatAreRefused(status: Int32) throws {
        let bench = try Bench()
        bench.fake.refusals = [TL_STATUS_OK, TL_STATUS_OK, status]
        var intent = Self.intent()
        intent.b.isSecure = true
        try bench.programmer.start(self.one, intent)
        #expect(bench.run() == [.refused(self.one, .a, CommandStatus(status))])
        #expect(bench.fake.taken.allSatisfy { $0.spec.flags & TL_FLOW_SRTP != 0
            || $0.operation != TL_OP_ADD })
    }

    /// A fast path of version two knows no secure flows; none goes on in the clear there.
    @Test func aLegThatCannotTurnSecureIsTakenDown() throws {
        let bench = try Bench()
        try bench.programmer.start(self.one, sampleIntent(0))
        _ = bench.run()
        bench.fake.refusals = [TL_STATUS_BAD_FLAGS]
        try bench.programmer.update(self.one, Self.intent())
        #expect(
            bench.run() == [.refused(self.one, .a, CommandStatus(TL_STATUS_BAD_FLAGS))])
        #expect(bench.fake.live == [1])
    }

    /// Whatever is answered when: leg b, which shall be secure, gets nothing in the clear.
    @Test func aPeerIsHeldUntilTheFlagStands() throws {
        for steps in 1...6 {
            let bench = try Bench()
            var intent = sampleIntent(0)
            intent.a.receive = false
            try bench.programmer.start(self.one, intent)
            bench.poll()
            bench.fake.work(most: steps % 3)
            bench.poll()
            intent.a.receive = true
            intent.b.security = Self.security(7)
            try bench.programmer.update(self.one, intent)
            for _ in 0..<30 {
                bench.poll()
                bench.fake.work(most: 1 + steps / 3)
            }
            bench.poll()
            var isSecure = false
            for command in bench.fake.taken
            where command.operation == TL_OP_ADD || command.operation == TL_OP_MODIFY {
                if command.flow_index == 1 {
                    isSecure = command.spec.flags & TL_FLOW_SRTP != 0
                } else {
                    #expect(isSecure || command.spec.flags & TL_FLOW_RECEIVE == 0)
                }
            }
            #expect(isSecure && bench.programmer.pending == 0)
            #expect(bench.programmer.takeOutcomes().last == .installed(self.one))
        }
    }

    @Test func recordsOfAPartyWithoutNameAreEarly() throws {
        let bench = try Bench()
        var intent = sampleIntent(0)
        intent.b.isSecure = true
        intent.b.dtls = true
        intent.b.remote = nil
        try bench.programmer.start(self.one, intent)
        _ = bench.run()
        let b = try #require(bench.programmer.flows(self.one).b)
        _ = bench.fake.deliver(1, to: b.index.value, generation: b.generation.value, port: 4002)
        bench.poll()
        let records = bench.programmer.takeRecords()
        #expect(records.map(\.isEarly) == [true] && records.map(\.source.port) == [4002])
    }

    @Test func recordsUpAndDown() throws {
        let bench = try Bench()
        var intent = sampleIntent(0)
        intent.b.isSecure = true
        intent.b.dtls = true
        try bench.programmer.start(self.one, intent)
        _ = bench.run()
        let flows = bench.programmer.flows(self.one)
        let (a, b) = (try #require(flows.a), try #require(flows.b))
        #expect(
            bench.fake.deliver(3, to: b.index.value, generation: b.generation.value) == 2)
        bench.poll()
        let records = bench.programmer.takeRecords()
        #expect(records.map(\.bytes.first) == [22, 23] && records.allSatisfy { $0.flow == b })
        #expect(records.allSatisfy { $0.leg == .b && $0.session == self.one && !$0.isEarly })
        #expect(bench.programmer.takeRecords().isEmpty)
        // A flow that is gone, and one that has no DTLS.
        _ = bench.fake.deliver(1, to: b.index.value, generation: b.generation.value + 1)
        _ = bench.fake.deliver(1, to: a.index.value, generation: a.generation.value)
        bench.poll()
        #expect(bench.programmer.takeRecords().isEmpty)
        #expect(bench.programmer.counters.packetsStale == 1)
        #expect(bench.programmer.counters.packetsUnwanted == 1)
        // Of another place: the worker took it while the party had no name.
        _ = bench.fake.deliver(
            1, to: b.index.value, generation: b.generation.value, port: 4002)
        bench.poll()
        #expect(bench.programmer.takeRecords().isEmpty)
        #expect(bench.programmer.counters.packetsUnwanted == 2)
        // Down: two slots, then back-pressure.
        #expect(bench.programmer.inject(b, [20, 1, 2]) && bench.programmer.inject(b, [21]))
        #expect(!bench.programmer.inject(b, [22]))
        #expect(bench.fake.injected(0xffff_fffd)?.flow_index == b.index.value)
        #expect(bench.fake.injected(0xffff_fffd)?.payload_bytes == 3)
        let gone = FlowID(index: b.index, generation: b.generation.next)
        #expect(!bench.programmer.inject(gone, [22]) && !bench.programmer.inject(b, []))
        #expect(bench.programmer.counters.packetsInjected == 2)
        #expect(bench.programmer.counters.packetsRefused == 3)
    }

    /// A stranger's record was in the ring when the answer named the party: that another source may
    /// be learned makes it none of the party's, until the worker has learned it.
    @Test func recordsOfStrangersAreUnwantedUntilTheirSourceIsLearned() throws {
        let bench = try Bench()
        var intent = sampleIntent(0)
        intent.b.isSecure = true
        intent.b.dtls = true
        intent.b.learnSource = true
        let party = try #require(intent.b.remote)
        intent.b.remote = nil
        try bench.programmer.start(self.one, intent)
        _ = bench.run()
        let b = try #require(bench.programmer.flows(self.one).b)
        func deliver(_ port: UInt16) {
            _ = bench.fake.deliver(1, to: b.index.value, generation: b.generation.value, port: port)
        }
        deliver(4002)
        intent.b.remote = party
        try bench.programmer.update(self.one, intent)
        bench.poll()
        #expect(bench.programmer.takeRecords().isEmpty)
        #expect(bench.programmer.counters.packetsUnwanted == 1)
        _ = bench.run()
        deliver(4000)
        bench.poll()
        let named = bench.programmer.takeRecords()
        #expect(named.map(\.source) == [party] && named.allSatisfy { !$0.isEarly })
        // Authenticated media came from there.
        bench.fake.learn(b.index.value, port: 4002)
        deliver(4002)
        deliver(4004)
        bench.poll()
        #expect(bench.programmer.takeRecords().map(\.source.port) == [4002])
        #expect(bench.programmer.counters.packetsUnwanted == 2)
    }

    @Test func pathsAreTold() throws {
        let bench = try Bench()
        try bench.programmer.start(self.one, sampleIntent(0))
        _ = bench.run()
        let flow = try #require(bench.programmer.flows(self.one).a)
        var event = Bench.event(TL_EVENT_PATH_SELECTED, of: flow)
        event.port = 99
        event.value = 1
        bench.fake.put(event)
        let source = SocketAddress(address: .unspecified, port: 99)
        #expect(
            bench.run() == [.pathSelected(self.one, .a, source, isNominated: true)])
    }
}
