// SPDX-License-Identifier: Apache-2.0

import CallControl
import Configuration
import Foundation
import Management
import Testing

@testable import Node

/// Rules, registration and challenges as the node composes them: from files to the wire.
@Suite struct EdgeTests {
    private func write(_ text: String, _ name: String, _ directory: NodeDirectory) throws {
        try text.write(
            toFile: directory.path + "/" + name, atomically: true, encoding: .utf8)
    }

    private func rule(_ value: String) -> String {
        "rules: [{ name: mark, then: [{ set: header(X-Edge), to: \"\(value)\" }] }]\n"
    }

    @Test func rulesAreReadAgain() throws {
        let directory = try NodeDirectory()
        try self.write(self.rule("1"), "out.yaml", directory)
        let node = try NodeFixture(directory: directory) {
            $0.replacing(
                "realm: outside, peer", with: "rules-out: [out.yaml], realm: outside, peer")
        }
        let carrier = try SIPPeer(node.addresses.carrier, to: node.addresses.box)
        carrier.send(carrier.request("OPTIONS", call: "a"))
        let first = try #require(carrier.expect("SIP/2.0 200", node))
        #expect(line("X-Edge", of: first) == "X-Edge: 1")
        try self.write("rules: [{ name: mark }]\n", "out.yaml", directory)
        node.shard.reload()
        #expect(node.shard.refusedConfiguration.contains { $0.contains("out.yaml:1: rules[0]") })
        try self.write(self.rule("2"), "out.yaml", directory)
        node.shard.reload()
        carrier.send(carrier.request("OPTIONS", call: "b"))
        let second = try #require(carrier.expect("SIP/2.0 200", node))
        #expect(line("X-Edge", of: second) == "X-Edge: 2")
        let figures = try node.result("status")["rules"]
        #expect(figures?[0]?["rule"]?.string == "mark" && figures?[0]?["applied"]?.integer == 1)
    }

    @Test func registersAndSaysSo() throws {
        let node = try NodeFixture {
            $0.replacing(
                "realm: outside, peer",
                with: "username: u, password: secret-word, "
                    + "register: { user: u1, domain: d.example }, realm: outside, peer")
        }
        let carrier = try SIPPeer(node.addresses.carrier, to: node.addresses.box)
        let first = try #require(carrier.expect("REGISTER sip:d.example SIP/2.0", node))
        #expect(
            line("Contact", of: first)
                == "Contact: <sip:u1@\(node.addresses.box):5060>;expires=3600")
        let challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n"
        carrier.send(
            carrier.response("401 Unauthorized", to: first).replacing(
                "Content-Length", with: challenge + "Content-Length", maxReplacements: 1))
        // The first may have been sent again meanwhile.
        var second = try #require(carrier.expect("REGISTER", node))
        while line("Authorization", of: second) == nil {
            second = try #require(carrier.expect("REGISTER", node))
        }
        #expect(line("CSeq", of: second) == "CSeq: 2 REGISTER")
        #expect(line("Authorization", of: second)?.contains("nc=00000001") == true)
        carrier.send(
            carrier.response("200 OK", to: second).replacing(
                "Content-Length", with: "Expires: 120\r\nContent-Length", maxReplacements: 1))
        #expect(node.run { $0.core.registrationSummaries[0].state == "registered" })
        let entry = try node.result("registrations")[0]
        #expect(entry?["granted_seconds"]?.integer == 120)
        #expect(entry?["address"]?.string == "sip:u1@d.example")
        node.shard.stop(after: 30)
        let last = try #require(carrier.expect("REGISTER", node))
        #expect(line("Contact", of: last)?.hasSuffix(";expires=0") == true)
    }

    /// The realm of challenges is the node's name where none is written.
    @Test func asksItsPeer() throws {
        let directory = try NodeDirectory()
        try self.write("alice:pw\n", "users", directory)
        let node = try NodeFixture(directory: directory) {
            $0.replacing(
                "realm: outside, peer",
                with: "authenticate: true, users-file: users, realm: outside, peer")
        }
        let carrier = try SIPPeer(node.addresses.carrier, to: node.addresses.box)
        carrier.send(carrier.request("INVITE", body: carrier.sdp))
        let asked = try #require(carrier.expect("SIP/2.0 401", node))
        #expect(line("WWW-Authenticate", of: asked)?.contains("realm=\"test\"") == true)
        #expect(try node.result("status")["sip"]?["challenges_sent"]?.integer == 1)
    }
}
