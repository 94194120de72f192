// SPDX-License-Identifier: Apache-2.0

import CFlowABI
import CallControl
import FlowABI
import FlowProgramming
import MediaPlanning
import Testing

@testable import FakeFastPath

/// A leg of one call takes the place of another's: flows go with their legs.
@Suite struct ExchangeTests {
    typealias Bench = FlowProgrammerTests.Bench

    let one = MediaSession(1)
    let two = MediaSession(2)

    /// Alice and Bob; the box and Carol, who was called for them.
    private func bench(secure: Bool = false) throws -> (Bench, MediaIntent, MediaIntent) {
        let bench = try Bench()
        var call = sampleIntent(0)
        var made = sampleIntent(1)
        made.a.remote = nil
        made.a.receive = false
        made.a.send = false
        if secure {
            call.b.security = SecureFlowTests.security(5)
            made.b.security = SecureFlowTests.security(3)
        }
        try bench.programmer.start(self.one, call)
        try bench.programmer.start(self.two, made)
        #expect(Set(bench.run()) == [.installed(self.one), .installed(self.two)])
        return (bench, call, made)
    }

    /// As the shard does it: legs change places, the call that was made ends, the other one has
    /// its new media.
    private func exchange(_ bench: Bench, _ call: MediaIntent, _ made: MediaIntent) throws {
        #expect(bench.programmer.exchange(self.one, .b, with: self.two, .b))
        bench.programmer.end(self.two)
        var after = call
        after.b = made.b
        try bench.programmer.update(self.one, after)
    }

    @Test func flowsGoWithTheirLegs() throws {
        let (bench, call, made) = try self.bench()
        let before = (bench.programmer.flows(self.one), bench.programmer.flows(self.two))
        let carol = try #require(before.1.b)
        let ssrc = bench.fake.specs[carol.index.value]?.ssrc
        bench.fake.forget()
        try self.exchange(bench, call, made)
        let outcomes = bench.run()
        #expect(outcomes.contains(.installed(self.one)) && bench.programmer.sessionCount == 1)
        let after = bench.programmer.flows(self.one)
        #expect(after.a == before.0.a && after.b == carol)
        let spec = try #require(bench.fake.specs[carol.index.value])
        #expect(spec.ssrc == ssrc, "the stream that Carol gets is the one that she got")
        #expect(spec.peer_index == after.a?.index.value)
        let alice = try #require(after.a)
        #expect(bench.fake.specs[alice.index.value]?.peer_index == carol.index.value)
        #expect(bench.fake.specs.count == 2)
        // Neither flow that stays was ever taken away.
        let removed = bench.fake.taken.filter { $0.operation == TL_OP_REMOVE }.map(\.flow_index)
        #expect(Set(removed) == [before.0.b?.index.value, before.1.a?.index.value])
        #expect(!bench.fake.taken.contains { $0.operation == TL_OP_ADD })
    }

    /// At no moment do two parties speak to Alice, and what Bob still sends goes nowhere as soon
    /// as Carol is heard.
    @Test func nobodyIsHeardBesideTheNewParty() throws {
        let (bench, call, made) = try self.bench()
        let flows = bench.programmer.flows(self.one)
        let carol = try #require(bench.programmer.flows(self.two).b)
        let (alice, bob) = (try #require(flows.a), try #require(flows.b))
        try self.exchange(bench, call, made)
        for _ in 0..<40 {
            bench.poll()
            bench.fake.work(most: 1)
            func speaks(_ flow: FlowID) -> Bool {
                guard let spec = bench.fake.specs[flow.index.value] else { return false }
                return spec.peer_index == alice.index.value
            }
            #expect(!(speaks(bob) && speaks(carol)))
        }
        #expect(bench.fake.specs[bob.index.value] == nil)
    }

    @Test func keysGoWithTheirFlow() throws {
        let (bench, call, made) = try self.bench(secure: true)
        let carol = try #require(bench.programmer.flows(self.two).b)
        bench.fake.forget()
        try self.exchange(bench, call, made)
        _ = bench.run()
        #expect(!bench.fake.taken.contains { $0.operation == TL_OP_KEYS })
        // Carol's next keys are hers, whatever Bob's were called.
        var renewed = call
        renewed.b = made.b
        renewed.b.security = SecureFlowTests.security(4)
        try bench.programmer.update(self.one, renewed)
        _ = bench.run()
        let keys = bench.fake.taken.filter { $0.operation == TL_OP_KEYS }
        #expect(keys.map(\.flow_index) == [carol.index.value])
        #expect(keys.map(FakeFastPath.keyID) == [4])
    }

    /// What a worker says about a flow concerns the call that the leg is in now.
    @Test func eventsFollow() throws {
        let (bench, call, made) = try self.bench()
        let carol = try #require(bench.programmer.flows(self.two).b)
        try self.exchange(bench, call, made)
        _ = bench.run()
        bench.fake.put(Bench.event(TL_EVENT_MEDIA_TIMEOUT, of: carol))
        #expect(bench.run() == [.mediaTimeout(self.one, .b, silentMs: 0)])
    }

    /// The fast path dies between the exchange and its commands.
    @Test func fastPathRestartsMeanwhile() throws {
        let (bench, call, made) = try self.bench()
        try self.exchange(bench, call, made)
        bench.fake.restart()
        bench.poll()
        bench.poll()
        try bench.fake.shakeHands()
        _ = bench.run()
        let flows = bench.programmer.flows(self.one)
        let (alice, carol) = (try #require(flows.a), try #require(flows.b))
        #expect(Set(bench.fake.specs.keys) == [alice.index.value, carol.index.value])
        #expect(bench.fake.specs[alice.index.value]?.peer_index == carol.index.value)
        #expect(bench.fake.specs[carol.index.value]?.peer_index == alice.index.value)
    }

    @Test func nothingToExchange() throws {
        let (bench, _, _) = try self.bench()
        #expect(!bench.programmer.exchange(self.one, .b, with: MediaSession(9), .b))
        #expect(!bench.programmer.exchange(self.one, .b, with: self.one, .a))
        bench.programmer.end(self.two)
        #expect(!bench.programmer.exchange(self.one, .b, with: self.two, .b))
    }

    /// A leg whose flow is on another port from one moment to the next: the new one is there
    /// before the old one goes, and both are never each other's.
    @Test func legMovesToAnotherPort() throws {
        let bench = try Bench()
        let call = sampleIntent(0)
        try bench.programmer.start(self.one, call)
        _ = bench.run()
        let before = bench.programmer.flows(self.one)
        var moved = call
        moved.b = sampleIntent(3).b
        try bench.programmer.update(self.one, moved)
        _ = bench.run()
        let after = bench.programmer.flows(self.one)
        #expect(after.a == before.a && after.b != before.b)
        #expect(bench.fake.specs.count == 2)
        let (alice, bob) = (try #require(after.a), try #require(after.b))
        #expect(bench.fake.specs[alice.index.value]?.peer_index == bob.index.value)
    }
}
