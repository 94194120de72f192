// SPDX-License-Identifier: Apache-2.0

import CallControl
import FlowABI
import MediaPlanning
import NetworkAddress

/// Sessions to flows.
extension FlowProgrammer {
    /// Gives each leg an identity that lacks one, plans, and wishes both flows.
    func plan(_ session: MediaSession) throws(MediaSessionError) {
        guard let current = self.sessions[session] else { throw .badSession }
        let a = try self.identity(current.a, current.intent.a)
        current.a = a
        self.claim(a, session, .a)
        let b = try self.identity(current.b, current.intent.b)
        current.b = b
        self.claim(b, session, .b)
        let plan: MediaPlan
        do throws(MediaPlanError) {
            plan = try MediaPlan(
                current.intent, a: a, b: b, settings: self.configuration.media,
                dscp: (self.dscp(current.intent.a), self.dscp(current.intent.b)))
        } catch {
            throw .plan(error)
        }
        current.isAnnounced = false
        self.desire(plan.a, session, .a)
        self.desire(plan.b, session, .b)
        // Both wishes stand before either is acted on: one may have to wait for the other.
        for flow in [plan.a.flow, plan.b.flow] {
            if let entry = self.table?.entries[flow.index] { self.enqueue(entry) }
        }
        self.settle(session)
    }

    /// Sets what a flow shall be, but for a key set whose use nobody knows any more.
    private func desire(_ planned: PlannedFlow, _ session: MediaSession, _ leg: MediaLeg) {
        guard let entry = self.table?.entries[planned.flow.index],
            let current = self.sessions[session]
        else { return }
        entry.usedKeyID = (leg == .a ? current.keys.a : current.keys.b).used
        entry.desired = planned
        self.withholdSpent(entry, session, leg)
    }

    /// Takes a key set from a wish if its indexes may have been used up to nobody knows where.
    func withholdSpent(_ entry: FlowEntry, _ session: MediaSession, _ leg: MediaLeg) {
        guard let wanted = entry.desired?.keys?.keyID, let current = self.sessions[session] else {
            return
        }
        let keys = leg == .a ? current.keys.a : current.keys.b
        guard wanted <= keys.lost || keys.spent.contains(wanted) else { return }
        entry.desired?.keys = nil
        self.spent(wanted, session, leg)
    }

    /// An entry must wait until its peer has its flag: packets would leave there in the clear.
    func isHeld(_ entry: FlowEntry, _ command: FlowCommand) -> Bool {
        guard let peer = self.peer(of: entry), peer.isExposed else { return false }
        return PlannedFlow.opens(command, hasKeys: entry.hasKeys)
    }

    /// The entry of a flow's peer, where that is a flow of ours.
    func peer(of entry: FlowEntry) -> FlowEntry? {
        guard let flow = entry.desired?.specification.peer,
            let peer = self.table?.entries[flow.index], peer.flow == flow
        else { return nil }
        return peer
    }

    private func dscp(_ leg: MediaIntent.Leg) -> UInt8 {
        self.dscpOf[AddressIndex(leg.local.addressIndex)] ?? 0
    }

    private func identity(
        _ known: LegIdentity?, _ leg: MediaIntent.Leg
    ) throws(MediaSessionError) -> LegIdentity {
        if let known { return known }
        guard let worker = self.table?.geometry.worker(ofPort: leg.local.rtp.port),
            let file = self.link.fastPath
        else { throw .fastPathAway }
        guard let index = self.table?.freeIndex(worker), let occupant = file.occupant(index) else {
            self.counters.flowsExhausted &+= 1
            throw .noFlow
        }
        return self.randomIdentity(
            FlowID(index: index, generation: occupant.generation.next), leg.local)
    }

    /// Makes the entry of a leg's flow, if there is none.
    private func claim(_ identity: LegIdentity, _ session: MediaSession, _ leg: MediaLeg) {
        guard self.table?.entries[identity.flow.index] == nil else { return }
        self.table?.entries[identity.flow.index] = FlowEntry(
            flow: identity.flow, owner: (session, leg), desired: nil, installed: .none)
    }

