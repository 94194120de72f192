// SPDX-License-Identifier: Apache-2.0

internal import CUV
internal import Glibc

/// One timer by the microsecond, where the loop's milliseconds are too coarse: to look soon for an
/// answer that nobody announces. It fires once for each start, on the loop's thread.
public final class FineTimer {
    private let descriptor: Int32
    private let fired: () -> Void
    private var watch: DescriptorWatch?
    /// It was started, and has neither fired nor been stopped since.
    public private(set) var isRunning = false

    /// Nil where the system has no descriptor left.
    public init?(loop: EventLoop, fired: @escaping () -> Void) {
        self.descriptor = timerfd_create(CLOCK_MONOTONIC, Int32(TFD_NONBLOCK | TFD_CLOEXEC))
        self.fired = fired
        guard self.descriptor >= 0 else { return nil }
        self.watch = DescriptorWatch(loop: loop, descriptor: self.descriptor) {
            [unowned self] _, _ in self.expired()
        }
        guard let watch, watch.wait(readable: true, writable: false) else { return nil }
    }

    deinit {
        // The loop must not wait for what is closed.
        self.watch?.stop()
        if self.descriptor >= 0 { close(self.descriptor) }
    }

    /// Fires after so many microseconds, at least one; a running timer starts anew.
    public func start(microseconds: UInt64) {
        self.isRunning = true
        self.set(max(microseconds, 1))
    }

    /// Does not fire any more.
    public func stop() {
        guard self.isRunning else { return }
        self.isRunning = false
        self.set(0)
    }

    private func set(_ microseconds: UInt64) {
        var time = itimerspec()
        time.it_value.tv_sec = Int(clamping: microseconds / 1_000_000)
        time.it_value.tv_nsec = Int(microseconds % 1_000_000) * 1000
        timerfd_settime(self.descriptor, 0, &time, nil)
    }

    private func expired() {
        var count: UInt64 = 0
        // Nothing to read: it was stopped or started anew in the turn in which it ran out.
        guard read(self.descriptor, &count, MemoryLayout<UInt64>.size) > 0, self.isRunning else {
            return
        }
        self.isRunning = false
        self.fired()
    }
}
