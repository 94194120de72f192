// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SDP
import SIPMessage
import SIPTransaction
import Testing

@testable import CallControl
@testable import CallWorld

@Suite struct BasicCallTests {
    @Test func callerHangsUp() throws {
        let world = World()
        let alice = world.phone("alice", side: .a)
        let bob = world.phone("bob", side: .b)
        alice.script.hangUpAfter = 5000
        alice.dial()
        world.run(until: 3000)
        let summary = try #require(world.core.engine.listCalls().first)
        #expect(summary.state == .established)
        let media = try #require(world.media[summary.id])
        #expect(media.a.remote == SocketAddress(address: alice.address.address, port: 40_002))
        #expect(media.b.remote == SocketAddress(address: bob.address.address, port: 40_002))
        #expect(media.a.send && media.a.receive && media.b.send && media.b.receive)
        world.run()
        #expect(
            alice.log == [
                "> INVITE", "< 180 INVITE", "< 200 INVITE", "> ACK", "> BYE", "< 200 BYE",
            ])
        #expect(
            bob.log == ["< INVITE", "> 180 INVITE", "> 200 INVITE", "< ACK", "< BYE", "> 200 BYE"])
        let record = try #require(world.records.first)
        #expect(record.end == .callerBye)
        #expect(record.status == 200)
        #expect(record.called == Array("+15551234".utf8))
        #expect(record.calling == Array("+19990000".utf8))
        world.expectClean()
    }

    /// Over a reliable transport nothing is sent twice but a 200 without ACK, and URIs say so.
    @Test func overTCP() throws {
        let world = World(transport: .tcp)
        let alice = world.phone("alice", side: .a)
        let bob = world.phone("bob", side: .b)
        bob.script.hangUpAfter = 2000
        alice.script.acksLost = 1
        alice.dial()
        world.run()
        let invite = try #require(bob.requests.first)
        #expect(invite.requestURI.elementsEqual("sip:+15551234@203.0.113.1;transport=tcp".utf8))
        #expect(try invite.topVia().transport.elementsEqual("TCP".utf8))
        #expect(alice.count("< 200 INVITE") == 2)
        #expect(world.records.first?.end == .calleeBye)
        world.expectClean()
    }

    @Test func callsInTheOtherDirection() {
        let world = World()
        let alice = world.phone("alice", side: .a)
        let bob = world.phone("bob", side: .b)
        bob.script.hangUpAfter = 2000
        bob.dial("+2777")
        world.run()
        #expect(alice.count("< ACK") == 1 && alice.count("< BYE") == 1)
        #expect(world.records.first?.from == World.service)
        world.expectClean()
    }

    @Test func learnedSourcesAreListed() throws {
        let world = World()
        let alice = world.phone("alice", side: .a)
        _ = world.phone("bob", side: .b)
        alice.script.hangUpAfter = 5000
        alice.dial()
        world.run(until: 2000)
        let id = try #require(world.core.engine.listCalls().first?.id)
        world.input { $0.engine.sourceLearned(id, .a, World.boxB) }
        #expect(world.core.engine.call(id)?.learnedSources == [.a: World.boxB])
        world.run()
        world.expectClean()
    }
}
