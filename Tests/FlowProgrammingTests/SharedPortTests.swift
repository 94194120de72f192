// SPDX-License-Identifier: Apache-2.0

import CFlowABI
import CallControl
import FlowABI
import FlowProgramming
import NetworkAddress
import Testing

@testable import FlowABI

/// Realm 0 shares ports, realm 1 does not; two workers unless a test says otherwise.
@Suite struct SharedPortTests {
    static let second: UInt64 = 1_000_000_000
    static let range: ClosedRange<UInt16> = 1020...2047

    private func pool(
        _ ports: ClosedRange<UInt16> = Self.range, workers: UInt32 = 2,
        realms: Set<RealmIndex> = [RealmIndex(0)], most: Int = 100
    ) -> PortPool {
        let pool = PortPool(sharing: PortSharing(realms: realms, legsPerWorker: most))
        self.configure(pool, ports, workers: workers)
        return pool
    }

    private func configure(
        _ pool: PortPool, _ ports: ClosedRange<UInt16> = Self.range, workers: UInt32 = 2,
        addresses: Int = 1
    ) {
        let geometry = Geometry(
            .init(
                worker_count: workers, shard_count: 1, flows_per_worker: 8, command_slots: 4,
                event_slots: 4, packet_slots: 2, realm_count: 2, address_count: 3,
                cursor_start: 0))
        func realm(_ ports: ClosedRange<UInt16>) -> RealmPage {
            var page = tl_realm_page()
            page.port_first = ports.lowerBound
            page.port_last = ports.upperBound
            return RealmPage(page)
        }
        func address(_ index: UInt16, realm: UInt16) -> AddressPage {
            AddressPage(
                index: AddressIndex(index), address: IPAddress(ipv4: UInt32(index) + 1),
                realm: realm)
        }
        pool.configure(
            geometry: geometry, realms: [realm(ports), realm(Self.range)],
            addresses: [address(1, realm: 1)]
                + (0..<UInt16(addresses)).map { address($0 * 2, realm: 0) })
    }

    /// A party of the documentation's network.
    private func party(_ number: UInt16, mux: Bool = false) -> PartyMark {
        .address(
            SocketAddress(address: IPAddress(ipv4: 0xc633_6401), port: number), rtcpPort: nil,
            rtcpMux: mux)
    }

    private func take(
        _ pool: PortPool, _ mark: PartyMark, workers: UInt32 = 1
    ) throws -> MediaPort {
        let pair = try #require(
            pool.reserve(
                PortWish(RealmIndex(0), isIPv4: true, mark: mark),
                PortWish(RealmIndex(1), isIPv4: true, mark: mark)))
        #expect(!pair.b.isShared, "its realm does not share")
        if workers == 2 { #expect(pair.a.rtp.port / 512 % 2 == pair.b.rtp.port / 512 % 2) }
        return pair.a
    }

    /// Block 1 (ports 1020 to 1023) is of worker 1, block 2 (from 1024 on) of worker 0.
    @Test func legsThatCanBeToldApartShareTheFirstPortOfTheirWorker() throws {
        let pool = self.pool()
        var shares: Set<UInt32> = []
        for number in 0..<20 as Range<UInt16> {
            let mark = number % 2 == 0 ? .ice : self.party(4000 + 2 * number)
            let leg = try self.take(pool, mark, workers: 2)
            #expect(leg.isShared && shares.insert(leg.share).inserted)
            #expect(leg.rtp.port == (number % 2 == 0 ? 1024 : 1020), "workers take turns")
            #expect(pool.isReserved(leg))
        }
        #expect(pool.counters.shared == 20)
        #expect(pool.counters.reserved == 2 + 20, "two in realm 0, each of realm 1")
        #expect(shares.max() ?? 0 > 0xffff, "numbers that nobody guesses")
    }

    @Test func otherLegsHaveAPortOfTheirOwnThatNobodyShares() throws {
        let pool = self.pool(workers: 1)
        for _ in 0..<10 {
            let leg = try self.take(pool, .nothing)
            #expect(!leg.isShared && leg.rtp.port > 1020)
        }
        #expect(pool.counters.shared == 0)
        // A party at one of our own addresses is another leg of ours.
        let own = SocketAddress(address: IPAddress(ipv4: 2), port: 4000)
        #expect(try !self.take(pool, .address(rtp: own, rtcp: nil)).isShared)
    }

