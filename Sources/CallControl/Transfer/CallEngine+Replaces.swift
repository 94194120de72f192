// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import Routing
import SDP
import SIPDialog
import SIPMessage
import SIPTransaction
import Tenancy

// Dialogs that are named to be replaced: by an INVITE with Replaces (RFC 3891), or in the URI of a
// REFER.
extension CallEngine {
    /// A dialog of ours that somebody names.
    struct NamedDialog {
        let call: Call
        /// The party that is to be left.
        let leaving: Side
        /// The party that is to be talked with.
        var staying: Side { self.leaving.other }
    }

    // MARK: INVITE

    /// An INVITE that takes the place of a party: 200, and the party's dialog ends.
    func replacing(_ request: ReceivedRequest, from origin: TrunkIndex) {
        let trunk = self.context.configuration.trunks[Int(origin.value)]
        if let reply = self.context.extensionRefusal(request.message, trunk) {
            return self.turnAway(request, from: origin, CallRefusal(.refused, reply))
        }
        switch self.replaced(request.message, by: trunk) {
        case .failure(let refusal):
            self.turnAway(request, from: origin, CallRefusal(.refused, Reply(refusal.status)))
        case .success(let named):
            do throws(OfferAnswerError) {
                if let refusal = try self.replace(named, by: request, trunk) {
                    self.turnAway(request, from: origin, refusal)
                }
            } catch {
                self.turnAway(request, from: origin, self.refusal(error))
            }
        }
    }

    private struct Unreplaced: Error { let status: Int }

    /// The leg that an INVITE replaces, by the rules of RFC 3891 section 3.
    private func replaced(
        _ message: SIPMessage, by trunk: TrunkSettings
    ) -> Result<NamedDialog, Unreplaced> {
        let values = message.lines(.replaces)
        guard values.count == 1, let value = values.first, message.first(.join) == nil,
            let dialog = ReplacedDialog(value: value)
        else { return .failure(Unreplaced(status: 400)) }
        guard trunk.transfer.replaces != .refuse else { return .failure(Unreplaced(status: 403)) }
        guard let (leg, call) = self.named(dialog.receiving),
            self.isSameTenant(message, trunk, call.legs[leg.side])
        else { return .failure(Unreplaced(status: 481)) }
        let isDerived = trunk.derivedLabel(calledBy: message) != nil
        let isOwn =
            isDerived
            ? trunk.shares(call.legs[leg.side]) : call.legs[leg.side].trunk.name == trunk.name
        guard isOwn || trunk.transfer.replaces == .any else {
            return .failure(Unreplaced(status: 403))
        }
        switch call.state {
        // An early dialog that we did not begin.
        case .settingUp: return .failure(Unreplaced(status: 481))
        case .ending, .over: return .failure(Unreplaced(status: 603))
        case .up: break
        }
        guard call.legs[leg.side].isOpen else { return .failure(Unreplaced(status: 603)) }
        guard !dialog.isEarlyOnly else { return .failure(Unreplaced(status: 486)) }
        guard call.transfers.current == nil else { return .failure(Unreplaced(status: 491)) }
        guard call.transfers.count < CallTransfers.countMax else {
            self.context.counters.transferChains &+= 1
            return .failure(Unreplaced(status: 403))
        }
        return .success(NamedDialog(call: call, leaving: leg.side))
    }

    /// An INVITE that calls a tenant's derived trunk names dialogs of that tenant only: those of
    /// others are not there for it.
    private func isSameTenant(_ message: SIPMessage, _ trunk: TrunkSettings, _ leg: Leg) -> Bool {
        guard trunk.tenancy.lookup == .host, let label = trunk.derivedLabel(calledBy: message)
        else { return true }
        return ASCII.equalsIgnoringCase(label, leg.listener.label)
    }

    /// Gives the refusal of an INVITE that takes no place.
    private func replace(
        _ named: NamedDialog, by request: ReceivedRequest, _ trunk: TrunkSettings
    ) throws(OfferAnswerError) -> CallRefusal? {
        let stays = named.call.legs[named.staying]
        guard var stream = stays.session.relayed,
            let listener = self.context.configuration.listener(request.source.listener)
        else { throw .outOfTurn }
        let settings = self.context.settings.trunk(trunk)
        stream.direction = .sendrecv
        let payload = Payload(request.message)
        if case .unsupported = payload {
            return CallRefusal(.refused, Reply(415))
        }
        var session = self.context.session(trunk)
        let offered = try self.stream(of: payload, &session)
        let wish = Self.callerWish(
            Caller(trunk: settings, stream: offered, source: request.source.remote.address))
        let spare = PortWish(stays.trunk.realm, isIPv4: stays.port.rtp.address.isIPv4)
        guard let ports = self.ports.reserve(wish, spare, beside: stays.port) else {
            self.context.counters.refusedNoPort &+= 1
            var reply = Reply(503)
            reply.retryAfter = self.context.retryAfterSeconds()
            return CallRefusal(.noCapacity, reply)
        }
        do throws(OfferAnswerError) {
            let description =
                offered == nil
                ? try session.makeOffer(from: stream, local: ports.a.rtp)
                : try session.makeAnswer(from: stream, local: ports.a.rtp)
            var caller = Leg(
                trunk: settings,
                listener: self.context.settings.listener(
                    listener, for: trunk, label: named.call.legs[named.leaving].listener.label),
                hop: request.source, localTag: self.context.identifiers.tag(),
                session: session, port: ports.a)
            caller.peer.learn(from: request.message)
            let nobody = try self.standIn(for: stays, stream, ports.b)
            let made = self.make(
                nil, Call.Legs(a: caller, b: nobody), request.message, of: named.call.tenant)
            guard made.acceptReplacing(request, description, carriesOffer: offered == nil) else {
                made.finish(.rejected)
                return nil
            }
            self.context.counters.replacements &+= 1
            self.replace(named.call, named.leaving, by: made, .a)
            self.context.touched = named.call.reference(named.leaving)
            named.call.align([named.staying])
            return nil
        } catch {
            self.ports.release(ports.a)
            self.ports.release(ports.b)
            throw error
        }
    }