    /// Wants a flow no more, and queues it if that is something to do.
    func unwish(_ index: FlowIndex) {
        guard let entry = self.table?.entries[index] else { return }
        entry.desired = nil
        self.enqueue(entry)
    }

    /// Queues a flow, unless it stands there or waits for an answer (which looks again).
    func enqueue(_ entry: FlowEntry) {
        guard !entry.isQueued, !entry.isInFlight else { return }
        if entry.isSettled, !entry.hasDigits {
            // Nothing there, nothing wished: the index is free again.
            if entry.desired == nil {
                self.noteLastDrops(entry)
                self.table?.free(entry.flow.index)
            }
            return
        }
        // A held one is looked at again when its peer has got an answer.
        if let command = entry.command, self.isHeld(entry, command) { return }
        guard let worker = self.table?.geometry.worker(of: entry.flow.index).value,
            worker < self.queues.count
        else { return }
        entry.isQueued = true
        self.queues[Int(worker)].append(entry)
    }

    /// Tells whoever waits when a session has got what it wants.
    func settle(_ session: MediaSession) {
        guard let current = self.sessions[session] else { return }
        let (a, b) = (self.entry(current.a), self.entry(current.b))
        if current.isEnding {
            guard a == nil, b == nil else { return }
            let figures = self.statistics(session)
            self.sessions[session] = nil
            self.outcomes.append(.ended(session, a: figures.a, b: figures.b))
        } else if !current.isAnnounced, let a, let b, a.desired != nil, b.desired != nil,
            a.isSettled, b.isSettled
        {
            current.isAnnounced = true
            self.outcomes.append(.installed(session))
        }
    }

    func entry(_ identity: LegIdentity?) -> FlowEntry? {
        guard let flow = identity?.flow, let entry = self.table?.entries[flow.index],
            entry.flow == flow
        else { return nil }
        return entry
    }

    /// Drops a session without an outcome. Flows that may be installed go by their queue.
    func forget(_ session: MediaSession) {
        guard let current = self.sessions.removeValue(forKey: session) else { return }
        for flow in [current.a?.flow, current.b?.flow].compactMap(\.self) {
            self.abandon(flow.index)
        }
    }

    func abandon(_ index: FlowIndex) {
        if let entry = self.table?.entries[index] { self.noteLastDrops(entry) }
        self.table?.entries[index]?.owner = nil
        self.unwish(index)
    }

    // MARK: A leg that moves to another port becomes another flow

    private func hasMoved(_ before: MediaIntent.Leg, _ after: MediaIntent.Leg) -> Bool {
        before.local != after.local
    }

    /// Takes the identity from legs whose local port changed; planning gives them new ones.
    func retireMovedLegs(_ session: MediaSession, _ before: Session) {
        guard let current = self.sessions[session] else { return }
        // Another flow is another SSRC, and so another stream under its keys.
        if self.hasMoved(before.intent.a, current.intent.a) {
            current.a = nil
            current.keys.a.used = 0
            current.keys.a.lost = 0
        }
        if self.hasMoved(before.intent.b, current.intent.b) {
            current.b = nil
            current.keys.b.used = 0
            current.keys.b.lost = 0
        }
    }

    /// Undoes `retireMovedLegs`, and drops identities that a failed plan had given.
    func restoreLegs(_ session: MediaSession, _ before: Session) {
        guard let after = self.sessions[session] else { return }
        for (old, new) in [(before.a, after.a), (before.b, after.b)] {
            if let new, new.flow != old?.flow { self.abandon(new.flow.index) }
        }
        after.a = before.a
        after.b = before.b
        after.keys = before.keys
    }

    /// Removes the flows of legs that have another one now.
    func removeRetired(_ session: MediaSession, _ before: Session) {
        guard let after = self.sessions[session] else { return }
        for (old, new) in [(before.a, after.a), (before.b, after.b)] {
            if let old, old.flow != new?.flow { self.abandon(old.flow.index) }
        }
    }
}
