// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import Configuration
import DTLS
import FlowABI
import FlowProgramming
import Management
import SIPMessage
import SIPProxy
import SIPTransaction
import SIPTransport
import Store
import Tenancy

/// One signalling shard: a loop and everything that runs on it. Owned by one thread.
///
/// What comes in (messages, timers, media events, requests of operators) is put in at once; what
/// it leads to is done at the end of the loop's turn, in an order that a crash cannot spoil:
/// first media commands and checkpoints, then the messages that rely on them.
final class Shard {
    let loop: EventLoop
    let core: SignallingCore<PortPool>
    let programmer: FlowProgrammer
    let store: CheckpointStore
    /// Files that the store had set aside when all calls were last put into it.
    var setAsideSeen: UInt64 = 0
    let inHand: MessageInHand
    /// What messages may cost, by their source.
    var guardian = SourceGuard()
    /// How long a message and its parts may be.
    var messageLimits = MessageLimits()
    /// The profiles of trunks that have some, as records name them.
    var profiles: [TrunkName: String] = [:]
    /// Trunks are looked up for their own limits only where one has some.
    var someTrunkLimitsMessages = false
    let management: ControlServer
    /// Tenants and numbers, and where their changes go.
    let provisioning: ProvisioningAgent
    var provisioningInbox: LoopInbox<ProvisioningAgent.Report>?
    var provisioningStatus = ProvisioningStatus()
    /// Requests that the agent has not answered yet, by token.
    var provisioningAnswers: [UInt64: (ControlAnswer) -> Void] = [:]
    /// What migrations count of calls.
    var migrations = MigrationWatch()
    /// Look-ups of tenants' names that somebody waits for.
    var nameChecks: [UInt64: NameCheck] = [:]
    /// Test calls that somebody waits for.
    var testCalls: [CallIdentifier: TestCallWait] = [:]
    let tenants: Tenants
    let dtls: DTLSAgent
    let tracer: Tracer
    let tls = TLSAgent()
    /// The Mobile Control Point; nil: none is configured.
    let proxy: ProxyAgent?
    /// Why a TLS handshake did not end well, the last time.
    var lastHandshakeFailure: String?
    var file: NodeConfiguration
    /// How many calls may come in, and why.
    private(set) var callLimit: CallLimit
    var transport: TransportSet?
    var timers: LoopTimers<ShardTimer>?
    /// Where the peers are that have names; from `open` to `close`.
    var locator: PeerLocator?
    var counters = ShardCounters()
    /// Problems of the last configuration that was refused.
    var refusedConfiguration: [String] = []
    /// Messages that wait for the turn's checkpoints, and for the media that they speak of.
    var outbox = Outbox()
    /// Sessions for whose media the event in hand asks.
    var wished: [MediaSession] = []
    /// Looks for the answers of the fast path that messages wait for.
    var answerTimer: FineTimer?
    var answerPace = AnswerPace()
    /// Commands when the pace was set.
    var pacedCommands: UInt64 = 0
    /// When a message was first done with that is not settled yet, CLOCK_MONOTONIC; zero: none.
    private var unsettledNs: UInt64 = 0
    /// What is written of calls.
    let records: RecordBook
    /// Figures of calls whose media is gone and whose record is not written.
    var lastFigures: [CallIdentifier: (a: FlowStatistics?, b: FlowStatistics?)] = [:]
    /// What of the round's drops was found, and the part of the flows that is looked at next.
    var dropReport = DropReport()
    var dropsPart = 0
    let startedMs = Clocks.wallMs
    /// The process was told to stop.
    var isStopping = false
    private let toTagSeed = UInt64.random(in: .min ... .max)
    private let configurationPath: String

    /// Who came first does not wait for all that came with it: what is done is settled when this
    /// time is over, a few messages later, and not at the end of a long turn.
    private static let settleNs: UInt64 = 100_000

