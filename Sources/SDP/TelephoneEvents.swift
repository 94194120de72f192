// SPDX-License-Identifier: Apache-2.0

/// Whether a party is to have telephone-events (RFC 4733) with us, whatever the other party has:
/// the box makes digits of one form into another.
public enum TelephoneEvents: Sendable, Hashable {
    /// As the other party has them.
    case asIs
    /// Offered and answered by the box.
    case always
    /// Neither offered nor answered: the party's digits have another form.
    case never
}

extension RTPFormat {
    /// Events of a clock, Hz, as the box has them: 0 to 9, *, #, A to D.
    static func events(_ payloadType: UInt8, clockRate: UInt32) -> RTPFormat {
        RTPFormat(
            payloadType: payloadType, name: "telephone-event", clockRate: clockRate,
            parameters: "0-15")
    }
}

extension [RTPFormat] {
    /// These, with events for each clock of a codec for which there are none: events count in the
    /// clock of the audio (RFC 4733 section 2.1).
    func withEvents() -> [RTPFormat] {
        var result = self
        for speech in self where !speech.isAuxiliary {
            let isThere = result.contains {
                $0.isTelephoneEvent && $0.clockRate == speech.clockRate
            }
            guard !isThere, result.count < AudioStream.formatLimit,
                let number = Self.eventNumber(besides: result)
            else { continue }
            result.append(.events(number, clockRate: speech.clockRate))
        }
        return result
    }

    /// 101 as everybody has it, else a free dynamic number.
    private static func eventNumber(besides used: [RTPFormat]) -> UInt8? {
        func isFree(_ number: UInt8) -> Bool { !used.contains { $0.payloadType == number } }
        return isFree(101) ? 101 : (UInt8(96)...127).first(where: isFree)
    }

    /// These, with those events of an offer that count in the clock of one of their codecs.
    func withEvents(of offer: [RTPFormat]) -> [RTPFormat] {
        let missing = offer.filter { format in
            format.isTelephoneEvent
                && !self.contains { $0.isTelephoneEvent && $0.clockRate == format.clockRate }
                && self.contains { !$0.isAuxiliary && $0.clockRate == format.clockRate }
        }
        return missing.isEmpty ? self : self + missing
    }
}

extension OfferAnswerLeg {
    /// What was agreed with the party last, as the other one is to be offered it or answered with
    /// it; nil before the first answer.
    public var relayed: AudioStream? {
        guard var stream = self.remote else { return nil }
        self.addEvents(to: &stream)
        return stream
    }

    /// Where the box makes the party's digits into another form, the other party may have events
    /// whatever this one has.
    public func addEvents(to stream: inout AudioStream) {
        guard self.codecs.events != .asIs else { return }
        stream.formats = stream.formats.withEvents()
    }
}
