// SPDX-License-Identifier: Apache-2.0

extension OfferAnswerLeg {
    /// True if the party needs no offer to talk with another party of `stream`: what it may send
    /// is understood there, what comes from there is understood here, and nobody is on hold by us.
    public func isInLine(with stream: AudioStream) -> Bool {
        guard let local = self.local, let remote = self.remote else { return false }
        guard local.direction.sends || !stream.direction.sends,
            local.direction.receives || !stream.direction.receives
        else { return false }
        let agreed = local.formats.filter { format in
            remote.formats.contains { $0.carries(format) }
        }
        let isHeard = agreed.allSatisfy { format in
            (self.codecs.events != .asIs && format.isTelephoneEvent)
                || stream.formats.contains { $0.carries(format) }
        }
        return isHeard
            && stream.formats.contains { format in
                !format.isAuxiliary && remote.formats.contains { $0.carries(format) }
            }
    }

    /// What the parties of both legs agreed to with us is the same: which way media goes, and in
    /// what it is.
    public func agrees(with other: OfferAnswerLeg) -> Bool {
        guard let own = self.settled, let far = other.settled else { return true }
        return own.direction == far.direction.reversed
            && own.formats.allSatisfy { format in far.formats.contains { $0.carries(format) } }
            && far.formats.allSatisfy { format in own.formats.contains { $0.carries(format) } }
    }

    /// The parties of both legs have a codec in common; events alone are not heard.
    public func isHeard(by other: OfferAnswerLeg) -> Bool {
        guard let own = self.settled, let far = other.settled else { return false }
        return own.formats.contains { format in far.formats.contains { $0.carries(format) } }
    }

    /// The party's stream as far as we let it have it; nil before there is one. Events are nobody's
    /// concern.
    private var settled: (direction: Direction, formats: [RTPFormat])? {
        guard let local = self.local, let remote = self.remote else { return nil }
        let formats = remote.formats.filter { format in
            !format.isAuxiliary && local.formats.contains { $0.carries(format) }
        }
        return (remote.direction.intersection(local.direction.reversed), formats)
    }
}
