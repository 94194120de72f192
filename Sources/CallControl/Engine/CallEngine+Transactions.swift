// SPDX-License-Identifier: Apache-2.0

import SIPDialog
import SIPMessage
public import SIPTransaction

// What the transaction layer reports.
extension CallEngine {
    /// Takes one output of the transaction layer; those that concern sockets and the layer's own
    /// timers change nothing.
    public func handle(_ output: TransactionOutput) {
        switch output {
        case .request(let id, let message, let hop): self.request(message, id, from: hop)
        case .ack(let message, let hop): self.ack(message, from: hop)
        case .cancel(let invite, let message): self.cancel(message, invite: invite)
        case .response(let id, let message): self.response(message, to: id)
        case .strayAnswer(let message): self.strayAnswer(message)
        case .timeout(let id): self.failed(id, status: 408)
        case .transportFailed(let id):
            if !self.context.fallBack(id) { self.failed(id, status: 503) }
        case .serverTimeout(let id): self.acknowledgementMissing(id)
        case .serverTransportFailed, .strayCancel: break
        case .terminated(let id): self.terminated(id)
        case .send, .startTimer, .stopTimer: break
        }
    }

    /// The transaction layer took a request of ours under this identifier.
    public func started(_ handle: RequestHandle, as id: ClientTransactionID) {
        self.context.started(handle, as: id)
    }

    /// The transaction layer did not take a request of ours: its limit is reached.
    public func refused(_ handle: RequestHandle) {
        guard let purpose = self.context.purpose(of: handle) else { return }
        self.context.forget(handle)
        if case .invite(let call) = purpose { self.calls[call]?.sentInvite = nil }
        self.failed(purpose, status: 503)
    }

    private func response(_ message: SIPMessage, to id: ClientTransactionID) {
        guard let status = message.status, let (handle, purpose) = self.context.purpose(of: id)
        else {
            self.context.counters.strays &+= 1
            return
        }
        if self.answerChallenge(message, status, handle, purpose) { return }
        switch purpose {
        case .invite(let call):
            if let ended = self.context.answered[call] {
                ended.answeredAgain(message, status: status)
            }
            self.withCall(call) { $0.inviteResponse(message, status: status) }
        case .abandoned(let invite):
            if (200...299).contains(status) { self.context.end(invite, message) }
        case .acknowledged(let ack):
            guard (200...299).contains(status) else { break }
            self.context.actions.append(.send(ack.bytes, ack.hop))
        case .reinvite(let leg):
            let owner = DialogKey(receivedResponse: message).flatMap { self.named($0) }
            defer { if let (now, call) = owner { call.noteAck(of: message, handle, now.side) } }
            // A 2xx that comes again after its leg went to another call is that call's.
            if (200...299).contains(status), let (now, _) = owner, now != leg {
                self.strayAnswer(message)
            } else {
                self.withCall(leg.call) { $0.reinviteResponse(leg.side, message, status: status) }
            }
        case .bye(let leg):
            if status >= 200 { self.withCall(leg.call) { $0.byeFinished(leg.side) } }
        case .refresh(let tag):
            self.withLeg(tag) { $0.refreshResponse($1, message, status: status) }
        case .audit(let tag): self.withLeg(tag) { $0.probeResponse($1, status: status) }
        case .digit(let tag):
            self.withLeg(tag) { $0.digitAnswered($1, status: status) }
        case .watch(let tag):
            self.withLeg(tag) { $0.watchAnswered($1, message, status: status) }
        case .notify(let leg):
            guard status >= 200 else { break }
            self.withCall(leg.call) { $0.notifyFinished(leg.side, status: status) }
        case .relayed(let request):
            self.context.relayResponse(message, status: status, to: request)
        case .probe(let peer, let sentAt):
            self.context.optionsAnswered(peer, sentAt: sentAt, message, status: status)
        case .discarded: break
        }
    }

    /// A 2xx again whose INVITE is forgotten, but not its call: our ACK was lost.
    private func strayAnswer(_ message: SIPMessage) {
        guard let key = DialogKey(receivedResponse: message), let (leg, call) = self.leg(key),
            let cseq = try? message.cseq()
        else {
            self.context.counters.strays &+= 1
            return
        }
        call.repeatAck(leg.side, sequence: cseq.number)
    }

