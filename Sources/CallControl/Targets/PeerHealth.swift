// SPDX-License-Identifier: Apache-2.0

/// Why something that was sent to a peer does not count as served.
public enum PeerFailure: Sendable, Hashable, CustomStringConvertible {
    /// No answer in time, or 408.
    case unanswered
    /// It could not be sent, or the network said that it cannot arrive.
    case transport
    /// A 503 or 504.
    case refused(status: Int)

    /// For people.
    public var description: String {
        switch self {
        case .unanswered: "no answer"
        case .transport: "cannot be reached"
        case .refused(let status): "answered \(status)"
        }
    }

    /// What a final response says of the peer: nil for a sign of life, which is every one but 408,
    /// 503 and 504.
    public init?(status: Int) {
        switch status {
        case 408: self = .unanswered
        case 503, 504: self = .refused(status: status)
        default: return nil
        }
    }
}

/// What is known of one peer, from our OPTIONS to it and from what became of calls.
///
///     up --failure--> demoted --3 failures in a row--> down
///     down --an answer--> demoted --an answer--> up
///
/// A peer that is demoted is tried after the others; one that is down gets no calls. Only a failure
/// to answer at all leads down; a 503 or 504 demotes, for as long as its Retry-After says. Failures
/// less than two seconds apart count once: a burst of calls is one event. The way back takes two
/// answers from down and one from demoted, so that a peer that comes and goes does not pull calls
/// with it. While something is wrong OPTIONS go out every ten seconds, or as often as configured if
/// that is more often. Without OPTIONS nothing leads down, and a peer that is demoted returns by
/// itself after 30 s, twice as long after each further failure, at most after five minutes.
///
/// A value: the owner brings the time, in ms, and looks again at ``dueAt``.
public struct PeerHealth: Sendable, Hashable {
    /// The numbers of the rules above.
    public struct Policy: Sendable, Hashable {
        /// Between two OPTIONS, ms; 0 for none.
        public var intervalMilliseconds: UInt64
        /// How long an OPTIONS waits for its answer, ms: as long as the interval, from 2 to 8 s.
        public var answerMilliseconds: UInt64
        /// Between two OPTIONS while something is wrong, ms.
        public var retryMilliseconds: UInt64 = 10_000
        /// Failures in a row that lead down.
        public var failuresMax: UInt32 = 3
        /// How long a peer without OPTIONS is demoted, ms; doubled by each further failure.
        public var demotionMilliseconds: UInt64 = 30_000
        /// The longest such time, ms.
        public var demotionMillisecondsMax: UInt64 = 300_000
        /// Longest Retry-After that is honoured, s.
        public var retryAfterSecondsMax: UInt32 = 3600
        /// Failures closer to the one before than this, ms, do not count again.
        public var burstMilliseconds: UInt64 = 2000

        /// With OPTIONS so often, ms; 0 for never.
        public init(intervalMilliseconds: UInt64) {
            self.intervalMilliseconds = intervalMilliseconds
            self.answerMilliseconds = min(max(intervalMilliseconds, 2000), 8000)
        }
    }

    /// What the last failure was, and when.
    public struct Failed: Sendable, Hashable {
        /// What.
        public let failure: PeerFailure
        /// When, ms.
        public let at: Milliseconds
    }

    /// What is known against it, whatever an operator says.
    public private(set) var condition = TargetState.up
    /// An operator takes it out of use.
    public private(set) var isDraining = false
    /// When ``state`` began, ms.
    public private(set) var since: Milliseconds
    /// The last failure.
    public private(set) var lastFailure: Failed?
    /// Of the last OPTIONS that was answered, ms.
    public private(set) var roundTripMilliseconds: UInt64?

    /// The rules.
    public let policy: Policy
    private var failures: UInt32 = 0
    /// It answered after the last failure.
    private var hasAnswered = true
    /// A demoted peer does not return before that, ms.
    private var notBefore: Milliseconds = 0
    /// When the OPTIONS was sent that waits for its answer.
    private var probeSentAt: Milliseconds?
    private var nextProbeAt: Milliseconds
    private var lastProbeAt: Milliseconds = 0

    /// A peer that nothing is known against; its first OPTIONS is due after `spread` ms.
    public init(policy: Policy, now: Milliseconds, spread: UInt64) {
        self.policy = policy
        self.since = now
        self.nextProbeAt = now &+ spread
    }

    /// How it is.
    public var state: TargetState { self.isDraining ? .draining : self.condition }

    private var isProbed: Bool { self.policy.intervalMilliseconds > 0 }

    /// When ``advance(_:)`` has something to do, ms; nil for never.
    public var dueAt: Milliseconds? {
        var due: Milliseconds?
        if let sentAt = self.probeSentAt {
            due = sentAt &+ self.policy.answerMilliseconds
        } else if self.isProbed {
            due = self.nextProbeAt
        }
        if self.condition == .demoted, self.mayReturn {
            due = min(due ?? .max, self.notBefore)
        }
        return due
    }

    private var mayReturn: Bool { self.hasAnswered || !self.isProbed }

    // MARK: Events

