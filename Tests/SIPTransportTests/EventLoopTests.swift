// SPDX-License-Identifier: Apache-2.0

import Glibc
import SIPTransport
import Testing

/// What a test saw, for closures.
final class Log {
    var entries: [Int] = []
}

@Test func timersFireInOrder() throws {
    let loop = try EventLoop()
    defer { loop.close() }
    let log = Log()
    let stopped = loop.schedule(after: 2) { log.entries.append(99) }
    for delay in [30, 5, 0, 12, 5] {
        loop.schedule(after: UInt64(delay)) { log.entries.append(delay) }
    }
    loop.cancel(stopped)
    #expect(loop.run(for: 2000) { log.entries.count == 5 })
    #expect(log.entries == [0, 5, 5, 12, 30])
}

@Test func timersStartedWithinTimersAndAfterIdleness() throws {
    let loop = try EventLoop()
    defer { loop.close() }
    let log = Log()
    let timers = LoopTimers<Int>(loop: loop, limit: 2) { log.entries.append($0) }
    // The wheel stands still while nothing runs; a timer counts from now all the same.
    usleep(30_000)
    _ = loop.run(for: 0) { false }
    let start = loop.now
    #expect(timers.start(1, milliseconds: 20))
    #expect(timers.start(2, milliseconds: 1))
    #expect(!timers.start(3, milliseconds: 1))
    #expect(timers.refusedCount == 1)
    #expect(loop.run(for: 2000) { log.entries.count == 2 })
    #expect(log.entries == [2, 1])
    #expect(loop.now - start >= 20)
}

@Test func deferredWorkRunsBeforeTheLoopWaits() throws {
    let loop = try EventLoop()
    defer { loop.close() }
    let log = Log()
    loop.onTurnEnd { log.entries.append(0) }
    loop.defer {
        log.entries.append(1)
        loop.defer { log.entries.append(2) }
    }
    #expect(loop.run(for: 2000) { log.entries.contains(2) })
    #expect(log.entries.prefix(4) == [1, 0, 2, 0])
}

@Test func signalsArriveAsEvents() throws {
    let loop = try EventLoop()
    defer { loop.close() }
    let log = Log()
    try loop.onSignal(SIGHUP) { log.entries.append(1) }
    try loop.onSignal(SIGUSR2) { log.entries.append(2) }
    kill(getpid(), SIGHUP)
    #expect(loop.run(for: 2000) { log.entries == [1] })
    kill(getpid(), SIGUSR2)
    #expect(loop.run(for: 2000) { log.entries == [1, 2] })
}

@Test func runEndsWithStop() throws {
    let loop = try EventLoop()
    defer { loop.close() }
    let log = Log()
    loop.schedule(after: 5) {
        log.entries.append(1)
        loop.stop()
    }
    loop.run()
    #expect(log.entries == [1])
}
