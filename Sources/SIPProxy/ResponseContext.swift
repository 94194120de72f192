// SPDX-License-Identifier: Apache-2.0

import SIPTransaction

/// What becomes of one request on its way through a proxy (RFC 3261 section 16.7). It has one
/// target, which may be in several places; these are tried one after another (RFC 3263 section
/// 4.3).
///
///     consulting ──► locating ──► trying ──► ended
struct ResponseContext {
    enum State: CaseIterable {
        /// The service was asked about the call.
        case consulting
        /// Where the request goes is looked up.
        case locating
        /// It was sent; a final response is awaited.
        case trying
        /// A final response went back. A further 2xx to an INVITE still passes.
        case ended
    }

    /// What is to be done.
    enum Step: Equatable {
        case wait
        case locate
        case send(Hop, attempt: Int)
        /// The response in hand goes back as it came.
        case pass
        /// It goes back as a 500: who hears 503 of a proxy takes it for the proxy's own state (RFC
        /// 3261 section 16.7, 6).
        case passAsServerError
        /// The proxy answers with this status.
        case refuse(Int)
        /// The request that was sent is to be cancelled.
        case cancel
    }

    private(set) var state: State
    private var places: [Hop] = []
    private var attempt = 0
    /// The place that is tried has said anything.
    private var isHeard = false
    private var isCancelled = false

    init(isConsulting: Bool) { self.state = isConsulting ? .consulting : .locating }

    /// The service has answered, or will not: the request goes on either way.
    mutating func consulted() -> Step {
        guard self.state == .consulting else { return .wait }
        self.state = .locating
        return .locate
    }

    /// The places that the next hop stands for, in order; none where it is unknown.
    mutating func located(_ places: [Hop]) -> Step {
        guard self.state == .locating else { return .wait }
        guard let first = places.first else { return self.end(.refuse(500)) }
        self.state = .trying
        self.places = places
        return .send(first, attempt: 0)
    }

    /// A response came. 503 counts as a place that cannot be reached.
    mutating func received(status: Int) -> Step {
        switch (self.state, status) {
        case (.trying, 100):
            self.isHeard = true
            return .wait
        case (.trying, 101...199):
            self.isHeard = true
            return .pass
        case (.trying, 503): return self.nextPlace() ?? self.end(.passAsServerError)
        case (.trying, 200...699): return self.end(.pass)
        case (.ended, 200...299): return .pass
        default: return .wait
        }
    }

    /// No final response came in time.
    mutating func timedOut() -> Step {
        guard self.state == .trying else { return .wait }
        if self.isCancelled { return self.end(.refuse(487)) }
        guard self.isHeard else { return self.nextPlace() ?? self.end(.refuse(408)) }
        return self.end(.refuse(408))
    }

    /// The request could not be sent, which counts as a 503 (RFC 3261 section 16.9).
    mutating func unreachable() -> Step {
        guard self.state == .trying else { return .wait }
        if self.isCancelled { return self.end(.refuse(487)) }
        return self.nextPlace() ?? self.end(.refuse(500))
    }

    /// The sender does not want it any more (RFC 3261 section 16.10).
    mutating func cancelled() -> Step {
        switch self.state {
        case .consulting, .locating: return self.end(.refuse(487))
        case .trying where !self.isCancelled:
            self.isCancelled = true
            return .cancel
        case .trying, .ended: return .wait
        }
    }

    private mutating func nextPlace() -> Step? {
        guard !self.isCancelled, self.attempt + 1 < self.places.count else { return nil }
        self.attempt += 1
        self.isHeard = false
        return .send(self.places[self.attempt], attempt: self.attempt)
    }

    private mutating func end(_ step: Step) -> Step {
        self.state = .ended
        self.places = []
        return step
    }
}
