// SPDX-License-Identifier: Apache-2.0

public import SIPTransport

/// The Unix socket by which people and scripts talk to the running process. It lives on the
/// shard's loop: handlers look at the shard's objects directly and return at once, or let another
/// thread do what may take long and answer later. A connection's next request waits for that.
///
/// Bounds: `clientsMax` connections, one request line of `requestBytesMax`, one answer of
/// `answerBytesMax`, a connection without a request for `idleMilliseconds` is closed.
public final class ControlServer {
    /// Does a verb: gets its arguments and returns the answer.
    public typealias Handler = (JSONObject) -> ControlAnswer
    /// Likewise; gets the user who asks too, nil where the kernel does not say.
    public typealias UserHandler = (JSONObject, UInt32?) -> ControlAnswer
    /// Likewise; answers by the closure that it gets, on the loop's thread, once, now or later.
    public typealias LaterHandler = (JSONObject, UInt32?, @escaping (ControlAnswer) -> Void) -> Void

    /// Connections at a time.
    public static let clientsMax = 32
    /// Bytes of a request line.
    public static let requestBytesMax = 64 * 1024
    /// Bytes of an answer.
    public static let answerBytesMax = 64 << 20
    /// How long a connection may be silent.
    public static let idleMilliseconds: UInt64 = 60_000

    /// What was counted.
    public struct Counters: Sendable, Equatable {
        /// Requests answered with a result.
        public var answered: UInt64 = 0
        /// Requests answered with an error.
        public var refused: UInt64 = 0
        /// Connections closed because there were too many.
        public var tooManyClients: UInt64 = 0
        /// Connections closed because a line was too long.
        public var tooLong: UInt64 = 0
        /// Connections closed because they were silent, or did not read their answers.
        public var stalled: UInt64 = 0
    }

    /// What was counted.
    public private(set) var counters = Counters()

    private let loop: EventLoop
    private var handlers: [String: LaterHandler] = [:]
    private var listener: ByteListener?
    private var clients: [ObjectIdentifier: ControlClientConnection] = [:]

    /// A server without a socket yet.
    public init(loop: EventLoop) {
        self.loop = loop
    }

    /// Connections that are open.
    public var clientCount: Int { self.clients.count }

    /// Adds a verb, or replaces it.
    public func handle(_ verb: String, _ handler: @escaping Handler) {
        self.handlers[verb] = { arguments, _, answer in answer(handler(arguments)) }
    }

    /// Adds a verb that not every user may ask for, or replaces it.
    public func handle(_ verb: String, forUser handler: @escaping UserHandler) {
        self.handlers[verb] = { arguments, user, answer in answer(handler(arguments, user)) }
    }

    /// Adds a verb that is answered later, or replaces it.
    public func handle(_ verb: String, later handler: @escaping LaterHandler) {
        self.handlers[verb] = handler
    }

    /// Listens at a path, readable and writable by the owner and its group.
    public func listen(path: String) throws(TransportError) {
        self.listener = try ByteListener(
            loop: self.loop, path: path, queueLimit: Self.answerBytesMax
        ) { [unowned self] stream in
            guard self.clients.count < Self.clientsMax else {
                self.counters.tooManyClients &+= 1
                stream.close()
                return
            }
            let client = ControlClientConnection(stream: stream, server: self, loop: self.loop)
            self.clients[ObjectIdentifier(client)] = client
            client.start()
        }
    }

    /// Stops listening and closes every connection.
    public func close() {
        self.listener?.close()
        self.listener = nil
        for client in self.clients.values { client.close() }
    }

    /// Does what a line asks for; `answer` gets the line to send.
    func answer(
        _ line: [UInt8], user: UInt32?, _ answer: @escaping ([UInt8]) -> Void
    ) {
        do throws(ControlError) {
            let request = try ControlRequest(line: line)
            guard let handler = self.handlers[request.verb] else {
                let known = self.handlers.keys.sorted().joined(separator: ", ")
                throw ControlError(
                    .unknownVerb, "no verb \"\(request.verb)\"; there are: \(known)")
            }
            handler(request.arguments, user) { [weak self] in
                if let self { answer(self.encode($0)) }
            }
        } catch {
            answer(self.encode(.failure(error)))
        }
    }

