// SPDX-License-Identifier: Apache-2.0

import FlowABI
import MediaPlanning

/// Rings: commands out, events in.
extension FlowProgrammer {
    /// One step: attaches or shakes hands as far as that has got, reads what workers said, writes
    /// what waits. `nowNs` is CLOCK_MONOTONIC. Returns without waiting.
    public func poll(nowNs: UInt64) {
        self.nowNs = nowNs
        self.ports.advance(toNs: nowNs)
        self.apply(self.link.poll(nowNs: nowNs, matching: self.hasBegun))
        self.ports.isOpen = self.isServed(nowNs)
        guard self.link.state == .matched else { return }
        self.retryDigits()
        do throws(RingFault) {
            for (worker, channel) in self.link.channels.enumerated() {
                try self.read(channel, worker, nowNs)
                try self.write(channel, worker, nowNs)
                try self.readRecords(channel)
            }
        } catch {
            self.fault(error)
        }
    }

    /// Writes what waits, so that workers begin with it while the caller does other things.
    public func submit(nowNs: UInt64) {
        guard self.link.state == .matched else { return }
        self.nowNs = nowNs
        do throws(RingFault) {
            for (worker, channel) in self.link.channels.enumerated()
            where self.queues[worker].first != nil {
                try self.write(channel, worker, nowNs)
            }
        } catch {
            self.fault(error)
        }
    }

    /// Gives up rings whose other end cannot be believed, or is another process by now.
    func fault(_ fault: RingFault) {
        if fault != .peerRestarted { self.counters.faults &+= 1 }
        self.apply(self.link.fault(fault, nowNs: self.nowNs))
    }

    /// The fast path's process was there a moment ago. One that was killed leaves its file, and
    /// the handshake, as they were; only its heartbeat stands still.
    public func isServed(_ nowNs: UInt64, withinNs: UInt64 = heartbeatNsMax) -> Bool {
        guard self.link.state == .matched, let file = self.link.fastPath else { return false }
        let heartbeatNs = file.heartbeatNs
        return heartbeatNs == 0 || nowNs &- min(heartbeatNs, nowNs) <= withinNs
    }

    private func apply(_ change: FastPathLink.Change) {
        switch change {
        case .none: break
        case .attached: self.attached()
        case .matched: self.matched()
        case .lost: self.lost()
        }
    }

    private func write(
        _ channel: Channel, _ worker: Int, _ nowNs: UInt64
    ) throws(RingFault) {
        // Also on the way out: what is written before a fault is not published by anyone else.
        defer { channel.commands.publish() }
        while let entry = self.queues[worker].first {
            guard let command = entry.command else {
                self.unqueue(worker, entry)
                self.enqueue(entry)
                // A session may have ended before its flows were ever written.
                if let owner = entry.owner { self.settle(owner.session) }
                continue
            }
            if self.isHeld(entry, command) {
                self.unqueue(worker, entry)
                continue
            }
            guard let sequence = try channel.commands.write(command) else {
                self.counters.ringFull &+= 1
                return
            }
            self.unqueue(worker, entry)
            entry.send(towards: PlannedFlow.state(of: entry.planned, after: command))
            if case .keys(let keys) = command.operation { self.used(keys.keyID, entry) }
            if case .digits = command.operation { entry.digits.removeFirst() }
            self.sent[worker].append(
                Sent(sequence: sequence, command: command, entry: entry, timeNs: nowNs))
            self.counters.commands &+= 1
        }
    }

    private func unqueue(_ worker: Int, _ entry: FlowEntry) {
        self.queues[worker].removeFirst()
        entry.isQueued = false
    }

    private func read(
        _ channel: Channel, _ worker: Int, _ nowNs: UInt64
    ) throws(RingFault) {
        defer { channel.events.release() }
        // At most one ring's worth, whatever the other side claims to have written meanwhile.
        var left = self.table?.geometry.eventSlots ?? 0
        while left > 0, let event = try channel.events.next() {
            left -= 1
            switch event.kind {
            case .answer(let status, _):
                try channel.commands.answered(event.sequence)
                try self.answered(worker, event.sequence, status, nowNs)
            case .mediaTimeout(let silentMs):
                self.notified(event.flow) { .mediaTimeout($0, $1, silentMs: silentMs) }
            case .sourceLearned(let source):
                self.notified(event.flow) { .sourceLearned($0, $1, source) }
            case .pathSelected(let source, let isNominated):
                self.notified(event.flow) {
                    .pathSelected($0, $1, source, isNominated: isNominated)
                }
            case .digit(let digit):
                self.notified(event.flow) { .digit($0, $1, digit) }
            case .listed, .unknown:
                self.counters.strayEvents &+= 1
            }
        }
    }

    private func notified(
        _ flow: FlowID, _ outcome: (MediaSession, MediaLeg) -> MediaOutcome
    ) {
        guard let entry = self.table?.entries[flow.index], entry.flow == flow,
            let owner = entry.owner
        else {
            self.counters.strayEvents &+= 1
            return
        }
        self.outcomes.append(outcome(owner.session, owner.leg))
    }

