// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress
import Sharing

extension OfferAnswerLeg {
    /// What the party's offer means.
    public struct ReceivedOffer: Sendable, Hashable {
        /// The stream to offer to the other leg.
        public var stream: AudioStream
        /// Nothing changed against what is agreed (a session refresh): answer at once with
        /// `makeAnswer(from:)` the other leg's `remote`, without asking the other party.
        public var isUnchanged: Bool
    }

    /// Takes the party's offer: in an INVITE, a re-INVITE, an UPDATE, or the 200 to an INVITE
    /// without one. `makeAnswer` or `abandonOffer` must follow.
    public mutating func receiveOffer(
        _ session: SessionDescription
    ) throws(OfferAnswerError) -> ReceivedOffer {
        guard self.phase == .stable else { throw .outOfTurn }
        var stream = try AudioStream.select(
            from: session, preferred: self.local?.index, filter: self.codecs,
            policy: self.possible)
        // Held by 0.0.0.0 the party still sends, and from where it did: the source check needs it.
        if stream.address == nil { stream.address = self.remote?.address }
        let newSlots = session.media.map(Slot.init)
        let unchanged = newSlots.count == self.slots.count && self.agrees(with: stream)
        self.formerSlots = self.slots
        self.slots = newSlots
        self.pendingOffer = stream
        self.phase = .offerReceived
        self.noteRenewal(for: stream)
        self.addEvents(to: &stream)
        return ReceivedOffer(stream: stream, isUnchanged: unchanged)
    }

    /// Offers the other leg's stream to the party, with `address` as ours: in an INVITE, a
    /// re-INVITE, or the 200 to an INVITE without offer. Codecs that the trunk does not allow are
    /// left out; payload types keep the other leg's numbers where these are free here.
    public mutating func makeOffer(
        from stream: AudioStream, local address: SocketAddress
    ) throws(OfferAnswerError) -> SessionDescription {
        guard self.phase == .stable else { throw .outOfTurn }
        let allowed = stream.formats.filter(self.codecs.allows)
        let wanted = self.codecs.ordered(
            self.codecs.events == .always ? allowed.withEvents() : allowed,
            self.descriptions.order)
        var formats = Self.numbered(AudioStream.limited(wanted), self.bindings)
        // One copy serves for both legs.
        if formats == stream.formats { formats = stream.formats }
        guard formats.contains(where: { !$0.isAuxiliary }) else { throw .noCommonCodec }
        let (security, ice, transport) = try self.offer(at: address)
        let times = self.descriptions.packetTimes(
            stream.ptimeMicroseconds, stream.maxptimeMicroseconds)
        let local = Local(
            address: address, index: self.local?.index ?? self.slots.count, formats: formats,
            direction: self.descriptions.offered(stream.direction), rtcpMux: self.offersRTCPMux,
            ptimeMicroseconds: times.ptime, maxptimeMicroseconds: times.maxptime,
            transport: transport,
            security: security, ice: ice, mid: self.local?.mid)
        self.bindings.bind(formats)
        self.pendingLocal = local
        self.isLastAgreed = false
        self.phase = .offerSent
        let session = self.describe(local)
        self.isTextOfOffer = true
        return session
    }

    /// Peers that speak ICE share one port wherever they can.
    private var offersRTCPMux: Bool {
        switch self.policy.rtcpMux {
        case .required, .offer: true
        case .accept: self.policy.ice == .lite || self.local?.rtcpMux == true
        case .off: false
        }
    }

    /// True if the stream is what was agreed, so that the answer would be too.
    private func agrees(with stream: AudioStream) -> Bool {
        guard let remote = self.remote, let local = self.local else { return false }
        guard self.keepsSecurity(stream) else { return false }
        var same = remote
        same.formats = stream.formats
        // What else is said about keys and candidates changes nothing.
        (same.security, same.ice, same.mid) = (stream.security, stream.ice, stream.mid)
        // Agreed mux and direction are narrowed by the other side; compare what was asked for.
        if !self.remoteOfferedLast {
            same.rtcpMux = stream.rtcpMux
            same.transport = stream.transport
            guard stream.rtcpMux || !remote.rtcpMux else { return false }
        }
        guard same == stream else { return false }
        if self.remoteOfferedLast { return remote.formats == stream.formats }
        // After our offer `remote` holds only what both can do; the party may now list more.
        let common = stream.formats.filter { format in
            local.formats.contains { $0.carries(format) }
        }
        return stream.formats.first == remote.formats.first && common == remote.formats
    }

    /// Gives every format a payload type that means the same as before on this leg.
    private static func numbered(
        _ formats: [RTPFormat], _ bindings: PayloadTypeBindings
    ) -> [RTPFormat] {
        var result: [RTPFormat] = []
        for format in formats {
            guard let number = self.number(for: format, bindings, besides: result) else { continue }
            var bound = format
            bound.payloadType = number
            result.append(bound)
        }
        return result.exact
    }

    /// The same number if it is free or means this format, else the one that already means it,
    /// else a free dynamic one (96 to 127, then 35 to 63, which RFC 5761 keeps clear of RTCP).
    private static func number(
        for format: RTPFormat, _ bindings: PayloadTypeBindings, besides used: [RTPFormat]
    ) -> UInt8? {
        func isUsed(_ number: UInt8) -> Bool { used.contains { $0.payloadType == number } }
        let own = format.payloadType
        let known = bindings.formats.filter { !isUsed($0.payloadType) && $0.carries(format) }
            .map(\.payloadType)
        if known.contains(own) { return own }
        if let number = known.min() { return number }
        func isFree(_ number: UInt8) -> Bool { bindings[number] == nil && !isUsed(number) }
        if isFree(own) { return own }
        return (UInt8(96)...127).first(where: isFree) ?? (UInt8(35)...63).first(where: isFree)
    }
}
