// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import FakeDNS
import Foundation
import Management
import NetworkAddress
import SIPTransaction
import Testing

@testable import Node

/// A node whose service has a name, and the DNS that knows it.
private struct NamedNode {
    let dns: DNSServer
    let node: NodeFixture

    init(_ more: String = "") throws {
        let dns = try DNSServer()
        self.dns = dns
        self.node = try NodeFixture { text in
            let service = text.split(separator: "sip:").last?.split(separator: "\"").first ?? ""
            return text.replacing("sip:\(service)\" }", with: "sip:hub.example\"\(more) }")
                + "dns: { servers: [\"127.0.0.1:\(dns.port)\"], timeout-ms: 200, attempts: 1 }\n"
        }
        self.lead(to: self.node.addresses.service)
    }

    /// The name leads there from the next question on.
    func lead(to address: String) {
        let bytes = address.split(separator: ".").compactMap { UInt8($0) }
        self.dns.set("hub.example", 1, .records([Wire.record("hub.example", 1, ttl: 5, bytes)]))
    }

    /// What the box says of the service's first peer.
    func peer() throws -> JSONValue? {
        let all = try self.node.result("peers").array ?? []
        return all.first { $0["trunk"]?.string == "service" }
    }

    func waitFor(_ address: String) throws {
        let place = "udp:\(address):5060"
        let isThere = self.node.run { shard in
            shard.core.engine.peers.contains { "udp:\($0.hop.remote)" == place }
        }
        try #require(isThere, "\(self.dns.asked)")
    }
}

