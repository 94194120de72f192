// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SDP
import Testing

private func audio(_ lines: String...) throws -> MediaDescription {
    let text = lines.reduce("v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\n") { $0 + $1 + "\n" }
    return try #require(try SessionDescription.parse(Array(text.utf8)).media.first)
}

@Test func formatsByMapAndByTable() throws {
    let media = try audio(
        "m=audio 1 RTP/AVP 0 8 9 18 96 97 101 99 8 x 200", "a=rtpmap:96 opus/48000/2",
        "a=fmtp:96 useinbandfec=1; minptime=10", "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-16", "a=rtpmap:97 L16/44100", "a=rtpmap:18 g729/8000",
        "a=fmtp:18 annexb=no", "a=rtpmap:96 PCMU/8000", "a=rtpmap:200 PCMU/8000")
    let formats = media.rtpFormats
    #expect(formats.map(\.payloadType) == [0, 8, 9, 18, 96, 97, 101])
    #expect(formats.map(\.clockRate) == [8000, 8000, 8000, 8000, 48000, 44100, 8000])
    #expect(formats.map(\.channels) == [1, 1, 1, 1, 2, 1, 1])
    #expect(formats[0].name == "PCMU" && formats[2].name == "G722")
    #expect(formats[3].name == "g729" && formats[3].isNamed("G729"))
    #expect(formats[3].parameters == "annexb=no" && formats[6].parameters == "0-16")
    #expect(formats[4].parameters == "useinbandfec=1; minptime=10")
    #expect(formats[6].isTelephoneEvent && formats[6].isAuxiliary && !formats[4].isAuxiliary)
}

@Test(arguments: [
    "a=rtpmap:96", "a=rtpmap:96 ", "a=rtpmap:96 opus", "a=rtpmap:96 /8000", "a=rtpmap:96 x/0",
    "a=rtpmap:96 x/8000/0", "a=rtpmap:96 x/8000/256", "a=rtpmap:96 x/192001", "a=rtpmap:96 x/+8000",
    "a=rtpmap:128 x/8000", "a=rtpmap: 96 x/8000", "a=rtpmap",
])
func mapsThatSayNothing(line: String) throws {
    #expect(try audio("m=audio 1 RTP/AVP 96", line).rtpFormats.isEmpty)
}

/// RFC 3551 section 6, table 4.
@Test func fixedPayloadTypes() {
    let names = (UInt8(0)...127).compactMap { RTPFormat.fixed($0) }.map {
        "\($0.payloadType) \($0.name)/\($0.clockRate)/\($0.channels)"
    }
    #expect(
        names == [
            "0 PCMU/8000/1", "3 GSM/8000/1", "4 G723/8000/1", "5 DVI4/8000/1", "6 DVI4/16000/1",
            "7 LPC/8000/1", "8 PCMA/8000/1", "9 G722/8000/1", "10 L16/44100/2", "11 L16/44100/1",
            "12 QCELP/8000/1", "13 CN/8000/1", "14 MPA/90000/1", "15 G728/8000/1",
            "16 DVI4/11025/1", "17 DVI4/22050/1", "18 G729/8000/1",
        ])
}

@Test(
    arguments: [
        ("20", 20_000), ("0.125", 125), ("2.5", 2500), ("22.05", 22_050), ("10000", 10_000_000),
        ("0", nil), ("-20", nil), ("", nil), ("20 ", nil), ("1.2345", nil), ("10001", nil),
        (".5", nil), ("5.", nil), ("1e3", nil), ("0.000", nil),
    ] as [(String, UInt32?)])
func packetTimes(text: String, expected: UInt32?) throws {
    let media = try audio("m=audio 1 RTP/AVP 0", "a=ptime:\(text)", "a=maxptime:\(text)")
    #expect(media.ptimeMicroseconds == expected && media.maxptimeMicroseconds == expected)
}

@Test func directionFromMediaThenSession() throws {
    let value = try session(
        "a=sendonly", "m=audio 1 RTP/AVP 0", "m=audio 1 RTP/AVP 0", "a=inactive",
        "m=audio 1 RTP/AVP 0", "a=recvonly:x")
    #expect(value.media.map { $0.direction(in: value) } == [.sendonly, .inactive, .sendonly])
    let plain = try session("m=audio 1 RTP/AVP 0")
    #expect(plain.media[0].direction(in: plain) == .sendrecv)
    #expect(Direction.sendonly.reversed == .recvonly && Direction.inactive.reversed == .inactive)
    #expect(Direction.sendonly.intersection(.sendrecv) == .sendonly)
    #expect(Direction.sendonly.intersection(.recvonly) == .inactive)
}

