// SPDX-License-Identifier: Apache-2.0

import CDigitReader

/// Digits in files, found by the detectors that run in the fast path.
public enum DigitReading {
    /// How a file is read.
    public struct Options: Sendable {
        /// Of a recording: one channel, from 0 on; nil: all of them mixed.
        public var channel: Int?
        /// Of a capture: payload type of telephone-events; nil: every dynamic one whose packets
        /// have four octets.
        public var eventType: UInt8?
        /// Of a capture: RTP clock of telephone-events.
        public var eventClockHz = 8000

        public init() {}
    }

    /// Digits of a WAV recording or a capture, in order of time.
    public static func read(
        _ bytes: [UInt8], _ options: Options = Options()
    ) throws(RecordingError) -> [FoundDigit] {
        if WaveFile.isOne(bytes) { return try self.recording(WaveFile(bytes), options) }
        if CaptureFile.isOne(bytes) { return try self.capture(CaptureFile(bytes), options) }
        throw RecordingError(
            offset: 0, problem: "neither a WAV recording nor a pcap or pcapng capture")
    }

    private static let noMemory = RecordingError(offset: 0, problem: "no memory for a detector")

    private static func recording(
        _ file: WaveFile, _ options: Options
    ) throws(RecordingError) -> [FoundDigit] {
        if let channel = options.channel, channel >= file.channels {
            throw RecordingError(
                offset: 0, problem: "there are \(file.channels) channels, counted from 0")
        }
        guard var detector = DigitDetector() else { throw self.noMemory }
        let samples = Resampler(fromHz: file.rateHz).run(file.samples(channel: options.channel))
        var found: [FoundDigit] = []
        let octets = samples.map {
            AudioCodec.pcmu(Int16(max(-32768, min(32767, ($0 * 32768).rounded()))))
        }
        for start in stride(from: 0, to: octets.count, by: 160) {
            let end = min(start + 160, octets.count)
            let digits = detector.audio(
                octets[start..<end], .pcmu, missing: 0,
                nowNs: 1_000_000_000 + UInt64(end) * 125_000)
            found += digits.map { FoundDigit($0, .tone, stream: nil) }
        }
        found += detector.end().map { FoundDigit($0, .tone, stream: nil) }
        return found
    }

    private static func capture(
        _ file: CaptureFile, _ options: Options
    ) throws(RecordingError) -> [FoundDigit] {
        var names: [String] = []
        var packets: [String: [(RTPPacket, UInt64)]] = [:]
        for datagram in file.datagrams {
            guard let packet = RTPPacket(datagram.payload) else { continue }
            let ssrc = String(packet.ssrc, radix: 16)
            let name = "\(datagram.source) > \(datagram.destination) ssrc \(ssrc)"
            if packets[name] == nil { names.append(name) }
            packets[name, default: []].append((packet, datagram.timeNs))
        }
        var found: [FoundDigit] = []
        for name in names {
            guard var reader = StreamReader(name, eventClockHz: options.eventClockHz) else {
                throw self.noMemory
            }
            for (packet, timeNs) in packets[name] ?? [] {
                let isEvent =
                    options.eventType.map { $0 == packet.payloadType }
                    ?? (packet.payloadType >= 96 && packet.payload.count == 4)
                reader.take(packet, isEvent: isEvent, timeNs: timeNs)
            }
            found += reader.end()
        }
        return found.enumerated().sorted {
            ($0.element.startMs, $0.offset) < ($1.element.startMs, $1.offset)
        }.map(\.element)
    }
}
