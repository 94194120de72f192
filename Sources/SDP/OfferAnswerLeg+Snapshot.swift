// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress

extension OfferAnswerLeg {
    /// A leg taken apart, so that it can be kept outside the process and put together again.
    public struct Snapshot: Sendable, Hashable {
        /// Session identifier of our o= line.
        public var sessionID: UInt64
        /// Version of our o= line that went out last; 0: none did.
        public var version: UInt64
        /// Address of our o= line, which never changes.
        public var originAddress: IPAddress?
        /// Our own offers ask for rtcp-mux; they go on to where the policy lets them.
        public var offersRTCPMux: Bool
        /// Where the exchange stands.
        public var phase: Phase
        /// The agreed state came from the party's offer.
        public var remoteOfferedLast: Bool
        /// What went out last; nil also at rest.
        public var lastSent: [UInt8]?
        /// What went out last, and the one m= line, are as `local` says.
        public var isAtRest = false
        /// It says `pendingLocal`.
        public var isTextOfOffer = false
        /// It is what was agreed on.
        public var isLastAgreed = false
        /// What was agreed, ours.
        public var local: AudioStream?
        /// What was agreed, the party's.
        public var remote: AudioStream?
        /// Our offer that is open, or was answered last.
        public var pendingLocal: AudioStream?
        /// The party's offer that is open.
        public var pendingOffer: AudioStream?
        /// What the payload types of this leg mean.
        public var bindings: [RTPFormat]
        /// The m= lines of the session so far, each as it is repeated when it is refused: with
        /// `a=mid`, if it has one. None at rest.
        public var slots: [MediaDescription]
        /// Our secrets and what was agreed with them. Keys among them: keep it where keys may be.
        public var security = SecurityState()

        /// A leg that has sent and received nothing.
        public init(sessionID: UInt64) {
            self.sessionID = sessionID
            self.version = 0
            self.offersRTCPMux = false
            self.phase = .stable
            self.remoteOfferedLast = false
            self.bindings = []
            self.slots = []
        }
    }

    /// The leg as it is now; `codecs` and `policy` are configuration and left out.
    public var snapshot: Snapshot {
        var snapshot = Snapshot(sessionID: self.sessionID)
        snapshot.version = self.version
        snapshot.originAddress = self.originAddress
        snapshot.offersRTCPMux = [.required, .offer].contains(self.policy.rtcpMux)
        snapshot.phase = self.phase
        snapshot.remoteOfferedLast = self.remoteOfferedLast
        snapshot.isAtRest = self.isAtRest
        snapshot.lastSent = self.keptText
        snapshot.isTextOfOffer = self.isTextOfOffer
        snapshot.isLastAgreed = self.isLastAgreed
        snapshot.local = self.local.map { AudioStream($0) }
        snapshot.remote = self.remote
        snapshot.pendingLocal = self.pendingLocal.map(AudioStream.init)
        snapshot.pendingOffer = self.pendingOffer
        snapshot.bindings = self.bindings.formats
        snapshot.slots = self.keptSlots.map(Self.refused)
        snapshot.security = self.security
        return snapshot
    }

    /// A leg from its parts; nil if they contradict each other.
    public init?(
        _ snapshot: Snapshot, codecs: CodecFilter, policy: MediaSecurityPolicy = .plain
    ) {
        var policy = policy
        if snapshot.offersRTCPMux, policy.rtcpMux == .accept { policy.rtcpMux = .offer }
        self.init(sessionID: snapshot.sessionID, codecs: codecs, policy: policy)
        self.security = snapshot.security
        self.version = snapshot.version
        self.originAddress = snapshot.originAddress
        self.phase = snapshot.phase
        self.remoteOfferedLast = snapshot.remoteOfferedLast
        self.keptText = snapshot.lastSent
        self.isTextOfOffer = snapshot.isTextOfOffer
        self.isLastAgreed = snapshot.isLastAgreed
        self.keptSlots = snapshot.slots.map(Slot.init)
        self.local = snapshot.local.flatMap(Local.init)
        self.remote = snapshot.remote
        self.pendingLocal = snapshot.pendingLocal.flatMap(Local.init)
        self.pendingOffer = snapshot.pendingOffer
        self.bindings.bind(snapshot.bindings)
        if snapshot.isAtRest {
            guard let local = self.local, local.index == 0, local.ice == nil else { return nil }
            self.isAtRest = true
        }
        let slotCount = self.slots.count
        switch self.phase {
        case .stable: break
        case .offerSent: guard self.pendingLocal != nil else { return nil }
        case .offerReceived: guard self.pendingOffer != nil else { return nil }
        }
        guard (self.local != nil) == (snapshot.local != nil),
            (self.pendingLocal != nil) == (snapshot.pendingLocal != nil),
            self.local.map({ $0.index < slotCount }) ?? true
        else { return nil }
    }
}

extension AudioStream {
    /// Our own side of a stream in the same shape as a party's.
    init(_ local: OfferAnswerLeg.Local) {
        self.init(formats: local.formats, ptimeMicroseconds: local.ptimeMicroseconds)
        self.index = local.index
        self.address = local.address.address
        self.port = local.address.port
        self.rtcpMux = local.rtcpMux
        self.direction = local.direction
        self.maxptimeMicroseconds = local.maxptimeMicroseconds
        self.transport = local.transport
        self.security = local.security
        self.ice = local.ice
        self.mid = local.mid
    }
}

extension OfferAnswerLeg.Local {
    /// The reverse; nil for a stream without an address, which ours always has.
    init?(_ stream: AudioStream) {
        guard let address = stream.address, stream.index >= 0 else { return nil }
        self.init(
            address: SocketAddress(address: address, port: stream.port), index: stream.index,
            formats: stream.formats, direction: stream.direction, rtcpMux: stream.rtcpMux,
            ptimeMicroseconds: stream.ptimeMicroseconds,
            maxptimeMicroseconds: stream.maxptimeMicroseconds, transport: stream.transport,
            security: stream.security, ice: stream.ice, mid: stream.mid)
    }
}
