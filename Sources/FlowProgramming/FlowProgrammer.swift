// SPDX-License-Identifier: Apache-2.0

public import CallControl
public import FlowABI
public import MediaPlanning
import NetworkAddress
import Sharing

/// Keeps the fast path's flows equal to what the calls of one shard want. Wishes are put in at any
/// time; `poll` does the rest: it attaches, shakes hands, writes commands, reads answers, and
/// after a restart of either process compares and repairs. Owned by one shard's thread, not
/// Sendable; no clock and no thread of its own. Nothing here waits: a full ring leaves the rest
/// for the next poll, and a fast path that is away leaves all of it for its return.
public final class FlowProgrammer {
    /// Where and how.
    public struct Configuration: Sendable {
        /// The fast path's file.
        public var fastPathFile: String
        /// Our file.
        public var controlFile: String
        /// Permission bits of our file: the fast path reads it.
        public var mode: UInt32 = 0o640
        /// Which shard this is.
        public var shard = ShardIndex(0)
        /// What the node says about all media.
        public var media = MediaSettings()
        /// Which realms share ports among legs.
        public var sharing = PortSharing.off
        /// Flows that may wait for the fast path before new sessions are refused.
        public var pendingMax = 4096

        /// With the files of one directory.
        public init(directory: String) {
            self.fastPathFile = directory + "/fastpath.shm"
            self.controlFile = directory + "/control.shm"
        }
    }

    /// What became of a leg's key sets.
    struct KeyHistory: Equatable {
        /// The last that was given to a worker: its indexes may have been used.
        var used: UInt64 = 0
        /// The newest that may have been used on a record that is lost: nobody knows how far it and
        /// those before it were used, and none of them is given again.
        var lost: UInt64 = 0
        /// Those of which was told that they are never given again.
        var spent: Set<UInt64> = []
        /// The one of before our restart. What was saved may be older than what the worker has, so
        /// that it serves only where the flow's record names it.
        var restored: UInt64 = 0
    }

    /// A reference, as a flow's entry is.
    final class Session {
        var intent: MediaIntent
        var a: LegIdentity?
        var b: LegIdentity?
        /// Both nil without keys.
        @Apart private var keysOfA: KeyHistory?
        @Apart private var keysOfB: KeyHistory?
        var isEnding = false
        var isAnnounced = false

        init(intent: MediaIntent, a: LegIdentity? = nil, b: LegIdentity? = nil) {
            self.intent = intent
            self.a = a
            self.b = b
        }

        var keys: (a: KeyHistory, b: KeyHistory) {
            get { (self.keysOfA ?? KeyHistory(), self.keysOfB ?? KeyHistory()) }
            set {
                self.keysOfA = newValue.a == KeyHistory() ? nil : newValue.a
                self.keysOfB = newValue.b == KeyHistory() ? nil : newValue.b
            }
        }
    }

    struct Sent {
        let sequence: UInt32
        let command: FlowCommand
        let entry: FlowEntry
        let timeNs: UInt64
    }

    /// A fast path whose heartbeat is older is away: it beats a hundred times a second.
    public static let heartbeatNsMax: UInt64 = 1_000_000_000

    /// The ports of the fast path's realms. The same object for the process's life.
    public let ports: PortPool
    /// Figures.
    public internal(set) var counters = ProgrammerCounters()

    let configuration: Configuration
    let link: FastPathLink
    var table: FlowTable?
    var sessions: [MediaSession: Session] = [:]
    /// Flows with something to do, by worker.
    var queues: [Queue<FlowEntry>] = []
    /// Commands without an answer, by worker, oldest first.
    var sent: [Queue<Sent>] = []
    var outcomes: [MediaOutcome] = []
    /// Flows whose worker had no room for digits.
    var heldDigits: [FlowEntry] = []
    /// DTLS records that nobody has taken yet.
    var records: [MediaRecord] = []
    /// What legs lost that are gone, and nobody has asked for yet.
    var lastDrops: [LegDrops] = []
    /// The drops of no flow that were told of, by worker.
    var dropsOfNoFlowTold: [DropCounts] = []
    /// Of the last poll.
    var nowNs: UInt64 = 0
    var dscpOf: [AddressIndex: UInt8] = [:]
    var hasBegun = false
    private let random = RandomStore()

    /// A programmer that has done nothing yet.
    public init(_ configuration: Configuration) {
        self.configuration = configuration
        self.ports = PortPool(sharing: configuration.sharing)
        self.link = FastPathLink(
            fastPath: configuration.fastPathFile, control: configuration.controlFile,
            shard: configuration.shard, mode: configuration.mode)
    }

    /// Where the connection stands.
    public var state: LinkState { self.link.state }

    /// Why rings were given up last; nil for never.
    public var lastFault: RingFault? { self.link.lastFault }

    /// The fast path's file, for counters and pages; nil while detached.
    public var fastPath: FastPathFile? { self.link.fastPath }

    /// Flows whose commands are not all answered.
    public var pending: Int {
        self.queues.reduce(0) { $0 + $1.count } + self.sent.reduce(0) { $0 + $1.count }
    }

    /// True from `start` or `restore` on, until the session has ended.
    public func has(_ session: MediaSession) -> Bool { self.sessions[session] != nil }

    /// Of the commands that were ever written, those that are answered or were lost with their
    /// ring.
    public var settledCommands: UInt64 {
        self.counters.commands &- self.sent.reduce(0) { $0 &+ UInt64($1.count) }
    }

