// SPDX-License-Identifier: Apache-2.0

import CallControl
import FlowABI
import MediaPlanning
import NetworkAddress
import Testing

/// From one plan to the next, in commands.
@Suite struct PlanDifferenceTests {
    private func names(_ commands: [FlowCommand]) -> [String] {
        commands.map { "\($0.name) \($0.flow.index.value)/\($0.flow.generation.value)" }
    }

    private func commands(_ change: (inout MediaIntent) -> Void) throws -> [FlowCommand] {
        var intent = Sample.intent
        change(&intent)
        return try MediaPlan.commands(
            from: Sample.plan(Sample.intent), to: Sample.plan(intent))
    }

    @Test func aCallBegins() throws {
        let plan = try Sample.plan(Sample.intent)
        let commands = try MediaPlan.commands(from: nil, to: plan)
        #expect(
            commands == [
                FlowCommand(.add(plan.a.specification), flow: Sample.a.flow),
                FlowCommand(.add(plan.b.specification), flow: Sample.b.flow),
            ])
    }

    @Test func aCallEnds() throws {
        let plan = try Sample.plan(Sample.intent)
        let commands = try MediaPlan.commands(from: plan, to: nil)
        #expect(self.names(commands) == ["remove 1/4", "remove 2/9"])
        #expect(try MediaPlan.commands(from: nil, to: nil).isEmpty)
    }

    @Test func nothingChanged() throws {
        #expect(try self.commands { _ in }.isEmpty)
    }

    @Test func oneLegChanges() throws {
        let other = SocketAddress(address: IPAddress(ipv4: 0x0a00_0001), port: 5000)
        let changes: [(inout MediaIntent.Leg) -> Void] = [
            { $0.remote = other }, { $0.remote = nil }, { $0.rtcpMux = true },
            { $0.remoteRTCPPort = 7001 }, { $0.learnSource = true }, { $0.clockRate = 16_000 },
            { $0.packetsPerSecond = 33 }, { $0.bitsPerSecond = 1 }, { $0.payloadTypes = [] },
        ]
        for change in changes {
            #expect(self.names(try self.commands { change(&$0.a) }) == ["modify 1/4"])
            #expect(self.names(try self.commands { change(&$0.b) }) == ["modify 2/9"])
        }
    }

    /// The media time-out stands on both legs or on none.
    @Test func aDirectionChangesBothLegs() throws {
        let changes: [(inout MediaIntent.Leg) -> Void] = [
            { $0.receive = false }, { $0.send = false },
        ]
        for change in changes {
            #expect(self.names(try self.commands { change(&$0.a) }).count == 2)
            #expect(self.names(try self.commands { change(&$0.b) }).count == 2)
        }
    }

    @Test func holdAndResume() throws {
        var held = Sample.intent
        (held.a.receive, held.b.send) = (false, false)
        let active = try Sample.plan(Sample.intent)
        let onHold = try Sample.plan(held)
        let commands = try MediaPlan.commands(from: active, to: onHold)
        #expect(self.names(commands) == ["modify 1/4", "modify 2/9"])
        guard case .modify(let specification) = commands[0].operation else {
            Issue.record("not a modify")
            return
        }
        #expect(specification.flags == [.send, .rtcp])
        #expect(
            self.names(try MediaPlan.commands(from: onHold, to: active))
                == ["modify 1/4", "modify 2/9"])
    }

    @Test func aLegGetsAnotherFlow() throws {
        var other = Sample.b
        other.flow = FlowID(index: FlowIndex(3), generation: Generation(1))
        let before = try Sample.plan(Sample.intent)
        let after = try Sample.plan(Sample.intent, b: other)
        // The removal first: the port may be the same. The other leg learns its new peer.
        #expect(
            self.names(try MediaPlan.commands(from: before, to: after))
                == ["remove 2/9", "modify 1/4", "add 3/1"])
    }

    @Test func whatIsFixedForAFlowsLife() throws {
        let before = try Sample.plan(Sample.intent)
        var otherStream = Sample.a
        otherStream.ssrc = 1
        let streamChanged = try Sample.plan(Sample.intent, a: otherStream)
        var moved = Sample.intent
        moved.a = Sample.leg(0, 20_010, remote: "198.51.100.1")
        let portChanged = try Sample.plan(moved)
        for after in [streamChanged, portChanged] {
            #expect(throws: MediaPlanError.identityReused(Sample.a.flow)) {
                try MediaPlan.commands(from: before, to: after)
            }
        }
    }
}
