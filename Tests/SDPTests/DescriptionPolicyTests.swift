// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import Testing

@testable import SDP

/// A description with one audio section, its events and comfort noise mapped.
private func audio(
    _ formats: String, _ lines: String..., host: String = "192.0.2.1"
) throws -> SessionDescription {
    let text = [
        "v=0", "o=- 7 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 \(host)", "t=0 0",
        "m=audio 4000 RTP/AVP \(formats)", "a=rtpmap:101 telephone-event/8000",
        "a=rtpmap:13 CN/8000",
    ]
    let bytes = (text + lines).map { $0 + "\r\n" }.joined().utf8
    return try SessionDescription.parse(Array(bytes))
}

@Suite struct DescriptionPolicyTests {
    private func leg(_ change: (inout DescriptionPolicy) -> Void) -> OfferAnswerLeg {
        let names = ["PCMA", "PCMU", "telephone-event", "CN"]
        var leg = OfferAnswerLeg(sessionID: 5, codecs: CodecFilter(names: names) ?? .all)
        change(&leg.descriptions)
        return leg
    }

    private let ours = SocketAddress(
        address: IPAddress("203.0.113.1") ?? .unspecified, port: 30_000)

    private func stream(_ direction: String, _ line: String = "8 0 101 13") throws -> AudioStream {
        var leg = OfferAnswerLeg(sessionID: 1)
        return try leg.receiveOffer(audio(line, "a=\(direction)", "a=ptime:30")).stream
    }

    @Test(arguments: [
        (DescriptionPolicy.Hold.asIs, ["sendrecv", "sendonly", "recvonly", "inactive"]),
        (.inactive, ["sendrecv", "inactive", "inactive", "inactive"]),
        (.sendonly, ["sendrecv", "sendonly", "recvonly", "sendonly"]),
    ])
    func holdInOffers(hold: DescriptionPolicy.Hold, expected: [String]) throws {
        let directions = ["sendrecv", "sendonly", "recvonly", "inactive"]
        for (direction, told) in zip(directions, expected) {
            var leg = self.leg { $0.hold = hold }
            let offer = try leg.makeOffer(from: try self.stream(direction), local: self.ours)
            #expect(offer.lines.contains("a=\(told)"), "\(hold) \(direction)")
            #expect(!offer.lines.contains { $0.contains("0.0.0.0") })
        }
    }

    /// What a held party hears of its own hold is never more than it allowed.
    @Test func holdInAnswers() throws {
        for (offered, told) in [
            ("sendrecv", "sendrecv"), ("sendonly", "inactive"), ("recvonly", "inactive"),
            ("inactive", "inactive"),
        ] {
            var leg = self.leg { $0.hold = .inactive }
            _ = try leg.receiveOffer(audio("8", "a=\(offered)"))
            let answer = try leg.makeAnswer(from: try self.stream("sendrecv"), local: self.ours)
            #expect(answer.lines.contains("a=\(told)"))
        }
    }

    /// c=0.0.0.0 is a hold as well, and becomes one in words.
    @Test func holdByAddress() throws {
        var first = OfferAnswerLeg(sessionID: 1)
        let stream = try first.receiveOffer(audio("8", host: "0.0.0.0")).stream
        var leg = self.leg { $0.hold = .inactive }
        let offer = try leg.makeOffer(from: stream, local: self.ours)
        #expect(offer.lines.contains("a=inactive") && offer.lines.contains("c=IN IP4 203.0.113.1"))
    }

    @Test func orderOfOffers() throws {
        let stream = try self.stream("sendrecv", "0 8 101")
        var offered = self.leg { $0.order = .offered }
        #expect(try offered.makeOffer(from: stream, local: self.ours).media[0].formats
            == ["0", "8", "101"])
        var listed = self.leg { $0.order = .listed }
        #expect(try listed.makeOffer(from: stream, local: self.ours).media[0].formats
            == ["8", "0", "101"])
    }

    @Test func oneCodecInAnswers() throws {
        var leg = self.leg { $0.answer = .one }
        _ = try leg.receiveOffer(audio("8 0 101 13"))
        let answer = try leg.makeAnswer(
            from: try self.stream("sendrecv", "0 8 101 13"), local: self.ours)
        #expect(answer.media[0].formats == ["0", "101", "13"])
        // Events in another clock than the codec's are kept only where there are no others.
        let formats = [
            RTPFormat(payloadType: 111, name: "opus", clockRate: 48_000, channels: 2),
            RTPFormat(payloadType: 110, name: "telephone-event", clockRate: 48_000),
            RTPFormat(payloadType: 101, name: "telephone-event", clockRate: 8000),
            RTPFormat(payloadType: 13, name: "CN", clockRate: 8000),
        ]
        var policy = DescriptionPolicy()
        policy.answer = .one
        #expect(policy.answered(formats).map(\.payloadType) == [111, 110, 13])
        #expect(policy.answered(Array(formats.dropFirst())).count == 3)
    }

    @Test func packetTime() throws {
        var leg = self.leg { $0.ptimeMilliseconds = 20 }
        let offer = try leg.makeOffer(from: try self.stream("sendrecv"), local: self.ours)
        #expect(offer.lines.contains("a=ptime:20"))
        var policy = DescriptionPolicy()
        policy.ptimeMilliseconds = 40
        let times = policy.packetTimes(20_000, 30_000)
        #expect(times.ptime == 40_000 && times.maxptime == 40_000)
        policy.ptimeMilliseconds = .max
        #expect(policy.packetTimes(20_000, nil).ptime == 20_000)
    }

    @Test func ownFormats() throws {
        let filter = try #require(
            CodecFilter(names: ["opus/48000/2", "G722", "PCMU", "telephone-event", "AMR/8000", "X"])
        )
        let formats = filter.ownFormats
        #expect(formats.map(\.payloadType) == [96, 9, 0, 101, 97])
        #expect(formats[3].parameters == "0-16" && formats[0].channels == 2)
        #expect(CodecFilter.all.ownFormats.map(\.payloadType) == [0, 8, 101])
        for name in ["", "a b", "L16/0", "L16/x", "opus/48000/0", "opus/48000/2/1"] {
            #expect(CodecFilter(names: [name]) == nil, "\(name)")
        }
    }

    /// The version of the o= line goes up by one exactly when the rest changes, also where a leg
    /// goes on from a copy of itself.
    @Test func versionFollowsChanges() throws {
        var leg = self.leg { _ in }
        var random = 11
        var last: (text: [String], version: Int)?
        for _ in 0..<200 {
            random = (random &* 1_103_515_245 &+ 12_345) & 0x7fff_ffff
            var copy = OfferAnswerLeg(sessionID: 5)
            copy.keepVersion(of: leg)
            copy.descriptions.ptimeMilliseconds = random & 64 == 0 ? 20 : 30
            let direction = ["sendrecv", "sendonly", "inactive"][random / 7 % 3]
            let offer = try copy.makeOffer(from: try self.stream(direction), local: self.ours)
            let origin = offer.lines.first { $0.hasPrefix("o=") } ?? ""
            let version = Int(origin.split(separator: " ")[2]) ?? 0
            let text = offer.lines.filter { !$0.hasPrefix("o=") }
            if let last {
                #expect(version == last.version + (text == last.text ? 0 : 1))
            }
            last = (text, version)
            leg = copy
        }
    }
}
