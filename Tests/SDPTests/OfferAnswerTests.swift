// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
@testable import SDP
import Testing

@Test func offerAndAnswerThroughTheBox() throws {
    var call = Call()
    let offer = try call.offerFromA(
        session(
            "m=audio 4000 RTP/AVP 8 0 96 101", "a=rtpmap:96 opus/48000/2", "a=fmtp:96 stereo=1",
            "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16", "a=ptime:30", "a=maxptime:60",
            "a=candidate:1 1 UDP 1 192.0.2.1 4000 typ host", "a=ice-ufrag:x", "a=ice-pwd:y",
            "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:k", "a=fingerprint:sha-1 0", "a=mid:0",
            "a=extmap:1 urn:x", "a=ssrc:1 cname:x", "b=AS:64"))
    #expect(
        offer.lines == [
            "v=0", "o=- 200 1 IN IP4 203.0.113.1", "s=-", "c=IN IP4 203.0.113.1", "t=0 0",
            "m=audio 30000 RTP/AVP 8 0 96 101", "a=rtpmap:8 PCMA/8000", "a=rtpmap:0 PCMU/8000",
            "a=rtpmap:96 opus/48000/2", "a=fmtp:96 stereo=1", "a=rtpmap:101 telephone-event/8000",
            "a=fmtp:101 0-16", "a=ptime:30", "a=maxptime:60", "a=sendrecv",
        ])
    #expect(call.plan == nil)
    let answer = try call.answerFromB(
        session(
            "m=audio 5000 RTP/AVP 0 101", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15"))
    #expect(
        answer.lines == [
            "v=0", "o=- 100 1 IN IP4 198.51.100.1", "s=-", "c=IN IP4 198.51.100.1", "t=0 0",
            "m=audio 20000 RTP/AVP 0 101", "a=rtpmap:0 PCMU/8000",
            "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15", "a=mid:0", "a=sendrecv",
        ])
    #expect(call.a.phase == .stable && call.b.phase == .stable && call.plan != nil)
}

@Test func trunkListsFilterBothWays() throws {
    let narrow = try #require(CodecFilter(names: ["PCMA", "G729", "telephone-event"]))
    let other = try #require(CodecFilter(names: ["PCMA", "PCMU"]))
    var call = Call(codecsA: narrow, codecsB: other)
    let offer = try call.offerFromA(
        session("m=audio 4000 RTP/AVP 0 18 8 101", "a=rtpmap:101 telephone-event/8000"))
    #expect(offer.media[0].formats == ["8"])
    // An answer with more than was offered is cut to what was.
    let answer = try call.answerFromB(session("m=audio 5000 RTP/AVP 0 8"))
    #expect(answer.media[0].formats == ["8"])
}

@Test(arguments: ["0", "101", "13", "97", "x"])
func noCommonCodecInTheOffer(format: String) throws {
    var call = Call(codecsA: try #require(CodecFilter(names: ["PCMA", "CN", "telephone-event"])))
    let before = call.a
    #expect(throws: OfferAnswerError.noCommonCodec) {
        try call.offerFromA(
            session(
                "m=audio 4000 RTP/AVP \(format)", "a=rtpmap:101 telephone-event/8000",
                "a=rtpmap:13 CN/8000"))
    }
    #expect(call.a == before)
}

@Test func noCommonCodecTowardsB() throws {
    var call = Call(codecsB: try #require(CodecFilter(names: ["G729"])))
    #expect(throws: OfferAnswerError.noCommonCodec) {
        try call.offerFromA(session("m=audio 4000 RTP/AVP 0 8"))
    }
    #expect(call.b.phase == .stable)
}

@Test func noCommonCodecInTheAnswer() throws {
    var call = Call()
    _ = try call.offerFromA(
        session("m=audio 4000 RTP/AVP 0 101", "a=rtpmap:101 telephone-event/8000"))
    for formats in ["8", "101", "99"] {
        #expect(throws: OfferAnswerError.noCommonCodec) {
            try call.answerFromB(
                session("m=audio 5000 RTP/AVP \(formats)", "a=rtpmap:101 telephone-event/8000"))
        }
    }
    // The offer is still open: another answer (of the 200 after a bad 183) is taken.
    _ = try call.answerFromB(session("m=audio 5000 RTP/AVP 0"))
    #expect(call.plan != nil)
}

