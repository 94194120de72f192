// SPDX-License-Identifier: Apache-2.0

/// The search for a place that takes a new call: candidates in order, one INVITE at a time.
///
///     searching -18x-> ringing -2xx, final response-> over
///        |  +- refusal, silence, failure: the next candidate, or over
///        +- deadline -> over
///
/// A value: events in, actions out. A candidate that said something to the caller (any provisional
/// response but 100) is the last one: what it says afterwards is what the caller gets. An emergency
/// call is different: any failure of any candidate, at any time before the answer, leads to the
/// next.
struct TargetSearch: Sendable, Hashable {
    /// A timer of the search.
    enum Timer: Sendable, Hashable {
        /// The candidate said nothing.
        case silence
        /// The search took too long.
        case deadline
    }

    /// What happens to the candidate that is being tried.
    enum Event: Sendable, Hashable {
        /// 100 Trying came.
        case trying
        /// Another provisional response came, and reaches the caller.
        case progress
        /// A 2xx came.
        case answered
        /// A final response of 300 or more came; Retry-After in seconds.
        case refused(status: Int, retryAfterSeconds: UInt32?)
        /// A redirection came, and what it leads to was inserted behind the candidate.
        case redirected
        /// The transaction ended without a final response.
        case timedOut
        /// The INVITE could not be sent.
        case unreachable
        /// Nothing was sent: this node cannot send the call there, which is worth this status.
        case unusable(status: Int)
        /// A timer that was asked for ran out.
        case timer(Timer)
    }

    /// What is to be done, in order.
    enum Action: Sendable, Hashable {
        /// Send the INVITE to this candidate.
        case send(Int)
        /// The INVITE to this candidate is not wanted any more: CANCEL, and if it is answered all
        /// the same, ACK and BYE.
        case abandon(Int)
        /// Tell who keeps the states of targets.
        case report(Int, TargetOutcome)
        /// Start a timer; a running one starts anew.
        case start(Timer, milliseconds: UInt32)
        /// Stop a timer, if it runs.
        case stop(Timer)
        /// The response in hand goes to the caller.
        case pass
        /// There is nobody left: the caller gets this.
        case giveUp(status: Int)
    }

    private enum State { case searching, ringing, over }

    private var state = State.searching
    private var policies: [SearchPolicy]
    private let isEmergency: Bool
    /// The candidate that is being tried.
    private(set) var current = 0
    /// It said 100, at least.
    private var isHeard = false

    /// Candidates of one call at most.
    static let limit = 16

    /// A search among candidates, at least one, whose trunks have these policies.
    init(_ policies: [SearchPolicy], isEmergency: Bool) {
        self.policies = Array(policies.prefix(Self.limit))
        self.isEmergency = isEmergency
    }

    /// Candidates, tried or not.
    var count: Int { self.policies.count }

    /// There is another candidate.
    private var hasNext: Bool { self.current + 1 < self.policies.count }

    private var policy: SearchPolicy {
        self.policies.indices.contains(self.current)
            ? self.policies[self.current] : SearchPolicy()
    }

    /// Begins with the first candidate.
    mutating func start() -> [Action] {
        self.deadlineActions + self.sendActions
    }

    private var deadlineActions: [Action] {
        let deadline = self.policy.deadlineMilliseconds
        return deadline > 0 ? [.start(.deadline, milliseconds: deadline)] : []
    }

    /// More candidates, to be tried after the present one and before the others (a redirection).
    /// Returns how many were taken.
    mutating func insert(_ policies: [SearchPolicy]) -> Int {
        let taken = policies.prefix(max(Self.limit - self.policies.count, 0))
        let place = min(self.current + 1, self.policies.count)
        self.policies.insert(contentsOf: taken, at: place)
        return taken.count
    }

    /// Takes an event.
    mutating func apply(_ event: Event) -> [Action] {
        switch self.state {
        case .searching: self.searching(event)
        case .ringing: self.ringing(event)
        case .over: []
        }
    }

    private mutating func searching(_ event: Event) -> [Action] {
        switch event {
        case .trying:
            guard !self.isHeard else { return [] }
            self.isHeard = true
            return [.stop(.silence), .report(self.current, .answered)]
        case .progress:
            self.state = .ringing
            return self.heard + [.stop(.silence), .stop(.deadline)]
        case .answered:
            self.state = .over
            return self.heard + [.stop(.silence), .stop(.deadline)]
        case .timer(.silence):
            guard !self.isHeard, self.hasNext else { return [] }
            return [.report(self.current, .silent), .abandon(self.current)] + self.next()
        case .timer(.deadline): return self.deadline()
        case .redirected: return self.heard + self.next()
        default: return self.failed(event)
        }
    }

    /// After a provisional response the candidate is the last one, but for a redirection (nobody
    /// answered, and the call is forwarded) and for an emergency call.
    private mutating func ringing(_ event: Event) -> [Action] {
        switch event {
        case .trying, .progress, .timer: return []
        case .redirected:
            self.state = .searching
            return self.deadlineActions + self.next()
        case .answered:
            self.state = .over
            return []
        default:
            guard self.isEmergency, self.hasNext else {
                self.state = .over
                return self.end(event)
            }
            self.state = .searching
            return self.deadlineActions + self.failed(event)
        }
    }

    /// The candidate will not take the call.
    private mutating func failed(_ event: Event) -> [Action] {
        let report: [Action] = self.outcome(of: event).map { [.report(self.current, $0)] } ?? []
        guard self.mayGoOn(after: event), self.hasNext else {
            self.state = .over
            return report + [.stop(.silence), .stop(.deadline)] + self.end(event)
        }
        return report + self.next()
    }

    private func mayGoOn(after event: Event) -> Bool {
        guard case .refused(let status, _) = event, !self.isEmergency else { return true }
        return self.policy.allowsAnother(after: status)
    }

    private func outcome(of event: Event) -> TargetOutcome? {
        switch event {
        case .refused(let status, let seconds):
            // What concerns the call and not the target is no failure of the target.
            self.policy.allowsAnother(after: status)
                ? .refused(status: status, retryAfterSeconds: seconds) : .answered
        case .timedOut: .silent
        case .unreachable: .unreachable
        default: nil
        }
    }

    private func end(_ event: Event) -> [Action] {
        switch event {
        case .refused: [.pass]
        case .timedOut: [.giveUp(status: 408)]
        case .unusable(let status): [.giveUp(status: status)]
        default: [.giveUp(status: 503)]
        }
    }

    /// An emergency call goes on while there is anybody left to ask, and waits for the last one.
    private mutating func deadline() -> [Action] {
        let outcome: [Action] = self.isHeard ? [] : [.report(self.current, .silent)]
        guard self.isEmergency else {
            self.state = .over
            return outcome + [.stop(.silence), .abandon(self.current), .giveUp(status: 503)]
        }
        guard self.hasNext else { return [] }
        let deadline = self.policy.deadlineMilliseconds
        return outcome + [.abandon(self.current), .start(.deadline, milliseconds: deadline)]
            + self.next()
    }

    private mutating func next() -> [Action] {
        self.current += 1
        self.isHeard = false
        return self.sendActions
    }

    /// Who is the last is waited for until the deadline: there is nothing better to do.
    private var sendActions: [Action] {
        let silence = self.policy.silenceMilliseconds
        return [
            .send(self.current),
            self.hasNext ? .start(.silence, milliseconds: silence) : .stop(.silence),
        ]
    }

    private var heard: [Action] { self.isHeard ? [] : [.report(self.current, .answered)] }
}
