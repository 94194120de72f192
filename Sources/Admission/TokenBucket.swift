// SPDX-License-Identifier: Apache-2.0

/// So many a second on average, and as many at once: a token bucket. A value without a clock; times
/// are milliseconds of any one clock, and one that goes back gives no tokens.
public struct TokenBucket: Sendable, Hashable {
    /// Tokens a second, 0 to 1,000,000; 0: none ever.
    public let rate: UInt32
    /// Tokens that gather while none is taken.
    public let burst: UInt32
    /// Thousandths of a token.
    private var level: UInt64
    private var filledAt: UInt64?

    /// Full. Without `burst` as many as come in a second, at least one where any come.
    public init(rate: UInt32, burst: UInt32? = nil) {
        self.rate = min(rate, 1_000_000)
        self.burst = burst ?? self.rate
        self.level = UInt64(self.burst) * 1000
    }

    /// True if there is a token at this time.
    public func has(now: UInt64) -> Bool { self.level(at: now) >= 1000 }

    /// True if it holds as many as it can.
    public func isFull(now: UInt64) -> Bool { self.level(at: now) >= UInt64(self.burst) * 1000 }

    /// Takes a token; false if there is none.
    public mutating func take(now: UInt64) -> Bool {
        self.level = self.level(at: now)
        self.filledAt = max(self.filledAt ?? now, now)
        guard self.level >= 1000 else { return false }
        self.level -= 1000
        return true
    }

    private func level(at now: UInt64) -> UInt64 {
        guard let filledAt = self.filledAt, now > filledAt else { return self.level }
        // 10^6 tokens a second over an hour: far from overflow. More time fills any bucket that a
        // slow rate has.
        let elapsed = min(now - filledAt, 3_600_000)
        return min(self.level + elapsed * UInt64(self.rate), UInt64(self.burst) * 1000)
    }
}