    private func failed(_ id: ClientTransactionID, status: Int) {
        guard let (_, purpose) = self.context.purpose(of: id) else { return }
        self.failed(purpose, status: status)
    }

    private func failed(_ purpose: EngineContext.Purpose, status: Int) {
        switch purpose {
        case .invite(let call): self.withCall(call) { $0.inviteFailed(status: status) }
        case .reinvite(let leg):
            self.withCall(leg.call) { $0.reinviteFailed(leg.side, status: status) }
        case .bye(let leg): self.withCall(leg.call) { $0.byeFinished(leg.side) }
        case .refresh(let tag):
            self.withLeg(tag) { $0.refreshResponse($1, nil, status: status) }
        case .audit(let tag):
            self.withLeg(tag) {
                if status == 503 {
                    $0.probeUnsent($1)
                } else {
                    $0.probeResponse($1, status: status)
                }
            }
        case .digit(let tag):
            self.withLeg(tag) { $0.digitAnswered($1, status: status) }
        case .watch(let tag):
            self.withLeg(tag) { $0.watchAnswered($1, nil, status: status) }
        case .notify(let leg):
            self.withCall(leg.call) { $0.notifyFinished(leg.side, status: status) }
        case .relayed(let request):
            self.context.relayResponse(nil, status: status, to: request)
        case .probe(let peer, let sentAt):
            self.context.optionsFailed(peer, sentAt: sentAt, status: status)
        case .abandoned, .acknowledged, .discarded: break
        }
    }

    /// The leg with a tag of ours, in the call that it belongs to now.
    private func withLeg(_ tag: [UInt8], _ body: (Call, Side) -> Void) {
        guard let leg = self.context.tags[tag] else { return }
        self.withCall(leg.call) { body($0, leg.side) }
    }

    private func ack(_ message: SIPMessage, from hop: Hop) {
        guard let key = DialogKey(receivedRequest: message),
            let (leg, call) = self.leg(key), let cseq = try? message.cseq()
        else {
            self.context.counters.strays &+= 1
            return
        }
        call.acknowledged(leg.side, message, sequence: cseq.number)
        self.release()
    }

    private func cancel(_ message: SIPMessage, invite: ServerTransactionID) {
        guard let leg = self.context.servers[invite] else { return }
        self.withCall(leg.call) { $0.cancelled(by: message, invite: invite) }
    }

    private func acknowledgementMissing(_ id: ServerTransactionID) {
        guard let leg = self.context.servers[id] else { return }
        self.withCall(leg.call) { call in
            guard call.legs[leg.side].awaitingAck?.request.server == id else { return }
            call.acknowledgementMissing(leg.side)
        }
    }

    private func terminated(_ id: TransactionID) {
        switch id {
        case .server(let id): self.context.servers[id] = nil
        case .client(let id):
            if case .invite(let call)? = self.context.terminated(id) {
                self.calls[call]?.inviteIsOver()
                self.context.answered[call] = nil
            }
        }
    }

    /// The leg that a dialog belongs to: our tag names it, the rest has to fit. Before the answer
    /// the caller's leg has no dialog yet; its INVITE says what fits.
    func leg(_ key: DialogKey) -> (LegReference, Call)? {
        guard let found = self.named(key) else { return nil }
        self.context.touched = found.0
        return found
    }

    /// The same for a dialog that is only spoken of.
    func named(_ key: DialogKey) -> (LegReference, Call)? {
        guard let leg = self.context.tags[key.localTag], let call = self.calls[leg.call] else {
            return nil
        }
        if let dialog = call.legs[leg.side].dialog {
            guard dialog.key == key else { return nil }
            return (leg, call)
        }
        guard case .settingUp(let setup) = call.state else { return nil }
        if leg.side == .b {
            let isBranch = setup.forks.contains { $0.calleeDialog?.key == key }
            return isBranch ? (leg, call) : nil
        }
        guard
            let invite = InviteKey(setup.exchange.request.message),
            invite.callID == key.callID, invite.fromTag == key.remoteTag
        else { return nil }
        return (leg, call)
    }
}
