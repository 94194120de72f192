// SPDX-License-Identifier: Apache-2.0

import CFlowABI
import Testing

@testable import FlowABI

/// Digits as they stand in commands and events.
@Suite struct DigitTests {
    let flow = FlowID(index: FlowIndex(9), generation: Generation(3))

    private func body<Body>(_ command: FlowCommand, as type: Body.Type) -> (tl_command, Body) {
        let shared = command.shared(sequence: 7)
        let offset = MemoryLayout<tl_command>.offset(of: \.spec) ?? 0
        let body = withUnsafeBytes(of: shared) {
            $0.loadUnaligned(fromByteOffset: offset, as: type)
        }
        return (shared, body)
    }

    @Test func dtmfStandsInItsCommand() throws {
        let dtmf = try #require(
            FlowDTMF(
                flags: [.events, .take, .report, .passOn],
                send: .events(type: 101, clockHz: 48_000), volume: 12, intervalMs: 20,
                limitMs: 9000, eventTypes: [.init(type: 96, clockHz: 8000)],
                audioTypes: [.init(type: 0, codec: .pcmu), .init(type: 9, codec: .g722)]))
        let (command, body) = self.body(
            FlowCommand(.dtmf(dtmf), flow: self.flow), as: tl_flow_dtmf.self)
        #expect(command.operation == TL_OP_DTMF && command.flow_index == 9)
        #expect(command.generation == 3 && command.sequence == 7)
        #expect(
            body.flags == TL_DTMF_EVENTS | TL_DTMF_TAKE | TL_DTMF_REPORT | TL_DTMF_PASS_ON)
        #expect(body.send == UInt8(TL_DTMF_SEND_EVENTS) && body.send_type == 101)
        #expect(body.send_clock_hz == 48_000 && body.send_volume == 12)
        #expect(body.send_interval_ms == 20 && body.digit_limit_ms == 9000)
        // audio_types at 8: payload type, codec, two octets; event_types at 24: clock, payload
        // type, three octets.
        let octets = withUnsafeBytes(of: body) { Array($0) }
        #expect(octets[24..<40] == [64, 31, 0, 0, 96, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0])
        #expect(octets[8..<20] == [0, 1, 0, 0, 9, 3, 0, 0, 255, 0, 0, 0])
    }

    @Test func tonesHaveACodec() throws {
        let dtmf = try #require(FlowDTMF(flags: [], send: .tones(type: 8, codec: .pcma)))
        let body = self.body(FlowCommand(.dtmf(dtmf), flow: self.flow), as: tl_flow_dtmf.self).1
        #expect(body.send == UInt8(TL_DTMF_SEND_TONES) && body.send_type == 8)
        #expect(body.send_codec == UInt8(TL_CODEC_PCMA) && body.send_clock_hz == 0)
    }

    @Test func offIsAllZero() {
        let body = self.body(FlowCommand(.dtmf(.off), flow: self.flow), as: tl_flow_dtmf.self).1
        #expect(withUnsafeBytes(of: body) { $0.allSatisfy { $0 == 0 } })
    }

    @Test func whatTheContractLacksIsNoValue() {
        let event = FlowDTMF.EventType(type: 101, clockHz: 8000)
        let five = (96...100).map { FlowDTMF.EventType(type: $0, clockHz: 8000) }
        #expect(FlowDTMF(flags: [.events], send: .none, eventTypes: [event]) != nil)
        #expect(FlowDTMF(flags: [], send: .none, eventTypes: five) == nil)
        #expect(FlowDTMF(flags: [], send: .none, eventTypes: [event, event]) == nil)
        let high = FlowDTMF.AudioType(type: 128, codec: .pcmu)
        #expect(FlowDTMF(flags: [], send: .none, audioTypes: [high]) == nil)
        #expect(FlowDTMF(flags: [], send: .none, eventTypes: [.init(type: 1, clockHz: 9)]) == nil)
        #expect(FlowDTMF(flags: [], send: .events(type: 128, clockHz: 8000)) == nil)
        #expect(FlowDTMF(flags: [], send: .events(type: 101, clockHz: 7999)) == nil)
        #expect(FlowDTMF(flags: [], send: .none, volume: 37) == nil)
        #expect(FlowDTMF(flags: [], send: .none, intervalMs: 9) == nil)
        #expect(FlowDTMF(flags: [], send: .none, limitMs: 999) == nil)
        #expect(FlowDTMF(flags: [.lookAhead, .tones], send: .none) == nil)
        #expect(FlowDTMF(flags: [.lookAhead, .tones, .take], send: .none) != nil)
        #expect(FlowDTMF(flags: FlowDTMF.Flags(rawValue: 64), send: .none) == nil)
    }

    @Test func digitsStandInTheirCommand() throws {
        let digits = try #require(FlowDigits(events: [1, 11, 16], durationMs: 100, pauseMs: 60))
        let (command, body) = self.body(
            FlowCommand(.digits(digits), flow: self.flow), as: tl_flow_digits.self)
        #expect(command.operation == TL_OP_DIGITS && body.count == 3)
        #expect(body.duration_ms == 100 && body.pause_ms == 60)
        #expect(withUnsafeBytes(of: body.events) { Array($0.prefix(4)) } == [1, 11, 16, 0])
        #expect(FlowDigits(events: [], durationMs: 100, pauseMs: 60) == nil)
        #expect(FlowDigits(events: [17], durationMs: 100, pauseMs: 60) == nil)
        #expect(FlowDigits(events: [1], durationMs: 39, pauseMs: 60) == nil)
        #expect(FlowDigits(events: [1], durationMs: 100, pauseMs: 8001) == nil)
        let many = Array(repeating: UInt8(1), count: 33)
        #expect(FlowDigits(events: many, durationMs: 100, pauseMs: 60) == nil)
        #expect(FlowDigits(events: Array(many.prefix(32)), durationMs: 40, pauseMs: 40) != nil)
    }

    private func event(_ event: UInt8, form: UInt32) -> FlowEvent {
        var shared = tl_event()
        shared.kind = TL_EVENT_DIGIT
        shared.flow_index = 9
        shared.generation = 3
        var digit = tl_digit()
        digit.event = event
        digit.form = UInt8(form)
        digit.volume = 8
        digit.duration_ms = 120
        digit.started_ns = 5_000_000_000
        let offset = MemoryLayout<tl_event>.offset(of: \.address) ?? 0
        withUnsafeMutableBytes(of: &shared) {
            $0.storeBytes(of: digit, toByteOffset: offset, as: tl_digit.self)
        }
        return FlowEvent(shared)
    }

    @Test func aDigitIsCheckedOnce() {
        guard case .digit(let digit) = self.event(10, form: TL_DIGIT_BY_TONE).kind else {
            Issue.record("no digit")
            return
        }
        #expect(digit.event == 10 && digit.form == .tone && digit.volume == 8)
        #expect(digit.durationMs == 120 && digit.startedNs == 5_000_000_000)
        #expect(self.event(10, form: TL_DIGIT_BY_EVENT).flow == self.flow)
        #expect(self.event(17, form: TL_DIGIT_BY_EVENT).kind == .unknown(TL_EVENT_DIGIT))
        #expect(self.event(1, form: 0).kind == .unknown(TL_EVENT_DIGIT))
        #expect(self.event(1, form: 3).kind == .unknown(TL_EVENT_DIGIT))
    }

    @Test func theirNamesAreTheContracts() {
        #expect(CommandStatus.badDTMF.name == "bad_dtmf")
        #expect(CommandStatus.dtmfFull.name == "dtmf_full")
        #expect(CommandStatus.digitsFull.name == "digits_full")
        let drops = DropReason.all.map(\.name)
        #expect(drops.contains("dtmf_event") && drops.contains("dtmf_flood"))
        let counters = CounterName.all.map(\.name)
        #expect(
            Set(counters).isSuperset(of: [
                "digits_by_event", "digits_by_tone", "digits_sent", "digits_lost",
                "tones_silenced",
            ]))
    }
}
