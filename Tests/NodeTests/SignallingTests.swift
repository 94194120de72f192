// SPDX-License-Identifier: Apache-2.0

import CallControl
import FlowProgramming
import Foundation
import Management
import NetworkAddress
import SIPMessage
import SIPTransaction
import SIPTransport
import Testing

@testable import Node

@Suite struct NodeSignallingTests {
    @Test(arguments: [false, true])
    func optionsAreAnswered(stream: Bool) throws {
        let node = try NodeFixture()
        let peer = try SIPPeer(node.addresses.carrier, to: node.addresses.box, stream: stream)
        peer.send(peer.request("OPTIONS"))
        let answer = try #require(peer.expect("SIP/2.0 200", node))
        #expect(line("Allow", of: answer)?.contains("INVITE") == true)
        #expect(line("To", of: answer)?.contains(";tag=") == true)
    }

    @Test(arguments: [false, true])
    func malformedRequestsGet400(stream: Bool) throws {
        let node = try NodeFixture()
        let peer = try SIPPeer(node.addresses.carrier, to: node.addresses.box, stream: stream)
        let faulty = peer.request("OPTIONS").replacingOccurrences(of: "CSeq: 1", with: "CSeq: x")
        peer.send(faulty)
        let answer = try #require(peer.expect("SIP/2.0 400", node))
        #expect(line("Call-ID", of: answer) == line("Call-ID", of: faulty))
        #expect(node.shard.counters.rejected == 1)
        // The next message is none the worse for it.
        peer.send(peer.request("OPTIONS"))
        #expect(peer.expect("SIP/2.0 200", node) != nil)
    }

    @Test func lostFramingIsAnsweredAndEndsTheConnection() throws {
        let node = try NodeFixture()
        let peer = try SIPPeer(node.addresses.carrier, to: node.addresses.box, stream: true)
        peer.send(
            peer.request("OPTIONS").replacingOccurrences(
                of: "Content-Length: 0", with: "Content-Length: none"))
        #expect(peer.expect("SIP/2.0 400", node) != nil)
        #expect(node.run { $0.transport?.connectionCount == 0 })
        #expect(node.shard.counters.rejected == 1)
    }

    /// Only the answer to what lost its framing goes before the turn's checkpoints and media.
    @Test func otherMessagesWaitForTheTurnsEnd() throws {
        let node = try NodeFixture()
        let peer = try SIPPeer(node.addresses.carrier, to: node.addresses.box, stream: true)
        peer.send(peer.request("OPTIONS"))
        #expect(peer.expect("SIP/2.0 200", node) != nil)
        let hop = Hop(
            listener: ListenerIndex(rawValue: 0), transport: .udp,
            remote: SocketAddress(address: try #require(IPAddress(peer.address)), port: 5060))
        let shard = node.shard
        shard.outbox.append(.init(bytes: [0x78], hop: hop, owner: nil))
        let faulty = peer.request("OPTIONS").replacingOccurrences(of: "CSeq: 1", with: "CSeq: x")
        let error = SIPParseError(.cseqSyntax, at: 0)
        shard.malformed(error, octets: Array(faulty.utf8), from: hop)
        #expect(shard.outbox.count == 1)
        #expect(shard.transport?.counters.sent == 2, "the 200 and the 400")
    }

    /// Who came first does not wait for all that came in the same turn. A stream is another matter:
    /// what is sent on it may close it while it is read.
    @Test(arguments: [false, true])
    func aLongTurnIsCut(stream: Bool) throws {
        let node = try NodeFixture()
        let peer = try SIPPeer(node.addresses.carrier, to: node.addresses.box)
        let hop = Hop(
            listener: ListenerIndex(rawValue: 0), transport: stream ? .tcp : .udp,
            remote: SocketAddress(address: try #require(IPAddress(peer.address)), port: 5060))
        let shard = node.shard
        let end = ContinuousClock.now + .milliseconds(20)
        var messages = 0
        // All in one turn: the loop does not run meanwhile.
        while messages < 2 || ContinuousClock.now < end {
            shard.received(Array(peer.request("OPTIONS", call: "\(messages)").utf8), from: hop)
            messages += 1
        }
        #expect((shard.counters.turnsCut > 0) == !stream)
        #expect((shard.transport?.counters.sent ?? 0 > 0) == !stream)
        #expect(stream ? shard.outbox.count == messages : shard.outbox.count < messages)
        #expect(try node.result("status")["sip"]?["turns_cut"]?.integer != nil)
    }

    @Test func rubbishIsDroppedInSilence() throws {
        let node = try NodeFixture()
        let peer = try SIPPeer(node.addresses.carrier, to: node.addresses.box)
        peer.send("nonsense\r\n\r\n")
        peer.send(peer.response("200 OK", to: "Via: x\r\nCSeq: 1 OPTIONS\r\n\r\n"))
        #expect(node.run { $0.counters.dropped == 2 })
        peer.poll()
        #expect(peer.inbox.isEmpty && node.shard.counters.rejected == 0)
    }

    @Test func unknownSourcesAreForbidden() throws {
        let node = try NodeFixture()
        let stranger = try SIPPeer(node.addresses.stranger, to: node.addresses.box)
        stranger.send(stranger.request("INVITE", body: stranger.sdp))
        #expect(stranger.expect("SIP/2.0 403", node) != nil)
        #expect(try node.result("status")["sip"]?["unknown_sources"]?.integer == 1)
        #expect(node.shard.core.engine.callCount == 0)
    }

    @Test func callsAreRefusedWhileTheFastPathIsAway() throws {
        let node = try NodeFixture()
        let peer = try SIPPeer(node.addresses.carrier, to: node.addresses.box)
        peer.send(peer.request("INVITE", body: peer.sdp))
        let answer = try #require(peer.expect("SIP/2.0 503", node))
        let seconds = line("Retry-After", of: answer)?.split(separator: " ").last.flatMap {
            Int($0)
        }
        #expect(seconds.map { (1...5).contains($0) } == true)
        let status = try node.result("status")
        #expect(status["calls"]?["refused_no_port"]?.integer == 1)
        #expect(status["fastpath"]?["attached"]?.bool == false)
        #expect(
            status["conditions"]?.array?.contains { $0.string?.contains("is away") == true }
                == true)
    }

    @Test func callThroughBothTrunks() throws {
        let node = try NodeFixture(fastPath: true)
        let parties = try Parties(node)
        let (answer, invite) = try parties.call()
        // Media is anchored: each party was told an address of ours.
        #expect(answer.contains("c=IN IP4 192.0.2.1") && invite.contains("c=IN IP4 192.0.2.2"))
        #expect(node.run { $0.programmer.pending == 0 })
        let flows = try node.result("flows").array
        #expect(flows?.count == 2)
        try parties.hangUp(after: answer)
        #expect(
            node.run { $0.programmer.ports.counters.reserved == 0 && $0.programmer.pending == 0 })
        #expect(try node.result("flows").array?.isEmpty == true)
        #expect(node.run { _ in !node.records().isEmpty })
        #expect(node.records().map { $0["status"]?.integer } == [200])
    }
}
