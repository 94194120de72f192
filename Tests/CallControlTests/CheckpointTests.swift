// SPDX-License-Identifier: Apache-2.0

import SDP
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

    /// The former version knew plain media only.
    @Test func formerVersionIsAPlainCall() throws {
        let checkpoint = try CallCheckpoint(decoding: FormerCheckpoint.bytes)
        #expect(checkpoint.stage == .up && checkpoint.a.security == .plain)
        #expect(!checkpoint.media.a.isSecure && checkpoint.media.b.security == nil)
        #expect(checkpoint.rekey == nil && checkpoint.b.session.security.secrets == nil)
        let ports = TestPorts()
        ports.claim(checkpoint.media.a.local)
        ports.claim(checkpoint.media.b.local)
        // Also where the trunk requires encryption by now: the call goes on as it began.
        var configuration = World.standardConfiguration()
        configuration.trunks[0].security = SecureScene.sdes
        let engine = CallEngine(
            configuration: configuration, ports: ports, shard: 7,
            randomness: Randomness(seed: 1))
        #expect(engine.restore([checkpoint]) == [checkpoint.id])
        let summary = try #require(engine.call(checkpoint.id))
        #expect(summary.state == .established && summary.media == checkpoint.media)
        #expect(summary.protection.a.keying == .plain && !summary.protection.a.isRequired)
        // Written again it is of this version.
        let again = try #require(engine.checkpoints.first).encode()
        #expect(again.first == CallCheckpoint.version)
        #expect(try CallCheckpoint(decoding: again).media == checkpoint.media)
        for cut in 0..<FormerCheckpoint.bytes.count {
            #expect(throws: CheckpointError.self) {
                try CallCheckpoint(decoding: Array(FormerCheckpoint.bytes.prefix(cut)))
            }
        }
    }

    /// The second version knew no shared ports.
    @Test func secondVersionHasPortsOfItsOwn() throws {
        let samples = try self.secureSamples().map { try CallCheckpoint(decoding: $0) }
        #expect(samples.contains { $0.media.a.local.isShared && $0.media.b.local.isShared })
        for sample in samples {
            var checkpoint = sample
            let ports = (a: sample.media.a.local, b: sample.media.b.local)
            checkpoint.media.a.local = MediaPort(
                addressIndex: 0, rtp: ports.a.rtp, share: 0xa1b2_c3d4)
            checkpoint.media.b.local = MediaPort(
                addressIndex: 1, rtp: ports.b.rtp, share: 0x4d3c_2b1a)
            #expect(try CallCheckpoint(decoding: checkpoint.encode()) == checkpoint)
            let former = checkpoint.encode(version: 2)
            let read = try CallCheckpoint(decoding: former)
            #expect(!read.media.a.local.isShared && !read.media.b.local.isShared)
            #expect(read.media.a.local.rtp == ports.a.rtp && read.media.a.ice == sample.media.a.ice)
            #expect(read.rekey == sample.rekey)
            #expect(read.a == self.former(sample.a) && read.b == self.former(sample.b))
        }
    }

    /// A leg without what the fourth version added.
    private func former(_ leg: CallCheckpoint.Leg) -> CallCheckpoint.Leg {
        var leg = leg
        leg.session.isLastAgreed = false
        (leg.peer, leg.sessionTimer, leg.leastExpires, leg.due) = ([], nil, 0, [])
        return leg
    }

    /// The third version knew nothing of what happens inside dialogs.
    @Test func thirdVersionHasNoTimers() throws {
        for bytes in self.samples() {
            var sample = try CallCheckpoint(decoding: bytes)
            sample.a.peer = [.update, .hasAllow]
            sample.b.sessionTimer = SessionTimer(seconds: 1800, isOurs: true, at: 1000)
            sample.b.leastExpires = 300
            sample.a.due = [.align]
            #expect(try CallCheckpoint(decoding: sample.encode()) == sample)
            let read = try CallCheckpoint(decoding: sample.encode(version: 3))
            #expect(read.a == self.former(sample.a) && read.b == self.former(sample.b))
            #expect(read.media == sample.media && read.exchange == sample.exchange)
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
