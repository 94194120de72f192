// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// As ``StormTests``, with PRACK, UPDATE, session timers and audits among everything else.
/// ``MessageJudge`` watches all that the box sends.
@Suite struct DialogStormTests {
    private func storm(seed: UInt64, calls: Int, restarts: Int = 0) {
        let world = World(seed: seed)
        world.network = Network(lost: 40, repeated: 40, delay: 1...80)
        let a = (0..<4).map { world.phone("a\($0)", side: .a, address: "198.51.100.\($0 + 1)") }
        let b = world.phone("bob", side: .b)
        world.configure { configuration in
            configuration.trunks[0].sources = a.map { AddressPrefix($0.address.address) }
            configuration.auditMilliseconds = 7000
            configuration.callSecondsMax = 150
            for index in 0..<2 {
                configuration.trunks[index].reliableProvisional = .supported
                configuration.trunks[index].sessionTimer = SessionTimerPolicy(
                    mode: (seed + UInt64(index)) % 2 == 0 ? .request : .accept, seconds: 20,
                    minimum: 10)
            }
        }
        for phone in a { self.teach(phone, world) }
        for second in 0..<70 {
            world.after(UInt64(second) * 1000) { self.shuffle(b, world) }
        }
        let basic = StormTests()
        for _ in 0..<calls {
            let phone = a[Int(world.random.below(4))]
            world.after(world.random.below(60_000)) {
                self.teach(phone, world)
                self.update(phone, basic.place(phone, b, world), b, world)
            }
        }
        for _ in 0..<restarts {
            world.after(world.random.below(60_000)) { world.restart() }
        }
        // Whatever is left is over by then: nobody refreshes for ever.
        world.run()
        world.expectClean("seed \(seed)")
        let established = world.records.count { $0.answeredAt != nil }
        #expect(established > calls / 10, "seed \(seed): \(established) of \(calls) answered")
        #expect(b.count("< PRACK") + a.reduce(0) { $0 + $1.count("> PRACK") } > 0)
        #expect(a.reduce(0) { $0 + $1.count("> UPDATE") } > 0)
    }

    private func teach(_ phone: Phone, _ world: World) {
        var dialogs = PhoneDialogs()
        if world.random.below(2) == 0 {
            dialogs.allow = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE"
        }
        if world.random.below(2) == 0 { dialogs.supported.append("100rel") }
        if world.random.below(3) == 0 {
            dialogs.supported.append("timer")
            dialogs.sessionExpires = "15"
        }
        dialogs.isReliable = world.random.below(2) == 0
        dialogs.pracks = world.random.below(20) != 0
        if world.random.below(6) == 0 { dialogs.prackOffer = "sendonly" }
        if world.random.below(20) == 0 { dialogs.refusesUpdate = 405 }
        if world.random.below(10) == 0 { dialogs.leastExpires = 30 }
        phone.script.dialogs = dialogs
    }

    private func shuffle(_ phone: Phone, _ world: World) {
        self.teach(phone, world)
        switch world.random.below(6) {
        case 0: phone.script.answer = .refuse(486, after: world.random.below(500))
        case 1: phone.script.answer = .accept(after: 8000)
        default: phone.script.answer = .accept(after: world.random.below(1500))
        }
        phone.script.progress = (0..<(1 + world.random.below(3))).map { _ in
            PhoneScript.Progress(
                after: world.random.below(300), status: world.random.below(2) == 0 ? 180 : 183,
                description: world.random.below(2) == 0,
                branch: world.random.below(8) == 0 ? "x" : "")
        }
        phone.script.lateBranches = world.random.below(8) == 0 ? ["x"] : []
    }

    private func update(_ phone: Phone, _ call: PhoneCall, _ callee: Phone, _ world: World) {
        for _ in 0..<world.random.below(4) {
            let direction = ["sendonly", "sendrecv", "inactive", nil][Int(world.random.below(4))]
            let byCallee = world.random.below(2) == 0
            world.after(100 + world.random.below(12_000)) {
                guard byCallee else { return phone.update(call, direction: direction) }
                let all = callee.calls.values.sorted { $0.port < $1.port }
                guard !all.isEmpty else { return }
                callee.update(
                    all[Int(world.random.below(UInt64(all.count)))], direction: direction)
            }
        }
    }

    @Test(arguments: UInt64(1)...8)
    func badNetwork(seed: UInt64) { self.storm(seed: seed, calls: 80) }

    @Test(arguments: UInt64(100)...105)
    func badNetworkAndRestarts(seed: UInt64) { self.storm(seed: seed, calls: 50, restarts: 5) }
}
