// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// Hundreds of calls at random over a bad network. The seed is in the message of a failure.
@Suite struct StormTests {
    private func storm(seed: UInt64, calls: Int, restarts: Int = 0) {
        let world = World(seed: seed)
        world.ports.sharesPorts = seed % 2 == 1
        world.network = Network(lost: 50, repeated: 50, delay: 1...80)
        let a = (0..<4).map { world.phone("a\($0)", side: .a, address: "198.51.100.\($0 + 1)") }
        let b = world.phone("bob", side: .b)
        world.configure { configuration in
            configuration.trunks[0].sources = a.map { AddressPrefix($0.address.address) }
        }
        self.shuffle(b, world)
        for _ in 0..<calls {
            let phone = a[Int(world.random.below(4))]
            world.after(world.random.below(60_000)) { self.place(phone, b, world) }
        }
        for _ in 0..<restarts {
            world.after(world.random.below(60_000)) { world.restart() }
        }
        world.run()
        #expect(world.core.engine.counters.callsAdmitted + UInt64(restarts) > 0)
        world.expectClean("seed \(seed)")
        let established = world.records.count { $0.answeredAt != nil }
        #expect(established > calls / 8, "seed \(seed): \(established) of \(calls) answered")
    }

    /// The callee behaves otherwise every second.
    func shuffle(_ phone: Phone, _ world: World) {
        for second in 0..<70 {
            world.after(UInt64(second) * 1000) {
                switch world.random.below(6) {
                case 0: phone.script.answer = .refuse(486, after: world.random.below(500))
                case 1: phone.script.answer = .accept(after: 8000)
                default: phone.script.answer = .accept(after: world.random.below(1500))
                }
                phone.script.hangUpAfter =
                    world.random.below(3) == 0 ? world.random.below(10_000) : nil
                phone.script.progress = [
                    PhoneScript.Progress(
                        after: world.random.below(200), status: 183,
                        description: world.random.below(2) == 0)
                ]
                phone.script.lateBranches = world.random.below(8) == 0 ? ["x"] : []
            }
        }
    }

    @discardableResult
    func place(_ phone: Phone, _ callee: Phone, _ world: World) -> PhoneCall {
        phone.script.offersLate = world.random.below(6) == 0
        phone.script.cancelAfter = world.random.below(6) == 0 ? world.random.below(2000) : nil
        let call = phone.dial()
        // Whatever happens, the caller gives up or hangs up in the end.
        world.after(20_000 + world.random.below(10_000)) {
            phone.cancel(call)
            phone.hangUp(call)
        }
        world.after(75_000) { phone.hangUp(call) }
        for _ in 0..<world.random.below(3) {
            let isHeld = world.random.below(2) == 0
            let offersLate = world.random.below(4) == 0
            let byCallee = world.random.below(2) == 0
            world.after(2000 + world.random.below(10_000)) {
                let direction = isHeld ? "sendonly" : "sendrecv"
                guard byCallee else {
                    return phone.reinvite(call, direction: direction, offersLate: offersLate)
                }
                let all = callee.calls.values.sorted { $0.port < $1.port }
                guard !all.isEmpty else { return }
                let other = all[Int(world.random.below(UInt64(all.count)))]
                callee.reinvite(other, direction: direction, newPort: true, offersLate: offersLate)
            }
        }
        return call
    }

    @Test(arguments: UInt64(1)...8)
    func badNetwork(seed: UInt64) { self.storm(seed: seed, calls: 100) }

    @Test(arguments: UInt64(100)...105)
    func badNetworkAndRestarts(seed: UInt64) { self.storm(seed: seed, calls: 60, restarts: 5) }
}