    /// Time has passed. True when an OPTIONS is to be sent now.
    public mutating func advance(_ now: Milliseconds) -> Bool {
        self.bound(now)
        if let sentAt = self.probeSentAt, now >= sentAt &+ self.policy.answerMilliseconds {
            self.probeFailed(.unanswered, sentAt: sentAt, now: now)
        }
        self.returnIfTime(now)
        guard self.isProbed, self.probeSentAt == nil, now >= self.nextProbeAt else { return false }
        self.probeSentAt = now
        self.lastProbeAt = now
        return true
    }

    /// A final response to the OPTIONS that was sent then; it may be late.
    public mutating func probeAnswered(
        status: Int, retryAfterSeconds: UInt32?, sentAt: Milliseconds, now: Milliseconds
    ) {
        if self.probeSentAt == sentAt { self.probeSentAt = nil }
        self.roundTripMilliseconds = now &- min(sentAt, now)
        if let failure = PeerFailure(status: status) {
            self.failed(failure, retryAfterSeconds: retryAfterSeconds, now: now)
        } else {
            self.answered(now)
        }
        self.schedule(after: sentAt, now)
    }

    /// The OPTIONS that was sent then came to nothing. One that was given up before counts no more.
    public mutating func probeFailed(
        _ failure: PeerFailure, sentAt: Milliseconds, now: Milliseconds
    ) {
        guard self.probeSentAt == sentAt else { return }
        self.probeSentAt = nil
        self.failed(failure, retryAfterSeconds: nil, now: now)
        self.schedule(after: now, now)
    }

    /// Something that was sent to it came to nothing.
    public mutating func failed(
        _ failure: PeerFailure, retryAfterSeconds: UInt32?, now: Milliseconds
    ) {
        let before = self.state
        defer { self.note(before, now) }
        let isBurst = self.lastFailure.map { now &- $0.at < self.policy.burstMilliseconds } ?? false
        self.hasAnswered = false
        self.lastFailure = Failed(failure: failure, at: now)
        if case .refused = failure {
            // It is there, and does not want to serve.
        } else if !isBurst || self.failures == 0 {
            self.failures &+= 1
        }
        self.wait(retryAfterSeconds, isBurst: isBurst, now)
        if self.isProbed, self.failures >= self.policy.failuresMax {
            self.condition = .down
        } else if self.condition == .up {
            self.condition = .demoted
        }
        // Whether it is there at all shows soon.
        let retry = min(self.policy.intervalMilliseconds, self.policy.retryMilliseconds)
        self.nextProbeAt = min(self.nextProbeAt, now &+ retry)
    }

    private mutating func wait(_ retryAfter: UInt32?, isBurst: Bool, _ now: Milliseconds) {
        var wait: UInt64 = 0
        if let retryAfter {
            wait = UInt64(min(retryAfter, self.policy.retryAfterSecondsMax)) * 1000
        } else if !self.isProbed {
            guard !isBurst || self.condition == .up else { return }
            let doublings = UInt64(min(max(self.failures, 1) - 1, 10))
            wait = min(
                self.policy.demotionMilliseconds << doublings, self.policy.demotionMillisecondsMax)
        }
        self.notBefore = max(self.notBefore, now &+ wait)
    }

    /// It answered something that was sent to it.
    public mutating func answered(_ now: Milliseconds) {
        let before = self.state
        self.failures = 0
        if self.condition == .down {
            self.condition = .demoted
            self.notBefore = now
        } else {
            self.hasAnswered = true
        }
        self.note(before, now)
        self.returnIfTime(now)
    }

    /// It sent something by itself. Where OPTIONS go out the next one goes now, if something is
    /// wrong: that a peer can send does not say that it can be reached.
    public mutating func heard(_ now: Milliseconds) {
        guard self.isProbed else { return self.answered(now) }
        guard self.condition != .up, self.probeSentAt == nil else { return }
        self.nextProbeAt = min(
            self.nextProbeAt, max(now, self.lastProbeAt &+ self.policy.burstMilliseconds))
    }

    /// An operator takes it out of use, or gives it back.
    public mutating func drain(_ isDraining: Bool, now: Milliseconds) {
        let before = self.state
        self.isDraining = isDraining
        self.note(before, now)
    }

    // MARK: Rules

    /// A clock that was put back must not stop what is due.
    private mutating func bound(_ now: Milliseconds) {
        self.nextProbeAt = min(self.nextProbeAt, now &+ self.policy.intervalMilliseconds)
        self.notBefore = min(
            self.notBefore, now &+ UInt64(self.policy.retryAfterSecondsMax) * 1000)
        if let sentAt = self.probeSentAt, sentAt > now { self.probeSentAt = nil }
    }

    private mutating func returnIfTime(_ now: Milliseconds) {
        guard self.condition == .demoted, self.mayReturn, now >= self.notBefore else { return }
        let before = self.state
        self.condition = .up
        // Without OPTIONS only an answer shows that the failures are over.
        if self.isProbed { self.failures = 0 }
        self.note(before, now)
    }

    private mutating func note(_ before: TargetState, _ now: Milliseconds) {
        if self.state != before { self.since = now }
    }

    private mutating func schedule(after base: Milliseconds, _ now: Milliseconds) {
        let interval = self.policy.intervalMilliseconds
        let isWell = self.condition == .up
        let pause = isWell ? interval : min(interval, self.policy.retryMilliseconds)
        self.nextProbeAt = max(base &+ pause, now)
    }
}