    init(
        _ file: NodeConfiguration, path: String, tenants: Tenants = Tenants()
    ) throws(NodeError) {
        self.file = file
        self.callLimit = CallLimit(file, Machine.current())
        self.tracer = Tracer(file)
        self.configurationPath = path
        do {
            self.loop = try EventLoop()
        } catch {
            throw NodeError("\(error)")
        }
        var programming = FlowProgrammer.Configuration(directory: file.node.runtimeDirectory)
        programming.media = Settings.media(file)
        programming.sharing = Settings.sharing(file)
        self.programmer = FlowProgrammer(programming)
        self.store = CheckpointStore(path: file.node.runtimeDirectory + "/calls.shm")
        self.records = RecordBook(file, loop: self.loop, store: self.store)
        self.inHand = MessageInHand(path: file.node.runtimeDirectory + "/in-hand.shm")
        self.management = ControlServer(loop: self.loop)
        self.provisioning = ProvisioningAgent(path: file.store.path, tenants: tenants)
        self.tenants = tenants
        do {
            self.dtls = try DTLSAgent()
        } catch {
            throw NodeError("DTLS: \(error)")
        }
        try self.tls.configure(file)
        let random = RandomStore()
        var layer = TransactionLayer.Configuration()
        layer.tagSeed = .random(in: .min ... .max)
        self.core = SignallingCore(
            engine: CallEngine(
                configuration: try Settings.calls(
                    file, self.callLimit, fingerprint: self.dtls.fingerprint),
                ports: self.programmer.ports, shard: 0, randomness: Randomness(random.next)),
            layer: TransactionLayer(configuration: layer))
        tenants.follow(file.carrierTrunks)
        self.migrations.follow(file.carrierTrunks)
        self.core.rules.configure(Settings.rules(file))
        self.proxy = ProxyAgent(file, loop: self.loop, dns: Self.dns(file))
        self.timers = LoopTimers(loop: self.loop) { [unowned self] in self.timerFired($0) }
        self.tracer.parties = { [unowned self] in self.parties($0) }
        self.adoptEdge(file)
    }

    /// Opens everything. What a former process left is taken up before the first message comes.
    func open() throws(NodeError) {
        let transport = TransportSet(loop: self.loop, owner: self)
        self.transport = transport
        transport.tls = self
        self.recover()
        self.openStore()
        for (position, listener) in self.file.listeners.enumerated() {
            do {
                try transport.listen(
                    Settings.index(position), transport: Settings.transport(listener.transport),
                    address: listener.address,
                    pingMilliseconds: UInt64(clamping: listener.keepAliveSeconds * 1000))
            } catch {
                throw NodeError(
                    "listener \(listener.name): \(error). "
                        + "Check that \(listener.address) is an address of this host and free")
            }
        }
        let path = self.file.node.runtimeDirectory + "/control.sock"
        self.watchPeers()
        self.addVerbs()
        do {
            try self.management.listen(path: path)
        } catch {
            throw NodeError("the control socket \(path): \(error)")
        }
        self.timers?.start(.certificate, milliseconds: DTLSCertificates.rotationMilliseconds)
        self.timers?.start(.tlsFiles, milliseconds: TLSAgent.lookMilliseconds)
        self.timers?.start(.drops, milliseconds: Self.dropsLookMilliseconds)
        self.timers?.start(.records, milliseconds: Self.recordsLookMilliseconds)
        self.timers?.start(.migrations, milliseconds: Self.migrationsLookMilliseconds)
        for line in self.tls.warnings(now: Self.nowSeconds) { Log.line("trunkline: \(line)") }
        self.tellTime()
        self.core.configureRegistrations()
        self.loop.onTurnEnd { [unowned self] in self.endTurn() }
        // Its turn's end does all that there is to do.
        self.answerTimer = FineTimer(loop: self.loop) {}
        self.poll()
    }

    // MARK: Turns

    /// Does all that this turn led to.
    private func endTurn() {
        self.carryOut()
        self.logPeerChanges()
        self.transport?.followSources()
        self.settle()
        self.awaitAnswers()
    }

    /// Keeps what was done, and sends what relies on that.
    private func settle() {
        self.unsettledNs = 0
        self.commit()
        // Workers had that time.
        self.pollMedia()
        self.carryOut()
        self.commit()
        self.flush()
    }

