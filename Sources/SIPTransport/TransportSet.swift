// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress
public import SIPMessage
public import SIPTransaction

/// What the transports of a shard tell their one owner; always on the loop's thread, and never
/// from within a call to the set.
public protocol TransportOwner: AnyObject {
    /// A message from there is worth its copying; asked before anything else is done with it.
    func admits(_ hop: Hop) -> Bool
    /// A connection from there is taken; `share` is how full the set is, in hundredths.
    func admits(connection hop: Hop, share: Int) -> Bool
    /// The source is none of a stranger; asked of datagrams that are not admitted.
    func isKnown(_ hop: Hop) -> Bool
    /// The sources that are known at a listener, and a number that changes when any of them do.
    func sources(at listener: ListenerIndex) -> [AddressPrefix]
    var sourcesVersion: UInt64 { get }
    /// A whole message came in; not examined yet. `hop` names the connection.
    func received(_ bytes: [UInt8], from hop: Hop)
    /// A stream lost the border of its messages. An answer sent to `hop` from within this call
    /// still leaves; then the connection is closed.
    func malformed(_ error: SIPParseError, octets: [UInt8], from hop: Hop)
    /// A message was not sent; `owner` is what `send` was given.
    func failed(_ hop: Hop, owner: TransactionID?, _ error: TransportError)
    /// A connection is gone, or the network says that an address cannot be reached: what was sent
    /// there and is not answered yet will hardly be.
    func lost(_ hop: Hop, _ error: TransportError?)
}

extension TransportOwner {
    /// Every message is.
    public func admits(_ hop: Hop) -> Bool { true }
    /// Every connection is.
    public func admits(connection hop: Hop, share: Int) -> Bool { true }
    /// Nobody is a stranger.
    public func isKnown(_ hop: Hop) -> Bool { true }
    /// None is known by its address.
    public func sources(at listener: ListenerIndex) -> [AddressPrefix] { [] }
    /// They never change.
    public var sourcesVersion: UInt64 { 0 }
}

/// Every listener and connection of one shard.
public final class TransportSet {
    /// The limits in force.
    public let limits: TransportLimits
    /// What was counted.
    public internal(set) var counters = TransportCounters()
    /// Asked for the sessions of TLS; without it no connection of TLS comes about.
    public weak var tls: (any TLSAuthority)?

    enum Listener {
        case datagrams(UDPSocket)
        case streams(ByteListener, SocketAddress)

        var localAddress: SocketAddress? {
            switch self {
            case .datagrams(let socket): socket.localAddress
            case .streams(_, let address): address
            }
        }
    }

    struct Remote: Hashable {
        let listener: ListenerIndex
        let transport: TransportProtocol
        let address: SocketAddress
    }

    let loop: EventLoop
    unowned let owner: any TransportOwner
    private(set) var listeners: [ListenerIndex: Listener] = [:]
    private var datagramIndexes: [ObjectIdentifier: ListenerIndex] = [:]
    private(set) var connections: [ConnectionID: StreamConnection] = [:]
    var byRemote: [Remote: ConnectionID] = [:]
    /// Handshakes of connections that came in.
    var handshakes = SourceCount()
    var handshakeQueue = HandshakeQueue()
    /// Of sockets for datagrams at which strangers came in a flood, or too many of them.
    var shutters: [ListenerIndex: Shutter] = [:]
    private var pingMilliseconds: [ListenerIndex: UInt64] = [:]
    private var incomingBySource: [IPAddress: Int] = [:]
    private var lastConnection: UInt64 = 0
    private var timers: LoopTimers<ConnectionID>?

    /// A set without listeners.
    public init(loop: EventLoop, limits: TransportLimits = .init(), owner: any TransportOwner) {
        self.loop = loop
        self.limits = limits
        self.owner = owner
        self.timers = LoopTimers(loop: loop) { [unowned self] id in
            self.connections[id]?.timeIsUp()
        }
    }

    /// Connections that are open or being opened.
    public var connectionCount: Int { self.connections.count }

    /// Opens a listener. Returns where it listens, with the port that the system chose for zero.
    /// Connections that are opened from it are pinged every `pingMilliseconds`; 0: never.
    @discardableResult
    public func listen(
        _ index: ListenerIndex, transport: TransportProtocol, address: SocketAddress,
        pingMilliseconds: UInt64 = 0
    ) throws(TransportError) -> SocketAddress {
        let listener: Listener
        switch transport {
        case .udp:
            let socket = try UDPSocket(loop: self.loop, address: address)
            socket.owner = self
            self.datagramIndexes[ObjectIdentifier(socket)] = index
            listener = .datagrams(socket)
        case .tcp, .tls:
            let stream = try ByteListener(
                loop: self.loop, address: address, queueLimit: self.room(transport)
            ) { [unowned self] stream in self.accept(stream, at: index, transport) }
            listener = .streams(stream, stream.localAddress ?? address)
        }
        self.close(index)
        self.listeners[index] = listener
        self.pingMilliseconds[index] = pingMilliseconds
        return listener.localAddress ?? address
    }

