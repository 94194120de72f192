// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress
public import Sharing

/// The one audio stream of a description that the relay anchors, as its party wrote it.
public struct AudioStream: Sendable, Hashable {
    /// Position of its m= line.
    public var index: Int
    /// Where the party receives RTP; nil while it is held by 0.0.0.0 and never said otherwise.
    public var address: IPAddress?
    /// Port of the m= line, never 0.
    public var port: UInt16
    /// From `a=rtcp`, where that is neither this port nor the next. Its address is not used: a
    /// flow has one remote address.
    public var rtcpPort: UInt16?
    /// `a=rtcp-mux`; in an answer only if it was offered.
    public var rtcpMux: Bool
    /// As the party sees it, 0.0.0.0 counted as "does not receive".
    public var direction: Direction
    /// What the party takes, preferred first; in an answer what was offered too.
    public var formats: [RTPFormat]
    /// `a=ptime` in microseconds.
    public var ptimeMicroseconds: UInt32?
    /// `a=maxptime` in microseconds.
    public var maxptimeMicroseconds: UInt32?
    /// "RTP/AVP", "RTP/SAVP", "UDP/TLS/RTP/SAVPF" and so on.
    public var transport: SDPText
    /// Keys that the trunk's policy allows.
    public var security: StreamSecurity
    /// ICE, where the trunk has it; nil if the party does not speak it.
    @Apart public var ice: ICEDescription? = nil
    /// `a=mid`, which the other side repeats (RFC 5888 section 9).
    public var mid: SDPText?

    /// Payload types that one leg can have: as many as a flow maps.
    public static let formatLimit = 16

    /// A stream that asks for what the list names, to offer when there is no other party's offer.
    public init(formats: [RTPFormat], ptimeMicroseconds: UInt32? = 20_000) {
        self.index = 0
        self.port = 9
        self.rtcpMux = false
        self.direction = .sendrecv
        self.formats = formats
        self.ptimeMicroseconds = ptimeMicroseconds
        self.transport = .plainRTP
        self.security = StreamSecurity()
    }

    /// Reads the m= section at `index`, of which the policy says what counts.
    init(
        _ media: MediaDescription, at index: Int, of session: SessionDescription,
        policy: MediaSecurityPolicy
    ) throws(OfferAnswerError) {
        guard let profile = MediaProfile(media.transport) else { throw .notRTP }
        guard media.port != 0 else { throw .refused }
        self.index = index
        self.port = media.port
        self.direction = media.direction(in: session)
        self.formats = media.rtpFormats
        self.ptimeMicroseconds = media.ptimeMicroseconds
        self.maxptimeMicroseconds = media.maxptimeMicroseconds
        self.transport = media.transport.known
        self.mid = media.mid
        let muxedOnly = media.attributes.contains { $0.name.isLiteral("rtcp-mux-only") }
        self.rtcpMux = policy.rtcpMux != .off && (media.hasRTCPMux || muxedOnly)
        self.security = StreamSecurity(media, of: session, policy: policy)
        self.ice = policy.ice == .off ? nil : ICEDescription(media, of: session)
        let isOff = profile.isSecure && policy.srtp == .off
        if isOff || (self.security.isEmpty && (profile.isSecure || policy.srtp == .required)) {
            throw .noCommonSecurity(
                SecurityMismatch(
                    offered: StreamSecurity.names(media, of: session), allowed: policy.allowed))
        }
        if muxedOnly, !self.rtcpMux { throw .muxedRTCPOnly }
        try self.takeAddress(of: media, in: session)
    }

    /// With ICE an address that is not known yet is none, not a hold (RFC 8840 section 4.1.1), and
    /// one that would have to be resolved is not needed.
    private mutating func takeAddress(
        of media: MediaDescription, in session: SessionDescription
    ) throws(OfferAnswerError) {
        switch media.connection(in: session)?.host {
        case .unicast(let address): self.address = address
        case .held where self.ice != nil && self.port == 9, .name where self.ice != nil: break
        case .held: self.direction.receives = false
        case .name: throw .hostName
        case .multicast, .unusable, nil: throw .noAddress
        }
        if let port = media.rtcp?.port, port != self.port, Int(port) != Int(self.port) + 1 {
            self.rtcpPort = port
        }
        if self.port == .max, self.rtcpPort == nil, !self.rtcpMux { throw .noAddress }
    }

    /// The stream of an offer to anchor: the one at `preferred` if it will do, else the first that
    /// does. `filter` is what the party's trunk may use. Throws what is wrong with the best one.
    static func select(
        from session: SessionDescription, preferred: Int?, filter: CodecFilter,
        policy: MediaSecurityPolicy
    ) throws(OfferAnswerError) -> AudioStream {
        var order = session.media.indices.filter { $0 != preferred }
        if let preferred, session.media.indices.contains(preferred) {
            order.insert(preferred, at: 0)
        }
        var failure = OfferAnswerError.noAudio
        for index in order where session.media[index].isAudio && session.media[index].port != 0 {
            do throws(OfferAnswerError) {
                var stream = try AudioStream(
                    session.media[index], at: index, of: session, policy: policy)
                stream.formats = limited(stream.formats.filter(filter.allows)).exact
                guard stream.canTalk else { throw OfferAnswerError.noCommonCodec }
                return stream
            } catch {
                // The one that got furthest tells most.
                switch failure {
                case .noAudio, .notRTP, .noCommonSecurity: failure = error
                default: break
                }
            }
        }
        throw failure
    }

    /// True if media can go between the party and our address: both are of one IP version. An
    /// answer checks it too; asking as soon as ports are reserved saves the other party's ringing.
    public func fits(_ ours: IPAddress) -> Bool {
        self.address.map { $0.isIPv4 == ours.isIPv4 } ?? true
    }

    /// True if there is a format that carries speech.
    var canTalk: Bool { self.formats.contains { !$0.isAuxiliary } }

    /// At most `formatLimit` formats, telephone events kept before rare codecs.
    static func limited(_ formats: [RTPFormat]) -> [RTPFormat] {
        guard formats.count > self.formatLimit else { return formats }
        let events = formats.filter(\.isAuxiliary).prefix(4)
        let rest = formats.filter { !$0.isAuxiliary }.prefix(self.formatLimit - events.count)
        return Array(rest) + Array(events)
    }
}
