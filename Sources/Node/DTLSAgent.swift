// SPDX-License-Identifier: Apache-2.0

import CallControl
import DTLS
import NetworkAddress
import SDP

/// One leg of a call.
struct CallLeg: Hashable {
    let call: CallIdentifier
    let side: Side
}

/// The DTLS of all calls of a shard: an association for each agreement that signalling made. A leg
/// has one that counts; those before it are kept for a while, because the branches of a fork take
/// turns. It knows neither rings nor timers: what it wants done stands in `takeActions`. Times are
/// milliseconds of a clock that never goes back.
final class DTLSAgent {
    /// What it takes. What meets a limit is counted, but for `perLeg`: there the oldest goes.
    struct Limits {
        /// Sessions of OpenSSL at a time, some 60 KiB each; they go 15 s after their keys came, or
        /// sooner where another handshake needs the room.
        var sessions = 4096
        /// Handshakes begun within a second; what is above waits.
        var handshakesPerSecond = 500
        /// Datagrams of a leg that wait for its agreement: a peer's hello may overtake its answer.
        var queuedPerLeg = 4
        /// Of all legs together.
        var queued = 1024
        /// Associations of a leg, the one that counts included.
        var perLeg = 8
    }

    /// What its owner has to do.
    enum Action {
        /// Send a datagram to the leg's party.
        case send(CallLeg, [UInt8])
        /// Call `fired` after so many milliseconds; nil: not any more.
        case timer(CallLeg, UInt64?)
        /// There are keys for the association of this number.
        case established(CallLeg, UInt32, HandshakeKeys)
        /// The party made the handshake of this number again: other keys for it.
        case renewed(CallLeg, UInt32, HandshakeKeys)
        /// There will be none; a sentence why.
        case failed(CallLeg, UInt32, String)
    }

    private final class Entry {
        var agreement: LegDTLS
        /// The one that was signalled; nil when it went with an earlier process.
        let certificate: DTLSCertificate?
        var association: DTLSAssociation?
        /// Its end has been told.
        var isDone = false
        /// What came of it.
        var keys: HandshakeKeys?
        /// A client's, until anything comes back.
        var hello: [[UInt8]] = []

        init(_ agreement: LegDTLS, _ certificate: DTLSCertificate?) {
            self.agreement = agreement
            self.certificate = certificate
        }

        /// Of the peer's certificate.
        var expected: [DTLSFingerprint] {
            self.agreement.fingerprints.compactMap(DTLSFingerprint.init)
        }
    }

    private struct Leg {
        /// The one that counts is the last.
        var entries: [Entry] = []
        /// There is an address to send to.
        var isReachable = false
        /// Our user fragment; nil without ICE.
        var ufrag: [UInt8]?
        /// ICE was restarted since the last handshake: the party may say hello again.
        var mayRenew = false
        /// Somebody has: a handshake for an agreement that has keys already. Until it comes to
        /// others nothing else of the leg changes.
        var renewal: Entry?
    }

    /// A datagram that came before its leg's agreement.
    private struct Waiting {
        let datagram: [UInt8]
        let source: SocketAddress?
        /// Nobody had said where the party is.
        let isEarly: Bool
    }

    private let limits: Limits
    private let handshakeLimits: DTLSLimits
    private let context: DTLSContext
    private var certificates: DTLSCertificates
    private var legs: [CallLeg: Leg] = [:]
    private var queues: [CallLeg: [Waiting]] = [:]
    private var queuedCount = 0
    private var sessionCount = 0
    /// Done, the oldest first: they keep a session to repeat their last flight. Some have lost it.
    private var lingering: [Entry] = []
    private var secondStart: UInt64 = 0
    private var begunInSecond = 0
    private var actions: [Action] = []
    private var figures = DTLSFigures()

    /// With a fresh certificate. Throws `DTLSFailure.library`.
    init(
        limits: Limits = Limits(), handshakes: DTLSLimits = DTLSLimits()
    ) throws(DTLSFailure) {
        self.limits = limits
        self.handshakeLimits = handshakes
        self.certificates = try DTLSCertificates()
        self.context = try DTLSContext(certificate: self.certificates.present)
    }

    /// Of the certificate that new descriptions name.
    var fingerprint: Fingerprint? { Fingerprint(self.certificates.present.fingerprint) }

    /// Another certificate from here on; that of descriptions which are out stays at hand.
    func rotate() throws(DTLSFailure) {
        try self.certificates.rotate()
        self.context.rotate(to: self.certificates.present)
    }

