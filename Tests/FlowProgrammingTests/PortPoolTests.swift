// SPDX-License-Identifier: Apache-2.0

import CFlowABI
import CallControl
import FlowABI
import FlowProgramming
import Foundation
import NetworkAddress
import Testing

@testable import FlowABI

/// Realm 0 has an IPv4 and an IPv6 address, realm 1 one IPv4 address; two workers.
@Suite struct PortPoolTests {
    static let second: UInt64 = 1_000_000_000
    let a = RealmIndex(0)
    let b = RealmIndex(1)

    private func geometry(workers: UInt32) -> Geometry {
        Geometry(
            .init(
                worker_count: workers, shard_count: 1, flows_per_worker: 8, command_slots: 4,
                event_slots: 4, packet_slots: 2, realm_count: 2, address_count: 3,
                cursor_start: 0))
    }

    private func realm(_ first: UInt16, _ last: UInt16) -> RealmPage {
        var page = tl_realm_page()
        page.port_first = first
        page.port_last = last
        return RealmPage(page)
    }

    private func pool(
        _ first: UInt16 = 1024, _ last: UInt16 = 2047, workers: UInt32 = 2
    ) -> PortPool {
        let pool = PortPool()
        let six = IPAddress(high: 0x2001_0db8_0000_0000, low: 1)
        pool.configure(
            geometry: self.geometry(workers: workers),
            realms: [self.realm(first, last), self.realm(first, last)],
            addresses: [
                AddressPage(index: AddressIndex(0), address: IPAddress(ipv4: 1), realm: 0),
                AddressPage(index: AddressIndex(1), address: six, realm: 0),
                AddressPage(index: AddressIndex(2), address: IPAddress(ipv4: 3), realm: 1),
            ])
        return pool
    }

    private func worker(_ port: MediaPort) -> UInt16 { port.rtp.port / 512 % 2 }

    @Test func bothLegsMeetOnOneWorkerAndWorkersTakeTurns() throws {
        let pool = self.pool()
        var seen: Set<MediaPort> = []
        var workers: [UInt16] = []
        for _ in 0..<512 {
            let pair = try #require(pool.reserve(self.a, self.b))
            #expect(pair.a.rtp.port % 2 == 0 && pair.b.rtp.port % 2 == 0)
            #expect(self.worker(pair.a) == self.worker(pair.b))
            #expect(pair.a.addressIndex == 0 && pair.b.addressIndex == 2)
            #expect(seen.insert(pair.a).inserted && seen.insert(pair.b).inserted)
            workers.append(self.worker(pair.a))
        }
        #expect(workers.prefix(4) == [0, 1, 0, 1])
        #expect(pool.counters.reserved == 1024)
        #expect(pool.reserve(self.a, self.b) == nil)
        #expect(pool.counters.exhausted == 1)
        #expect(pool.exhaustedByRealm[self.b] == 1)
        // The first realm has its IPv6 ports still.
        #expect(pool.exhaustedByRealm[self.a] == nil)
        let six = PortWish(self.a, isIPv4: false)
        #expect(pool.reserve(six, six) != nil)
    }

    @Test func oneRealmForBothLegs() throws {
        let pair = try #require(self.pool().reserve(self.b, self.b))
        #expect(pair.a != pair.b && self.worker(pair.a) == self.worker(pair.b))
    }

