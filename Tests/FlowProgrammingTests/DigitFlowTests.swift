// SPDX-License-Identifier: Apache-2.0

import CFlowABI
import CallControl
import FlowABI
import FlowProgramming
import SDP
import Testing

@testable import FakeFastPath

/// Digits between the planes: how flows take and send them, after restarts too, and who waits.
@Suite struct DigitFlowTests {
    typealias Bench = FlowProgrammerTests.Bench
    let one = MediaSession(1)

    /// The caller's events become tones for the callee.
    private func intent(_ number: UInt16 = 0) -> MediaIntent {
        var intent = sampleIntent(number)
        intent.a.dtmf = LegDigits(
            intake: [.events, .take, .report, .passOn],
            eventTypes: [DigitFormats.Events(type: 101, clockRate: 8000)])
        intent.b.dtmf = LegDigits(sending: .tones(DigitFormats.Audio(type: 8, codec: .pcma)))
        return intent
    }

    private func digits(_ events: [UInt8]) throws -> FlowDigits {
        try #require(FlowDigits(events: events, durationMs: 100, pauseMs: 60))
    }

    @Test func flowsAreToldOfDigitsOnce() throws {
        let bench = try Bench()
        try bench.programmer.start(self.one, self.intent())
        #expect(bench.run() == [.installed(self.one)])
        #expect(
            bench.fake.taken.map(\.operation).sorted()
                == [TL_OP_ADD, TL_OP_ADD, TL_OP_DTMF, TL_OP_DTMF])
        #expect((bench.fake.dtmf[0]?.flags ?? 0) & TL_DTMF_TAKE != 0)
        #expect(bench.fake.dtmf[1]?.send == UInt8(TL_DTMF_SEND_TONES))
        bench.fake.forget()
        var held = self.intent()
        held.a.receive = false
        try bench.programmer.update(self.one, held)
        _ = bench.run()
        // Both flows know of the hold, and neither is told of digits once more.
        #expect(bench.fake.taken.map(\.operation) == [TL_OP_MODIFY, TL_OP_MODIFY])
        try bench.programmer.update(self.one, sampleIntent(0))
        _ = bench.run()
        #expect(bench.fake.dtmf[0]?.flags == 0 && bench.fake.dtmf[1]?.send == 0)
    }

    @Test func aFastPathThatWasStartedIsToldAgain() throws {
        let bench = try Bench()
        try bench.programmer.start(self.one, self.intent())
        _ = bench.run()
        bench.fake.restart()
        try bench.match()
        _ = bench.run()
        #expect(bench.fake.dtmf.count == 2 && bench.fake.specs.count == 2)
        #expect(bench.fake.dtmf[1]?.send == UInt8(TL_DTMF_SEND_TONES))
    }

    @Test func aDigitIsReportedForItsLeg() throws {
        let bench = try Bench()
        try bench.programmer.start(self.one, self.intent())
        _ = bench.run()
        bench.fake.digit(11, of: 0)
        bench.poll()
        guard case .digit(let session, let leg, let digit) = bench.programmer.takeOutcomes().first
        else {
            Issue.record("no digit")
            return
        }
        #expect(session == self.one && leg == .a && digit.event == 11 && digit.form == .event)
        bench.fake.digit(99, of: 0)
        bench.fake.digit(1, of: 5)
        bench.poll()
        #expect(bench.programmer.takeOutcomes().isEmpty)
        #expect(bench.programmer.counters.strayEvents == 2)
    }

    @Test func digitsWaitUntilTheFlowSendsThem() throws {
        let bench = try Bench()
        try bench.programmer.start(self.one, sampleIntent(0))
        _ = bench.run()
        try bench.programmer.update(self.one, self.intent())
        #expect(bench.programmer.send(try self.digits([1, 2]), self.one, .b))
        #expect(bench.programmer.send(try self.digits([11]), self.one, .b))
        _ = bench.run()
        #expect(bench.fake.digits == [1: [1, 2, 11]])
        #expect(bench.programmer.counters.digitsSent == 3)
    }

    @Test func aFullQueueIsAskedAgain() throws {
        let bench = try Bench()
        try bench.programmer.start(self.one, self.intent())
        _ = bench.run()
        bench.fake.refusals = [TL_STATUS_DIGITS_FULL, TL_STATUS_DIGITS_FULL]
        #expect(bench.programmer.send(try self.digits([7]), self.one, .b))
        bench.poll()
        bench.fake.work()
        bench.poll()
        #expect(bench.fake.digits.isEmpty && bench.programmer.counters.digitsHeld == 1)
        #expect(bench.run().isEmpty)
        #expect(bench.fake.digits == [1: [7]])
        #expect(bench.programmer.counters.digitsHeld == 2)
    }

    @Test func whatIsRefusedForGoodIsLost() throws {
        let bench = try Bench()
        try bench.programmer.start(self.one, sampleIntent(0))
        _ = bench.run()
        #expect(bench.programmer.send(try self.digits([1, 2]), self.one, .a))
        #expect(bench.run() == [.digitsLost(self.one, .a, count: 2)])
        #expect(!bench.programmer.send(try self.digits([1]), MediaSession(9), .a))
        #expect(bench.programmer.counters.digitsLost == 3)
    }

    @Test func soManyWaitAndNoMore() throws {
        let bench = try Bench()
        try bench.programmer.start(self.one, self.intent())
        for _ in 0..<32 { #expect(bench.programmer.send(try self.digits([1]), self.one, .b)) }
        #expect(!bench.programmer.send(try self.digits([1]), self.one, .b))
        _ = bench.run()
        #expect(bench.fake.digits[1]?.count == 32)
    }

    /// One of version 4 knows no digits: the call goes on without.
    @Test func anOlderFastPathKeepsTheCall() throws {
        let bench = try Bench()
        bench.fake.refusals = [
            TL_STATUS_OK, TL_STATUS_OK, TL_STATUS_BAD_OPERATION, TL_STATUS_BAD_OPERATION,
        ]
        try bench.programmer.start(self.one, self.intent())
        let outcomes = bench.run()
        #expect(outcomes.contains(.digitsRefused(self.one, .a, .badOperation)))
        #expect(outcomes.contains(.digitsRefused(self.one, .b, .badOperation)))
        #expect(outcomes.contains(.installed(self.one)))
    }

    @Test func digitsOfACallThatEndedGoWithIt() throws {
        let bench = try Bench()
        try bench.programmer.start(self.one, self.intent())
        _ = bench.run()
        #expect(bench.programmer.send(try self.digits([1]), self.one, .b))
        bench.programmer.end(self.one)
        _ = bench.run()
        #expect(bench.fake.live.isEmpty && bench.programmer.sessionCount == 0)
        #expect(!bench.programmer.send(try self.digits([1]), self.one, .b))
    }
}
