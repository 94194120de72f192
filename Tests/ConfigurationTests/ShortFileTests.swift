// SPDX-License-Identifier: Apache-2.0

import Configuration
import Foundation
import SDP
import TLS
import TestCertificates
import Testing

/// What an operator writes for a trunk to Teams behind two interfaces.
private let short = """
    realms:
      - interface: core0
        addresses: [198.51.100.1]
      - interface: edge0
        addresses: [203.0.113.1]
    trunks:
      - name: carrier
        peer: sip:198.51.100.2
      - name: teams
        profile: teams-direct-routing
        realm: edge0
        host: sbc.carrier.example
    """

@Suite struct ShortFileTests {
    @Test func aTeamsTrunkIsTwelveLines() throws {
        #expect(short.split(separator: "\n").count == 12)
        let file = try parse(short)
        #expect(file.realms.map(\.name) == ["core0", "edge0"])
        #expect(file.realms.map(\.attach) == [.xdp, .xdp])
        #expect(
            file.listeners.map(\.name) == [
                "udp:198.51.100.1:5060", "tcp:198.51.100.1:5060", "tls:203.0.113.1:5061",
            ])
        #expect(file.listeners.allSatisfy { $0.isImplied })
        #expect(file.trunks.map(\.listener) == [0, 2] && file.trunks.map(\.realm) == [0, 1])
        let pem = "/var/lib/trunkline/certificates/sbc.carrier.example.pem"
        #expect(file.listeners[2].certificates == [.init(certificate: pem, key: pem)])
        let teams = file.trunks[1]
        #expect(teams.tls?.certificate == .init(certificate: pem, key: pem))
        #expect(
            teams.peers.map(\.hostText) == [
                "sip.pstnhub.microsoft.com", "sip2.pstnhub.microsoft.com",
                "sip3.pstnhub.microsoft.com",
            ])
        #expect(teams.tls?.policy.names == teams.peers.map(\.hostText))
        #expect(teams.tls?.policy.rule == .rfc2818 && teams.tls?.policy.acceptsServerOnly == true)
        #expect(teams.security.srtp == .required && teams.optionsSeconds == 60)
        #expect(file.routes.map(\.from) == [0, 1] && file.routes.map(\.to) == [1, 0])
        #expect(file.routes.allSatisfy { $0.prefix.isEmpty && $0.isImplied })
    }

    /// The same with everything written is no other node.
    @Test func whatIsWrittenIsNotImplied() throws {
        let written = short.replacing(
            "trunks:",
            with: """
                listeners:
                  - { name: l, transport: udp, address: "198.51.100.1:5060" }
                  - name: t
                    transport: tls
                    address: "203.0.113.1:5061"
                    certificate: /c.pem
                routes: [{ to: carrier }]
                trunks:
                """
        ).replacing("peer: sip", with: "listener: l\n    peer: sip")
            .replacing("realm: edge0", with: "realm: edge0\n    listener: t")
        let file = try parse(written)
        #expect(file.listeners.map(\.name) == ["l", "t"] && file.routes.count == 1)
        #expect(!file.listeners.contains { $0.isImplied } && !file.routes[0].isImplied)
        #expect(file.trunks[1].tls?.certificate == nil)
    }

    /// Certificate, chain and key in the file that is named after the host.
    @Test func theCertificateIsLookedAt() throws {
        let maker = try CertificateMaker()
        let authority = try maker.authority("ca")
        let leaf = try maker.leaf("sbc", by: authority, alternatives: "DNS:sbc.carrier.example")
        let folder = maker.path("certificates")
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false)
        let path = maker.path("node.yaml")
        let state = String(folder.dropLast("/certificates".count))
        try "node: { state-directory: \(state) }\n\(short)\n    trust: \(authority.certificate)\n"
            .write(toFile: path, atomically: true, encoding: .utf8)
        let missing = #expect(throws: ConfigurationErrors.self) {
            try NodeConfiguration.load(path: path, checkingFiles: true)
        }
        let told = missing?.issues.map(\.description) ?? []
        #expect(told.count == 1, "\(told)")
        #expect(told.first?.contains("node.yaml:13: trunks[1].host: ") == true)
        #expect(
            told.first?.hasSuffix(
                "put certificate, chain and key into \(folder)/sbc.carrier.example.pem, or write "
                    + "certificate") == true)
        let text = try [leaf.certificate, leaf.key].map {
            try String(contentsOfFile: $0, encoding: .utf8)
        }
        try text.joined(separator: "\n").write(
            toFile: folder + "/sbc.carrier.example.pem", atomically: true, encoding: .utf8)
        #expect(
            try NodeConfiguration.load(path: path, checkingFiles: true).listeners.count == 3)
    }

    @Test func aWrittenCertificateAndPort() throws {
        let file = try parse(
            short.replacing(
                "realm: edge0",
                with: "realm: edge0\n    certificate: /c.pem\n    key: /c.key\n    port: 5063"))
        #expect(file.listeners[2].name == "tls:203.0.113.1:5063")
        #expect(file.listeners[2].certificates == [.init(certificate: "/c.pem", key: "/c.key")])
    }

    /// Trunks at one place share one listener, which shows the certificates of all of them.
    @Test func trunksShareTheirListeners() throws {
        let file = try parse(
            short + """

                  - name: other
                    peer: "sip:198.51.100.3;transport=tcp"
                  - name: zoom
                    profile: zoom-byoc
                    realm: edge0
                    host: zoom.carrier.example
                    peer: sip:zoom.example
                """)
        #expect(file.listeners.count == 3 && file.trunks.map(\.listener) == [0, 2, 1, 2])
        #expect(
            file.listeners[2].certificates.map(\.certificate) == [
                "/var/lib/trunkline/certificates/sbc.carrier.example.pem",
                "/var/lib/trunkline/certificates/zoom.carrier.example.pem",
            ])
        #expect(file.routes.isEmpty, "of four trunks nobody can say which gets a call")
    }

    /// Listeners are in the order of realms and ports, whatever the order of trunks: a reload finds
    /// its sockets again.
    @Test func theOrderOfTrunksDoesNotMatter() throws {
        let trunks = [
            "  - { name: a, peer: \"sip:198.51.100.2\", port: 5070 }\n",
            "  - { name: b, realm: edge0, peer: \"sip:203.0.113.2\" }\n",
            "  - { name: c, peer: \"sip:198.51.100.3\" }\n",
        ]
        let head = short.split(separator: "\n").prefix(6).joined(separator: "\n") + "\n"
        let one = try parse(head + trunks.joined(separator: "")).listeners
        let other = try parse(head + trunks.reversed().joined(separator: "")).listeners
        #expect(one.map(\.name) == other.map(\.name))
        #expect(
            one.map(\.name) == [
                "udp:198.51.100.1:5060", "tcp:198.51.100.1:5060", "udp:198.51.100.1:5070",
                "tcp:198.51.100.1:5070", "udp:203.0.113.1:5060", "tcp:203.0.113.1:5060",
            ])
        #expect(zip(one, other).allSatisfy { $0.hasSocket(of: $1) })
    }

    @Test func theAddressIsOfThePeersVersion() throws {
        let file = try parse(
            """
            realms: [{ interface: r0, addresses: [192.0.2.1, "2001:db8::1"] }]
            trunks:
              - { name: four, peer: "sip:192.0.2.2" }
              - { name: six, peer: "sip:[2001:db8::2]" }
              - { name: named, peer: "sip:peer.example" }
            """)
        #expect(
            file.trunks.map { file.listeners[$0.listener].name } == [
                "udp:192.0.2.1:5060", "udp:[2001:db8::1]:5060", "udp:192.0.2.1:5060",
            ])
    }

    @Test func routesThatAreEmptyStayEmpty() throws {
        #expect(try parse(short + "\nroutes: []").routes.isEmpty)
        #expect(try parse(short + "\nroutes:").routes.count == 2)
    }

    @Test(arguments: [
        (
            "trunks:",
            "listeners: [{ name: l, transport: udp, address: \"198.51.100.1:5060\" }]\ntrunks:",
            "node.yaml:8: trunks[0].port: would listen at 198.51.100.1:5060, where listener l is "
                + "(line 6); write `listener: l` in the trunk, or another port"
        ),
        (
            "trunks:",
            "listeners: [{ name: l, transport: tcp, address: \"203.0.113.1:5061\" }]\ntrunks:",
            "node.yaml:10: trunks[1].port: would listen at 203.0.113.1:5061, where listener l is "
                + "(line 6); write another port, or a listener for it"
        ),
        (
            "    host: sbc.carrier.example", "",
            "node.yaml:9: trunks[1].certificate: is missing, and no host says which it is; write "
                + "`host: sbc.example.com` for "
                + "/var/lib/trunkline/certificates/sbc.example.com.pem, or certificate"
        ),
        (
            "    host: sbc.carrier.example", "    host: 203.0.113.1",
            "node.yaml:12: trunks[1].host: is no name, and the peer refuses addresses "
                + "(own-host-required); write the name of this node that the peer knows, as "
                + "`host: sbc.example.com`"
        ),
        (
            "peer: sip:198.51.100.2", "peer: sip:198.51.100.2\n    port: 20000",
            "node.yaml:7: trunks[0].port: lies in the media ports of realm core0; write a port "
                + "outside 20000-29999"
        ),
        (
            "peer: sip:198.51.100.2", "peer: \"sip:[2001:db8::2]\"",
            "node.yaml:8: trunks[0].peer: is IPv6, and realm core0 has no such address; give the "
                + "realm an IPv6 address, or name another realm"
        ),
        (
            "realm: edge0", "realm: core0\n    port: 5060",
            "node.yaml:9: trunks[1].port: listener tcp:198.51.100.1:5060 (line 7) has this "
                + "address; write another address or port"
        ),
        (
            "interface: edge0", "interface: edge0\n    attach: xpd",
            "node.yaml:5: realms[1].attach: is \"xpd\"; write one of xdp, packet, pci, memif, "
                + "pcap"
        ),
        (
            "interface: edge0", "interface: ed ge",
            "node.yaml:4: realms[1].interface: \"ed ge\" is no name; write 1 to 31 letters, "
                + "digits, '-', '_' or '.'"
        ),
        (
            "peer: sip:198.51.100.2", "peer: sip:198.51.100.2\n    listener: l\n    port: 5070",
            "node.yaml:10: trunks[0].port: is for a trunk without a listener; leave it out, or "
                + "leave listener out"
        ),
    ])
    func whatCannotBeImplied(_ from: String, _ to: String, _ expected: String) {
        let all = messages(short.replacing(from, with: to))
        #expect(all.contains(expected), "\(all)")
    }

    /// Two trunks of one service at one place cannot be told apart.
    @Test func twoTrunksOfOneServiceTakeTwoPorts() throws {
        let more = """

              - name: bypass
                profile: teams-media-bypass
                realm: edge0
                host: bypass.carrier.example
            """
        let faults = messages(short + more)
        #expect(faults.count == 2, "\(faults)")
        #expect(faults.allSatisfy { $0.contains("or another port") })
        let file = try parse(short + more + "\n    port: 5062")
        #expect(file.listeners.last?.name == "tls:203.0.113.1:5062")
    }

    /// The hub tells by the name whether a call is of Teams or of ACS.
    @Test func aNameIsOfTeamsOrOfACS() {
        let more = """

              - name: acs
                profile: acs
                realm: edge0
                port: 5062
                host: HOST
            """
        #expect(
            messages(short + more.replacing("HOST", with: "sbc.carrier.example")) == [
                "node.yaml:17: trunks[2].host: is that of trunk teams too, and has to be its own "
                    + "(own-host-unique); write another name of this node"
            ])
        #expect(messages(short + more.replacing("HOST", with: "acs.carrier.example")).isEmpty)
    }

    @Test func listenersHaveALimit() {
        let trunks = (0..<33).map {
            "  - { name: t\($0), peer: \"sip:198.51.100.\($0 + 2)\", port: \(6000 + $0) }\n"
        }
        let all = messages(
            "realms: [{ interface: r0, addresses: [198.51.100.1] }]\ntrunks:\n"
                + trunks.joined(separator: ""))
        #expect(all.count == 1 && all[0].contains("needs a listener too many"), "\(all)")
    }
}