    @Test func aFailedReservationLosesNothing() throws {
        let pool = self.pool(1024, 1027, workers: 1)
        #expect(pool.reserve(self.b, self.b) != nil)
        for _ in 0..<3 { #expect(pool.reserve(self.a, self.b) == nil) }
        #expect(pool.counters.reserved == 2)
        #expect(pool.reserve(self.a, self.a) != nil)
        #expect(pool.counters.exhausted == 3)
    }

    @Test func portsRest() throws {
        let pool = self.pool(1024, 1025, workers: 1)
        pool.advance(toNs: 5 * Self.second)
        let first = try #require(pool.reserve(self.a, self.b))
        pool.release(first.a)
        pool.release(first.b)
        #expect(pool.reserve(self.a, self.b) == nil)
        pool.advance(toNs: 15 * Self.second - 1)
        #expect(pool.reserve(self.a, self.b) == nil)
        // Time does not go back.
        pool.advance(toNs: 15 * Self.second)
        pool.advance(toNs: 0)
        let second = try #require(pool.reserve(self.a, self.b))
        #expect(second == first)
    }

    @Test func leastRecentlyUsedFirst() throws {
        let pool = self.pool(1024, 1029, workers: 1)
        pool.advance(toNs: Self.second)
        let pairs = try (0..<3).map { _ in try #require(pool.reserve(self.a, self.b)) }
        for (index, order) in [2, 0, 1].enumerated() {
            pool.advance(toNs: UInt64(2 + index) * Self.second)
            pool.release(pairs[order].a)
            pool.release(pairs[order].b)
        }
        pool.advance(toNs: 60 * Self.second)
        for order in [2, 0, 1] { #expect(pool.reserve(self.a, self.b)?.a == pairs[order].a) }
    }

    @Test func misuseIsCounted() throws {
        let pool = self.pool()
        let pair = try #require(pool.reserve(self.a, self.b))
        pool.release(pair.a)
        pool.release(pair.a)
        #expect(pool.counters.misuse == 1)
        #expect(!pool.reserve(again: pair.b))
        let strange = MediaPort(
            addressIndex: 0, rtp: SocketAddress(address: IPAddress(ipv4: 1), port: 9000))
        #expect(!pool.reserve(again: strange))
        let otherAddress = MediaPort(
            addressIndex: 0, rtp: SocketAddress(address: IPAddress(ipv4: 9), port: 1024))
        #expect(!pool.reserve(again: otherAddress))
        #expect(pool.counters.misuse == 4)
    }

    @Test func portsOfCallsThatLiveOn() throws {
        let pool = self.pool(1024, 1027, workers: 1)
        let old = MediaPort(
            addressIndex: 2, rtp: SocketAddress(address: IPAddress(ipv4: 3), port: 1024))
        #expect(pool.reserve(again: old))
        #expect(pool.isReserved(old))
        #expect(pool.reserve(self.a, self.b)?.b.rtp.port == 1026)
        #expect(pool.reserve(self.a, self.b) == nil)
        pool.advance(toNs: Self.second)
        pool.release(old)
        #expect(pool.reserve(self.a, self.b) == nil)
        pool.advance(toNs: 11 * Self.second)
        #expect(pool.reserve(self.a, self.b)?.b == old)
    }

    @Test func portsUsedBeforeUsRest() throws {
        let pool = self.pool(1024, 1025, workers: 1)
        pool.advance(toNs: 100 * Self.second)
        // The time is out of a file, and may lie in the future.
        pool.rest(AddressIndex(2), port: 1024, sinceNs: .max)
        #expect(pool.reserve(self.a, self.b) == nil)
        pool.advance(toNs: 110 * Self.second)
        #expect(pool.reserve(self.a, self.b) != nil)
    }

    @Test func anotherConfigurationKeepsWhatIsInUse() throws {
        let pool = self.pool(1024, 1027, workers: 1)
        let pair = try #require(pool.reserve(self.a, self.b))
        let page = self.realm(1024, 1029)
        let address = { (index: UInt16, value: UInt32, realm: UInt16) in
            AddressPage(index: AddressIndex(index), address: IPAddress(ipv4: value), realm: realm)
        }
        pool.configure(
            geometry: self.geometry(workers: 1), realms: [page, page],
            addresses: [address(0, 1, 0), address(2, 3, 1), address(5, 5, 9)])
        #expect(pool.isReserved(pair.a))
        var others: Set<UInt16> = []
        while let more = pool.reserve(self.a, self.b) { others.insert(more.a.rtp.port) }
        #expect(others == [1026, 1028])
        // Ports that are gone from the configuration are given back to nobody.
        pool.configure(geometry: self.geometry(workers: 1), realms: [], addresses: [])
        pool.release(pair.a)
        #expect(pool.counters.misuse == 0)
        #expect(pool.reserve(self.a, self.b) == nil)
    }

    @Test(arguments: [(0, 0), (1025, 1025), (2000, 1000), (65_535, 65_535), (65_534, 65_534)])
    func rangesWithoutAPairAreEmpty(first: Int, last: Int) {
        let pool = self.pool(UInt16(first), UInt16(last))
        #expect(pool.reserve(self.a, self.b) == nil)
    }

    @Test func theLastPortsOfAll() throws {
        let pool = self.pool(65_534, 65_535, workers: 1)
        #expect(try #require(pool.reserve(self.a, self.b)).a.rtp.port == 65_534)
    }

    @Test func anEmptyPoolHasNothing() {
        let pool = PortPool()
        #expect(pool.reserve(self.a, self.b) == nil)
        #expect(pool.counters.exhausted == 1)
    }
}

extension PortPool {
    /// IPv4 on both legs.
    func reserve(_ a: RealmIndex, _ b: RealmIndex) -> (a: MediaPort, b: MediaPort)? {
        self.reserve(PortWish(a, isIPv4: true), PortWish(b, isIPv4: true))
    }
}
