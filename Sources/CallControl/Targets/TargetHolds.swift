// SPDX-License-Identifier: Apache-2.0

import SIPTransaction

/// Targets that asked not to be tried for a while. Bounded; what is beyond the bound is tried.
struct TargetHolds: Sendable {
    /// Targets that are kept at most.
    static let limit = 4096
    /// Longest time that a target is believed, seconds: one that names a year comes back.
    static let secondsMax: UInt32 = 3600

    private var until: [Hop: Milliseconds] = [:]

    /// Takes what came of a request. A Retry-After below 500 speaks of the person called.
    mutating func note(_ outcome: TargetOutcome, of hop: Hop, now: Milliseconds) {
        guard case .refused(500..., let seconds?) = outcome, seconds > 0 else { return }
        if self.until.count >= Self.limit { self.until = self.until.filter { $0.value > now } }
        guard self.until.count < Self.limit else { return }
        let milliseconds = Milliseconds(min(seconds, Self.secondsMax)) * 1000
        self.until[hop.withoutConnection] = now &+ milliseconds
    }

    /// The target asked not to be tried yet.
    func holds(_ hop: Hop, now: Milliseconds) -> Bool {
        guard !self.until.isEmpty, let until = self.until[hop.withoutConnection] else {
            return false
        }
        return until > now
    }

    /// Targets that are kept.
    var count: Int { self.until.count }
}
