// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SDP
import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// Calls at random over a bad network between trunks with policies at random: whatever passes and
/// whatever is converted, every call ends, nothing is left, and nothing of one side shows on the
/// other. The seed is in the message of a failure.
@Suite struct PolicyStormTests {
    private func storm(seed: UInt64, calls: Int, restarts: Int = 0) {
        let world = World(seed: seed)
        world.network = Network(lost: 30, repeated: 30, delay: 1...60)
        let alice = world.phone("alice", side: .a)
        let bob = world.phone("bob", side: .b)
        world.configure { configuration in
            for index in 0..<2 {
                configuration.trunks[index].interworking = Self.policies(world)
            }
        }
        alice.script.extraHeaders = [
            (.pAssertedIdentity, "<sip:+19990000@198.51.100.1>"), (.privacy, "id"),
            (.historyInfo, "<sip:+1777@198.51.100.1?Reason=SIP%3Bcause%3D302>;index=1"),
            (.diversion, "<sip:+1666@198.51.100.1>;reason=user-busy"),
            (.identity, "a.b.c;info=<https://c.example/x>"),
        ]
        let behaviour = StormTests()
        behaviour.shuffle(bob, world)
        for _ in 0..<calls {
            world.after(world.random.below(60_000)) { behaviour.place(alice, bob, world) }
        }
        for _ in 0..<restarts {
            world.after(world.random.below(60_000)) { world.restart() }
        }
        world.run()
        world.expectClean("seed \(seed)")
        let established = world.records.count { $0.answeredAt != nil }
        #expect(established > 0, "seed \(seed)")
    }

    private static func policies(_ world: World) -> Interworking {
        func pick<Value: CaseIterable>(_ type: Value.Type) -> Value? where
            Value.AllCases == [Value]
        {
            Value.allCases[Int(world.random.below(UInt64(Value.allCases.count)))]
        }
        var policies = Interworking()
        policies.bodies = pick(BodyPolicy.self) ?? .pass
        policies.offers = pick(OfferPolicy.self) ?? .asIs
        policies.descriptions.hold = pick(DescriptionPolicy.Hold.self) ?? .asIs
        policies.descriptions.order = pick(DescriptionPolicy.CodecOrder.self) ?? .offered
        policies.descriptions.answer = pick(DescriptionPolicy.AnswerCodecs.self) ?? .all
        policies.progress.earlyMedia = pick(ProgressPolicy.EarlyMedia.self) ?? .relay
        policies.progress.ringing = pick(ProgressPolicy.Ringing.self) ?? .asIs
        policies.progress.dialogs = pick(ProgressPolicy.EarlyDialogs.self) ?? .each
        policies.progress.gatesMedia = world.random.below(2) == 0
        policies.identity.isTrusted = world.random.below(2) == 0
        policies.identity.signedNumbers = pick(IdentityPolicy.SignedNumbers.self) ?? .keepNumber
        policies.diversions.style = pick(DiversionPolicy.Style.self) ?? .asIs
        policies.numbers.style = pick(NumberFormat.Style.self) ?? .asIs
        policies.numbers.countryCode = Array("1".utf8)
        return policies
    }

    @Test(arguments: 1...12) func anyPolicies(seed: UInt64) { self.storm(seed: seed, calls: 40) }

    @Test(arguments: 1...6)
    func anyPoliciesAndRestarts(seed: UInt64) {
        self.storm(seed: seed &+ 100, calls: 40, restarts: 3)
    }
}
