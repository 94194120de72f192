// SPDX-License-Identifier: Apache-2.0

import Admission
import NetworkAddress
import SDP
import SIPTransaction
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
        return Array(samples) + self.secureSamples()
    }

    /// Those of calls with keys, credentials, handshakes and an INVITE of our own under way.
    private func secureSamples() -> [[UInt8]] {
        var samples: Set<[UInt8]> = []
        let scene = SecureScene(a: SecureScene.browser, b: SecureScene.bypass)
        scene.world.ports.sharesPorts = true
        scene.alice.script.hangUpAfter = 5000
        scene.alice.dial()
        for time in stride(from: UInt64(10), to: 6000, by: 10) {
            scene.world.run(until: time)
            if time == 1000, let keys = try? SecureScene.keys(1) {
                scene.input { $0.dtlsEstablished(scene.id, .a, association: 1, keys: keys) }
            }
            if time == 2000 { scene.input { $0.mediaKeysLost(scene.id, .b) } }
            samples.formUnion(scene.world.checkpoints.values)
        }
        scene.finish()
        return Array(samples)
    }

    /// Timers, ports and whatever else of a leg is seldom there.
    @Test func whatIsSeldomThere() throws {
        let all = try self.samples().map { try CallCheckpoint(decoding: $0) }
        #expect(all.contains { $0.media.a.local.isShared && $0.media.b.local.isShared })
        #expect(all.contains { $0.a.session.isAtRest && $0.b.session.isAtRest })
        #expect(all.contains { !$0.a.session.isAtRest && $0.stage == .up })
        for var sample in all {
            sample.media.a.local = MediaPort(
                addressIndex: 0, rtp: sample.media.a.local.rtp, share: 0xa1b2_c3d4)
            sample.a.peer = [.update, .hasAllow]
            sample.b.sessionTimer = SessionTimer(seconds: 1800, isOurs: true, at: 1000)
            sample.b.leastExpires = 300
            sample.a.due = [.align]
            sample.users = CallUsers(
                calling: [UInt8](repeating: 0x31, count: 254),
                called: [UInt8](repeating: 0x32, count: 255))
            sample.a.hop.remote.address = try #require(IPAddress("2001:db8::1"))
            sample.b.session.bindings.append(
                RTPFormat(payloadType: 127, name: "X", clockRate: 8000))
            #expect(try CallCheckpoint(decoding: sample.encode()) == sample)
        }
    }

    /// No number of a key or handshake that is not among those given out.
    @Test func numbersThatCannotBe() throws {
        let key = SRTPKey(suite: 1, key: [1], salt: [2])
        let named = [LegKeys.Named(id: 3, key: key)]
        #expect(LegKeys(named: named, lastID: 3, associations: [], lastNumber: 0) != nil)
        #expect(LegKeys(named: named, lastID: 2, associations: [], lastNumber: 0) == nil)
        #expect(LegKeys(named: named, lastID: 0, associations: [], lastNumber: 0) == nil)
        var keys = try #require(
            LegKeys(named: named, lastID: .max, associations: [], lastNumber: 0))
        #expect(keys.id(of: SRTPKey(suite: 1, key: [9], salt: [2])) == 1)
        #expect(keys.id(of: key) == 3)
        for number in 0..<UInt8(LegKeys.limit) {
            _ = keys.id(of: SRTPKey(suite: 2, key: [number], salt: []))
        }
        #expect(keys.named.count == LegKeys.limit, "the oldest are forgotten")
    }

    /// Nothing that is printed shows a key.
    @Test func keysAreNotPrinted() throws {
        let keys = try SecureScene.keys(0x5a)
        var leg = LegKeys()
        _ = leg.id(of: keys.send)
        var text = "\(keys) \(leg) "
        dump(keys, to: &text)
        dump(leg, to: &text)
        #expect(!text.contains("90") && !text.contains("190") && !text.contains("5a"), "\(text)")
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
        for other in [CallCheckpoint.version &+ 1, CallCheckpoint.version &- 1, 0] {
            bytes[0] = other
            let error = #expect(throws: CheckpointError.self) {
                try CallCheckpoint(decoding: bytes)
            }
            #expect(error?.code == .version)
        }
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
                configuration: World.standardConfiguration(), ports: ports, shard: 1,
                randomness: Randomness(seed: 1))
            engine.restore([checkpoint])
            for call in engine.listCalls() { _ = engine.endCall(call.id) }
            for call in engine.listCalls() { engine.timerFired(.ending(call.id)) }
            #expect(engine.callCount == 0 && ports.reserved.isEmpty)
        }
        #expect(taken > 100)
    }
}
