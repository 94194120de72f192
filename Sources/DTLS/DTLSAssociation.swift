// SPDX-License-Identifier: Apache-2.0

/// One DTLS-SRTP association (RFC 5763, RFC 5764) with a peer that signalling named. It knows
/// neither sockets nor clocks: the owner brings datagrams and calls `timeout`, and tells the time
/// in milliseconds of a clock that never goes back. It belongs to one thread.
///
/// Keys are released once: after the handshake is finished and the peer's certificate is one that
/// was signalled. OpenSSL's session goes some seconds after that: keys go on without it, and a
/// close of the peer is no longer heard then; it is signalling that ends calls. Letting go of an
/// association that is established harms its keys as little.
///
/// A server keeps nothing of a hello before it brings the cookie that was sent to the peer's
/// address (RFC 6347 section 4.2.1): who forges that address does not hear it.
public final class DTLSAssociation {
    private enum Phase { case idle, handshake, finished, established, ended }

    /// Ours.
    public let role: DTLSRole
    /// What the association shows to the peer.
    public let certificate: DTLSCertificate
    /// What was dropped so far.
    public private(set) var counters = DTLSCounters()

    private let context: DTLSContext
    private let profiles: String
    private let limits: DTLSLimits
    private var fingerprints: [DTLSFingerprint]
    /// Nil when it has done its work.
    private var session: SessionHandle?
    private var filter: RecordFilter
    private(set) var flight = ServerFlight()
    private var phase = Phase.idle
    /// A server that no hello with its cookie has come to yet.
    private var isListening: Bool
    private let secret = CookieSecret()
    /// A client's first, to be said again when a cookie is asked for.
    private var hello: [[UInt8]] = []
    /// When the present phase must be over.
    private var deadline: UInt64?
    /// When the second began that has the limits of `DTLSLimits`, and what was done within it.
    private var secondStart: UInt64 = 0
    private var restartsInSecond = 0
    private var cookiesInSecond = 0
    /// Of sessions before this one.
    private var earlier = DTLSCounters()
    /// Why OpenSSL refused the last handshake that was forgotten.
    private(set) var fault = ""

    /// - Parameters:
    ///   - profiles: what is acceptable, the best first; as a server our order counts.
    ///   - certificate: the one whose fingerprint was signalled; nil: the context's present one.
    ///   - fingerprints: the peer's, empty where they are not known yet.
    /// - Throws: `DTLSFailure.library`, and `.noProfile` without profiles.
    public init(
        context: DTLSContext, role: DTLSRole, profiles: [SRTPProfile] = SRTPProfile.preferred,
        certificate: DTLSCertificate? = nil, fingerprints: [DTLSFingerprint] = [],
        limits: DTLSLimits = DTLSLimits()
    ) throws(DTLSFailure) {
        guard !profiles.isEmpty else { throw .noProfile }
        self.context = context
        self.role = role
        self.isListening = role == .server
        self.certificate = certificate ?? context.certificate
        self.profiles = profiles.map(\.libraryName).joined(separator: ":")
        self.limits = limits
        self.fingerprints = fingerprints
        self.filter = RecordFilter(role: role, bytes: limits.handshakeBytes)
        guard
            let session = SessionHandle(
                context.handle, self.certificate.handle, isServer: role == .server,
                profiles: self.profiles, limits: limits)
        else { throw .library("no session could be made") }
        self.session = session
    }

    /// Whether keys have been released and the peer has not closed.
    public var isEstablished: Bool { self.phase == .established }

    /// Begins: a client's hello. A server waits for the peer's, without a limit of time.
    public func start(now: UInt64) -> DTLSOutcome {
        guard self.phase == .idle, self.role == .client, let session = self.session else {
            return self.outcome(now)
        }
        self.begin(now)
        let outcome = self.settle(session, session.start(), now)
        self.hello = outcome.datagrams
        return outcome
    }

