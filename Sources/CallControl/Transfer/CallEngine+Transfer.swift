// SPDX-License-Identifier: Apache-2.0

import Admission
import NetworkAddress
import Routing
import SDP
import SIPDialog
import SIPMessage
import SIPTransaction

// What concerns two calls: one is made because another asks for it, and its leg takes a place
// there. Done at the end of each input, so that no call looks at another one in the middle of
// something.
extension CallEngine {
    /// Does what calls have asked for meanwhile.
    func takeSteps() {
        while !self.context.steps.isEmpty {
            let steps = self.context.steps
            self.context.steps = []
            for step in steps { self.take(step) }
        }
    }

    private func take(_ step: TransferStep) {
        switch step {
        case .refer(let leg, let request, let refer): self.refer(leg, request, refer)
        case .progress(let id, let status):
            self.context.testCalls[id]?.provisional = status
            self.waiting(for: id)?.transferProgressed(status: status)
        case .answered(let id): self.answered(id)
        case .failed(let id, let status):
            self.context.testCalls[id]?.status = status
            self.waiting(for: id)?.transferFailed(status: status)
        case .abandoned(let id):
            self.calls[id]?.end(.cancelled, status: 487, reason: Self.abandonedReason)
        case .lost(let refer): self.lost(refer)
        }
    }

    private static var abandonedReason: String {
        "SIP;cause=487;text=\"Transfer abandoned\""
    }

    /// The call that another one is made for, if it still waits for it.
    private func waiting(for id: CallIdentifier) -> Call? {
        guard let waiting = self.calls[id]?.transfers.attempt?.call,
            let call = self.calls[waiting], call.transfers.current?.attempt == id
        else { return nil }
        return call
    }

    /// After a restart who sent the REFER learns that nothing comes of it.
    private func lost(_ refer: SIPMessage) {
        guard let key = DialogKey(receivedRequest: refer), let (leg, call) = self.leg(key),
            let request = try? ReferRequest(refer), !request.isSilent, !call.isEnding
        else { return }
        let sequence = (try? refer.cseq())?.number
        call.legs[leg.side].subscription = ReferSubscription(id: sequence, seconds: 0)
        call.tell(leg.side, 503)
    }

    // MARK: REFER

    /// How the new party is called.
    private struct Course {
        /// Where it may be reached, in the order in which that is tried; at least one.
        let places: [CallPlace]
        let isEmergency: Bool
        /// Back to where the REFER came from, with the very URI that it names.
        let isReturn: Bool
        /// Whose call it is.
        let tenant: CallTenant?
    }

    private func refer(_ leg: LegReference, _ request: ReceivedRequest, _ refer: ReferRequest) {
        guard let call = self.calls[leg.call], case .up = call.state,
            call.transfers.current == nil
        else { return self.refuse(request, 491) }
        let trunk = call.legs[leg.side].trunk
        if let named = refer.replaces.flatMap({ self.named($0, by: call.legs[leg.side]) }) {
            return self.join(call, leg.side, with: named, request, isSilent: refer.isSilent)
        }
        if trunk.transfer.refer == .pass { return call.passRefer(leg.side, request, refer) }
        let forwards = (try? request.message.maxForwards()) ?? 70
        guard forwards > 0 else { return self.refuse(request, 483) }
        let course = self.course(refer, from: trunk, at: request.source.remote.address, of: call)
        guard let course else { return self.refuse(request, 404) }
        guard !course.places.isEmpty else { return self.refuse(request, 503) }
        if course.isReturn, let label = course.tenant?.label {
            self.context.expectReturn(to: refer.uri[...], of: label, trunk)
        }
        self.begin(call, leg.side, request, refer, course, forwardsLeft: forwards - 1)
    }

    func refuse(_ request: ReceivedRequest, _ status: Int) {
        self.context.counters.transfersRefused &+= 1
        self.context.respond(Reply(status), to: request)
    }

