// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CallControl
@testable import CallWorld

@Suite struct CheckpointTests {
    /// Checkpoints of every kind that calls write.
    private func samples() -> [[UInt8]] {
        var samples: Set<[UInt8]> = []
        let world = World()
        let alice = world.phone("alice", side: .a)
        let bob = world.phone("bob", side: .b)
        alice.script.offersLate = true
        bob.script.hangUpAfter = 20_000
        let call = alice.dial()
        for time in stride(from: UInt64(10), to: 21_000, by: 10) {
            world.run(until: time)
            samples.formUnion(world.checkpoints.values)
            if time == 2000 { alice.reinvite(call, direction: "sendonly") }
        }
        world.run()
        world.expectClean()
        return Array(samples)
    }

    @Test func bytesGiveTheSameValue() throws {
        let samples = self.samples()
        #expect(samples.count >= 6)
        for bytes in samples {
            let checkpoint = try CallCheckpoint(decoding: bytes)
            #expect(checkpoint.encode() == bytes)
        }
    }

    @Test func everyCutIsRefused() {
        for bytes in self.samples() {
            for count in 0..<bytes.count {
                #expect(throws: CheckpointError.self) {
                    try CallCheckpoint(decoding: Array(bytes.prefix(count)))
                }
            }
            #expect(throws: CheckpointError.self) { try CallCheckpoint(decoding: bytes + [0]) }
        }
    }

    @Test func anotherVersionIsRefused() throws {
        var bytes = try #require(self.samples().first)
        bytes[0] = CallCheckpoint.version &+ 1
        let error = #expect(throws: CheckpointError.self) { try CallCheckpoint(decoding: bytes) }
        #expect(error?.code == .version)
    }

    /// Damaged bytes are refused or taken for another call; an engine survives either.
    @Test func damageIsHarmless() {
        var random = Randomness(seed: 4711)
        let samples = self.samples()
        var taken = 0
        for round in 0..<3000 {
            var bytes = samples[round % samples.count]
            for _ in 0...random.below(3) {
                bytes[Int(random.below(UInt64(bytes.count)))] = UInt8(
                    truncatingIfNeeded: random.next())
            }
            guard let checkpoint = try? CallCheckpoint(decoding: bytes) else { continue }
            taken += 1
            let ports = TestPorts()
            ports.claim(checkpoint.media.a.local)
            ports.claim(checkpoint.media.b.local)
            guard checkpoint.media.a.local != checkpoint.media.b.local else { continue }
            let engine = CallEngine(
                configuration: World.standardConfiguration(), ports: ports, shard: 1, host: [0x68],
                randomness: Randomness(seed: 1))
            engine.restore([checkpoint])
            for call in engine.listCalls() { _ = engine.endCall(call.id) }
            for call in engine.listCalls() { engine.timerFired(.ending(call.id)) }
            #expect(engine.callCount == 0 && ports.reserved.isEmpty)
        }
        #expect(taken > 100)
    }
}
