// SPDX-License-Identifier: Apache-2.0

import Glibc
import NetworkAddress
import SIPMessage
import SIPTransaction
import Testing

@testable import SIPTransport

/// A set of transports on a loop that the test itself runs, and what it reported.
final class TransportFixture: TransportOwner {
    let loop: EventLoop
    private(set) var received: [(bytes: [UInt8], hop: Hop)] = []
    private(set) var malformed: [SIPParseError] = []
    private(set) var failures: [(hop: Hop, error: TransportError)] = []
    private(set) var lost: [(hop: Hop, error: TransportError?)] = []
    var onReceived: ((TransportFixture, [UInt8], Hop) -> Void)?
    var onMalformed: ((TransportFixture, Hop) -> Void)?
    /// With a value: who is let in, and all others are strangers.
    var known: [AddressPrefix]? { didSet { self.sourcesVersion += 1 } }
    private(set) var sourcesVersion: UInt64 = 0
    private(set) var refused = 0
    private var storage: TransportSet?

    init(limits: TransportLimits = .init()) throws {
        self.loop = try EventLoop()
        self.storage = TransportSet(loop: self.loop, limits: limits, owner: self)
    }

    deinit {
        self.storage?.close()
        self.loop.close()
    }

    var set: TransportSet {
        guard let storage else { preconditionFailure("set before init") }
        return storage
    }

    func listen(
        _ transport: TransportProtocol, _ address: String = "127.0.0.1", index: UInt16 = 0
    ) throws -> SocketAddress {
        let address = try #require(IPAddress(address))
        return try self.set.listen(
            ListenerIndex(rawValue: index), transport: transport,
            address: SocketAddress(address: address, port: 0))
    }

    /// Lets the peer connect to a new listener and send one message; where that came from.
    func hear(_ peer: Peer) throws -> Hop {
        try #require(peer.connect(try self.listen(.tcp)))
        try #require(peer.send(message()))
        try #require(self.wait { $0.received.count == 1 })
        return try #require(self.received.first?.hop)
    }

    func wait(_ condition: (TransportFixture) -> Bool) -> Bool {
        // In steps, because what a peer sees changes without an event of this loop.
        for _ in 0..<5000 where self.loop.run(for: 2, until: { condition(self) }) { return true }
        return false
    }

    /// Lets some turns pass, to see that nothing happens.
    func settle(_ milliseconds: UInt64 = 50) {
        _ = self.loop.run(for: milliseconds) { false }
    }

    func admits(_ hop: Hop) -> Bool {
        let isIn = self.isKnown(hop)
        if !isIn { self.refused += 1 }
        return isIn
    }

    func isKnown(_ hop: Hop) -> Bool {
        self.known?.contains { $0.contains(hop.remote.address) } ?? true
    }

    func sources(at listener: ListenerIndex) -> [AddressPrefix] { self.known ?? [] }

    func received(_ bytes: [UInt8], from hop: Hop) {
        self.received.append((bytes, hop))
        self.onReceived?(self, bytes, hop)
    }

    func malformed(_ error: SIPParseError, octets: [UInt8], from hop: Hop) {
        self.malformed.append(error)
        self.onMalformed?(self, hop)
    }

    func failed(_ hop: Hop, owner: TransactionID?, _ error: TransportError) {
        self.failures.append((hop, error))
    }

    func lost(_ hop: Hop, _ error: TransportError?) {
        self.lost.append((hop, error))
    }
}

/// A plain socket of the system, as a peer.
final class Peer {
    let descriptor: Int32
    private(set) var isClosed = false

    init(_ type: __socket_type = SOCK_STREAM, ipv6: Bool = false) {
        self.descriptor = socket(ipv6 ? AF_INET6 : AF_INET, Int32(type.rawValue), 0)
        var timeout = timeval(tv_sec: 4, tv_usec: 0)
        setsockopt(
            self.descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout,
            socklen_t(MemoryLayout<timeval>.size))
    }

    init(accepted descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit { self.close() }

    func close() {
        guard !self.isClosed else { return }
        self.isClosed = true
        Glibc.close(self.descriptor)
    }

    /// Closes so that the other end gets a reset.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(
            self.descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        self.close()
    }

    func connect(_ address: SocketAddress) -> Bool {
        let size =
            address.address.isIPv4
            ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
        return address.withSockaddr { Glibc.connect(self.descriptor, $0, socklen_t(size)) } == 0
    }

    /// Binds to the loopback and says where.
    func bind(listening: Bool = false) -> SocketAddress? {
        let any = SocketAddress(address: IPAddress(ipv4: 0x7f00_0001), port: 0)
        let status = any.withSockaddr {
            Glibc.bind(self.descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
        guard status == 0, !listening || listen(self.descriptor, 8) == 0 else { return nil }
        return SocketAddress.ask { address, size in
            var length = socklen_t(size.pointee)
            return getsockname(self.descriptor, address, &length)
        }
    }

    func accept() -> Peer {
        Peer(accepted: Glibc.accept(self.descriptor, nil, nil))
    }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        Glibc.send(self.descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    /// What is there now, without waiting; nil at the end or after a reset.
    func poll() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(self.descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        if count < 0 { return errno == EAGAIN ? [] : nil }
        return count == 0 ? nil : Array(buffer[..<count])
    }
}

func response() -> [UInt8] {
    Array("SIP/2.0 200 OK\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n".utf8)
}

func message(_ number: Int = 1, body: Int = 0, pad: Int = 0) -> [UInt8] {
    let text =
        "OPTIONS sip:a@example.com SIP/2.0\r\nCSeq: \(number) OPTIONS\r\n"
        + "Subject: \(String(repeating: "x", count: pad))\r\nContent-Length: \(body)\r\n\r\n"
        + String(repeating: "b", count: body)
    return Array(text.utf8)
}
