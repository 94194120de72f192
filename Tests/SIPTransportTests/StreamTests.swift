// SPDX-License-Identifier: Apache-2.0

import Glibc
import NetworkAddress
import SIPMessage
import SIPTransaction
import Testing

@testable import SIPTransport

@Test(arguments: ["127.0.0.1", "::1"])
func connectionIsAnsweredOnTheSameConnection(address: String) throws {
    let fixture = try TransportFixture()
    let local = try fixture.listen(.tcp, address)
    fixture.onReceived = { $0.set.send($1, to: $2) }
    let peer = Peer(ipv6: !local.address.isIPv4)
    #expect(peer.connect(local))
    #expect(peer.send(message()))
    var echoed: [UInt8] = []
    #expect(
        fixture.wait { _ in
            echoed += peer.poll() ?? []
            return echoed.count >= message().count
        })
    #expect(echoed == message())
    #expect(fixture.received.first?.hop.transport == .tcp)
    #expect(fixture.received.first?.hop.remote.address == local.address)
    #expect(fixture.received.first?.hop.connection != nil)
}

@Test func messageCutAtEveryOctet() throws {
    let fixture = try TransportFixture()
    let local = try fixture.listen(.tcp)
    let peer = Peer()
    #expect(peer.connect(local))
    let bytes = message(body: 5)
    for cut in 1..<bytes.count {
        #expect(peer.send(Array(bytes[..<cut])))
        fixture.settle(1)
        #expect(peer.send(Array(bytes[cut...])))
        #expect(fixture.wait { $0.received.count == cut })
    }
    #expect(fixture.received.allSatisfy { $0.bytes == bytes })
}

@Test func pipelinedMessagesAndPings() throws {
    let fixture = try TransportFixture()
    let local = try fixture.listen(.tcp)
    let peer = Peer()
    #expect(peer.connect(local))
    let stream = (0..<20).flatMap { message($0, body: $0) + Array("\r\n\r\n".utf8) }
    #expect(peer.send(stream))
    #expect(fixture.wait { $0.received.count == 20 })
    #expect(fixture.received.map(\.bytes) == (0..<20).map { message($0, body: $0) })
    #expect(fixture.wait { $0.set.counters.keepAlives == 20 })
    var answered: [UInt8] = []
    #expect(
        fixture.wait { _ in
            answered += peer.poll() ?? []
            return answered.count >= 40
        })
    #expect(answered == Array(String(repeating: "\r\n", count: 20).utf8))
}

@Test func overLongMessageIsAnsweredAndTheConnectionClosed() throws {
    let fixture = try TransportFixture()
    let local = try fixture.listen(.tcp)
    fixture.onMalformed = { $0.set.send(Array("SIP/2.0 513 x\r\n\r\n".utf8), to: $1) }
    let peer = Peer()
    #expect(peer.connect(local))
    let head = message(body: 1 << 20).prefix(100)
    #expect(peer.send(Array(message(1, body: SIPLimits.messageBytes).prefix(head.count + 60))))
    #expect(fixture.wait { $0.malformed.count == 1 })
    #expect(fixture.malformed.first?.code == .messageTooLarge)
    var answer: [UInt8] = []
    var isEnded = false
    #expect(
        fixture.wait { _ in
            if let bytes = peer.poll() { answer += bytes } else { isEnded = true }
            return isEnded
        })
    #expect(String(decoding: answer, as: UTF8.self).hasPrefix("SIP/2.0 513"))
    peer.close()
    #expect(fixture.wait { $0.set.connectionCount == 0 })
    #expect(fixture.set.counters.malformedStreams == 1)
}

@Test func endlessHeadersAreCutOff() throws {
    let fixture = try TransportFixture()
    let local = try fixture.listen(.tcp)
    let peer = Peer()
    #expect(peer.connect(local))
    #expect(peer.send(Array("OPTIONS sip:a SIP/2.0\r\nX: ".utf8)))
    let chunk = [UInt8](repeating: 0x78, count: 16384)
    #expect(
        fixture.wait {
            if $0.malformed.isEmpty { peer.send(chunk) }
            return $0.malformed.count == 1
        })
}

