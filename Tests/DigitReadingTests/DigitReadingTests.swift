// SPDX-License-Identifier: Apache-2.0

import DigitReading
import Glibc
import Testing

private let keypad = "0123456789*#ABCD"

@Suite struct DigitReadingTests {
    @Test(arguments: [8000, 11_025, 16_000, 44_100, 48_000])
    func recordingsOfAnyRate(rateHz: Int) throws {
        let data = Samples.linear16(Samples.audio(keypad, rateHz: rateHz))
        let digits = try DigitReading.read(
            Samples.wave(tag: 1, bits: 16, rateHz: rateHz, data: data))
        #expect(FoundDigit.text(digits) == keypad)
        for (place, digit) in digits.enumerated() {
            #expect(digit.form == .tone)
            #expect(abs(digit.startMs - Double(60 + place * 120)) <= 4)
            #expect(abs(digit.durationMs - 60) <= 4)
            #expect(abs(digit.level + 11) <= 1)  // 0.2 of full scale, which is 3.17 dBm0
            #expect(abs(try #require(digit.twist)) <= 1)
        }
    }

    @Test func muLawAndALawAndEightBits() throws {
        let audio = Samples.audio("159#", amplitude: 0.3)
        let mu = Samples.wave(tag: 7, bits: 8, data: audio.map { Samples.muLaw($0) })
        #expect(FoundDigit.text(try DigitReading.read(mu)) == "159#")
        let eight = Samples.wave(tag: 1, bits: 8, data: audio.map { UInt8($0 * 127 + 128) })
        #expect(FoundDigit.text(try DigitReading.read(eight)) == "159#")
        let float = Samples.wave(
            tag: 3, bits: 32,
            data: audio.flatMap { Samples.little(Int(Float($0).bitPattern), 4) })
        #expect(FoundDigit.text(try DigitReading.read(float)) == "159#")
    }

    @Test func oneChannelOrAllOfThem() throws {
        let left = Samples.audio("12"), right = Samples.audio("89")
        let quiet = [Double](repeating: 0, count: left.count)
        let both = zip(left + quiet, quiet + right).flatMap { [$0, $1] }
        let file = Samples.wave(tag: 1, bits: 16, channels: 2, data: Samples.linear16(both))
        var options = DigitReading.Options()
        #expect(FoundDigit.text(try DigitReading.read(file)) == "1289")
        options.channel = 1
        #expect(FoundDigit.text(try DigitReading.read(file, options)) == "89")
        options.channel = 2
        #expect(throws: RecordingError.self) { try DigitReading.read(file, options) }
    }

    @Test func tonesInCaptures() throws {
        let frames = Samples.audioFrames(keypad)
        for capture in [Samples.capture(frames), Samples.nextGeneration(frames)] {
            let digits = try DigitReading.read(capture)
            #expect(FoundDigit.text(digits) == keypad)
            #expect(digits.first?.stream == "192.0.2.1:4000 > 198.51.100.2:5000 ssrc 7")
            // As in a recording of the same: from the first packet on.
            for (place, digit) in digits.enumerated() {
                #expect(abs(digit.startMs - Double(60 + place * 120)) <= 4)
            }
        }
    }

    @Test func eventsInCaptures() throws {
        var frames: [[UInt8]] = []
        for event in 0...16 {
            frames += Samples.eventFrames(
                UInt8(event), sequence: event * 20, timestamp: event * 4000)
            frames += Samples.audioFrames("")
        }
        let digits = try DigitReading.read(Samples.capture(frames))
        #expect(FoundDigit.text(digits) == "0123456789*#ABCD(flash)")
        for digit in digits {
            #expect(digit.form == .event && digit.durationMs == 100 && digit.level == -10)
            #expect(digit.twist == nil)
        }
    }

    @Test func lostAndRepeatedPackets() throws {
        let frames = Samples.eventFrames(5, sequence: 0, timestamp: 4000)
        for lost in 0..<6 {
            var left = frames
            left.remove(at: lost)
            left += [frames[5], frames[4]]
            #expect(FoundDigit.text(try DigitReading.read(Samples.capture(left))) == "5")
        }
        var options = DigitReading.Options()
        options.eventType = 96
        #expect(try DigitReading.read(Samples.capture(frames), options).isEmpty)
    }

    /// Whatever stands in a file, it is read or refused.
    @Test func brokenFiles() throws {
        let good = [
            Samples.wave(tag: 1, bits: 16, data: Samples.linear16(Samples.audio("1"))),
            Samples.capture(
                Samples.audioFrames("1") + Samples.eventFrames(1, sequence: 90, timestamp: 1)),
            Samples.nextGeneration(Samples.eventFrames(1, sequence: 90, timestamp: 1)),
        ]
        var generator = SystemRandomNumberGenerator()
        var read = 0
        for file in good {
            for length in stride(from: 0, to: min(file.count, 400), by: 1) {
                read += ((try? DigitReading.read(Array(file[..<length]))) == nil) ? 0 : 1
            }
            for _ in 0..<300 {
                var broken = file
                for _ in 0..<4 {
                    let place = Int.random(in: 0..<min(broken.count, 120), using: &generator)
                    broken[place] = UInt8.random(in: 0...255, using: &generator)
                }
                read += ((try? DigitReading.read(broken)) == nil) ? 0 : 1
            }
        }
        #expect(read > 0)
        #expect(throws: RecordingError.self) {
            try DigitReading.read(Array("no file of sound".utf8))
        }
        #expect(throws: RecordingError.self) {
            try DigitReading.read(Samples.wave(tag: 85, bits: 16, data: [0, 0]))
        }
    }
}