@Suite struct PeerNodeTests {
    @Test func aNameLeadsToItsPeer() throws {
        let named = try NamedNode(", options-interval-seconds: 1")
        defer { named.dns.stop() }
        try named.waitFor(named.node.addresses.service)
        #expect(
            Set(named.dns.asked) == [
                "udp hub.example 35", "udp _sip._udp.hub.example 33",
                "udp _sip._tcp.hub.example 33", "udp hub.example 1",
            ])
        let service = try SIPPeer(named.node.addresses.service, to: named.node.addresses.box)
        let options = try #require(service.expect("OPTIONS sip:hub.example SIP/2.0", named.node))
        service.send(service.response("200 OK", to: options))
        #expect(
            named.node.run { shard in
                shard.core.engine.peers.contains { $0.health?.roundTripMilliseconds != nil }
            })
        let peer = try #require(try named.peer())
        #expect(peer["state"]?.string == "up" && peer["peer"]?.string == "hub.example")
        #expect(peer["address"]?.string == "udp:\(named.node.addresses.service):5060")
        #expect(peer["options_ms"]?.integer != nil && peer["last_failure"]?.string == "")
        // Its address is a source of the trunk now.
        service.send(service.request("OPTIONS"))
        #expect(service.expect("SIP/2.0 200", named.node) != nil)
    }

    @Test func aNameThatMoves() throws {
        let named = try NamedNode(", options-interval-seconds: 0")
        defer { named.dns.stop() }
        try named.waitFor(named.node.addresses.service)
        let stranger = try SIPPeer(named.node.addresses.stranger, to: named.node.addresses.box)
        stranger.send(stranger.request("OPTIONS", call: "before"))
        #expect(stranger.expect("SIP/2.0 403", named.node) != nil)
        named.lead(to: named.node.addresses.stranger)
        // Five seconds are the shortest time that an answer is used.
        try named.waitFor(named.node.addresses.stranger)
        stranger.send(stranger.request("OPTIONS", call: "after"))
        #expect(stranger.expect("SIP/2.0 200", named.node) != nil)
        // The DNS falls silent: the answer is used on, and the status says so.
        for type: UInt16 in [1, 35] { named.dns.set("hub.example", type, .silence) }
        #expect(
            named.node.run { !$0.peerConditions().isEmpty })
        let status = try named.node.result("status")
        #expect(status["dns"]?["stale"]?.integer == 1)
        let conditions = status["conditions"]?.array?.compactMap(\.string) ?? []
        #expect(
            conditions.contains(
                "trunk service: hub.example: no DNS server answers: it counts as where it was"))
        stranger.send(stranger.request("OPTIONS", call: "still"))
        #expect(stranger.expect("SIP/2.0 200", named.node) != nil)
        // Nothing is there any more: no source, no target.
        named.dns.set("hub.example", 35, .nothing(ttl: 5, code: 3))
        named.dns.set("hub.example", 1, .nothing(ttl: 5, code: 3))
        #expect(
            named.node.run { shard in
                let peers = shard.core.engine.peers.filter { $0.trunk.text == "service" }
                return peers.allSatisfy { $0.health == nil }
            })
        stranger.send(stranger.request("OPTIONS", call: "gone"))
        #expect(stranger.expect("SIP/2.0 403", named.node) != nil)
        #expect(try named.peer()?["address"] == .null)
    }

    @Test func aNodeWithoutDNSStartsAndSaysWhy() throws {
        let named = try NamedNode()
        named.dns.set("hub.example", 1, .silence)
        defer { named.dns.stop() }
        #expect(named.node.run { !$0.peerConditions().isEmpty })
        #expect(
            named.node.shard.peerConditions() == [
                "trunk service: hub.example: no DNS server answers: no call can go there"
            ])
        let carrier = try SIPPeer(named.node.addresses.carrier, to: named.node.addresses.box)
        carrier.send(carrier.request("INVITE", body: carrier.sdp))
        #expect(carrier.expect("SIP/2.0 503", named.node) != nil)
        #expect(try named.peer()?["last_failure"]?.string == "the name leads nowhere")
    }

    /// The next process has what the former one knew, until the DNS says otherwise.
    @Test func aRestartWithoutDNS() throws {
        let first = try NamedNode()
        try first.waitFor(first.node.addresses.service)
        first.dns.stop()
        let path = first.node.directory.path
        let text = try String(contentsOfFile: path + "/names.json", encoding: .utf8)
        #expect(text.contains(first.node.addresses.service))
        for isDamaged in [false, true] {
            let second = try NamedNode()
            second.dns.set("hub.example", 1, .silence)
            second.dns.stop()
            let own = second.node.directory.path + "/names.json"
            try (isDamaged ? String(text.dropLast(40)) : text)
                .write(toFile: own, atomically: true, encoding: .utf8)
            second.node.shard.locator?.close()
            second.node.shard.watchPeers()
            let known = "udp:\(first.node.addresses.service):5060"
            #expect(try second.peer()?["address"]?.string == (isDamaged ? nil : known))
            #expect(second.node.run { !$0.peerConditions().isEmpty })
            #expect(try second.peer()?["address"]?.string == (isDamaged ? nil : known))
        }
    }

    @Test func aReloadKeepsWhatIsKnown() throws {
        let named = try NamedNode(", options-interval-seconds: 1")
        defer { named.dns.stop() }
        try named.waitFor(named.node.addresses.service)
        // Nobody answers its OPTIONS.
        #expect(
            named.node.run { shard in
                shard.core.engine.peers.contains { $0.health?.state == .down }
            })
        named.dns.set("hub.example", 1, .silence)
        try named.node.edit("prefix: \"+1\"", to: "prefix: \"+2\"")
        named.node.shard.reload()
        #expect(named.node.shard.refusedConfiguration.isEmpty)
        #expect(try named.peer()?["state"]?.string == "down")
        #expect(
            named.node.shard.peerConditions().contains(
                "trunk service: no peer answers: new calls to it get 503 until one is back"))
    }

    @Test func operatorsDrainPeers() throws {
        let named = try NamedNode(", options-interval-seconds: 0")
        defer { named.dns.stop() }
        try named.waitFor(named.node.addresses.service)
        func drain(_ trunk: String, _ peer: String, _ on: Bool) -> ControlAnswer {
            named.node.ask(
                "peer",
                ["trunk": .string(trunk), "peer": .string(peer), "draining": .bool(on)])
        }
        #expect(try drain("service", "hub.example", true).get()["peers"]?.integer == 1)
        #expect(try named.peer()?["state"]?.string == "draining")
        #expect(
            named.node.shard.peerConditions() == [
                "trunk service: every peer is drained: new calls to it get 503 until one is back"
            ])
        let carrier = try SIPPeer(named.node.addresses.carrier, to: named.node.addresses.box)
        carrier.send(carrier.request("INVITE", body: carrier.sdp))
        #expect(carrier.expect("SIP/2.0 503", named.node) != nil)
        #expect(throws: ControlError.self) { try drain("service", "x.example", true).get() }
        #expect(throws: ControlError.self) { try drain("nowhere", "hub.example", true).get() }
        #expect(throws: ControlError.self) { try named.node.ask("peer").get() }
        _ = try drain("service", "hub.example", false).get()
        #expect(try named.peer()?["state"]?.string == "up")
        // A peer that is an address is named by it.
        let address = named.node.addresses.carrier
        #expect(try drain("carrier", address, true).get()["peers"]?.integer == 1)
    }
}
