// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// Hundreds of calls over a bad network that are transferred, joined and taken over at random. The
/// seed is in the message of a failure.
@Suite struct TransferStormTests {
    private func storm(seed: UInt64, calls: Int, restarts: Int = 0) {
        let scene = TransferScene(seed: seed) {
            $0.refer = .local
            $0.replaces = .any
        }
        let world = scene.world
        world.ports.sharesPorts = seed % 2 == 1
        world.network = Network(lost: 40, repeated: 40, delay: 1...80)
        let phones = [scene.alice, scene.bob, scene.carol, scene.dave]
        for phone in phones { self.shuffle(phone, world) }
        for _ in 0..<calls {
            let phone = phones[Int(world.random.below(4))]
            world.after(world.random.below(60_000)) { self.place(phone, phones, world) }
        }
        for _ in 0..<restarts { world.after(world.random.below(60_000)) { world.restart() } }
        world.run()
        world.expectClean("seed \(seed)")
        let counters = world.core.engine.counters
        #expect(
            restarts > 0 || counters.transfersDone > UInt64(calls) / 20,
            "seed \(seed): \(counters)")
    }

    private func shuffle(_ phone: Phone, _ world: World) {
        phone.script.hangUpAfter = nil
        for second in 0..<70 {
            world.after(UInt64(second) * 1000) {
                switch world.random.below(6) {
                case 0: phone.script.answer = .refuse(486, after: world.random.below(500))
                case 1: phone.script.answer = .accept(after: 8000)
                default: phone.script.answer = .accept(after: world.random.below(1500))
                }
                phone.script.codecs = world.random.below(3) == 0 ? [8, 101] : [0, 8, 101]
                phone.script.byeAfterAccepted =
                    world.random.below(3) == 0 ? world.random.below(300) : nil
                phone.script.byeAfterSuccess =
                    world.random.below(2) == 0 ? world.random.below(5000) : nil
                phone.script.lateBranches = world.random.below(8) == 0 ? ["x"] : []
            }
        }
    }

    private func place(_ phone: Phone, _ phones: [Phone], _ world: World) {
        let numbers = ["+1555", "+2555", "+3555", "+4555"]
        phone.script.extraHeaders = []
        if world.random.below(6) == 0, let named = self.named(phones, world) {
            phone.script.extraHeaders = [(.replaces, named)]
        }
        phone.script.offersLate = world.random.below(6) == 0
        let call = phone.dial(numbers[Int(world.random.below(4))])
        phone.script.extraHeaders = []
        world.after(70_000) {
            phone.cancel(call)
            phone.hangUp(call)
        }
        // Whoever is still there at last gives up, wherever he came from.
        for after in [90_000, 130_000, 200_000] as [UInt64] {
            world.after(after) {
                for phone in phones { for call in self.calls(phone) { phone.hangUp(call) } }
            }
        }
        for _ in 0..<world.random.below(3) {
            world.after(1000 + world.random.below(15_000)) {
                let other = phones[Int(world.random.below(4))]
                guard let call = self.any(other, world) else { return }
                switch world.random.below(4) {
                case 0:
                    other.reinvite(
                        call, direction: world.random.below(2) == 0 ? "sendonly" : "sendrecv",
                        newPort: true, offersLate: world.random.below(4) == 0)
                case 1:
                    let named = self.any(other, world)?.replaces(escaped: true)
                    guard let value = named else { return }
                    other.refer(call, to: "<sip:+3555@192.0.2.2?Replaces=\(value)>")
                default:
                    other.refer(
                        call,
                        to: "<sip:\(numbers[Int(world.random.below(4))])@192.0.2.2>",
                        headers: world.random.below(4) == 0 ? [(.referSub, "false")] : [])
                }
            }
        }
    }

    private func calls(_ phone: Phone) -> [PhoneCall] {
        phone.calls.values.sorted { $0.port < $1.port }
    }

    private func any(_ phone: Phone, _ world: World) -> PhoneCall? {
        let all = self.calls(phone)
        return all.isEmpty ? nil : all[Int(world.random.below(UInt64(all.count)))]
    }

    private func named(_ phones: [Phone], _ world: World) -> String? {
        let phone = phones[Int(world.random.below(UInt64(phones.count)))]
        return self.any(phone, world)?.replaces()
    }

    @Test(arguments: UInt64(1)...5)
    func badNetwork(seed: UInt64) { self.storm(seed: seed, calls: 90) }

    @Test(arguments: UInt64(200)...204)
    func badNetworkAndRestarts(seed: UInt64) { self.storm(seed: seed, calls: 60, restarts: 5) }
}