    /// Takes a datagram of one or more records that came from the peer's address.
    /// - Parameter source: that address, in any form: a cookie is good for one of them. What is
    ///   sent must not go elsewhere than to the peer.
    public func receive(
        _ datagram: [UInt8], from source: [UInt8] = [], now: UInt64
    ) -> DTLSOutcome {
        guard let session = self.session, self.phase != .idle || self.role == .server else {
            self.counters.recordsDropped += 1
            return self.outcome(now)
        }
        if now &- self.secondStart >= 1000 {
            self.secondStart = now
            self.restartsInSecond = 0
            self.cookiesInSecond = 0
            self.filter.renew()
        }
        let records = self.filter.filter(datagram, &self.counters)
        guard !records.isEmpty else { return self.outcome(now) }
        if self.isListening { return self.listen(session, records, source, now) }
        guard self.role == .client, self.phase == .handshake else {
            return self.serve(session, records, now)
        }
        var state = SessionHandle.State.handshake
        for part in self.flight.take(
            records, retransmissions: session.retransmissions, session)
        where state == .handshake {
            state = session.receive(part)
        }
        var outcome = self.settle(session, state, now)
        if self.flight.wantsCookie {
            // Who asked for it asks again at once; to a server that has begun it is a record of
            // before.
            outcome.datagrams += self.hello
            self.hello = []
        }
        return outcome
    }

    private func serve(
        _ session: SessionHandle, _ records: [UInt8], _ now: UInt64
    ) -> DTLSOutcome {
        let outcome = self.settle(session, session.receive(records), now)
        // A hello is answered when it is whole.
        if self.role == .server, !outcome.datagrams.isEmpty { self.filter.isPastHello = true }
        return outcome
    }

    /// Until a hello brings its cookie none changes anything.
    private func listen(
        _ session: SessionHandle, _ records: [UInt8], _ source: [UInt8], _ now: UInt64
    ) -> DTLSOutcome {
        let mayAsk = self.cookiesInSecond < self.limits.cookies
        switch session.listen(records, cookie: self.secret.cookie(source), mayAsk: mayAsk) {
        case .proved:
            self.isListening = false
            if self.phase == .idle { self.begin(now) }
            let end = RecordFilter.end(records, 0) ?? records.count
            return self.serve(session, Array(records[end...]), now)
        case .asked:
            self.cookiesInSecond += 1
            self.counters.cookiesAsked += 1
        case .ignored:
            self.counters.recordsDropped += 1
        }
        self.filter.restart()
        var outcome = self.outcome(now)
        for index in outcome.datagrams.indices {
            // Not the hello's record number: a forged one would use up what our flight needs.
            outcome.datagrams[index].replaceSubrange(5..<11, with: repeatElement(0, count: 6))
        }
        return outcome
    }

    /// Retransmits what is due, and gives up what took too long. Harmless before its time.
    public func timeout(now: UInt64) -> DTLSOutcome {
        guard let session = self.session else { return self.outcome(now) }
        let isLate = self.deadline.map { $0 <= now } ?? false
        switch self.phase {
        case .idle, .ended:
            return self.outcome(now)
        case .handshake where session.timer == 0 && self.isExhausted(session):
            return self.fail(self.filter.sawConflict ? .roleConflict : .unanswered, now)
        case .handshake where isLate, .finished where isLate:
            return self.fail(self.lateness, now)
        case .established where isLate:
            self.forget()
            return self.outcome(now)
        case .handshake, .finished, .established:
            return self.settle(session, session.timeout(), now)
        }
    }

    /// The peer's fingerprints have become known (RFC 8122 section 5). Once the association is
    /// established it is decided: another certificate needs another association.
    public func expect(_ fingerprints: [DTLSFingerprint], now: UInt64) -> DTLSOutcome {
        guard self.phase != .established, self.phase != .ended else { return self.outcome(now) }
        self.fingerprints = fingerprints
        guard self.phase == .finished, let session = self.session else {
            return self.outcome(now)
        }
        return self.decide(session, now)
    }

    /// Ends the association: a peer that can still be told is told, and no event follows.
    public func close() -> DTLSOutcome { self.end(0, nil) }

    private func begin(_ now: UInt64) {
        self.phase = .handshake
        self.deadline = now &+ self.limits.handshakeMs
    }

    private func isExhausted(_ session: SessionHandle) -> Bool {
        // OpenSSL itself gives up after twelve. Sessions that were forgotten do not count: what is
        // forged must not end the handshake before its deadline.
        session.retransmissions >= min(self.limits.retransmissions, 12)
    }

    /// Why a phase that lasted too long did.
    private var lateness: DTLSFailure {
        if self.phase == .finished { return .noFingerprint }
        if self.filter.sawConflict { return .roleConflict }
        if self.fault.isEmpty, let alert = self.filter.alert {
            return .timedOut("an unprotected alert \(alert)")
        }
        return .timedOut(self.fault)
    }

