// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SDP
import Testing
import TestSupport

/// Makes descriptions with everything that can stand in one.
private struct Maker {
    var random: SeededGenerator

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
    var maker = Maker(random: SeededGenerator(seed: seed))
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
    var maker = Maker(random: SeededGenerator(seed: seed))
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

/// Random keys and credentials under random policies: what is made can be read, secrets are enough
/// after they were asked for, and a policy that requires keys never ends without.
@Test func randomSecureCallsKeepTheRules() throws {
    let seed = UInt64.random(in: .min ... .max)
    var maker = Maker(random: SeededGenerator(seed: seed))
    let policies = [MediaSecurityPolicy.plain, required, preferred, lite]
    var agreed = 0
    for round in 0..<400 {
        let (a, b) = (policies[maker.int(0...3)], policies[maker.int(0...3)])
        var call = try Call(a: a, b: b)
        for _ in 0..<3 {
            do throws(OfferAnswerError) {
                let offer = try call.a.receiveOffer(randomSecureAudio(&maker))
                if call.a.needsSecrets, let new = try? secrets(a, maker.random.next()) {
                    call.a.provide(new)
                }
                let toB = try call.b.makeOffer(from: offer.stream, local: ourB)
                #expect((try? SessionDescription.parse(toB.serialise())) == toB)
                let stream = try call.b.receiveAnswer(randomSecureAudio(&maker))
                let toA = try call.a.makeAnswer(from: stream, local: ourA)
                #expect((try? SessionDescription.parse(toA.serialise())) == toA)
            } catch {
                #expect(error != .secretsMissing, "seed \(seed)")
                call.a.abandonOffer()
                call.b.abandonOffer()
                continue
            }
            agreed += 1
            for (leg, policy) in [(call.a, a), (call.b, b)] {
                #expect(leg.agreedSecurity != .plain || policy.srtp != .required, "seed \(seed)")
                #expect(leg.agreedSecurity == .plain || policy.srtp != .off, "seed \(seed)")
                #expect(
                    OfferAnswerLeg(leg.snapshot, codecs: .all, policy: policy) == leg,
                    "seed \(seed), round \(round)")
            }
        }
    }
    #expect(agreed > 20, "seed \(seed)")
}

private func randomSecureAudio(_ maker: inout Maker) -> SessionDescription {
    let transport = ["RTP/AVP", "RTP/SAVP", "UDP/TLS/RTP/SAVPF"][maker.int(0...2)]
    var lines = ["m=audio 4000 \(transport) 0"]
    for tag in 0..<maker.int(0...2) {
        let suite = SRTPSuite.allCases[maker.int(0...5)]
        lines.append(cryptoLine(tag, suite, maker.int(0...1) == 0 ? "K" : "L"))
    }
    if maker.int(0...1) == 0 { lines.append(fingerprintLine(maker.int(0...1) == 0 ? "0a" : "0B")) }
    if maker.int(0...1) == 0 { lines += iceLines(maker.int(0...1) == 0 ? "peer" : "moved") }
    if maker.int(0...1) == 0 {
        lines.append("a=setup:" + ["active", "passive", "actpass"][maker.int(0...2)])
    }
    return (try? secureSession(lines))
        ?? SessionDescription(
            origin: Origin(
                user: "-", sessionID: "1", version: "1", networkType: "IN", addressType: "IP4",
                address: "192.0.2.1"))
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
