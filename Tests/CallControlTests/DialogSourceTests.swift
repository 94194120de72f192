// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SDP
import Sharing
import SIPDialog
import SIPMessage
import SIPTransaction
import Testing

@testable import CallControl
@testable import CallWorld

/// Where requests of a dialog may come from, and where ours go.
@Suite struct DialogSourceTests {
    /// A call whose callee is another machine than the trunk's peer, as its Contact says.
    private func call() -> (World, Phone, Phone) {
        let world = World()
        let alice = world.phone("alice", side: .a)
        let bob = world.phone("bob", side: .b)
        bob.script.contactHost = "203.0.113.77"
        alice.dial()
        world.run(until: 2000)
        return (world, alice, bob)
    }

    /// The callee's BYE; `wrongTag` spoils the tag of its dialog.
    private func bye(_ bob: Phone, wrongTag: Bool = false) throws -> SIPMessage {
        var dialog = try #require(bob.calls.values.first?.dialog)
        let via = "SIP/2.0/UDP 203.0.113.77;branch=z9hG4bK\(wrongTag ? "w" : "g")"
        let request = dialog.request(.bye, via: Array(via.utf8))
        let builder = try #require(request)
        var text = String(decoding: builder.finish(), as: UTF8.self)
        if wrongTag { text = text.split(separator: ";tag=").joined(separator: ";tag=x") }
        return try SIPMessage.parse(Array(text.utf8), framing: .datagram)
    }

    private func give(_ message: SIPMessage, from address: String, to world: World) {
        let hop = Hop(
            listener: ListenerIndex(rawValue: 1), transport: .udp,
            remote: SocketAddress(address: World.ip(address), port: 5060))
        world.input { $0.received(message, from: hop) }
    }

    @Test func theRemoteTargetMaySendInItsDialog() throws {
        let (world, alice, bob) = self.call()
        self.give(try self.bye(bob), from: "203.0.113.77", to: world)
        world.run(until: 4000)
        #expect(alice.count("< BYE") == 1)
        #expect(world.records.map(\.end) == [.calleeBye])
        #expect(world.core.engine.counters.unknownSources == 0)
    }

    @Test func nobodyElseMay() throws {
        let (world, _, bob) = self.call()
        self.give(try self.bye(bob), from: "203.0.113.78", to: world)
        self.give(try self.bye(bob, wrongTag: true), from: "203.0.113.77", to: world)
        world.run(until: 4000)
        #expect(world.records.isEmpty && world.core.engine.callCount == 1)
        #expect(world.core.engine.counters.unknownSources == 2)
    }

    /// A caller that connected from a port of no meaning, and whose Contact is `uri`.
    private func destination(_ uri: String, listener transport: TransportProtocol) throws -> Hop {
        let world = World(transport: transport)
        let invite = """
            INVITE sip:+15551234@192.0.2.1 SIP/2.0\r
            Via: SIP/2.0/TCP 198.51.100.1;branch=z9hG4bKa\r
            From: <sip:a@example.com>;tag=a\r
            To: <sip:b@example.com>\r
            Call-ID: c\r
            CSeq: 1 INVITE\r
            Contact: <\(uri)>\r
            Content-Length: 0\r
            \r

            """
        let message = try SIPMessage.parse(Array(invite.utf8), framing: .datagram)
        let dialog = try Dialog(
            server: message, localTag: [0x62], state: .confirmed, overTLS: false)
        let hop = Hop(
            listener: ListenerIndex(rawValue: 0), transport: transport,
            remote: SocketAddress(address: World.ip("198.51.100.1"), port: 49_152),
            connection: ConnectionID(rawValue: 5))
        let leg = Leg(
            trunk: Shared(world.configuration.trunks[0]),
            listener: Shared(world.configuration.listeners[0]),
            hop: hop, localTag: [0x62], session: OfferAnswerLeg(sessionID: 1),
            port: MediaPort(addressIndex: 0, rtp: World.boxA))
        return leg.destination(of: dialog)
    }

    /// Over a stream the connection comes first; without it the target's port counts, not the one
    /// that the party happened to connect from.
    @Test(arguments: [
        ("sip:a@198.51.100.1:5070;transport=tcp", UInt16(5070)), ("sip:a@198.51.100.1", 5060),
        ("sip:a@phone.example.com:5080", 5080), ("sip:a@phone.example.com", 5060),
    ])
    func theTargetNamesThePort(uri: String, port: UInt16) throws {
        let hop = try self.destination(uri, listener: .tcp)
        #expect(hop.remote.description == "198.51.100.1:\(port)")
        #expect(hop.connection == ConnectionID(rawValue: 5))
    }

    @Test func anotherTargetIsNotBehindTheConnection() throws {
        let hop = try self.destination("sip:a@198.51.100.9:5070", listener: .tcp)
        #expect(hop.remote.description == "198.51.100.9:5070" && hop.connection == nil)
    }
}
