// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import DTLS

@Test(arguments: [DTLSRole.client, .server])
func aWrongFingerprintIsNamed(role: DTLSRole) throws {
    let (one, other, stranger) = (
        try DTLSCertificate(), try DTLSCertificate(), try DTLSCertificate()
    )
    let isClient = role == .client
    let world = try World(
        client: Side(
            .client, one, expects: [isClient ? stranger.fingerprint : other.fingerprint]),
        server: Side(
            .server, other, expects: [isClient ? one.fingerprint : stranger.fingerprint]))
    world.run()
    let (deceived, honest) = isClient ? (world.client, world.server) : (world.server, world.client)
    let shown = isClient ? other.fingerprint : one.fingerprint
    #expect(deceived.failure == .wrongFingerprint(shown))
    #expect(deceived.failure?.description.contains(shown.description) == true)
    #expect(deceived.keys == nil && deceived.timer == nil)
    // The other one, content or not yet, hears that it is over.
    #expect(honest.isClosed || honest.failure != nil)
}

@Test func oneOfSeveralFingerprintsIsEnoughTheStrongestHashCounts() throws {
    let (one, other, stranger) = (
        try DTLSCertificate(), try DTLSCertificate(), try DTLSCertificate()
    )
    let strong = try #require(one.fingerprint(.sha512))
    let strange = try #require(stranger.fingerprint(.sha512))
    let good = try World(
        client: Side(.client, one, expects: [stranger.fingerprint, other.fingerprint]),
        server: Side(.server, other, expects: [stranger.fingerprint, strange, strong]))
    good.run()
    #expect(good.agrees)
    let bad = try World(
        client: Side(.client, one, expects: [other.fingerprint]),
        server: Side(.server, other, expects: [one.fingerprint, strange]))
    bad.run()
    #expect(bad.server.failure == .wrongFingerprint(strong))
}

/// A handshake that is finished, whose server was not told the client's fingerprint.
private func finishedUnknown(_ one: DTLSCertificate, _ other: DTLSCertificate) throws -> World {
    let world = try World(
        client: Side(.client, one, expects: [other.fingerprint]),
        server: Side(.server, other, expects: []))
    world.client.start()
    while world.carry() {}
    return world
}

@Test func keysWaitForFingerprints() throws {
    let (one, other) = (try DTLSCertificate(), try DTLSCertificate())
    let world = try finishedUnknown(one, other)
    #expect(world.client.keys != nil)
    #expect(world.server.keys == nil && world.server.events == 0)
    #expect(!world.server.association.isEstablished)
    let server = world.server.association
    world.server.take(server.expect([], now: monotonicMs()))
    #expect(world.server.keys == nil)
    world.server.take(server.expect([one.fingerprint], now: monotonicMs()))
    #expect(world.agrees)
    // Decided is decided.
    world.server.take(server.expect([other.fingerprint], now: monotonicMs()))
    #expect(world.server.events == 1 && server.isEstablished)
}

@Test func wrongFingerprintsMayComeLateToo() throws {
    let (one, other) = (try DTLSCertificate(), try DTLSCertificate())
    let world = try finishedUnknown(one, other)
    world.server.take(
        world.server.association.expect([other.fingerprint], now: monotonicMs()))
    #expect(world.server.failure == .wrongFingerprint(one.fingerprint))
    while world.carry() {}
    #expect(world.client.isClosed)
}

@Test func fingerprintsAreNotAwaitedForEver() throws {
    let (one, other) = (try DTLSCertificate(), try DTLSCertificate())
    let world = try finishedUnknown(one, other)
    let timer = try #require(world.server.timer)
    #expect(timer <= 180_000 && timer > 170_000)
    world.server.take(world.server.association.timeout(now: monotonicMs() + timer + 1))
    #expect(world.server.failure == .noFingerprint)
}

@Test func twoClientsHaveTheSameRole() throws {
    let (one, other) = (try DTLSCertificate(), try DTLSCertificate())
    let world = try World(
        client: Side(.client, one, expects: [other.fingerprint]),
        server: Side(.client, other, expects: [one.fingerprint]))
    world.server.start()
    world.run()
    #expect(world.client.failure == .roleConflict)
    #expect(world.server.failure == .roleConflict)
}

@Test func twoServersWaitWithoutATimer() throws {
    let certificate = try DTLSCertificate()
    let side = try Side(.server, certificate, expects: [certificate.fingerprint])
    side.start()
    #expect(side.sent.isEmpty && side.timer == nil && side.events == 0)
    side.take(side.association.timeout(now: .max))
    #expect(side.events == 0)
}

@Test func silenceEndsAfterSoManyRetransmissions() throws {
    let certificate = try DTLSCertificate()
    var limits = DTLSLimits.quick
    limits.retransmissions = 3
    let side = try Side(
        .client, certificate, expects: [certificate.fingerprint], SRTPProfile.preferred, limits)
    side.start()
    let end = monotonicMs() + 5000
    while side.events == 0, monotonicMs() < end {
        usleep(UInt32(side.timer ?? 1) * 1000)
        side.take(side.association.timeout(now: monotonicMs()))
    }
    #expect(side.failure == .unanswered)
    #expect(side.sent.count == 4)
    #expect(side.association.counters.retransmissions == 3)
    #expect(side.timer == nil)
    #expect(side.association.timeout(now: .max).event == nil)
}

@Test func aHandshakeHasItsTime() throws {
    let certificate = try DTLSCertificate()
    let side = try Side(
        .client, certificate, expects: [certificate.fingerprint], SRTPProfile.preferred,
        DTLSLimits())
    side.take(side.association.start(now: 5))
    #expect(side.timer.map { $0 <= 400 && $0 > 0 } == true)
    side.take(side.association.timeout(now: 30_004))
    #expect(side.events == 0)
    side.take(side.association.timeout(now: 30_005))
    #expect(side.failure == .timedOut(""))
}

@Test func anAssociationNeedsAProfile() throws {
    let context = try DTLSContext(certificate: DTLSCertificate())
    #expect(throws: DTLSFailure.noProfile) {
        try DTLSAssociation(context: context, role: .client, profiles: [])
    }
}

@Test func fingerprintsHaveTheirHashsLength() throws {
    #expect(DTLSFingerprint(.sha256, digest: [1, 2]) == nil)
    let text = try #require(DTLSFingerprint(.sha256, digest: Array(0xa0...0xbf))).description
    #expect(text.hasPrefix("sha-256 A0:A1:") && text.hasSuffix(":BE:BF"))
    #expect(!equalInConstantTime([], []))
    #expect(!equalInConstantTime([1], [1, 2]))
    #expect(!equalInConstantTime([1, 2], [1, 3]))
    #expect(equalInConstantTime([1, 2], [1, 2]))
}
