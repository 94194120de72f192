// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Configuration

/// One fault at a time in the sample: replacement, and the message that must come of it, from the
/// line on.
private let faults: [(String, String, String)] = [
    (
        "timeout-seconds: 60", "timeout-secs: 60",
        "37: media.timeout-secs: is not known; did you mean timeout-seconds?"
    ),
    (
        "limits: { calls: 10000 }", "limitz: { calls: 10000 }",
        "39: limitz: is not known; did you mean limits?"
    ),
    (
        "memory-mb: 256", "zzz: 1",
        "8: fastpath.zzz: is not known; the keys here are: cores, housekeeping-core, "
            + "huge-pages, memory-mb, flows-per-worker, secure-flows-per-worker"
    ),
    (
        "  memory-mb: 256", "  memory-mb: 256\n  memory-mb: 512",
        "9: fastpath.memory-mb: stands twice (first on line 8); keep one of them"
    ),
    (
        "memory-mb: 256", "memory-mb: \"256\"",
        "8: fastpath.memory-mb: is \"256\"; write a number from 64 to 1048576 (MB)"
    ),
    (
        "memory-mb: 256", "memory-mb: 63",
        "8: fastpath.memory-mb: is \"63\"; write a number from 64 to 1048576 (MB)"
    ),
    (
        "memory-mb: 256", "memory-mb: [256]",
        "8: fastpath.memory-mb: is a list; write a number from 64 to 1048576 (MB)"
    ),
    (
        "huge-pages: false", "huge-pages: no",
        "7: fastpath.huge-pages: is \"no\"; write true or false"
    ),
    (
        "dscp: 46", "one-port: yes",
        "16: realms[0].one-port: is \"yes\"; write true or false"
    ),
    (
        "flows-per-worker: 16384", "flows-per-worker: 100\n  secure-flows-per-worker: 101",
        "10: fastpath.secure-flows-per-worker: is more than the 100 flows of a worker; write at "
            + "most fastpath.flows-per-worker"
    ),
    (
        "cores: [1]", "cores: 1",
        "5: fastpath.cores: is a single value; write a list, such as [1]"
    ),
    (
        "cores: [1]", "cores: [1, 2, 1]",
        "5: fastpath.cores[2]: core 1 stands twice; name each core once"
    ),
    (
        "cores: [1]", "cores: []",
        "5: fastpath.cores: names 0 cores; write 1 to 64 core numbers"
    ),
    (
        "cores: [1]", "cores: [0]",
        "6: fastpath.housekeeping-core: core 0 runs a worker; name a core that is not in "
            + "fastpath.cores, or leave the key out"
    ),
    (
        "/run/trunkline", "run/trunkline",
        "3: node.runtime-directory: is not an absolute path of at most 80 bytes; write "
            + "/run/trunkline or the like"
    ),
    (
        "name: edge1", "name: edge 1",
        "2: node.name: \"edge 1\" is no name; write 1 to 31 letters, digits, '-', '_' or "
            + "'.'"
    ),
    (
        "    interface: veth-carrier\n", "",
        "11: realms[0].interface: is missing; write `interface: eth1` or the like"
    ),
    (
        "interface: veth-carrier", "interface: veth-service",
        "18: realms[1].interface: overlaps with realm carrier (line 13): the same interface "
            + "and VLAN; put the addresses into one realm, or write another vlan"
    ),
    (
        "attach: packet\n", "attach: afpacket\n",
        "12: realms[0].attach: is \"afpacket\"; write one of xdp, packet, pci, memif, pcap"
    ),
    (
        "attach: packet\n", "attach: pci\n",
        "13: realms[0].interface: \"veth-carrier\" does not fit; write a PCI address, such "
            + "as 0000:03:00.0, without spaces and commas"
    ),
    (
        "veth-carrier", "veth-carrier,address=1.2.3.4",
        "13: realms[0].interface: \"veth-carrier,address=1.2.3.4\" does not fit; write the "
            + "name of a network interface, 1 to 15 bytes, without spaces and commas"
    ),
    (
        "[198.18.1.1, \"2001:db8::1\"]", "[198.18.1.1, host.example]",
        "14: realms[0].addresses[1]: \"host.example\" is not the address of one host; write "
            + "an IPv4 or IPv6 address without brackets, port or length"
    ),
    (
        "[198.18.1.1, \"2001:db8::1\"]", "[]",
        "14: realms[0].addresses: is empty; write at least one address, such as "
            + "[198.51.100.1, \"2001:db8::1\"]"
    ),
    (
        "[198.18.2.1]", "[198.18.1.1]",
        "18: realms[1].addresses[0]: 198.18.1.1 stands on line 14 too; give each address to "
            + "one realm, once"
    ),
    (
        "20000-29999", "20001-29998",
        "15: realms[0].ports: \"20001-29998\" does not begin even and end odd; write "
            + "20002-29997"
    ),
    (
        "20000-29999", "30000-20001",
        "15: realms[0].ports: \"30000-20001\" is no port range; write FIRST-LAST from 1024 "
            + "to 65535, such as 20000-29999"
    ),
    (
        "20000-29999", "80-90",
        "15: realms[0].ports: \"80-90\" is no port range; write FIRST-LAST from 1024 to "
            + "65535, such as 20000-29999"
    ),
    (
        "dscp: 46", "dscp: 64",
        "16: realms[0].dscp: is \"64\"; write a number from 0 to 63 (DSCP value)"
    ),
    (
        "dscp: 46", "dscp: 46\n    gateway-mac: 0:1",
        "17: realms[0].gateway-mac: \"0:1\" is no MAC address; write six bytes in "
            + "hexadecimal, such as \"02:00:00:00:00:01\""
    ),
    (
        "transport: tcp", "transport: sctp",
        "21: listeners[1].transport: is \"sctp\"; write one of udp, tcp, tls"
    ),
    (
        "transport: tcp", "transport: udp",
        "21: listeners[1].address: listener carrier (line 20) has this address; write another "
            + "address or port"
    ),
    (
        "name: carrier-tcp", "name: carrier",
        "21: listeners[1].name: there is another listener \"carrier\" on line 20; give this "
            + "one a name of its own"
    ),
    (
        "\"198.18.2.1:5060\"", "\"198.18.2.1\"",
        "22: listeners[2].address: \"198.18.2.1\" is not one address with a port; write "
            + "ADDRESS:PORT, such as \"198.51.100.1:5060\""
    ),
    (
        "\"198.18.2.1:5060\"", "\"198.18.2.1:20010\"",
        "22: listeners[2].address: lies in the media ports of realm service; write a port "
            + "outside 20000-29999"
    ),
    (
        "    listener: carrier", "    listener: carier",
        "25: trunks[0].listener: there is no listener \"carier\"; did you mean carrier?"
    ),
    (
        "    realm: carrier", "    realm: somewhere-else",
        "26: trunks[0].realm: there is no realm \"somewhere-else\"; the realms are: carrier, "
            + "service"
    ),
    (
        "sip:198.18.1.2:5060;transport=udp", "198.18.1.2:5060",
        "27: trunks[0].peer: \"198.18.1.2:5060\" is no SIP URI; write "
            + "\"sip:198.51.100.2:5060;transport=udp\" or the like"
    ),
    (
        "sip:198.18.1.2:5060;transport=udp", "sip:198.18.1.300",
        "27: trunks[0].peer: \"198.18.1.300\" is neither the address of one host nor a name; "
            + "write HOST or HOST:PORT, IPv6 in brackets"
    ),
    (
        "sip:198.18.1.2:5060;transport=udp", "sip:198.18.1.2:5060;transport=tcp",
        "27: trunks[0].peer: wants tcp, but listener carrier is udp; write transport=udp, or "
            + "name another listener"
    ),
    (
        "sip:198.18.1.2:5060;transport=udp", "sip:198.18.1.2;lr",
        "27: trunks[0].peer: has the parameter \"lr\"; the only one is transport=udp, "
            + "transport=tcp or transport=tls"
    ),
    (
        "sip:198.18.1.2:5060;transport=udp", "sip:[2001:db8::2]",
        "27: trunks[0].peer: is of another IP version than listener carrier; name a listener "
            + "of the same IP version"
    ),
    (
        "sources: [\"198.18.1.2\"]", "sources: [198.18.1.2/24]",
        "28: trunks[0].sources[0]: \"198.18.1.2/24\" is neither an address nor a block; write "
            + "ADDRESS or ADDRESS/BITS with no bits set behind BITS"
    ),
    (
        "listener: service, realm: service, peer: \"sip:198.18.2.2\"",
        "listener: carrier, realm: service, peer: \"sip:198.18.1.2\"",
        "32: trunks[1].peer: 198.18.1.2 is a source of trunk carrier too; a source at one "
            + "listener names one trunk: write different sources, or another port or listener"
    ),
    (
        "[PCMU, PCMA, telephone-event]", "[PCMU, opus/x]",
        "29: trunks[0].codecs[1]: \"opus/x\" is no encoding name; write NAME, NAME/CLOCK or "
            + "NAME/CLOCK/CHANNELS, such as opus/48000/2"
    ),
    (
        "max-calls: 1000", "max-calls: 0",
        "31: trunks[0].max-calls: is \"0\"; write a number from 1 to 1000000 (calls)"
    ),
    (
        "to: service }", "to: servce }",
        "34: routes[0].to: there is no trunk \"servce\"; did you mean service?"
    ),
    (
        "prefix: \"+1\"", "prefix: 1+1",
        "34: routes[0].prefix: \"1+1\" is no beginning of a number; write at most 32 digits, "
            + "'+' only in front, in quotes"
    ),
    (
        "  - { prefix: \"\", to: carrier }", "  - { prefix: \"+1\", from: carrier, to: carrier }",
        "35: routes[1].prefix: there is a route for \"+1\" on line 34; keep one of them, or "
            + "tell them apart by `from`"
    ),
    (
        "rtcp-interval-ms: 5000", "rtcp-interval-ms: 5s",
        "38: media.rtcp-interval-ms: is \"5s\"; write a number from 500 to 60000 (ms)"
    ),
    (
        "limits: { calls: 10000 }", "limits: 10000",
        "39: limits: is a single value; write a section of keys: "
            + Schema.limits.keys.map(\.name).joined(separator: ", ")
    ),
]