/// RFC 3605 section 2.1.
@Test func rtcpAttribute() throws {
    #expect(try audio("m=audio 1 RTP/AVP 0", "a=rtcp:53020").rtcp == RTCPAttribute(port: 53020))
    let v6 = try audio("m=audio 1 RTP/AVP 0", "a=rtcp:53020 IN IP6 2001:2345:6789:ABCD::1").rtcp
    #expect(v6?.connection?.host == IPAddress("2001:2345:6789:abcd::1").map { .unicast($0) })
    for text in ["a=rtcp", "a=rtcp:", "a=rtcp:0", "a=rtcp:65536", "a=rtcp:1 IN IP4", "a=rtcp:x"] {
        #expect(try audio("m=audio 1 RTP/AVP 0", text).rtcp == nil)
    }
    #expect(try audio("m=audio 1 RTP/AVP 0", "a=rtcp-mux").hasRTCPMux)
    #expect(try !audio("m=audio 1 RTP/AVP 0", "a=rtcp-mux:1").hasRTCPMux)
}

@Test(arguments: [
    ("IN IP4 192.0.2.1", "unicast"), ("IN IP6 2001:db8::1", "unicast"),
    ("in ip4 192.0.2.1", "unicast"), ("IN IP4 2001:db8::1", "unicast"),
    ("IN IP4 0.0.0.0", "held"), ("IN IP6 ::", "held"), ("IN IP4 224.2.1.1/127/3", "multicast"),
    ("IN IP6 FF15::101/3", "multicast"), ("IN IP4 host.example.com", "name"),
    ("IN IP4 192.0.2.256", "unusable"), ("IN IP4 255.255.255.255", "unusable"),
    ("IN IP4 127.0.0.1", "unusable"), ("IN IP4 127.255.0.9", "unusable"),
    ("IN IP4 0.0.0.1", "unusable"), ("IN IP4 240.0.0.1", "unusable"),
    ("IN IP6 ::1", "unusable"), ("IN IP6 ::ffff:127.0.0.1", "unusable"),
    ("IN IP4 223.255.255.254", "unicast"), ("IN IP6 fe80::1", "unicast"),
    ("IN IP4 host_x", "unusable"), ("IN IP7 X", "unusable"), ("ATM NSAP 47", "unusable"),
    ("IN IP4 host/127", "unusable"), ("IN IP4 ...", "unusable"),
])
func hosts(text: String, expected: String) throws {
    let value = try SessionDescription.parse(
        Array("v=0\no=- 1 1 IN IP4 x\ns=-\nc=\(text)\n".utf8))
    let kind =
        switch value.connection?.host {
        case .unicast: "unicast"
        case .held: "held"
        case .multicast: "multicast"
        case .name: "name"
        case .unusable: "unusable"
        case nil: "none"
        }
    #expect(kind == expected)
}

private func format(_ name: SDPText, _ clock: UInt32, _ channels: UInt8, _ text: SDPText?)
    -> RTPFormat
{
    RTPFormat(
        payloadType: 96, name: name, clockRate: clock, channels: channels, parameters: text)
}

@Test func whichFormatsCanBeJoined() {
    let event = format("telephone-event", 8000, 1, "0-15")
    #expect(event.carries(format("Telephone-Event", 8000, 1, "0-16")))
    #expect(!event.carries(format("telephone-event", 48000, 1, "0-15")))
    #expect(!format("L16", 16000, 1, nil).carries(format("L16", 16000, 2, nil)))
    let amr = format("AMR", 8000, 1, "octet-align=1; mode-set=0,2")
    #expect(amr.carries(format("AMR", 8000, 1, "mode-set=7;octet-align=1")))
    #expect(!amr.carries(format("AMR", 8000, 1, nil)))
    #expect(format("AMR-WB", 16000, 1, "octet-align=0").carries(format("AMR-WB", 16000, 1, nil)))
    #expect(
        !format("G7221", 16000, 1, "bitrate=24000").carries(
            format("G7221", 16000, 1, "bitrate=32000")))
    let latm = format("MP4A-LATM", 90000, 1, "cpresent=0; config=1")
    #expect(latm.carries(format("MP4A-LATM", 90000, 1, "config=1;cpresent=0")))
    #expect(!latm.carries(format("MP4A-LATM", 90000, 1, "config=2;cpresent=0")))
    #expect(format("G729", 8000, 1, "annexb=no").carries(format("G729", 8000, 1, nil)))
}

@Test func codecFilters() throws {
    let filter = try #require(CodecFilter(names: ["pcmu", "L16/16000", "opus/48000/2"]))
    #expect(filter.allows(format("PCMU", 8000, 1, nil)))
    #expect(!filter.allows(format("PCMA", 8000, 1, nil)))
    #expect(filter.allows(format("L16", 16000, 1, nil)))
    #expect(!filter.allows(format("L16", 44100, 1, nil)))
    #expect(filter.allows(format("OPUS", 48000, 2, nil)))
    #expect(!filter.allows(format("opus", 48000, 1, nil)))
    #expect(CodecFilter.all.allows(format("anything", 1, 1, nil)))
    for bad in ["", "a b", "x/", "x/y", "x/1/2/3", "x/-1", "x\n"] {
        #expect(CodecFilter(names: [bad]) == nil, "\(bad)")
    }
}