@Test func halfClosedPeerStillGetsItsAnswer() throws {
    let fixture = try TransportFixture()
    let local = try fixture.listen(.tcp)
    let peer = Peer()
    #expect(peer.connect(local))
    #expect(peer.send(message()))
    #expect(shutdown(peer.descriptor, Int32(SHUT_WR)) == 0)
    #expect(fixture.wait { $0.received.count == 1 })
    fixture.settle()
    #expect(fixture.set.connectionCount == 1)
    let hop = try #require(fixture.received.first?.hop)
    fixture.set.send(response(), to: hop)
    var answer: [UInt8] = []
    #expect(
        fixture.wait { _ in
            answer += peer.poll() ?? []
            return answer == response()
        })
    #expect(fixture.failures.isEmpty)
}

@Test func halfClosedConnectionIsNotKeptForEver() throws {
    var limits = TransportLimits()
    limits.halfClosedMilliseconds = 20
    let fixture = try TransportFixture(limits: limits)
    let peer = Peer()
    _ = try fixture.hear(peer)
    #expect(shutdown(peer.descriptor, Int32(SHUT_WR)) == 0)
    #expect(fixture.wait { $0.set.connectionCount == 0 })
}

@Test func connectionLimits() throws {
    var limits = TransportLimits()
    limits.connections = 6
    limits.connectionsPerSource = 4
    let fixture = try TransportFixture(limits: limits)
    let first = try fixture.listen(.tcp)
    let second = try fixture.listen(.tcp, "::1", index: 1)
    let peers = (0..<5).map { _ in Peer() }
    for peer in peers { #expect(peer.connect(first)) }
    #expect(fixture.wait { $0.set.counters.refusedPerSource == 1 })
    #expect(fixture.set.connectionCount == 4)
    let others = (0..<3).map { _ in Peer(ipv6: true) }
    for peer in others { #expect(peer.connect(second)) }
    #expect(fixture.wait { $0.set.counters.refusedOverall == 1 })
    #expect(fixture.set.connectionCount == 6)
    // What ends makes room.
    peers[0].close()
    #expect(fixture.wait { $0.set.connectionCount == 5 })
    let late = Peer()
    #expect(late.connect(first))
    #expect(fixture.wait { $0.set.connectionCount == 6 })
}

@Test func resetByThePeerIsReported() throws {
    let fixture = try TransportFixture()
    let peer = Peer()
    let hop = try fixture.hear(peer)
    peer.reset()
    #expect(fixture.wait { $0.lost.count == 1 })
    #expect(fixture.lost.first?.hop == hop)
    #expect(fixture.lost.first?.error != nil)
    #expect(fixture.set.counters.broken == 1)
    // A response belongs to the connection of its request.
    fixture.set.send(response(), to: hop)
    #expect(fixture.failures.isEmpty)
    #expect(fixture.wait { $0.failures.count == 1 })
    #expect(fixture.failures.first?.hop == hop)
}

/// RFC 3261 section 18.1.1: a request goes over any connection to its target.
@Test(arguments: [false, true])
func requestsDoNotNeedTheConnectionThatIsNamed(halfClosed: Bool) throws {
    let fixture = try TransportFixture()
    let caller = Peer()
    var hop = try fixture.hear(caller)
    let server = Peer()
    hop.remote = try #require(server.bind(listening: true))
    if halfClosed {
        shutdown(caller.descriptor, Int32(SHUT_WR))
        fixture.settle()
    } else {
        caller.reset()
        #expect(fixture.wait { $0.lost.count == 1 })
    }
    for number in 1...2 { fixture.set.send(message(number), to: hop) }
    #expect(fixture.wait { $0.set.counters.connected == 1 || !$0.failures.isEmpty })
    #expect(fixture.failures.isEmpty)
    try #require(fixture.set.counters.connected == 1)
    let peer = server.accept()
    let expected = message(1) + message(2)
    var bytes: [UInt8] = []
    #expect(
        fixture.wait { _ in
            bytes += peer.poll() ?? []
            return bytes.count >= expected.count
        })
    #expect(bytes == expected)
    guard halfClosed else { return }
    fixture.set.send(response(), to: hop)
    var answer: [UInt8] = []
    #expect(
        fixture.wait { _ in
            answer += caller.poll() ?? []
            return answer == response()
        })
}

