// SPDX-License-Identifier: Apache-2.0

import FlowProgramming
import Foundation
import Management
import NetworkAddress
import SIPTransaction
import Testing

@testable import Node

@Suite struct OutboxTests {
    /// An outbox, what left it, and which media is not there yet.
    private struct Bench {
        var outbox = Outbox()
        var awaited: Set<MediaSession> = []
        var left: [String] = []

        /// An event's messages, each named and of a call.
        mutating func event(
            _ messages: [(String, call: String)], for sessions: [UInt64] = [], atMs: UInt64 = 0
        ) {
            let first = self.outbox.count
            for (name, call) in messages {
                let text = "\(name)\r\nVia: x\r\nFrom: <sip:a>\r\nCall-ID: \(call)\r\n\r\n"
                let address = IPAddress("192.0.2.1") ?? .unspecified
                let hop = Hop(
                    listener: ListenerIndex(rawValue: 0), transport: .udp,
                    remote: SocketAddress(address: address, port: 5060))
                self.outbox.append(.init(bytes: Array(text.utf8), hop: hop, owner: nil))
            }
            self.outbox.hold(from: first, for: sessions.map { MediaSession($0) }, nowMs: atMs)
        }

        mutating func release(atMs: UInt64 = 0, isServed: Bool = true) -> [String] {
            var left: [String] = []
            let awaited = self.awaited
            self.outbox.release(
                nowMs: atMs, isServed: isServed, isReady: { !awaited.contains($0) }
            ) { message in
                let line = message.bytes.prefix { $0 != 0x0d }
                left.append(String(decoding: line, as: UTF8.self))
            }
            return left
        }
    }

    @Test func messagesLeaveInOrderWhenNothingIsAwaited() {
        var bench = Bench()
        bench.event([("1", "a"), ("2", "b")], for: [1])
        bench.event([("3", "a")])
        #expect(bench.release() == ["1", "2", "3"])
        #expect(bench.outbox.count == 0 && bench.outbox.counters == .init())
        #expect(bench.release().isEmpty)
    }

    @Test func aMessageWaitsForTheMediaOfItsEvent() {
        var bench = Bench()
        bench.awaited = [MediaSession(1)]
        bench.event([("1", "a"), ("2", "a2")], for: [1])
        bench.event([("3", "b")], for: [2])
        bench.event([("4", "c")])
        #expect(bench.release() == ["3", "4"])
        #expect(bench.release(atMs: 199).isEmpty)
        bench.awaited = []
        #expect(bench.release(atMs: 199) == ["1", "2"])
        #expect(bench.outbox.counters == .init(held: 2, unready: 0))
    }

    @Test func bothSessionsOfAnEventAreAwaited() {
        var bench = Bench()
        bench.awaited = [MediaSession(2)]
        bench.event([("1", "a")], for: [1, 2])
        #expect(bench.release().isEmpty)
        bench.awaited = []
        #expect(bench.release() == ["1"])
    }

    /// A BYE must not come before the 200 that waits.
    @Test func noMessageOvertakesAnotherOfItsCallID() {
        var bench = Bench()
        bench.awaited = [MediaSession(1)]
        bench.event([("1", "a")], for: [1])
        bench.event([("2", "b"), ("3", "a"), ("4", "b"), ("5", "a")])
        #expect(bench.release() == ["2", "4"])
        bench.event([("6", "b"), ("7", "a")], for: [2])
        #expect(bench.release() == ["6"])
        bench.awaited = []
        #expect(bench.release() == ["1", "3", "5", "7"])
        #expect(bench.outbox.counters.held == 1, "the others did not wait for media")
    }

    @Test(arguments: [(true, UInt64(200)), (false, 20)])
    func whatIsNotAnsweredLeavesInTheEnd(isServed: Bool, limitMs: UInt64) {
        var bench = Bench()
        bench.awaited = [MediaSession(1)]
        bench.event([("1", "a")], for: [1], atMs: 1000)
        bench.event([("2", "a")], atMs: 1000)
        #expect(bench.release(atMs: 1000 + limitMs - 1, isServed: isServed).isEmpty)
        #expect(bench.release(atMs: 1000 + limitMs, isServed: isServed) == ["1", "2"])
        #expect(bench.outbox.counters == .init(held: 1, unready: 1))
    }

    @Test func ofTooManyTheOldestDoNotWait() {
        var bench = Bench()
        bench.awaited = [MediaSession(1)]
        bench.event((0..<Outbox.waitingMax).map { ("\($0)", "call \($0)") }, for: [1])
        #expect(bench.release().isEmpty)
        bench.event([("more", "x")], for: [1])
        #expect(bench.release() == ["0"])
        #expect(bench.outbox.count == Outbox.waitingMax && bench.outbox.counters.unready == 1)
    }

    @Test func answersAreLookedForLessAndLessOften() {
        var pace = AnswerPace()
        #expect((0..<7).map { _ in pace.next() } == [60, 120, 240, 480, 960, 1000, 1000])
        pace.reset()
        #expect(pace.next() == 60)
    }
}

/// The outbox in its node, with a fast path that answers late or never.
@Suite struct HeldMessageTests {
    /// It lives and does not answer: others go on, and the call does when it answers.
    @Test func othersPassWhoWaits() throws {
        let node = try NodeFixture(fastPath: true, peer: ["hold=1"])
        let parties = try Parties(node)
        let carrier = parties.carrier
        carrier.send(carrier.request("INVITE", body: carrier.sdp))
        try #require(node.run { $0.outbox.count > 0 })
        carrier.send(carrier.request("OPTIONS", call: "other"))
        #expect(carrier.expect("SIP/2.0 200", node) != nil)
        node.signalFastPath(SIGUSR1)
        #expect(parties.service.expect("INVITE", node) != nil)
        #expect(node.shard.outbox.counters.held == 1)
        #expect(try node.result("status")["media"]?["messages_held"]?.integer == 1)
    }

    @Test(arguments: [false, true])
    func noCallHangsOnAFastPathThatDoesNotAnswer(isDead: Bool) throws {
        let node = try NodeFixture(fastPath: true, peer: isDead ? [] : ["hold=1"])
        let parties = try Parties(node)
        if isDead {
            node.signalFastPath(SIGSTOP)
            usleep(300_000) // so that its heart is known to stand still
        }
        let carrier = parties.carrier
        carrier.send(carrier.request("INVITE", body: carrier.sdp))
        #expect(parties.service.expect("INVITE", node) != nil)
        #expect(node.shard.outbox.counters == .init(held: 1, unready: 1))
        #expect(try node.result("status")["media"]?["messages_unready"]?.integer == 1)
    }
}
