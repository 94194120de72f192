// SPDX-License-Identifier: Apache-2.0

import Configuration
import NetworkAddress
import SIPLocation
import Testing

/// The sample with other lines for the first trunk's peer and its sources.
private func text(_ lines: String) -> String {
    let peer = "peer: \"sip:198.18.1.2:5060;transport=udp\"\n    sources: [\"198.18.1.2\"]"
    return sample.replacing(peer, with: lines)
}

private func name(_ text: String) -> TrunkPeer.Host {
    DomainName(text).map { .name($0) } ?? .address(.unspecified)
}

@Suite struct PeersTests {
    @Test func aPeerByName() throws {
        let trunk = try parse(text("peer: sip:SIP.carrier.example;transport=udp")).trunks[0]
        #expect(trunk.peers.map(\.host) == [name("sip.carrier.example")])
        #expect(trunk.peers[0].port == nil && trunk.peers[0].transport == .udp)
        #expect(trunk.sources.isEmpty && trunk.followsPeers && trunk.optionsSeconds == nil)
        #expect(trunk.peers[0].hostText == "sip.carrier.example")
    }

    @Test func peersInTheirOrder() throws {
        let trunk = try parse(
            text(
                """
                peers:
                      - sip:sip.hub.example:5061
                      - "sip:sip2.hub.example:5061"
                      - { uri: "sip:198.18.1.9", priority: 7, weight: 30 }
                      - { uri: "sip:198.18.1.10:5070" }
                    options-interval-seconds: 0
                """)
        ).trunks[0]
        #expect(trunk.peers.map(\.priority) == [0, 1, 7, 3])
        #expect(trunk.peers.map(\.weight) == [1, 1, 30, 1])
        #expect(trunk.peers.map(\.port) == [5061, 5061, nil, 5070])
        #expect(trunk.peers[1].host == name("sip2.hub.example"))
        // Those that are addresses; the others come with the names.
        #expect(trunk.sources.map(\.description) == ["198.18.1.9", "198.18.1.10"])
        #expect(trunk.followsPeers && trunk.optionsSeconds == 0)
    }

    /// Two ports of one host are two peers and one source.
    @Test func twoPeersOfOneHost() throws {
        let trunk = try parse(
            text("peers: [\"sip:198.18.1.9\", \"sip:198.18.1.9:5062\"]")
        ).trunks[0]
        #expect(trunk.peers.count == 2)
        #expect(trunk.sources.map(\.description) == ["198.18.1.9"])
    }

    @Test func sourcesThatAreNamed() throws {
        let trunk = try parse(
            text("peer: sip:hub.example\n    sources: [\"52.112.0.0/14\"]")
        ).trunks[0]
        #expect(trunk.sources.map(\.description) == ["52.112.0.0/14"] && !trunk.followsPeers)
    }

    @Test func theDNS() throws {
        let plain = try parse(sample).dns
        #expect(
            plain.servers.isEmpty && plain.timeoutMilliseconds == 2000 && plain.attempts == 2)
        let dns = try parse(
            sample + """

                dns:
                  servers: [192.0.2.53, "192.0.2.54:5353", "2001:db8::53", "[2001:db8::54]:5353"]
                  timeout-ms: 500
                  attempts: 3
                """
        ).dns
        #expect(
            dns.servers.map(\.description) == [
                "192.0.2.53:53", "192.0.2.54:5353", "[2001:db8::53]:53", "[2001:db8::54]:5353",
            ])
        #expect(dns.timeoutMilliseconds == 500 && dns.attempts == 3)
    }

    @Test(arguments: [
        (
            "codecs-not: 1",
            "24: trunks[0].peer: is missing; write `peer: \"sip:198.51.100.2:5060;transport=udp\"` "
                + "or the like"
        ),
        (
            "peer: sip:a.example\n    peers: [\"sip:b.example\"]",
            "27: trunks[0].peer: stands beside peers; put it into the list, or drop peers"
        ),
        (
            "peers: []",
            "27: trunks[0].peers: is no list of 1 to 16 peers; write [\"sip:198.51.100.2\", "
                + "\"sip:198.51.100.3\"] or the like"
        ),
        (
            "peers: sip:a.example",
            "27: trunks[0].peers: is no list of 1 to 16 peers; write [\"sip:198.51.100.2\", "
                + "\"sip:198.51.100.3\"] or the like"
        ),
        (
            "peers: [\"sip:a.example\", \"sip:b.example\", \"sip:A.example\"]",
            "27: trunks[0].peers[2]: stands on line 27 too; keep one of them"
        ),
        (
            "peers: [{ uri: \"sip:a.example\", prioritee: 1 }]",
            "27: trunks[0].peers[0].prioritee: is not known; did you mean priority?"
        ),
        (
            "peers: [{ uri: \"sip:a.example\", weight: 70000 }]",
            "27: trunks[0].peers[0].weight: is \"70000\"; write a number from 0 to 65535"
        ),
        (
            "peers: [{ priority: 1 }]",
            "27: trunks[0].peers[0].uri: is missing; write `uri: \"sip:198.51.100.2\"` or the like"
        ),
        (
            "peer: sip:a..example",
            "27: trunks[0].peer: \"a..example\" is neither the address of one host nor a name; "
                + "write HOST or HOST:PORT, IPv6 in brackets"
        ),
        (
            "peer: sip:a.example:0",
            "27: trunks[0].peer: \"a.example:0\" is neither the address of one host nor a name; "
                + "write HOST or HOST:PORT, IPv6 in brackets"
        ),
        (
            "peer: sip:a.example;transport=tcp",
            "27: trunks[0].peer: wants tcp, but listener carrier is udp; write transport=udp, or "
                + "name another listener"
        ),
        (
            "peer: sip:a.example\n    options-interval-seconds: 4000",
            "28: trunks[0].options-interval-seconds: is \"4000\"; write a number from 0 to 3600 "
                + "(seconds)"
        ),
    ])
    func peersThatAreWrong(lines: String, expected: String) {
        #expect(messages(text(lines)).contains("node.yaml:" + expected))
    }

    @Test func serversThatAreWrong() {
        #expect(
            messages(sample + "\ndns: { servers: [dns.example] }") == [
                "node.yaml:40: dns.servers[0]: \"dns.example\" is not the address of a DNS server; "
                    + "write ADDRESS or ADDRESS:PORT, IPv6 with a port in brackets"
            ])
        let nine = (1...9).map { "192.0.2.\($0)" }.joined(separator: ", ")
        #expect(
            messages(sample + "\ndns: { servers: [\(nine)] }") == [
                "node.yaml:40: dns.servers[8]: is one server too many; name at most 8"
            ])
    }
}
