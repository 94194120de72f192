// SPDX-License-Identifier: Apache-2.0

/// What one leg agreed on that digits can be in: telephone-events, and audio in which tones can be
/// found and made.
public struct DigitFormats: Sendable, Hashable {
    /// A codec of tones.
    public enum Codec: Sendable, Hashable {
        /// G.711 µ-law.
        case pcmu
        /// G.711 A-law.
        case pcma
        /// G.722.
        case g722

        init?(_ format: RTPFormat) {
            guard format.clockRate == 8000, format.channels == 1 else { return nil }
            if format.isNamed("PCMU") {
                self = .pcmu
            } else if format.isNamed("PCMA") {
                self = .pcma
            } else if format.isNamed("G722") {
                self = .g722
            } else {
                return nil
            }
        }
    }

    /// A payload type of telephone-events.
    public struct Events: Sendable, Hashable {
        /// 0 to 127.
        public var type: UInt8
        /// Hz.
        public var clockRate: UInt32
        /// From its parts.
        public init(type: UInt8, clockRate: UInt32) {
            self.type = type
            self.clockRate = clockRate
        }
    }

    /// A payload type of such audio.
    public struct Audio: Sendable, Hashable {
        /// 0 to 127.
        public var type: UInt8
        /// What it is.
        public var codec: Codec
        /// From its parts.
        public init(type: UInt8, codec: Codec) {
            self.type = type
            self.codec = codec
        }
    }

    /// Payload types of each kind at most: as many as a flow has room for.
    public static let countMax = 4

    /// Events as the party sends them.
    public private(set) var eventsIn: [Events] = []
    /// Events as it wants them; nil: none were agreed.
    public private(set) var eventsOut: Events?
    /// Audio as it sends it.
    public private(set) var audioIn: [Audio] = []
    /// Audio as it wants it; nil: none of these codecs was agreed.
    public private(set) var audioOut: Audio?

    /// Of a leg that agreed with its party, and the leg that it is joined with. The audio that
    /// passes between them comes first.
    public init(_ leg: OfferAnswerLeg, joinedWith other: OfferAnswerLeg) {
        guard let local = leg.local, let remote = leg.remote else { return }
        let passes: (RTPFormat) -> Bool = { format in
            guard let far = other.remote, let own = other.local else { return false }
            return far.formats.contains { $0.carries(format) }
                && own.formats.contains { $0.carries(format) }
        }
        let agreed = local.formats.filter { format in
            remote.formats.contains { $0.carries(format) }
        }
        let speech = agreed.filter { !$0.isAuxiliary }
        let inUse = speech.filter(passes) + speech.filter { !passes($0) }
        self.eventsIn = Self.events(agreed, remote)
        let clock = (inUse.first ?? speech.first)?.clockRate
        let events = remote.formats.filter { format in
            Self.isUsable(format) && agreed.contains { $0.carries(format) }
        }
        self.eventsOut = (events.first { $0.clockRate == clock } ?? events.first).map {
            Events(type: $0.payloadType, clockRate: $0.clockRate)
        }
        for format in inUse {
            guard let codec = Codec(format) else { continue }
            if self.audioIn.count < Self.countMax {
                self.audioIn.append(Audio(type: format.payloadType, codec: codec))
            }
            if self.audioOut == nil, let theirs = remote.formats.first(where: format.carries) {
                self.audioOut = Audio(type: theirs.payloadType, codec: codec)
            }
        }
    }

    /// Telephone-events that count in a clock that audio has.
    private static func isUsable(_ format: RTPFormat) -> Bool {
        format.isTelephoneEvent && (8000...192_000).contains(format.clockRate)
    }

    /// With the numbers that we gave them; where the party's own description has others these are
    /// understood too, since implementations exist that send with their own.
    private static func events(_ agreed: [RTPFormat], _ remote: AudioStream) -> [Events] {
        var result: [Events] = []
        func add(_ format: RTPFormat) {
            guard result.count < self.countMax,
                !result.contains(where: { $0.type == format.payloadType })
            else { return }
            result.append(Events(type: format.payloadType, clockRate: format.clockRate))
        }
        let own = agreed.filter(self.isUsable)
        own.forEach(add)
        for format in remote.formats where format.isTelephoneEvent {
            let isOurs = agreed.contains { $0.payloadType == format.payloadType }
            if !isOurs, own.contains(where: format.carries) { add(format) }
        }
        return result
    }
}
