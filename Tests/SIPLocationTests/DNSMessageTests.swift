// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import Testing

@testable import SIPLocation

private func bytes(_ text: String) -> [UInt8] {
    text.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
}

private func question(_ type: DNSRecordType = .a) -> DNSQuestion {
    DNSQuestion(Zone.name("x.example"), type)
}

/// A response to `x.example`; the question stands at 12, and so the owner can be `c0 0c`.
private func message(
    type: DNSRecordType = .a, flags: [UInt8] = [0x81, 0x80], answers: UInt16 = 1,
    authorities: UInt8 = 0, _ rest: [UInt8]
) -> [UInt8] {
    let counts: [UInt8] = [0, 1, UInt8(answers >> 8), UInt8(answers & 255), 0, authorities, 0, 0]
    let asked = bytes("x.example") + [0, UInt8(type.rawValue), 0, 1]
    return [0x12, 0x34] + flags + counts + asked + rest
}

private func record(_ type: UInt16, ttl: [UInt8] = [0, 0, 0, 60], _ data: [UInt8]) -> [UInt8] {
    [0xc0, 12, UInt8(type >> 8), UInt8(type & 255), 0, 1] + ttl + [
        UInt8(data.count >> 8), UInt8(data.count & 255),
    ] + data
}

private func read(_ bytes: [UInt8], _ type: DNSRecordType = .a) -> (DNSAnswer, UInt64) {
    var ignored: UInt64 = 0
    return (DNSMessage.answer(to: question(type), bytes, ignored: &ignored), ignored)
}

@Test func recordsOfEachType() {
    let owner = Zone.name("x.example")
    #expect(
        read(message(record(1, [192, 0, 2, 1]))).0
            == .records([
                DNSRecord(owner, ttl: 60, .address(IPAddress("192.0.2.1") ?? .unspecified))
            ]))
    let six: [UInt8] = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    #expect(
        read(message(type: .aaaa, record(28, six)), .aaaa).0
            == .records([
                DNSRecord(owner, ttl: 60, .address(IPAddress("2001:db8::1") ?? .unspecified))
            ]))
    // The target is compressed: "a" and the name at 12.
    let service: [UInt8] = [0, 1, 0, 2, 0x13, 0xc4, 1, 0x61, 0xc0, 12]
    #expect(
        read(message(type: .srv, record(33, service)), .srv).0
            == .records([
                DNSRecord(
                    owner, ttl: 60,
                    .service(
                        ServiceRecord(
                            priority: 1, weight: 2, port: 5060,
                            target: Zone.name("a.x.example"))))
            ]))
    #expect(
        read(message(type: .srv, record(33, [0, 0, 0, 0, 0, 0, 0])), .srv).0
            == .records([
                DNSRecord(
                    owner, ttl: 60,
                    .service(ServiceRecord(priority: 0, weight: 0, port: 0, target: nil)))
            ]))
    let service2 = Array("SIP+D2U".utf8)
    let authority =
        [0, 10, 0, 20, 1, 0x73, 7] + service2 + [0] + bytes("_sip._udp.x.example")
    #expect(
        read(message(type: .naptr, record(35, authority)), .naptr).0
            == .records([
                DNSRecord(
                    owner, ttl: 60,
                    .authority(
                        AuthorityRecord(
                            order: 10, preference: 20, flags: [0x73], service: service2,
                            replacement: Zone.name("_sip._udp.x.example"))))
            ]))
    #expect(
        read(message(record(5, bytes("y.example")))).0
            == .records([DNSRecord(owner, ttl: 60, .alias(Zone.name("y.example")))]))
    // RFC 2181 section 8.
    #expect(
        read(message(record(1, ttl: [0x80, 0, 0, 1], [192, 0, 2, 1]))).0
            == .records([
                DNSRecord(owner, ttl: 0, .address(IPAddress("192.0.2.1") ?? .unspecified))
            ]))
}

@Test func recordsOfNoUse() {
    for data in [[192, 0, 2] as [UInt8], [192, 0, 2, 1, 1], [0, 0, 0, 0], [224, 0, 0, 1]] {
        #expect(read(message(record(1, data))) == (.nothing(ttl: nil), 1))
    }
    let mapped = [UInt8](repeating: 0, count: 10) + [0xff, 0xff, 192, 0, 2, 1]
    #expect(read(message(type: .aaaa, record(28, mapped)), .aaaa) == (.nothing(ttl: nil), 1))
    // Of another type or class, an odd name as target, port 0, bytes behind the end.
    #expect(read(message(record(16, [1, 0x61]))) == (.nothing(ttl: nil), 1))
    var other = record(1, [192, 0, 2, 1])
    other[5] = 3
    #expect(read(message(other)) == (.nothing(ttl: nil), 1))
    for service: [UInt8] in [
        [0, 1, 0, 2, 0x13, 0xc4, 1, 0x20, 0], [0, 1, 0, 2, 0x13, 0xc4, 3, 0x61, 0x2e, 0x62, 0],
        [0, 1, 0, 2, 0, 0, 1, 0x61, 0], [0, 1, 0, 2, 0x13, 0xc4, 1, 0x61, 0, 0],
    ] {
        #expect(read(message(type: .srv, record(33, service)), .srv) == (.nothing(ttl: nil), 1))
    }
}