/// Security was offered to a leg that has it off.
private func secured(_ offered: SDPText...) -> OfferAnswerError {
    .noCommonSecurity(SecurityMismatch(offered: offered, allowed: ["RTP"]))
}

@Test func aTrunkWithoutSecurityNamesWhatWasOffered() throws {
    var leg = OfferAnswerLeg(sessionID: 1)
    let crypto = (1...9).map { "a=crypto:\($0) SUITE_\($0) inline:AAAA" }
    let text = ["v=0", "o=- 1 1 IN IP4 a", "s=-", "c=IN IP4 192.0.2.1", "m=audio 4000 RTP/SAVP 0"]
    let sdp = try SessionDescription.parse(
        Array((text + crypto).reduce("") { $0 + $1 + "\n" }.utf8))
    do throws(OfferAnswerError) {
        _ = try leg.receiveOffer(sdp)
        Issue.record("taken")
    } catch {
        #expect(error.warningCode == 399)
        #expect(
            error.text == "no media security in common: offered SUITE_1, SUITE_2, SUITE_3, "
                + "SUITE_4, SUITE_5, SUITE_6, SUITE_7, SUITE_8 and 1 more; allowed RTP")
    }
}

@Test(arguments: [
    (["m=video 4000 RTP/AVP 31"], OfferAnswerError.noAudio), ([], .noAudio),
    (["m=audio 0 RTP/AVP 0"], .noAudio), (["m=audio 4000 RTP/SAVP 0"], secured("RTP/SAVP")),
    (["m=audio 4000 UDP/TLS/RTP/SAVPF 0"], secured("UDP/TLS/RTP/SAVPF")),
    (["m=audio 4000 udp 0"], .notRTP),
    (["m=audio 4000 RTP/AVP 0", "c=IN IP4 host.example.com"], .hostName),
    (["m=audio 4000 RTP/AVP 0", "c=IN IP4 224.2.1.1/127"], .noAddress),
    (["m=audio 4000 RTP/AVP 0", "c=IN IP7 x"], .noAddress),
    (["m=audio 65535 RTP/AVP 0"], .noAddress),
    (["m=audio 4000 RTP/SAVP 0", "m=audio 4002 RTP/AVP 99"], .noCommonCodec),
])
func offersThatCannotBeTaken(lines: [String], expected: OfferAnswerError) throws {
    var leg = OfferAnswerLeg(sessionID: 1)
    var sdp = try session()
    let text = ["v=0", "o=- 1 1 IN IP4 a", "s=-", "c=IN IP4 192.0.2.1"] + lines
    sdp = try SessionDescription.parse(Array(text.reduce("") { $0 + $1 + "\n" }.utf8))
    #expect(throws: expected) { try leg.receiveOffer(sdp) }
    #expect(leg.phase == .stable)
}

@Test func offerWithoutAnyAddress() throws {
    let sdp = try SessionDescription.parse(
        Array("v=0\no=- 1 1 IN IP4 a\ns=-\nm=audio 1 RTP/AVP 0\n".utf8))
    var leg = OfferAnswerLeg(sessionID: 1)
    #expect(throws: OfferAnswerError.noAddress) { try leg.receiveOffer(sdp) }
}

/// Order and number of the m= lines are the offer's; all but one have port 0.
@Test func otherStreamsAreRefused() throws {
    var call = Call()
    let offer = try call.offerFromA(
        session(
            "m=video 4002 RTP/AVP 31 32", "a=rtpmap:31 H261/90000", "m=audio 4004 RTP/SAVP 0",
            "m=audio 4000 RTP/AVP 0", "m=audio 4006 RTP/AVP 8", "m=image 4008 udptl t38"))
    #expect(offer.mediaLines.first == "m=audio 30000 RTP/AVP 0" && offer.media.count == 1)
    let answer = try call.answerFromB(session("m=audio 5000 RTP/AVP 0"))
    #expect(
        answer.mediaLines == [
            "m=video 0 RTP/AVP 31 32", "m=audio 0 RTP/SAVP 0", "m=audio 20000 RTP/AVP 0",
            "a=rtpmap:0 PCMU/8000", "a=sendrecv", "m=audio 0 RTP/AVP 8", "m=image 0 udptl t38",
        ])
    // B's own offers reach A in the places that A's session has.
    let again = try call.offerFromB(session("m=audio 5002 RTP/AVP 0", version: 2))
    #expect(again.media.map(\.port) == [0, 0, 20000, 0, 0])
    let back = try call.answerFromA(
        session(
            "m=video 0 RTP/AVP 31", "m=audio 0 RTP/SAVP 0", "m=audio 4000 RTP/AVP 0",
            "m=audio 0 RTP/AVP 8", "m=image 0 udptl t38", version: 2))
    #expect(back.media.map(\.port) == [30000])
}

