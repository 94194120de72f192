// SPDX-License-Identifier: Apache-2.0

import CallControl
import Foundation
import Management
import SDP
import Testing

@testable import Node

/// Calls to a trunk whose media is encrypted, as the operator sees them.
@Suite struct SecureCallTests {
    /// A node whose service trunk has more lines.
    private func node(_ lines: String) throws -> NodeFixture {
        let node = try NodeFixture(fastPath: true)
        try node.edit(
            "realm: inside, peer: \"sip:\(node.addresses.service)\" }",
            to: "realm: inside, peer: \"sip:\(node.addresses.service)\", \(lines) }")
        node.shard.reload()
        #expect(node.shard.refusedConfiguration.isEmpty)
        return node
    }

    /// The service's answer with its own lines behind the media line.
    private func answer(_ parties: Parties, _ invite: String, _ lines: [String]) throws {
        let service = parties.service
        let profile = invite.contains("UDP/TLS/") ? "UDP/TLS/RTP/SAVP" : "RTP/SAVP"
        let sdp =
            service.sdp.replacingOccurrences(of: "RTP/AVP", with: profile)
            + lines.map { $0 + "\r\n" }.joined()
        service.send(service.response("200 OK", to: invite, body: sdp))
        let answer = try #require(parties.carrier.expect("SIP/2.0 200", parties.node))
        parties.carrier.send(parties.carrier.request("ACK", after: answer))
        try #require(service.expect("ACK", parties.node) != nil)
    }

    private func call(_ node: NodeFixture) throws -> JSONValue {
        try #require(try node.result("calls")[0])
    }

    @Test func keysOfSDP() throws {
        let node = try self.node("srtp: required, rtcp-mux: offer")
        let parties = try Parties(node)
        parties.carrier.send(parties.carrier.request("INVITE", body: parties.carrier.sdp))
        let invite = try #require(parties.service.expect("INVITE", node))
        #expect(invite.contains("m=audio") && invite.contains(" RTP/SAVP "))
        #expect(invite.contains("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"))
        #expect(invite.contains("a=rtcp-mux"))
        let pending = try self.call(node)
        #expect(pending["secure"]?.string == "b")
        #expect(pending["legs"]?[1]?["srtp"]?.string == "no keys yet")
        try self.answer(
            parties, invite,
            [
                "a=crypto:1 AES_CM_128_HMAC_SHA1_80 "
                    + "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^31"
            ])
        let legs = try self.call(node)["legs"]
        #expect(legs?[1]?["srtp"]?.string == "AES_CM_128_HMAC_SHA1_80")
        #expect(legs?[1]?["keying"]?.string == "sdes" && legs?[0]?["keying"]?.string == "plain")
        #expect(legs?[0]?["srtp"]?.kind == "null" && legs?[0]?["ice"]?.string == "off")
        let security = try node.result("status")["security"]
        #expect(security?["srtp_contexts"]?.integer == 1)
        #expect(security?["srtp_contexts_max"]?.integer == 16384)
        #expect(security?["without_keys_yet"]?.integer == 0)
    }

    @Test func keysOfAHandshake() throws {
        let node = try self.node("srtp: required, keying: [dtls]")
        let parties = try Parties(node)
        parties.carrier.send(parties.carrier.request("INVITE", body: parties.carrier.sdp))
        let invite = try #require(parties.service.expect("INVITE", node))
        let ours = try #require(node.shard.dtls.fingerprint)
        let text = try #require(
            invite.components(separatedBy: "\r\n").first { $0.hasPrefix("a=fingerprint:") })
        #expect(SDPText(text.dropFirst(14).utf8).flatMap { Fingerprint($0) } == ours)
        // The peer is an agent too: it begins, and the node answers by the fast path's rings.
        let peer = try DTLSAgent()
        let digest = try #require(peer.fingerprint).digest.map { String(format: "%02X", $0) }
        try self.answer(
            parties, invite,
            [
                "a=fingerprint:sha-256 \(digest.joined(separator: ":"))", "a=setup:active",
                "a=rtcp-mux",
            ])
        let leg = try #require(try self.call(node)["legs"]?[1])
        #expect(leg["keying"]?.string == "dtls" && leg["srtp"]?.string == "no keys yet")
        let number = try #require(node.shard.core.engine.listCalls().first)
        let place = CallLeg(call: number.id, side: .b)
        let agreement = try #require(number.media.b.dtlsAgreement)
        #expect(agreement.role == .server && agreement.certificate == ours)
        try self.shakeHands(node, peer, place, ours)
        #expect(node.run { $0.dtls.counters.established == 1 })
        let secure = try #require(try self.call(node)["legs"]?[1])
        #expect(secure["srtp"]?.string?.isEmpty == false)
        #expect(secure["srtp"]?.string != "no keys yet")
        let figures = try node.result("status")["dtls"]
        #expect(figures?["established"]?.integer == 1 && figures?["failed"]?.integer == 0)
        #expect(node.run { $0.core.engine.endCall(number.id) })
        #expect(node.run { $0.dtls.counters.sessions == 0 })
    }

    /// The peer's flights go in as if the rings had brought them; ours are taken from the agent.
    private func shakeHands(
        _ node: NodeFixture, _ peer: DTLSAgent, _ place: CallLeg, _ expected: Fingerprint
    ) throws {
        peer.agree(
            place,
            LegDTLS(
                association: 1, role: .client, fingerprints: [expected],
                certificate: peer.fingerprint, profiles: [1]),
            hasKeys: false, isReachable: true, now: 0)
        for _ in 0..<10 {
            for case .send(_, let datagram) in peer.takeActions() {
                node.shard.dtls.received(datagram, place, now: 0)
            }
            let actions = node.shard.dtls.takeActions()
            for case .send(_, let datagram) in actions {
                peer.received(datagram, place, now: 0)
            }
            for action in actions { node.shard.carryOut(action) }
        }
    }
}
