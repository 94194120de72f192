// SPDX-License-Identifier: Apache-2.0

import Glibc
import SIPTransport
import Testing

@Suite struct FineTimerTests {
    private func nowUs() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
    }

    @Test func firesOnceAndNotBeforeItsTime() throws {
        let loop = try EventLoop()
        defer { loop.close() }
        var fired = 0
        let timer = try #require(FineTimer(loop: loop) { fired += 1 })
        #expect(!timer.isRunning)
        let start = self.nowUs()
        timer.start(microseconds: 300)
        #expect(timer.isRunning)
        #expect(loop.run(for: 10_000) { fired > 0 })
        #expect(self.nowUs() - start >= 300 && !timer.isRunning)
        #expect(!loop.run(for: 20) { fired > 1 })
    }

    /// What a millisecond's timer cannot: the best of some tries is far below one.
    @Test func isFinerThanTheLoop() throws {
        let loop = try EventLoop()
        defer { loop.close() }
        var fired = 0
        let timer = try #require(FineTimer(loop: loop) { fired += 1 })
        var best = UInt64.max
        for round in 1...50 {
            let start = self.nowUs()
            timer.start(microseconds: 60)
            #expect(loop.run(for: 10_000) { fired == round })
            best = min(best, self.nowUs() - start)
        }
        #expect(best >= 60 && best < 900)
    }

    @Test func stoppedAndStartedAnew() throws {
        let loop = try EventLoop()
        defer { loop.close() }
        var fired = 0
        let timer = try #require(FineTimer(loop: loop) { fired += 1 })
        timer.stop()
        timer.start(microseconds: 0)
        timer.stop()
        #expect(!timer.isRunning && !loop.run(for: 20) { fired > 0 })
        timer.start(microseconds: 10_000_000)
        timer.start(microseconds: 1)
        #expect(loop.run(for: 10_000) { fired == 1 })
        // It ran out, but is started anew before the loop sees that.
        timer.start(microseconds: 1)
        usleep(1000)
        timer.start(microseconds: 20_000)
        #expect(!loop.run(for: 5) { fired > 1 })
        #expect(loop.run(for: 10_000) { fired == 2 })
    }

    @Test func goesAwayWhileItRuns() throws {
        let loop = try EventLoop()
        defer { loop.close() }
        var fired = 0
        var timer = FineTimer(loop: loop) { fired += 1 }
        timer?.start(microseconds: 1)
        timer = nil
        #expect(!loop.run(for: 20) { fired > 0 })
        // And one that outlives its loop does no harm.
        let late = try #require(FineTimer(loop: loop) { fired += 1 })
        late.start(microseconds: 1)
        loop.close()
        late.stop()
        #expect(fired == 0)
    }
}
