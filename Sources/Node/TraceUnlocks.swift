// SPDX-License-Identifier: Apache-2.0

import CallControl

/// Calls whose trace may be seen with its secrets: each for one user, for a limited time. A few at
/// a time; nothing of it outlives the process.
struct TraceUnlocks {
    /// One permission.
    private struct Unlock {
        let call: CallIdentifier
        let user: UInt32
        let untilMs: UInt64
    }

    /// Longest time.
    static let minutesMax: Int64 = 60
    /// At a time.
    static let limit = 16

    private var unlocks: [Unlock] = []

    /// Permits a user to see a call until a time of the loop's clock; false if there are too many.
    mutating func add(
        _ call: CallIdentifier, user: UInt32, untilMs: UInt64, nowMs: UInt64
    ) -> Bool {
        self.unlocks.removeAll { $0.untilMs <= nowMs || ($0.call == call && $0.user == user) }
        guard self.unlocks.count < Self.limit else { return false }
        self.unlocks.append(Unlock(call: call, user: user, untilMs: untilMs))
        return true
    }

    /// The user may see the call with its secrets now.
    func isOpen(_ call: CallIdentifier, user: UInt32, nowMs: UInt64) -> Bool {
        self.unlocks.contains { $0.call == call && $0.user == user && $0.untilMs > nowMs }
    }
}
