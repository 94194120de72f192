// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress
import Sharing

extension OfferAnswerLeg {
    /// Answers the party's offer with what the other party answered (or agreed before), `address`
    /// as ours. m= lines keep their order, payload types their numbers in the offer (RFC 3264
    /// section 6.1); the order of preference is the other party's.
    public mutating func makeAnswer(
        from stream: AudioStream, local address: SocketAddress
    ) throws(OfferAnswerError) -> SessionDescription {
        guard self.phase == .offerReceived, let offer = self.pendingOffer else { throw .outOfTurn }
        try Self.checkFamily(offer, address)
        let common = Self.join(stream.formats, offer.formats)
        let formats = self.descriptions.answered(
            self.codecs.events == .always ? common.withEvents(of: offer.formats) : common)
        guard formats.contains(where: { !$0.isAuxiliary }) else { throw .noCommonCodec }
        let (security, ice, agreed) = try self.answer(to: offer, local: address)
        let times = self.descriptions.packetTimes(
            stream.ptimeMicroseconds, stream.maxptimeMicroseconds)
        let local = Local(
            address: address, index: offer.index, formats: formats,
            direction: self.descriptions.answered(
                stream.direction.intersection(offer.direction.reversed)),
            rtcpMux: offer.rtcpMux, ptimeMicroseconds: times.ptime,
            maxptimeMicroseconds: times.maxptime, transport: offer.transport,
            security: security, ice: ice, mid: offer.mid)
        self.bindings.bind(formats)
        self.security.takeRenewal()
        self.take(agreed)
        self.wake()
        self.local = local
        self.remote = offer
        self.remoteOfferedLast = true
        self.formerSlots = nil
        self.pendingOffer = nil
        self.phase = .stable
        self.isLastAgreed = true
        let session = self.describe(local)
        self.rest()
        return session
    }

    /// Answers the party's offer by refusing every stream: for an offer in a 200 whose answer in
    /// the ACK cannot be a good one, before the BYE.
    public mutating func makeRefusal(
        local address: SocketAddress
    ) throws(OfferAnswerError) -> SessionDescription {
        guard self.phase == .offerReceived, let offer = self.pendingOffer else { throw .outOfTurn }
        let local = Local(
            address: address, index: offer.index, formats: [], direction: .inactive,
            rtcpMux: false, transport: offer.transport)
        let session = self.describe(local, refuses: true)
        self.isLastAgreed = false
        self.abandonOffer()
        return session
    }

    /// Takes the party's answer and returns the stream to answer the other leg with. The answer to
    /// one offer may come again (in a 183 and then in the 200, RFC 3261 section 13.2.1): it is
    /// judged by the same offer.
    public mutating func receiveAnswer(
        _ session: SessionDescription
    ) throws(OfferAnswerError) -> AudioStream {
        guard let local = self.openOffer else { throw .outOfTurn }
        guard session.media.indices.contains(local.index), session.media[local.index].isAudio
        else { throw .answerMismatch }
        var stream = try AudioStream(
            session.media[local.index], at: local.index, of: session, policy: self.possible)
        if stream.address == nil { stream.address = self.remote?.address }
        try Self.checkFamily(stream, local.address)
        stream.formats = AudioStream.limited(
            stream.formats.filter { format in local.formats.contains { $0.carries(format) } }
        ).exact
        guard stream.canTalk else { throw .noCommonCodec }
        stream.direction = stream.direction.intersection(local.direction.reversed)
        stream.rtcpMux = stream.rtcpMux && local.rtcpMux
        if local.ice == nil { stream.ice = nil }
        let (security, agreed) = try self.agreement(stream, to: local)
        self.wake()
        if self.phase == .offerSent { self.takeSlots(of: local) }
        self.security.takeRenewal()
        self.take(agreed)
        var agreedLocal = local
        agreedLocal.security = security
        if stream.ice == nil { agreedLocal.ice = nil }
        // One copy serves for both.
        let isAsOffered = agreedLocal == local
        if isAsOffered {
            self.$local = self.$pendingLocal
        } else {
            self.local = agreedLocal
        }
        if stream.formats == local.formats { stream.formats = local.formats }
        self.remote = stream
        self.remoteOfferedLast = false
        if self.phase == .offerSent { self.isLastAgreed = true }
        self.phase = .stable
        if isAsOffered, self.isTextOfOffer { self.rest() }
        self.addEvents(to: &stream)
        return stream
    }

    /// Our offer that an answer can belong to: the open one, or the one that was answered last.
    private var openOffer: Local? {
        switch self.phase {
        case .offerSent: self.pendingLocal
        case .stable: self.remoteOfferedLast ? nil : self.pendingLocal
        case .offerReceived: nil
        }
    }

    /// The m= lines of our accepted offer are the session's from now on.
    private mutating func takeSlots(of local: Local) {
        if self.slots.indices.contains(local.index) {
            self.slots[local.index] = Slot(local)
        } else {
            self.slots.append(Slot(local))
        }
    }

    private static func checkFamily(
        _ stream: AudioStream, _ ours: SocketAddress
    ) throws(OfferAnswerError) {
        guard let theirs = stream.address else { return }
        guard theirs.isIPv4 == ours.address.isIPv4 else { throw .wrongFamily }
    }

    /// Each format of `chosen` that `offered` has, with the number that it has there.
    private static func join(_ chosen: [RTPFormat], _ offered: [RTPFormat]) -> [RTPFormat] {
        var result: [RTPFormat] = []
        for format in chosen {
            let candidates = offered.filter { candidate in
                candidate.carries(format)
                    && !result.contains { $0.payloadType == candidate.payloadType }
            }
            let best =
                candidates.first { $0.payloadType == format.payloadType } ?? candidates.first
            guard var joined = best else { continue }
            joined.parameters = format.parameters
            result.append(joined)
        }
        return result == offered ? offered : result.exact
    }
}
