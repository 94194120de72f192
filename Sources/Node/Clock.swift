// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The two clocks of a shard; everything below it is given the time.
enum Clock {
    /// CLOCK_MONOTONIC, nanoseconds: what the fast path uses too.
    static var monotonicNs: UInt64 { self.read(CLOCK_MONOTONIC, 1_000_000_000, 1) }

    /// Milliseconds since 1970-01-01 00:00 UTC.
    static var wallMs: UInt64 { self.read(CLOCK_REALTIME, 1000, 1_000_000) }

    private static func read(_ clock: clockid_t, _ perSecond: UInt64, _ divisor: UInt64) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        let seconds = UInt64(clamping: time.tv_sec) &* perSecond
        return seconds &+ UInt64(clamping: time.tv_nsec) / divisor
    }
}
