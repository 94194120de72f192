// SPDX-License-Identifier: Apache-2.0

import CallControl
import FlowABI
import MediaPlanning
import NetworkAddress
import Testing

extension Sample {
    static func security(_ keyID: UInt64, suite: UInt8 = 1) -> LegSecurity {
        LegSecurity(
            keyID: keyID,
            receive: SRTPKey(
                suite: suite, key: Array(repeating: 0xa1, count: 16),
                salt: Array(repeating: 0xa2, count: 14), mki: [7]),
            send: SRTPKey(
                suite: suite, key: Array(repeating: 0xb1, count: 16),
                salt: Array(repeating: 0xb2, count: 14), mki: [7]))
    }

    static func ice(_ ufrag: String = "abcd", remote: String? = nil) -> LegICE {
        LegICE(
            localUfrag: Array(ufrag.utf8), localPassword: Array(repeating: 0x70, count: 22),
            remoteUfrag: remote.map { Array($0.utf8) })
    }
}

/// Keys, ICE and DTLS of a leg.
@Suite struct SecurePlanTests {
    private func names(_ commands: [FlowCommand]) -> [String] {
        commands.map { "\($0.name) \($0.flow.index.value)" }
    }

    private func difference(
        _ before: (inout MediaIntent) -> Void, _ after: (inout MediaIntent) -> Void
    ) throws -> [String] {
        var (old, new) = (Sample.intent, Sample.intent)
        before(&old)
        after(&new)
        return self.names(
            try MediaPlan.commands(from: Sample.plan(old), to: Sample.plan(new)))
    }