    private func answered(
        _ worker: Int, _ sequence: UInt32, _ status: CommandStatus, _ nowNs: UInt64
    ) throws(RingFault) {
        guard let sent = self.sent[worker].popFirst(), sent.sequence == sequence else {
            throw .answer(sequence: sequence)
        }
        self.counters.measure(latencyNs: nowNs >= sent.timeNs ? nowNs - sent.timeNs : 0)
        let entry = sent.entry
        entry.arrive(isDone: status == .ok)
        let peer = self.peer(of: entry)
        if status == .ok {
            if case .add = sent.command.operation, entry.recordKeyID == nil { self.lost(entry) }
            if case .digits(let digits) = sent.command.operation {
                self.counters.digitsSent &+= UInt64(digits.events.count)
            }
            entry.recordKeyID = nil // it says what the record was before
            if entry.installed == .known { self.sendWaiting(entry) }
        } else {
            self.counters.refused &+= 1
            if status == .sharedFull { self.counters.sharedFull &+= 1 }
            self.refused(sent.command, status, entry)
        }
        self.enqueue(entry)
        if let peer, peer !== entry { self.enqueue(peer) } // it may have been held
        if let owner = entry.owner { self.settle(owner.session) }
    }

    /// Whatever becomes of the command: the indexes of this key set may be used from now on.
    private func used(_ keyID: UInt64, _ entry: FlowEntry) {
        entry.usedKeyID = max(entry.usedKeyID, keyID)
        guard let owner = entry.owner, let session = self.sessions[owner.session] else { return }
        let used = entry.usedKeyID
        if owner.leg == .a { session.keys.a.used = used } else { session.keys.b.used = used }
    }

    /// The flow has a fresh record, which knows of no key set that it had before.
    private func lost(_ entry: FlowEntry) {
        guard entry.usedKeyID != 0, let owner = entry.owner,
            let session = self.sessions[owner.session]
        else { return }
        let lost = entry.usedKeyID
        if owner.leg == .a { session.keys.a.lost = lost } else { session.keys.b.lost = lost }
        self.withholdSpent(entry, owner.session, owner.leg)
    }

    /// Nobody knows how far a key set was used: the flow goes without keys until there are others.
    private func spent(_ keyID: UInt64, _ entry: FlowEntry) {
        entry.recordKeyID = nil
        guard keyID != 0, entry.desired?.keys?.keyID == keyID else { return }
        entry.desired?.keys = nil
        if let owner = entry.owner { self.spent(keyID, owner.session, owner.leg) }
    }

    /// Notes and tells, once, that a leg's key set must not be used again.
    func spent(_ keyID: UInt64, _ session: MediaSession, _ leg: MediaLeg) {
        guard let current = self.sessions[session] else { return }
        let isNew =
            leg == .a
            ? current.keys.a.spent.insert(keyID).inserted
            : current.keys.b.spent.insert(keyID).inserted
        guard isNew else { return }
        self.counters.keySetsSpent &+= 1
        if !current.isEnding { self.outcomes.append(.keysSpent(session, leg, keyID: keyID)) }
    }

    /// A refusal changes nothing on the other side; here the wish that cannot be had is given up.
    private func refused(
        _ command: FlowCommand, _ status: CommandStatus, _ entry: FlowEntry
    ) {
        var isKept = false
        switch command.operation {
        case .remove:
            // There is nothing to remove, or nothing that this side could do about it.
            entry.vanish()
            return
        case .add(let specification):
            if status == .keysUsed, specification.keyID != 0 {
                self.spent(specification.keyID, entry)
                return
            }
            entry.desired = nil
            entry.vanish()
        case .modify:
            if status == .stale || status == .notFound { entry.vanish() }
            // A party that is where another leg's is on a shared port would never be heard.
            isKept = status != .sourceInUse && self.keep(entry)
            if !isKept { entry.desired = nil }
        case .keys(let keys) where status == .keysUsed:
            self.spent(keys.keyID, entry)
            return
        case .keys, .ice:
            if status == .stale || status == .notFound { entry.vanish() }
            entry.desired = nil
        case .dtmf:
            // The leg goes on without; whoever asked is told.
            if status == .stale || status == .notFound { entry.vanish() }
            entry.desired?.dtmf = entry.planned?.dtmf
            if let owner = entry.owner {
                self.outcomes.append(.digitsRefused(owner.session, owner.leg, status))
            }
            return
        case .digits(let digits):
            self.refused(digits, status, entry)
            return
        case .ping, .list:
            return
        }
        guard let owner = entry.owner, self.sessions[owner.session]?.isEnding == false else {
            return
        }
        self.outcomes.append(
            isKept
                ? .kept(owner.session, owner.leg, status)
                : .refused(owner.session, owner.leg, status))
    }

    /// After a refused change: goes on with what there is, under the keys that are agreed now. Not
    /// in the clear where it shall be secure, nor without anything: then the wish is given up.
    private func keep(_ entry: FlowEntry) -> Bool {
        guard let state = entry.planned, let desired = entry.desired,
            state.isSecure || !desired.isSecure
        else {
            entry.desired = nil
            return false
        }
        var kept = state
        if state.isSecure, let keys = desired.keys { kept.keys = keys }
        if state.specification.flags.contains(.ice), let ice = desired.ice { kept.ice = ice }
        entry.desired = kept
        return true
    }
}
