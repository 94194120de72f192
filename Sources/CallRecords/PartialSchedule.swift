// SPDX-License-Identifier: Apache-2.0

public import CallControl

/// Which calls are due for a partial record: those that have been answered for a whole number of
/// intervals. A value without a clock. Calls stand by the second of the interval in which they were
/// answered, so that a look at one second touches no other call.
public struct PartialSchedule: Sendable {
    /// Seconds between two records of a call; 0: none are written.
    public let seconds: Int
    private var slots: [Int: Set<CallIdentifier>] = [:]
    /// The last second that was looked at.
    private var lookedAt: UInt64?

    /// Without calls. `seconds` is at least 0.
    public init(seconds: Int) { self.seconds = max(seconds, 0) }

    /// A call that was answered then, milliseconds. It may be told again.
    public mutating func begin(_ call: CallIdentifier, answeredAt: Milliseconds) {
        guard self.seconds > 0 else { return }
        self.slots[self.slot(answeredAt / 1000), default: []].insert(call)
    }

    /// It has ended.
    public mutating func end(_ call: CallIdentifier, answeredAt: Milliseconds) {
        guard self.seconds > 0 else { return }
        let slot = self.slot(answeredAt / 1000)
        self.slots[slot]?.remove(call)
        if self.slots[slot]?.isEmpty == true { self.slots[slot] = nil }
    }

    /// The calls whose interval ended since the last look; at the first look none.
    public mutating func due(now: Milliseconds) -> [CallIdentifier] {
        let second = now / 1000
        defer { self.lookedAt = second }
        guard self.seconds > 0, let last = self.lookedAt, last < second else { return [] }
        // A clock that was set forward makes every call due once.
        let first = max(last + 1, second - min(UInt64(self.seconds) - 1, second))
        return (first...second).flatMap { self.slots[self.slot($0)] ?? [] }
    }

    /// How many intervals are over then; 0 before the first.
    public func part(answeredAt: Milliseconds, now: Milliseconds) -> Int {
        guard self.seconds > 0, now > answeredAt else { return 0 }
        return Int(clamping: (now / 1000 - answeredAt / 1000) / UInt64(self.seconds))
    }

    private func slot(_ second: UInt64) -> Int { Int(second % UInt64(max(self.seconds, 1))) }
}
