// SPDX-License-Identifier: Apache-2.0

import CallControl
import Configuration
import FlowABI
import FlowProgramming
import Management
import Trace

// Digits: from the fast path to the engine, from the engine to the fast path, and what people see
// of them.
extension Shard {
    /// A worker reports a digit that is over.
    func digitReported(_ call: CallIdentifier, _ side: Side, _ digit: FlowDigit) {
        guard let key = DigitKey(code: digit.event) else { return }
        self.tellTime()
        self.core.engine.digit(
            call, side, key, digit.form == .event ? .rfc4733 : .tones,
            startedAt: digit.startedNs / 1_000_000, durationMs: digit.durationMs,
            level: digit.volume)
    }

    /// The engine wants digits sent with the media of a leg.
    func sendDigits(_ call: CallIdentifier, _ side: Side, _ burst: DigitBurst) {
        let digits = FlowDigits(
            events: burst.keys.map(\.code), durationMs: burst.durationMs, pauseMs: burst.pauseMs)
        let leg: MediaLeg = side == .a ? .a : .b
        guard let digits, self.programmer.send(digits, Self.session(call), leg) else {
            return self.core.engine.digitsLost(call, side, count: burst.keys.count)
        }
    }

    /// Digits that a worker gave up.
    func digitsLost(_ call: CallIdentifier, _ side: Side, count: Int) {
        self.tellTime()
        self.core.engine.digitsLost(call, side, count: count)
    }

    // MARK: Traces

    /// Something happened to digits of a call.
    func trace(_ news: DigitNews, _ call: CallIdentifier, _ side: Side) {
        guard self.tracer.isOn else { return }
        switch news {
        case .digit(let digit):
            self.tracer.event(
                digit.form == nil ? .digitSent : .digit, call, side,
                text: Array(self.text(digit).utf8))
        case .fallback(let text):
            self.tracer.event(.digitFallback, call, side, text: Array(text.utf8))
        case .unsent(let count):
            self.tracer.event(.digitsUnsent, call, side, text: Array("\(count)".utf8))
        }
    }

    /// "5 by info, 160 ms".
    private func text(_ digit: Digit) -> String {
        var words = self.file.trace.hidesDTMF ? "x" : Self.character(digit.key)
        if let form = digit.form { words += " by \(form.rawValue)" }
        if digit.durationMs > 0 { words += ", \(digit.durationMs) ms" }
        return words
    }

    private static func character(_ key: DigitKey) -> String {
        String(decoding: [key.character], as: UTF8.self)
    }

    // MARK: What people ask for

    /// Digits of a call, and as what its parties get them.
    func describe(_ digits: DigitSummary) -> JSONValue {
        [
            "to_a": JSONValue(digits.toA), "to_b": JSONValue(digits.toB),
            "seen": .array(digits.log.digits.map { .object(self.describe($0)) }),
            "more": JSONValue(digits.log.more),
        ]
    }

    private func describe(_ digit: Digit) -> JSONObject {
        [
            "leg": JSONValue(digit.side == .a ? "a" : "b"),
            "digit": JSONValue(self.file.trace.hidesDTMF ? "x" : Self.character(digit.key)),
            "form": JSONValue(digit.form?.rawValue ?? "operator"),
            "after_ms": JSONValue(digit.after), "duration_ms": JSONValue(digit.durationMs),
            "level_dbm0": digit.level.map { JSONValue(-Int64($0)) } ?? .null,
        ]
    }

    /// Digits since the start.
    func digitFigures() -> JSONValue {
        let (counters, programmer) = (self.core.engine.counters, self.programmer.counters)
        return [
            "taken": JSONValue(counters.digitsTaken),
            "in_messages": JSONValue(counters.digitsInMessages),
            "to_media": JSONValue(programmer.digitsSent),
            "held": JSONValue(programmer.digitsHeld),
            "unsent": JSONValue(counters.digitsUnsent),
            "refused": JSONValue(counters.digitsRefused),
            "repeated": JSONValue(counters.digitsRepeated),
            "fallbacks": JSONValue(counters.digitFallbacks),
        ]
    }

    /// `trunkline call ID dtmf DIGITS`.
    func sendDigits(_ arguments: JSONObject) -> ControlAnswer {
        guard let text = arguments["id"]?.string, let id = CallIdentifier(text: text) else {
            return .failure(ControlError(.badArgument, "id: sixteen hexadecimal digits"))
        }
        let keys = (arguments["digits"]?.string ?? "").utf8.map { DigitKey(character: $0) }
        guard (1...DigitBurst.countMax).contains(keys.count), !keys.contains(nil) else {
            return .failure(
                ControlError(
                    .badArgument, "digits: 1 to \(DigitBurst.countMax) of 0-9, *, #, A-D"))
        }
        var side = Side.b
        switch arguments["leg"]?.string {
        case "b", nil: break
        case "a": side = .a
        default: return .failure(ControlError(.badArgument, "leg: a or b"))
        }
        var durationMs: UInt32?
        if let value = arguments["duration_ms"]?.integer {
            guard let duration = UInt32(exactly: value), DigitBurst.timesMs.contains(duration)
            else { return .failure(ControlError(.badArgument, "duration_ms: 40 to 8000")) }
            durationMs = duration
        }
        self.tellTime()
        let refusal = self.core.engine.sendDigits(
            keys.compactMap(\.self), durationMs: durationMs, to: side, of: id)
        self.carryOut()
        guard let refusal else {
            return .success([
                "sent": JSONValue(keys.count), "leg": JSONValue(side == .a ? "a" : "b"),
            ])
        }
        switch refusal {
        case .noCall: return .failure(ControlError(.notFound, "there is no call \(text)"))
        case .notUp: return .failure(ControlError(.refused, "the call is not answered"))
        case .nobodyTakes:
            return .failure(
                ControlError(.refused, "nothing is agreed with its party to send digits in"))
        case .full:
            return .failure(ControlError(.refused, "too many digits wait for its party"))
        }
    }
}