    /// A URI whose host is the peer's own goes back to it, whatever else it says; any other one is
    /// routed like the Request-URI of a call from that trunk. Back there it is the tenant's whose
    /// leg asked, whatever number it names.
    private func course(
        _ refer: ReferRequest, from trunk: TrunkSettings, at source: IPAddress, of call: Call
    ) -> Course? {
        let configuration = self.context.configuration
        let own = configuration.trunks.firstIndex { $0.name == trunk.name }
        let current = own.map { configuration.trunks[$0] } ?? trunk
        if let host = refer.host, current.isHost(host) {
            let places = self.admittedPlaces(
                [current], from: trunk, at: source, .normal, label: call.tenant?.label ?? [])
            return Course(
                places: (try? places.get()) ?? [], isEmergency: false, isReturn: true,
                tenant: call.tenant)
        }
        guard let own, let origin = UInt16(exactly: own) else {
            self.context.counters.noRoutes &+= 1
            return nil
        }
        let number = CalledNumber(requestURI: refer.uri[...])
        let kind = self.kind(of: number, from: current)
        let normalised = current.interworking.numbers.normalised(number)
        let found =
            current.tenancy.service == nil
            ? self.context.tenancy(calling: normalised, from: current)
            : TenantDecision(tenant: call.tenant)
        let tenancy = self.context.straight(found, current, kind)
        let trunks = self.destinations(normalised, from: TrunkIndex(origin), tenancy)
        guard case .success(let trunks) = trunks else { return nil }
        let places = self.admittedPlaces(
            trunks, from: trunk, at: source, kind, label: tenancy.tenant?.label ?? [])
        return Course(
            places: (try? places.get()) ?? [], isEmergency: kind.isEmergency, isReturn: false,
            tenant: tenancy.tenant)
    }

    private func begin(
        _ call: Call, _ side: Side, _ request: ReceivedRequest, _ refer: ReferRequest,
        _ course: Course, forwardsLeft: Int
    ) {
        guard var stream = call.legs[side.other].session.relayed, let place = course.places.first
        else { return self.refuse(request, 488) }
        // Whoever asked may have put the call on hold before; the new party is not meant by it.
        stream.direction = .sendrecv
        let port = call.legs[side].port
        let own = PortWish(
            call.legs[side].trunk.realm, isIPv4: port.rtp.address.isIPv4)
        let wish = Self.calleeWish(place.trunk, stream)
        guard let ports = self.ports.reserve(own, wish, beside: port) else {
            self.context.counters.refusedNoPort &+= 1
            return self.refuse(request, 503)
        }
        do throws(OfferAnswerError) {
            var session = self.context.session(place.trunk)
            let offer = try session.makeOffer(from: stream, local: ports.b.rtp)
            let callee = Leg(
                trunk: place.$trunk, listener: place.$listener, hop: place.trunk.peer,
                localTag: self.context.identifiers.tag(), session: session, port: ports.b)
            let caller = try self.standIn(for: call.legs[side], stream, ports.a)
            guard let invite = self.invite(for: call.legs[side], refer, caller) else {
                throw .outOfTurn
            }
            var attempt = TransferAttempt(
                call: call.id, side: side, refer: request, uri: course.isReturn ? refer.uri : nil)
            if course.isReturn { attempt.referredBy = refer.referredBy }
            attempt.replaces = refer.replaces?.bytes
            let made = self.make(
                attempt, Call.Legs(a: caller, b: callee), invite, of: course.tenant)
            call.link(with: made)
            call.transfers.current = Transfer(side: side, attempt: made.id)
            call.acceptRefer(side, request, isSilent: refer.isSilent)
            let search = CallSearch(
                course.places, stream: stream, forwardsLeft: forwardsLeft,
                mark: self.context.identifiers.loops.mark(invite, from: caller.trunk),
                uri: Array(invite.requestURI), isEmergency: course.isEmergency)
            made.begin(
                ReceivedRequest(server: nil, message: invite, source: request.source), search,
                offer: offer)
        } catch {
            self.ports.release(ports.a)
            self.ports.release(ports.b)
            self.context.count(error)
            self.refuse(request, 488)
        }
    }

