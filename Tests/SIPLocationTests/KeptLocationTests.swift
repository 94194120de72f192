// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPTransaction
import Testing

@testable import SIPLocation

private func location(_ last: UInt32, ttl: UInt32 = 60) -> Location {
    Location(
        servers: [
            LocatedServer(
                address: SocketAddress(
                    address: IPAddress(ipv4: 0xc000_0200 + last), port: 5060),
                transport: .udp, priority: 0, weight: 1)
        ], ttl: ttl)
}

@Test func aGoodAnswerOutlivesItsTimeWhileNoOtherComes() {
    var kept = KeptLocation(now: 1000)
    // Inside of an expectation nothing can be changed.
    func look(_ outcome: Result<Location, LocationFailure>, _ now: UInt64) -> Bool {
        kept.looked(outcome, now: now)
    }
    #expect(kept.refreshAt == 1000 && kept.servers.isEmpty && !kept.isStale(5000))
    #expect(look(.success(location(1)), 1000))
    #expect(kept.refreshAt == 61_000 && !kept.isStale(61_000))
    // Pauses grow, up to a minute.
    var now: UInt64 = 61_000
    for wait: UInt64 in [5000, 10_000, 20_000, 40_000, 60_000, 60_000] {
        #expect(!look(.failure(.unanswered(.timeout)), now))
        #expect(kept.refreshAt == now + wait)
        #expect(kept.servers == location(1).servers)
        #expect(kept.failure == .unanswered(.timeout))
        now = kept.refreshAt
        #expect(kept.isStale(now))
    }
    // The same answer again changes nothing, another one does.
    #expect(!look(.success(location(1)), now) && kept.failure == nil)
    #expect(!kept.isStale(now))
    #expect(look(.success(location(2)), now))
    // An answer that there is nothing counts.
    #expect(look(.failure(.noAddress(ttl: 30)), now))
    #expect(kept.servers.isEmpty && kept.refreshAt == now + 30_000 && !kept.isStale(now + 99_000))
    #expect(!look(.failure(.notOffered(ttl: 30)), now))
    #expect(kept.failure == .notOffered(ttl: 30))
    #expect(!look(.failure(.unanswered(.refused)), now) && kept.servers.isEmpty)
    for _ in 0..<100 { _ = kept.looked(.failure(.unanswered(.refused)), now: now) }
    #expect(kept.refreshAt == now + 60_000)
}
