// SPDX-License-Identifier: Apache-2.0

import Admission
import NetworkAddress
import Routing
import SDP
import Sharing
import SIPDialog
import SIPMessage
import SIPTransaction
import Tenancy

// A new call: every reason not to take it, and then its beginning. Nothing is held before the last
// of them is passed, except the ports while the callee's offer is written.
extension CallEngine {
    /// What a new call needs to know before it exists.
    private struct Plan {
        let request: ReceivedRequest
        let forwardsLeft: Int
        let kind: CallKind
        /// What says of the INVITE that it has been here.
        let mark: [UInt8]
        @Shared var trunk: TrunkSettings
        @Shared var listener: ListenerSettings
        /// Where it may go, in the order in which that is tried.
        let places: [CallPlace]
        /// Whose call it is.
        let tenancy: TenantDecision
        /// The caller's session with its offer, if it made one.
        var session: OfferAnswerLeg
        let stream: AudioStream?
    }

    func invite(_ request: ReceivedRequest, from origin: TrunkIndex) {
        switch self.plan(request, from: origin) {
        case .failure(let refusal): self.turnAway(request, from: origin, refusal)
        case .success(let plan): self.admit(plan, from: origin)
        }
    }

    /// Max-Forwards that callers may give a call at most, that of RFC 3261 section 8.1.1.6: more
    /// only lets a loop last longer.
    private static var forwardsMax: Int { 70 }

    private func plan(
        _ request: ReceivedRequest, from origin: TrunkIndex
    ) -> Result<Plan, CallRefusal> {
        let forwards = (try? request.message.maxForwards()) ?? 70
        guard forwards > 0 else {
            self.context.counters.tooManyHops &+= 1
            return .failure(CallRefusal(.loop, Reply(483)))
        }
        let own = self.context.configuration.trunks[Int(origin.value)]
        if let reply = self.context.extensionRefusal(request.message, own) {
            return .failure(CallRefusal(.refused, reply))
        }
        let offer = Payload(request.message)
        if case .unsupported = offer { return .failure(CallRefusal(.refused, Reply(415))) }
        let trunk = own
        let probe = try? Dialog(
            server: request.message, localTag: [], state: .early,
            overTLS: request.source.transport == .tls)
        guard probe != nil else { return .failure(CallRefusal(.refused, Reply(400))) }
        let loops = self.context.identifiers.loops
        let mark = loops.mark(request.message, from: trunk)
        guard !loops.isLoop(request.message, mark) else {
            self.context.counters.loops &+= 1
            return .failure(CallRefusal(.loop, Reply(482)))
        }
        guard let listener = self.context.configuration.listener(request.source.listener) else {
            return .failure(CallRefusal(.refused, Reply(500)))
        }
        let way = self.way(of: request.message, from: origin, at: request.source.remote.address)
        if let refusal = way.refusal { return .failure(refusal) }
        var session = self.context.session(trunk)
        do throws(OfferAnswerError) {
            let stream = try self.stream(of: offer, &session)
            return .success(
                Plan(
                    request: request, forwardsLeft: min(forwards, Self.forwardsMax) - 1,
                    kind: way.kind, mark: mark, trunk: self.context.settings.trunk(trunk),
                    listener: self.context.settings.listener(
                        listener, for: trunk, label: way.tenancy.callerLabel),
                    places: way.places, tenancy: way.tenancy, session: session, stream: stream))
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

    /// Begins with the first place that this node can send the call to.
    private func admit(_ plan: Plan, from origin: TrunkIndex) {
        let caller = Caller(
            trunk: plan.$trunk, stream: plan.stream, source: plan.request.source.remote.address)
        var refusal = CallRefusal(.noCapacity, Reply(503))
        for (position, place) in plan.places.enumerated() {
            switch self.footing(place, caller) {
            case .failure(let why):
                if position == 0 { refusal = why }
            case .success(let footing):
                let admitted = self.context.admission.admit(
                    from: plan.trunk.name, to: place.trunk.name, plan.kind,
                    source: caller.source, now: self.context.now)
                if let token = try? admitted.get() {
                    return self.start(plan, position, footing, token)
                }
                self.release(footing.ports)
            }
        }
        self.turnAway(plan.request, from: origin, refusal)
    }

    private func start(
        _ plan: Plan, _ position: Int, _ footing: Footing, _ token: AdmissionToken
    ) {
        let places = Array(plan.places[position...])
        guard let place = places.first else { return }
        let message = plan.request.message
        var id = self.context.identifiers.call()
        while self.calls[id] != nil { id = self.context.identifiers.call() }
        let a = Leg(
            trunk: plan.$trunk, listener: plan.$listener, hop: plan.request.source,
            localTag: self.context.identifiers.tag(), session: plan.session,
            port: footing.ports.a)
        let b = Leg(
            trunk: place.$trunk, listener: place.$listener, hop: place.trunk.peer,
            localTag: self.context.identifiers.tag(), session: footing.session,
            port: footing.ports.b)
        let from = (try? message.from())?.uri ?? []
        let birth = Call.Birth(
            id: id, token: token,
            users: CallUsers(
                calling: plan.tenancy.shown?.number?.bytes[...] ?? AddressRewriter.user(of: from),
                called: AddressRewriter.user(of: message.requestURI)),
            startedAt: self.context.now, legs: Call.Legs(a: a, b: b),
            isEmergency: plan.kind.isEmergency, tenant: plan.tenancy.tenant)
        let call = Call(birth, context: self.context, state: .up(nil))
        self.calls[id] = call
        self.context.touched = call.reference(.a)
        self.context.counters.callsAdmitted &+= 1
        let search = CallSearch(
            places, stream: plan.stream, forwardsLeft: plan.forwardsLeft, mark: plan.mark,
            uri: Array(message.requestURI), isEmergency: plan.kind.isEmergency,
            shown: plan.tenancy.shown)
        call.begin(plan.request, search, offer: footing.offer)
        if plan.kind.isEmergency { self.admitted(emergency: call, token, plan.kind) }
    }

    func refusal(_ error: OfferAnswerError) -> CallRefusal {
        self.context.count(error)
        var reply = Reply(488)
        reply.warning = (error.warningCode, error.text)
        return CallRefusal(.incompatible, reply)
    }

    /// A condition of the node passes, so the caller may come back; a trunk's limit is an
    /// agreement.
    func refusal(_ refusal: AdmissionRefusal, _ trunk: TrunkSettings) -> CallRefusal {
        var reply = Reply(503)
        self.context.count(refusal)
        if refusal.isTemporary {
            reply.retryAfter = self.context.retryAfterSeconds()
            return CallRefusal(refusal.isDraining ? .draining : .noCapacity, reply)
        }
        reply.status = trunk.limits.refusalStatus
        reply.reason = (reply.status, refusal.text)
        return CallRefusal(.overLimit, reply)
    }
}

extension CallConfiguration {
    func listener(_ index: ListenerIndex) -> ListenerSettings? {
        self.listeners.first { $0.index == index }
    }
}
