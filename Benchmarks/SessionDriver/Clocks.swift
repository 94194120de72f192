// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The kernel's clocks that a measurement needs, in nanoseconds.
public enum Clocks {
    /// CLOCK_MONOTONIC, which the fast path goes by too.
    public static var monotonicNs: UInt64 { self.read(CLOCK_MONOTONIC) }
    /// CPU time of the calling thread.
    public static var threadCPUNs: UInt64 { self.read(CLOCK_THREAD_CPUTIME_ID) }
    /// CPU time of the whole process.
    public static var processCPUNs: UInt64 { self.read(CLOCK_PROCESS_CPUTIME_ID) }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
