// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPDialog
import SIPMessage
import SIPTransaction

extension Call {
    /// The call as it is now.
    var checkpointValue: CallCheckpoint {
        CallCheckpoint(
            id: self.id, stage: self.stage, users: self.users, startedAt: self.startedAt,
            answeredAt: self.answeredAt, status: UInt16(clamping: self.status),
            a: self.checkpoint(of: self.legs.a), b: self.checkpoint(of: self.legs.b),
            exchange: self.exchangeCheckpoint,
            rekey: self.rekey.map {
                CallCheckpoint.Rekey(
                    side: $0.side, sent: $0.sent.checkpoint, purpose: $0.purpose)
            }, media: self.media.withoutDigits, tenant: self.tenant, record: self.recordCheckpoint)
    }

    /// A call that is being set up ends with the process: nothing will be offered on its legs.
    private func checkpoint(of leg: Leg) -> CallCheckpoint.Leg {
        leg.checkpoint(
            self.stage == .settingUp
                ? OfferAnswerLeg.Snapshot(sessionID: leg.session.sessionID) : leg.session.snapshot)
    }

    private var stage: CallCheckpoint.Stage {
        switch self.state {
        case .settingUp: .settingUp
        case .up: .up
        case .ending, .over: .ending
        }
    }

    private var exchangeCheckpoint: CallCheckpoint.Exchange? {
        let exchange: Exchange
        switch self.state {
        case .settingUp(let setup): exchange = setup.exchange
        case .up(let open?): exchange = open
        case .up, .ending, .over: return nil
        }
        var isCancelled = false
        if case .cancelled = exchange.phase { isCancelled = true }
        return CallCheckpoint.Exchange(
            from: exchange.from,
            received: (self.transfers.attempt?.refer ?? exchange.request).checkpoint,
            sent: exchange.sent?.checkpoint, isCancelled: isCancelled)
    }
}

extension ReceivedRequest {
    var checkpoint: CallCheckpoint.Message {
        CallCheckpoint.Message(bytes: self.message.bytes, hop: self.source.withoutConnection)
    }
}

extension SentInvite {
    var checkpoint: CallCheckpoint.Message {
        CallCheckpoint.Message(bytes: self.message.bytes, hop: self.hop.withoutConnection)
    }
}

extension Hop {
    /// Connections end with the process that has them.
    var withoutConnection: Hop {
        Hop(listener: self.listener, transport: self.transport, remote: self.remote)
    }
}

extension Leg {
    func checkpoint(_ session: OfferAnswerLeg.Snapshot) -> CallCheckpoint.Leg {
        var isOpen = true
        if case .closed = self.end { isOpen = false }
        return CallCheckpoint.Leg(
            trunk: self.trunk.name, hop: self.hop.withoutConnection, localTag: self.localTag,
            dialog: self.dialog, session: session, isOpen: isOpen,
            answer: self.awaitingAck.map {
                CallCheckpoint.Answer(
                    received: $0.request.checkpoint, response: $0.response,
                    carriesOffer: $0.carriesOffer)
            },
            ackOwed: self.ackOwed,
            ack: self.sentAck.map {
                CallCheckpoint.Ack(
                    sequence: $0.sequence, branch: $0.branch,
                    message: $0.branch.isEmpty
                        ? CallCheckpoint.Message(
                            bytes: $0.bytes, hop: $0.hop.withoutConnection) : nil)
            },
            outstanding: self.outstanding?.sent.checkpoint, security: self.trunk.security,
            keys: self.keys, peer: self.peer, sessionTimer: self.sessionTimer,
            leastExpires: self.leastExpires, due: self.due, label: self.listener.label)
    }
}
