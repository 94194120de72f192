// SPDX-License-Identifier: Apache-2.0

public import Admission
public import Sharing
public import SIPMessage
public import SIPTransaction

/// A timer of either half of the core.
public enum SignallingTimer: Sendable, Hashable {
    /// The transaction layer's.
    case transaction(TimerToken)
    /// The engine's.
    case call(CallTimer)
    /// Of a trunk's registration.
    case registration(TrunkName)

    /// See ``TimerToken/hash(into:)``: which case it is tells little.
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .transaction(let token): hasher.combine(token)
        case .call(let timer): hasher.combine(timer)
        case .registration(let trunk): hasher.combine(trunk)
        }
    }
}

/// What the core wants done, in this order: a checkpoint stands before the messages that make it
/// true.
public enum SignallingOutput: Sendable {
    /// Send a message. When that fails and a transaction is named, call
    /// ``SignallingCore/transportFailed(_:)``.
    case send([UInt8], Hop, TransactionID?)
    /// Start a timer; a running one starts anew.
    case startTimer(SignallingTimer, milliseconds: UInt32)
    /// Stop a timer, if it runs.
    case stopTimer(SignallingTimer)
    /// An emergency call was let in: somebody is to know of it.
    case emergency(CallIdentifier, from: TrunkName, to: TrunkName)
    /// The media of a call has to be this from now on.
    case media(CallIdentifier, MediaIntent)
    /// The call has no media any more.
    case removeMedia(CallIdentifier)
    /// Legs of two calls change places.
    case exchangeMedia(MediaExchange)
    /// Send digits to the party of a leg, with its media and behind those that wait.
    case digits(CallIdentifier, Side, DigitBurst)
    /// Something happened to digits.
    case digitNews(CallIdentifier, Side, DigitNews)
    /// Keep this across a restart, in place of the call's last one.
    case checkpoint(Shared<CallCheckpoint>)
    /// The call is over.
    case removeCheckpoint(CallIdentifier)
    /// A call ended.
    indirect case record(CallRecord)
    /// An INVITE of a trunk was refused before there was a call.
    indirect case attempt(AttemptRecord)
}

/// A transaction layer and a call engine joined: all the signalling of one shard without sockets
/// and without a clock. Whatever is called on either half, ``drain()`` carries it to its end.
public final class SignallingCore<Ports: MediaPorts> {
    /// The calls.
    public let engine: CallEngine<Ports>
    /// The transactions.
    public let layer: TransactionLayer
    private var transactions: [RequestHandle: ClientTransactionID] = [:]
    private(set) var requests: [ClientTransactionID: RequestHandle] = [:]
    private var outputs: [SignallingOutput] = []
    /// What changes messages at the edge.
    public var rules = MessageRules()
    let registrations: RegistrationAgent

    /// Joins the two; neither may be driven by anyone else.
    public init(engine: CallEngine<Ports>, layer: TransactionLayer) {
        self.engine = engine
        self.layer = layer
        self.registrations = RegistrationAgent(engine.context)
    }

    /// A message arrived; a request has passed `examine`.
    public func received(_ message: SIPMessage, from source: Hop) {
        guard !message.isRequest || self.engine.admits(source) else { return }
        let isOver = message.isRequest && self.engine.isOverRate(message, from: source)
        guard let message = self.ruled(arriving: message, from: source) else { return }
        self.layer.received(message, from: source, isOverRate: isOver)
    }

    /// A timer that was asked for ran out.
    public func timerFired(_ timer: SignallingTimer) {
        switch timer {
        case .transaction(let token): self.layer.timerFired(token)
        case .call(let timer): self.engine.timerFired(timer)
        case .registration(let trunk): self.registrations.timerFired(trunk)
        }
    }

    /// A message that this transaction sent did not go out.
    public func transportFailed(_ transaction: TransactionID) {
        self.layer.transportFailed(transaction)
    }

