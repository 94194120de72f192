// SPDX-License-Identifier: Apache-2.0

import Admission
import NetworkAddress
import SDP
import Sharing
import SIPMessage
import SIPTransaction

// Where a new call may go, and what an INVITE to there needs of the node.
extension CallEngine {
    /// The caller, as far as media ports depend on it.
    struct Caller {
        @Shared var trunk: TrunkSettings
        /// What it offered.
        let stream: AudioStream?
        /// Where its INVITE came from.
        let source: IPAddress
    }

    // MARK: Places

    /// Of the trunks that take one more call the places; the first trunk's refusal where none does.
    func admittedPlaces(
        _ trunks: [TrunkSettings], from origin: TrunkSettings, at source: IPAddress,
        _ kind: CallKind, label: [UInt8] = []
    ) -> Result<[CallPlace], CallRefusal> {
        var refusal: AdmissionRefusal?
        var open: [TrunkSettings] = []
        for trunk in trunks {
            let why = self.context.admission.refusal(
                from: origin.name, to: trunk.name, kind, source: source, now: self.context.now)
            if let why {
                refusal = refusal ?? why
            } else {
                open.append(trunk)
            }
        }
        if open.isEmpty, let refusal { return .failure(self.refusal(refusal, origin)) }
        let registered = open.filter { !self.context.unregistered.contains($0.name) }
        guard !registered.isEmpty else {
            self.context.counters.notRegistered &+= 1
            return .failure(CallRefusal(.noPeer, Reply(503)))
        }
        let reachable = kind.isEmergency ? registered : registered.filter { !$0.isOutOfReach }
        guard !reachable.isEmpty else {
            self.context.counters.refusedNoPeer &+= 1
            return .failure(CallRefusal(.noPeer, Reply(503)))
        }
        let places = self.context.places(
            reachable, isEmergency: kind.isEmergency, label: label)
        guard places.isEmpty else { return .success(places) }
        self.context.counters.noTargets &+= 1
        return .failure(CallRefusal(.noPeer, Reply(503)))
    }

    // MARK: Footing

    /// Reserves ports for a call to a place and makes its offer; nothing is held where that fails.
    func footing(_ place: CallPlace, _ caller: Caller) -> Result<Footing, CallRefusal> {
        let wishes = (a: Self.callerWish(caller), b: Self.calleeWish(place.trunk, caller.stream))
        guard let ports = self.ports.reserve(wishes.a, wishes.b) else {
            self.context.counters.refusedNoPort &+= 1
            var reply = Reply(503)
            reply.retryAfter = self.context.retryAfterSeconds()
            return .failure(CallRefusal(.noCapacity, reply))
        }
        let footing = self.footing(place, caller.stream, ports)
        if case .failure = footing { self.release(ports) }
        return footing
    }

    private func footing(
        _ place: CallPlace, _ stream: AudioStream?, _ ports: (a: MediaPort, b: MediaPort)
    ) -> Result<Footing, CallRefusal> {
        var session = self.context.session(place.trunk)
        do throws(OfferAnswerError) {
            let offered = stream ?? Self.ownOffer(place.trunk)
            let offer = try offered.map { stream throws(OfferAnswerError) in
                try session.makeOffer(from: stream, local: ports.b.rtp)
            }
            return .success(Footing(ports: ports, session: session, offer: offer))
        } catch {
            return .failure(self.refusal(error))
        }
    }

    /// What a trunk that wants an offer gets where the caller made none.
    private static func ownOffer(_ trunk: TrunkSettings) -> AudioStream? {
        trunk.interworking.offers == .early ? AudioStream(formats: trunk.formats.ownFormats) : nil
    }

    func release(_ ports: (a: MediaPort, b: MediaPort)) {
        self.ports.release(ports.a)
        self.ports.release(ports.b)
    }

    /// The caller's media is of the family that it offers. Its party is told apart by its checks,
    /// or by where it says that it receives: two lite agents use that as well.
    static func callerWish(_ caller: Caller) -> PortWish {
        let address = caller.stream?.address
        var wish = PortWish(caller.trunk.realm, isIPv4: (address ?? caller.source).isIPv4)
        guard let stream = caller.stream else { return wish }
        if let ice = stream.ice, !ice.isLite {
            wish.mark = .ice
        } else if !caller.trunk.learnSource, let address, address.takesMedia {
            wish.mark = .address(
                SocketAddress(address: address, port: stream.port), rtcpPort: stream.rtcpPort,
                rtcpMux: stream.rtcpMux)
        }
        return wish
    }

    /// The callee's is of the family of its signalling. Where it receives is not known when our
    /// offer has to name a port: only its checks can tell it apart.
    static func calleeWish(_ trunk: TrunkSettings, _ stream: AudioStream?) -> PortWish {
        var wish = PortWish(trunk.realm, isIPv4: trunk.peer.remote.address.isIPv4)
        let offersICE = stream != nil && trunk.security.ice == .lite
        if offersICE, !trunk.learnSource { wish.mark = .ice }
        return wish
    }

    // MARK: The next candidate

    /// Sends the INVITEs that searches ask for, until none does.
    func continueSearches() {
        while let (id, candidate) = self.context.searching.popLast() {
            guard let call = self.calls[id], let place = call.search?.place(candidate) else {
                continue
            }
            switch self.footing(place, of: call) {
            case .success(let footing): call.attempt(place, footing)
            case .failure(let refusal): call.search(.unusable(status: refusal.reply.status))
            }
        }
    }

    /// As for a new call, but with what the call has, as far as that fits the place.
    private func footing(_ place: CallPlace, of call: Call) -> Result<Footing, CallRefusal> {
        guard case .settingUp(let setup) = call.state, let search = call.search else {
            return .failure(CallRefusal(.refused, Reply(500)))
        }
        let admitted = self.context.admission.move(
            call.token, to: place.trunk.name, now: self.context.now)
        guard case .success(let token) = admitted else {
            return .failure(CallRefusal(.noCapacity, Reply(503)))
        }
        call.token = token
        let before = Self.calleeWish(call.legs.b.trunk, search.stream)
        let held = (a: call.legs.a.port, b: call.legs.b.port)
        if before == Self.calleeWish(place.trunk, search.stream) {
            return self.footing(place, search.stream, held)
        }
        // Its leg will take a place beside one that has a port already.
        guard call.transfers.attempt == nil else {
            self.context.counters.refusedNoPort &+= 1
            return .failure(CallRefusal(.noCapacity, Reply(503)))
        }
        let caller = Caller(
            trunk: call.legs.a.$trunk, stream: search.stream,
            source: setup.exchange.request.source.remote.address)
        let footing = self.footing(place, caller)
        if case .success = footing { self.release(held) }
        return footing
    }
}