@Test func connectingToAClosedPortFails() throws {
    let fixture = try TransportFixture()
    _ = try fixture.listen(.tcp)
    let closed = Peer()
    let remote = try #require(closed.bind())
    let hop = Hop(listener: ListenerIndex(rawValue: 0), transport: .tcp, remote: remote)
    fixture.set.send(message(1), to: hop)
    fixture.set.send(message(2), to: hop)
    #expect(fixture.wait { $0.failures.count == 2 && $0.lost.count == 1 })
    #expect(fixture.set.counters.connectFailures == 1)
    #expect(fixture.set.connectionCount == 0)
}

@Test func requestsReuseAConnection() throws {
    let fixture = try TransportFixture()
    _ = try fixture.listen(.tcp)
    let server = Peer()
    let remote = try #require(server.bind(listening: true))
    let hop = Hop(listener: ListenerIndex(rawValue: 0), transport: .tcp, remote: remote)
    for number in 0..<3 { fixture.set.send(message(number), to: hop) }
    let peer = server.accept()
    var bytes: [UInt8] = []
    let expected = (0..<3).flatMap { message($0) }
    #expect(
        fixture.wait { _ in
            bytes += peer.poll() ?? []
            return bytes.count >= expected.count
        })
    #expect(bytes == expected)
    #expect(fixture.set.counters.connected == 1)
    #expect(fixture.set.connectionCount == 1)
    // An answer that comes back names the connection.
    #expect(peer.send(message(7)))
    #expect(fixture.wait { $0.received.count == 1 })
    #expect(fixture.received.first?.hop.remote == remote)
    // And a request to a peer that connected to us goes its way back.
    peer.close()
    #expect(fixture.wait { $0.set.connectionCount == 0 })
    let caller = Peer()
    #expect(caller.connect(try #require(fixture.set.localAddress(of: hop.listener))))
    #expect(caller.send(message(8)))
    #expect(fixture.wait { $0.received.count == 2 })
    var back = try #require(fixture.received.last?.hop)
    back.connection = nil
    fixture.set.send(message(9), to: back)
    var request: [UInt8] = []
    #expect(
        fixture.wait { _ in
            request += caller.poll() ?? []
            return request == message(9)
        })
    #expect(fixture.set.counters.connected == 1)
}

@Test func aPeerThatDoesNotReadIsGivenUp() throws {
    var limits = TransportLimits()
    limits.queuedBytes = 200_000
    let fixture = try TransportFixture(limits: limits)
    let peer = Peer()
    let hop = try fixture.hear(peer)
    var sent = 0
    while fixture.failures.isEmpty, sent < 10_000 {
        fixture.set.send(message(body: 50_000), to: hop)
        sent += 1
        fixture.settle(1)
    }
    #expect(fixture.set.counters.queueFull == 1)
    #expect(fixture.wait { $0.set.connectionCount == 0 && $0.lost.count == 1 })
    // The refused message and those that waited, each once.
    #expect(fixture.wait { $0.failures.count >= 2 })
    #expect(UInt64(fixture.failures.count) == fixture.set.counters.failed)
}

@Test func idleAndSlowConnectionsAreClosed() throws {
    var limits = TransportLimits()
    limits.idleMilliseconds = 60
    limits.messageMilliseconds = 20
    let fixture = try TransportFixture(limits: limits)
    let local = try fixture.listen(.tcp)
    let idle = Peer()
    let slow = Peer()
    #expect(idle.connect(local))
    #expect(slow.connect(local))
    #expect(slow.send(Array("OPTIONS".utf8)))
    #expect(fixture.wait { $0.set.connectionCount == 0 && $0.set.counters.accepted == 2 })
    #expect(fixture.set.counters.idleClosed == 1)
    #expect(fixture.set.counters.slowClosed == 1)
}

@Test func addressInUseIsAnError() throws {
    let fixture = try TransportFixture()
    let taken = try fixture.listen(.tcp)
    let error = #expect(throws: TransportError.self) {
        try fixture.set.listen(ListenerIndex(rawValue: 1), transport: .tcp, address: taken)
    }
    #expect(error?.description.contains("listen tcp \(taken)") == true)
    #expect(error?.description.contains("EADDRINUSE") == true)
}
