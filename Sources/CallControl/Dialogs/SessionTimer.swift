// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// The session timer of one leg (RFC 4028), begun anew by every refresh.
public struct SessionTimer: Sendable, Hashable {
    /// Seconds from one refresh to the end of the session; at least 1.
    public var seconds: UInt32
    /// We refresh; else the party does.
    public var isOurs: Bool
    /// The last refresh, ms since 1970.
    public var startedAt: Milliseconds
    /// Our next refresh, ms since 1970; after one that failed later than half the time.
    public var refreshAt: Milliseconds

    /// From what was agreed, at the time of a 2xx.
    public init(seconds: UInt32, isOurs: Bool, at now: Milliseconds) {
        self.seconds = max(seconds, 1)
        self.isOurs = isOurs
        self.startedAt = now
        self.refreshAt = now &+ UInt64(self.seconds) * 500
    }

    /// When the session is over: for who does not refresh it a third of the time, or 32 seconds,
    /// before the last moment (RFC 4028 section 10).
    public var endsAt: Milliseconds {
        let all = UInt64(self.seconds) * 1000
        let early = self.isOurs ? 0 : min(32_000, all / 3)
        return self.startedAt &+ all &- early
    }

    /// The refresh failed, and may be tried again: half way to the end.
    public mutating func postpone(from now: Milliseconds) {
        let end = self.endsAt
        self.refreshAt = now < end ? now &+ max((end &- now) / 2, 1) : end
    }

    /// When something is to be done next.
    public var nextAt: Milliseconds {
        self.isOurs ? min(self.refreshAt, self.endsAt) : self.endsAt
    }
}

/// What a message says about session timers, and what the answer to it says.
enum SessionTimerNegotiation {
    /// The answer of a server.
    enum Answer: Equatable {
        /// No timer, and nothing about it in the response.
        case none
        /// This in the 2xx. `isRequired`: Require names timer, since the client refreshes (RFC
        /// 4028 section 9).
        case agreed(SessionExpires, isRequired: Bool)
        /// 422 with this Min-SE.
        case tooSmall(UInt32)
    }

    /// As a server (RFC 4028 section 9), for an INVITE or UPDATE.
    static func answer(_ request: SIPMessage, _ policy: SessionTimerPolicy) -> Answer {
        guard policy.mode != .off else { return .none }
        let knowsTimer =
            request.lists(.supported, "timer") || request.lists(.require, "timer")
        let least = ((try? request.seconds(.minSE)) ?? nil) ?? 0
        guard let asked = (try? request.sessionExpires()) ?? nil else {
            guard policy.mode == .request else { return .none }
            let seconds = max(policy.seconds, least)
            // Who was not asked is not made to refresh.
            return .agreed(SessionExpires(seconds: seconds, refresher: .uas), isRequired: false)
        }
        if asked.seconds < policy.minimum, knowsTimer { return .tooSmall(policy.minimum) }
        let floor = max(least, policy.minimum)
        let seconds = max(min(asked.seconds, max(policy.seconds, floor)), 1)
        let refresher = knowsTimer ? asked.refresher ?? .uac : .uas
        return .agreed(
            SessionExpires(seconds: seconds, refresher: refresher),
            isRequired: refresher == .uac)
    }

    /// As a client (RFC 4028 section 7.2): what the 2xx to our request means. Without
    /// Session-Expires in it the party knows no timers, and we refresh alone where we asked for
    /// them. Seconds, and whether we refresh. Less than the trunk's least counts as that, or one
    /// answer would have us refresh without end.
    static func outcome(
        _ response: SIPMessage, asked: UInt32?, _ policy: SessionTimerPolicy
    ) -> (seconds: UInt32, isOurs: Bool)? {
        guard policy.mode != .off else { return nil }
        if let said = (try? response.sessionExpires()) ?? nil, said.seconds > 0 {
            return (max(said.seconds, policy.minimum), said.refresher != .uas)
        }
        return asked.map { ($0, true) }
    }
}
