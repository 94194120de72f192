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
///     connecting ──► open ──► halfClosed (the peer sends no more) ──► closed
///                      └────► lingering (given up; the last answer leaves) ──► closed
final class StreamConnection {
    enum State {
        case connecting, open, halfClosed, lingering, closed
    }

    enum CloseReason {
        case ended, idle, slow, queueFull, connectFailed(TransportError), broken(TransportError)
        case shutDown
    }

    let id: ConnectionID
    let hop: Hop
    let isIncoming: Bool
    private(set) var state: State
    private let stream: ByteStream
    private unowned let owner: any StreamConnectionOwner
    private let loop: EventLoop
    private var framer = StreamFramer()
    private var lastActivity: UInt64
    private var messageSince: UInt64?
    private var lastMessage: UInt64?
    private var waiting: [UInt64: TransactionID] = [:]
    private var lastToken: UInt64 = 0
    private var closeError: TransportError?

    /// A connection over a stream that stands (`isIncoming`) or is being connected.
    init(
        id: ConnectionID, hop: Hop, isIncoming: Bool, stream: ByteStream, loop: EventLoop,
        owner: any StreamConnectionOwner
    ) {
        self.id = id
        self.hop = hop
        self.isIncoming = isIncoming
        self.state = isIncoming ? .open : .connecting
        self.stream = stream
        self.loop = loop
        self.owner = owner
        self.lastActivity = loop.now
    }

    func start() {
        self.stream.owner = self
        if self.isIncoming { self.stream.startReading() }
        let limits = self.owner.limits
        self.owner.arm(
            self,
            milliseconds: self.isIncoming ? limits.idleMilliseconds : limits.connectMilliseconds)
    }

    /// True while new requests may go this way.
    var takesRequests: Bool { self.state == .open || self.state == .connecting }

    /// Writes a message, or keeps it until the peer takes it. Nil, or why it was not taken.
    func send(_ message: [UInt8], for transaction: TransactionID?) -> TransportError? {
        guard self.state != .closed else { return Self.closedError }
        self.lastToken &+= 1
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
            if let since = self.messageSince {
                let age = now &- since
                if age >= limits.messageMilliseconds { return self.close(.slow) }
                return self.owner.arm(self, milliseconds: limits.messageMilliseconds - age)
            }
            let age = now &- self.lastActivity
            if age >= limits.idleMilliseconds { return self.close(.idle) }
            self.owner.arm(self, milliseconds: limits.idleMilliseconds - age)
        }
    }

    private func takeMessages() {
        while self.state == .open || self.state == .halfClosed {
            switch self.framer.next() {
            case .message(let bytes):
                self.messageSince = nil
                self.lastMessage = self.loop.now
                self.owner.connection(self, received: bytes)
            case .keepAlive:
                _ = self.stream.write([0x0d, 0x0a])
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
        self.owner.arm(self, milliseconds: self.owner.limits.messageMilliseconds)
    }

    /// Gives up reading but lets the last answer leave: closing at once, with bytes unread, would
    /// make the kernel reset the connection and the peer lose the answer.
    private func linger() {
        guard self.state != .closed else { return }
        self.state = .lingering
        self.stream.finish()
        self.owner.arm(self, milliseconds: self.owner.limits.lingerMilliseconds)
    }

    // Codes of the system, negative as libuv has them.
    private static let noBuffers: Int32 = -105
    private static let timedOut: Int32 = -110
    static let closedError = TransportError("send", code: -104)
}

extension StreamConnection: ByteStreamOwner {
    func streamConnected(_ stream: ByteStream) {
        self.state = .open
        self.lastActivity = self.loop.now
        self.owner.connectionStands(self)
        self.owner.arm(self, milliseconds: self.owner.limits.idleMilliseconds)
    }

    func stream(_ stream: ByteStream, received bytes: RawSpan) {
        guard self.state == .open else { return }
        self.lastActivity = self.loop.now
        bytes.withUnsafeBytes { self.framer.append($0) }
        self.takeMessages()
    }

    func streamEnded(_ stream: ByteStream) {
        switch self.state {
        case .open where self.isIncoming:
            // The peer may have gone, or may wait for the answer to its last request, which has
            // until timer B to be sent.
            let allowed = self.owner.limits.halfClosedMilliseconds
            guard let since = self.lastMessage, self.loop.now &- since < allowed else { fallthrough }
            self.state = .halfClosed
            self.owner.arm(self, milliseconds: allowed - (self.loop.now &- since))
        default:
            self.close(.ended)
        }
    }

    func stream(_ stream: ByteStream, lost token: UInt64) {
        let transaction = self.waiting.removeValue(forKey: token)
        self.owner.connection(self, lost: transaction, self.closeError ?? Self.closedError)
    }

    func streamFailed(_ stream: ByteStream, _ error: TransportError) {
        self.close(self.state == .connecting ? .connectFailed(error) : .broken(error), error)
    }
}
