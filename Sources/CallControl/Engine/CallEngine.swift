// SPDX-License-Identifier: Apache-2.0

public import Admission
internal import Sharing
public import Tenancy

/// The back-to-back user agent of one shard: what the transaction layer, timers, media and
/// operators report goes in through methods; what is to be done comes out of ``drain()``, in order.
///
/// Owner: one shard's thread; nothing here is locked, and nothing blocks. It has no clock: the
/// owner sets ``now`` before each input. Bounded by the admission limits; a call holds two media
/// ports, one checkpoint, at most one running timer of each kind, and a handful of transactions.
public final class CallEngine<Ports: MediaPorts> {
    let context: EngineContext
    let ports: Ports
    var calls: [CallIdentifier: Call] = [:]
    /// Trunks that the configuration does not have any more, but calls in progress do.
    var retiredTrunks: [TrunkSettings] = []

    /// An engine without calls. `shard` begins every tag, branch and Call-ID.
    public init(
        configuration: CallConfiguration, ports: Ports, shard: UInt8,
        randomness: Randomness = Randomness()
    ) {
        self.context = EngineContext(
            configuration: configuration,
            identifiers: IdentifierSource(shard: shard, randomness: randomness))
        self.ports = ports
        self.context.authentication.follow(configuration)
    }

    /// Milliseconds since 1970-01-01; to be set before each input.
    public var now: Milliseconds {
        get { self.context.now }
        set { self.context.now = newValue }
    }

    /// What calls look tenants up by, a reader of the engine's own; nil: there are no tenants.
    public var tenants: DirectoryReader? {
        get { self.context.tenants }
        set { self.context.tenants = newValue }
    }

    /// Milliseconds of a clock that is never set and outlives the process, as CLOCK_MONOTONIC does;
    /// to be set like ``now``. Offsets in records are differences of it.
    public var monotonicNow: Milliseconds {
        get { self.context.monotonicNow }
        set { self.context.monotonicNow = newValue }
    }

    /// What was counted so far.
    public var counters: EngineCounters { self.context.counters }

    /// Live calls by trunk, and what drains.
    public var admission: Admission { self.context.admission }

    /// Calls that are not over.
    public var callCount: Int { self.calls.count }

    /// Takes what is to be done since the last time: checkpoints first, so that what a message
    /// makes true is kept before the message leaves.
    public func drain() -> [CallAction] {
        var actions: [CallAction] = []
        swap(&actions, &self.context.actions)
        guard !self.context.dirty.isEmpty else { return actions }
        var checkpoints: [CallAction] = []
        var written: Set<CallIdentifier> = []
        for id in self.context.dirty where written.insert(id).inserted {
            guard let call = self.calls[id] else { continue }
            self.noteParties(of: call)
            checkpoints.append(.checkpoint(Shared(call.checkpointValue)))
        }
        self.context.dirty = []
        return checkpoints + actions
    }

    /// Follows another configuration from now on. Calls in progress keep the trunks that they
    /// began with; limits apply to new calls.
    public func configure(_ configuration: CallConfiguration) {
        let names = Set(configuration.trunks.map(\.name))
        let retired = self.context.configuration.trunks + self.retiredTrunks
        self.retiredTrunks = retired.filter {
            !names.contains($0.name) && self.context.admission.calls(of: $0.name) > 0
        }
        self.context.configuration = configuration
        self.context.authentication.follow(configuration)
        self.context.admission.limits = configuration.limits
        self.context.optionsHeard = self.context.optionsHeard.filter { names.contains($0.key) }
        self.context.followTargets()
    }

    /// A call, and the engine lets go of it if it is over afterwards.
    func withCall(_ id: CallIdentifier, _ body: (Call) -> Void) {
        guard let call = self.calls[id] else { return }
        body(call)
        self.release()
    }

    /// Gives back what calls that are over held.
    func release() {
        // A step may begin a search, and the end of a search may be what a step waits for.
        repeat {
            self.continueSearches()
            self.takeSteps()
        } while !self.context.searching.isEmpty || !self.context.steps.isEmpty
        while let id = self.context.finished.popLast() {
            guard let call = self.calls.removeValue(forKey: id) else { continue }
            self.forgetParties(of: call)
            self.ports.release(call.legs.a.port)
            self.ports.release(call.legs.b.port)
            self.context.admission.release(call.token)
        }
    }

    /// Nothing is remembered: no call, tag, transaction or awaited INVITE.
    var isEmpty: Bool { self.calls.isEmpty && self.context.isEmpty }
}
