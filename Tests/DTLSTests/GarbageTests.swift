// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing
import TestSupport

@testable import DTLS

/// A record of epoch 0 with this body.
func record(_ type: UInt8, _ body: [UInt8], epoch: UInt8 = 0, version: UInt8 = 0xfd) -> [UInt8] {
    let length = [UInt8(body.count >> 8), UInt8(body.count & 255)]
    return [type, 0xfe, version, 0, epoch, 0, 0, 0, 0, 0, 9] + length + body
}

/// A whole handshake message.
func message(_ type: UInt8, _ body: [UInt8], sequence: UInt8 = 0) -> [UInt8] {
    let length: [UInt8] = [0, UInt8(body.count >> 8), UInt8(body.count & 255)]
    return [type] + length + [0, sequence, 0, 0, 0] + length + body
}

@Test(arguments: 1...10)
func noiseDuringAHandshakeChangesNothing(seed: Int) throws {
    let world = try World(limits: DTLSLimits())
    var dice = SeededGenerator(seed: UInt64(seed))
    var noise = 0
    world.onCarry = { side, _ in
        for _ in 0..<20 {
            var bytes = (0..<Int.random(in: 0...200, using: &dice)).map { _ in
                UInt8.random(in: 0...255, using: &dice)
            }
            // Half of it begins like a record.
            if bytes.count > 13, dice.happens(50) {
                let body = [UInt8](repeating: 0, count: bytes.count - 13)
                let header = record(
                    UInt8.random(in: 18...25, using: &dice), body,
                    epoch: UInt8.random(in: 0...2, using: &dice))
                bytes.replaceSubrange(0..<13, with: header[..<13])
            }
            side.receive(bytes)
            noise += 1
        }
    }
    world.run()
    #expect(
        world.agrees,
        "\(String(describing: world.client.failure)) \(String(describing: world.server.failure))")
    #expect(noise > 50)
    #expect(world.server.association.counters.recordsDropped > 0)
}

