// SPDX-License-Identifier: Apache-2.0

public import SDP

/// What the fast path does with the digits of one leg: those that its party sends, and those that
/// are sent to it.
public struct LegDigits: Sendable, Hashable {
    /// What becomes of the party's digits.
    public struct Intake: OptionSet, Sendable, Hashable {
        /// Bits.
        public let rawValue: UInt8
        /// From bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Telephone-events are digits.
        public static let events = Intake(rawValue: 1)
        /// Tones in the audio are.
        public static let tones = Intake(rawValue: 1 << 1)
        /// They are not relayed as they came.
        public static let take = Intake(rawValue: 1 << 2)
        /// Audio is delayed, so that nothing of a tone leaks.
        public static let lookAhead = Intake(rawValue: 1 << 3)
        /// The engine is told of each.
        public static let report = Intake(rawValue: 1 << 4)
        /// The other leg's party gets each, as that leg sends them.
        public static let passOn = Intake(rawValue: 1 << 5)
    }

    /// As what digits go to the party.
    public enum Sending: Sendable, Hashable {
        /// None do.
        case none
        /// Telephone-events.
        case events(DigitFormats.Events)
        /// Tones.
        case tones(DigitFormats.Audio)
    }

    /// What becomes of the party's digits.
    public var intake: Intake
    /// As what digits go to the party.
    public var sending: Sending
    /// Their level, -dBm0.
    public var volume: UInt8
    /// What lasts longer ends here, ms.
    public var limitMs: UInt32
    /// The party's telephone-events.
    public var eventTypes: [DigitFormats.Events]
    /// The party's audio.
    public var audioTypes: [DigitFormats.Audio]

    /// From its parts.
    public init(
        intake: Intake = [], sending: Sending = .none, volume: UInt8 = 10, limitMs: UInt32 = 8000,
        eventTypes: [DigitFormats.Events] = [], audioTypes: [DigitFormats.Audio] = []
    ) {
        self.intake = intake
        self.sending = sending
        self.volume = volume
        self.limitMs = limitMs
        self.eventTypes = eventTypes
        self.audioTypes = audioTypes
    }

    /// The fast path has nothing to do about digits.
    public var isIdle: Bool { self.intake.isEmpty && self.sending == .none }
}

extension MediaIntent {
    /// The same before digits were planned: they follow from policies and what was agreed, and are
    /// planned anew after a restart.
    var withoutDigits: MediaIntent {
        guard self.a.dtmf != nil || self.b.dtmf != nil else { return self }
        var legs = self.legs
        legs.a.dtmf = nil
        legs.b.dtmf = nil
        return MediaIntent(legs)
    }
}
