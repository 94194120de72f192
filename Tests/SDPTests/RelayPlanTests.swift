// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SDP
import Testing

private let events = "telephone-event/8000"

@Test func telephoneEventsWithDifferentNumbers() throws {
    var call = Call()
    _ = try call.offerFromA(
        session("m=audio 4000 RTP/AVP 0 101", "a=rtpmap:101 \(events)", "a=fmtp:101 0-16"))
    // B wants 96 where we offered 101: it sends 101 and gets 96.
    let answer = try call.answerFromB(
        session("m=audio 5000 RTP/AVP 0 96", "a=rtpmap:96 \(events)", "a=fmtp:96 0-15"))
    #expect(answer.media[0].formats == ["0", "101"])
    let plan = try #require(call.plan)
    #expect(
        plan.a.payloadTypes == [
            RelayPlan.PayloadType(ingress: 0, egress: 0),
            RelayPlan.PayloadType(ingress: 101, egress: 96),
        ])
    // B's own number is understood too.
    #expect(
        plan.b.payloadTypes == [
            RelayPlan.PayloadType(ingress: 0, egress: 0),
            RelayPlan.PayloadType(ingress: 101, egress: 101),
            RelayPlan.PayloadType(ingress: 96, egress: 101),
        ])
}

/// B swaps two numbers: they keep the meaning that we gave them.
@Test func ownNumbersNeverShadowOurs() throws {
    var call = Call()
    _ = try call.offerFromA(
        session("m=audio 4000 RTP/AVP 96 97", "a=rtpmap:96 iLBC/8000", "a=rtpmap:97 \(events)"))
    _ = try call.answerFromB(
        session("m=audio 5000 RTP/AVP 97 96", "a=rtpmap:97 iLBC/8000", "a=rtpmap:96 \(events)"))
    let plan = try #require(call.plan)
    #expect(plan.b.payloadTypes.map(\.ingress) == [96, 97])
    #expect(plan.b.payloadTypes.map(\.egress) == [96, 97])
    #expect(plan.a.payloadTypes.map(\.egress).sorted() == [96, 97])
    #expect(plan.a.payloadTypes.first { $0.ingress == 96 }?.egress == 97)
}

@Test func formatsWithOtherLayoutsAreNotJoined() throws {
    var call = Call()
    _ = try call.offerFromA(
        session(
            "m=audio 4000 RTP/AVP 96 97 8", "a=rtpmap:96 AMR/8000", "a=rtpmap:97 AMR/8000",
            "a=fmtp:97 octet-align=1"))
    let answer = try call.answerFromB(
        session("m=audio 5000 RTP/AVP 100", "a=rtpmap:100 AMR/8000", "a=fmtp:100 octet-align=1"))
    #expect(answer.media[0].formats == ["97"])
    let plan = try #require(call.plan)
    #expect(plan.a.payloadTypes == [RelayPlan.PayloadType(ingress: 97, egress: 100)])
}

@Test func addressesPortsAndDirections() throws {
    var call = Call()
    _ = try call.offerFromA(session("m=audio 4000 RTP/AVP 0", "a=rtcp:4011", "a=sendonly"))
    _ = try call.answerFromB(session("m=audio 5000 RTP/AVP 0", "a=rtcp:5001", address: "192.0.2.2"))
    let plan = try #require(call.plan)
    #expect(plan.a.remote?.description == "192.0.2.1:4000" && plan.a.remoteRTCPPort == 4011)
    #expect(plan.b.remote?.description == "192.0.2.2:5000" && plan.b.remoteRTCPPort == nil)
    #expect(!plan.a.rtcpMux && !plan.b.rtcpMux)
    #expect(plan.a.receive && !plan.a.send && plan.b.send && !plan.b.receive)
}

/// RFC 5761 section 5.1.1: only where both sides said it; each leg for itself.
@Test func rtcpMuxIsEachLegsOwn() throws {
    var call = Call()
    let offer = try call.offerFromA(
        session("m=audio 4000 RTP/AVP 0", "a=rtcp-mux", "a=rtcp:4000"))
    #expect(!offer.media[0].hasRTCPMux)
    let answer = try call.answerFromB(session("m=audio 5000 RTP/AVP 0", "a=rtcp-mux"))
    #expect(answer.media[0].hasRTCPMux)
    let plan = try #require(call.plan)
    #expect(plan.a.rtcpMux && !plan.b.rtcpMux && plan.a.remoteRTCPPort == nil)
}

@Test func rtcpMuxOfferedByUs() throws {
    for accepted in [true, false] {
        var call = Call(mux: true)
        let offer = try call.offerFromA(session("m=audio 4000 RTP/AVP 0"))
        #expect(offer.media[0].hasRTCPMux)
        var sdp = try session("m=audio 5000 RTP/AVP 0", "a=rtcp:5009")
        if accepted { sdp.media[0].attributes.append(Attribute("rtcp-mux")) }
        let answer = try call.answerFromB(sdp)
        #expect(!answer.media[0].hasRTCPMux)
        let plan = try #require(call.plan)
        #expect(plan.b.rtcpMux == accepted && !plan.a.rtcpMux)
        #expect(plan.b.remoteRTCPPort == (accepted ? nil : 5009))
    }
}

@Test(arguments: [
    ("0", "", UInt32(50), UInt32(68_800), UInt32(8000)),
    ("0", "a=ptime:10", 100, 73_600, 8000), ("0", "a=ptime:60", 50, 68_800, 8000),
    ("18", "", 50, 12_800, 8000), ("9", "", 50, 68_800, 8000),
    ("0", "a=ptime:0.125", 1000, 160_000, 8000), ("10", "", 50, 1_416_000, 44_100),
    ("96", "a=rtpmap:96 opus/48000/2", 50, 514_800, 48_000),
    ("96", "a=rtpmap:96 unheard-of/16000", 50, 260_800, 16_000),
    ("18 0", "", 50, 68_800, 8000),
])
func expectedRates(
    formats: String, line: String, packets: UInt32, bits: UInt32, clock: UInt32
) throws {
    var call = Call()
    let lines = line.isEmpty ? "a=sendrecv" : line
    _ = try call.offerFromA(session("m=audio 4000 RTP/AVP \(formats)", lines))
    _ = try call.answerFromB(session("m=audio 5000 RTP/AVP \(formats)", lines))
    let plan = try #require(call.plan)
    #expect(plan.a.packetsPerSecond == packets && plan.b.packetsPerSecond == packets)
    #expect(plan.a.bitsPerSecond == bits && plan.b.bitsPerSecond == bits)
    #expect(plan.a.clockRate == clock && plan.b.clockRate == clock)
}

/// One side's short packets count for both: it may send them, or ask the other for them.
@Test func packetTimeOfEitherSideCounts() throws {
    var call = Call()
    _ = try call.offerFromA(session("m=audio 4000 RTP/AVP 0", "a=ptime:10"))
    _ = try call.answerFromB(session("m=audio 5000 RTP/AVP 0", "a=ptime:30"))
    let plan = try #require(call.plan)
    #expect(plan.a.packetsPerSecond == 100 && plan.b.packetsPerSecond == 100)
}
