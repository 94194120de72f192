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

private let secure = """
    {
      "realm": {"addresses": ["198.18.1.1"]},
      "flows": [
        {"local": "198.18.1.1:20000", "payload_types": [0],
         "srtp": {
           "receive":
             "1 AES_CM_128_HMAC_SHA1_80 inline:4fl6DT4Bi+DWT6MsBt5BOQ7Gda1Jiv7rtpYLOqvm|1:1",
           "send": "2 AEAD_AES_128_GCM inline:AAECAwQFBgcICQoLDA0OD6ChoqOkpaanqKmqqw=="},
         "ice": {"ufrag": "evtj", "password": "VOkJxbRl1RmTxUk/WvJxBt", "early_latch": true}},
        {"local": "198.18.1.1:20002", "payload_types": [0]}
      ]
    }
    """

@Test func keysAndCredentialsOfAFlow() throws {
    let file = try flows(secure)
    #expect(file.flows[0].flags == [.receive, .send, .srtp, .ice, .earlyLatch])
    #expect(file.flows[1].flags == [.receive, .send])
    let keys = try #require(file.keys[0])
    #expect(keys.receive.suite == 1 && keys.send.suite == 5 && keys.flags == [])
    #expect(file.ice[0]?.localUfrag == Array("evtj".utf8) && file.ice[0]?.remoteUfrag == [])
    #expect(file.keys[1] == nil && file.ice[1] == nil)
    // The flow, its keys, its credentials; the other flow.
    #expect(file.commands.count == 4 * 256)
}

@Test(arguments: [
    ("AES_CM_128_HMAC_SHA1_80 inline", "AES_CM_128 inline", "srtp.receive: the suite is not known"),
    ("4fl6DT4B", "4fl6", "srtp.receive: key and salt are not as long as the suite wants"),
    ("\"2 AEAD", "\"2 \\n AEAD", "srtp.send: is more than one line"),
    ("qqw==", "qqw==|1:1", "srtp.send: has a key identifier"),
    ("\"send\"", "\"sent\"", "srtp.sent: is not known"),
    ("VOkJxbRl1RmTxUk/WvJxBt", "short", "ice: write a ufrag of 4 to 64 bytes"),
    ("evtj", "ev:j", "ice: write a ufrag of 4 to 64 bytes"),
    ("latch\": true", "latch\": 1", "ice.early_latch: write true or false"),
])
func faultsOfKeysHaveAPlace(old: String, new: String, message: String) throws {
    let text = secure.replacing(old, with: new, maxReplacements: 1)
    #expect(text != secure)
    let failure = #expect(throws: Failure.self) { try flows(text) }
    #expect(failure?.text.hasPrefix("flows[0].\(message)") == true, "\(failure?.text ?? "")")
}

@Test func earlyLatchNeedsSRTP() throws {
    let text = """
        {"realm": {"addresses": ["198.18.1.1"]}, "flows": [
          {"local": "198.18.1.1:20000", "payload_types": [0], "ice": {"ufrag": "evtj",
           "password": "VOkJxbRl1RmTxUk/WvJxBt", "early_latch": true}}]}
        """
    let failure = #expect(throws: Failure.self) { try flows(text) }
    #expect(failure?.text == "flows[0].ice.early_latch: needs srtp too")
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