/// RTCP feedback ends here, so its profile costs nothing: it is answered in kind, and B gets AVP.
@Test func feedbackProfileIsAnsweredInKind() throws {
    var call = Call()
    let offer = try call.offerFromA(
        session("m=audio 4000 RTP/AVPF 0", "a=rtcp-fb:* nack"))
    #expect(offer.mediaLines.first == "m=audio 30000 RTP/AVP 0")
    let answer = try call.answerFromB(session("m=audio 5000 RTP/AVP 0"))
    #expect(
        answer.mediaLines == ["m=audio 20000 RTP/AVPF 0", "a=rtpmap:0 PCMU/8000", "a=sendrecv"])
}

@Test func answersThatDoNotServe() throws {
    var call = Call()
    _ = try call.offerFromA(session("m=audio 4000 RTP/AVP 0"))
    let open = call.b
    let cases: [(SessionDescription, OfferAnswerError)] = [
        (try session(), .answerMismatch), (try session("m=video 1 RTP/AVP 0"), .answerMismatch),
        (try session("m=audio 0 RTP/AVP 0"), .refused),
        (try session("m=audio 5000 RTP/SAVP 0"), secured("RTP/SAVP")),
        (try session("m=audio 5000 RTP/AVP 0", "c=IN IP4 host.example.com"), .hostName),
        (try session("m=audio 5000 RTP/AVP 0", address: "127.0.0.1"), .noAddress),
        (try session("m=audio 5000 RTP/AVP 0", address: "240.0.0.1"), .noAddress),
        (try session("m=audio 5000 RTP/AVP 0", address: "2001:db8::1"), .wrongFamily),
    ]
    for (answer, expected) in cases {
        #expect(throws: expected) { try call.b.receiveAnswer(answer) }
        #expect(call.b == open)
    }
}

@Test func ipv6OnBothLegsAndBetweenFamilies() throws {
    let six = SocketAddress(address: try #require(IPAddress("2001:db8::b")), port: 40000)
    var a = OfferAnswerLeg(sessionID: 1)
    var b = OfferAnswerLeg(sessionID: 2)
    let offer = try a.receiveOffer(session("m=audio 4000 RTP/AVP 0")).stream
    #expect(offer.fits(ourA.address) && !offer.fits(six.address))
    let toB = try b.makeOffer(from: offer, local: six)
    #expect(toB.lines[1] == "o=- 2 1 IN IP6 2001:db8::b" && toB.lines[3] == "c=IN IP6 2001:db8::b")
    let answer = try b.receiveAnswer(session("m=audio 5000 RTP/AVP 0", address: "2001:db8::1"))
    #expect(throws: OfferAnswerError.wrongFamily) { try a.makeAnswer(from: answer, local: six) }
    #expect(a.phase == .offerReceived)
    let toA = try a.makeAnswer(from: answer, local: ourA)
    #expect(toA.lines[3] == "c=IN IP4 198.51.100.1")
    let plan = try #require(RelayPlan(a: a, b: b))
    #expect(plan.a.remote?.description == "192.0.2.1:4000")
    #expect(plan.b.remote?.description == "[2001:db8::1]:5000")
}

/// RFC 3264 section 5: INVITE without SDP, offer in the 200, answer in the ACK.
@Test func delayedOffer() throws {
    var call = Call()
    let offer = try call.offerFromB(session("m=audio 5000 RTP/AVP 8 0 97", "a=rtpmap:97 iLBC/8000"))
    #expect(offer.mediaLines.first == "m=audio 20000 RTP/AVP 8 0 97")
    #expect(offer.lines[1] == "o=- 100 1 IN IP4 198.51.100.1")
    let answer = try call.answerFromA(session("m=audio 4000 RTP/AVP 0"))
    #expect(answer.mediaLines == ["m=audio 30000 RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "a=sendrecv"])
    let plan = try #require(call.plan)
    #expect(plan.a.remote?.port == 4000 && plan.b.remote?.port == 5000)
    #expect(plan.a.payloadTypes.map(\.ingress) == [0])
}

/// The ACK to a 200 with an offer needs an answer even when the other party gave none.
@Test func refusalOfAnOffer() throws {
    var call = Call()
    _ = try call.offerFromB(session("m=audio 5000 RTP/AVP 8", "m=video 5002 RTP/AVP 31"))
    #expect(throws: OfferAnswerError.noCommonCodec) {
        try call.answerFromA(session("m=audio 4000 RTP/AVP 0"))
    }
    let refusal = try call.b.makeRefusal(local: ourB)
    #expect(refusal.mediaLines == ["m=audio 0 RTP/AVP 8", "m=video 0 RTP/AVP 31"])
    #expect(call.b.phase == .stable)
}