    @Test func flags() throws {
        var intent = Sample.intent
        intent.a.isSecure = true
        intent.a.dtls = true
        #expect(try Sample.plan(intent).a.isSecure && Sample.plan(intent).a.keys == nil)
        #expect(
            try Sample.plan(intent).a.specification.flags
                == [.receive, .send, .rtcp, .srtp, .deliver])
        intent = Sample.intent
        intent.a.security = Sample.security(5)
        intent.a.ice = Sample.ice()
        intent.a.learnSource = true
        intent.a.ice?.earlyLatch = true
        let a = try Sample.plan(intent).a
        #expect(a.specification.flags == [.receive, .send, .rtcp, .srtp, .ice, .earlyLatch])
        #expect(a.specification.learnWindowMs == 0 && a.specification.keyID == 0)
        #expect(a.keys?.keyID == 5 && a.keys?.overlapMs == 2000 && a.ice != nil)
        intent.a.security = nil
        #expect(try Sample.plan(intent).a.specification.flags == [.receive, .send, .rtcp, .ice])
    }

    @Test func aSecureStreamBeginsInTheLowerHalf() throws {
        var identity = Sample.a
        identity.initialSequence = 0xfff0
        var intent = Sample.intent
        #expect(
            try Sample.plan(intent, a: identity).a.specification.initialSequence == 0xfff0)
        intent.a.isSecure = true
        #expect(
            try Sample.plan(intent, a: identity).a.specification.initialSequence == 0x7ff0)
    }

    @Test func whatCannotBe() throws {
        let wrong: [(inout LegSecurity) -> Void] = [
            { $0.keyID = 0 }, { $0.overlapMs = 10_001 }, { $0.receive.suite = 7 },
            { $0.send.suite = 0 }, { $0.send.suite = 5 }, { $0.receive.key.removeLast() },
            { $0.send.salt.append(1) }, { $0.receive.mki = Array(repeating: 1, count: 9) },
        ]
        for change in wrong {
            var intent = Sample.intent
            var security = Sample.security(1)
            change(&security)
            intent.b.security = security
            #expect(throws: MediaPlanError.badKeys) { try Sample.plan(intent) }
        }
        let bad: [(inout LegICE) -> Void] = [
            { $0.localUfrag = [1, 2, 3] }, { $0.localPassword.removeLast() },
            { $0.localUfrag = Array(repeating: 65, count: 65) },
            { $0.localPassword = Array(repeating: 65, count: 65) },
            { $0.localUfrag = Array("ab:d".utf8) },
        ]
        for change in bad {
            var intent = Sample.intent
            var ice = Sample.ice()
            change(&ice)
            intent.b.ice = ice
            #expect(throws: MediaPlanError.badICE) { try Sample.plan(intent) }
        }
        var intent = Sample.intent
        intent.a.ice = Sample.ice(remote: String(repeating: "x", count: 65))
        #expect(try Sample.plan(intent).a.ice?.remoteUfrag == [])
    }

    @Test func commands() throws {
        #expect(
            try self.names(
                MediaPlan.commands(
                    from: nil,
                    to: {
                        var intent = Sample.intent
                        intent.a.security = Sample.security(1)
                        intent.a.ice = Sample.ice()
                        return try Sample.plan(intent)
                    }())) == ["add 1", "keys 1", "ice 1", "add 2"])
        // A key change is one command, and so is one of ICE.
        #expect(
            try self.difference(
                { $0.a.security = Sample.security(1) }, { $0.a.security = Sample.security(2) })
                == ["keys 1"])
        #expect(
            try self.difference(
                { $0.b.ice = Sample.ice() }, { $0.b.ice = Sample.ice(remote: "wxyz") })
                == ["ice 2"])
        // To secure and back.
        #expect(
            try self.difference({ _ in }, { $0.b.security = Sample.security(1) })
                == ["modify 2", "keys 2"])
        #expect(
            try self.difference({ $0.b.security = Sample.security(1) }, { _ in })
                == ["modify 2"])
        // Keys that are taken away: the flow is closed meanwhile.
        #expect(
            try self.difference(
                { $0.b.security = Sample.security(1) }, { $0.b.isSecure = true })
                == ["modify 2", "modify 2"])
        // The party of leg 1 is heard only when leg 2 has its flag.
        #expect(
            try self.difference(
                { $0.a.receive = false },
                { $0.b.security = Sample.security(1) })
                == ["modify 2", "keys 2", "modify 1"])
    }

    /// What could flow from one leg to the other in the clear, though it shall be secure.
    private func leaks(_ from: PlannedFlow?, _ to: PlannedFlow?, goal: PlannedFlow) -> Bool {
        guard let from, let to, goal.isSecure, to.flow == goal.flow else { return false }
        return !to.isSecure && to.specification.flags.contains(.send)
            && from.specification.flags.contains(.receive)
            && from.specification.peer == to.flow
            && (!from.isSecure || from.keys != nil)
    }

    private func randomLeg(
        _ leg: MediaIntent.Leg, _ random: inout some RandomNumberGenerator
    ) -> MediaIntent.Leg {
        var leg = leg
        leg.receive = Bool.random(using: &random)
        leg.send = Bool.random(using: &random)
        leg.isSecure = Bool.random(using: &random)
        if Int.random(in: 0..<2, using: &random) == 0 {
            leg.security = Sample.security(UInt64.random(in: 1...3, using: &random))
        }
        if Int.random(in: 0..<3, using: &random) == 0 {
            leg.ice = Sample.ice(Bool.random(using: &random) ? "abcd" : "efgh")
        }
        return leg
    }

    @Test func nothingIsOpenedInTheClearOnTheWay() throws {
        var random = SystemRandomNumberGenerator()
        var held = 0
        for _ in 0..<20_000 {
            var intents = [Sample.intent, Sample.intent]
            for index in 0..<2 {
                intents[index].a = self.randomLeg(intents[index].a, &random)
                intents[index].b = self.randomLeg(intents[index].b, &random)
            }
            let (before, after) = (try Sample.plan(intents[0]), try Sample.plan(intents[1]))
            var (a, b): (PlannedFlow?, PlannedFlow?) = (before.a, before.b)
            let first = (self.leaks(a, b, goal: after.b), self.leaks(b, a, goal: after.a))
            let commands = try MediaPlan.commands(from: before, to: after)
            if commands.first?.flow == after.b.flow, commands.last?.flow == after.a.flow {
                held += 1
            }
            for command in commands {
                if command.flow == after.a.flow {
                    a = PlannedFlow.state(of: a, after: command)
                } else {
                    b = PlannedFlow.state(of: b, after: command)
                }
                #expect(!self.leaks(a, b, goal: after.b) || first.0, "\(intents)")
                #expect(!self.leaks(b, a, goal: after.a) || first.1, "\(intents)")
            }
            #expect(a == after.a && b == after.b)
        }
        #expect(held > 100)
    }

    @Test func secretsAreNotPrinted() throws {
        var intent = Sample.intent
        intent.a.security = Sample.security(9)
        intent.a.ice = Sample.ice()
        let plan = try Sample.plan(intent)
        let commands = try MediaPlan.commands(from: nil, to: plan)
        var texts = [
            "\(intent)", String(reflecting: intent), "\(plan)", String(reflecting: plan),
            "\(commands)", String(reflecting: commands),
        ]
        for value in [intent, plan, commands] as [Any] {
            var text = ""
            dump(value, to: &text)
            texts.append(text)
        }
        for text in texts {
            for byte in [0xa1, 0xa2, 0xb1, 0xb2, 0x70] {
                #expect(!text.contains("\(byte), \(byte)"))
                #expect(!text.contains("- \(byte)\n"))
            }
            #expect(!text.contains("pppp"))
            #expect(text.contains("abcd"))
        }
    }
}
