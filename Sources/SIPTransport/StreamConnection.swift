// SPDX-License-Identifier: Apache-2.0

internal import NetworkAddress
internal import SIPMessage
internal import SIPTransaction

/// What a connection tells the set that it belongs to.
protocol StreamConnectionOwner: AnyObject {
    var limits: TransportLimits { get }
    func connectionStands(_ connection: StreamConnection)
    func connection(_ connection: StreamConnection, received message: [UInt8])
    func connection(
        _ connection: StreamConnection, malformed error: SIPParseError, octets: [UInt8])
    func connectionPinged(_ connection: StreamConnection)
    func connection(
        _ connection: StreamConnection, lost owner: TransactionID?, _ error: TransportError)
    func connectionClosed(_ connection: StreamConnection, _ reason: StreamConnection.CloseReason)
    func arm(_ connection: StreamConnection, milliseconds: UInt64)
}

/// One SIP connection over a byte stream: framing, pings, time limits, the queue. What carries the
/// bytes is below it, so that TLS becomes another stream and not another connection.
///
///     connecting (or in its handshake) ──► open ──► halfClosed (the peer sends no more) ──► closed
///                      └────► lingering (given up; the last answer leaves) ──► closed
final class StreamConnection {
    enum State {
        case connecting, open, halfClosed, lingering, closed
    }

    enum CloseReason {
        case ended, idle, slow, queueFull, connectFailed(TransportError), broken(TransportError)
        /// The peer does not answer our pings; the certificates behind it were replaced.
        case silent, recycled
        case shutDown
    }

    let id: ConnectionID
    let hop: Hop
    let isIncoming: Bool
    private(set) var state: State
    /// The connection stood, handshake and all.
    private(set) var hasStood: Bool
    /// The TLS below it.
    let tls: TLSStream?
    /// Where else requests to the peer go out over this connection (RFC 5923).
    var aliases: [TransportSet.Remote] = []
    /// Messages in which an alias was looked for.
    var aliasLooks = 0
    private let stream: any OctetStream
    private unowned let owner: any StreamConnectionOwner
    private let loop: EventLoop
    private var framer = StreamFramer()
    private var lastActivity: UInt64
    private var messageSince: UInt64?
    private var pings: KeepAlive
    private var drainingSince: UInt64?
    private var forgivenAt: UInt64
    private var lastMessage: UInt64?
    private var lastSent: UInt64 = 0
    private var waiting: [UInt64: TransactionID] = [:]
    private var lastToken: UInt64 = 0
    private var closeError: TransportError?

    /// A connection over a stream that stands (`isIncoming`) or is being connected. We ping the
    /// peer every `pingMilliseconds`; 0: never.
    init(
        id: ConnectionID, hop: Hop, isIncoming: Bool, stream: any OctetStream, loop: EventLoop,
        pingMilliseconds: UInt64, owner: any StreamConnectionOwner
    ) {
        self.id = id
        self.hop = hop
        self.isIncoming = isIncoming
        self.tls = stream as? TLSStream
        self.hasStood = isIncoming && self.tls == nil
        self.state = self.hasStood ? .open : .connecting
        self.stream = stream
        self.loop = loop
        self.owner = owner
        self.lastActivity = loop.now
        self.forgivenAt = loop.now
        self.pings = KeepAlive(interval: pingMilliseconds, now: loop.now)
    }

    func start() {
        self.stream.owner = self
        if self.isIncoming { self.stream.startReading() } else { self.tls?.waitForConnection() }
        self.watch()
    }

    /// True while new requests may go this way.
    var takesRequests: Bool {
        guard self.drainingSince == nil else { return false }
        return self.state == .open || (self.state == .connecting && !self.isIncoming)
    }

    /// No new request goes this way any more; it ends when nothing was said for a time.
    func drain() {
        guard self.drainingSince == nil, self.state != .closed else { return }
        self.drainingSince = self.loop.now
        self.watch()
    }

    /// Writes a message, or keeps it until the peer takes it. Nil, or why it was not taken.
    func send(_ message: [UInt8], for transaction: TransactionID?) -> TransportError? {
        guard self.state != .closed else { return Self.closedError }
        self.lastToken &+= 1
        self.lastSent = self.loop.now
        switch self.stream.write(message, token: self.lastToken) {
        case .written:
            self.lastActivity = self.loop.now
            return nil
        case .queued:
            self.waiting[self.lastToken] = transaction
            return nil
        case .full:
            let error = TransportError("send \(self.hop.remote)", code: Self.noBuffers)
            self.loop.defer { [weak self] in self?.close(.queueFull, error) }
            return error
        case .failed(let error):
            self.loop.defer { [weak self] in self?.close(.broken(error), error) }
            return error
        }
    }

    /// Closes; what waits is reported as lost.
    func close(_ reason: CloseReason, _ error: TransportError? = nil) {
        guard self.state != .closed else { return }
        self.state = .closed
        self.closeError = error
        self.stream.close()
        self.owner.connectionClosed(self, reason)
    }

