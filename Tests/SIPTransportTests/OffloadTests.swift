// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import Testing

@testable import SIPTransport

@Suite struct OffloadTests {
    private final class Gate: Sendable {
        let isOpen = Mutex(false)
    }

    @Test func workIsDoneBesideTheLoop() throws {
        let loop = try EventLoop()
        let own = pthread_self()
        let gate = Gate()
        var turns = 0
        var result: Bool?
        loop.onTurnEnd { turns += 1 }
        let isTaken = loop.offload {
            // The loop turns meanwhile: it is what opens the gate.
            while !gate.isOpen.withLock({ $0 }) { usleep(1000) }
            return pthread_equal(pthread_self(), own) == 0
        } then: { isElsewhere in
            #expect(pthread_equal(pthread_self(), own) != 0)
            result = isElsewhere
        }
        #expect(isTaken)
        loop.schedule(after: 5) { gate.isOpen.withLock { $0 = true } }
        #expect(loop.run(for: 30_000) { result != nil })
        #expect(result == true && turns > 1)
        loop.close()
    }

    /// What is under way is done before the loop is closed, and what that asks for, too.
    @Test func closeWaits() throws {
        let loop = try EventLoop()
        var done: [Int] = []
        func next(_ number: Int) {
            guard number < 5 else { return }
            let isTaken = loop.offload {
                usleep(2000)
                return number
            } then: {
                done.append($0)
                next($0 + 1)
            }
            #expect(isTaken)
        }
        next(0)
        loop.close()
        #expect(done == [0, 1, 2, 3, 4])
    }

    @Test func nothingIsHeldAfterwards() throws {
        final class Thing {}
        let loop = try EventLoop()
        weak var held: Thing?
        var isDone = false
        do {
            let thing = Thing()
            held = thing
            _ = loop.offload { 1 } then: { [thing] _ in
                _ = thing
                isDone = true
            }
        }
        #expect(held != nil)
        #expect(loop.run(for: 30_000) { isDone })
        #expect(held == nil)
        loop.close()
    }
}