    @Test func noTwoLegsOfAPortHaveOneParty() throws {
        let pool = self.pool(workers: 1)
        let first = try self.take(pool, self.party(4000))
        #expect(first.isShared)
        let marks = [
            self.party(4000), self.party(3999), self.party(4001), self.party(4001, mux: true),
        ]
        for mark in marks {
            #expect(try !self.take(pool, mark).isShared, "\(mark)")
        }
        #expect(try self.take(pool, self.party(3999, mux: true)).isShared)
        #expect(try self.take(pool, self.party(4002)).isShared)
        // Another worker's port, or another address's, does not know it.
        self.configure(pool, workers: 1, addresses: 2)
        let second = try self.take(pool, self.party(4000))
        #expect(second.isShared && second.addressIndex == 2 && second.rtp.port == 1020)
        #expect(try !self.take(pool, self.party(4000)).isShared)
    }

    @Test func partiesRestAndThePortDoesNot() throws {
        let pool = self.pool(workers: 1)
        pool.advance(toNs: Self.second)
        let first = try self.take(pool, self.party(4000))
        pool.release(first)
        pool.release(first)
        #expect(pool.counters.misuse == 1 && pool.counters.shared == 0)
        #expect(!pool.isReserved(first))
        #expect(try self.take(pool, .ice).rtp.port == 1020)
        #expect(try !self.take(pool, self.party(4000)).isShared)
        pool.advance(toNs: 11 * Self.second - 1)
        #expect(try !self.take(pool, self.party(4001, mux: true)).isShared, "its RTCP")
        pool.advance(toNs: 11 * Self.second)
        let again = try self.take(pool, self.party(4000))
        #expect(again.isShared && again.share != first.share)
    }

    /// A call that nobody admitted after all never sent anything.
    @Test func whatWasNotUsedDoesNotRest() throws {
        let pool = self.pool(1020...1021, workers: 1)
        let wish = PortWish(RealmIndex(0), isIPv4: true, mark: self.party(4000))
        #expect(pool.reserve(wish, PortWish(RealmIndex(0), isIPv4: true)) == nil)
        #expect(pool.counters.reserved == 0 && pool.counters.shared == 0)
        #expect(try self.take(pool, self.party(4000)).isShared)
    }

    @Test func aRealmMayHaveNoOtherPort() throws {
        // Of two workers, each the first port of its block.
        let pool = self.pool(1022...1025)
        for number in 0..<100 as Range<UInt16> {
            let leg = try self.take(pool, self.party(4000 + 2 * number), workers: 2)
            #expect(leg.isShared && [1022, 1024].contains(leg.rtp.port))
        }
        let nothing = PortWish(RealmIndex(0), isIPv4: true)
        #expect(pool.reserve(nothing, PortWish(RealmIndex(1), isIPv4: true)) == nil)
        #expect(pool.counters.exhausted == 1)
    }

