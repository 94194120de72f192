// SPDX-License-Identifier: Apache-2.0

import Glibc

/// SIGTERM, SIGINT or the end of standard input. The signals are blocked and asked for: nothing is
/// interrupted, and what was installed is removed again.
struct Stop {
    private var signals = sigset_t()
    private var input = STDIN_FILENO

    /// From here on the signals are only seen here. Without `watchesInput` standard input is left
    /// alone.
    init(watchesInput: Bool) {
        sigemptyset(&self.signals)
        sigaddset(&self.signals, SIGTERM)
        sigaddset(&self.signals, SIGINT)
        sigprocmask(SIG_BLOCK, &self.signals, nil)
        // poll(2) leaves negative descriptors out.
        if !watchesInput { self.input = -1 }
    }

    /// Waits so many milliseconds, or until one of them came; true when one did.
    mutating func isAskedFor(within milliseconds: Int32) -> Bool {
        var descriptor = pollfd(fd: self.input, events: Int16(POLLIN), revents: 0)
        if poll(&descriptor, 1, milliseconds) > 0 {
            var bytes: (UInt64, UInt64) = (0, 0)
            // What is written to us means nothing; its end does.
            if read(self.input, &bytes, MemoryLayout.size(ofValue: bytes)) <= 0 { return true }
        }
        var none = timespec()
        return sigtimedwait(&self.signals, nil, &none) > 0
    }
}