@Test func tooManyRecords() {
    let many = (0..<400).flatMap { record(1, [192, 0, UInt8($0 >> 8), UInt8($0 & 255)]) }
    let (answer, ignored) = read(message(answers: 400, many))
    guard case .records(let records) = answer else {
        Issue.record("\(answer)")
        return
    }
    #expect(records.count == 256 && ignored == 144)
}

@Test func responsesThatSayNo() {
    let minimum: [UInt8] = [0, 0, 0, 50]
    let soa = bytes("a") + bytes("b") + [UInt8](repeating: 9, count: 16) + minimum
    for code: UInt8 in [0, 3] {
        let flags: [UInt8] = [0x81, 0x80 | code]
        #expect(
            read(message(flags: flags, answers: 0, authorities: 1, record(6, soa))).0
                == .nothing(ttl: 50))
        #expect(
            read(
                message(
                    flags: flags, answers: 0, authorities: 1,
                    record(6, ttl: [0, 0, 0, 40], soa))).0 == .nothing(ttl: 40))
        #expect(read(message(flags: flags, answers: 0, [])).0 == .nothing(ttl: nil))
        // A SOA record that cannot be read spoils nothing.
        #expect(
            read(message(flags: flags, answers: 0, authorities: 1, record(6, [1]))).0
                == .nothing(ttl: nil))
        #expect(
            read(message(flags: flags, answers: 0, authorities: 3, [0xc0])).0
                == .nothing(ttl: nil))
    }
    for code: UInt8 in [1, 2, 4, 5, 9] {
        #expect(
            read(message(flags: [0x81, code], answers: 0, [])).0 == .failed(.refused))
    }
}

@Test func messagesThatAreNoAnswer() {
    let good = message(record(1, [192, 0, 2, 1]))
    for length in 0..<good.count {
        #expect(read(Array(good[..<length])).0 == .failed(.malformed), "\(length)")
    }
    // A query, another opcode, cut short, no or two questions, another question.
    for (place, value) in [
        (2, 0x01), (2, 0x89), (2, 0x83), (5, 0), (5, 2), (13, 0x79), (24, 28), (26, 3),
    ] as [(Int, UInt8)] {
        var bad = good
        bad[place] = value
        #expect(read(bad).0 == .failed(.malformed), "\(place)")
    }
    // The case of letters does not count.
    var upper = good
    upper[13] = 0x58
    #expect(read(upper).0 != .failed(.malformed))
}

@Test func namesThatPointAtThemselves() {
    // To itself, forwards, in a circle, and past the end.
    for pointer: [UInt8] in [[0xc0, 27], [0xc0, 29], [0xc0, 28], [0xff, 0xff], [0x80, 1], [0x41]] {
        let rest = pointer + [0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1]
        #expect(read(message(rest)).0 == .failed(.malformed), "\(pointer)")
    }
    // A name longer than 255 bytes, by pointers to pointers to labels.
    let label = [63] + [UInt8](repeating: 0x61, count: 63)
    let long = Array([label, label, label, label].joined()) + [0]
    #expect(
        read(message(long + [0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1])).0
            == .failed(.malformed))
}

@Test func anyBytesAreRead() {
    // A steady generator, so that a failure can be played again.
    var state: UInt64 = 20_261_129
    func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }
    let types = DNSRecordType.allCases
    var answers = 0
    for round in 0..<200_000 {
        let type = types[round % 4]
        var bytes = message(
            type: type, record(type.rawValue, [0, 1, 0, 2, 0x13, 0xc4, 1, 0x61, 0xc0, 12]))
        for _ in 0..<(next() % 6) { bytes[Int(next()) % bytes.count] = UInt8(next() & 255) }
        if next() % 3 == 0 { bytes = Array(bytes.prefix(Int(next()) % (bytes.count + 1))) }
        if case .failed = read(bytes, type).0 { continue }
        answers += 1
    }
    #expect(answers > 1000)
}
