// SPDX-License-Identifier: Apache-2.0

import SDP
import Testing

@testable import CallControl
@testable import CallWorld

/// Secure calls at random over a bad network. The world judges every intent: no leg whose trunk
/// requires encryption is ever in the clear, and a sending key has one name.
@Suite struct SecureStormTests {
    private static let policies = SecureSetupTests.policies

    private func storm(seed: UInt64, calls: Int, restarts: Int) {
        let world = World(seed: seed)
        world.ports.sharesPorts = seed % 2 == 1
        world.network = Network(lost: 30, repeated: 30, delay: 1...80)
        let alice = world.phone("alice", side: .a)
        let bob = world.phone("bob", side: .b)
        let count = UInt64(Self.policies.count)
        world.configure {
            $0.trunks[0].security = Self.policies[Int(seed % count)]
            $0.trunks[1].security = Self.policies[Int(seed / count % count)]
            $0.fingerprint = Fingerprint(hash: .sha256, digest: Array(repeating: 7, count: 32))
        }
        StormTests().shuffle(bob, world)
        for second in 0..<70 {
            world.after(UInt64(second) * 1000 + 500) {
                self.shuffle(alice, 0, world)
                self.shuffle(bob, 1, world)
            }
        }
        for _ in 0..<calls {
            world.after(world.random.below(60_000)) { StormTests().place(alice, bob, world) }
        }
        for _ in 0..<calls * 4 {
            world.after(world.random.below(70_000)) { self.disturb(world) }
        }
        for _ in 0..<restarts { world.after(world.random.below(60_000)) { world.restart() } }
        world.run()
        world.expectClean("seed \(seed)")
        #expect(world.mediaHistory.count > calls, "seed \(seed)")
    }

    /// What a party says fits its trunk, mostly.
    private func shuffle(_ phone: Phone, _ trunk: Int, _ world: World) {
        let policy = world.configuration.trunks[trunk].security
        var media = SecureScene.media(policy, name: "name\(world.random.below(3))")
        let letter = Character(["K", "L", "M"][Int(world.random.below(3))])
        let setup = ["active", "passive"][Int(world.random.below(2))]
        media.lines = media.lines.map {
            if $0.hasPrefix("a=crypto") { return SecureScene.crypto(letter) }
            guard $0.hasPrefix("a=fingerprint") else { return $0 }
            let pair = ["A1", "B2"][Int(world.random.below(2))]
            return SecureScene.fingerprint(pair, setup: setup)
        }
        switch world.random.below(10) {
        case 0: media = PhoneMedia()
        case 1: media.lines.append("a=ice-lite")
        case 2: media.branches["x"] = [SecureScene.crypto("X")]
        default: break
        }
        phone.script.media = media
    }

    /// Something from the fast path or a handshake, expected or not.
    private func disturb(_ world: World) {
        let ids = world.media.keys.sorted { $0.value < $1.value }
        guard !ids.isEmpty else { return }
        let id = ids[Int(world.random.below(UInt64(ids.count)))]
        let side: Side = world.random.below(2) == 0 ? .a : .b
        let number = world.media[id]?[side].dtlsAgreement?.association ?? 1
        let byte = UInt8(truncatingIfNeeded: world.random.next()) | 1
        let kind = world.random.below(12)
        world.input {
            switch kind {
            case 0: $0.engine.mediaKeysLost(id, side)
            case 1: $0.engine.dtlsFailed(id, side, association: number, reason: "at random")
            case 2:
                $0.engine.pathSelected(
                    id, side, SocketAddressSample.path, isNominated: byte > 127)
            default:
                guard let keys = try? SecureScene.keys(byte) else { return }
                let stale = kind == 3 ? number &+ 1 : number
                $0.engine.dtlsEstablished(id, side, association: stale, keys: keys)
            }
        }
    }

    @Test(arguments: UInt64(0)...35)
    func everyPairing(seed: UInt64) { self.storm(seed: seed, calls: 6, restarts: 0) }

    @Test(arguments: UInt64(36)...71)
    func everyPairingAndRestarts(seed: UInt64) { self.storm(seed: seed, calls: 6, restarts: 2) }
}
