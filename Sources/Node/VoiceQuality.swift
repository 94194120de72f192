// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What a listener would say of one direction of a leg: the E-model (ITU-T G.107, 06/2015) on
/// loss and delay that were measured, all else at its defaults:
///
///     R = 93.2 - Idd - Ie,eff                                   clauses 7.1 and 7.7
///     Idd = 25 ((1 + X^6)^(1/6) - 3 (1 + (X/3)^6)^(1/6) + 2)    clause 7.4, with sT 1, mT 100 ms,
///           where X = log2(Ta / mT); 0 up to mT                 the delay sensitivity of most
///     Ie,eff = Ie + (95 - Ie) Ppl / (Ppl / BurstR + Bpl)        clause 7.5; BurstR 1: random loss
///     MOS = 1 + 0.035 R + R (R - 60) (100 - R) 7e-6             Annex B
///
/// Ta is half the round trip on the leg's network, Ppl the loss there. What phones add (playout
/// buffers, packets that come too late for them, echo) nobody told us: the figure is the most that
/// the network lets them have.
enum VoiceQuality {
    /// What a codec costs, and how it stands loss (ITU-T G.113 Appendix I, tables I.1 and I.4).
    struct Codec: Equatable {
        let impairment: Double
        let robustness: Double

        /// G.711 with the concealment of its Appendix I.
        static let g711 = Codec(impairment: 0, robustness: 25.1)
        /// G.729A with VAD, for which alone Appendix I has both.
        static let g729 = Codec(impairment: 11, robustness: 19)
    }

    /// The codec of a static payload type (RFC 3551 section 6); nil where no figures are at hand.
    /// G.722 counts as G.711: the narrow-band scale has nothing above it, so this is a lower bound.
    static func codec(payloadType: UInt8) -> Codec? {
        switch payloadType {
        case 0, 8, 9: .g711
        case 18: .g729
        default: nil
        }
    }

    /// Mean opinion score, 1 to 4.5.
    static func score(_ codec: Codec, lossPercent: Double, oneWayMs: Double) -> Double {
        let loss = min(max(lossPercent, 0), 100)
        let effective =
            codec.impairment + (95 - codec.impairment) * loss / (loss + codec.robustness)
        return self.score(rating: 93.2 - self.delayImpairment(oneWayMs) - effective)
    }

    private static func delayImpairment(_ milliseconds: Double) -> Double {
        guard milliseconds > 100 else { return 0 }
        let x = log2(milliseconds / 100)
        return 25 * (pow(1 + pow(x, 6), 1.0 / 6) - 3 * pow(1 + pow(x / 3, 6), 1.0 / 6) + 2)
    }

    private static func score(rating: Double) -> Double {
        guard rating > 0 else { return 1 }
        guard rating < 100 else { return 4.5 }
        // The polynomial dips below 1 near zero.
        return max(1, 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6)
    }

    /// Percent of what was sent; nil before anything was.
    static func lossPercent(lost: Int32, of sent: UInt64) -> Double? {
        guard sent > 0 else { return nil }
        return min(Double(max(lost, 0)) * 100 / Double(sent), 100)
    }
}
