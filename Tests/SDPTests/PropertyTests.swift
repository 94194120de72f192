// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SDP
import Testing

/// Makes descriptions with everything that can stand in one.
private struct Maker {
    var random: SplitMix

    mutating func int(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &self.random) }

    mutating func word() -> SDPText {
        let bytes = (0...self.int(0...8)).map { _ in UInt8(self.int(0x30...0x7a)) }
        return SDPText(bytes.map { $0 == 0x3a || $0 == 0x2f ? 0x2d : $0 }) ?? "-"
    }

    mutating func text() -> SDPText {
        let bytes = (0..<self.int(0...20)).map { _ in UInt8(self.int(1...255)) }
        return SDPText(bytes.map { $0 == 10 || $0 == 13 ? 0x20 : $0 }) ?? ""
    }

    mutating func digits() -> SDPText { SDPText(UInt64(self.int(0...1_000_000))) }

    mutating func optional() -> SDPText? { Bool.random(using: &self.random) ? self.text() : nil }

    mutating func list<T>(_ most: Int, _ make: (inout Maker) -> T) -> [T] {
        (0..<self.int(0...most)).map { _ in make(&self) }
    }

    mutating func connection() -> Connection {
        switch self.int(0...2) {
        case 0: Connection(IPAddress(ipv4: UInt32(self.int(0...0xffff_ffff))))
        case 1: Connection(IPAddress(high: self.random.next(), low: self.random.next()))
        default:
            Connection(networkType: self.word(), addressType: self.word(), address: self.word())
        }
    }

    mutating func bandwidth() -> Bandwidth {
        Bandwidth(type: self.word(), value: self.random.next())
    }

    mutating func attribute() -> Attribute { Attribute(self.word(), self.optional()) }

    mutating func media() -> MediaDescription {
        var media = MediaDescription(
            kind: self.word(), port: UInt16(self.int(0...65_535)), transport: self.word(),
            formats: [self.word()] + self.list(5) { $0.word() })
        if Bool.random(using: &self.random) { media.portCount = UInt16(self.int(0...65_535)) }
        media.information = self.optional()
        media.connections = self.list(3) { $0.connection() }
        media.bandwidths = self.list(3) { $0.bandwidth() }
        media.key = self.optional()
        media.attributes = self.list(6) { $0.attribute() }
        return media
    }

    mutating func session() -> SessionDescription {
        var value = SessionDescription(
            origin: Origin(
                user: self.word(), sessionID: self.digits(), version: self.digits(),
                networkType: self.word(), addressType: self.word(), address: self.word()),
            name: self.text())
        value.information = self.optional()
        value.uri = self.optional()
        value.emails = self.list(3) { $0.text() }
        value.phones = self.list(3) { $0.text() }
        if Bool.random(using: &self.random) { value.connection = self.connection() }
        value.bandwidths = self.list(3) { $0.bandwidth() }
        value.timings =
            [Timing(start: "0", stop: self.digits())]
            + self.list(2) {
                let (start, stop) = ($0.digits(), $0.digits())
                return Timing(start: start, stop: stop, repeats: $0.list(2) { $0.text() })
            }
        value.zones = self.optional()
        value.key = self.optional()
        value.attributes = self.list(6) { $0.attribute() }
        value.media = self.list(5) { $0.media() }
        return value
    }
}

@Test func whatIsWrittenIsReadBack() throws {
    let seed = UInt64.random(in: .min ... .max)
    var maker = Maker(random: SplitMix(state: seed))
    for _ in 0..<500 {
        let value = maker.session()
        let bytes = value.serialise()
        #expect(try SessionDescription.parse(bytes) == value, "seed \(seed)")
    }
}

/// Random offers and answers through both legs: what comes out can be read, keeps the number of
/// m= lines, and the relay plan holds what it promises.
@Test func randomCallsKeepTheRules() throws {
    let seed = UInt64.random(in: .min ... .max)
    var maker = Maker(random: SplitMix(state: seed))
    var planned = 0
    for _ in 0..<300 {
        var call = Call(mux: maker.int(0...1) == 0)
        for _ in 0..<4 {
            guard let offered = try? call.offerFromA(randomAudio(&maker, extra: true)) else {
                continue
            }
            #expect(try SessionDescription.parse(offered.serialise()) == offered)
            guard let answer = try? call.answerFromB(randomAudio(&maker, extra: false)) else {
                call.a.abandonOffer()
                call.b.abandonOffer()
                continue
            }
            #expect(try SessionDescription.parse(answer.serialise()) == answer)
            #expect(OfferAnswerLeg(call.a.snapshot, codecs: .all) == call.a, "seed \(seed)")
            guard let plan = call.plan else { continue }
            planned += 1
            for leg in [plan.a, plan.b] {
                #expect(leg.payloadTypes.count <= AudioStream.formatLimit, "seed \(seed)")
                #expect(Set(leg.payloadTypes.map(\.ingress)).count == leg.payloadTypes.count)
                #expect(leg.payloadTypes.allSatisfy { $0.ingress < 128 && $0.egress < 128 })
                #expect((50...1000).contains(leg.packetsPerSecond), "seed \(seed)")
                #expect((1...1_000_000_000).contains(leg.bitsPerSecond), "seed \(seed)")
                #expect((1...192_000).contains(leg.clockRate), "seed \(seed)")
                #expect(leg.remote != nil || !leg.send, "seed \(seed)")
            }
            #expect(!plan.a.receive || !plan.b.receive || plan.a.send, "seed \(seed)")
        }
    }
    #expect(planned > 20, "seed \(seed)")
}

private func randomAudio(_ maker: inout Maker, extra: Bool) throws -> SessionDescription {
    let names = ["PCMU/8000", "PCMA/8000", "telephone-event/8000", "G729/8000", "opus/48000/2"]
    var lines: [String] = []
    for _ in 0...(extra ? maker.int(0...2) : 0) {
        let numbers = (0..<maker.int(1...6)).map { _ in maker.int(0...127) }
        let list = numbers.reduce("") { $0 + " \($1)" }
        let port = maker.int(0...9) == 0 ? 0 : maker.int(1...65_535)
        lines.append("m=audio \(port) RTP/AVP\(list)")
        for number in numbers where maker.int(0...3) > 0 {
            lines.append("a=rtpmap:\(number) \(names[maker.int(0...4)])")
        }
        lines.append("a=" + ["sendrecv", "sendonly", "recvonly", "inactive"][maker.int(0...3)])
        if maker.int(0...1) == 0 { lines.append("a=rtcp-mux") }
        if maker.int(0...1) == 0 { lines.append("a=ptime:\(maker.int(0...100))") }
        if maker.int(0...9) == 0 { lines.append("c=IN IP4 0.0.0.0") }
    }
    let text = (["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0"] + lines)
        .reduce("") { $0 + $1 + "\r\n" }
    return try SessionDescription.parse(Array(text.utf8))
}
