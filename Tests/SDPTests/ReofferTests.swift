// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SDP
import Testing

private let both = ["m=audio 4000 RTP/AVP 0 8", "m=audio 5000 RTP/AVP 0 8"]

/// A call that talks, with PCMU and PCMA.
private func talking() throws -> Call {
    var call = Call()
    _ = try call.offerFromA(session(both[0]))
    _ = try call.answerFromB(session(both[1]))
    return call
}

@Test func holdAndResumeByA() throws {
    var call = try talking()
    let hold = try call.offerFromA(session(both[0], "a=sendonly", version: 2))
    #expect(hold.lines[1] == "o=- 200 2 IN IP4 203.0.113.1" && hold.lines.last == "a=sendonly")
    let held = try call.answerFromB(session(both[1], "a=recvonly", version: 2))
    #expect(held.lines[1] == "o=- 100 2 IN IP4 198.51.100.1" && held.lines.last == "a=recvonly")
    var plan = try #require(call.plan)
    #expect(plan.a.receive && !plan.a.send && !plan.b.receive && plan.b.send)
    let resume = try call.offerFromA(session(both[0], version: 3))
    #expect(resume.lines[1] == "o=- 200 3 IN IP4 203.0.113.1" && resume.lines.last == "a=sendrecv")
    let resumed = try call.answerFromB(session(both[1], version: 3))
    #expect(resumed.lines.last == "a=sendrecv")
    plan = try #require(call.plan)
    #expect(plan.a.receive && plan.a.send && plan.b.receive && plan.b.send)
}

@Test func holdByBAndThenByBoth() throws {
    var call = try talking()
    _ = try call.offerFromB(session(both[1], "a=sendonly", version: 2))
    _ = try call.answerFromA(session(both[0], "a=recvonly", version: 2))
    var plan = try #require(call.plan)
    #expect(!plan.a.receive && plan.a.send && plan.b.receive && !plan.b.send)
    // A holds too: its offer is sendonly, B can only answer inactive.
    let offer = try call.offerFromA(session(both[0], "a=sendonly", version: 3))
    #expect(offer.lines.last == "a=sendonly")
    let answer = try call.answerFromB(session(both[1], "a=inactive", version: 3))
    #expect(answer.lines.last == "a=inactive")
    plan = try #require(call.plan)
    #expect(!plan.a.receive && !plan.a.send && !plan.b.receive && !plan.b.send)
}

/// An answer cannot give more than the offer asked for, whatever the peer writes.
@Test(arguments: [
    ("sendonly", "sendrecv", "recvonly"), ("recvonly", "sendrecv", "sendonly"),
    ("sendonly", "sendonly", "inactive"), ("inactive", "sendrecv", "inactive"),
    ("sendrecv", "recvonly", "recvonly"), ("sendrecv", "inactive", "inactive"),
])
func directionsAreCombined(offered: String, answered: String, result: String) throws {
    var call = Call()
    _ = try call.offerFromA(session(both[0], "a=\(offered)"))
    let answer = try call.answerFromB(session(both[1], "a=\(answered)"))
    #expect(answer.lines.last == "a=\(result)")
}

/// RFC 3264 section 8.4: hold as RFC 2543 had it.
@Test func holdByAddressZero() throws {
    var call = try talking()
    let offer = try call.offerFromA(session(both[0], "c=IN IP4 0.0.0.0", version: 2))
    #expect(offer.lines.last == "a=sendonly")
    let answer = try call.answerFromB(session(both[1], "a=recvonly", version: 2))
    #expect(answer.lines.last == "a=recvonly")
    let plan = try #require(call.plan)
    #expect(plan.a.receive && !plan.a.send)
    // What A still sends comes from where it did.
    #expect(plan.a.remote?.description == "192.0.2.1:4000")
}

@Test func addressZeroFromTheStart() throws {
    var call = Call()
    let offer = try call.offerFromA(session(both[0], "c=IN IP6 ::"))
    #expect(offer.lines.last == "a=sendonly")
    _ = try call.answerFromB(session(both[1]))
    let plan = try #require(call.plan)
    #expect(plan.a.remote == nil && !plan.a.send && plan.a.receive)
}

@Test func addressChange() throws {
    var call = try talking()
    let offer = try call.offerFromA(
        session("m=audio 4400 RTP/AVP 0 8", version: 2, address: "192.0.2.9"))
    // B sees no difference: same version, same bytes.
    #expect(offer.lines[1] == "o=- 200 1 IN IP4 203.0.113.1")
    let answer = try call.answerFromB(session(both[1]))
    #expect(answer.lines[1] == "o=- 100 1 IN IP4 198.51.100.1")
    #expect(call.plan?.a.remote?.description == "192.0.2.9:4400")
}

@Test func codecChange() throws {
    var call = try talking()
    let offer = try call.offerFromA(session("m=audio 4000 RTP/AVP 8", version: 2))
    #expect(offer.media[0].formats == ["8"] && offer.origin.version == "2")
    let answer = try call.answerFromB(session("m=audio 5000 RTP/AVP 8", version: 2))
    #expect(answer.media[0].formats == ["8"] && answer.origin.version == "2")
    #expect(call.plan?.a.payloadTypes.map(\.ingress) == [8])
}