    /// False while flows of a session are not yet what they shall be. True as well where nobody
    /// works on them: for a session that is over, or was refused, or has no fast path.
    public func isReady(_ session: MediaSession) -> Bool {
        guard let current = self.sessions[session], !current.isAnnounced, !current.isEnding,
            self.link.state == .matched
        else { return true }
        return self.isReady(current.a) && self.isReady(current.b)
    }

    private func isReady(_ identity: LegIdentity?) -> Bool {
        guard let entry = self.entry(identity), entry.desired != nil else { return true }
        return entry.isSettled
    }

    /// How many sessions there are, those that are ending included.
    public var sessionCount: Int { self.sessions.count }

    /// Takes up a call that lived through a restart of this process: its flows are found by their
    /// ports, or installed anew. Before `begin`.
    public func restore(_ session: MediaSession, _ intent: MediaIntent) {
        let restored = Session(intent: intent)
        for (keys, leg) in [(\Session.keys.a, intent.a), (\Session.keys.b, intent.b)] {
            let keyID = leg.security?.keyID ?? 0
            restored[keyPath: keys] = KeyHistory(used: keyID, restored: keyID)
        }
        self.sessions[session] = restored
        if self.link.fastPath != nil { self.reservePorts(intent) }
    }

    /// All calls are restored: from now on flows that belong to none are removed. Until then `poll`
    /// attaches, and touches nothing.
    public func begin() { self.hasBegun = true }

    /// Wants the media of a call. The answer is an outcome; a throw leaves nothing behind.
    public func start(
        _ session: MediaSession, _ intent: MediaIntent
    ) throws(MediaSessionError) {
        guard self.sessions[session] == nil else { throw .badSession }
        guard self.table != nil else { throw .fastPathAway }
        guard self.pending < self.configuration.pendingMax else {
            self.counters.backPressure &+= 1
            throw .backPressure
        }
        self.sessions[session] = Session(intent: intent)
        self.mark(intent)
        do {
            try self.plan(session)
        } catch {
            self.forget(session)
            throw error
        }
    }

    /// Wants something else for a call's media; a throw leaves it as it was.
    public func update(
        _ session: MediaSession, _ intent: MediaIntent
    ) throws(MediaSessionError) {
        guard let current = self.sessions[session], !current.isEnding else { throw .badSession }
        guard current.intent != intent else { return }
        let before = Session(intent: current.intent, a: current.a, b: current.b)
        before.keys = current.keys
        current.intent = intent
        self.mark(intent)
        // Before the first attach there is nothing to plan with; the attach will plan.
        guard self.table != nil else { return }
        self.retireMovedLegs(session, before)
        do {
            try self.plan(session)
        } catch {
            current.intent = before.intent
            self.mark(before.intent)
            self.restoreLegs(session, before)
            throw error
        }
        self.removeRetired(session, before)
    }

    /// Wants no media any more. Without the fast path the end is at once, and what its process may
    /// still have is removed when it is back.
    public func end(_ session: MediaSession) {
        guard let current = self.sessions[session], !current.isEnding else { return }
        current.isEnding = true
        guard self.link.state == .matched else {
            let figures = self.statistics(session)
            self.forget(session)
            self.outcomes.append(.ended(session, a: figures.a, b: figures.b))
            return
        }
        for flow in [current.a?.flow, current.b?.flow].compactMap(\.self) {
            self.unwish(flow.index)
        }
        self.settle(session)
    }

    /// The figures of a call's flows; nil where there is no flow.
    public func statistics(_ session: MediaSession) -> (a: FlowStatistics?, b: FlowStatistics?) {
        guard let file = self.link.fastPath, let session = self.sessions[session] else {
            return (nil, nil)
        }
        return (
            session.a.flatMap { file.statistics($0.flow) },
            session.b.flatMap { file.statistics($0.flow) }
        )
    }

    /// The flows of a call; nil where there is none.
    public func flows(_ session: MediaSession) -> (a: FlowID?, b: FlowID?) {
        (self.sessions[session]?.a?.flow, self.sessions[session]?.b?.flow)
    }

    /// What happened since the last time, oldest first.
    public func takeOutcomes() -> [MediaOutcome] {
        // Not `removeAll(keepingCapacity:)`: with the old storage handed out it makes new storage,
        // for nothing as a rule.
        defer { self.outcomes = [] }
        return self.outcomes
    }

    /// Where a leg on a shared port has its party now, which decides who else may come to it.
    private func mark(_ intent: MediaIntent) {
        self.ports.mark(intent.a.local, intent.a.mark)
        self.ports.mark(intent.b.local, intent.b.mark)
    }

    /// The stream of a new flow. On a shared port its SSRC names the leg: by it the flow is found
    /// again after a restart of ours.
    func randomIdentity(_ flow: FlowID, _ port: MediaPort) -> LegIdentity {
        let value = self.random.next()
        let more = self.random.next()
        return LegIdentity(
            flow: flow, ssrc: port.isShared ? port.share : UInt32(truncatingIfNeeded: value),
            // The upper half stays free: a stream's first sequence number below 2^15 cannot wrap
            // in its first packets (RFC 3711 section 3.3.1).
            initialSequence: UInt16(truncatingIfNeeded: more) & 0x7fff,
            initialTimestamp: UInt32(truncatingIfNeeded: value >> 32))
    }
}
