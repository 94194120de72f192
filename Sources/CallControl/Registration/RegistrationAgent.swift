// SPDX-License-Identifier: Apache-2.0

public import Admission
import NetworkAddress
import SIPAuthentication
import SIPMessage
import SIPTransaction

/// A registration as an operator sees it.
public struct RegistrationSummary: Sendable, Hashable {
    /// The trunk.
    public let trunk: TrunkName
    /// waiting, trying, registered, leaving or gone.
    public let state: String
    /// The address that is registered.
    public let address: [UInt8]
    /// Where the carrier is.
    public let registrar: String
    /// Seconds that the carrier granted; 0 while not registered.
    public let granted: UInt32
    /// Tries that failed since the last success.
    public let failures: UInt32
    /// Status of the last failure, 0 for silence; nil after a success.
    public let lastStatus: Int?
}

/// The registrations of all trunks: makes the REGISTERs that the machines ask for and tells them
/// what came of each. Owned by the core, which sends and tells the time.
final class RegistrationAgent {
    /// What the owner does.
    enum Action {
        case send([UInt8], branch: [UInt8], Hop, TrunkName)
        case startTimer(TrunkName, milliseconds: UInt64)
        case stopTimer(TrunkName)
    }

    private struct Entry {
        var machine: Registration
        var trunk: TrunkSettings
        let settings: RegistrationSettings
        let listener: ListenerSettings
        let callID: [UInt8]
        let tag: [UInt8]
        var sequence: UInt32 = 0
        var transaction: ClientTransactionID?
        /// The REGISTER under way.
        var expires: UInt32 = 0
        var hop: Hop
        var digest = DigestClient()
        var answered: Set<[UInt8]> = []
    }

    private unowned let context: EngineContext
    private var entries: [TrunkName: Entry] = [:]
    private(set) var actions: [Action] = []

    init(_ context: EngineContext) { self.context = context }

    /// Nothing is registered, or about to be.
    var isEmpty: Bool { self.entries.isEmpty }

    func drain() -> [Action] {
        defer { self.actions = [] }
        return self.actions
    }

    var summaries: [RegistrationSummary] {
        self.entries.values.map { entry in
            RegistrationSummary(
                trunk: entry.trunk.name, state: "\(entry.machine.state)",
                address: Self.address(entry.settings), registrar: "\(entry.hop.remote)",
                granted: entry.machine.granted, failures: entry.machine.failures,
                lastStatus: entry.machine.lastStatus)
        }.sorted { $0.trunk.text < $1.trunk.text }
    }

    /// Follows the configuration: what is new registers, what went is taken away.
    func configure() {
        let configuration = self.context.configuration
        var wanted: Set<TrunkName> = []
        for trunk in configuration.trunks {
            guard let settings = trunk.registration,
                let listener = configuration.listener(trunk.listener)?.named(for: trunk)
            else { continue }
            wanted.insert(trunk.name)
            if var entry = self.entries[trunk.name], entry.settings == settings,
                entry.machine.state != .leaving, entry.machine.state != .gone
            {
                entry.trunk = trunk
                entry.machine.setTargets(trunk.targets.count)
                self.entries[trunk.name] = entry
                continue
            }
            var entry = Entry(
                machine: Registration(settings, targets: trunk.targets.count), trunk: trunk,
                settings: settings, listener: listener,
                callID: self.context.identifiers.callID(at: listener.host),
                tag: self.context.identifiers.tag(),
                hop: trunk.peer)
            let actions = entry.machine.start()
            self.entries[trunk.name] = entry
            self.perform(actions, trunk.name)
        }
        for name in self.names where !wanted.contains(name) { self.leave(name) }
        self.showDown()
    }

    /// Takes all away.
    func stop() { for name in self.names { self.leave(name) } }

    /// In an order that does not depend on hashes: REGISTERs leave in it.
    private var names: [TrunkName] { self.entries.keys.sorted { $0.text < $1.text } }

    private func leave(_ name: TrunkName) {
        guard let actions = self.entries[name]?.machine.stop() else { return }
        self.perform(actions, name)
    }

    func timerFired(_ name: TrunkName) {
        guard let actions = self.entries[name]?.machine.timerFired() else { return }
        self.perform(actions, name)
    }

    /// A connection to there is gone.
    func lost(_ hop: Hop) {
        for name in self.names where self.entries[name]?.hop.remote == hop.remote {
            let random = self.context.identifiers.below(.max)
            if let actions = self.entries[name]?.machine.transportLost(random: random) {
                self.perform(actions, name)
            }
        }
    }

    // MARK: What came of a REGISTER

    /// The layer took it under this identifier; nil: it did not.
    func started(_ name: TrunkName, _ id: ClientTransactionID?) {
        guard let id else { return self.finish(name, .unreachable) }
        self.entries[name]?.transaction = id
    }

    /// The trunk whose REGISTER this transaction is.
    func owner(of id: ClientTransactionID) -> TrunkName? {
        self.entries.first { $0.value.transaction == id }?.key
    }

    func failed(_ name: TrunkName) { self.finish(name, .unreachable) }

    func response(_ name: TrunkName, _ response: SIPMessage) {
        guard let status = response.status, status >= 200, let entry = self.entries[name] else {
            return
        }
        let outcome: Registration.Outcome
        switch status {
        case 200...299:
            outcome = .accepted(expires: entry.expires == 0 ? 0 : self.granted(response, entry))
        case 401, 407:
            if self.answer(response, name) { return }
            outcome = .refused(status: status, retryAfter: nil)
        case 423:
            outcome = .tooBrief(least: ((try? response.seconds(.minExpires)) ?? nil) ?? 0)
        case 408: outcome = .unreachable
        default:
            outcome = .refused(
                status: status, retryAfter: (try? response.seconds(.retryAfter)) ?? nil)
        }
        self.finish(name, outcome)
    }

