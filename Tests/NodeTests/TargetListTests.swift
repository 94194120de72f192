// SPDX-License-Identifier: Apache-2.0

import CallControl
import Configuration
import NetworkAddress
import SIPLocation
import SIPTransaction
import Testing

@testable import Node

private func file(_ peers: String, _ more: String = "") throws -> NodeConfiguration {
    let text = """
        realms:
          - { name: r, attach: packet, interface: e, addresses: [192.0.2.1] }
        listeners:
          - { name: udp, transport: udp, address: "192.0.2.1:5060" }
          - { name: elsewhere, transport: tcp, address: "192.0.2.2:5060" }
          - { name: tcp, transport: tcp, address: "192.0.2.1:5060" }
        trunks:
          - name: t
            listener: udp
            realm: r
            \(peers)
        \(more)
        """
    return try NodeConfiguration.parse(Array(text.utf8), file: "test.yaml")
}

private func server(
    _ last: UInt32, _ priority: UInt16, _ weight: UInt32, _ transport: TransportProtocol = .udp
) -> LocatedServer {
    LocatedServer(
        address: SocketAddress(address: IPAddress(ipv4: 0xcb00_7100 + last), port: 5060),
        transport: transport, priority: priority, weight: weight * LocatedServer.weightUnit)
}

/// `host last-byte priority weight` of each target.
private func shown(
    _ file: NodeConfiguration, _ located: [String: [LocatedServer]] = [:]
) -> [String] {
    var known: [TargetList.Question: [LocatedServer]] = [:]
    for peer in file.trunks[0].peers {
        guard let question = TargetList.question(peer, file.trunks[0], file) else { continue }
        known[question] = located[peer.hostText]
    }
    return TargetList.targets(of: file.trunks[0], file, located: known).map { target in
        let host = String(decoding: target.host, as: UTF8.self)
        let place =
            target.hop.remote.address.isUnspecified
            ? "nowhere" : "\(target.hop.remote.address.ipv4 & 255)"
        return "\(host) \(place) \(target.priority) \(target.weight)"
    }
}

@Suite struct TargetListTests {
    @Test func oneAddress() throws {
        let file = try file("peer: sip:203.0.113.7")
        #expect(shown(file) == ["203.0.113.7 7 0 10000"])
        let trunk = file.trunks[0]
        #expect(TargetList.question(trunk.peers[0], trunk, file) == nil)
        #expect(TargetList.optionsSeconds(of: trunk) == 0)
        let target = try #require(TargetList.targets(of: trunk, file, located: [:]).first)
        #expect(target.hop.remote.port == 5060 && target.hop.transport == .udp)
        #expect(target.hop.listener.rawValue == 0 && target.state == .up)
    }

    @Test func namesThatAreNotKnown() throws {
        let file = try file("peers: [\"sip:a.example\", \"sip:b.example:5070\"]")
        #expect(shown(file) == ["a.example nowhere 65535 0", "b.example nowhere 65535 0"])
        let targets = TargetList.targets(of: file.trunks[0], file, located: [:])
        #expect(targets.allSatisfy { $0.state == .down && $0.isNowhere })
        #expect(TargetList.optionsSeconds(of: file.trunks[0]) == 60)
        // One of them is known.
        #expect(shown(file, ["b.example": [server(1, 0, 1)]]) == ["b.example 1 0 10000"])
    }

    /// Each name is a group of its own: what the DNS says of one comes before the next.
    @Test func theListComesBeforeTheDNS() throws {
        let file = try file("peers: [\"sip:one.example\", \"sip:two.example\"]")
        let located = [
            "one.example": [server(1, 0, 10), server(2, 5, 10)],
            "two.example": [server(3, 0, 0)],
        ]
        #expect(
            shown(file, located) == [
                "one.example 1 0 10000", "one.example 2 1 10000", "two.example 3 2 10000",
            ])
    }

    /// Peers of one priority share by their weights, and what each has is shared by SRV's.
    @Test func weightsOfPeersAndOfServices() throws {
        let file = try file(
            """
            peers:
                  - { uri: "sip:one.example", priority: 1, weight: 70 }
                  - { uri: "sip:203.0.113.9", priority: 1, weight: 30 }
                  - { uri: "sip:203.0.113.8", priority: 0, weight: 0 }
            """)
        let located = ["one.example": [server(1, 0, 60), server(2, 0, 20), server(3, 0, 0)]]
        #expect(
            shown(file, located) == [
                "203.0.113.8 8 0 0", "one.example 1 1 5250", "one.example 2 1 1750",
                "one.example 3 1 0", "203.0.113.9 9 1 3000",
            ])
    }

    @Test func weightsAtTheirLimits() throws {
        let file = try file(
            """
            peers:
                  - { uri: "sip:one.example", priority: 1, weight: 65535 }
                  - { uri: "sip:203.0.113.9", priority: 1, weight: 1 }
            """)
        let located = ["one.example": [server(1, 0, 65_535), server(2, 0, 1)]]
        let shown = shown(file, located)
        #expect(
            shown == ["one.example 1 1 9999", "one.example 2 1 1", "203.0.113.9 9 1 1"]
                || shown == ["one.example 1 0 9999", "one.example 2 0 1", "203.0.113.9 9 0 1"])
    }

    @Test func transportsThatTheDNSChooses() throws {
        let file = try file("peer: sip:a.example")
        let trunk = file.trunks[0]
        let question = try #require(TargetList.question(trunk.peers[0], trunk, file))
        #expect(question.transports == [.udp, .tcp] && question.isIPv4)
        #expect(question.target.transport == nil && question.target.port == nil)
        // TCP goes by the listener of the trunk's own address.
        let targets = TargetList.targets(
            of: trunk, file, located: [question: [server(1, 0, 1, .tcp)]])
        #expect(targets.map(\.hop.listener.rawValue) == [2] && targets[0].hop.transport == .tcp)
        let written = try Self.question("peer: sip:a.example:5070;transport=udp")
        #expect(written?.target.transport == .udp && written?.target.port == 5070)
    }

    private static func question(_ peer: String) throws -> TargetList.Question? {
        let file = try file(peer)
        return TargetList.question(file.trunks[0].peers[0], file.trunks[0], file)
    }
}
