// SPDX-License-Identifier: Apache-2.0

import CFlowABI

/// Digits to send to a flow's party, one after the other: `struct tl_flow_digits` as a value.
public struct FlowDigits: Sendable, Hashable {
    /// Digits of one command at most, and that wait for one party at most.
    public static let countMax = Int(TL_DIGITS_MAX)
    /// Highest event code: 0-9, * (10), # (11), A-D, flash (16).
    public static let eventMax = UInt8(TL_DTMF_EVENT_MAX)
    /// Lengths of a digit and of a pause, ms.
    public static let timesMs: ClosedRange<UInt16> = 40...8000

    /// Event codes.
    public let events: [UInt8]
    /// Of each, ms.
    public let durationMs: UInt16
    /// After each, ms.
    public let pauseMs: UInt16

    /// From its parts; nil for none, too many, an unknown event or a time outside its range.
    public init?(events: [UInt8], durationMs: UInt16, pauseMs: UInt16) {
        guard (1...Self.countMax).contains(events.count),
            events.allSatisfy({ $0 <= Self.eventMax }), Self.timesMs.contains(durationMs),
            Self.timesMs.contains(pauseMs)
        else { return nil }
        self.events = events
        self.durationMs = durationMs
        self.pauseMs = pauseMs
    }

    var shared: tl_flow_digits {
        var shared = tl_flow_digits()
        shared.count = UInt8(self.events.count)
        shared.duration_ms = self.durationMs
        shared.pause_ms = self.pauseMs
        withUnsafeMutableBytes(of: &shared.events) { $0.copyBytes(from: self.events) }
        return shared
    }
}

/// A digit of a flow's party that is over: `struct tl_digit` as a value.
public struct FlowDigit: Sendable, Hashable {
    /// What it came as.
    public enum Form: Sendable, Hashable {
        /// A telephone-event.
        case event
        /// A tone.
        case tone
    }

    /// 0 to `FlowDigits.eventMax`.
    public let event: UInt8
    /// What it came as.
    public let form: Form
    /// -dBm0: as its packets said, or of the stronger of a tone's two frequencies.
    public let volume: UInt8
    /// How long it lasted.
    public let durationMs: UInt32
    /// When it began, CLOCK_MONOTONIC.
    public let startedNs: UInt64

    /// Nil for an event or a form that the contract does not have.
    init?(_ digit: tl_digit) {
        guard digit.event <= FlowDigits.eventMax else { return nil }
        switch UInt32(digit.form) {
        case TL_DIGIT_BY_EVENT: self.form = .event
        case TL_DIGIT_BY_TONE: self.form = .tone
        default: return nil
        }
        self.event = digit.event
        self.volume = digit.volume
        self.durationMs = digit.duration_ms
        self.startedNs = digit.started_ns
    }

    /// What a TL_EVENT_DIGIT says, at the place of its address and what follows.
    init?(_ event: tl_event) {
        let offset = MemoryLayout<tl_event>.offset(of: \.address) ?? 0
        let digit = withUnsafeBytes(of: event) {
            $0.loadUnaligned(fromByteOffset: offset, as: tl_digit.self)
        }
        self.init(digit)
    }
}