    /// The caller of a call that the box makes: nobody's leg, with an offer that stands for the
    /// party's that will be connected.
    func standIn(
        for leg: Leg, _ stream: AudioStream, _ port: MediaPort
    ) throws(OfferAnswerError) -> Leg {
        var writer = OfferAnswerLeg(sessionID: self.context.identifiers.sessionID())
        var session = OfferAnswerLeg(sessionID: self.context.identifiers.sessionID())
        var plain = stream
        plain.security = StreamSecurity()
        _ = try session.receiveOffer(try writer.makeOffer(from: plain, local: port.rtp))
        var caller = Leg(
            trunk: leg.$trunk, listener: leg.$listener, hop: leg.hop,
            localTag: self.context.identifiers.tag(), session: session, port: port)
        caller.end = .closed
        return caller
    }

    /// The INVITE that the other party would have sent if it called the new one by itself.
    private func invite(
        for leg: Leg, _ refer: ReferRequest, _ caller: Leg
    ) -> SIPMessage? {
        guard let dialog = leg.dialog,
            let party = try? NameAddr(dialog.localParty[...])
        else { return nil }
        var builder = SIPMessageBuilder(request: .invite, uri: refer.uri)
        builder.add(
            .via, leg.listener.via(branch: self.context.identifiers.branch()))
        let name = Array(party.displayName)
        let from =
            (name.isEmpty ? [] : name + [0x20]) + [0x3c] + Array(party.uri) + [0x3e]
        builder.add(.from, from + Array(";tag=".utf8) + self.context.identifiers.tag())
        builder.add(.to, [0x3c] + refer.uri + [0x3e])
        builder.add(.callID, self.context.identifiers.callID(at: leg.listener.host))
        builder.add(.cSeq, "1 INVITE")
        return try? SIPMessage.parse(builder.finish(), framing: .stream)
    }

    /// A call between such a leg and a real one.
    func make(
        _ attempt: TransferAttempt?, _ legs: Call.Legs, _ invite: SIPMessage,
        of tenant: CallTenant?
    ) -> Call {
        var id = self.context.identifiers.call()
        while self.calls[id] != nil { id = self.context.identifiers.call() }
        let token = self.context.admission.restore(
            from: legs.a.trunk.name, to: legs.b.trunk.name)
        let from = (try? invite.from())?.uri ?? []
        let birth = Call.Birth(
            id: id, token: token,
            users: CallUsers(
                calling: AddressRewriter.user(of: from),
                called: AddressRewriter.user(of: invite.requestURI)),
            startedAt: self.context.now, legs: legs, tenant: tenant)
        let call = Call(birth, context: self.context, state: .up(nil))
        call.transfers.attempt = attempt
        self.calls[id] = call
        self.context.counters.callsAdmitted &+= 1
        return call
    }

    // MARK: The answer

    /// The party that was called for a transfer is there.
    private func answered(_ id: CallIdentifier) {
        guard let made = self.calls[id], let attempt = made.transfers.attempt else { return }
        guard attempt.call != nil else {
            self.context.testCalls[id]?.status = 200
            return
        }
        guard let call = self.waiting(for: id), case .up = call.state else {
            return made.end(.cancelled, reason: Self.abandonedReason)
        }
        call.transfers.current = nil
        self.replace(call, attempt.side, by: made, .b)
        call.align([attempt.side, attempt.side.other])
    }

    /// A leg of a call is replaced by the leg of another one, which ends.
    func replace(_ call: Call, _ side: Side, by other: Call, _ otherSide: Side) {
        call.releaseExchange(leaving: side)
        call.noteDeparture(side)
        call.link(with: other)
        call.exchangeLeg(side, with: other, otherSide)
        call.transfers.count += 1
        if call.tenant == nil { call.tenant = other.tenant }
        self.context.counters.transfersDone &+= 1
        other.tell(otherSide, 200)
        other.endAfterExchange()
        let token = call.token
        call.token = self.context.admission.restore(
            from: call.legs.a.trunk.name, to: call.legs.b.trunk.name)
        self.context.admission.release(token)
        call.mediaChanged()
        call.checkpoint()
    }
}

extension TrunkSettings {
    /// The host of a URI is the peer's own: its name, its address, or one of its targets.
    func isHost(_ host: Host) -> Bool {
        if let address = host.address {
            return address == self.peer.remote.address
                || self.targets.contains { $0.hop.remote.address == address }
        }
        return ASCII.equalsIgnoringCase(host.bytes, self.peerHost)
            || self.targets.contains { ASCII.equalsIgnoringCase(host.bytes, $0.host) }
    }
}
