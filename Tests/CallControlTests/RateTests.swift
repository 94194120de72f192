// SPDX-License-Identifier: Apache-2.0

import Admission
import NetworkAddress
import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// Limits of calls a second, and of tenants.
@Suite struct RateTests {
    private func scene(_ change: @escaping (inout CallConfiguration) -> Void) -> (World, Phone) {
        let world = World()
        let alice = world.phone("alice", side: .a)
        _ = world.phone("bob", side: .b)
        world.configure(change)
        alice.script.hangUpAfter = 100
        return (world, alice)
    }

    /// Ten calls at once, and one a second later.
    private func course(_ world: World, _ alice: Phone) {
        for _ in 0..<10 { alice.dial() }
        world.run(until: 1100)
        alice.dial()
        world.run()
        world.expectClean()
    }

    @Test func theNodesRateAsksToComeBack() throws {
        let (world, alice) = self.scene { $0.overload.callsPerSecond = 4 }
        self.course(world, alice)
        #expect(alice.count("< 200 INVITE") == 5 && alice.count("< 503 INVITE") == 6)
        let refusal = try #require(alice.responses.first { $0.status == 503 })
        let seconds = try #require(try refusal.seconds(.retryAfter))
        #expect((1...5).contains(seconds))
        #expect(world.core.engine.counters.refusedByRate == 6)
    }

    @Test func aTrunksRateHasItsOwnStatus() throws {
        let (world, alice) = self.scene {
            $0.trunks[0].limits.callsPerSecond = 4
            $0.trunks[0].limits.refusalStatus = 486
        }
        self.course(world, alice)
        #expect(alice.count("< 200 INVITE") == 5 && alice.count("< 486 INVITE") == 6)
        let refusal = try #require(alice.responses.first { $0.status == 486 })
        #expect(refusal.first(.retryAfter) == nil)
        let reason = try #require(refusal.first(.reason))
        #expect(reason.elementsEqual("SIP;cause=486;text=\"Call rate limit\"".utf8))
        #expect(world.core.engine.counters.refusedByTrunkLimit == 6)
    }

    @Test func oneSourceHasLimitsOfItsOwn() {
        let (world, alice) = self.scene { configuration in
            configuration.overload.sourceCallsMax = 6
            configuration.overload.sourceCallsPerSecond = 4
            configuration.trunks[0].sources += [AddressPrefix(World.ip("198.51.100.2"))]
        }
        let other = world.phone("other", side: .a, address: "198.51.100.2")
        other.script.hangUpAfter = 100
        for _ in 0..<4 { other.dial() }
        self.course(world, alice)
        #expect(alice.count("< 200 INVITE") == 5 && alice.count("< 503 INVITE") == 6)
        #expect(other.count("< 200 INVITE") == 4, "others are not held back by it")
        #expect(world.core.engine.counters.refusedBySourceLimit == 6)
    }

    @Test func aTenantsLimitsCountAllItsTrunks() {
        let acme = TenantName("acme")
        let (world, alice) = self.scene {
            $0.trunks[0].limits.tenant = acme
            $0.trunks[1].limits.tenant = acme
            $0.overload.tenantCallsMax[acme] = 3
            $0.overload.tenantCallsPerSecond[acme] = 100
        }
        self.course(world, alice)
        #expect(alice.count("< 200 INVITE") == 4 && alice.count("< 503 INVITE") == 7)
        #expect(world.core.engine.counters.refusedByTenantLimit == 7)
    }
}