    /// Everything it counted up to now.
    var counters: DTLSFigures {
        var figures = self.figures
        figures.sessions = UInt64(self.sessionCount)
        let renewals = self.legs.values.compactMap(\.renewal)
        for entry in self.legs.values.flatMap(\.entries) + renewals {
            if let association = entry.association { figures.add(association.counters) }
        }
        return figures
    }

    /// What is to be done, oldest first.
    func takeActions() -> [Action] {
        defer { self.actions = [] }
        return self.actions
    }

    // MARK: What signalling wants

    /// The leg's media is to be protected by this association from now on. `hasKeys`: signalling
    /// has them already. `remote`: where the party is; of what waits, that of others is dropped.
    /// `ufrag`: ours, with ICE. With another one than before the party may make the handshake of
    /// its keys once more, though RFC 8842 section 3.3 gives it no reason to.
    func agree(
        _ leg: CallLeg, _ agreement: LegDTLS, hasKeys: Bool, isReachable: Bool,
        remote: SocketAddress? = nil, ufrag: [UInt8]? = nil, now: UInt64
    ) {
        self.noteRestart(leg, agreement, hasKeys, ufrag)
        let entry = self.count(leg, agreement, hasKeys, now)
        if let keys = entry.keys, !hasKeys {
            self.actions.append(.established(leg, agreement.association, keys))
        }
        if isReachable || self.legs[leg]?.isReachable == true { self.beginClient(leg, now) }
        for waiting in self.unqueue(leg) {
            self.received(
                waiting.datagram, leg, from: waiting.source,
                isEarly: waiting.isEarly && waiting.source != remote, now: now)
        }
    }

    private func noteRestart(
        _ leg: CallLeg, _ agreement: LegDTLS, _ hasKeys: Bool, _ ufrag: [UInt8]?
    ) {
        guard var state = self.legs[leg], let present = state.entries.last else {
            return self.legs[leg, default: Leg()].ufrag = ufrag
        }
        if present.agreement != agreement {
            state.mayRenew = false
            self.legs[leg] = state
            self.endRenewal(leg)
        } else if hasKeys, let known = state.ufrag, let ufrag, known != ufrag {
            state.mayRenew = true
            self.legs[leg] = state
        }
        self.legs[leg]?.ufrag = ufrag
    }

    /// The entry of an agreement, made where there is none, as the one that counts.
    private func count(
        _ leg: CallLeg, _ agreement: LegDTLS, _ hasKeys: Bool, _ now: UInt64
    ) -> Entry {
        var state = self.legs[leg] ?? Leg()
        let place = state.entries.firstIndex { $0.agreement.association == agreement.association }
        guard let place else {
            if state.entries.count >= self.limits.perLeg { self.end(state.entries.removeFirst()) }
            if let previous = state.entries.last, previous.isDone { self.end(previous) }
            let entry = Entry(agreement, self.certificates.find(agreement.certificate))
            state.entries.append(entry)
            self.legs[leg] = state
            self.actions.append(.timer(leg, nil))
            if hasKeys {
                // A call of before a restart goes on with the keys that it has.
                entry.isDone = true
            } else if entry.certificate == nil {
                self.fail(leg, entry, "the certificate that was signalled is gone")
            }
            return entry
        }
        let entry = state.entries.remove(at: place)
        if place < state.entries.count, let previous = state.entries.last, previous.isDone {
            self.end(previous)
        }
        state.entries.append(entry)
        self.legs[leg] = state
        if place < state.entries.count - 1 {
            self.actions.append(.timer(leg, nil))
            if let association = entry.association {
                self.settle(leg, entry, association.timeout(now: now))
            }
        }
        if entry.agreement.fingerprints != agreement.fingerprints {
            entry.agreement = agreement
            if let association = entry.association {
                self.settle(leg, entry, association.expect(entry.expected, now: now))
            }
        }
        return entry
    }

    /// There is an address to send to, maybe before there is an agreement: a client begins. With
    /// another address a hello that nobody answered goes there at once: after an ICE restart the
    /// first one went where the party may not listen any more.
    func reachable(_ leg: CallLeg, now: UInt64) {
        for datagram in self.legs[leg]?.entries.last?.hello ?? [] {
            self.actions.append(.send(leg, datagram))
        }
        self.beginClient(leg, now)
    }

    private func beginClient(_ leg: CallLeg, _ now: UInt64) {
        self.legs[leg, default: Leg()].isReachable = true
        guard let entry = self.legs[leg]?.entries.last else { return }
        if entry.agreement.role == .client, entry.association == nil, !entry.isDone {
            self.begin(leg, entry, now)
        }
    }

