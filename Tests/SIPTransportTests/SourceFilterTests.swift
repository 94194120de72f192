// SPDX-License-Identifier: Apache-2.0

import Glibc
import NetworkAddress
import SIPTransaction
import Testing

@testable import SIPTransport

/// What the kernel's machine makes of a program and an IP header.
private func passes(_ filter: SourceFilter, _ source: IPAddress) -> Bool? {
    let start = source.isIPv4 ? 12 : 8
    let octets = source.isIPv4 ? Array(source.networkBytes.suffix(4)) : source.networkBytes
    let header = [UInt8](repeating: 0x45, count: start) + octets
    var accumulator: UInt32 = 0
    var position = 0
    while filter.instructions.indices.contains(position) {
        let instruction = filter.instructions[position]
        position += 1
        switch instruction.code {
        case 0x20:
            let offset = Int(instruction.value &- UInt32(bitPattern: -0x100000))
            guard offset + 4 <= header.count else { return nil }
            accumulator = header[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
        case 0x54: accumulator &= instruction.value
        case 0x15:
            let taken = accumulator == instruction.value
            position += Int(taken ? instruction.whenTrue : instruction.whenFalse)
        case 0x06: return instruction.value != 0
        default: return nil
        }
    }
    return nil
}

private func prefixes(_ texts: [String]) throws -> [AddressPrefix] {
    try texts.map { try #require(AddressPrefix($0)) }
}

@Test func aFilterLetsInExactlyItsSources() throws {
    let sources = try prefixes([
        "198.51.100.7", "203.0.113.0/24", "192.0.2.128/25", "2001:db8::1", "2001:db8:4000::/34",
        "2001:db8:1:2:3::/80",
    ])
    let known = ["198.51.100.7", "203.0.113.0", "203.0.113.255", "192.0.2.128", "192.0.2.255"]
    let strange = ["198.51.100.6", "203.0.112.255", "203.0.114.0", "192.0.2.127", "0.0.0.0"]
    let four = SourceFilter(sources: sources, isIPv4: true)
    for text in known { #expect(passes(four, try #require(IPAddress(text))) == true, "\(text)") }
    for text in strange { #expect(passes(four, try #require(IPAddress(text))) == false, "\(text)") }
    let six = SourceFilter(sources: sources, isIPv4: false)
    for text in ["2001:db8::1", "2001:db8:7fff::9", "2001:db8:1:2:3:4:5:6"] {
        #expect(passes(six, try #require(IPAddress(text))) == true, "\(text)")
    }
    for text in ["2001:db8::2", "2001:db8:8000::1", "2001:db8:1:2:4::", "::"] {
        #expect(passes(six, try #require(IPAddress(text))) == false, "\(text)")
    }
    #expect(
        passes(SourceFilter(sources: [], isIPv4: true), IPAddress(ipv4: 1)) == false)
    let all = SourceFilter(sources: try prefixes(["0.0.0.0/0"]), isIPv4: true)
    #expect(passes(all, IPAddress(ipv4: 0xffff_ffff)) == true)
}

@Test(arguments: [true, false]) func tooManySourcesBecomeLargerBlocks(isIPv4: Bool) {
    var dice = SystemRandomNumberGenerator()
    let sources = (0..<5000).map { _ in
        isIPv4
            ? IPAddress(ipv4: UInt32.random(in: .min ... .max, using: &dice))
            : IPAddress(
                high: 0x2001_0db8_0000_0000 | UInt64.random(in: 0...0xffff_ffff, using: &dice),
                low: .random(in: .min ... .max, using: &dice))
    }
    let filter = SourceFilter(sources: sources.map { AddressPrefix($0) }, isIPv4: isIPv4)
    #expect(filter.instructions.count <= SourceFilter.instructionsMax)
    #expect(sources.allSatisfy { passes(filter, $0) == true })
}

@Test(arguments: [false, true]) func theKernelKeepsStrangersOut(ipv6: Bool) throws {
    var limits = TransportLimits()
    limits.strangersPerTenth = 5
    limits.shutMilliseconds = 300
    let fixture = try TransportFixture(limits: limits)
    let local = try fixture.listen(.udp, ipv6 ? "::1" : "127.0.0.1")
    fixture.known = []
    let peer = Peer(SOCK_DGRAM, ipv6: ipv6)
    #expect(peer.connect(local))
    for number in 0..<5 { #expect(peer.send(message(number))) }
    #expect(fixture.wait { $0.set.shutSockets == 1 })
    #expect(fixture.set.counters.shutOuts == 1)
    for number in 0..<7 { #expect(peer.send(message(number))) }
    fixture.settle(20)
    fixture.set.countKernelDrops()
    #expect(fixture.set.counters.droppedWhileShut == 7)
    #expect(fixture.refused == 5)
    // He becomes known while it lasts.
    fixture.known = [AddressPrefix(local.address)]
    fixture.set.followSources()
    #expect(fixture.set.shutSockets == 1)
    #expect(peer.send(message(20)))
    #expect(fixture.wait { $0.received.count == 1 })
    // It opens by itself, and shuts again.
    #expect(fixture.wait { $0.set.shutSockets == 0 })
    fixture.known = []
    #expect(peer.send(message(21)))
    #expect(fixture.wait { $0.refused == 6 })
    fixture.set.countKernelDrops()
    #expect(fixture.set.counters.droppedWhileShut == 7)
    #expect(fixture.set.counters.droppedForRoom == 0)
}

@Test func theKernelTakesTheLongestFilter() throws {
    let fixture = try TransportFixture()
    for ipv6 in [false, true] {
        // Three instructions for an address of IPv4, nine for one of IPv6, and one more.
        let count = (SourceFilter.instructionsMax - 1) / (ipv6 ? 9 : 3)
        let all = (1...UInt32(count)).map { number in
            AddressPrefix(
                ipv6
                    ? IPAddress(high: 0x2001_0db8_0000_0000, low: UInt64(number))
                    : IPAddress(ipv4: 0xc633_6400 | number))
        }
        let filter = SourceFilter(sources: all, isIPv4: !ipv6)
        #expect(filter.instructions.count > SourceFilter.instructionsMax - 9)
        let socket = try UDPSocket(
            loop: fixture.loop,
            address: SocketAddress(
                address: try #require(IPAddress(ipv6 ? "::1" : "127.0.0.1")), port: 0))
        #expect(socket.attach(filter))
        socket.detachFilter()
        socket.close()
    }
}