    /// Carries messages between the halves until both are at rest, and takes what is to be done.
    public func drain() -> [SignallingOutput] {
        var reports: [TransactionOutput] = []
        var isBusy = true
        while isBusy {
            self.layer.drain(into: &reports)
            for report in reports { self.take(report) }
            let actions = self.engine.drain()
            for action in actions { self.perform(action) }
            let didRegister = self.performRegistrations()
            isBusy = !reports.isEmpty || !actions.isEmpty || didRegister
        }
        defer { self.outputs = [] }
        return self.outputs
    }

    func append(_ output: SignallingOutput) {
        // What a message leads to as a rule.
        if self.outputs.isEmpty { self.outputs.reserveCapacity(8) }
        self.outputs.append(output)
    }

    private func take(_ report: TransactionOutput) {
        if self.tookForRegistration(report) { return }
        switch report {
        case .send(let bytes, let hop, let owner): self.append(.send(bytes, hop, owner))
        case .startTimer(let token, let milliseconds):
            self.append(.startTimer(.transaction(token), milliseconds: milliseconds))
        case .stopTimer(let token): self.append(.stopTimer(.transaction(token)))
        case .terminated(.client(let id)):
            if let handle = self.requests.removeValue(forKey: id) {
                self.transactions[handle] = nil
            }
            self.engine.handle(report)
        default: self.engine.handle(report)
        }
    }

    private func perform(_ action: CallAction) {
        switch action {
        case .respond(let id, let status, let bytes):
            let bytes = self.ruled(leaving: bytes, to: self.layer.source(of: id)) ?? bytes
            self.layer.respond(id, status: status, bytes: bytes)
        case .tag(let id, let tag): self.layer.setTag(tag, of: id)
        case .stopRepeating(let id): self.layer.stopRepeating(id)
        case .request(let request): self.send(request)
        case .cancel(let handle, let reason):
            if let id = self.transactions[handle] { self.layer.cancel(id, reason: reason) }
        case .send(let bytes, let hop):
            self.layer.send(stateless: self.ruled(leaving: bytes, to: hop) ?? bytes, to: hop)
        case .replay(let bytes, let hop):
            if let message = try? SIPMessage.parse(bytes, framing: .stream) {
                self.layer.received(message, from: hop)
            }
        case .startTimer(let timer, let milliseconds):
            self.append(.startTimer(.call(timer), milliseconds: milliseconds))
        case .stopTimer(let timer): self.append(.stopTimer(.call(timer)))
        case .emergency(let id, let from, let to):
            self.append(.emergency(id, from: from, to: to))
        case .media(let id, let intent): self.append(.media(id, intent))
        case .removeMedia(let id): self.append(.removeMedia(id))
        case .exchangeMedia(let exchange): self.append(.exchangeMedia(exchange))
        case .digits(let id, let side, let burst): self.append(.digits(id, side, burst))
        case .digitNews(let id, let side, let news): self.append(.digitNews(id, side, news))
        case .checkpoint(let checkpoint): self.append(.checkpoint(checkpoint))
        case .removeCheckpoint(let id): self.append(.removeCheckpoint(id))
        case .record(let record): self.append(.record(record))
        case .attempt(let record): self.append(.attempt(record))
        }
    }

    private func send(_ request: OutgoingRequest) {
        guard let bytes = self.ruled(leaving: request.bytes, to: request.hop) else {
            return self.engine.refused(request.handle)
        }
        let id = self.layer.send(
            request: bytes, method: request.method, branch: request.branch,
            to: request.hop)
        guard let id else { return self.engine.refused(request.handle) }
        self.transactions[request.handle] = id
        self.requests[id] = request.handle
        if bytes != request.bytes { self.engine.context.left(request.handle, bytes) }
        self.engine.started(request.handle, as: id)
    }

    /// Nothing is remembered in either half.
    var isEmpty: Bool {
        self.engine.isEmpty && self.transactions.isEmpty && self.requests.isEmpty
            && self.layer.clientCount == 0 && self.layer.serverCount == 0
    }
}