@Test func sameOfferIsNoChange() throws {
    var call = try talking()
    let again = try call.a.receiveOffer(session(both[0]))
    #expect(again.isUnchanged)
    let peer = try #require(call.b.remote)
    let answer = try call.a.makeAnswer(from: peer, local: ourA)
    #expect(answer.origin.version == "1" && answer.media[0].formats == ["0", "8"])
}

/// A refresh by the party that answered: it writes its answer again, or all that it can.
@Test(arguments: [
    (["m=audio 5000 RTP/AVP 0 8"], true), (["m=audio 5000 RTP/AVP 0 8 18"], true),
    (["m=audio 5000 RTP/AVP 8 0"], false), (["m=audio 5002 RTP/AVP 0 8"], false),
    (["m=audio 5000 RTP/AVP 0 8", "a=sendonly"], false),
    (["m=audio 5000 RTP/AVP 0 8", "a=ptime:40"], false),
    (["m=audio 5000 RTP/AVP 0 8", "m=video 1 RTP/AVP 31"], false),
    (["m=audio 5000 RTP/AVP 0"], false),
])
func refreshByTheAnswerer(lines: [String], unchanged: Bool) throws {
    var call = try talking()
    let text = ["v=0", "o=- 1 1 IN IP4 a", "s=-", "c=IN IP4 192.0.2.1"] + lines
    let sdp = try SessionDescription.parse(Array(text.reduce("") { $0 + $1 + "\n" }.utf8))
    #expect(try call.b.receiveOffer(sdp).isUnchanged == unchanged)
}

@Test func refreshAnswerKeepsTheAgreement() throws {
    var call = try talking()
    _ = try call.b.receiveOffer(session("m=audio 5000 RTP/AVP 0 8 18"))
    let peer = try #require(call.a.remote)
    let answer = try call.b.makeAnswer(from: peer, local: ourB)
    #expect(answer.media[0].formats == ["0", "8"])
}

@Test func failedReofferLeavesTheAgreement() throws {
    var call = try talking()
    let before = try #require(call.plan)
    _ = try call.offerFromA(
        session("m=audio 4000 RTP/AVP 8", "m=video 1 RTP/AVP 31", "a=sendonly", version: 2))
    call.a.abandonOffer()
    call.b.abandonOffer()
    #expect(call.plan == before)
    // The next offer that differs from the failed one has a version of its own.
    let next = try call.offerFromA(session(both[0], version: 3))
    #expect(next.origin.version == "3" && next.media[0].formats == ["0", "8"])
    let answer = try call.answerFromB(session(both[1]))
    #expect(answer.media.count == 1 && answer.origin.version == "1")
}

/// RFC 3264 section 8.3.2: a number keeps its meaning on a leg, whatever the other leg does.
@Test func numbersKeepTheirMeaning() throws {
    var call = Call()
    _ = try call.offerFromA(session("m=audio 4000 RTP/AVP 97", "a=rtpmap:97 iLBC/8000"))
    _ = try call.answerFromB(session("m=audio 5000 RTP/AVP 97", "a=rtpmap:97 iLBC/8000"))
    let offer = try call.offerFromA(
        session("m=audio 4000 RTP/AVP 97 98", "a=rtpmap:97 opus/48000/2", "a=rtpmap:98 iLBC/8000"))
    #expect(
        offer.mediaLines == [
            "m=audio 30000 RTP/AVP 96 97", "a=rtpmap:96 opus/48000/2", "a=rtpmap:97 iLBC/8000",
            "a=sendrecv",
        ])
    let answer = try call.answerFromB(
        session("m=audio 5000 RTP/AVP 96", "a=rtpmap:96 opus/48000/2"))
    #expect(answer.media[0].formats == ["97"])
    let plan = try #require(call.plan)
    #expect(plan.a.payloadTypes.map(\.ingress) == [97] && plan.a.payloadTypes.map(\.egress) == [96])
    #expect(plan.b.payloadTypes.map(\.ingress) == [96] && plan.b.payloadTypes.map(\.egress) == [97])
}

@Test func originAddressStays() throws {
    var call = try talking()
    let offer = try call.a.receiveOffer(session(both[0], "a=sendonly"))
    let moved = SocketAddress(address: IPAddress(ipv4: 0xcb00_7102), port: 30010)
    let sdp = try call.b.makeOffer(from: offer.stream, local: moved)
    #expect(sdp.lines[1] == "o=- 200 2 IN IP4 203.0.113.1")
    #expect(sdp.lines[3] == "c=IN IP4 203.0.113.2" && sdp.media[0].port == 30010)
}

@Test func forksAreCopies() throws {
    var call = Call()
    _ = try call.offerFromA(session(both[0]))
    var fork = call.b
    _ = try call.b.receiveAnswer(session(both[1]))
    let other = try fork.receiveAnswer(session("m=audio 7000 RTP/AVP 8"))
    #expect(call.b.remote?.port == 5000 && other.port == 7000)
}
