// SPDX-License-Identifier: Apache-2.0

import Glibc
import NetworkAddress
import SIPTransaction
import Testing

@testable import SIPTransport

@Test(arguments: ["127.0.0.1", "::1"])
func datagramsAreAnswered(address: String) throws {
    let fixture = try TransportFixture()
    let local = try fixture.listen(.udp, address)
    fixture.onReceived = { $0.set.send($1, to: $2) }
    let peer = Peer(SOCK_DGRAM, ipv6: !local.address.isIPv4)
    #expect(peer.connect(local))
    for number in 0..<5 {
        #expect(peer.send(message(number)))
        var echoed: [UInt8] = []
        #expect(
            fixture.wait { _ in
                echoed = peer.poll() ?? []
                return !echoed.isEmpty
            })
        #expect(echoed == message(number))
    }
    #expect(fixture.received.count == 5)
    #expect(fixture.set.counters.sent == 5)
}

@Test func aBurstOfDatagramsArrivesWhole() throws {
    let fixture = try TransportFixture()
    let local = try fixture.listen(.udp)
    let peer = Peer(SOCK_DGRAM)
    #expect(peer.connect(local))
    for number in 0..<100 { #expect(peer.send(message(number, body: number * 10))) }
    #expect(fixture.wait { $0.received.count == 100 })
    #expect(fixture.received.map(\.bytes) == (0..<100).map { message($0, body: $0 * 10) })
}

@Test func largestDatagramAndPings() throws {
    let fixture = try TransportFixture()
    let local = try fixture.listen(.udp)
    let peer = Peer(SOCK_DGRAM)
    #expect(peer.connect(local))
    for ping in ["\r\n\r\n", "\r\n", "\0", ""] { #expect(peer.send(Array(ping.utf8))) }
    let largest = message(pad: 65_507 - message().count)
    #expect(largest.count == 65_507)
    #expect(peer.send(largest))
    #expect(fixture.wait { $0.received.count == 1 })
    #expect(fixture.received.first?.bytes == largest)
    #expect(fixture.set.counters.keepAlives == 4)
}

@Test func aDatagramThatIsTooLargeFails() throws {
    let fixture = try TransportFixture()
    let local = try fixture.listen(.udp)
    let hop = Hop(listener: ListenerIndex(rawValue: 0), transport: .udp, remote: local)
    fixture.set.send(message(pad: 70_000), to: hop)
    #expect(fixture.wait { $0.failures.count == 1 })
    #expect(fixture.set.counters.failed == 1)
}

@Test(arguments: [false, true])
func closedPortIsReportedWithItsAddress(ipv6: Bool) throws {
    let fixture = try TransportFixture()
    let local = try fixture.listen(.udp, ipv6 ? "::1" : "127.0.0.1")
    let index = ListenerIndex(rawValue: 0)
    let open = Hop(listener: index, transport: .udp, remote: local)
    // A port that was just free: nobody is there.
    let closed = SocketAddress(address: local.address, port: local.port ^ 1)
    let dead = Hop(listener: index, transport: .udp, remote: closed)
    fixture.set.send(message(1), to: dead)
    // The error of the first does not harm one for another address.
    fixture.set.send(message(2), to: open)
    #expect(fixture.wait { $0.lost.count == 1 && $0.received.count == 1 })
    #expect(fixture.lost.first?.hop == dead)
    #expect(fixture.lost.first?.error?.description.contains("ECONNREFUSED") == true)
    #expect(fixture.failures.isEmpty)
    #expect(fixture.set.counters.unreachable == 1)
}

@Test func sendingWithoutAListenerFails() throws {
    let fixture = try TransportFixture()
    let local = try fixture.listen(.udp)
    for transport in TransportProtocol.allCases {
        let hop = Hop(
            listener: ListenerIndex(rawValue: 5), transport: transport, remote: local)
        fixture.set.send(message(), to: hop)
    }
    #expect(fixture.wait { $0.failures.count == 3 })
}