    /// The time that was asked for with `arm` is over.
    func timeIsUp() {
        let now = self.loop.now
        let limits = self.owner.limits
        switch self.state {
        case .closed: break
        case .connecting:
            let error = TransportError("connect \(self.hop.remote)", code: Self.timedOut)
            self.close(.connectFailed(error), error)
        case .halfClosed, .lingering: self.close(.ended)
        case .open:
            if let since = self.messageSince, now &- since >= limits.messageMilliseconds {
                return self.close(.slow)
            }
            if let since = self.drainingSince, self.isDrained(since, now) {
                return self.close(.recycled)
            }
            if now &- self.lastActivity >= limits.idleMilliseconds { return self.close(.idle) }
            switch self.pings.timeIsUp(now, limits.pongMilliseconds) {
            case .nothing: break
            case .ping: _ = self.stream.write(KeepAlive.ping, token: 0)
            case .silent:
                let error = TransportError("ping \(self.hop.remote)", code: Self.timedOut)
                return self.close(.silent, error)
            }
            self.watch()
        }
    }

    private func isDrained(_ since: UInt64, _ now: UInt64) -> Bool {
        let limits = self.owner.limits
        return now &- since >= limits.drainMilliseconds
            || now &- max(self.lastMessage ?? 0, self.lastSent, since)
                >= limits.drainIdleMilliseconds
    }

    /// Arms the timer for what comes first.
    private func watch() {
        let limits = self.owner.limits
        let now = self.loop.now
        var times: [(since: UInt64, milliseconds: UInt64)] = []
        switch self.state {
        case .closed, .halfClosed, .lingering: return
        case .connecting:
            let limit =
                self.isIncoming ? limits.handshakeMilliseconds : limits.connectMilliseconds
            times = [(self.lastActivity, limit)]
        case .open:
            times = [(self.lastActivity, limits.idleMilliseconds)]
            if let since = self.messageSince { times.append((since, limits.messageMilliseconds)) }
            if let since = self.drainingSince {
                times.append((since, limits.drainMilliseconds))
                let last = max(self.lastMessage ?? 0, self.lastSent, since)
                times.append((last, limits.drainIdleMilliseconds))
            }
            if let ping = self.pings.next(limits.pongMilliseconds) { times.append(ping) }
        }
        let next = times.map { $0.milliseconds - min(now &- $0.since, $0.milliseconds) }.min()
        self.owner.arm(self, milliseconds: next ?? limits.idleMilliseconds)
    }

    private func takeMessages() {
        while self.state == .open || self.state == .halfClosed {
            switch self.framer.next() {
            case .message(let bytes):
                self.messageSince = nil
                self.lastMessage = self.loop.now
                self.owner.connection(self, received: bytes)
            case .keepAlive:
                _ = self.stream.write(KeepAlive.pong, token: 0)
                self.owner.connectionPinged(self)
            case .needMore:
                return self.watchMessage()
            case .failure(let error, let octets):
                self.owner.connection(self, malformed: error, octets: octets)
                return self.linger()
            }
        }
    }

    private func watchMessage() {
        guard self.framer.pendingBytes > 0 else {
            self.messageSince = nil
            return
        }
        guard self.messageSince == nil else { return }
        self.messageSince = self.loop.now
        self.watch()
    }

    /// Gives up reading but lets the last answer leave: closing at once, with bytes unread, would
    /// make the kernel reset the connection and the peer lose the answer.
    private func linger() {
        guard self.state != .closed else { return }
        self.state = .lingering
        self.stream.finish()
        self.owner.arm(self, milliseconds: self.owner.limits.lingerMilliseconds)
    }

    /// Pings that come in a shorter time than this are counted together.
    private static let forgiveMilliseconds: UInt64 = 10_000

    // Codes of the system, negative as libuv has them.
    private static let noBuffers: Int32 = -105
    private static let timedOut: Int32 = -110
    static let closedError = TransportError("send", code: -104)
}

extension StreamConnection: ByteStreamOwner {
    func streamConnected(_ stream: any OctetStream) {
        self.state = .open
        self.hasStood = true
        self.lastActivity = self.loop.now
        self.pings.begin(self.loop.now)
        self.owner.connectionStands(self)
        self.watch()
    }

    func stream(_ stream: any OctetStream, received bytes: RawSpan) {
        guard self.state == .open else { return }
        let now = self.loop.now
        self.lastActivity = now
        if now &- self.forgivenAt >= Self.forgiveMilliseconds {
            self.forgivenAt = now
            self.framer.forgiveKeepAlives()
        }
        let isBetween = self.framer.pendingBytes == 0
        bytes.withUnsafeBytes { bytes in
            let pong = self.pings.received(bytes, isBetweenMessages: isBetween, now)
            self.framer.append(bytes.dropFirst(pong))
        }
        self.takeMessages()
    }

    func streamEnded(_ stream: any OctetStream) {
        switch self.state {
        case .open where self.isIncoming:
            // The peer may have gone, or may wait for the answer to its last request, which has
            // until timer B to be sent.
            let allowed = self.owner.limits.halfClosedMilliseconds
            guard let since = self.lastMessage, self.loop.now &- since < allowed else {
                fallthrough
            }
            self.state = .halfClosed
            self.owner.arm(self, milliseconds: allowed - (self.loop.now &- since))
        default:
            self.close(.ended)
        }
    }

    func stream(_ stream: any OctetStream, lost token: UInt64) {
        let transaction = self.waiting.removeValue(forKey: token)
        self.owner.connection(self, lost: transaction, self.closeError ?? Self.closedError)
    }

    func streamFailed(_ stream: any OctetStream, _ error: TransportError) {
        self.close(self.state == .connecting ? .connectFailed(error) : .broken(error), error)
    }
}
