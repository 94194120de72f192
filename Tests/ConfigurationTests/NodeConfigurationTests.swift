// SPDX-License-Identifier: Apache-2.0

import Configuration
import NetworkAddress
import Testing

@Test func readsEveryKey() throws {
    let c = try parse(sample)
    #expect(c.node.name == "edge1" && c.node.runtimeDirectory == "/run/trunkline")
    #expect(c.fastPath.cores == [1] && c.fastPath.housekeepingCore == 0)
    #expect(!c.fastPath.hugePages && c.fastPath.memoryMB == 256)
    #expect(c.fastPath.flowsPerWorker == 16384)
    let realm = try #require(c.realms.first)
    #expect(realm.name == "carrier" && realm.attach == .packet)
    #expect(realm.interface == "veth-carrier" && realm.ports == 20000...29999)
    #expect(realm.addresses.map(\.description) == ["198.18.1.1", "2001:db8::1"])
    #expect(realm.dscp == 46 && realm.vlan == 0)
    #expect(c.listeners.map(\.name) == ["carrier", "carrier-tcp", "service"])
    #expect(c.listeners.map(\.transport) == [.udp, .tcp, .udp])
    #expect(c.listeners[2].address.description == "198.18.2.1:5060")
    let trunk = try #require(c.trunks.first)
    #expect(trunk.listener == 0 && trunk.realm == 0 && trunk.peers[0].transport == .udp)
    #expect(trunk.peers[0].host == .address(IPAddress(ipv4: 0xc612_0102)))
    #expect(trunk.peers[0].port == 5060 && trunk.peers.count == 1)
    #expect(trunk.codecs == ["PCMU", "PCMA", "telephone-event"] && trunk.maxCalls == 1000)
    #expect(c.routes.map(\.prefix) == ["+1", ""])
    #expect(c.routes.map(\.from) == [0, nil] && c.routes.map(\.to) == [1, 0])
    #expect(c.media.timeoutSeconds == 60 && c.media.rtcpIntervalMilliseconds == 5000)
    #expect(c.limits.calls == 10000 && c.node.stateDirectory == "/var/lib/trunkline")
}

@Test func defaultsOfWhatIsLeftOut() throws {
    let c = try parse(
        """
        realms:
          - { name: r, attach: xdp, interface: eth0, addresses: [192.0.2.1] }
        listeners:
          - { name: l, transport: tcp, address: "[2001:db8::1]:5061" }
        trunks:
          - { name: t, listener: l, realm: r, peer: "sip:[2001:db8::2]" }
        routes:
          - to: t
        """)
    #expect(!c.node.name.isEmpty && c.node.runtimeDirectory == "/run/trunkline")
    #expect(c.fastPath.cores == [1] && c.fastPath.housekeepingCore == nil)
    #expect(c.fastPath.hugePages && c.fastPath.memoryMB == 256)
    #expect(c.fastPath.flowsPerWorker == 16384)
    #expect(c.realms[0].ports == 20000...29999 && c.realms[0].dscp == 46 && c.realms[0].vlan == 0)
    #expect(c.trunks[0].sources.map(\.description) == ["2001:db8::2"])
    #expect(c.trunks[0].codecs == nil && !c.trunks[0].learnSource && c.trunks[0].maxCalls == 1000)
    #expect(c.trunks[0].peers[0].transport == nil && c.trunks[0].peers[0].port == nil)
    #expect(c.routes.map(\.prefix) == [""] && c.routes[0].from == nil && c.routes[0].to == 0)
    #expect(c.media.timeoutSeconds == 50 && c.media.rtcpIntervalMilliseconds == 5000)
    #expect(c.limits.calls == nil)
}

@Test func argumentsOfTheFastPath() throws {
    #expect(
        try parse(sample).fastPathArguments(shards: 2) == [
            "--directory", "/run/trunkline", "--cores", "1", "--housekeeping-core", "0",
            "--no-huge", "--memory-mb", "256", "--flows-per-worker", "16384", "--shards", "2",
            "--realm",
            "name=carrier,attach=packet,interface=veth-carrier,address=198.18.1.1,"
                + "address=2001:db8::1,ports=20000-29999,dscp=46,vlan=0",
            "--realm",
            "name=service,attach=packet,interface=veth-service,address=198.18.2.1,"
                + "ports=20000-29999,dscp=46,vlan=0",
        ])
    let other = try parse(
        """
        fastpath: { cores: [2, 3], secure-flows-per-worker: 0 }
        realms:
          - name: r
            attach: memif
            interface: /run/m.sock
            addresses: [192.0.2.1]
            gateway-mac: "02:00:00:00:00:01"
            twin: tap0
        listeners: [ { name: l, transport: udp, address: "192.0.2.1:5060" } ]
        """)
    let arguments = other.fastPathArguments()
    #expect(arguments.contains("2,3") && !arguments.contains("--no-huge"))
    #expect(!arguments.contains("--housekeeping-core"))
    let secure = try #require(arguments.firstIndex(of: "--secure-flows"))
    #expect(arguments[secure + 1] == "0")
    #expect(
        arguments.last == "name=r,attach=memif,interface=/run/m.sock,address=192.0.2.1,"
            + "ports=20000-29999,dscp=46,vlan=0,gateway-mac=02:00:00:00:00:01,twin=tap0")
}

@Test func onePortIsOffUnlessWritten() throws {
    let off = try parse(sample)
    #expect(off.realms.allSatisfy { !$0.onePort })
    #expect(!off.fastPathArguments().contains("--shared-flows"))
    // Two ports are enough for a worker, and four for two of them.
    for (cores, ports) in [("[1]", "20000-20001"), ("[1, 2]", "20478-20481")] {
        let on = try parse(
            sample.replacing("cores: [1]", with: "cores: \(cores)")
                .replacing("ports: 20000-29999", with: "ports: \(ports)\n    one-port: true"))
        #expect(on.realms.map(\.onePort) == [true, false])
        let arguments = on.fastPathArguments()
        let shared = try #require(arguments.firstIndex(of: "--shared-flows"))
        #expect(arguments[shared + 1] == "16384")
    }
}

@Test(arguments: [
    ("192.0.2.0/24", "192.0.2.255", true), ("192.0.2.0/24", "192.0.3.0", false),
    ("0.0.0.0/0", "203.0.113.9", true), ("0.0.0.0/0", "2001:db8::1", false),
    ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::", false),
    ("::/0", "2001:db8::1", true), ("::/0", "192.0.2.1", false),
    ("2001:db8::4/126", "2001:db8::7", true), ("2001:db8::4/126", "2001:db8::8", false),
    ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1/32", "192.0.2.2", false),
])
func prefixContains(prefix: String, address: String, expected: Bool) throws {
    let prefix = try #require(AddressPrefix(prefix))
    #expect(prefix.contains(try #require(IPAddress(address))) == expected)
}

@Test(arguments: [
    "192.0.2.1/24", "192.0.2.0/33", "192.0.2.0/", "/24", "2001:db8::/129", "a", "", "1.2.3.4/8/8",
    "192.0.2.0/+8",
])
func noPrefix(text: String) { #expect(AddressPrefix(text) == nil) }
