// SPDX-License-Identifier: Apache-2.0

public import Admission
public import NetworkAddress

// Timers, media events, and what operators ask for.
extension CallEngine {
    /// A timer that was asked for ran out.
    public func timerFired(_ timer: CallTimer) {
        switch timer {
        case .glare(let id): self.withCall(id) { $0.glareTimerFired() }
        case .targetSilent(let id): self.withCall(id) { $0.search(.timer(.silence)) }
        case .searchDeadline(let id): self.withCall(id) { $0.search(.timer(.deadline)) }
        case .ringing(let id): self.withCall(id) { $0.ringingTimedOut() }
        case .ending(let id): self.withCall(id) { $0.endingTimedOut() }
        case .provisional(let id, let branch):
            self.withCall(id) { $0.provisionalTimerFired(branch: Int(branch)) }
        case .session(let id, let side): self.withCall(id) { $0.sessionTimerFired(side) }
        case .audit(let id): self.withCall(id) { $0.auditTimerFired() }
        case .duration(let id): self.withCall(id) { $0.durationTimerFired() }
        case .goodbye(let id): self.withCall(id) { $0.goodbyeTimedOut() }
        case .keys(let id, let side): self.withCall(id) { $0.subscriptionExpired(side) }
        case .keyWatch(let id, let side): self.withCall(id) { $0.watchKeys(side, anew: true) }
        case .digit(let id, let side): self.withCall(id) { $0.sendNextDigit(side) }
        case .drain(let trunk): self.endCalls(of: trunk)
        case .peer(let number): self.context.peerTimerFired(number)
        }
    }

    // MARK: Media

    /// No media came from a party of the call for too long.
    public func mediaTimedOut(_ id: CallIdentifier) { self.withCall(id) { $0.mediaTimedOut() } }

    /// The fast path refused flows of the call, for good.
    public func mediaRefused(_ id: CallIdentifier) { self.withCall(id) { $0.mediaRefused() } }

    /// A party of the call receives where one of another call on the same shared port does: their
    /// media could not be told apart.
    public func mediaSourceInUse(_ id: CallIdentifier) {
        self.withCall(id) { $0.mediaSourceInUse() }
    }

    /// The fast path learned where a party really sends from.
    public func sourceLearned(_ id: CallIdentifier, _ side: Side, _ address: SocketAddress) {
        self.withCall(id) { $0.sourceLearned(address, side: side) }
    }

    /// Where media of a leg goes by ICE from now on; nominated by the party, or not yet.
    public func pathSelected(
        _ id: CallIdentifier, _ side: Side, _ address: SocketAddress, isNominated: Bool
    ) {
        self.withCall(id) {
            $0.legs[side].path = Leg.Path(address: address, isNominated: isNominated)
        }
    }

    /// The fast path cannot go on with the keys of a leg (it reports that they may have been used):
    /// its party is asked for a re-INVITE with others.
    public func mediaKeysLost(_ id: CallIdentifier, _ side: Side) {
        self.withCall(id) { $0.mediaKeysLost(side) }
    }

    /// The handshake of this number (`LegDTLS.association`) gave these keys.
    public func dtlsEstablished(
        _ id: CallIdentifier, _ side: Side, association: UInt32, keys: HandshakeKeys
    ) {
        self.withCall(id) { $0.dtlsEstablished(side, association: association, keys: keys) }
    }

    /// The party made a handshake that gave keys once more, and it gave others.
    public func dtlsRenewed(
        _ id: CallIdentifier, _ side: Side, association: UInt32, keys: HandshakeKeys
    ) {
        self.withCall(id) { $0.dtlsRenewed(side, association: association, keys: keys) }
    }

    /// The handshake of this number came to nothing, for this reason: the call ends. One of another
    /// number than the present one is not missed.
    public func dtlsFailed(
        _ id: CallIdentifier, _ side: Side, association: UInt32, reason: String
    ) {
        self.withCall(id) { $0.dtlsFailed(side, association: association, reason: reason) }
    }

    // MARK: Commands

    /// Refuses new calls of the node, or of one trunk, from now on. With a deadline what is left
    /// then is ended; without one calls end when they end.
    public func drainCalls(of trunk: TrunkName? = nil, deadlineMilliseconds: UInt32? = nil) {
        if let trunk {
            self.context.admission.drain(trunk)
        } else {
            self.context.admission.drainNode()
        }
        if let milliseconds = deadlineMilliseconds {
            self.context.actions.append(.startTimer(.drain(trunk), milliseconds: milliseconds))
        }
    }

    /// Says which new calls a trunk has part in; calls in progress go on.
    public func open(_ trunk: TrunkName, to intake: TrunkIntake) {
        self.context.admission.open(trunk, to: intake)
    }

    /// Takes new calls again.
    public func resumeCalls(of trunk: TrunkName? = nil) {
        if let trunk {
            self.context.admission.drain(trunk, false)
        } else {
            self.context.admission.drainNode(false)
        }
        self.context.actions.append(.stopTimer(.drain(trunk)))
    }

    /// Ends one call; false when there is none.
    public func endCall(_ id: CallIdentifier) -> Bool {
        guard self.calls[id] != nil else { return false }
        self.withCall(id) { $0.end(.operatorEnded, reason: Self.operatorReason) }
        return true
    }

    private func endCalls(of trunk: TrunkName?) {
        for (id, call) in self.calls.sorted(by: { $0.key.value < $1.key.value }) {
            let isMeant =
                trunk == nil || call.legs.a.trunk.name == trunk || call.legs.b.trunk.name == trunk
            if isMeant { self.withCall(id) { $0.end(.operatorEnded, reason: Self.operatorReason) } }
        }
    }

    private static var operatorReason: String {
        "SIP;cause=480;text=\"Ended by operator\""
    }

    /// Every live call, oldest first.
    public func listCalls() -> [CallSummary] {
        self.calls.values.map(\.summary).sorted {
            ($0.startedAt, $0.id.value) < ($1.startedAt, $1.id.value)
        }
    }

    /// Every live call as it is now: for an owner that lost what it kept of them.
    public var checkpoints: [CallCheckpoint] {
        self.calls.values.sorted { $0.id.value < $1.id.value }.map(\.checkpointValue)
    }

    /// The trunks that a live call joins.
    public func trunks(of id: CallIdentifier) -> (from: TrunkName, to: TrunkName)? {
        self.calls[id].map { ($0.legs.a.trunk.name, $0.legs.b.trunk.name) }
    }

    /// What is kept of a live call so far; nil: it is over, or being ended.
    public func record(of id: CallIdentifier) -> CallRecord? {
        guard let call = self.calls[id], !call.isEnding else { return nil }
        return call.record(nil)
    }

    /// One live call.
    public func call(_ id: CallIdentifier) -> CallSummary? { self.calls[id]?.summary }
}
