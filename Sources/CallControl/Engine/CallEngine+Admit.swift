// SPDX-License-Identifier: Apache-2.0

import Admission
import NetworkAddress
import Routing
import SDP
import SIPDialog
import SIPMessage
import SIPTransaction

// A new call: every reason not to take it, and then its beginning. Nothing is held before the last
// of them is passed, except the ports while the callee's offer is written.
extension CallEngine {
    /// What a new call needs to know before it exists.
    private struct Plan {
        let request: ReceivedRequest
        let forwardsLeft: Int
        let trunks: (a: TrunkSettings, b: TrunkSettings)
        let listeners: (a: ListenerSettings, b: ListenerSettings)
        /// The caller's session with its offer, if it made one.
        var session: OfferAnswerLeg
        let stream: AudioStream?
    }

    func invite(_ request: ReceivedRequest, from origin: TrunkIndex) {
        switch self.plan(request, from: origin) {
        case .failure(let refusal): self.context.respond(refusal.reply, to: request)
        case .success(let plan): self.admit(plan)
        }
    }

    private struct Refusal: Error { let reply: Reply }

    private func plan(
        _ request: ReceivedRequest, from origin: TrunkIndex
    ) -> Result<Plan, Refusal> {
        let forwards = (try? request.message.maxForwards()) ?? 70
        guard forwards > 0 else {
            self.context.counters.tooManyHops &+= 1
            return .failure(Refusal(reply: Reply(483)))
        }
        let offer = Payload(request.message)
        if case .unsupported = offer { return .failure(Refusal(reply: Reply(415))) }
        let probe = try? Dialog(
            server: request.message, localTag: [], state: .early, overTLS: false)
        guard probe != nil else { return .failure(Refusal(reply: Reply(400))) }
        guard let target = self.route(request.message, from: origin) else {
            self.context.counters.noRoutes &+= 1
            return .failure(Refusal(reply: Reply(404)))
        }
        let configuration = self.context.configuration
        let trunks = (a: configuration.trunks[Int(origin.value)], b: target)
        guard let a = configuration.listener(request.source.listener),
            let b = configuration.listener(target.listener)
        else { return .failure(Refusal(reply: Reply(500))) }
        if let refusal = self.context.admission.refusal(from: trunks.a.name, to: trunks.b.name) {
            return .failure(self.refusal(refusal))
        }
        var session = self.context.session(trunks.a)
        do throws(OfferAnswerError) {
            let stream = try self.stream(of: offer, &session)
            return .success(
                Plan(
                    request: request, forwardsLeft: forwards - 1, trunks: trunks,
                    listeners: (a, b), session: session, stream: stream))
        } catch {
            return .failure(self.refusal(error))
        }
    }

    func stream(
        of payload: Payload, _ session: inout OfferAnswerLeg
    ) throws(OfferAnswerError) -> AudioStream? {
        guard let bytes = payload.description else { return nil }
        guard let description = try? SessionDescription.parse(bytes) else { throw .noAudio }
        return try session.receiveOffer(description).stream
    }

    func route(_ message: SIPMessage, from origin: TrunkIndex) -> TrunkSettings? {
        let configuration = self.context.configuration
        let number = CalledNumber(requestURI: message.requestURI)
        guard let index = configuration.routes.trunk(for: number, from: origin),
            configuration.trunks.indices.contains(Int(index.value))
        else { return nil }
        return configuration.trunks[Int(index.value)]
    }

    private func admit(_ plan: Plan) {
        let wish = Self.calleeWish(plan.trunks.b, offersMedia: plan.stream != nil)
        let callerWish = Self.callerWish(plan.trunks.a, plan.stream, from: plan.request.source)
        guard let ports = self.ports.reserve(callerWish, wish) else {
            self.context.counters.refusedNoPort &+= 1
            var reply = Reply(503)
            reply.retryAfter = self.context.retryAfterSeconds()
            return self.context.respond(reply, to: plan.request)
        }
        var session = self.context.session(plan.trunks.b)
        do throws(OfferAnswerError) {
            var offer: SessionDescription?
            if let stream = plan.stream {
                offer = try session.makeOffer(from: stream, local: ports.b.rtp)
            }
            let admitted = self.context.admission.admit(
                from: plan.trunks.a.name, to: plan.trunks.b.name)
            guard let token = try? admitted.get() else { throw .outOfTurn }
            self.start(plan, ports, session, token, offer: offer)
        } catch {
            self.ports.release(ports.a)
            self.ports.release(ports.b)
            self.context.respond(self.refusal(error).reply, to: plan.request)
        }
    }

