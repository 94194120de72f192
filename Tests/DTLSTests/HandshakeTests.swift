// SPDX-License-Identifier: Apache-2.0

import Testing
import TestSupport

@testable import DTLS

@Test(arguments: SRTPProfile.allCases)
func bothSidesGetTheKeysOfTheProfile(profile: SRTPProfile) throws {
    let world = try World([profile], SRTPProfile.preferred)
    world.run()
    #expect(world.agrees)
    #expect(world.client.keys?.profile == profile)
    #expect(world.longest <= 1200)
    #expect(world.client.events == 1 && world.server.events == 1)
}

@Test func theServersOrderCounts() throws {
    let world = try World(
        [.aes256GCM, .aes128GCM, .aes128CounterSHA1Tag80],
        [.aes128CounterSHA1Tag80, .aes128GCM])
    world.run()
    #expect(world.agrees)
    #expect(world.server.keys?.profile == .aes128CounterSHA1Tag80)
}

@Test func withoutACommonProfileThereAreNoKeys() throws {
    let world = try World([.aes256GCM], [.aes128GCM])
    world.run()
    #expect(world.client.failure == .noProfile)
    #expect(world.server.keys == nil)
    #expect(world.server.failure != nil)
}

@Test(arguments: 1...25)
func lossDoublesAndDisorderDelayOnly(seed: Int) throws {
    let world = try World()
    world.dice = SeededGenerator(seed: UInt64(seed))
    (world.loss, world.doubling, world.reordering) = (15, 20, 50)
    world.run()
    #expect(world.agrees, "\(String(describing: world.client.failure))")
}

@Test(arguments: [256, 400, 1200])
func datagramsKeepToTheirLength(bytes: Int) throws {
    var limits = DTLSLimits.quick
    limits.datagramBytes = bytes
    let world = try World(limits: limits)
    world.run()
    #expect(world.agrees)
    #expect(world.longest <= bytes && world.longest > bytes / 3)
}

@Test func aFinishedFlightThatWasLostIsSentAgain() throws {
    let world = try World()
    var isLost = false
    world.client.start()
    // The server's last flight is lost once; the client's timer brings it back.
    for _ in 0..<10 where !isLost {
        for datagram in world.client.takeSent() { world.server.receive(datagram) }
        if world.server.keys != nil {
            isLost = !world.server.takeSent().isEmpty
        } else {
            for datagram in world.server.takeSent() { world.client.receive(datagram) }
        }
    }
    #expect(isLost && world.client.keys == nil)
    world.run()
    #expect(world.agrees)
    #expect(world.client.association.counters.retransmissions > 0)
}

@Test func aCloseIsHeardOnce() throws {
    let world = try World()
    world.run()
    world.client.take(world.client.association.close())
    while world.carry() {}
    #expect(world.server.isClosed && !world.client.isClosed)
    #expect(world.server.events == 2 && world.client.events == 1)
    #expect(!world.server.association.isEstablished)
    #expect(world.server.association.receive([22], now: 0).event == nil)
    #expect(world.client.association.close().datagrams.isEmpty)
}

@Test func theSessionGoesWhenThePeerNeedsItNoMore() throws {
    let world = try World()
    world.run()
    let server = world.server.association
    #expect(world.server.timer.map { $0 > 10_000 && $0 <= 15_000 } == true)
    world.server.take(server.timeout(now: monotonicMs() + 15_000))
    #expect(world.server.timer == nil && server.isEstablished)
    let dropped = server.counters.recordsDropped
    world.client.take(world.client.association.close())
    while world.carry() {}
    #expect(!world.server.isClosed && server.counters.recordsDropped == dropped + 1)
    #expect(server.close().datagrams.isEmpty && !server.isEstablished)
}

@Test func anotherCertificateIsForNewAssociations() throws {
    let first = try DTLSCertificate()
    let second = try DTLSCertificate()
    #expect(first.fingerprint != second.fingerprint)
    let context = try DTLSContext(certificate: first)
    let old = try DTLSAssociation(context: context, role: .server)
    context.rotate(to: second)
    let new = try DTLSAssociation(context: context, role: .server)
    let signalled = try DTLSAssociation(context: context, role: .server, certificate: first)
    for (association, certificate) in [(old, first), (new, second), (signalled, first)] {
        let own = try DTLSCertificate()
        let client = try Side(.client, own, expects: [certificate.fingerprint])
        _ = association.expect([own.fingerprint], now: monotonicMs())
        let world = World(client: client, server: Side(association))
        world.run()
        #expect(world.agrees)
        #expect(association.certificate === certificate)
    }
}

@Test func keysAreWipedCopiesStay() throws {
    let world = try World()
    world.run()
    let key = try #require(world.client.keys).send.key
    world.client.keys = nil
    #expect(key == world.server.keys?.receive.key)
    #expect(key.contains { $0 != 0 })
}