    /// Closes a listener; its connections stay.
    public func close(_ index: ListenerIndex) {
        switch self.listeners.removeValue(forKey: index) {
        case .datagrams(let socket):
            self.datagramIndexes[ObjectIdentifier(socket)] = nil
            self.shutters[index] = nil
            socket.close()
        case .streams(let listener, _): listener.close()
        case nil: break
        }
    }

    /// Closes everything.
    public func close() {
        for index in self.listeners.keys { self.close(index) }
        for connection in self.connections.values { connection.close(.shutDown) }
    }

    /// Where a listener listens.
    public func localAddress(of index: ListenerIndex) -> SocketAddress? {
        self.listeners[index]?.localAddress
    }

    // MARK: Sending

    /// Sends a message. Over a stream: on the connection that the hop names while it lives. Where
    /// none is named, and for a request where it is gone or takes none any more, on one to the
    /// hop's address, which is opened if need be. A response belongs to the connection of its
    /// request; where that is gone, the transaction says what comes next (RFC 3261 section 18.2.2).
    /// What goes wrong is reported by `failed`, with `owner`, after this call.
    public func send(_ bytes: [UInt8], to hop: Hop, owner: TransactionID? = nil) {
        if let error = self.trySend(bytes, to: hop, owner: owner) {
            self.report(hop, owner, error)
        } else {
            self.counters.sent &+= 1
        }
    }

    private func report(_ hop: Hop, _ owner: TransactionID?, _ error: TransportError) {
        self.counters.failed &+= 1
        self.loop.defer { [weak self] in self?.owner.failed(hop, owner: owner, error) }
    }

    private func trySend(
        _ bytes: [UInt8], to hop: Hop, owner: TransactionID?
    ) -> TransportError? {
        switch (hop.transport, self.listeners[hop.listener]) {
        case (.udp, .datagrams(let socket)):
            return socket.send(bytes, to: hop.remote)
        case (.tcp, _), (.tls, _):
            do {
                let isResponse = bytes.starts(with: Self.responseStart)
                return try self.connection(for: hop, isResponse: isResponse)
                    .send(bytes, for: owner)
            } catch {
                return error
            }
        default:
            return TransportError("send \(hop.remote)", code: Self.notSupported)
        }
    }

    private func connection(
        for hop: Hop, isResponse: Bool
    ) throws(TransportError) -> StreamConnection {
        if let id = hop.connection {
            let named = self.connections[id]
            if let named, isResponse || named.takesRequests { return named }
            guard !isResponse else { throw StreamConnection.closedError }
        }
        let remote = Remote(
            listener: hop.listener, transport: hop.transport, address: hop.remote)
        if let id = self.byRemote[remote], let connection = self.connections[id],
            connection.takesRequests
        {
            return connection
        }
        return try self.connect(hop)
    }

    private func connect(_ hop: Hop) throws(TransportError) -> StreamConnection {
        guard case .streams(_, let local) = self.listeners[hop.listener] else {
            throw TransportError("connect \(hop.remote)", code: Self.notSupported)
        }
        guard self.connections.count < self.limits.connections else {
            self.counters.refusedOverall &+= 1
            throw TransportError("connect \(hop.remote)", code: Self.tooMany)
        }
        let stream = try ByteStream(
            loop: self.loop, kind: .tcp, queueLimit: self.room(hop.transport))
        do {
            let top = try self.secure(stream, connecting: hop)
            try stream.connect(to: hop.remote, from: local.address)
            return self.add(top, hop, isIncoming: false)
        } catch {
            stream.close()
            self.counters.connectFailures &+= 1
            throw error
        }
    }

    // MARK: Connections

    private func accept(
        _ stream: ByteStream, at index: ListenerIndex, _ transport: TransportProtocol
    ) {
        guard let remote = stream.remoteAddress else { return stream.close() }
        guard self.connections.count < self.limits.connections else {
            self.counters.refusedOverall &+= 1
            return stream.close()
        }
        let hop = Hop(listener: index, transport: transport, remote: remote)
        let share = self.connections.count * 100 / max(self.limits.connections, 1)
        guard self.owner.admits(connection: hop, share: share) else { return stream.close() }
        let sameSource = self.incomingBySource[remote.address, default: 0]
        guard sameSource < self.limits.connectionsPerSource else {
            self.counters.refusedPerSource &+= 1
            return stream.close()
        }
        guard let top = self.secure(stream, accepting: hop) else { return stream.close() }
        self.incomingBySource[remote.address] = sameSource + 1
        self.counters.accepted &+= 1
        self.queueHandshake(self.add(top, hop, isIncoming: true))
    }