@Test(arguments: faults.indices)
func oneFaultOneMessage(index: Int) {
    let (old, new, expected) = faults[index]
    #expect(messages(replacing: old, with: new) == ["node.yaml:" + expected])
}

@Test func everythingIsReportedInOneRun() {
    let found = messages(
        """
        realms:
          - { name: r, attach: x, interface: eth0, addresses: [1.2.3], ports: 1-2, dscp: -1 }
        listeners:
          - { name: l, transport: udp, adress: "192.0.2.1:5060" }
        trunks:
          - { name: t, listener: l, realm: r, peer: "sip:192.0.2.2" }
        routes:
          - { prefix: "1", to: t }
          - { prefix: "2", to: u }
        limits: { calls: many }
        """)
    // The trunk refers to a realm and a listener that are there, though wrong: no issue of its own.
    #expect(
        found == [
            "node.yaml:2: realms[0].attach: is \"x\"; write one of xdp, packet, pci, memif, pcap",
            "node.yaml:2: realms[0].addresses[0]: \"1.2.3\" is not the address of one host; write "
                + "an IPv4 or IPv6 address without brackets, port or length",
            "node.yaml:2: realms[0].ports: \"1-2\" is no port range; write FIRST-LAST from 1024 to "
                + "65535, such as 20000-29999",
            "node.yaml:2: realms[0].dscp: is \"-1\"; write a number from 0 to 63 (DSCP value)",
            "node.yaml:4: listeners[0].adress: is not known; did you mean address?",
            "node.yaml:4: listeners[0].address: is missing; write "
                + "`address: \"198.51.100.1:5060\"` or the like",
            "node.yaml:9: routes[1].to: there is no trunk \"u\"; did you mean t?",
            "node.yaml:10: limits.calls: is \"many\"; write a number from 1 to 1000000 (calls)",
        ])
}

