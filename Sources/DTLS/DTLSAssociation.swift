// SPDX-License-Identifier: Apache-2.0

/// One DTLS-SRTP association (RFC 5763, RFC 5764) with a peer that signalling named. It knows
/// neither sockets nor clocks: the owner brings datagrams and calls `timeout`, and tells the time
/// in milliseconds of a clock that never goes back. It belongs to one thread.
///
/// Keys are released once: after the handshake is finished and the peer's certificate is one that
/// was signalled. The owner may let go of an association that is established: keys go on. It then
/// no longer repeats its last flight to a peer that missed it, nor hears a close.
public final class DTLSAssociation {
    private enum Phase { case idle, handshake, finished, established, ended }

    public let role: DTLSRole
    /// What the association shows to the peer.
    public let certificate: DTLSCertificate
    /// What was dropped so far.
    public private(set) var counters = DTLSCounters()

    private let context: DTLSContext
    private let profiles: String
    private let limits: DTLSLimits
    private var fingerprints: [DTLSFingerprint]
    private var session: SessionHandle
    private var filter: RecordFilter
    private var phase = Phase.idle
    /// When the present phase must be over.
    private var deadline: UInt64?
    /// Of sessions before a restart.
    private var earlierRetransmissions = 0
    private var earlierRefused: UInt64 = 0
    private var fault = ""

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
        guard self.phase == .idle, self.role == .client else { return self.outcome(now) }
        self.begin(now)
        return self.settle(self.session.start(), now)
    }

    /// Takes a datagram of one or more records that came from the peer's address.
    public func receive(_ datagram: [UInt8], now: UInt64) -> DTLSOutcome {
        guard self.phase != .ended, self.phase != .idle || self.role == .server else {
            self.counters.recordsDropped += 1
            return self.outcome(now)
        }
        let records = self.filter.filter(datagram, &self.counters)
        guard !records.isEmpty else { return self.outcome(now) }
        if self.phase == .idle { self.begin(now) }
        return self.settle(self.session.receive(records), now)
    }

    /// Retransmits what is due, and gives up what took too long. Harmless before its time.
    public func timeout(now: UInt64) -> DTLSOutcome {
        switch self.phase {
        case .idle, .ended:
            return self.outcome(now)
        case .handshake where self.session.timer == 0 && self.isExhausted:
            return self.fail(self.filter.sawConflict ? .roleConflict : .unanswered, now)
        case .handshake, .finished:
            if let deadline = self.deadline, deadline <= now {
                return self.fail(self.lateness, now)
            }
        case .established: break
        }
        return self.settle(self.session.timeout(), now)
    }

    /// The peer's fingerprints have become known (RFC 8122 section 5). Once the association is
    /// established it is decided: another certificate needs another association.
    public func expect(_ fingerprints: [DTLSFingerprint], now: UInt64) -> DTLSOutcome {
        guard self.phase != .established, self.phase != .ended else { return self.outcome(now) }
        self.fingerprints = fingerprints
        return self.phase == .finished ? self.decide(now) : self.outcome(now)
    }

    /// Ends the association: the peer is told, and no event follows.
    public func close() -> DTLSOutcome {
        guard self.phase != .ended else { return DTLSOutcome() }
        if self.phase == .finished || self.phase == .established { self.session.close() }
        self.phase = .ended
        return self.outcome(0)
    }

    private func begin(_ now: UInt64) {
        self.phase = .handshake
        self.deadline = now &+ self.limits.handshakeMs
    }

    private var isExhausted: Bool {
        // OpenSSL itself gives up after twelve.
        self.earlierRetransmissions + self.session.retransmissions
            >= min(self.limits.retransmissions, 12)
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
    private func settle(_ state: SessionHandle.State, _ now: UInt64) -> DTLSOutcome {
        switch (state, self.phase) {
        case (.open, .handshake):
            self.phase = .finished
            self.filter.isOpen = true
            self.deadline = now &+ self.limits.fingerprintMs
            return self.decide(now)
        case (.handshake, _), (.open, _):
            return self.outcome(now)
        case (_, .established):
            self.phase = .ended
            return self.outcome(now, .closed)
        case (.closed, _):
            return self.fail(.alert("close notify"), now)
        case (.failed, .finished):
            return self.fail(.alert(self.session.reason), now)
        case (.failed, _):
            return self.session.isAlerted
                ? self.fail(.alert(self.session.reason), now) : self.restart(now)
        }
    }

    /// After OpenSSL refused something unprotected, which anybody may have sent: it is forgotten
    /// with its handshake, and the alert for it is not sent.
    private func restart(_ now: UInt64) -> DTLSOutcome {
        self.fault = self.session.reason
        guard self.counters.restarts < UInt64(clamping: self.limits.restarts) else {
            return self.fail(.refused(self.fault), now)
        }
        guard
            let fresh = SessionHandle(
                self.context.handle, self.certificate.handle, isServer: self.role == .server,
                profiles: self.profiles, limits: self.limits)
        else { return self.fail(.library("no session could be made"), now) }
        self.counters.restarts += 1
        self.earlierRetransmissions += self.session.retransmissions
        self.earlierRefused += self.session.refused
        self.session = fresh
        self.filter.restart()
        return self.role == .client ? self.settle(fresh.start(), now) : self.outcome(now)
    }

    /// The handshake is finished. Is it the peer, and are there keys?
    private func decide(_ now: UInt64) -> DTLSOutcome {
        guard let profile = SRTPProfile(rawValue: self.session.profile) else {
            return self.fail(.noProfile, now)
        }
        // The strongest hash that was signalled counts (RFC 8122 section 5.1).
        guard let hash = self.fingerprints.map(\.hash).max(by: { $0.rawValue < $1.rawValue })
        else { return self.outcome(now) }
        let shown = self.session.peerDigest(bits: hash.rawValue)
        var isPeer = false
        for fingerprint in self.fingerprints where fingerprint.hash == hash {
            isPeer = equalInConstantTime(fingerprint.digest, shown) || isPeer
        }
        guard isPeer else {
            guard let shown = DTLSFingerprint(hash, digest: shown) else {
                return self.fail(.library("no digest of the peer's certificate"), now)
            }
            return self.fail(.wrongFingerprint(shown), now)
        }
        guard let exported = self.session.export(profile.exportBytes) else {
            return self.fail(.library("no keys could be exported"), now)
        }
        self.phase = .established
        self.deadline = nil
        return self.outcome(now, .established(DTLSKeys(exported, profile, self.role)))
    }

    private func fail(_ failure: DTLSFailure, _ now: UInt64) -> DTLSOutcome {
        if self.phase == .finished { self.session.close() }
        self.phase = .ended
        return self.outcome(now, .failed(failure))
    }

    private func outcome(_ now: UInt64, _ event: DTLSEvent? = nil) -> DTLSOutcome {
        self.counters.retransmissions =
            UInt64(self.earlierRetransmissions + self.session.retransmissions)
        self.counters.datagramsRefused = self.earlierRefused + self.session.refused
        var outcome = DTLSOutcome()
        outcome.datagrams = self.session.takeDatagrams()
        outcome.event = event
        guard self.phase != .ended, self.phase != .idle else { return outcome }
        let left = self.deadline.map { $0 > now ? $0 - now : 0 }
        outcome.timer = [self.session.timer, left].compactMap(\.self).min()
        return outcome
    }
}
