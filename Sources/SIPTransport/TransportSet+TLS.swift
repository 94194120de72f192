// SPDX-License-Identifier: Apache-2.0

internal import NetworkAddress
internal import SIPMessage
public import SIPTransaction
public import TLS

// Handshakes, whose connection is whose, and connections that a peer opened for both directions.
extension TransportSet {
    /// The session under a connection; nil where it is gone or has none.
    public func session(of connection: ConnectionID?) -> TLSSession? {
        connection.flatMap { self.connections[$0]?.tls?.session }
    }

    /// Ends a connection: whoever is there is to come again, and to show who he is.
    public func disconnect(_ connection: ConnectionID?) {
        guard let connection else { return }
        self.connections[connection]?.close(.recycled)
    }

    /// Connections whose session `isOld` take no new requests, and end when they are quiet.
    public func recycle(where isOld: (TLSSession) -> Bool) {
        for connection in self.connections.values {
            if let session = connection.tls?.session, isOld(session) { connection.drain() }
        }
    }

    /// Handshakes that are not finished, of connections that came in.
    public var handshakesInProgress: Int { self.handshakes.total }

    /// Octets that a stream of this transport may queue.
    func room(_ transport: TransportProtocol) -> Int {
        self.limits.queuedBytes + (transport == .tls ? TLSStream.overheadBytes : 0)
    }

    /// What stands over a connection that came in; nil: it is refused, and counted.
    func secure(_ stream: ByteStream, accepting source: Hop) -> (any OctetStream)? {
        guard source.transport == .tls else { return stream }
        let address = source.remote.address
        guard self.handshakes.count(of: address) < self.limits.handshakesPerSource
            || self.displaceHandshake(of: address)
        else {
            self.counters.refusedHandshakesPerSource &+= 1
            return nil
        }
        guard self.handshakes.total < self.limits.handshakes || self.displaceHandshake() else {
            self.counters.refusedHandshakes &+= 1
            return nil
        }
        guard let session = self.tls?.session(accepting: source) else {
            self.counters.refusedUnknown &+= 1
            return nil
        }
        self.handshakes.add(address)
        return TLSStream(
            stream, session: session, loop: self.loop, queueLimit: self.limits.queuedBytes)
    }

    /// What stands over a connection that is being opened.
    func secure(
        _ stream: ByteStream, connecting target: Hop
    ) throws(TransportError) -> any OctetStream {
        guard target.transport == .tls else { return stream }
        guard let session = self.tls?.session(connecting: target) else {
            throw TransportError("TLS to \(target.remote)", code: Self.notSupported)
        }
        return TLSStream(
            stream, session: session, loop: self.loop, queueLimit: self.limits.queuedBytes)
    }

    /// A connection stands; with TLS, its handshake has ended well.
    func handshakeEnded(_ connection: StreamConnection) {
        guard let session = connection.tls?.session else { return }
        self.counters.handshakes &+= 1
        if session.peer?.isResumed == true { self.counters.resumed &+= 1 }
        if connection.isIncoming { self.handshakes.remove(connection.hop.remote.address) }
    }

    /// A connection is closed; perhaps within its handshake.
    func handshakeClosed(_ connection: StreamConnection, _ reason: StreamConnection.CloseReason) {
        guard let tls = connection.tls else { return }
        if tls.wasTruncated { self.counters.truncated &+= 1 }
        guard !connection.hasStood else { return }
        if connection.isIncoming { self.handshakes.remove(connection.hop.remote.address) }
        guard case .connectFailed(let error) = reason else { return }
        if connection.isIncoming, tls.session.state == .handshake, error.code == Self.timedOut {
            self.counters.handshakesSlow &+= 1
        } else {
            self.counters.handshakesFailed &+= 1
        }
        self.tls?.handshakeFailed(connection.hop, error)
    }

    // MARK: Connection reuse

    /// A peer that says `alias` in its Via takes requests over the connection that it opened (RFC
    /// 5923 section 5), where its certificate vouches for the address that it names there.
    func lookForAlias(_ connection: StreamConnection, _ message: [UInt8]) {
        guard connection.isIncoming, connection.aliases.isEmpty,
            connection.aliasLooks < Self.aliasLooksMax,
            let session = connection.tls?.session, let names = session.peer?.names
        else { return }
        connection.aliasLooks += 1
        guard let message = try? SIPMessage.parse(message, framing: .stream),
            message.method != nil, let via = try? message.topVia(), via.parameters.has("alias")
        else { return }
        let source = connection.hop.remote.address
        guard via.host.address == source || Self.isNamed(via, names, session.policy) else {
            return
        }
        let place = Remote(
            listener: connection.hop.listener, transport: .tls,
            address: SocketAddress(
                address: source, port: ResponseRouting.port(of: via, over: .tls)))
        if let id = self.byRemote[place], self.connections[id]?.takesRequests == true { return }
        self.byRemote[place] = connection.id
        connection.aliases = [place]
        self.counters.aliases &+= 1
    }

    private static func isNamed(
        _ via: Via, _ names: CertificateNames, _ policy: TLSPeerPolicy
    ) -> Bool {
        policy.rule.matches(names, String(decoding: via.host.bytes, as: UTF8.self))
    }

    /// Messages of one connection in which an alias is looked for.
    private static let aliasLooksMax = 8
    private static let timedOut: Int32 = -110
}

/// How many of something there are, in all and of each source.
struct SourceCount {
    private(set) var total = 0
    private var bySource: [IPAddress: Int] = [:]

    func count(of source: IPAddress) -> Int { self.bySource[source, default: 0] }

    mutating func add(_ source: IPAddress) {
        self.total += 1
        self.bySource[source, default: 0] += 1
    }

    mutating func remove(_ source: IPAddress) {
        guard let count = self.bySource[source] else { return }
        self.total -= 1
        self.bySource[source] = count > 1 ? count - 1 : nil
    }
}