@Test func realmsAndListenersAreNeeded() {
    #expect(
        messages("node: { name: x }") == [
            "node.yaml:1: realms: has 0 items; write 1 to 32 of them",
            "node.yaml:1: listeners: has 0 items; write 1 to 64 of them",
        ])
    #expect(
        messages("realms: 5").first == "node.yaml:1: realms: is a single value; write a list, "
            + "each item beginning with '- '")
}

@Test func portsForEveryWorker() {
    let text = """
        fastpath: { cores: [1, 2, 3] }
        realms:
          - { name: r, attach: xdp, interface: e, addresses: [192.0.2.1], ports: 20000-20991 }
        listeners: [ { name: l, transport: udp, address: "192.0.2.1:5060" } ]
        """
    #expect(
        messages(text) == [
            "node.yaml:3: realms[0].ports: covers 2 blocks of 512 ports, fewer than there are "
                + "workers (3); write a range of at least 1536 ports, or fewer fastpath.cores"
        ])
}

@Test func addressesHaveALimit() {
    let addresses = (1...65).reduce("") { $0 + ($1 > 1 ? ", " : "") + "192.0.2.\($1)" }
    let text = """
        realms:
          - { name: r, attach: xdp, interface: e, addresses: [\(addresses)] }
        listeners: [ { name: l, transport: udp, address: "192.0.2.1:5060" } ]
        """
    #expect(
        messages(text) == ["node.yaml:2: realms: have 65 addresses together; write at most 64"])
}
