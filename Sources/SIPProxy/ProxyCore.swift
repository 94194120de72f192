// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
public import SIPMessage
public import SIPTransaction

/// A transaction-stateful proxy (RFC 3261 section 16) with the Mobile Control Point's decision in
/// it, without sockets and without a clock.
///
/// Requests in progress do not outlive the process. What comes again afterwards is taken up anew
/// and leaves with the branch that it had before, so that the next hop takes it for the same
/// request; an ACK for a 2xx and a CANCEL pass without state in any case.
public final class ProxyCore {
    /// What it follows.
    public private(set) var configuration: ProxyConfiguration
    /// Its transactions.
    public let layer: TransactionLayer
    /// What was counted.
    public internal(set) var counters = ProxyCounters()

    /// One request that is under way.
    final class Passage {
        let id: ServerTransactionID
        let request: SIPMessage
        let method: Method
        let source: Hop
        var routes: RouteSet
        var context: ResponseContext
        /// The value of X-MS-FMC; nil: it was not diverted.
        var mark: [UInt8]?
        var consultation: Consultation?
        /// The request as it was sent last.
        var client: ClientTransactionID?
        /// The consultation that is waited for.
        var question: ProxyTicket?
        /// The look-up that is waited for.
        var search: ProxyTicket?

        init(
            _ id: ServerTransactionID, _ request: SIPMessage, _ method: Method, from source: Hop,
            routes: RouteSet, consultation: Consultation?
        ) {
            self.id = id
            self.request = request
            self.method = method
            self.source = source
            self.routes = routes
            self.consultation = consultation
            self.context = ResponseContext(isConsulting: consultation != nil)
        }
    }

    /// Who waits for an answer.
    enum Waiting {
        case passage(Passage)
        /// A message without state: itself, where it came from, and its way.
        case stateless(SIPMessage, Hop, RouteSet)
    }

    /// Messages without state that may wait for where they go.
    static let statelessMax = 1000

    let branches: ProxyBranch
    var passages: [ServerTransactionID: Passage] = [:]
    var clients: [ClientTransactionID: Passage] = [:]
    var waiting: [ProxyTicket: Waiting] = [:]
    var statelessWaiting = 0
    /// Consultations that are open.
    public internal(set) var openConsultations = 0
    var outputs: [ProxyOutput] = []
    private var lastTicket: UInt64 = 0

    /// `key` goes into branches: the same in each process of one node. At most `transactionsMax`
    /// requests are under way at a time.
    public init(
        configuration: ProxyConfiguration, key: UInt64, transactionsMax: Int,
        timing: TransactionTiming = TransactionTiming()
    ) {
        self.configuration = configuration
        self.branches = ProxyBranch(key: key)
        var layer = TransactionLayer.Configuration()
        layer.user = .proxy
        layer.timing = timing
        layer.serverLimit = transactionsMax
        // One that is over may still absorb copies of its last response.
        layer.clientLimit = 2 * transactionsMax
        layer.tagSeed = key
        self.layer = TransactionLayer(configuration: layer)
    }

    /// Follows another configuration; the listener stays.
    public func configure(_ configuration: ProxyConfiguration) {
        self.configuration = configuration
    }

    /// A message arrived. Where the verdict is not `.accept` nothing was done with it, and it gets
    /// what the verdict says; what is accepted and gets silence is counted.
    public func received(
        _ message: SIPMessage, from source: Hop, limits: MessageLimits = MessageLimits()
    ) -> Verdict {
        if message.isRequest, !self.configuration.knows(source.remote.address) {
            self.counters.strangers &+= 1
            return .accept
        }
        let verdict = ProxyExaminer.verdict(message, limits)
        guard verdict == .accept else { return verdict }
        if !message.isRequest {
            guard let via = try? message.topVia(), self.configuration.identity.isOwn(via) else {
                self.counters.strayResponses &+= 1
                return .accept
            }
        } else if self.asksForLife(message) {
            self.counters.optionsIgnored &+= 1
            return .accept
        }
        self.layer.received(message, from: source)
        return .accept
    }

    /// OPTIONS for this proxy itself. Peers find out by its silence, as with any request (MCP-9).
    private func asksForLife(_ message: SIPMessage) -> Bool {
        guard message.method == .options else { return false }
        let identity = self.configuration.identity
        let routes = RouteSet(message, at: identity)
        let isForUs = routes.routes.isEmpty && identity.isOwn(routes.requestURI[...])
        return isForUs || (try? message.maxForwards()) == .some(0)
    }

    /// A timer that was asked for ran out.
    public func timerFired(_ timer: ProxyTimer) {
        switch timer {
        case .transaction(let token): self.layer.timerFired(token)
        case .consultation(let ticket):
            guard self.waiting[ticket] != nil else { return }
            self.counters.consultationTimeouts &+= 1
            self.outputs.append(.endConsultation(ticket))
            self.goOn(ticket) { _ in }
        }
    }

    /// A message that this transaction sent did not go out.
    public func transportFailed(_ transaction: TransactionID) {
        self.layer.transportFailed(transaction)
    }

    /// A connection is gone: what it carried last is sent again over another one.
    public func connectionLost(_ hop: Hop) { self.layer.connectionLost(hop) }

    /// Carries messages between the layer and the proxy until both are at rest, and takes what is
    /// to be done.
    public func drain() -> [ProxyOutput] {
        var reports: [TransactionOutput] = []
        repeat {
            self.layer.drain(into: &reports)
            for report in reports { self.take(report) }
        } while !reports.isEmpty
        defer { self.outputs = [] }
        return self.outputs
    }

    private func take(_ report: TransactionOutput) {
        switch report {
        case .send(let bytes, let hop, let owner): self.outputs.append(.send(bytes, hop, owner))
        case .startTimer(let token, let milliseconds):
            self.outputs.append(.startTimer(.transaction(token), milliseconds: milliseconds))
        case .stopTimer(let token): self.outputs.append(.stopTimer(.transaction(token)))
        case .request(let id, let message, let hop): self.open(id, message, from: hop)
        case .ack(let message, let hop), .strayCancel(let message, let hop):
            self.passStateless(message, from: hop)
        case .cancel(let invite, let cancel):
            if let passage = self.passages[invite] {
                self.perform(passage.context.cancelled(), on: passage, with: cancel)
            }
        case .response(let id, let message):
            if let passage = self.clients[id], let status = message.status {
                self.perform(passage.context.received(status: status), on: passage, with: message)
            }
        case .timeout(let id):
            if let passage = self.clients[id] {
                self.perform(passage.context.timedOut(), on: passage)
            }
        case .transportFailed(let id):
            if let passage = self.clients[id] {
                self.perform(passage.context.unreachable(), on: passage)
            }
        case .terminated(.client(let id)): self.clients[id] = nil
        case .terminated(.server(let id)): self.passages[id] = nil
        case .strayAnswer, .serverTimeout, .serverTransportFailed: break
        }
    }

    func newTicket(_ waiting: Waiting) -> ProxyTicket {
        self.lastTicket &+= 1
        let ticket = ProxyTicket(number: self.lastTicket)
        self.waiting[ticket] = waiting
        return ticket
    }

    /// Nothing is remembered.
    var isEmpty: Bool {
        self.passages.isEmpty && self.clients.isEmpty && self.waiting.isEmpty
            && self.openConsultations == 0 && self.statelessWaiting == 0
            && self.layer.clientCount == 0 && self.layer.serverCount == 0
    }
}
