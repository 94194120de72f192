// SPDX-License-Identifier: Apache-2.0

import Admission
import SIPMessage
import SIPTransaction

// What is known of the peers, and our OPTIONS to them.
extension EngineContext {
    /// Follows the targets of every trunk of the configuration.
    func followTargets() {
        for index in self.configuration.trunks.indices { self.followTargets(ofTrunkAt: index) }
        let names = Set(self.configuration.trunks.map(\.name))
        self.forget(self.peers.keepOnly(names))
    }

    /// Follows the targets of one trunk.
    func followTargets(ofTrunkAt index: Int) {
        let trunk = self.configuration.trunks[index]
        let policy = PeerHealth.Policy(
            intervalMilliseconds: UInt64(trunk.optionsSeconds) * 1000)
        let spread = min(policy.intervalMilliseconds, Self.spreadMillisecondsMax)
        let spreads = trunk.targets.map { _ in spread == 0 ? 0 : self.identifiers.below(spread) }
        let gone = self.peers.follow(
            trunk.targets, of: trunk.name, policy, now: self.now, spreads: spreads)
        self.forget(gone)
        self.apply(toTrunkAt: index)
        for entry in self.peers.peers(of: trunk.name) { self.schedule(entry.number) }
    }

    /// The first OPTIONS of a node's peers do not all leave at once.
    private static var spreadMillisecondsMax: UInt64 { 5000 }

    private func forget(_ gone: [PeerNumber]) {
        for number in gone { self.actions.append(.stopTimer(.peer(number))) }
    }

    /// Writes what is known into the targets of the trunk, which new calls look at.
    private func apply(toTrunkAt index: Int) {
        var targets = self.configuration.trunks[index].targets
        for entry in self.peers.peers(of: self.configuration.trunks[index].name) {
            for position in targets.indices
            where targets[position].isSamePlace(as: entry.target) {
                targets[position].state = entry.health.state
            }
        }
        self.configuration.trunks[index].adopt(targets)
    }

    /// Something happened to a peer: its state is written where it is read, its timer set.
    func notice(_ number: PeerNumber, _ body: (inout PeerHealth) -> Void) {
        guard let entry = self.peers.entries[number] else { return }
        let due = entry.health.dueAt
        if self.peers.change(number, body) {
            self.counters.peerChanges &+= 1
            let index = self.configuration.trunks.firstIndex { $0.name == entry.trunk }
            if let index { self.apply(toTrunkAt: index) }
        }
        // Most of what is noticed, as the answer of a peer that is up, moves nothing.
        if self.peers.entries[number]?.health.dueAt != due { self.schedule(number) }
    }

    private func schedule(_ number: PeerNumber) {
        guard let due = self.peers.entries[number]?.health.dueAt else {
            self.actions.append(.stopTimer(.peer(number)))
            return
        }
        // A timer a little early would only be set again.
        let wait = UInt32(clamping: max(due &- min(due, self.now), 1))
        self.actions.append(.startTimer(.peer(number), milliseconds: wait))
    }

    /// The timer of a peer ran out.
    func peerTimerFired(_ number: PeerNumber) {
        var sends = false
        self.notice(number) { health in sends = health.advance(self.now) }
        self.schedule(number)
        if sends, let entry = self.peers.entries[number] { self.sendOptions(entry) }
    }

    // MARK: OPTIONS

    /// OPTIONS to a peer (RFC 3261 section 11.1): outside of any dialog, from us and not from a
    /// caller.
    private func sendOptions(_ entry: PeerMonitor.Entry) {
        let target = entry.target
        guard let trunk = self.configuration.trunks.first(where: { $0.name == entry.trunk }),
            let listener = self.configuration.listener(target.hop.listener)?.named(for: trunk)
        else { return }
        let branch = self.identifiers.branch()
        let uri =
            Array("sip:".utf8) + target.hostPort + target.hop.transport.uriParameter
        var builder = SIPMessageBuilder(request: .options, uri: uri)
        builder.add(.via, listener.via(branch: branch))
        builder.add(.maxForwards, 70)
        builder.add(
            .from,
            Array("<sip:".utf8) + listener.hostPort + Array(">;tag=".utf8) + self.identifiers.tag())
        builder.add(.to, Array("<sip:".utf8) + target.hostPort + Array(">".utf8))
        builder.add(.callID, self.identifiers.callID(at: listener.host))
        builder.add(.cSeq, CSeq(number: 1, method: .options).bytes)
        builder.add(.contact, listener.contact())
        builder.add(.allow, AllowedMethods.value(trunk))
        builder.add(.accept, "application/sdp")
        if !self.configuration.product.isEmpty {
            builder.add(.userAgent, self.configuration.product)
        }
        self.counters.optionsSent &+= 1
        _ = self.send(
            .options, builder.finish(), branch: branch, to: target.hop,
            for: .probe(entry.number, sentAt: self.now))
    }

    /// A response to an OPTIONS of ours.
    func optionsAnswered(
        _ number: PeerNumber, sentAt: Milliseconds, _ message: SIPMessage, status: Int
    ) {
        guard status >= 200 else { return }
        self.counters.optionsAnswered &+= 1
        let retryAfter = self.retryAfter(message)
        self.notice(number) {
            $0.probeAnswered(
                status: status, retryAfterSeconds: retryAfter, sentAt: sentAt, now: self.now)
        }
    }

    /// An OPTIONS of ours came to nothing: 408 for no answer, 503 where it could not be sent.
    func optionsFailed(_ number: PeerNumber, sentAt: Milliseconds, status: Int) {
        self.counters.optionsFailed &+= 1
        self.notice(number) {
            $0.probeFailed(
                status == 408 ? .unanswered : .transport, sentAt: sentAt, now: self.now)
        }
    }

    /// Seconds of Retry-After; nil where there is none that can be read.
    func retryAfter(_ message: SIPMessage) -> UInt32? {
        guard let value = message.first(.retryAfter) else { return nil }
        return (try? RetryAfter(value)).map { UInt32(clamping: $0.seconds) }
    }
}
