// SPDX-License-Identifier: Apache-2.0

@testable import CallControl
import NetworkAddress
import SDP
import SIPMessage
import Testing

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
}
