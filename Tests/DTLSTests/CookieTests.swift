// SPDX-License-Identifier: Apache-2.0
// A server keeps nothing of a hello before it brings the cookie that went to the party's address
// (RFC 6347 section 4.2.1): whoever forges that address does not hear it.

import Glibc
import Testing

@testable import DTLS

/// What the HelloVerifyRequests among datagrams ask for.
func cookies(_ datagrams: [[UInt8]]) -> [[UInt8]] {
    datagrams.filter { $0.count > 28 && $0[0] == 22 && $0[13] == 3 }.map { Array($0[28...]) }
}

/// A hello of one datagram or more, put together, as it is said again with a cookie.
func bringing(_ cookie: [UInt8], _ fragments: [[UInt8]], number: UInt8 = 1) -> [UInt8] {
    var body = fragments.flatMap { $0[25...] }
    let place = 35 + Int(body[34])
    body.replaceSubrange(place...place, with: [UInt8(cookie.count)] + cookie)
    var hello = record(22, message(1, body, sequence: 1))
    hello[10] = number
    return hello
}

/// A hello with our cookie that is of no use all the same: it offers nothing.
func provedHello(_ side: Side, now: UInt64) throws -> [UInt8] {
    let body = [0xfe, 0xfd] + [UInt8](repeating: 7, count: 32) + [0, 0, 0, 0, 0, 0]
    let hello = record(22, message(1, body))
    side.take(side.association.receive(hello, now: now))
    return bringing(try #require(cookies(side.takeSent()).first), [hello])
}

/// A hello as good as any, of somebody else.
private func forgedHello() throws -> [UInt8] {
    let forger = try Side(.client, DTLSCertificate(), expects: [])
    forger.start()
    return try #require(forger.takeSent().first)
}

/// The same under another record number and message number.
private func numbered(_ hello: [UInt8], record: UInt8, message: UInt8) -> [UInt8] {
    var hello = hello
    hello[10] = record
    hello[18] = message
    return hello
}

@Test func aForgedHelloChangesNothing() throws {
    let world = try World()
    let forged = try forgedHello()
    world.server.receive(forged)
    #expect(world.server.timer == nil && world.server.events == 0)
    let asked = world.server.takeSent()
    // No more than came.
    #expect(asked.count == 1 && asked[0].count <= 44 && asked[0].count < forged.count)
    #expect(cookies(asked).first?.count == 16)
    // It has no end in time either.
    world.server.take(world.server.association.timeout(now: .max))
    #expect(world.server.events == 0)
    world.run()
    #expect(world.agrees, "\(String(describing: world.client.failure))")
}

/// Before the party's hello, between it and that with the cookie, and after it; under whatever
/// numbers. A message of a number that the handshake waits for would be taken for its next.
@Test(arguments: 0..<6) func forgedHellosAroundTheRealOnesHarmNothing(turn: Int) throws {
    let world = try World()
    let forged = try forgedHello()
    var variants: [[UInt8]] = []
    for record in 0..<6 as Range<UInt8> {
        for number in 0..<4 as Range<UInt8> {
            variants.append(numbered(forged, record: record, message: number))
        }
    }
    let wrong = [UInt8](repeating: 9, count: 16)
    for record in 0..<6 as Range<UInt8> {
        variants.append(bringing(wrong, [forged], number: record))
    }
    world.client.start()
    for step in 0..<8 {
        if step == turn || turn == 5 { for hello in variants { world.server.receive(hello) } }
        _ = world.carry()
    }
    #expect(world.agrees, "\(String(describing: world.server.failure))")
    #expect(world.server.association.counters.restarts == 0)
}

/// Fifty a second, from ten seconds before the party speaks to the end.
@Test func aStreamOfForgedHellosKeepsNobodyOut() throws {
    let world = try World()
    let forged = try forgedHello()
    let now = monotonicMs()
    for ago in stride(from: 10_000 as UInt64, to: 0, by: -20) {
        world.server.take(world.server.association.receive(forged, now: now - ago))
    }
    // What the party hears before it speaks.
    #expect(cookies(world.server.takeSent()).count == 500 && world.server.events == 0)
    world.onCarry = { side, _ in
        if side === world.server { side.receive(forged) }
    }
    world.loss = 20
    world.run()
    #expect(world.agrees, "\(String(describing: world.server.failure))")
    #expect(world.server.association.counters.restarts == 0)
}

/// Whoever has the cookie of one address has none of another.
@Test func aCookieIsForItsSource() throws {
    let world = try World()
    let server = world.server.association
    world.client.start()
    let hello = world.client.takeSent()
    let now = monotonicMs()
    let theirs = cookies(server.receive(hello[0], from: [1], now: now).datagrams)
    let again = cookies(server.receive(hello[0], from: [1], now: now).datagrams)
    let others = cookies(server.receive(hello[0], from: [2], now: now).datagrams)
    #expect(theirs.count == 1 && theirs == again && others.count == 1 && theirs != others)
    let proved = bringing(theirs[0], hello)
    #expect(cookies(server.receive(proved, from: [2], now: now).datagrams) == others)
    let flight = server.receive(proved, from: [1], now: now)
    #expect(flight.datagrams.first?[13] == 2 && flight.timer != nil)
    // Nor does another association's.
    let other = try Side(.server, DTLSCertificate(), expects: [])
    #expect(cookies(other.association.receive(proved, from: [1], now: now).datagrams).count == 1)
}

/// The party needs none of ours that a second's limit would keep back.
@Test func theCookieIsTakenWhenNoMoreAreAskedFor() throws {
    let world = try World()
    let forged = try forgedHello()
    world.client.start()
    let hello = world.client.takeSent()
    let now = monotonicMs()
    let server = world.server.association
    let cookie = try #require(cookies(server.receive(hello[0], now: now).datagrams).first)
    for _ in 0..<200 { _ = server.receive(forged, now: now) }
    #expect(server.counters.cookiesAsked == 64)
    #expect(server.receive(forged, now: now).datagrams.isEmpty)
    #expect(server.receive(bringing(cookie, hello), now: now).datagrams.first?[13] == 2)
}

/// A hello longer than a datagram: the cookie is in its first part.
@Test func aHelloInPartsIsTaken() throws {
    let world = try World()
    let hello: [UInt8] = try {
        world.client.start()
        return try #require(world.client.takeSent().first)
    }()
    func parts(_ hello: [UInt8]) -> [[UInt8]] {
        let body = Array(hello[25...])
        return [0..<80, 80..<body.count].enumerated().map { index, range in
            var head = Array(hello[13..<25])
            head.replaceSubrange(6..<9, with: [0, 0, UInt8(range.lowerBound)])
            head.replaceSubrange(9..<12, with: [0, 0, UInt8(range.count)])
            var part = record(22, head + body[range])
            part[10] = hello[10] + UInt8(index)
            return part
        }
    }
    for part in parts(hello) { world.server.receive(part) }
    let cookie = try #require(cookies(world.server.takeSent()).first)
    let proved = parts(bringing(cookie, [hello], number: 2))
    world.server.receive(proved[0])
    #expect(world.server.takeSent().isEmpty && world.server.timer != nil)
    world.server.receive(proved[1])
    #expect(world.server.takeSent().first?[13] == 2)
    // Both in one datagram.
    let other = try Side(.server, DTLSCertificate(), expects: [])
    other.receive(hello)
    let others = try #require(cookies(other.takeSent()).first)
    other.receive(Array(parts(bringing(others, [hello])).joined()))
    #expect(other.takeSent().first?[13] == 2)
}

/// A client is not made to say another hello by a forged request, before or after that of its
/// server.
@Test(arguments: [false, true]) func aForgedRequestHarmsNoClient(isFirst: Bool) throws {
    let world = try World()
    let request = record(22, message(3, [0xfe, 0xff, 2, 1, 1]))
    world.client.start()
    if isFirst {
        world.client.receive(request)
        #expect(Set(world.client.sent).count == 1)
    }
    for _ in 0..<3 { _ = world.carry() }
    if !isFirst { world.client.receive(request) }
    world.run()
    #expect(world.agrees, "\(String(describing: world.client.failure))")
    #expect(world.client.association.counters.restarts == 0)
    #expect(world.client.association.flight.isProved)
}

/// Nor where its server asks for none and has begun: what the client repeats is a record of before.
@Test func aForgedRequestHarmsNoHandshakeWithoutCookies() throws {
    let (one, other) = (try DTLSCertificate(), try DTLSCertificate())
    let client = try Side(.client, one, expects: [other.fingerprint])
    let context = try DTLSContext(certificate: other)
    let server = try #require(
        SessionHandle(
            context.handle, other.handle, isServer: true,
            profiles: SRTPProfile.aes128GCM.libraryName, limits: .quick))
    client.start()
    client.receive(record(22, message(3, [0xfe, 0xff, 2, 1, 1])))
    #expect(client.sent.count == 2 && client.sent[0] == client.sent[1])
    for _ in 0..<4 {
        for datagram in client.takeSent() { #expect(server.receive(datagram) != .failed) }
        for datagram in server.takeDatagrams() { client.receive(datagram) }
    }
    #expect(client.keys != nil && client.association.flight.isProved)
    #expect(client.association.counters.restarts == 0)
}

/// Another program's client, to which forged hellos cost nothing.
@Test func theOtherProgramIsServedAmongForgedHellos() throws {
    let peer = try Peer()
    let forged = try forgedHello()
    let side = try Side(.server, DTLSCertificate(), expects: [peer.fingerprint])
    for _ in 0..<10 { side.receive(forged) }
    _ = side.takeSent()
    let program = try peer.client("SRTP_AEAD_AES_128_GCM", bytes: 56)
    defer { program.stop() }
    let word = "Keying material: "
    peer.carry(side) {
        if side.events == 0, side.sent.isEmpty {
            side.receive(forged)
            // To nobody's socket before the program has spoken.
            if peer.socket.peer.sin_port == 0 { _ = side.takeSent() }
        }
        return side.events > 0 && program.value(after: word) != nil
    }
    let keys = try #require(side.keys, "\(program.text)")
    #expect(keys.exported(.server) == program.value(after: word))
    #expect(side.association.counters.restarts == 0)
}

/// What a cookie costs of a handshake: a hello that is asked, beside one that is served.
@Test func aRequestCostsLittle() throws {
    let certificate = try DTLSCertificate()
    let forged = try forgedHello()
    var limits = DTLSLimits()
    limits.cookies = .max
    limits.handshakeBytes = .max
    let side = try Side(.server, certificate, expects: [], SRTPProfile.preferred, limits)
    func cpuNs() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
    let start = cpuNs()
    for _ in 0..<1000 { side.receive(forged) }
    let each = (cpuNs() - start) / 1000
    #expect(cookies(side.takeSent()).count == 1000)
    print("a cookie asked for: \(each) ns")
    #expect(each < 200_000)
}
