// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Clocks, in nanoseconds.
enum Clock {
    /// Time.
    static var ns: UInt64 { self.read(CLOCK_MONOTONIC) }

    /// Run time of this thread: what others do on its core is not in it.
    static var runNs: UInt64 { self.read(CLOCK_THREAD_CPUTIME_ID) }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}

/// What this process has of the machine's memory.
enum Memory {
    /// Resident bytes.
    static var resident: Int { self.kilobytes("Rss:") * 1024 }

    /// Those of them in huge pages.
    static var hugePages: Int { self.kilobytes("AnonHugePages:") * 1024 }

    private static func kilobytes(_ name: String) -> Int {
        guard let file = fopen("/proc/self/smaps_rollup", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
            guard text.hasPrefix(name) else { continue }
            return Int(text.split(separator: " ").dropFirst().first ?? "") ?? 0
        }
        return 0
    }
}
