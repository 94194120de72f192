// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import Testing

@testable import SDP

/// Telephone-events on one side of a call alone, and what digits can be in.
@Suite struct TelephoneEventTests {
    private func call(
        _ a: TelephoneEvents, _ b: TelephoneEvents, names: [String]? = nil
    ) -> Call {
        var codecs = (names.flatMap { CodecFilter(names: $0) } ?? .all, CodecFilter.all)
        codecs.0.events = a
        codecs.1.events = b
        return Call(codecsA: codecs.0, codecsB: codecs.1)
    }

    private let event = "a=rtpmap:101 telephone-event/8000"

    private func events(_ description: SessionDescription) -> [String] {
        description.lines.filter { $0.contains("telephone-event") }
    }

    @Test func theCalleeIsOfferedThem() throws {
        var call = self.call(.never, .always)
        let offer = try call.offerFromA(session("m=audio 4000 RTP/AVP 0"))
        #expect(offer.lines.contains("m=audio 30000 RTP/AVP 0 101"))
        #expect(offer.lines.contains("a=fmtp:101 0-15"))
        let answer = try call.answerFromB(session("m=audio 5000 RTP/AVP 0 101", self.event))
        #expect(self.events(answer).isEmpty)
        let formats = DigitFormats(call.b, joinedWith: call.a)
        #expect(formats.eventsIn == [.init(type: 101, clockRate: 8000)])
        #expect(formats.eventsOut == .init(type: 101, clockRate: 8000))
        #expect(DigitFormats(call.a, joinedWith: call.b).eventsOut == nil)
        // Nothing of them is relayed.
        #expect(call.plan?.b.payloadTypes.map(\.ingress) == [0])
    }

    @Test func theCallerIsAnsweredWithThem() throws {
        var call = self.call(.always, .never)
        let offer = try call.offerFromA(
            session(
                "m=audio 4000 RTP/AVP 0 96", "a=rtpmap:96 telephone-event/8000",
                "a=fmtp:96 0-16"))
        #expect(self.events(offer).isEmpty)
        let answer = try call.answerFromB(session("m=audio 5000 RTP/AVP 0"))
        #expect(self.events(answer) == ["a=rtpmap:96 telephone-event/8000"])
        // No more than the box makes of tones.
        #expect(answer.lines.contains("a=fmtp:96 0-15"))
        let formats = DigitFormats(call.a, joinedWith: call.b)
        #expect(formats.eventsIn == [.init(type: 96, clockRate: 8000)])
    }

    @Test func aTrunksListDoesNotKeepThemOut() throws {
        var call = self.call(.always, .never, names: ["PCMU"])
        _ = try call.offerFromA(session("m=audio 4000 RTP/AVP 0 101", self.event))
        let answer = try call.answerFromB(session("m=audio 5000 RTP/AVP 0"))
        #expect(self.events(answer) == [self.event])
    }

    @Test func whereOneSideIsFreeItHasThemFromTheBox() throws {
        var call = self.call(.never, .asIs)
        let offer = try call.offerFromA(session("m=audio 4000 RTP/AVP 0"))
        #expect(self.events(offer) == [self.event])
        var back = self.call(.asIs, .never)
        _ = try back.offerFromA(session("m=audio 4000 RTP/AVP 0 101", self.event))
        let answer = try back.answerFromB(session("m=audio 5000 RTP/AVP 0"))
        #expect(self.events(answer) == [self.event])
    }

    @Test func eachClockHasItsOwn() throws {
        var call = self.call(.never, .always)
        let offer = try call.offerFromA(
            session("m=audio 4000 RTP/AVP 101 0", "a=rtpmap:101 opus/48000/2"))
        #expect(
            self.events(offer) == [
                "a=rtpmap:96 telephone-event/48000", "a=rtpmap:97 telephone-event/8000",
            ])
        _ = try call.answerFromB(
            session(
                "m=audio 5000 RTP/AVP 101 96 97", "a=rtpmap:101 opus/48000/2",
                "a=rtpmap:96 telephone-event/48000", "a=rtpmap:97 telephone-event/8000"))
        let formats = DigitFormats(call.b, joinedWith: call.a)
        #expect(formats.eventsOut == .init(type: 96, clockRate: 48_000))
        #expect(formats.eventsIn.count == 2 && formats.audioOut == nil)
    }

    @Test func aStrangeClockIsNoClock() throws {
        let strange = "a=rtpmap:101 telephone-event/1000"
        var call = self.call(.always, .always)
        _ = try call.offerFromA(session("m=audio 4000 RTP/AVP 0 101", strange))
        _ = try call.answerFromB(session("m=audio 5000 RTP/AVP 0 101", strange))
        let formats = DigitFormats(call.a, joinedWith: call.b)
        #expect(formats.eventsIn.isEmpty && formats.eventsOut == nil)
        #expect(formats.audioOut == .init(type: 0, codec: .pcmu))
    }

    @Test func tonesAreInWhatIsSpoken() throws {
        var call = self.call(.never, .never)
        _ = try call.offerFromA(session("m=audio 4000 RTP/AVP 18 8 9 0"))
        _ = try call.answerFromB(session("m=audio 5000 RTP/AVP 9 8"))
        let formats = DigitFormats(call.a, joinedWith: call.b)
        #expect(
            formats.audioIn
                == [.init(type: 9, codec: .g722), .init(type: 8, codec: .pcma)])
        #expect(formats.audioOut == .init(type: 9, codec: .g722))
        #expect(formats.eventsIn.isEmpty)
    }

    @Test func aRefreshChangesNothing() throws {
        var call = self.call(.always, .never)
        let first = try session("m=audio 4000 RTP/AVP 0 101", self.event)
        _ = try call.offerFromA(first)
        let answer = try call.answerFromB(session("m=audio 5000 RTP/AVP 0"))
        let again = try call.a.receiveOffer(first)
        #expect(again.isUnchanged)
        let stream = try #require(call.b.relayed)
        let address = try #require(call.a.local?.address)
        let second = try call.a.makeAnswer(from: stream, local: address)
        #expect(second.lines == answer.lines)
        let isInLine = call.a.isInLine(with: stream)
        #expect(isInLine)
        let own = try #require(call.a.relayed)
        let isOwnInLine = call.b.isInLine(with: own)
        #expect(isOwnInLine)
    }
}
