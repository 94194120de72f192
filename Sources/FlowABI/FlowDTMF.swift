// SPDX-License-Identifier: Apache-2.0

import CFlowABI

/// How a flow takes digits from its party and sends digits to it: `struct tl_flow_dtmf` as a value.
public struct FlowDTMF: Sendable, Hashable {
    /// What becomes of the party's digits.
    public struct Flags: OptionSet, Sendable, Hashable {
        /// TL_DTMF_*.
        public let rawValue: UInt32
        /// From bits.
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Telephone-events are digits.
        public static let events = Flags(rawValue: TL_DTMF_EVENTS)
        /// Tones in the audio are.
        public static let tones = Flags(rawValue: TL_DTMF_TONES)
        /// In the form that they came in they are not relayed.
        public static let take = Flags(rawValue: TL_DTMF_TAKE)
        /// Audio is 20 ms late, so that no tone leaks.
        public static let lookAhead = Flags(rawValue: TL_DTMF_LOOK_AHEAD)
        /// Each digit is told to the control plane.
        public static let report = Flags(rawValue: TL_DTMF_REPORT)
        /// Each digit is sent by the peer flow.
        public static let passOn = Flags(rawValue: TL_DTMF_PASS_ON)
    }

    /// A codec in which tones are found and made.
    public enum Codec: Sendable, Hashable {
        /// G.711 µ-law.
        case pcmu
        /// G.711 A-law.
        case pcma
        /// G.722.
        case g722

        var shared: UInt8 {
            switch self {
            case .pcmu: UInt8(TL_CODEC_PCMU)
            case .pcma: UInt8(TL_CODEC_PCMA)
            case .g722: UInt8(TL_CODEC_G722)
            }
        }
    }

    /// How digits go to the party.
    public enum Send: Sendable, Hashable {
        /// None do.
        case none
        /// As telephone-events of this payload type and clock, Hz.
        case events(type: UInt8, clockHz: UInt32)
        /// As tones in audio of this payload type.
        case tones(type: UInt8, codec: Codec)
    }

    /// A payload type of the party's telephone-events.
    public struct EventType: Sendable, Hashable {
        /// 0 to 127.
        public let type: UInt8
        /// Hz.
        public let clockHz: UInt32
        /// From its parts.
        public init(type: UInt8, clockHz: UInt32) {
            self.type = type
            self.clockHz = clockHz
        }
    }

    /// A payload type of the party's audio.
    public struct AudioType: Sendable, Hashable {
        /// 0 to 127.
        public let type: UInt8
        /// What it is.
        public let codec: Codec
        /// From its parts.
        public init(type: UInt8, codec: Codec) {
            self.type = type
            self.codec = codec
        }
    }

    /// Payload types of telephone-events at most.
    public static let eventTypesMax = Int(TL_DTMF_EVENT_TYPES_MAX)
    /// Payload types of audio at most.
    public static let audioTypesMax = Int(TL_DTMF_AUDIO_TYPES_MAX)
    /// Levels that can be sent, -dBm0.
    public static let volumes: ClosedRange<UInt8> = 0...36
    /// Time between two packets of a digit, ms.
    public static let intervalsMs: ClosedRange<UInt16> = 10...100
    /// The longest digit, ms.
    public static let limitsMs: ClosedRange<UInt32> = 1000...60_000
    static let clocksHz: ClosedRange<UInt32> = 8000...192_000

    /// What becomes of the party's digits.
    public let flags: Flags
    /// How digits go to the party.
    public let send: Send
    /// Their level, -dBm0.
    public let volume: UInt8
    /// Time between two of their packets, ms.
    public let intervalMs: UInt16
    /// What lasts longer ends here, ms.
    public let limitMs: UInt32
    /// Payload types of the party's events.
    public let eventTypes: [EventType]
    /// Payload types of the party's audio.
    public let audioTypes: [AudioType]

    /// Neither: the flow takes no digits and sends none.
    public static let off = FlowDTMF()

    private init() {
        self.flags = []
        self.send = .none
        self.volume = 0
        self.intervalMs = 0
        self.limitMs = 0
        self.eventTypes = []
        self.audioTypes = []
    }

    /// From its parts; nil for what the contract does not have.
    public init?(
        flags: Flags, send: Send, volume: UInt8 = 10, intervalMs: UInt16 = 20,
        limitMs: UInt32 = 8000, eventTypes: [EventType] = [], audioTypes: [AudioType] = []
    ) {
        guard Self.volumes.contains(volume), Self.intervalsMs.contains(intervalMs),
            Self.limitsMs.contains(limitMs), eventTypes.count <= Self.eventTypesMax,
            audioTypes.count <= Self.audioTypesMax, flags.rawValue & ~TL_DTMF_FLAGS_ALL == 0,
            !flags.contains(.lookAhead) || flags.isSuperset(of: [.tones, .take])
        else { return nil }
        let types = eventTypes.map(\.type) + audioTypes.map(\.type)
        guard types.allSatisfy({ $0 <= 127 }), Set(types).count == types.count,
            eventTypes.allSatisfy({ Self.clocksHz.contains($0.clockHz) })
        else { return nil }
        switch send {
        case .none: break
        case .events(let type, let clockHz):
            guard type <= 127, Self.clocksHz.contains(clockHz) else { return nil }
        case .tones(let type, _): guard type <= 127 else { return nil }
        }
        self.flags = flags
        self.send = send
        self.volume = volume
        self.intervalMs = intervalMs
        self.limitMs = limitMs
        self.eventTypes = eventTypes
        self.audioTypes = audioTypes
    }

    var shared: tl_flow_dtmf {
        var shared = tl_flow_dtmf()
        guard self != .off else { return shared }
        shared.flags = self.flags.rawValue
        shared.send_volume = self.volume
        shared.send_interval_ms = self.intervalMs
        shared.digit_limit_ms = self.limitMs
        switch self.send {
        case .none: shared.send = UInt8(TL_DTMF_SEND_NONE)
        case .events(let type, let clockHz):
            shared.send = UInt8(TL_DTMF_SEND_EVENTS)
            (shared.send_type, shared.send_clock_hz) = (type, clockHz)
        case .tones(let type, let codec):
            shared.send = UInt8(TL_DTMF_SEND_TONES)
            (shared.send_type, shared.send_codec) = (type, codec.shared)
        }
        self.storeTypes(in: &shared)
        return shared
    }

    private func storeTypes(in shared: inout tl_flow_dtmf) {
        let none = UInt8(TL_NO_PAYLOAD_TYPE)
        shared.event_types = Self.four { place in
            guard place < self.eventTypes.count else {
                return tl_event_type(clock_hz: 0, payload_type: none, reserved: (0, 0, 0))
            }
            let known = self.eventTypes[place]
            return tl_event_type(
                clock_hz: known.clockHz, payload_type: known.type, reserved: (0, 0, 0))
        }
        shared.audio_types = Self.four { place in
            guard place < self.audioTypes.count else {
                return tl_audio_type(payload_type: none, codec: 0, reserved: (0, 0))
            }
            let known = self.audioTypes[place]
            return tl_audio_type(
                payload_type: known.type, codec: known.codec.shared, reserved: (0, 0))
        }
    }

    /// An array of C, as Swift has it.
    private static func four<Element>(
        _ element: (Int) -> Element
    ) -> (Element, Element, Element, Element) {
        (element(0), element(1), element(2), element(3))
    }
}
