// SPDX-License-Identifier: Apache-2.0
// The Mobile Control Point over TLS, with the openssl command on both sides of it.

import Foundation
import SIPProxy
import TestCertificates
import Testing

@testable import Node

@Suite struct ProxyTLSNodeTests {
    /// A node with an MCP at its TLS listener; certificates of the core are for `ims.example`.
    private static func node(_ maker: CertificateMaker) throws -> NodeFixture {
        let authority = try maker.authority("authority")
        try maker.leaf("node", by: authority, alternatives: "DNS:mcp.example")
        try maker.leaf("core", by: authority, alternatives: "DNS:ims.example")
        try maker.leaf("stranger", by: authority, alternatives: "DNS:stranger.example")
        let files = maker.files("node")
        return try NodeFixture { text in
            let box = text.components(separatedBy: "address: \"")[1]
                .components(separatedBy: ":")[0]
            let net = box.split(separator: ".").dropLast().joined(separator: ".")
            return text.replacingOccurrences(
                of: "trunks:",
                with: "  - { name: isc, transport: tls, address: \"\(box):5061\", "
                    + "host: mcp.example, certificate: \(files.certificate), "
                    + "key: \(files.key) }\ntrunks:"
            ) + """
                mcp:
                  listener: isc
                  sources: [\(net).0/24]
                  trust: \(authority.certificate)
                  verify-names: [ims.example]
                  consultation: "http://127.0.0.1:9/consult"
                  fmc-originating: MO
                  fmc-terminating: MT
                  divert-request-uri: "sip:${number}@gateway.example"

                """
        }
    }

    private static func client(
        _ name: String, _ maker: CertificateMaker, _ node: NodeFixture
    ) throws -> TLSPeerProgram {
        try TLSPeerProgram(
            [
                "s_client", "-connect", "\(node.addresses.box):5061", "-bind",
                "\(node.addresses.carrier):0", "-quiet", "-no_ign_eof", "-nocommands",
                "-CAfile", maker.files("authority").certificate, "-servername", "mcp.example",
                "-cert", "\(name).pem", "-key", "\(name).key",
            ], in: maker.directory)
    }

    private static func invite(_ node: NodeFixture) -> String {
        """
        INVITE tel:+15550100 SIP/2.0\r
        Via: SIP/2.0/TLS scscf.ims.example:5061;branch=z9hG4bK-1\r
        Max-Forwards: 70\r
        Route: <sip:mcp.example;transport=tcp;service=mcp;lr>;orig, \
        <sip:odi-1@\(node.addresses.service):5061;lr>\r
        From: <tel:+15550199>;tag=a\r
        To: <tel:+15550100>\r
        Call-ID: tls-1\r
        CSeq: 1 INVITE\r
        P-Asserted-Identity: <tel:+15550199>\r
        X-MS-FMC: APP\r
        Content-Length: 0\r
        \r

        """
    }

    @Test("MCP-1: in over TLS and out over TLS, to the core's certificate alone")
    func passes() throws {
        let maker = try CertificateMaker()
        let node = try Self.node(maker)
        let server = try TLSPeerProgram(
            [
                "s_server", "-accept", "\(node.addresses.service):5061", "-quiet", "-cert",
                "core.pem", "-key", "core.key", "-CAfile",
                maker.files("authority").certificate, "-Verify", "2", "-verify_return_error",
            ], in: maker.directory)
        for _ in 0..<20 { node.settle() }
        let client = try Self.client("core", maker, node)
        client.send(Self.invite(node))
        #expect(server.expect("Content-Length: 0", node))
        let text = server.text
        #expect(text.contains("INVITE tel:+15550100 SIP/2.0"))
        #expect(text.contains("Via: SIP/2.0/TLS mcp.example:5061;branch=z9hG4bK"))
        #expect(text.contains("Route: <sip:odi-1@\(node.addresses.service):5061;lr>"))
        #expect(text.contains("X-MS-FMC: APP"))
        #expect(client.expect("SIP/2.0 100 Trying", node))
    }

    @Test("MCP-1: who shows another certificate is not heard")
    func stranger() throws {
        let maker = try CertificateMaker()
        let node = try Self.node(maker)
        let client = try Self.client("stranger", maker, node)
        client.send(Self.invite(node))
        #expect(node.run { $0.lastHandshakeFailure?.contains("stranger.example") == true })
        #expect(node.shard.lastHandshakeFailure?.hasPrefix("the MCP") == true)
        #expect(node.shard.proxy?.core.counters.requests == 0)
    }
}
