// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress
public import Sharing

/// A realm by its position in the configuration (and in the fast path's file).
public struct RealmIndex: Sendable, Hashable {
    /// Position, from zero.
    public let value: UInt16
    /// From a position.
    public init(_ value: UInt16) { self.value = value }
}

/// Two legs that change places: each takes its port, its flow and what the flow has learned along.
public struct MediaExchange: Sendable, Hashable {
    /// A call, and its leg that goes.
    public let call: CallIdentifier
    /// The leg that goes.
    public let side: Side
    /// The other call.
    public let other: CallIdentifier
    /// The leg that comes.
    public let otherSide: Side

    /// From its parts.
    public init(call: CallIdentifier, side: Side, other: CallIdentifier, otherSide: Side) {
        self.call = call
        self.side = side
        self.other = other
        self.otherSide = otherSide
    }
}

/// What the media of one call has to be: the result of signalling, the input of media planning.
public struct MediaIntent: Sendable, Equatable {
    /// One leg's media.
    public struct Leg: Sendable, Equatable {
        /// Our side.
        public var local: MediaPort
        /// Where the party receives RTP; nil while nobody said.
        public var remote: SocketAddress?
        /// Where the party receives RTCP when that is neither the next port nor rtcp-mux.
        public var remoteRTCPPort: UInt16?
        /// RTCP shares the RTP port (RFC 5761).
        public var rtcpMux: Bool
        /// The party may send to us.
        public var receive: Bool
        /// We may send to the party.
        public var send: Bool
        /// Payload types that the party may send, each with the one that the other party gets.
        public var payloadTypes: [PayloadTypeMapping]
        /// RTP clock of the audio, Hz.
        public var clockRate: UInt32
        /// Packets a second that the party is expected to send (the budget is twice that).
        public var packetsPerSecond: UInt32
        /// UDP payload bits a second that the party is expected to send.
        public var bitsPerSecond: UInt32
        /// One other source than the signalled one may be learned; with ICE none ever is.
        public var learnSource: Bool
        /// SRTP is agreed. Without `security` its keys are still to come (DTLS), and nothing
        /// passes until they are there; never is such a leg's media in the clear.
        public var isSecure: Bool
        /// The keys; a leg that has any is secure.
        @Apart public var security: LegSecurity?
        /// The leg is an ICE-lite agent (RFC 8445); nil: it does not speak ICE.
        @Apart public var ice: LegICE?
        /// DTLS records of the party go to the control plane.
        public var dtls: Bool
        /// The handshake that the keys come from; nil while none is agreed on, though records may
        /// come before that (`dtls`). With `security` it is done.
        @Apart public var dtlsAgreement: LegDTLS?
        /// What the fast path does with digits; nil: it knows of none.
        @Apart public var dtmf: LegDigits?

        /// A leg with nothing known of its party.
        public init(local: MediaPort) {
            self.local = local
            self.remote = nil
            self.remoteRTCPPort = nil
            self.rtcpMux = false
            self.receive = false
            self.send = false
            self.payloadTypes = []
            self.clockRate = 8000
            self.packetsPerSecond = 50
            self.bitsPerSecond = 96_000
            self.learnSource = false
            self.isSecure = false
            self.dtls = false
        }
    }

    /// A payload type as it arrives and as it leaves on the other leg.
    public struct PayloadTypeMapping: Sendable, Hashable {
        /// As it arrives, 0 to 127.
        public var ingress: UInt8
        /// As it leaves on the other leg, 0 to 127.
        public var egress: UInt8
        /// From its parts.
        public init(ingress: UInt8, egress: UInt8) {
            self.ingress = ingress
            self.egress = egress
        }
    }

    /// Both legs.
    public struct Legs: Sendable, Equatable {
        /// The caller's leg.
        public var a: Leg
        /// The callee's leg.
        public var b: Leg

        /// One of the legs.
        public subscript(_ side: Side) -> Leg {
            get { side == .a ? self.a : self.b }
            set { if side == .a { self.a = newValue } else { self.b = newValue } }
        }
    }

    /// Both legs. One copy serves for who wants the media, who makes it, and all between them.
    @Shared public var legs: Legs

    /// From its legs.
    public init(a: Leg, b: Leg) { self.init(Legs(a: a, b: b)) }

    /// From both legs.
    public init(_ legs: Legs) { self._legs = Shared(legs) }

    /// The caller's leg.
    public var a: Leg {
        get { self.legs.a }
        set { self._legs = Shared(Legs(a: newValue, b: self.legs.b)) }
    }

    /// The callee's leg.
    public var b: Leg {
        get { self.legs.b }
        set { self._legs = Shared(Legs(a: self.legs.a, b: newValue)) }
    }

    /// One of the legs.
    public subscript(_ side: Side) -> Leg {
        get { side == .a ? self.a : self.b }
        set { if side == .a { self.a = newValue } else { self.b = newValue } }
    }

    /// True if both legs are the same.
    public static func == (left: MediaIntent, right: MediaIntent) -> Bool {
        left.legs == right.legs
    }
}
