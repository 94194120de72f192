// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Recordings and captures, made here.
enum Samples {
    private static let tones: [Character: (Double, Double)] = [
        "1": (697, 1209), "2": (697, 1336), "3": (697, 1477), "A": (697, 1633),
        "4": (770, 1209), "5": (770, 1336), "6": (770, 1477), "B": (770, 1633),
        "7": (852, 1209), "8": (852, 1336), "9": (852, 1477), "C": (852, 1633),
        "*": (941, 1209), "0": (941, 1336), "#": (941, 1477), "D": (941, 1633),
    ]

    /// Each digit 60 ms with pauses of 60 ms, -1 to 1.
    static func audio(_ digits: String, rateHz: Int = 8000, amplitude: Double = 0.2) -> [Double] {
        let pause = [Double](repeating: 0, count: rateHz * 60 / 1000)
        return digits.reduce(into: pause) { samples, digit in
            guard let (low, high) = Self.tones[digit] else { return }
            samples += (0..<rateHz * 60 / 1000).map { at in
                let time = 2 * .pi * Double(at) / Double(rateHz)
                return amplitude * (sin(low * time) + sin(high * time))
            }
            samples += pause
        }
    }

    static func little(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    static func big(_ value: Int, _ count: Int) -> [UInt8] { self.little(value, count).reversed() }

    /// A WAV file around samples that are encoded already.
    static func wave(
        tag: Int, bits: Int, channels: Int = 1, rateHz: Int = 8000, data: [UInt8]
    ) -> [UInt8] {
        let format =
            Self.little(tag, 2) + Self.little(channels, 2) + Self.little(rateHz, 4)
            + Self.little(rateHz * channels * bits / 8, 4) + Self.little(channels * bits / 8, 2)
            + Self.little(bits, 2)
        let list = Array("LIST".utf8) + Self.little(3, 4) + [1, 2, 3, 0]  // odd, with its padding
        let body =
            Array("WAVEfmt ".utf8) + Self.little(16, 4) + format + list + Array("data".utf8)
            + Self.little(data.count, 4) + data
        return Array("RIFF".utf8) + Self.little(body.count, 4) + body
    }

    static func linear16(_ samples: [Double]) -> [UInt8] {
        samples.flatMap { Self.little(Int(($0 * 32767).rounded()), 2) }
    }

    static func muLaw(_ sample: Double) -> UInt8 {
        let size = min(Int(abs(sample) * 8159) + 33, 8191)
        let exponent = max(0, Int(log2(Double(size))) - 5)
        let code = exponent << 4 | (size >> (exponent + 1)) & 15
        return ~UInt8(code | (sample < 0 ? 0x80 : 0))
    }

    /// An RTP packet in UDP, IPv4 and Ethernet.
    static func frame(
        payloadType: Int, sequence: Int, timestamp: Int, ssrc: Int = 7, payload: [UInt8]
    ) -> [UInt8] {
        let rtp =
            [0x80, UInt8(payloadType)] + Self.big(sequence, 2) + Self.big(timestamp, 4)
            + Self.big(ssrc, 4) + payload
        let udp = Self.big(4000, 2) + Self.big(5000, 2) + Self.big(8 + rtp.count, 2) + [0, 0]
        let ip =
            [0x45, 0] + Self.big(28 + rtp.count, 2) + [0, 0, 0x40, 0, 64, 17, 0, 0]
            + [192, 0, 2, 1, 198, 51, 100, 2]
        return [UInt8](repeating: 2, count: 12) + [8, 0] + ip + udp + rtp
    }

    /// Frames 20 ms apart.
    static func capture(_ frames: [[UInt8]]) -> [UInt8] {
        var bytes = Self.little(0xa1b2_c3d4, 4) + Self.little(2, 2) + Self.little(4, 2)
        bytes += [UInt8](repeating: 0, count: 8) + Self.little(65535, 4) + Self.little(1, 4)
        for (place, frame) in frames.enumerated() {
            let micros = place * 20_000
            bytes += Self.little(1000 + micros / 1_000_000, 4) + Self.little(micros % 1_000_000, 4)
            bytes += Self.little(frame.count, 4) + Self.little(frame.count, 4) + frame
        }
        return bytes
    }

    /// The same as pcapng, big-endian, in nanoseconds.
    static func nextGeneration(_ frames: [[UInt8]]) -> [UInt8] {
        func block(_ type: Int, _ body: [UInt8]) -> [UInt8] {
            let padded = body + [UInt8](repeating: 0, count: (4 - body.count % 4) % 4)
            let size = Self.big(12 + padded.count, 4)
            return Self.big(type, 4) + size + padded + size
        }
        var bytes = block(
            0x0a0d_0d0a,
            Self.big(0x1a2b_3c4d, 4) + [0, 1, 0, 0] + [UInt8](repeating: 0xff, count: 8))
        bytes += block(
            1, Self.big(1, 2) + [0, 0] + Self.big(65535, 4) + Self.big(9, 2) + Self.big(1, 2)
                + [9, 0, 0, 0] + [0, 0, 0, 0])
        for (place, frame) in frames.enumerated() {
            let time = 1_000_000_000_000 + place * 20_000_000
            bytes += block(
                6, Self.big(0, 4) + Self.big(time >> 32, 4) + Self.big(time & 0xffff_ffff, 4)
                    + Self.big(frame.count, 4) + Self.big(frame.count, 4) + frame)
        }
        return bytes
    }

    /// Packets of 20 ms of PCMU.
    static func audioFrames(_ digits: String) -> [[UInt8]] {
        let octets = Self.audio(digits).map { Self.muLaw($0) }
        return stride(from: 0, to: octets.count - 159, by: 160).enumerated().map { place, start in
            Self.frame(
                payloadType: 0, sequence: place, timestamp: start,
                payload: Array(octets[start..<start + 160]))
        }
    }

    /// A telephone-event of 100 ms in three packets and three end packets.
    static func eventFrames(_ event: UInt8, sequence: Int, timestamp: Int) -> [[UInt8]] {
        (1...6).map { place in
            let duration = min(place, 5) * 160
            let end: UInt8 = place >= 4 ? 0x80 : 0
            return Self.frame(
                payloadType: 101, sequence: sequence + place, timestamp: timestamp,
                payload: [event, end | 10] + Self.big(place >= 4 ? 800 : duration, 2))
        }
    }
}
