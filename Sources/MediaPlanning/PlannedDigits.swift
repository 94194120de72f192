// SPDX-License-Identifier: Apache-2.0

import CallControl
import FlowABI
import SDP

// Digits of a leg as its flow has them. What cannot be is a fault of the plan: the same checks
// stand at the fast path's edge.
extension MediaPlan {
    static func dtmf(_ leg: MediaIntent.Leg) throws(MediaPlanError) -> FlowDTMF? {
        guard let digits = leg.dtmf, !digits.isIdle else { return nil }
        let send: FlowDTMF.Send =
            switch digits.sending {
            case .none: .none
            case .events(let events): .events(type: events.type, clockHz: events.clockRate)
            case .tones(let audio): .tones(type: audio.type, codec: FlowDTMF.Codec(audio.codec))
            }
        let dtmf = FlowDTMF(
            flags: FlowDTMF.Flags(digits.intake), send: send, volume: digits.volume,
            limitMs: digits.limitMs,
            eventTypes: digits.eventTypes.map {
                FlowDTMF.EventType(type: $0.type, clockHz: $0.clockRate)
            },
            audioTypes: digits.audioTypes.map {
                FlowDTMF.AudioType(type: $0.type, codec: FlowDTMF.Codec($0.codec))
            })
        guard let dtmf else { throw .badDTMF }
        return dtmf
    }
}

extension FlowDTMF.Codec {
    init(_ codec: DigitFormats.Codec) {
        self =
            switch codec {
            case .pcmu: .pcmu
            case .pcma: .pcma
            case .g722: .g722
            }
    }
}

extension FlowDTMF.Flags {
    init(_ intake: LegDigits.Intake) {
        self = []
        let pairs: [(LegDigits.Intake, FlowDTMF.Flags)] = [
            (.events, .events), (.tones, .tones), (.take, .take), (.lookAhead, .lookAhead),
            (.report, .report), (.passOn, .passOn),
        ]
        for (wish, flag) in pairs where intake.contains(wish) { self.insert(flag) }
    }
}
