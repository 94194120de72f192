// SPDX-License-Identifier: Apache-2.0

import CallControl
import FlowABI
import MediaPlanning
import SDP
import Testing

/// Digits of a leg as its flow has them.
@Suite struct DigitPlanTests {
    private var intent: MediaIntent {
        var intent = Sample.intent
        intent.a.dtmf = LegDigits(
            intake: [.events, .tones, .take, .lookAhead, .report, .passOn],
            sending: .events(DigitFormats.Events(type: 96, clockRate: 48_000)), volume: 7,
            limitMs: 5000, eventTypes: [DigitFormats.Events(type: 101, clockRate: 8000)],
            audioTypes: [DigitFormats.Audio(type: 0, codec: .pcmu)])
        return intent
    }

    private func names(_ commands: [FlowCommand]) -> [String] {
        commands.map { "\($0.name) \($0.flow.index.value)" }
    }

    @Test func aLegsDigitsAreItsFlows() throws {
        let plan = try Sample.plan(self.intent)
        let dtmf = try #require(plan.a.dtmf)
        #expect(dtmf.flags == [.events, .tones, .take, .lookAhead, .report, .passOn])
        #expect(dtmf.send == .events(type: 96, clockHz: 48_000))
        #expect(dtmf.volume == 7 && dtmf.limitMs == 5000)
        #expect(dtmf.eventTypes == [.init(type: 101, clockHz: 8000)])
        #expect(dtmf.audioTypes == [.init(type: 0, codec: .pcmu)])
        #expect(plan.b.dtmf == nil)
    }

    @Test func anIdleLegHasNone() throws {
        var intent = Sample.intent
        intent.a.dtmf = LegDigits()
        #expect(try Sample.plan(intent).a.dtmf == nil)
    }

    @Test func whatCannotBeIsAFault() {
        var intent = self.intent
        intent.a.dtmf?.volume = 37
        #expect(throws: MediaPlanError.badDTMF) { _ = try Sample.plan(intent) }
    }

    @Test func theyComeLastAndGoByOneCommand() throws {
        let without = try Sample.plan(Sample.intent)
        let with = try Sample.plan(self.intent)
        #expect(
            self.names(try MediaPlan.commands(from: nil, to: with)) == ["add 1", "dtmf 1", "add 2"])
        #expect(
            try MediaPlan.commands(from: without, to: with)
                == [FlowCommand(.dtmf(try #require(with.a.dtmf)), flow: Sample.a.flow)])
        #expect(
            try MediaPlan.commands(from: with, to: without)
                == [FlowCommand(.dtmf(.off), flow: Sample.a.flow)])
        #expect(try MediaPlan.commands(from: with, to: with).isEmpty)
    }

    @Test func aModifiedFlowKeepsThem() throws {
        let with = try Sample.plan(self.intent)
        var held = self.intent
        held.a.receive = false
        let commands = try MediaPlan.commands(from: with, to: Sample.plan(held))
        #expect(Set(self.names(commands)) == ["modify 1", "modify 2"])
        let state = PlannedFlow.state(
            of: with.a, after: FlowCommand(.modify(with.a.specification), flow: with.a.flow))
        #expect(state?.dtmf == with.a.dtmf)
        let digits = try #require(FlowDigits(events: [1], durationMs: 100, pauseMs: 60))
        let same = PlannedFlow.state(
            of: with.a, after: FlowCommand(.digits(digits), flow: with.a.flow))
        #expect(same == with.a)
    }
}
