// SPDX-License-Identifier: Apache-2.0

import CallControl
import Testing

@testable import Node

/// Worked out by hand from the formulas of ITU-T G.107.
private let scores: [(codec: VoiceQuality.Codec, loss: Double, delayMs: Double, score: Double)] = [
    (.g711, 0, 0, 4.41), (.g711, 0, 100, 4.41), (.g711, 1, 0, 4.33), (.g711, 5, 0, 3.92),
    (.g729, 0, 0, 4.10), (.g729, 2, 0, 3.79), (.g711, 0, 200, 4.34), (.g711, 0, 400, 3.56),
    (.g711, 3, 250, 3.78), (.g711, 100, 5000, 1),
]

@Test(arguments: scores.indices)
func scoreOfADirection(index: Int) {
    let (codec, loss, delay, expected) = scores[index]
    let score = VoiceQuality.score(codec, lossPercent: loss, oneWayMs: delay)
    #expect(abs(score - expected) < 0.006, "\(score)")
}

@Test func scoresStayOnTheirScaleAndFall() {
    for codec in [VoiceQuality.Codec.g711, .g729] {
        var last = 5.0
        for loss in 0...100 {
            let score = VoiceQuality.score(codec, lossPercent: Double(loss), oneWayMs: 0)
            #expect((1...4.5).contains(score) && score <= last)
            last = score
        }
        #expect(VoiceQuality.score(codec, lossPercent: -5, oneWayMs: -5) < 4.5)
    }
}

@Test func codecsOfStaticPayloadTypes() {
    #expect(VoiceQuality.codec(payloadType: 0) == .g711)
    #expect(VoiceQuality.codec(payloadType: 18) == .g729)
    #expect(VoiceQuality.codec(payloadType: 96) == nil)
}

@Test func lossInPercent() {
    #expect(VoiceQuality.lossPercent(lost: 5, of: 100) == 5)
    #expect(VoiceQuality.lossPercent(lost: -5, of: 100) == 0)
    #expect(VoiceQuality.lossPercent(lost: 500, of: 100) == 100)
    #expect(VoiceQuality.lossPercent(lost: 0, of: 0) == nil)
}
