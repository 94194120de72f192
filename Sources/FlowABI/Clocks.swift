// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The machine's clocks. Whatever decides by time is given it; what owns a loop, or measures,
/// reads it here.
public enum Clocks {
    /// CLOCK_MONOTONIC, nanoseconds: that of every time in the two files.
    public static var monotonicNs: UInt64 { self.read(CLOCK_MONOTONIC) }
    /// Milliseconds since 1970-01-01 00:00 UTC.
    public static var wallMs: UInt64 { self.read(CLOCK_REALTIME) / 1_000_000 }
    /// Microseconds since 1970-01-01 00:00 UTC.
    public static var wallUs: UInt64 { self.read(CLOCK_REALTIME) / 1000 }
    /// CPU time of the calling thread, nanoseconds.
    public static var threadCPUNs: UInt64 { self.read(CLOCK_THREAD_CPUTIME_ID) }
    /// CPU time of the whole process, nanoseconds.
    public static var processCPUNs: UInt64 { self.read(CLOCK_PROCESS_CPUTIME_ID) }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        let seconds = UInt64(clamping: time.tv_sec) &* 1_000_000_000
        return seconds &+ UInt64(clamping: time.tv_nsec)
    }
}