    private func add(
        _ stream: any OctetStream, _ hop: Hop, isIncoming: Bool
    ) -> StreamConnection {
        self.lastConnection &+= 1
        let id = ConnectionID(rawValue: self.lastConnection)
        var hop = hop
        hop.connection = id
        let connection = StreamConnection(
            id: id, hop: hop, isIncoming: isIncoming, stream: stream, loop: self.loop,
            pingMilliseconds: isIncoming ? 0 : self.pingMilliseconds[hop.listener] ?? 0,
            owner: self)
        self.connections[id] = connection
        self.byRemote[Self.remote(of: hop)] = id
        connection.start()
        return connection
    }

    static func remote(of hop: Hop) -> Remote {
        Remote(listener: hop.listener, transport: hop.transport, address: hop.remote)
    }

    /// A status line begins so, and no request line does.
    private static let responseStart = Array("SIP/2.0 ".utf8)

    // Codes of the system, negative as libuv has them.
    static let notSupported: Int32 = -93
    private static let tooMany: Int32 = -24
}

extension TransportSet: StreamConnectionOwner {
    func arm(_ connection: StreamConnection, milliseconds: UInt64) {
        self.timers?.start(connection.id, milliseconds: milliseconds)
    }

    func connectionStands(_ connection: StreamConnection) {
        if !connection.isIncoming { self.counters.connected &+= 1 }
        self.handshakeEnded(connection)
    }

    func connection(_ connection: StreamConnection, received message: [UInt8]) {
        guard self.owner.admits(connection.hop) else { return }
        self.counters.received &+= 1
        self.lookForAlias(connection, message)
        self.owner.received(message, from: connection.hop)
    }

    func connection(
        _ connection: StreamConnection, malformed error: SIPParseError, octets: [UInt8]
    ) {
        self.counters.malformedStreams &+= 1
        self.owner.malformed(error, octets: octets, from: connection.hop)
    }

    func connectionPinged(_ connection: StreamConnection) {
        self.counters.keepAlives &+= 1
    }

    func connection(
        _ connection: StreamConnection, lost owner: TransactionID?, _ error: TransportError
    ) {
        self.report(connection.hop, owner, error)
    }

    func connectionClosed(
        _ connection: StreamConnection, _ reason: StreamConnection.CloseReason
    ) {
        self.timers?.stop(connection.id)
        self.connections[connection.id] = nil
        let remote = Self.remote(of: connection.hop)
        for place in [remote] + connection.aliases where self.byRemote[place] == connection.id {
            self.byRemote[place] = nil
        }
        self.handshakeClosed(connection, reason)
        if connection.isIncoming { self.releaseSource(remote.address.address) }
        var failure: TransportError?
        switch reason {
        case .ended, .shutDown: break
        case .idle: self.counters.idleClosed &+= 1
        case .slow: self.counters.slowClosed &+= 1
        case .queueFull: self.counters.queueFull &+= 1
        case .silent: self.counters.silentClosed &+= 1
        case .recycled: self.counters.recycled &+= 1
        case .connectFailed(let error):
            if !connection.isIncoming { self.counters.connectFailures &+= 1 }
            failure = error
        case .broken(let error):
            self.counters.broken &+= 1
            failure = error
        }
        self.loop.defer { [weak self] in self?.owner.lost(connection.hop, failure) }
    }

    private func releaseSource(_ address: IPAddress) {
        let count = self.incomingBySource[address, default: 1] - 1
        self.incomingBySource[address] = count > 0 ? count : nil
    }
}

extension TransportSet: UDPSocketOwner {
    func socket(_ socket: UDPSocket, received bytes: RawSpan, from remote: SocketAddress) {
        guard let index = self.datagramIndexes[ObjectIdentifier(socket)] else { return }
        let hop = Hop(listener: index, transport: .udp, remote: remote)
        guard self.owner.admits(hop) else { return self.refused(hop, at: socket) }
        let datagram = bytes.withUnsafeBytes { Array($0) }
        guard !datagram.allSatisfy({ $0 == 0x0d || $0 == 0x0a || $0 == 0 }) else {
            self.counters.keepAlives &+= 1
            return
        }
        self.counters.received &+= 1
        self.owner.received(datagram, from: hop)
    }

    func socket(
        _ socket: UDPSocket, unreachable remote: SocketAddress, _ error: TransportError
    ) {
        guard let index = self.datagramIndexes[ObjectIdentifier(socket)] else { return }
        self.counters.unreachable &+= 1
        self.owner.lost(Hop(listener: index, transport: .udp, remote: remote), error)
    }
}
