// SPDX-License-Identifier: Apache-2.0

public import SIPMessage

/// The transactions of one shard: RFC 3261 section 17 with RFC 6026 and RFC 4320.
///
/// Owner: one shard's thread; nothing here is locked and nothing blocks. Messages, timers and
/// failures go in through methods; what is to be done comes out of `drain()`, in order. Bounded by
/// the two limits of the configuration, each with a counter; a transaction holds at most two
/// running timers. Memory of a finished transaction is its keys and its last message.
///
/// Beyond the RFC's machines the layer does what every user of it would have to: it answers
/// CANCEL, merged requests and overload itself, makes ACK and CANCEL, sends 100 Trying, repeats a
/// 2xx to an INVITE until its ACK comes, and cancels an INVITE that rings longer than timer C.
public final class TransactionLayer {
    /// What bounds and paces a layer.
    public struct Configuration: Sendable {
        /// What a request beyond the limit gets.
        public enum Overload: Sendable {
            /// 503 with Retry-After of 1 to 5 seconds, without state.
            case reject
            /// Silence.
            case drop
        }

        /// Timer values.
        public var timing = TransactionTiming()
        /// Client transactions at a time, CANCELs not counted (each belongs to one INVITE).
        public var clientLimit = 100_000
        /// Server transactions at a time. Requests outside of dialogs leave some of them to those
        /// inside: nine in ten are for new calls, and half for everything else.
        public var serverLimit = 100_000
        /// Whose layer it is.
        public var user = TransactionUser.userAgent
        /// What a request beyond the limit gets.
        public var overload = Overload.reject
        /// Makes the To tags of the layer's own responses unguessable; random for each process.
        public var tagSeed: UInt64 = 0

        /// The defaults.
        public init() {}
    }

    /// What bounds and paces this layer.
    public let configuration: Configuration
    /// What was counted so far.
    public internal(set) var counters = TransactionCounters()

    var outputs: [TransactionOutput] = []
    var clients = TransactionTable<ClientTransaction>()
    var servers = TransactionTable<ServerTransaction>()
    var clientKeys: [ClientKey: ClientTransactionID] = [:]
    /// Those over reliable transports that nothing was heard of yet.
    var unheard: Set<ClientTransactionID> = []
    var serverKeys: [ServerKey: ServerTransactionID] = [:]
    /// The first transaction of each request identity, for merged requests and ACKs to 2xx.
    var identities: [RequestIdentity: ServerTransactionID] = [:]
    var internalCount = 0

    /// An empty layer.
    public init(configuration: Configuration = Configuration()) {
        self.configuration = configuration
    }

    /// Client transactions at present, without those of CANCEL.
    public var clientCount: Int { self.clients.count - self.internalCount }

    /// Server transactions at present.
    public var serverCount: Int { self.servers.count }

    /// Entries in all tables: 0 once everything is over.
    var tableEntryCount: Int {
        self.clients.count + self.servers.count + self.clientKeys.count + self.serverKeys.count
            + self.identities.count + self.unheard.count
    }

    /// Takes what is to be done since the last call.
    public func drain() -> [TransactionOutput] {
        defer { self.outputs = [] }
        return self.outputs
    }

    /// As `drain()`, into a buffer whose storage is used again; what it held is dropped.
    public func drain(into buffer: inout [TransactionOutput]) {
        buffer.removeAll(keepingCapacity: true)
        swap(&buffer, &self.outputs)
    }

    /// A message arrived. Requests have passed `examine`; responses have parsed. A request that is
    /// new here and above what its sender may send is answered as one beyond the limit.
    public func received(_ message: SIPMessage, from source: Hop, isOverRate: Bool = false) {
        if let method = message.method {
            self.received(request: message, method: method, from: source, isOverRate: isOverRate)
        } else if let status = message.status {
            self.received(response: message, status: status)
        }
    }

    /// Sends a message that belongs to no transaction: the ACK for a 2xx.
    public func send(stateless message: [UInt8], to hop: Hop) {
        self.outputs.append(.send(message, hop, nil))
    }

    /// A timer that was asked for ran out.
    public func timerFired(_ token: TimerToken) {
        switch token.transaction {
        case .client(let id):
            guard let entry = self.entry(id), entry.timers[token.timer.lane] == token else {
                self.counters.staleTimers &+= 1
                return
            }
            entry.timers[token.timer.lane] = nil
            self.perform(entry.machine.apply(.timer(token.timer)), on: entry, with: nil)
        case .server(let id):
            guard let entry = self.entry(id), entry.timers[token.timer.lane] == token else {
                self.counters.staleTimers &+= 1
                return
            }
            entry.timers[token.timer.lane] = nil
            self.timerFired(token.timer, on: entry)
        }
    }

    /// A message that this transaction sent did not go out: unreachable, connection refused or
    /// broken (RFC 3261 sections 17.1.4, 17.2.4 and 18.4).
    public func transportFailed(_ transaction: TransactionID) {
        self.counters.transportFailures &+= 1
        switch transaction {
        case .client(let id):
            guard let entry = self.entry(id) else { return }
            self.perform(entry.machine.apply(.transportFailed), on: entry, with: nil)
        case .server(let id):
            guard let entry = self.entry(id) else { return }
            self.responseFailed(entry)
        }
    }

    func entry(_ id: ClientTransactionID) -> ClientTransaction? {
        self.clients.entry(slot: id.slot, generation: id.generation)
    }

    func entry(_ id: ServerTransactionID) -> ServerTransaction? {
        self.servers.entry(slot: id.slot, generation: id.generation)
    }

    /// Stops those of the timers named that run.
    func stop(_ timers: TimerSet, in lanes: inout TimerLanes) {
        self.stop(timers, in: .repeating, of: &lanes)
        self.stop(timers, in: .ending, of: &lanes)
    }

    private func stop(
        _ timers: TimerSet, in lane: TransactionTimer.Lane, of lanes: inout TimerLanes
    ) {
        guard let token = lanes[lane], timers.contains(token.timer) else { return }
        lanes[lane] = nil
        self.outputs.append(.stopTimer(token))
    }

    /// Starts a timer; the one that runs in its lane is stopped.
    func start(
        _ timer: TransactionTimer, milliseconds: UInt32, of transaction: TransactionID,
        in lanes: inout TimerLanes
    ) {
        if let running = lanes[timer.lane] { self.outputs.append(.stopTimer(running)) }
        let token = lanes.start(timer, of: transaction)
        self.outputs.append(.startTimer(token, milliseconds: milliseconds))
    }

    /// Starts what a machine asked for.
    func start(
        _ actions: TransactionActions, of transaction: TransactionID, in lanes: inout TimerLanes
    ) {
        var bits = actions.starts.rawValue
        while bits != 0 {
            let bit = UInt8(truncatingIfNeeded: bits.trailingZeroBitCount)
            bits &= bits &- 1
            guard let timer = TransactionTimer(rawValue: bit) else { continue }
            let isRepeating = timer == .a || timer == .e || timer == .g
            let milliseconds =
                isRepeating
                ? actions.retransmitMilliseconds
                : self.configuration.timing.milliseconds(timer)
            self.start(timer, milliseconds: milliseconds, of: transaction, in: &lanes)
        }
    }
}