    /// Goes on with what OpenSSL made of a call.
    private func settle(
        _ session: SessionHandle, _ state: SessionHandle.State, _ now: UInt64
    ) -> DTLSOutcome {
        switch (state, self.phase) {
        case (.open, .handshake):
            self.phase = .finished
            self.filter.isOpen = true
            self.deadline = now &+ self.limits.fingerprintMs
            return self.decide(session, now)
        case (.handshake, _), (.open, _):
            return self.outcome(now)
        case (_, .established):
            return self.end(now, .closed)
        case (.closed, _):
            return self.fail(.alert("close notify"), now)
        case (.failed, .handshake) where !session.isAlerted:
            return self.restart(session, now)
        case (.failed, _):
            return self.fail(.alert(session.reason), now)
        }
    }

    /// After OpenSSL refused something unprotected, which anybody may have sent: it is forgotten
    /// with its handshake, and the alert for it is not sent. After as many as a second may have,
    /// records are dropped until it is over; the handshake's deadline is its only end.
    private func restart(_ session: SessionHandle, _ now: UInt64) -> DTLSOutcome {
        self.fault = session.reason
        self.forget()
        guard
            let fresh = SessionHandle(
                self.context.handle, self.certificate.handle, isServer: self.role == .server,
                profiles: self.profiles, limits: self.limits)
        else { return self.fail(.library("no session could be made"), now) }
        self.counters.restarts += 1
        self.session = fresh
        self.isListening = self.role == .server
        self.filter.restart()
        self.flight = ServerFlight()
        self.restartsInSecond += 1
        if self.restartsInSecond >= self.limits.restarts { self.filter.exhaust() }
        if self.role == .client, fresh.start() == .failed {
            return self.fail(.library(fresh.reason), now)
        }
        let outcome = self.outcome(now)
        if self.role == .client { self.hello = outcome.datagrams }
        return outcome
    }

    /// The handshake is finished. Is it the peer, and are there keys?
    private func decide(_ session: SessionHandle, _ now: UInt64) -> DTLSOutcome {
        guard let profile = SRTPProfile(rawValue: session.profile) else {
            return self.fail(.noProfile, now)
        }
        // The strongest hash that was signalled counts (RFC 8122 section 5.1).
        guard let hash = self.fingerprints.map(\.hash).max(by: { $0.rawValue < $1.rawValue })
        else { return self.outcome(now) }
        guard let shown = DTLSFingerprint(hash, digest: session.peerDigest(bits: hash.rawValue))
        else { return self.fail(.library("no digest of the peer's certificate"), now) }
        var isPeer = false
        for fingerprint in self.fingerprints where fingerprint.hash == hash {
            isPeer = equalInConstantTime(fingerprint.digest, shown.digest) || isPeer
        }
        guard isPeer else { return self.fail(.wrongFingerprint(shown), now) }
        guard let exported = session.export(profile.exportBytes) else {
            return self.fail(.library("no keys could be exported"), now)
        }
        self.phase = .established
        self.deadline = now &+ self.limits.lingerMs
        return self.outcome(now, .established(DTLSKeys(exported, profile, self.role)))
    }

    private func fail(_ failure: DTLSFailure, _ now: UInt64) -> DTLSOutcome {
        self.end(now, .failed(failure))
    }

    private func end(_ now: UInt64, _ event: DTLSEvent?) -> DTLSOutcome {
        if self.phase == .finished || self.phase == .established { self.session?.close() }
        self.phase = .ended
        let outcome = self.outcome(now, event)
        self.forget()
        return outcome
    }

    /// Lets go of the session, but for what it counted.
    private func forget() {
        guard let session = self.session else { return }
        self.earlier.retransmissions += UInt64(session.retransmissions)
        self.earlier.datagramsRefused += session.refused
        self.session = nil
    }

    private func outcome(_ now: UInt64, _ event: DTLSEvent? = nil) -> DTLSOutcome {
        var outcome = DTLSOutcome()
        outcome.event = event
        guard let session = self.session else { return outcome }
        self.counters.retransmissions =
            self.earlier.retransmissions + UInt64(session.retransmissions)
        self.counters.datagramsRefused = self.earlier.datagramsRefused + session.refused
        outcome.datagrams = session.takeDatagrams()
        guard self.phase != .ended, self.phase != .idle else { return outcome }
        let left = self.deadline.map { $0 > now ? $0 - now : 0 }
        outcome.timer = [session.timer, left].compactMap(\.self).min()
        return outcome
    }
}