    private func encode(_ answer: ControlAnswer) -> [UInt8] {
        switch answer {
        case .success: self.counters.answered &+= 1
        case .failure: self.counters.refused &+= 1
        }
        var output = ControlError.encode(answer)
        if output.count >= Self.answerBytesMax {
            let error = ControlError(.tooLarge, "the answer is too large; ask for less")
            output = ControlError.encode(.failure(error))
        }
        return output + [0x0a]
    }

    func tooLong() -> [UInt8] {
        self.counters.tooLong &+= 1
        let error = ControlError(.badRequest, "longer than \(Self.requestBytesMax) bytes")
        return ControlError.encode(.failure(error)) + [0x0a]
    }

    func stalled() { self.counters.stalled &+= 1 }

    func forget(_ client: ControlClientConnection) {
        self.clients[ObjectIdentifier(client)] = nil
    }
}

/// One connection at the control socket.
final class ControlClientConnection: ByteStreamOwner {
    private let stream: ByteStream
    private unowned let server: ControlServer
    private let loop: EventLoop
    private var buffer: [UInt8] = []
    private var idleTimer: LoopTimer?
    private var isClosed = false
    /// A request is being done.
    private var isWaiting = false
    /// Lines of the buffer are being looked at.
    private var isAnswering = false

    init(stream: ByteStream, server: ControlServer, loop: EventLoop) {
        self.stream = stream
        self.server = server
        self.loop = loop
    }

    func start() {
        self.stream.owner = self
        self.stream.startReading()
        self.armIdleTimer()
    }

    func close() {
        guard !self.isClosed else { return }
        self.isClosed = true
        if let idleTimer { self.loop.cancel(idleTimer) }
        self.stream.close()
        self.server.forget(self)
    }

    private func armIdleTimer() {
        if let idleTimer { self.loop.cancel(idleTimer) }
        self.idleTimer = self.loop.schedule(after: ControlServer.idleMilliseconds) { [weak self] in
            self?.server.stalled()
            self?.close()
        }
    }

    func stream(_ stream: any OctetStream, received bytes: RawSpan) {
        bytes.withUnsafeBytes { self.buffer.append(contentsOf: $0) }
        self.armIdleTimer()
        self.answerLines()
    }

    private func answerLines() {
        guard !self.isAnswering else { return }
        self.isAnswering = true
        defer { self.isAnswering = false }
        while !self.isClosed, !self.isWaiting, let end = self.buffer.firstIndex(of: 0x0a) {
            let line = Array(self.buffer[..<end])
            self.buffer.removeSubrange(...end)
            guard line.count <= ControlServer.requestBytesMax else { return self.refuseLength() }
            self.isWaiting = true
            self.server.answer(line, user: self.stream.peerUser) { [weak self] in
                self?.answered($0)
            }
        }
        if self.isWaiting, !self.isClosed {
            // What it sends meanwhile waits in its own socket, and its silence is no fault of its.
            self.stream.stopReading()
            if let idleTimer { self.loop.cancel(idleTimer) }
        } else if self.buffer.count > ControlServer.requestBytesMax {
            self.refuseLength()
        }
    }

    private func answered(_ bytes: [UInt8]) {
        guard self.isWaiting, !self.isClosed else { return }
        self.isWaiting = false
        guard self.write(bytes), !self.isAnswering else { return }
        self.armIdleTimer()
        self.stream.startReading()
        self.answerLines()
    }

    private func refuseLength() {
        _ = self.write(self.server.tooLong())
        self.close()
    }

    private func write(_ bytes: [UInt8]) -> Bool {
        switch self.stream.write(bytes) {
        case .written, .queued: return true
        case .full, .failed:
            self.server.stalled()
            self.close()
            return false
        }
    }

    func streamConnected(_ stream: any OctetStream) {}

    func streamEnded(_ stream: any OctetStream) {
        // What the client sent was answered already; an answer that waits is given up with it
        // only if it does not read, which the idle timer finds out.
        if self.stream.queuedBytes == 0 { self.close() }
    }

    func stream(_ stream: any OctetStream, lost token: UInt64) {}

    func streamFailed(_ stream: any OctetStream, _ error: TransportError) {
        self.close()
    }
}