    /// After each datagram.
    func settleIfLong() {
        let nowNs = Clocks.monotonicNs
        if self.unsettledNs == 0 {
            self.unsettledNs = nowNs
        } else if nowNs &- self.unsettledNs >= Self.settleNs {
            self.counters.turnsCut &+= 1
            self.settle()
        }
    }

    /// Tells the engine what time it is: before each input.
    func tellTime() {
        self.core.engine.now = Clocks.wallMs
        self.core.engine.monotonicNow = Clocks.monotonicNs / 1_000_000
    }

    /// Does what the core wants; messages wait for the turn's end. What it asks of the media is
    /// written at once, so that the worker need not wait for that.
    func carryOut() {
        self.carryOutProxy()
        self.tellTime()
        let first = self.outbox.count
        for output in self.core.drain() { self.apply(output) }
        guard !self.wished.isEmpty else { return }
        self.outbox.hold(from: first, for: self.wished, nowMs: self.loop.now)
        self.wished = []
        self.programmer.submit(nowNs: Clocks.monotonicNs)
    }

    /// Sends the messages whose time has come.
    func flush() {
        guard self.outbox.count > 0 else { return }
        let isServed = self.programmer.isServed(
            Clocks.monotonicNs, withinNs: Self.heartbeatNsWaitedFor)
        self.outbox.release(
            nowMs: self.loop.now, isServed: isServed, isReady: self.programmer.isReady
        ) { message in
            self.traceSent(message.bytes, message.hop, message.owner)
            self.transport?.send(message.bytes, to: message.hop, owner: message.owner)
        }
    }

    private func timerFired(_ timer: ShardTimer) {
        switch timer {
        case .signalling(let timer):
            self.tellTime()
            self.core.timerFired(timer)
            self.carryOut()
        case .proxy(let timer):
            self.proxy?.core.timerFired(timer)
            self.carryOut()
        case .poll: self.poll()
        case .handshake(let leg): self.handshakeTimerFired(leg)
        case .certificate: self.rotateCertificate()
        case .tlsFiles:
            self.lookAtCertificates()
            self.timers?.start(timer, milliseconds: TLSAgent.lookMilliseconds)
        case .drops: self.lookAtDrops()
        case .store: self.lookAfterStore()
        case .records: self.lookAtRecords()
        case .migrations: self.lookAtMigrations()
        case .watchdog(let milliseconds):
            ServiceNotification().send("WATCHDOG=1")
            self.timers?.start(timer, milliseconds: milliseconds)
        case .stop: self.loop.stop()
        }
    }

    // MARK: What comes in

    /// A tag for answers that are given without state.
    func statelessTag(_ bytes: [UInt8]) -> [UInt8] {
        // The same message gets the same tag (RFC 3261 section 8.2.7).
        var hash = self.toTagSeed
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return Array(String(hash, radix: 36).utf8)
    }

    /// Reads the configuration file again. A file with problems changes nothing.
    func reload() {
        self.records.reopen()
        do {
            let file = try NodeConfiguration.load(
                path: self.configurationPath, checkingFiles: true)
            self.refusedConfiguration = []
            self.adopt(file)
            self.lookAtCertificates()
            Log.line("trunkline: configuration read again")
            for text in self.refusedConfiguration { Log.line("trunkline: \(text)") }
        } catch {
            self.refusedConfiguration = error.issues.map { $0.description }
            for issue in error.issues { Log.line("trunkline: \(issue)") }
            Log.line("trunkline: the configuration in force stays as it is")
        }
    }