    /// The leg has no DTLS any more.
    func forget(_ leg: CallLeg) {
        _ = self.unqueue(leg)
        self.endRenewal(leg)
        guard let state = self.legs.removeValue(forKey: leg) else { return }
        for entry in state.entries { self.end(entry) }
        self.actions.append(.timer(leg, nil))
    }

    /// The call is over.
    func forget(_ call: CallIdentifier) {
        for side in Side.allCases { self.forget(CallLeg(call: call, side: side)) }
    }

    /// Two legs change places: handshakes, what waits for them, and their timers go with them.
    func exchange(_ leg: CallLeg, _ other: CallLeg, now: UInt64) {
        (self.legs[leg], self.legs[other]) = (self.legs[other], self.legs[leg])
        (self.queues[leg], self.queues[other]) = (self.queues[other], self.queues[leg])
        for moved in [leg, other] {
            self.actions.append(.timer(moved, nil))
            let renewal = self.legs[moved]?.renewal
            guard let entry = renewal ?? self.legs[moved]?.entries.last else { continue }
            if let association = entry.association {
                self.settle(moved, entry, association.timeout(now: now))
            } else if !entry.isDone, self.legs[moved]?.isReachable == true {
                self.beginClient(moved, now)
            }
        }
    }

    // MARK: What comes in

    /// A datagram of the leg's party; `isEarly`: maybe of somebody else.
    func received(
        _ datagram: [UInt8], _ leg: CallLeg, from source: SocketAddress? = nil,
        isEarly: Bool = false, now: UInt64
    ) {
        guard let state = self.legs[leg], let entry = state.entries.last else {
            return self.queue(
                Waiting(datagram: datagram, source: source, isEarly: isEarly), leg)
        }
        guard !isEarly else {
            // It could spoil a handshake.
            self.figures.recordsDropped &+= 1
            return
        }
        let meant = self.renewal(leg, entry, datagram, now) ?? entry
        // With ICE a source has proved itself, and the party may change it during the handshake.
        let place = state.ufrag == nil ? source.map { Array("\($0)".utf8) } ?? [] : []
        guard let association = self.association(leg, meant, now) else { return }
        meant.hello = []
        self.settle(leg, meant, association.receive(datagram, from: place, now: now))
    }

    /// A timer of the leg ran out.
    func fired(_ leg: CallLeg, now: UInt64) {
        guard let entry = self.legs[leg]?.renewal ?? self.legs[leg]?.entries.last else { return }
        if let association = entry.association {
            self.settle(leg, entry, association.timeout(now: now))
        } else if !entry.isDone {
            self.begin(leg, entry, now)
        }
    }

    /// A datagram could not be sent: the peer has to wait for it to be repeated.
    func sendRefused() { self.figures.sendsRefused &+= 1 }

    private func queue(_ datagram: Waiting, _ leg: CallLeg) {
        let waiting = self.queues[leg]?.count ?? 0
        guard waiting < self.limits.queuedPerLeg, self.queuedCount < self.limits.queued else {
            self.figures.queueFull &+= 1
            return
        }
        self.queues[leg, default: []].append(datagram)
        self.queuedCount += 1
    }

    private func unqueue(_ leg: CallLeg) -> [Waiting] {
        let waiting = self.queues.removeValue(forKey: leg) ?? []
        self.queuedCount -= waiting.count
        return waiting
    }

    // MARK: Associations

    /// The renewal that a datagram belongs to, begun if it is the hello of one; nil if there is
    /// none. The keys that are there do not notice before it has others. Whoever made it begin, it
    /// is for the client that brings its cookie.
    private func renewal(
        _ leg: CallLeg, _ present: Entry, _ datagram: [UInt8], _ now: UInt64
    ) -> Entry? {
        guard let state = self.legs[leg], state.mayRenew, present.agreement.role == .server,
            present.certificate != nil
        else { return nil }
        guard state.renewal == nil, ClientHello.begins(datagram) else { return state.renewal }
        let entry = Entry(present.agreement, present.certificate)
        // One that could not be made is no fault of the keys that are there.
        guard self.association(leg, entry, now) != nil else { return nil }
        self.end(present)
        self.legs[leg]?.renewal = entry
        return entry
    }

    private func endRenewal(_ leg: CallLeg) {
        guard let renewal = self.legs[leg]?.renewal else { return }
        self.legs[leg]?.renewal = nil
        self.end(renewal)
        self.actions.append(.timer(leg, nil))
    }