    private func finish(_ name: TrunkName, _ outcome: Registration.Outcome) {
        let random = self.context.identifiers.below(.max)
        self.entries[name]?.transaction = nil
        self.entries[name]?.answered = []
        guard let actions = self.entries[name]?.machine.finished(outcome, random: random) else {
            return
        }
        self.perform(actions, name)
        self.showDown()
    }

    /// Seconds that our Contact has in the answer (RFC 3261 section 10.3): those of the address
    /// with our user and host, else those of Expires, else what was asked for.
    private func granted(_ response: SIPMessage, _ entry: Entry) -> UInt32 {
        let ours = self.contact(entry)
        for case .address(let contact) in (try? response.contacts()) ?? [] {
            guard Self.isSame(contact.uri, ours) else { continue }
            guard let text = contact.parameters.value("expires"),
                let seconds = ASCII.number(text, limit: UInt64(UInt32.max))
            else { break }
            return UInt32(truncatingIfNeeded: seconds)
        }
        return ((try? response.seconds(.expires)) ?? nil) ?? entry.expires
    }

    private static func isSame(_ uri: ArraySlice<UInt8>, _ ours: [UInt8]) -> Bool {
        guard let left = try? SIPURI(uri), let right = try? SIPURI(ours[...]) else { return false }
        return left.host == right.host && left.port == right.port
            && (left.user ?? []).elementsEqual(right.user ?? [])
    }

    private func answer(_ response: SIPMessage, _ name: TrunkName) -> Bool {
        guard var entry = self.entries[name],
            let credentials = entry.trunk.authentication.credentials
        else { return false }
        let answers = entry.digest.answer(
            response,
            to: DigestRequest(
                method: Method.register.bytes, uri: Self.requestURI(entry.settings)), credentials,
            answered: entry.answered,
            clientNonce: hexadecimal(self.context.identifiers.below(.max)))
        self.entries[name] = entry
        guard !answers.isEmpty else {
            self.context.counters.challengesFailed &+= 1
            return false
        }
        self.context.counters.challengesAnswered &+= 1
        entry.answered.formUnion(answers.map(\.nonce))
        entry.transaction = nil
        self.entries[name] = entry
        self.send(name, credentials: answers.map { ($0.name, $0.value) })
        return true
    }

    // MARK: REGISTER

    private func perform(_ actions: [Registration.Action], _ name: TrunkName) {
        for action in actions {
            switch action {
            case .send(let expires, let target):
                guard let trunk = self.current(name) else { continue }
                let targets = trunk.targets.map(\.hop)
                self.entries[name]?.machine.setTargets(targets.count)
                self.entries[name]?.hop =
                    targets.isEmpty ? trunk.peer : targets[target % targets.count]
                self.entries[name]?.expires = expires
                self.send(name, credentials: [])
            case .startTimer(let milliseconds):
                self.actions.append(.startTimer(name, milliseconds: milliseconds))
            case .stopTimer: self.actions.append(.stopTimer(name))
            }
        }
        if self.entries[name]?.machine.state == .gone { self.entries[name] = nil }
    }

    /// The trunk as it is now: its targets change with what its name resolves to.
    private func current(_ name: TrunkName) -> TrunkSettings? {
        self.context.configuration.trunks.first { $0.name == name } ?? self.entries[name]?.trunk
    }

    private func send(_ name: TrunkName, credentials: [(HeaderName, [UInt8])]) {
        guard var entry = self.entries[name] else { return }
        entry.sequence = (entry.sequence &+ 1) & 0x7fff_ffff
        let branch = self.context.identifiers.branch()
        let address = Array("<".utf8) + Self.address(entry.settings) + Array(">".utf8)
        var builder = SIPMessageBuilder(
            request: .register, uri: Self.requestURI(entry.settings))
        builder.add(.via, entry.listener.via(branch: branch))
        builder.add(.maxForwards, "70")
        builder.add(.from, address + Array(";tag=".utf8) + entry.tag)
        builder.add(.to, address)
        builder.add(.callID, entry.callID)
        builder.add(.cSeq, CSeq(number: entry.sequence, method: .register).bytes)
        builder.add(
            .contact,
            Array("<".utf8) + self.contact(entry) + Array(">;expires=".utf8)
                + decimal(entry.expires))
        builder.add(.expires, entry.expires)
        let product = self.context.configuration.product
        if !product.isEmpty { builder.add(.userAgent, product) }
        for (name, value) in credentials { builder.add(name, value) }
        self.entries[name] = entry
        self.actions.append(.send(builder.finish(), branch: branch, entry.hop, name))
    }

    /// Our Contact is the same after a restart, so that the carrier replaces it.
    private func contact(_ entry: Entry) -> [UInt8] {
        Array("sip:".utf8) + entry.settings.user + Array("@".utf8) + entry.listener.hostPort
            + entry.listener.transport.uriParameter
    }

    private static func requestURI(_ settings: RegistrationSettings) -> [UInt8] {
        Array("sip:".utf8) + settings.domain
    }

    private static func address(_ settings: RegistrationSettings) -> [UInt8] {
        Array("sip:".utf8) + settings.user + Array("@".utf8) + settings.domain
    }

    /// New calls to these trunks would fail.
    private func showDown() {
        self.context.unregistered = Set(
            self.entries.values.filter { $0.settings.isRequired && !$0.machine.isRegistered }.map {
                $0.trunk.name
            })
    }
}
