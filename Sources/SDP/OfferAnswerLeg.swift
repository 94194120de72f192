// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress
public import Sharing

/// Our side of offer/answer (RFC 3264) with one party, as a value: the back-to-back user agent
/// has two, joined by their `AudioStream`s. One audio stream is anchored, every other m= line is
/// refused with port 0. Only formats, ptime and direction go from one party to the other. Keys, ICE
/// and rtcp-mux are each leg's own, by its policy; bundling and header extensions end here.
///
///     party A offers            a.receiveOffer -> stream   b.makeOffer(from: stream) -> to B
///     party B answers           b.receiveAnswer -> stream  a.makeAnswer(from: stream) -> to A
///
/// With a delayed offer (INVITE without SDP) B's 200 is the offer and A's ACK the answer: the same
/// calls with the legs swapped. A copy of the value is a fork's own state. A call that throws
/// changes nothing.
public struct OfferAnswerLeg: Sendable, Hashable {
    /// What we last told the party about the anchored stream.
    public struct Local: Sendable, Hashable {
        /// Where we receive RTP from the party.
        public var address: SocketAddress
        /// Position of the m= line.
        public var index: Int
        /// Formats with the payload types that the party sends to us.
        public var formats: [RTPFormat]
        /// As we see it.
        public var direction: Direction
        /// rtcp-mux: offered, or agreed in an answer.
        public var rtcpMux: Bool
        /// ptime that we asked for, microseconds.
        public var ptimeMicroseconds: UInt32?
        var maxptimeMicroseconds: UInt32?
        var transport: SDPText
        /// Our keys: those offered, or the one that was agreed.
        public var security = StreamSecurity()
        /// Our side of ICE; nil where we do not speak it.
        @Apart public var ice: ICEDescription? = nil
        var mid: SDPText?
    }

    /// Where the exchange stands.
    public enum Phase: Sendable, Hashable {
        /// No offer is open.
        case stable
        /// The party's offer waits for our answer.
        case offerReceived
        /// Our offer waits for the party's answer.
        case offerSent
    }

    /// An m= line as it must be repeated when it is refused.
    struct Slot: Sendable, Hashable {
        var kind: SDPText
        var transport: SDPText
        var formats: [SDPText]
        var mid: SDPText?

        init(_ media: MediaDescription) {
            self.mid = media.mid
            self.kind = media.kind.known
            self.transport = media.transport.known
            self.formats = media.formats.map(\.known)
        }

        /// Of our own m= line.
        init(_ local: Local) {
            self.mid = local.mid
            self.kind = .audio
            self.transport = local.transport
            self.formats = local.formats.map { SDPText(payloadType: $0.payloadType) }
        }
    }

    /// Where the exchange stands.
    public internal(set) var phase: Phase = .stable
    /// What both sides agreed last, ours; nil before the first answer.
    @Apart public internal(set) var local: Local?
    /// What both sides agreed last, the party's; nil before the first answer.
    @Apart public internal(set) var remote: AudioStream?

    /// What the party's trunk may use.
    let codecs: CodecFilter
    /// How the party's trunk protects media.
    let policy: MediaSecurityPolicy
    /// How descriptions for the party's trunk are written.
    public var descriptions = DescriptionPolicy()
    /// Our secrets, and what came of them; nil while there is nothing of the kind.
    @Apart private var securityState: SecurityState?
    /// Session identifier of our o= line.
    public let sessionID: UInt64
    var version: UInt64 = 0
    var originAddress: IPAddress?
    /// See `lastSent`; nil at rest.
    var keptText: [UInt8]?
    /// The text says `pendingLocal`: an offer of ours went out last.
    var isTextOfOffer = false
    /// The last description that went out is what was agreed on: no offer came to nothing since.
    var isLastAgreed = false
    /// See `slots`; none at rest.
    var keptSlots: [Slot] = []
    /// Description and m= lines follow from `local` and are not kept.
    var isAtRest = false
    /// What our numbers mean; they must not change their meaning (RFC 3264 section 8.3.2).
    var bindings = PayloadTypeBindings()
    @Apart var pendingOffer: AudioStream?
    /// The m= lines of the session before the open offer of the party.
    var formerSlots: [Slot]?
    @Apart var pendingLocal: Local?
    /// The agreed state came from the party's offer, so `remote` is all that it can do.
    var remoteOfferedLast = false

    /// A leg before its first exchange. `sessionID` is random; `codecs` and `policy` are what the
    /// trunk allows; `secrets` as `needsSecrets` says.
    public init(
        sessionID: UInt64, codecs: CodecFilter = .all, policy: MediaSecurityPolicy = .plain,
        secrets: LegSecrets? = nil
    ) {
        // Peers exist that keep it in a signed 64-bit number.
        self.sessionID = sessionID & (UInt64.max >> 1)
        self.codecs = codecs
        self.policy = policy
        self.security.secrets = secrets
    }

    /// Our secrets, and what came of them.
    var security: SecurityState {
        get { self.securityState ?? SecurityState() }
        set { self.securityState = newValue.isUntouched ? nil : newValue }
    }

    /// Forgets the open offer: its transaction failed, or it was cancelled. What was agreed
    /// before goes on (RFC 3261 section 14.1), and with it the offer of ours that was answered.
    public mutating func abandonOffer() {
        if let slots = self.formerSlots { self.slots = slots }
        self.formerSlots = nil
        // An offer that is repeated is the one that was answered.
        if self.phase == .offerSent, !self.isLastAgreed {
            self.pendingLocal = nil
            self.isTextOfOffer = false
        }
        self.phase = .stable
        self.pendingOffer = nil
        self.security.forgetRenewal()
    }
}