@Test func offersOutOfTurn() throws {
    var call = Call()
    let sdp = try session("m=audio 4000 RTP/AVP 0")
    #expect(throws: OfferAnswerError.outOfTurn) { try call.b.receiveAnswer(sdp) }
    #expect(throws: OfferAnswerError.outOfTurn) { try call.b.makeRefusal(local: ourB) }
    _ = try call.offerFromA(sdp)
    #expect(throws: OfferAnswerError.outOfTurn) { try call.a.receiveOffer(sdp) }
    #expect(throws: OfferAnswerError.outOfTurn) { try call.b.receiveOffer(sdp) }
    #expect(throws: OfferAnswerError.outOfTurn) { try call.a.receiveAnswer(sdp) }
    let stream = try call.b.receiveAnswer(sdp)
    #expect(throws: OfferAnswerError.outOfTurn) { try call.b.makeAnswer(from: stream, local: ourB) }
    #expect(throws: OfferAnswerError.outOfTurn) { try call.a.makeOffer(from: stream, local: ourA) }
}

/// 183 and 200 carry the answer to one offer.
@Test func repeatedAnswerOfOneOffer() throws {
    var call = Call()
    _ = try call.offerFromA(session("m=audio 4000 RTP/AVP 0 8"))
    let early = try call.b.receiveAnswer(session("m=audio 5000 RTP/AVP 0"))
    let last = try call.b.receiveAnswer(session("m=audio 5000 RTP/AVP 0"))
    #expect(early == last)
    // A gateway that plays announcements itself answers differently in the end.
    let other = try call.b.receiveAnswer(session("m=audio 6000 RTP/AVP 8", version: 2))
    #expect(other.port == 6000 && call.b.remote == other)
    let answer = try call.a.makeAnswer(from: other, local: ourA)
    #expect(answer.media[0].formats == ["8"])
}

@Test func offerOfOurOwn() throws {
    var leg = OfferAnswerLeg(sessionID: .max)
    let formats = [UInt8(0), 8].compactMap { RTPFormat.fixed($0) }
    let offer = try leg.makeOffer(from: AudioStream(formats: formats), local: ourA)
    #expect(offer.origin.sessionID == "9223372036854775807")
    #expect(
        offer.mediaLines == [
            "m=audio 20000 RTP/AVP 0 8", "a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000",
            "a=ptime:20",
            "a=sendrecv",
        ])
}

@Test func formatsHaveALimit() throws {
    var call = Call()
    let numbers = (96...125).reduce("") { $0 + " \($1)" }
    var sdp = try session("m=audio 4000 RTP/AVP\(numbers) 126 127")
    for number in 96...125 {
        sdp.media[0].attributes.append(
            Attribute("rtpmap", SDPText(Array("\(number) x\(number)/8000".utf8))))
    }
    sdp.media[0].attributes.append(Attribute("rtpmap", "126 telephone-event/8000"))
    sdp.media[0].attributes.append(Attribute("rtpmap", "127 CN/8000"))
    let offer = try call.offerFromA(sdp)
    #expect(offer.media[0].formats.count == AudioStream.formatLimit)
    #expect(offer.media[0].formats.suffix(2) == ["126", "127"])
}

@Test func everyErrorHasAWarningCode() {
    let expected: [(OfferAnswerError, Int)] = [
        (.noAudio, 304), (.notRTP, 302), (.hostName, 301), (.noAddress, 301),
        (.wrongFamily, 300), (.noCommonCodec, 305), (.muxedRTCPOnly, 399), (.secretsMissing, 399),
        (.refused, 304), (.answerMismatch, 399), (.outOfTurn, 399),
    ]
    for (error, code) in expected {
        #expect(error.warningCode == code && !error.text.isEmpty, "\(error)")
    }
}