    /// A renewal has come to keys: it counts from now on.
    private func renewed(_ leg: CallLeg, _ entry: Entry) {
        guard var state = self.legs[leg] else { return }
        state.renewal = nil
        state.mayRenew = false
        state.entries[state.entries.count - 1] = entry
        self.legs[leg] = state
    }

    private func begin(_ leg: CallLeg, _ entry: Entry, _ now: UInt64) {
        guard let association = self.association(leg, entry, now) else { return }
        let outcome = association.start(now: now)
        entry.hello = outcome.datagrams
        self.settle(leg, entry, outcome)
    }

    /// The leg's association, made when it is first needed; nil where there is none yet (the peer
    /// repeats what it said) or none any more.
    private func association(_ leg: CallLeg, _ entry: Entry, _ now: UInt64) -> DTLSAssociation? {
        if let association = entry.association { return association }
        guard !entry.isDone else {
            self.figures.recordsDropped &+= 1
            return nil
        }
        guard self.mayBegin(leg, entry, now) else { return nil }
        let agreement = entry.agreement
        do {
            let association = try DTLSAssociation(
                context: self.context, role: agreement.role == .client ? .client : .server,
                profiles: agreement.profiles.compactMap { SRTPProfile(rawValue: $0) },
                certificate: entry.certificate, fingerprints: entry.expected,
                limits: self.handshakeLimits)
            entry.association = association
            self.sessionCount += 1
            self.begunInSecond += 1
            self.figures.begun &+= 1
            return association
        } catch {
            self.fail(leg, entry, error.description)
            return nil
        }
    }

    private func mayBegin(_ leg: CallLeg, _ entry: Entry, _ now: UInt64) -> Bool {
        if now &- self.secondStart >= 1000 {
            self.secondStart = now
            self.begunInSecond = 0
        }
        guard self.begunInSecond < self.limits.handshakesPerSecond else {
            self.figures.delayed &+= 1
            if entry.agreement.role == .client {
                self.actions.append(.timer(leg, 1000 - (now - self.secondStart)))
            }
            return false
        }
        if self.sessionCount >= self.limits.sessions { self.endOldestLingering() }
        guard self.sessionCount < self.limits.sessions else {
            self.figures.refusedTooMany &+= 1
            if entry.agreement.role == .client { self.actions.append(.timer(leg, 1000)) }
            return false
        }
        return true
    }

    /// Makes room of a session that has done its work.
    private func endOldestLingering() {
        guard let place = self.lingering.firstIndex(where: { $0.association != nil }) else {
            return self.lingering = []
        }
        self.end(self.lingering[place])
        self.lingering.removeFirst(place + 1)
    }

    private func settle(_ leg: CallLeg, _ entry: Entry, _ outcome: DTLSOutcome) {
        for datagram in outcome.datagrams { self.actions.append(.send(leg, datagram)) }
        self.actions.append(.timer(leg, outcome.timer))
        switch outcome.event {
        case .established(let keys):
            guard let keys = HandshakeKeys(keys) else {
                self.fail(leg, entry, "keys of an impossible length")
                break
            }
            let isRenewal = self.legs[leg]?.renewal === entry
            if isRenewal { self.renewed(leg, entry) }
            entry.isDone = true
            entry.keys = keys
            self.linger(leg, entry)
            self.figures.established &+= 1
            let number = entry.agreement.association
            self.actions.append(
                isRenewal ? .renewed(leg, number, keys) : .established(leg, number, keys))
        case .failed(let failure): self.fail(leg, entry, failure.description)
        case .closed:
            // It is signalling that ends calls.
            self.figures.closedByPeer &+= 1
        case nil: break
        }
        // Without a timer it has done its work, unless it waits for the peer's hello.
        if entry.isDone, outcome.timer == nil { self.end(entry) }
    }

    /// The leg has keys: those that took turns with it and have none let go of their sessions.
    private func linger(_ leg: CallLeg, _ entry: Entry) {
        for other in self.legs[leg]?.entries ?? [] where other !== entry { self.end(other) }
        self.lingering.removeFirst(self.lingering.prefix { $0.association == nil }.count)
        self.lingering.append(entry)
    }

    private func end(_ entry: Entry) {
        entry.hello = []
        guard let association = entry.association else { return }
        self.figures.add(association.counters)
        entry.association = nil
        self.sessionCount -= 1
    }

    private func fail(_ leg: CallLeg, _ entry: Entry, _ reason: String) {
        entry.isDone = true
        self.figures.failed &+= 1
        // The keys that a renewal is for go on, and so does the call.
        if entry === self.legs[leg]?.renewal { return self.endRenewal(leg) }
        self.actions.append(.failed(leg, entry.agreement.association, reason))
    }
}
