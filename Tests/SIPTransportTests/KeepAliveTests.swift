// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPTransaction
import Testing

@testable import SIPTransport

@Suite struct KeepAliveTests {
    /// A connection that we opened to a listening peer, pinged every 100 ms.
    private func connect(_ fixture: TransportFixture) throws -> Peer {
        let listener = Peer()
        let address = try #require(listener.bind(listening: true))
        _ = try fixture.set.listen(
            ListenerIndex(rawValue: 0), transport: .tcp,
            address: SocketAddress(address: IPAddress(ipv4: 0x7f00_0001), port: 0),
            pingMilliseconds: 100)
        fixture.set.send(
            message(),
            to: Hop(listener: ListenerIndex(rawValue: 0), transport: .tcp, remote: address))
        let peer = listener.accept()
        var first: [UInt8] = []
        #expect(
            fixture.wait { _ in
                first += peer.poll() ?? []
                return first.count >= message().count
            })
        return peer
    }

    private func limits() -> TransportLimits {
        var limits = TransportLimits()
        limits.pongMilliseconds = 150
        return limits
    }

    @Test func aPeerThatAnswersIsPingedOn() throws {
        let fixture = try TransportFixture(limits: self.limits())
        let peer = try self.connect(fixture)
        for _ in 0..<5 {
            #expect(fixture.wait { _ in peer.poll() == [0x0d, 0x0a, 0x0d, 0x0a] })
            #expect(peer.send([0x0d, 0x0a]))
        }
        #expect(fixture.set.connectionCount == 1)
        #expect(fixture.set.counters.silentClosed == 0)
        // A pong is no ping: nothing was answered.
        #expect(fixture.set.counters.keepAlives == 0)
        #expect(peer.send(message(2)))
        #expect(fixture.wait { $0.received.count == 1 })
    }

    @Test func aPeerThatDoesNotAnswerLosesTheConnection() throws {
        let fixture = try TransportFixture(limits: self.limits())
        let peer = try self.connect(fixture)
        #expect(fixture.wait { $0.set.counters.silentClosed == 1 })
        #expect(fixture.set.connectionCount == 0)
        #expect(peer.poll() == [0x0d, 0x0a, 0x0d, 0x0a])
    }

    @Test func aPingOfThePeerIsNoPong() {
        var pings = KeepAlive(interval: 100, now: 0)
        #expect(pings.timeIsUp(99, 50) == .nothing)
        #expect(pings.timeIsUp(100, 50) == .ping)
        let ping = KeepAlive.ping
        let taken = ping.withUnsafeBytes {
            pings.received($0, isBetweenMessages: true, 110)
        }
        #expect(taken == 0)
        // But it is a sign of life.
        #expect(pings.timeIsUp(160, 50) == .nothing)
        #expect(pings.timeIsUp(200, 50) == .ping)
        #expect(pings.timeIsUp(249, 50) == .nothing)
        #expect(pings.timeIsUp(250, 50) == .silent)
    }

    @Test func pingsOfALongTimeAreNoFlood() throws {
        let fixture = try TransportFixture()
        let peer = Peer()
        #expect(peer.connect(try fixture.listen(.tcp)))
        #expect(peer.send(message()))
        #expect(fixture.wait { $0.received.count == 1 })
        // More than the limit at once is one.
        #expect(peer.send([UInt8](repeating: 0, count: 0) + Self.pings(300)))
        #expect(fixture.wait { $0.malformed.count == 1 })
    }

    private static func pings(_ count: Int) -> [UInt8] {
        Array(repeating: KeepAlive.ping, count: count).flatMap { $0 }
    }
}