    // MARK: REFER

    /// The call of ours whose dialog a REFER of this trunk names, in either of two ways: as the
    /// box has it with the trunk (who sends the REFER knows no other), or as the box has it with
    /// the party behind. Only its own calls can be named by a trunk, and on a trunk that many
    /// tenants share only those of the tenant whose call the REFER is in.
    func named(_ dialog: ReplacedDialog, by asking: Leg) -> NamedDialog? {
        if let (leg, call) = self.named(dialog.receiving), asking.trunk.shares(call.legs[leg.side]),
            asking.isSameTenant(call.legs[leg.side])
        {
            return NamedDialog(call: call, leaving: leg.side)
        }
        if let (leg, call) = self.named(dialog.sending) {
            let behind = call.legs[leg.side.other]
            if asking.trunk.shares(behind), asking.isSameTenant(behind) {
                return NamedDialog(call: call, leaving: leg.side.other)
            }
        }
        return nil
    }

    /// Two calls of one party become one of the other two (RFC 5589 section 7): nobody is called.
    func join(
        _ call: Call, _ side: Side, with named: NamedDialog, _ request: ReceivedRequest,
        isSilent: Bool
    ) {
        let other = named.call
        guard other !== call, other.transfers.current == nil,
            other.transfers.count < CallTransfers.countMax
        else { return self.refuse(request, 403) }
        guard
            self.ports.areTogether(
                call.legs[side.other].port, other.legs[named.staying].port)
        else { return self.refuse(request, 503) }
        if named.leaving == .a, other.mayBeAdopted {
            call.acceptRefer(side, request, isSilent: isSilent)
            call.link(with: other)
            call.transfers.current = Transfer(side: side, attempt: other.id)
            other.adopt(
                TransferAttempt(call: call.id, side: side, refer: request, uri: nil))
            return
        }
        guard case .up(nil) = other.state, !other.isExchangeOpen, other.rekey == nil,
            other.legs.a.isOpen, other.legs.b.isOpen
        else { return self.refuse(request, 491) }
        call.acceptRefer(side, request, isSilent: isSilent)
        self.replace(call, side, by: other, named.staying)
        call.align([side, side.other])
    }
}

extension TrunkSettings {
    /// A leg is this trunk's own; those of a service with derived trunks are one trunk to it,
    /// whatever set their calls go by: a tenant may be called by one and call by the other.
    fileprivate func shares(_ leg: Leg) -> Bool {
        if leg.trunk.name == self.name { return true }
        guard let service = self.tenancy.service, service.hasDerivedTrunks else { return false }
        return leg.trunk.tenancy.service == service && !leg.listener.label.isEmpty
    }
}

extension Leg {
    fileprivate func isSameTenant(_ other: Leg) -> Bool {
        self.trunk.tenancy.lookup != .host
            || ASCII.equalsIgnoringCase(self.listener.label, other.listener.label)
    }
}

extension Call {
    /// Answers the INVITE of somebody who takes another party's place; false if that cannot be.
    func acceptReplacing(
        _ request: ReceivedRequest, _ description: SessionDescription, carriesOffer: Bool
    ) -> Bool {
        let tag = self.legs.a.localTag
        for side in Side.allCases { self.register(self.legs[side].localTag, side) }
        let bytes = self.dialogResponse(
            200, to: request, tag: tag, carrying: nil, .success,
            description: description.serialise())
        let dialog = try? Dialog(
            server: request.message, localTag: tag, state: .confirmed,
            overTLS: request.source.transport == .tls)
        guard let bytes, let dialog else {
            self.refuse(Reply(400), request)
            return false
        }
        self.legs.a.dialog = dialog
        self.legs.a.awaitingAck = Leg.AwaitingAck(
            request: request, sequence: dialog.remoteSequence ?? 0, response: bytes,
            carriesOffer: carriesOffer)
        if let server = request.server {
            self.context.servers[server] = self.reference(.a)
            self.emit(.tag(server, tag))
        }
        self.status = 200
        self.noteAnswer()
        self.context.counters.callsAnswered &+= 1
        self.updateMedia()
        self.checkpoint()
        self.context.respond(200, bytes, to: request)
        return true
    }
}
