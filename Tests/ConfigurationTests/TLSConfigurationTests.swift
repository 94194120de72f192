// SPDX-License-Identifier: Apache-2.0

import Foundation
import NetworkAddress
import TLS
import TestCertificates
import Testing

@testable import Configuration

/// A node with one TLS listener and trunk; `listener` and `trunk` are more keys of each.
private func text(
    listener: String = "certificate: /c.pem, key: /c.key",
    trunk: String = "trust: /ca.pem, verify-names: [sip.carrier.example]",
    transport: String = "tls"
) -> String {
    let end = listener.isEmpty ? "" : ", \(listener)"
    let more = trunk.isEmpty ? "" : ", \(trunk)"
    return """
        realms: [{ name: r, attach: packet, interface: eth0, addresses: [198.18.1.1] }]
        listeners:
          - { name: l, transport: \(transport), address: "198.18.1.1:5061"\(end) }
        trunks:
          - { name: t, listener: l, realm: r, peer: "sip:198.18.1.2"\(more) }
        """
}

@Suite struct TLSConfigurationTests {
    @Test func everythingIsRead() throws {
        let file = try parse(
            text(
                listener: "certificate: /c.pem, key: /c.key, host: sbc.example.com, "
                    + "more-certificates: [/d.pem], keepalive-seconds: 30",
                trunk: "trust: /ca.pem, verify-names: [a.example, b.example], host: x.example.com, "
                    + "name-rule: rfc2818, client-certificate: request, certificate: /e.pem, "
                    + "accept-server-certificate: true"))
        let listener = file.listeners[0]
        #expect(listener.transport == .tls && listener.host == "sbc.example.com")
        #expect(listener.keepAliveSeconds == 30)
        #expect(
            listener.certificates == [
                .init(certificate: "/c.pem", key: "/c.key"),
                .init(certificate: "/d.pem", key: "/d.pem"),
            ])
        let trunk = file.trunks[0]
        #expect(trunk.host == "x.example.com")
        #expect(trunk.peers.count == 1 && trunk.peers[0].port == nil, "the transport's own")
        let tls = try #require(trunk.tls)
        #expect(tls.trust == "/ca.pem" && tls.certificate?.key == "/e.pem")
        #expect(
            tls.policy
                == TLSPeerPolicy(
                    party: "t", names: ["a.example", "b.example"], rule: .rfc2818,
                    clientCertificate: .request, acceptsServerOnly: true))
    }

    @Test func peersAreJudgedStrictlyUnlessToldOtherwise() throws {
        let carrier = try #require(parse(text()).trunks[0].tls)
        #expect(carrier.policy.rule == .rfc5922 && !carrier.policy.acceptsServerOnly)
        #expect(carrier.policy.clientCertificate == .require && carrier.certificate == nil)
    }

    @Test(arguments: [
        ("", nil, "tls", "listeners[0].certificate: is missing, and transport is tls"),
        ("key: /c.key", nil, "tls", "listeners[0].key: has no certificate beside it"),
        (
            "certificate: c.pem", nil, "tls",
            "listeners[0].certificate: \"c.pem\" is no absolute path"
        ),
        (
            "certificate: /c.pem, host: \"*.example\"", nil, "tls",
            "listeners[0].host: \"*.example\" is neither a host name nor an address"
        ),
        (
            nil, "verify-names: [sip.carrier.example]", "tls",
            "trunks[0].trust: is missing, and the listener is for TLS"
        ),
        (nil, "trust: /ca.pem", "tls", "trunks[0].verify-names: is missing, and the peer"),
        (
            nil, "trust: /ca.pem, verify-names: [192.0.2.1]", "tls",
            "trunks[0].verify-names[0]: \"192.0.2.1\" is no host name"
        ),
        (
            nil, "trust: /ca.pem, verify-names: [a.example], name-rule: none", "tls",
            "trunks[0].name-rule: is \"none\"; write one of rfc5922, rfc2818"
        ),
        (
            nil, "trust: /ca.pem, verify-names: [a.example], client-certificate: yes", "tls",
            "trunks[0].client-certificate: is \"yes\"; write one of require, request, off"
        ),
        (
            nil, "trust: /ca.pem, verify-names: [a.example], own-host-required: true", "tls",
            "trunks[0].host: is no name, and the peer refuses addresses (own-host-required)"
        ),
        ("certificate: /c.pem", "", "tcp", "listeners[0].certificate: is for transport: tls"),
        ("", "trust: /ca.pem", "tcp", "trunks[0].trust: is for TLS, and listener l is tcp"),
    ] as [(String?, String?, String, String)])
    func whatCannotBeIsRefusedWhereItStands(
        listener: String?, trunk: String?, transport: String, told: String
    ) {
        let all = messages(
            text(
                listener: listener ?? "certificate: /c.pem, key: /c.key",
                trunk: trunk ?? "trust: /ca.pem, verify-names: [sip.carrier.example]",
                transport: transport))
        #expect(all.contains { $0.contains(told) }, "\(all)")
    }

    @Test func tcpAndTLSCannotShareAPort() {
        let both = text().replacingOccurrences(
            of: "trunks:",
            with: "  - { name: m, transport: tcp, address: \"198.18.1.1:5061\" }\ntrunks:")
        #expect(messages(both).contains { $0.contains("listener l (line 3) has this address") })
    }

    @Test func filesAreLookedAtWhereTheirUserAsks() throws {
        let maker = try CertificateMaker()
        let authority = try maker.authority("ca")
        let good = try maker.leaf("good", by: authority, alternatives: "DNS:sbc.example.com")
        let other = try maker.leaf("other", by: authority)
        func all(
            _ listener: String, _ trust: String, checked: Bool = true, now: Int64? = nil
        ) throws -> [String] {
            let path = maker.path("node.yaml")
            try text(
                listener: listener, trunk: "trust: \(trust), verify-names: [a.example]"
            ).write(toFile: path, atomically: true, encoding: .utf8)
            do {
                _ = try NodeConfiguration.load(path: path, checkingFiles: checked, now: now)
                return []
            } catch {
                return error.issues.map(\.description)
            }
        }
        let files = "certificate: \(good.certificate), key: \(good.key)"
        #expect(try all(files, authority.certificate).isEmpty)
        // Ended: a fault where somebody asks, and no reason not to start.
        let ended = try maker.leaf("ended", by: authority, days: -1)
        let old = "certificate: \(ended.certificate), key: \(ended.key)"
        let now = Int64(Date().timeIntervalSince1970)
        #expect(try all(old, authority.certificate).isEmpty)
        let told = try all(old, authority.certificate, now: now)
        #expect(told.count == 1 && told[0].contains("has expired; get a certificate"), "\(told)")
        #expect(try all(files, authority.certificate, now: now + 86_400 * 400).count == 2)
        #expect(try all(files + ", host: sbc.example.com", authority.certificate).isEmpty)
        let cases = [
            (
                files + ", host: x.example.com", authority.certificate,
                "host: \"x.example.com\" is no name of a certificate here (sbc.example.com)"
            ),
            (
                "certificate: \(good.certificate), key: \(other.key)", authority.certificate,
                "is not the key of the first certificate; name the key"
            ),
            (
                "certificate: \(good.key), key: \(good.key)", authority.certificate,
                "holds no certificate in PEM form; write"
            ),
            (
                "certificate: /nowhere.pem", authority.certificate,
                "\"/nowhere.pem\" cannot be read (No such file or directory)"
            ),
            (files, good.key, "holds no certificate in PEM form; write"),
        ]
        for (listener, trust, told) in cases {
            let found = try all(listener, trust)
            #expect(found.allSatisfy { $0.contains("node.yaml:\(trust == good.key ? 5 : 3): ") })
            #expect(found.count == 1 && found[0].contains(told), "\(found)")
            #expect(!found.joined(separator: "").contains("PRIVATE"))
            #expect(try all(listener, trust, checked: false).isEmpty)
        }
    }
}