    @Test func bothLegsMayShareOnePort() throws {
        let pool = self.pool(1022...1023, workers: 1)
        let pair = try #require(
            pool.reserve(
                PortWish(RealmIndex(0), isIPv4: true, mark: .ice),
                PortWish(RealmIndex(0), isIPv4: true, mark: .ice)))
        #expect(pair.a.rtp == pair.b.rtp && pair.a.share != pair.b.share)
        #expect(pool.counters.reserved == 1 && pool.counters.shared == 2)
        pool.release(pair.a)
        #expect(pool.counters.reserved == 1 && pool.isReserved(pair.b))
        pool.release(pair.b)
        #expect(pool.counters.reserved == 0)
    }

    @Test func theTableOfAWorkerIsBounded() throws {
        let pool = self.pool(workers: 2, most: 2)
        let legs = try (0..<4).map { _ in try self.take(pool, .ice) }
        #expect(legs.allSatisfy(\.isShared) && pool.counters.sharesExhausted == 0)
        #expect(try !self.take(pool, .ice).isShared)
        #expect(pool.counters.sharesExhausted == 1)
        pool.release(legs[1])
        let more = try (0..<2).map { _ in try self.take(pool, .ice) }
        #expect(more.filter(\.isShared).map(\.rtp) == [legs[1].rtp])
    }

    @Test func aPartyThatMovesTakesItsEndpointAlong() throws {
        let pool = self.pool(workers: 1)
        let first = try self.take(pool, self.party(4000))
        let second = try self.take(pool, self.party(5000))
        pool.mark(first, .nothing)
        #expect(try !self.take(pool, self.party(4000)).isShared, "nothing new is known")
        pool.mark(first, self.party(6000))
        #expect(try !self.take(pool, self.party(6000)).isShared)
        #expect(try !self.take(pool, self.party(4000)).isShared, "it rests")
        pool.mark(first, self.party(4000))
        pool.advance(toNs: 20 * Self.second)
        #expect(try !self.take(pool, self.party(4000)).isShared, "and may come back to it")
        // What another one has stays that one's.
        pool.mark(first, self.party(5000))
        pool.release(first)
        #expect(try !self.take(pool, self.party(5000)).isShared)
        pool.mark(second, .ice)
        pool.advance(toNs: 40 * Self.second)
        #expect(try self.take(pool, self.party(5000)).isShared)
    }

    @Test func callsThatLiveOn() throws {
        let pool = self.pool(workers: 1)
        let rtp = SocketAddress(address: IPAddress(ipv4: 1), port: 1020)
        let (one, two) = (
            MediaPort(addressIndex: 0, rtp: rtp, share: 7),
            MediaPort(addressIndex: 0, rtp: rtp, share: 8)
        )
        #expect(pool.reserve(again: one, mark: self.party(4000)))
        #expect(pool.reserve(again: two, mark: .ice))
        #expect(!pool.reserve(again: two, mark: .ice))
        #expect(!pool.reserve(again: MediaPort(addressIndex: 0, rtp: rtp)), "not alone")
        #expect(pool.counters.misuse == 2 && pool.counters.shared == 2)
        #expect(pool.isReserved(one) && pool.isReserved(two))
        #expect(!pool.isReserved(MediaPort(addressIndex: 0, rtp: rtp)))
        #expect(try !self.take(pool, self.party(4000)).isShared)
        #expect(try self.take(pool, self.party(4002)).rtp == rtp)
        // A flow of before: its party rests, unless a call has it; the port does not.
        let source = { SocketAddress(address: IPAddress(ipv4: 0xc633_6401), port: $0) }
        pool.advance(toNs: 100 * Self.second)
        pool.rest(AddressIndex(0), port: 1020, source: source(4000), sinceNs: .max)
        pool.rest(AddressIndex(0), port: 1020, source: source(6000), sinceNs: .max)
        pool.rest(AddressIndex(0), port: 1020, sinceNs: .max)
        #expect(try !self.take(pool, self.party(6000)).isShared)
        #expect(try self.take(pool, .ice).rtp == rtp)
        pool.advance(toNs: 110 * Self.second)
        #expect(try self.take(pool, self.party(6000)).isShared)
    }

    /// The mode was switched on, or off, between two processes of ours.
    @Test func callsOfTheOtherMode() throws {
        let rtp = SocketAddress(address: IPAddress(ipv4: 1), port: 1020)
        let alone = MediaPort(addressIndex: 0, rtp: rtp)
        let on = self.pool(1020...1023, workers: 1)
        #expect(on.reserve(again: alone) && on.isReserved(alone))
        #expect(try !self.take(on, .ice).isShared, "one leg has it alone")
        on.advance(toNs: Self.second)
        on.release(alone)
        let ice = PortWish(RealmIndex(0), isIPv4: true, mark: .ice)
        #expect(on.reserve(ice, PortWish(RealmIndex(1), isIPv4: true)) == nil, "it rests")
        on.advance(toNs: 11 * Self.second)
        #expect(try self.take(on, .ice).rtp == rtp)

        let off = self.pool(1020...1021, workers: 1, realms: [])
        let legs = [1, 2].map { MediaPort(addressIndex: 0, rtp: rtp, share: $0) }
        for leg in legs { #expect(off.reserve(again: leg, mark: .ice)) }
        #expect(off.counters.reserved == 1 && off.counters.shared == 2)
        off.release(legs[0])
        let wish = PortWish(RealmIndex(0), isIPv4: true)
        #expect(off.reserve(wish, PortWish(RealmIndex(1), isIPv4: true)) == nil)
        off.release(legs[1])
        off.advance(toNs: 11 * Self.second)
        #expect(try self.take(off, .ice) == alone, "an ordinary port again")
    }

    @Test func anotherConfigurationKeepsWhatIsInUse() throws {
        let pool = self.pool(workers: 1)
        let leg = try self.take(pool, self.party(4000))
        self.configure(pool, 1024...2047, workers: 1)
        #expect(pool.isReserved(leg) && pool.counters.shared == 1)
        #expect(try self.take(pool, self.party(4000)).rtp.port == 1024)
        pool.release(leg)
        #expect(pool.counters.misuse == 0 && pool.counters.shared == 1)
        self.configure(pool, workers: 1)
        #expect(try self.take(pool, .ice).rtp.port == 1020)
    }
}
