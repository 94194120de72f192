// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPMessage
import SIPTransaction
import Testing

@Suite struct ResponseRoutingTests {
    static let source = SocketAddress(address: IPAddress(ipv4: 0xc633_6402), port: 9988)

    static func via(_ text: String) throws -> Via { try Via(Array(text.utf8)[...]) }

    @Test(
        arguments: [
            ("SIP/2.0/UDP 198.51.100.2:5070;branch=z9hG4bKa", 5070),
            ("SIP/2.0/UDP 198.51.100.2;branch=z9hG4bKa", 5060),
            ("SIP/2.0/UDP 10.0.0.1:5080;branch=z9hG4bKa;rport", 9988),
            ("SIP/2.0/UDP 10.0.0.1:5080;branch=z9hG4bKa;rport=1", 9988),
            ("SIP/2.0/UDP 10.0.0.1:0;branch=z9hG4bKa", 5060),
            ("SIP/2.0/UDP 10.0.0.1:5080;maddr=203.0.113.9;branch=z9hG4bKa", 5080),
        ] as [(String, UInt16)])
    func rfc3261_18_2_2_datagramsGoToTheSourcesAddress(text: String, port: UInt16) throws {
        let source = Hop(
            listener: ListenerIndex(rawValue: 3), transport: .udp, remote: Self.source)
        let hop = ResponseRouting.hop(topVia: try Self.via(text), source: source)
        #expect(hop.remote == SocketAddress(address: Self.source.address, port: port))
        #expect(hop.listener == source.listener)
    }

    @Test(arguments: [TransportProtocol.tcp, .tls])
    func rfc3261_18_2_2_connectionsAreUsedAgain(transport: TransportProtocol) throws {
        let source = Hop(
            listener: ListenerIndex(rawValue: 3), transport: transport, remote: Self.source,
            connection: ConnectionID(rawValue: 12))
        let via = try Self.via("SIP/2.0/TCP 10.0.0.1:5080;branch=z9hG4bKa")
        #expect(ResponseRouting.hop(topVia: via, source: source) == source)
        let bare = try Self.via("SIP/2.0/TCP 10.0.0.1;branch=z9hG4bKa")
        let port: UInt16 = transport == .tls ? 5061 : 5060
        #expect(ResponseRouting.port(of: bare, over: transport) == port)
    }

    @Test(arguments: [
        (
            "SIP/2.0/UDP 198.51.100.2:5070;branch=z9hG4bKa",
            "SIP/2.0/UDP 198.51.100.2:5070;branch=z9hG4bKa"
        ),
        (
            "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa",
            "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa;received=198.51.100.2"
        ),
        (
            "SIP/2.0/UDP host.example.com:5;branch=z9hG4bKa",
            "SIP/2.0/UDP host.example.com:5;branch=z9hG4bKa;received=198.51.100.2"
        ),
        (
            "SIP/2.0/UDP 198.51.100.2;rport;branch=z9hG4bKa",
            "SIP/2.0/UDP 198.51.100.2;branch=z9hG4bKa;received=198.51.100.2;rport=9988"
        ),
        (
            "SIP/2.0/UDP 198.51.100.2;received=203.0.113.1;branch=z9hG4bKa;x",
            "SIP/2.0/UDP 198.51.100.2;branch=z9hG4bKa;x"
        ),
        (
            "SIP/2.0/UDP [2001:db8::9]:5060;branch=z9hG4bKa",
            "SIP/2.0/UDP [2001:db8::9]:5060;branch=z9hG4bKa;received=198.51.100.2"
        ),
    ])
    func rfc3581_4_topViaOfTheResponse(text: String, expected: String) throws {
        let value = ResponseRouting.topViaValue(try Self.via(text), source: Self.source)
        #expect(String(decoding: value, as: UTF8.self) == expected)
    }

    @Test func rfc3261_8_2_6_responseCopiesWhatIsPrescribed() throws {
        let request = Messages.Request(extra: "Via: SIP/2.0/UDP second\r\n")
        var template = ResponseTemplate(status: 180, reason: "Ringing")
        template.toTag = Array("t".utf8)
        let bytes = try #require(template.build(for: request.message(), from: Messages.hop()))
        let response = try Messages.parse(bytes)
        #expect(response.status == 180)
        #expect(try response.vias().count == 2)
        #expect(try response.to().tag?.elementsEqual("t".utf8) == true)
        #expect(try response.callID().elementsEqual(request.callID.utf8))
        #expect(try response.cseq() == CSeq(number: 1, method: .invite))
    }
}