    /// The caller's media is of the family that it offers. Its party is told apart by its checks,
    /// or by where it says that it receives: two lite agents use that as well.
    static func callerWish(
        _ trunk: TrunkSettings, _ stream: AudioStream?, from source: Hop
    ) -> PortWish {
        let address = stream?.address
        var wish = PortWish(trunk.realm, isIPv4: (address ?? source.remote.address).isIPv4)
        guard let stream else { return wish }
        if let ice = stream.ice, !ice.isLite {
            wish.mark = .ice
        } else if !trunk.learnSource, let address, address.takesMedia {
            wish.mark = .address(
                SocketAddress(address: address, port: stream.port), rtcpPort: stream.rtcpPort,
                rtcpMux: stream.rtcpMux)
        }
        return wish
    }

    /// The callee's is of the family of its signalling. Where it receives is not known when our
    /// offer has to name a port: only its checks can tell it apart.
    static func calleeWish(_ trunk: TrunkSettings, offersMedia: Bool) -> PortWish {
        var wish = PortWish(trunk.realm, isIPv4: trunk.peer.remote.address.isIPv4)
        let offersICE = offersMedia && trunk.security.ice == .lite
        if offersICE, !trunk.learnSource { wish.mark = .ice }
        return wish
    }

    private func start(
        _ plan: Plan, _ ports: (a: MediaPort, b: MediaPort), _ session: OfferAnswerLeg,
        _ token: AdmissionToken, offer: SessionDescription?
    ) {
        let message = plan.request.message
        var id = self.context.identifiers.call()
        while self.calls[id] != nil { id = self.context.identifiers.call() }
        var a = Leg(
            trunk: plan.trunks.a, listener: plan.listeners.a, hop: plan.request.source,
            localTag: self.context.identifiers.tag(), session: plan.session, port: ports.a)
        a.methods = PartyMethods(message)
        let b = Leg(
            trunk: plan.trunks.b, listener: plan.listeners.b, hop: plan.trunks.b.peer,
            localTag: self.context.identifiers.tag(), session: session, port: ports.b)
        let from = (try? message.from())?.uri ?? []
        let birth = Call.Birth(
            id: id, token: token, calling: Array(AddressRewriter.user(of: from)),
            called: Array(AddressRewriter.user(of: message.requestURI)),
            startedAt: self.context.now, legs: Call.Legs(a: a, b: b))
        let call = Call(birth, context: self.context, state: .up(nil))
        self.calls[id] = call
        self.context.counters.callsAdmitted &+= 1
        call.begin(plan.request, forwardsLeft: plan.forwardsLeft, offer: offer)
    }

    private func refusal(_ error: OfferAnswerError) -> Refusal {
        self.context.count(error)
        var reply = Reply(488)
        reply.warning = (error.warningCode, error.text)
        return Refusal(reply: reply)
    }

    /// A condition of the node passes, so the caller may come back; a trunk's limit is an
    /// agreement.
    private func refusal(_ refusal: AdmissionRefusal) -> Refusal {
        var reply = Reply(503)
        if refusal.isTemporary {
            self.context.counters.refusedTemporarily &+= 1
            reply.retryAfter = self.context.retryAfterSeconds()
        } else {
            self.context.counters.refusedByTrunkLimit &+= 1
        }
        return Refusal(reply: reply)
    }
}

extension CallConfiguration {
    func listener(_ index: ListenerIndex) -> ListenerSettings? {
        self.listeners.first { $0.index == index }
    }
}
