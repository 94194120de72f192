// SPDX-License-Identifier: Apache-2.0

import Foundation
import SIPTransport
import Testing

@Suite struct LoopInboxTests {
    @Test func messagesOfAThreadArriveInOrder() throws {
        let loop = try EventLoop()
        defer { loop.close() }
        var received: [Int] = []
        let inbox = try #require(LoopInbox<Int>(loop: loop) { received.append($0) })
        Thread.detachNewThread { for number in 0..<10_000 { inbox.post(number) } }
        #expect(loop.run(for: 10_000) { received.count == 10_000 })
        #expect(received == Array(0..<10_000))
        inbox.close()
    }

    @Test func whatIsReceivedMayPostAgain() throws {
        let loop = try EventLoop()
        defer { loop.close() }
        var received: [Int] = []
        var inbox: LoopInbox<Int>?
        inbox = LoopInbox(loop: loop) { number in
            received.append(number)
            if number < 3 { inbox?.post(number + 1) }
        }
        inbox?.post(1)
        #expect(loop.run(for: 10_000) { received == [1, 2, 3] })
        inbox?.close()
        inbox = nil
    }

    @Test func aClosedInboxTakesNothing() throws {
        let loop = try EventLoop()
        var received: [Int] = []
        let inbox = try #require(LoopInbox<Int>(loop: loop) { received.append($0) })
        inbox.close()
        inbox.post(1)
        #expect(!loop.run(for: 20) { !received.isEmpty })
        loop.close()
        // The loop is gone, and a thread that does not know it does no harm.
        inbox.post(2)
        inbox.close()
        #expect(received.isEmpty)
    }
}
