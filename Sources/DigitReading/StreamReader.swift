// SPDX-License-Identifier: Apache-2.0

import CDigitReader

/// One RTP stream of a capture: audio whose payload type says its codec, and telephone-events.
struct StreamReader: ~Copyable {
    private let name: String
    private let eventClockHz: Int
    private var detector: DigitDetector
    private var next: (sequence: UInt16, timestamp: UInt32)?
    private var found: [FoundDigit] = []

    /// Nil when there is no memory.
    init?(_ name: String, eventClockHz: Int) {
        guard let detector = DigitDetector() else { return nil }
        self.name = name
        self.eventClockHz = eventClockHz
        self.detector = detector
    }

    /// `isEvent`: its payload type is that of telephone-events.
    mutating func take(_ packet: RTPPacket, isEvent: Bool, timeNs: UInt64) {
        // Detectors tell the time before a packet: their zero is a second before ours.
        let nowNs = timeNs &+ 1_000_000_000
        if isEvent {
            self.note(
                self.detector.event(
                    packet.payload, ssrc: packet.ssrc, timestamp: packet.timestamp,
                    clockHz: self.eventClockHz, nowNs: nowNs), .event)
            return
        }
        guard let codec = Self.codec(packet.payloadType), !packet.payload.isEmpty else { return }
        var missing = 0
        if let next = self.next {
            let ahead = Int16(bitPattern: packet.sequence &- next.sequence)
            let gap = Int32(bitPattern: packet.timestamp &- next.timestamp)
            if ahead < 0, ahead > -100 { return }  // late, or a copy
            missing = max(0, Int(gap))
        }
        self.next = (packet.sequence &+ 1, packet.timestamp &+ UInt32(packet.payload.count))
        // It takes a packet to end when it comes. Here it begins then, as one of an event does.
        let endNs = nowNs &+ UInt64(packet.payload.count) &* 125_000
        self.note(
            self.detector.audio(packet.payload, codec, missing: missing, nowNs: endNs), .tone)
    }

    /// What the stream had, in order of time.
    mutating func end() -> [FoundDigit] {
        self.note(self.detector.end(), .tone)
        return self.found
    }

    private mutating func note(_ digits: [tl_digit_found], _ form: FoundDigit.Form) {
        for digit in digits { self.found.append(FoundDigit(digit, form, stream: self.name)) }
    }

    /// Static payload types (RFC 3551 table 4).
    private static func codec(_ payloadType: UInt8) -> AudioCodec? {
        switch payloadType {
        case 0: .pcmu
        case 8: .pcma
        case 9: .g722
        default: nil
        }
    }
}

extension FoundDigit {
    init(_ found: tl_digit_found, _ form: Form, stream: String?) {
        self.init(
            event: found.event, form: form,
            startMs: (Double(found.started_ns) - 1e9) / 1e6, durationMs: Int(found.duration_ms),
            level: -Int(found.volume), twist: form == .tone ? Int(found.twist) : nil,
            stream: stream)
    }
}
