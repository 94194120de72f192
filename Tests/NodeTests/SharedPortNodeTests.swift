// SPDX-License-Identifier: Apache-2.0

import CallControl
import Management
import Testing

@testable import Node

/// A node whose outside realm has one port for many calls, as the operator sees it.
@Suite struct SharedPortNodeTests {
    private func node(
        _ directory: NodeDirectory? = nil, peer: [String] = []
    ) throws -> NodeFixture {
        try NodeFixture(fastPath: true, directory: directory, peer: peer) {
            $0.replacing("[192.0.2.1] }", with: "[192.0.2.1], one-port: true }")
        }
    }

    private func legs(_ node: NodeFixture) throws -> [JSONValue] {
        try node.result("calls").array?.compactMap { $0["legs"]?[0] } ?? []
    }

    @Test func callersThatCanBeToldApartAreOnIt() throws {
        let node = try self.node(peer: ["workers=1"])
        let parties = try Parties(node)
        let first = try parties.call("c1")
        var media = try node.result("status")["media"]
        #expect(media?["ports_shared"]?.integer == 1 && media?["ports_in_use"]?.integer == 2)
        // From the same address and port: it could not be told apart.
        let second = try parties.call("c2")
        media = try node.result("status")["media"]
        #expect(media?["ports_shared"]?.integer == 1 && media?["ports_in_use"]?.integer == 4)
        #expect(media?["shares_exhausted"]?.integer == 0)
        let legs = try self.legs(node)
        #expect(legs.map { $0["shared_port"]?.bool } == [true, false])
        #expect(Set(legs.compactMap { $0["local"]?.string }).count == 2)
        try parties.hangUp("c1", after: first.answer)
        try parties.hangUp("c2", after: second.answer)
        media = try node.result("status")["media"]
        #expect(media?["ports_shared"]?.integer == 0 && media?["ports_in_use"]?.integer == 0)
    }

    @Test func itsCallsAreFoundAgain() throws {
        let directory = try NodeDirectory()
        var local: String?
        do {
            let node = try self.node(directory)
            _ = try Parties(node).call()
            local = try self.legs(node).first?["local"]?.string
        }
        let next = try self.node(directory)
        let leg = try #require(try self.legs(next).first)
        #expect(local != nil && leg["local"]?.string == local && leg["shared_port"]?.bool == true)
        let media = try next.result("status")["media"]
        #expect(media?["ports_shared"]?.integer == 1 && media?["ports_in_use"]?.integer == 2)
        #expect(media?["commands_refused"]?.integer == 0)
    }

    /// A fast path that was started before the realm shared ports has no table for them.
    @Test func aFastPathWithoutTheTableIsAConditionThatSaysWhatToDo() throws {
        let node = try self.node(peer: ["refuse=24"])
        let parties = try Parties(node)
        parties.carrier.send(parties.carrier.request("INVITE", body: parties.carrier.sdp))
        try #require(parties.carrier.expect("SIP/2.0 503", node) != nil)
        let conditions = try node.result("status")["conditions"]?.array ?? []
        #expect(
            conditions.contains { $0.string?.contains("restart trunkline-fastpath") == true })
    }

    /// The fast path knows another call with that source.
    @Test func aSourceInUseEndsTheCall() throws {
        let node = try self.node(peer: ["refuse=23"])
        let parties = try Parties(node)
        parties.carrier.send(parties.carrier.request("INVITE", body: parties.carrier.sdp))
        let refusal = try #require(parties.carrier.expect("SIP/2.0 503", node))
        parties.carrier.send(parties.carrier.request("ACK", after: refusal))
        let invite = try #require(parties.service.expect("INVITE", node))
        parties.service.send(parties.service.response("487 Request Terminated", to: invite))
        #expect(node.run { $0.core.engine.callCount == 0 })
        #expect(node.run { _ in !node.records().isEmpty })
        #expect(node.records().map { $0["end"]?.string } == ["media address in use"])
        #expect(try node.result("status")["media"]?["ports_shared"]?.integer == 0)
    }
}