@Test(arguments: 1...20)
func changedCopiesKillNothing(seed: Int) throws {
    var limits = DTLSLimits.quick
    limits.restarts = 1000
    let world = try World(limits: limits)
    var dice = SeededGenerator(seed: UInt64(seed))
    world.onCarry = { side, datagram in
        for _ in 0..<3 {
            var copy = datagram
            for _ in 0...Int.random(in: 0...3, using: &dice) {
                copy[Int.random(in: 0..<copy.count, using: &dice)] ^= UInt8.random(
                    in: 1...255, using: &dice)
            }
            side.receive(copy)
        }
    }
    world.client.start()
    for _ in 0..<10 { if !world.carry() { break } }
    // Forged handshakes may stall a real one, and may be all that a peer finishes without its
    // key: never. What has failed has failed by its own limits, never by what was forged.
    for side in [world.client, world.server] {
        switch side.failure {
        case nil, .unanswered, .timedOut: break
        case .some(let failure): Issue.record("\(failure)")
        }
    }
    if world.client.keys != nil, world.server.keys != nil { #expect(world.agrees) }
}

@Test func forgedHellosBeforeTheRealOneAreForgotten() throws {
    let world = try World()
    for number in 0..<10 {
        let body = [UInt8](repeating: UInt8(number), count: 60)
        world.server.receive(record(22, message(1, body)))
        #expect(world.server.events == 0 && world.server.timer == nil)
    }
    #expect(cookies(world.server.takeSent()).count == 10)
    #expect(world.server.association.counters.cookiesAsked == 10)
    #expect(world.server.association.counters.restarts == 0)
    world.run()
    #expect(world.agrees)
}

/// A ServerHello as any server may send it, with a suite and a profile that we offered.
private func forgedServerHello(sequence: UInt8 = 0) -> [UInt8] {
    let extensions: [UInt8] = [
        0xff, 1, 0, 1, 0, 0, 11, 0, 2, 1, 0, 0, 14, 0, 5, 0, 2, 0, 1, 0, 0, 23, 0, 0,
    ]
    let random = [UInt8](repeating: 7, count: 32)
    let hello: [UInt8] = [0xfe, 0xfd] + random + [0, 0xc0, 0x2b, 0, 0, UInt8(extensions.count)]
    return record(22, message(2, hello + extensions, sequence: sequence))
}

/// The number of a record.
private func numbered(_ bytes: [UInt8], _ number: UInt8) -> [UInt8] {
    var bytes = bytes
    bytes[10] = number
    return bytes
}

/// The peer is bound to our first hello: whatever is forged before its flight came must not spoil
/// the session that said it.
@Test(arguments: 0..<10) func forgedFlightsBeforeTheRealOneAreForgotten(kind: Int) throws {
    let world = try World()
    let certificate = record(22, message(11, [0, 0, 6, 0, 0, 3, 1, 2, 3], sequence: 1))
    let exchange = record(
        22, message(12, [3, 0, 29, 1, 9, 4, 3, 0, 2, 5, 5], sequence: 2))
    let done = record(22, message(14, [], sequence: 3))
    let forged: [[UInt8]] =
        switch kind {
        case 0: [numbered(forgedServerHello(), 0)]
        case 1: [numbered(forgedServerHello(), 9)]
        case 2: [certificate]
        case 3: [numbered(certificate, 1)]
        case 4: [numbered(exchange, 2)]
        case 5: [numbered(done, 0)]
        case 6: [record(22, message(3, [0xfe, 0xfd, 2, 1, 1]))]
        case 7: [record(20, [1])]
        case 8:
            [
                numbered(forgedServerHello(), 0) + numbered(certificate, 1)
                    + numbered(exchange, 2) + numbered(done, 3)
            ]
        default: [record(22, [UInt8](repeating: 9, count: 60), epoch: 1)]
        }
    world.client.start()
    for datagram in forged { world.client.receive(datagram) }
    #expect(Set(world.client.sent).count == 1)  // its first hello, and no other
    while world.carry() {}  // nothing has to be repeated
    #expect(world.agrees, "\(String(describing: world.client.failure))")
    #expect(world.client.association.counters.restarts == 0)
    #expect(world.client.association.flight.isProved)
}

/// A flight of several datagrams, whose records meet forged ones of their numbers: it is taken when
/// the peer repeats it.
@Test func forgedRecordsOfALongFlightCostARetransmission() throws {
    var limits = DTLSLimits.quick
    limits.datagramBytes = 256
    let world = try World(limits: limits)
    world.client.start()
    for number: UInt8 in 0..<3 { world.client.receive(numbered(forgedServerHello(), number)) }
    world.run()
    #expect(world.agrees, "\(String(describing: world.client.failure))")
    #expect(world.client.association.counters.restarts == 0)
    #expect(world.client.association.flight.isProved)
}

@Test func aBurstOfForgedHellosEndsNothing() throws {
    let world = try World()
    let server = world.server.association
    let hello = record(22, message(1, [UInt8](repeating: 7, count: 60)))
    let now = monotonicMs() - 1000
    for late in [0, 999] as [UInt64] {
        for _ in 0..<100 { world.server.take(server.receive(hello, now: now + late)) }
        #expect(world.server.events == 0 && world.server.sent.count == 64)
    }
    #expect(server.counters.cookiesAsked == 64 && server.counters.recordsDropped == 136)
    _ = world.server.takeSent()
    world.run()
    #expect(world.agrees)
}

@Test func aBurstOfBytesEndsNothing() throws {
    var limits = DTLSLimits.quick
    limits.handshakeBytes = 4000
    let world = try World(limits: limits)
    let server = world.server.association
    let forged = record(22, [UInt8](repeating: 7, count: 987), epoch: 1)
    let now = monotonicMs() - 1000
    for _ in 0..<10 { world.server.take(server.receive(forged, now: now)) }
    #expect(server.counters.recordsOverLimit == 6)
    world.run()
    #expect(world.agrees)
}

@Test func badHellosWithoutEndAreNamedWhenTimeIsOver() throws {
    let side = try Side(.server, DTLSCertificate(), expects: [])
    // A peer that hears us, or its hello would not count.
    let hello = try provedHello(side, now: 0)
    for now in stride(from: 0 as UInt64, to: 30_000, by: 50) {
        side.take(side.association.receive(hello, now: now))
    }
    #expect(side.events == 0 && side.association.counters.restarts == 30 * 16)
    side.take(side.association.timeout(now: 30_000))
    guard case .timedOut(let reason) = side.failure else {
        Issue.record("\(String(describing: side.failure))")
        return
    }
    #expect(!reason.isEmpty)
}

@Test func unprotectedAlertsEndNothing() throws {
    let world = try World()
    world.onCarry = { side, _ in
        side.receive(record(21, [2, 40]))
        side.receive(record(21, [1, 0]))
    }
    world.run()
    #expect(world.agrees)
    #expect(world.client.association.counters.alertsIgnored >= 2)
}

@Test func anUnprotectedAlertIsNamedWhenTimeIsOver() throws {
    let certificate = try DTLSCertificate()
    let side = try Side(
        .client, certificate, expects: [certificate.fingerprint], SRTPProfile.preferred,
        DTLSLimits())
    side.take(side.association.start(now: 0))
    side.take(side.association.receive(record(21, [2, 40]), now: 1))
    #expect(side.events == 0)
    side.take(side.association.timeout(now: 30_000))
    #expect(side.failure == .timedOut("an unprotected alert 40"))
}

@Test func forgedRecordsAfterwardsEndNothing() throws {
    let world = try World()
    world.run()
    for side in [world.client, world.server] {
        for type: UInt8 in 20...24 {
            for epoch: UInt8 in 0...2 {
                side.receive(record(type, [2, 0, 1, 1], epoch: epoch))
                side.receive(record(type, [UInt8](repeating: 1, count: 60), epoch: epoch))
                #expect(side.events == 1, "\(type) \(epoch)")
            }
        }
        side.receive(record(22, message(1, [UInt8](repeating: 1, count: 60))))
        #expect(side.events == 1 && side.association.isEstablished)
    }
}

@Test func handshakeBytesHaveALimit() throws {
    var limits = DTLSLimits.quick
    limits.handshakeBytes = 600
    let world = try World(limits: limits)
    world.run()
    #expect(world.client.keys == nil && world.server.keys == nil)
    #expect(world.client.failure == .unanswered)
    #expect(world.client.association.counters.recordsOverLimit > 0)
}

@Test func waitingDatagramsHaveALimit() throws {
    let certificate = try DTLSCertificate()
    var limits = DTLSLimits.quick
    limits.datagramBytes = 256
    let context = try DTLSContext(certificate: certificate)
    func session(isServer: Bool) throws -> SessionHandle {
        try #require(
            SessionHandle(
                context.handle, certificate.handle, isServer: isServer,
                profiles: SRTPProfile.aes128GCM.libraryName, limits: limits))
    }
    let client = try session(isServer: false)
    let server = try session(isServer: true)
    #expect(client.start() == .handshake)
    for hello in client.takeDatagrams() { #expect(server.receive(hello) == .handshake) }
    for _ in 0..<11 {
        usleep(UInt32(server.timer ?? 1) * 1000)
        _ = server.timeout()
    }
    #expect(server.retransmissions > 8)
    #expect(server.refused > 0)
    let sent = server.takeDatagrams()
    #expect(sent.count == 32 && sent.allSatisfy { $0.count <= 256 })
}

@Test func whatTheFilterPasses() {
    let hello = record(22, message(1, [UInt8](repeating: 1, count: 40)), version: 0xff)
    let finished = record(22, [UInt8](repeating: 5, count: 40), epoch: 1)
    func passed(_ bytes: [UInt8], _ role: DTLSRole, after: [[UInt8]] = []) -> [UInt8] {
        var filter = RecordFilter(role: role, bytes: 100_000)
        var counters = DTLSCounters()
        for bytes in after { _ = filter.filter(bytes, &counters) }
        return filter.filter(bytes, &counters)
    }
    #expect(passed(hello, .server) == hello)
    #expect(passed(hello, .client).isEmpty)
    #expect(passed(hello + finished, .server) == hello + finished)
    #expect(passed(record(23, [1]) + hello + [1, 2, 3], .server) == hello)
    #expect(passed(hello + record(21, [2, 40]) + finished, .server) == hello + finished)
    let changes = record(20, [1])
    #expect(passed(changes, .server).isEmpty)
    #expect(passed(changes, .server, after: [hello]) == changes)
    #expect(passed(record(20, [2]), .server, after: [hello]).isEmpty)
    // A client's other messages come after its hello, a server's may overtake its own.
    let certificate = record(22, message(11, [1, 2, 3], sequence: 1))
    #expect(passed(certificate, .server).isEmpty)
    #expect(passed(certificate, .client) == certificate)
    for bytes in [24, 25] {
        let short = record(21, [UInt8](repeating: 5, count: bytes), epoch: 1)
        #expect(passed(short, .server).isEmpty == (bytes < 25))
    }
    for malformed in [
        record(22, [1, 0, 0]), record(22, message(1, []) + [1]), record(22, message(0, [])),
        record(22, message(1, [1], sequence: 40)),
        record(22, [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7]),
        record(22, [1, 0, 0, 5, 0, 0, 0, 0, 4, 0, 0, 2, 1, 1]),
        record(22, message(1, [1]), epoch: 2),
        record(22, []), Array(hello.dropLast()), [22], record(22, message(1, [1]), version: 0xfc),
        [UInt8](repeating: 22, count: 20_000),
    ] {
        #expect(passed(malformed, .server).isEmpty)
    }
}
