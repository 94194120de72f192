// SPDX-License-Identifier: Apache-2.0

/// Digits of one party in messages, a second.
struct DigitPace: Equatable {
    private var second: Milliseconds = 0
    private var count: UInt32 = 0

    /// So many more; false, with none of them taken, where those are too many.
    mutating func admits(_ more: UInt32 = 1, most: UInt32, at now: Milliseconds) -> Bool {
        if now / 1000 != self.second {
            self.second = now / 1000
            self.count = 0
        }
        guard self.count < most, more <= most - self.count else { return false }
        self.count += more
        return true
    }
}
