// SPDX-License-Identifier: Apache-2.0

import FlowABI
import Management
import NetworkAddress
import Testing

@testable import trunkline

private let sample = """
    {
      "realm": {"addresses": ["198.18.1.1", "2001:db8::1"], "ports": "20000-20999", "dscp": 46},
      "flows": [
        {"name": "a", "peer": "b", "local": "198.18.1.1:20000", "remote": "198.18.1.2:6000",
         "payload_types": [0, {"ingress": 96, "egress": 101}], "ssrc": 305419896,
         "flags": ["receive", "send", "rtcp_mux"], "initial_sequence": 7},
        {"name": "b", "peer": 0, "local": "[2001:db8::1]:20002", "payload_types": [0]}
      ]
    }
    """

private func flows(_ text: String) throws -> FlowsFile {
    try FlowsFile(JSONValue(parsing: Array(text.utf8)))
}

@Test func flowsFileIsRead() throws {
    let file = try flows(sample)
    #expect(file.addresses.map(\.description) == ["198.18.1.1", "2001:db8::1"])
    #expect(file.ports == 20000...20999)
    #expect(file.gatewayMAC == "02:00:00:00:00:01")
    let (a, b) = (file.flows[0], file.flows[1])
    #expect(a.peer == FlowID(index: FlowIndex(1), generation: Generation(1)))
    #expect(b.peer == FlowID(index: FlowIndex(0), generation: Generation(1)))
    #expect(a.remote == SocketAddress(address: IPAddress(ipv4: 0xc612_0102), port: 6000))
    #expect(b.remote == nil)
    #expect(b.address == AddressIndex(1))
    #expect(a.flags == [.receive, .send, .rtcpMux])
    #expect(b.flags == [.receive, .send])
    #expect(a.payloadTypes == [.init(ingress: 0, egress: 0), .init(ingress: 96, egress: 101)])
    #expect(a.ssrc == 0x1234_5678)
    #expect(a.initialSequence == 7)
    #expect(a.dscp == 46)
    // One record of the contract for each flow.
    #expect(file.commands.count == 2 * 256)
}

@Test(arguments: [
    ("\"realm\": {", "\"realm2\": {", "realm2: is not known"),
    ("198.18.1.1\", \"2001", "198.18.1\", \"2001", "realm.addresses[0]: write an IPv4"),
    ("20000-20999", "20001-20999", "realm.ports: write FIRST-LAST"),
    ("\"dscp\": 46", "\"dscp\": 64", "realm.dscp: write a number from 0 to 63"),
    ("\"dscp\": 46", "\"gateway_mac\": \"2:0\"", "realm.gateway_mac: write six bytes"),
    ("\"peer\": \"b\"", "\"peer\": \"c\"", "flows[0].peer: no flow has the name \"c\""),
    ("\"peer\": 0", "\"peer\": 2", "flows[1].peer: write a number from 0 to 1"),
    ("\"name\": \"b\"", "\"name\": \"a\"", "flows[1].name: another flow"),
    ("1:20000\"", "1:20001\"", "flows[0].local: the port is odd"),
    ("1:20000\"", "1:30000\"", "flows[0].local: the port is odd, or outside 20000-20999"),
    ("8.1.1:20000\"", "8.1.9:20000\"", "flows[0].local: 198.18.1.9 is not among"),
    ("[2001:db8::1]:20002", "198.18.1.1:20000", "flows[1].local: another flow has"),
    ("[2001:db8::1]:20002", "2001:db8::1:20002", "flows[1].local: write ADDRESS:PORT"),
    ("198.18.1.2:6000", "198.18.1.2:0", "flows[0].remote: write ADDRESS:PORT"),
    ("\"egress\": 101", "\"egress\": 128", "flows[0].payload_types[1].egress: write a number"),
    ("[0, {", "[0.5, {", "flows[0].payload_types[0]: write a number"),
    ("\"payload_types\": [0]", "\"ssrc\": 1", "flows[1].payload_types: is missing"),
    ("\"rtcp_mux\"", "\"mux\"", "flows[0].flags[2]: there is no flag \"mux\""),
    ("\"ssrc\": 305419896", "\"ssrc\": 4294967296", "flows[0].ssrc: write a number"),
    ("\"initial_sequence\": 7", "\"sequence\": 7", "flows[0].sequence: is not known"),
    ("\"name\": \"a\"", "\"name\": 1", "flows[0].name: is an integer; write a string"),
])
func faultsOfAFlowsFileHaveAPlace(old: String, new: String, message: String) throws {
    let text = sample.replacing(old, with: new, maxReplacements: 1)
    #expect(text != sample)
    let failure = #expect(throws: Failure.self) { try flows(text) }
    #expect(failure?.status == .usage)
    #expect(failure?.text.hasPrefix(message) == true, "\(failure?.text ?? "")")
}

@Test(arguments: ["[]", "{}", "{\"realm\": {\"addresses\": []}, \"flows\": []}", "null"])
func documentsThatAreNoFlowsFile(text: String) {
    #expect(throws: Failure.self) { try flows(text) }
}

@Test func replayCommandLine() throws {
    let replay = try Replay(
        flows: try flows(sample), input: "in.pcap", output: "out.pcap", program: "fp")
    let words = replay.words(commands: "/c", core: 3)
    #expect(words.first == "fp")
    #expect(words.contains("/c"))
    #expect(
        words.last
            == "name=replay,attach=pcap,interface=in.pcap,output=out.pcap,address=198.18.1.1,"
            + "address=2001:db8::1,ports=20000-20999,dscp=46,vlan=0,gateway-mac=02:00:00:00:00:01")
    #expect(throws: Failure.self) {
        try Replay(flows: try flows(sample), input: "a,b", output: "c", program: "fp")
    }
}
