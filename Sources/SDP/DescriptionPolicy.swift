// SPDX-License-Identifier: Apache-2.0

/// How the descriptions that go to a trunk are written, beside what codecs and keys they name. The
/// default writes what the other party said.
public struct DescriptionPolicy: Sendable, Hashable {
    /// What a party on hold is told.
    public enum Hold: String, Sendable, Hashable, CaseIterable {
        /// As the other party says it.
        case asIs = "as-is"
        /// `a=inactive`, whichever way the hold goes; for peers that know no other.
        case inactive
        /// `a=sendonly` in place of `a=inactive` in offers, for peers that play music to it.
        case sendonly
    }

    /// Whose order of codecs an offer has.
    public enum CodecOrder: String, Sendable, Hashable, CaseIterable {
        /// The offerer's.
        case offered
        /// That of the trunk's list.
        case listed
    }

    /// What an answer names of the codecs in common.
    public enum AnswerCodecs: String, Sendable, Hashable, CaseIterable {
        /// All of them.
        case all
        /// The first, with telephone events and comfort noise.
        case one
    }

    /// Hold.
    public var hold = Hold.asIs
    /// Order of offers.
    public var order = CodecOrder.offered
    /// Extent of answers.
    public var answer = AnswerCodecs.all
    /// `a=ptime` in place of the other party's, milliseconds, 1 to 200; nil: as that says. Packets
    /// are relayed as they are: it is a wish to the peer.
    public var ptimeMilliseconds: UInt32?

    /// Nothing changed.
    public init() {}

    /// The direction of an offer to the trunk.
    func offered(_ direction: Direction) -> Direction {
        guard direction != .sendrecv else { return direction }
        switch self.hold {
        case .asIs: return direction
        case .inactive: return .inactive
        case .sendonly: return direction == .inactive ? .sendonly : direction
        }
    }

    /// The direction of an answer to the trunk: no more than both sides allow.
    func answered(_ direction: Direction) -> Direction {
        self.hold == .inactive && direction != .sendrecv ? .inactive : direction
    }

    /// `a=ptime` and `a=maxptime` in microseconds, which must not contradict each other.
    func packetTimes(_ ptime: UInt32?, _ maxptime: UInt32?) -> (ptime: UInt32?, maxptime: UInt32?) {
        guard let milliseconds = self.ptimeMilliseconds else { return (ptime, maxptime) }
        let own = milliseconds.multipliedReportingOverflow(by: 1000)
        guard !own.overflow else { return (ptime, maxptime) }
        return (own.partialValue, maxptime.map { max($0, own.partialValue) })
    }

    /// The formats of an answer.
    func answered(_ formats: [RTPFormat]) -> [RTPFormat] {
        guard self.answer == .one, let speech = formats.first(where: { !$0.isAuxiliary }) else {
            return formats
        }
        return formats.filter { format in
            guard format.isAuxiliary else { return format == speech }
            // Events count in the clock of the codec where they are offered in it (RFC 4733
            // section 2.1).
            let sameName = formats.filter { $0.name.equalsIgnoringCase(format.name) }
            return format.clockRate == speech.clockRate
                || !sameName.contains { $0.clockRate == speech.clockRate }
        }
    }
}

extension CodecFilter {
    /// The formats of an offer in the order that the policy asks for. What the list names once for
    /// several formats keeps their order.
    func ordered(_ formats: [RTPFormat], _ order: DescriptionPolicy.CodecOrder) -> [RTPFormat] {
        guard order == .listed else { return formats }
        let ranked = formats.enumerated().map { position, format in
            (rank: self.rank(of: format), position: position, format: format)
        }
        return ranked.sorted { ($0.rank, $0.position) < ($1.rank, $1.position) }.map(\.format)
    }
}

extension OfferAnswerLeg {
    /// What went out on another copy of this leg went out on this one too: a description that
    /// differs from it gets the next version (RFC 3264 section 8).
    public mutating func takeVersion(of copy: OfferAnswerLeg) {
        self.version = copy.version
        self.originAddress = copy.originAddress
        self.lastSent = copy.lastSent
    }
}