    /// What can change while calls are up; the rest waits for a restart, and says so.
    private func adopt(_ file: NodeConfiguration) {
        let haveSockets =
            file.listeners.count == self.file.listeners.count
            && zip(file.listeners, self.file.listeners).allSatisfy { $0.hasSocket(of: $1) }
        guard haveSockets, file.realms == self.file.realms else {
            // Trunks name listeners and realms by position: they cannot be taken without them.
            self.refusedConfiguration = [
                "listeners or realms changed: nothing was taken over, restart to change them"
            ]
            return
        }
        let later = [
            (file.node != self.file.node, "node"),
            (file.fastPath != self.file.fastPath, "fastpath"),
            (file.media != self.file.media, "media"),
            (file.store != self.file.store, "store"),
            (file.trace.memoryMB != self.file.trace.memoryMB, "trace.memory-mb"),
            (!Self.keepsProxy(file, self.file), "mcp"),
        ].filter(\.0).map(\.1)
        if !later.isEmpty {
            self.refusedConfiguration = [
                "\(later.joined(separator: ", ")): changes with the next start; "
                    + "trunks, routes and limits are in force"
            ]
        }
        var next = file
        next.node = self.file.node
        next.fastPath = self.file.fastPath
        next.media = self.file.media
        next.store = self.file.store
        next.trace.memoryMB = self.file.trace.memoryMB
        if !Self.keepsProxy(file, self.file) { next.mcp = self.file.mcp }
        do {
            let limit = CallLimit(next, Machine.current())
            let calls = try Settings.calls(next, limit, fingerprint: self.dtls.fingerprint)
            try self.tls.configure(next)
            self.tellTime()
            self.core.engine.configure(self.locate(calls, next))
            self.tenants.follow(next.carrierTrunks)
            self.migrations.follow(next.carrierTrunks)
            self.recycleConnections()
            self.core.rules.configure(Settings.rules(next))
            self.core.configureRegistrations()
            self.file = next
            self.proxy?.configure(next)
            self.tracer.configure(next.trace)
            self.records.configure(
                next.records,
                calls: self.core.engine.listCalls().compactMap { call in
                    call.answeredAt.map { (call.id, $0) }
                })
            self.adoptEdge(next)
            self.callLimit = limit
        } catch {
            self.refusedConfiguration = [error.description]
        }
    }
}

/// What a shard's one timer wheel is for.
enum ShardTimer: Hashable {
    case signalling(SignallingTimer)
    case proxy(ProxyTimer)
    /// Look at the fast path.
    case poll
    /// A leg's DTLS handshake.
    case handshake(CallLeg)
    /// Our DTLS certificate has been in use for long enough.
    case certificate
    /// The files of our TLS certificates may have changed.
    case tlsFiles
    /// Look which legs lose packets.
    case drops
    /// Look after a store that takes no changes.
    case store
    /// Look which calls are due for a partial record.
    case records
    /// Look at the gates of migrations.
    case migrations
    /// Tell the service manager that the loop turns; how often, in milliseconds.
    case watchdog(UInt64)
    /// The deadline of the process's end.
    case stop

    /// See ``TimerToken/hash(into:)``: which case it is tells little.
    func hash(into hasher: inout Hasher) {
        switch self {
        case .signalling(let timer): hasher.combine(timer)
        case .proxy(let timer): hasher.combine(timer)
        case .handshake(let leg): hasher.combine(leg)
        case .poll, .certificate, .tlsFiles, .drops, .store, .records, .migrations, .watchdog,
            .stop:
            break
        }
    }
}

/// What a shard counts beside its parts.
struct ShardCounters {
    /// Turns so long that messages left before their end.
    var turnsCut: UInt64 = 0
    /// Requests answered with a refusal because they are malformed.
    var rejected: UInt64 = 0
    /// Messages dropped because they are malformed.
    var dropped: UInt64 = 0
    /// Messages refused or dropped because they are longer than their trunk lets them be.
    var overTrunkLimits: UInt64 = 0
    /// Messages dropped because two former processes ended with them in hand.
    var poisonous: UInt64 = 0
    /// Messages dropped, with their connection, because its certificate was not that of their
    /// trunk: the source has become another trunk's since.
    var impostors: UInt64 = 0
    /// Requests about tenants and numbers.
    var provisioningRequests: UInt64 = 0
    /// Look-ups of tenants' names.
    var nameChecks: UInt64 = 0
    /// Of them, those that were not made: too many were waiting, or no descriptor was left.
    var nameChecksRefused: UInt64 = 0
    /// Checkpoints that could not be read after a restart.
    var unreadableCheckpoints: UInt64 = 0
}

/// Why a node cannot run; one sentence that says what to do.
public struct NodeError: Error, CustomStringConvertible {
    /// The sentence.
    public let description: String
    init(_ description: String) { self.description = description }
}
