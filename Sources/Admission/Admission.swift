// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress

/// Proof that a call was counted. Given back exactly once, with ``Admission/release(_:)``.
public struct AdmissionToken: Sendable, Hashable {
    /// The trunk that the call came from.
    public let from: TrunkName
    /// The trunk that it goes to.
    public let to: TrunkName
    /// An emergency call that was let in beyond the limits, or would have been.
    public let isExempt: Bool
    /// The address that its INVITE came from.
    public let source: IPAddress?
    /// Who it counts for besides the trunks, as it was when it was let in.
    fileprivate let tenants: [TenantName]

    /// A call between two legs of one trunk counts once there.
    fileprivate var trunks: [TrunkName] {
        self.from == self.to ? [self.from] : [self.from, self.to]
    }

    fileprivate var scopes: [Admission.Scope] {
        self.trunks.map { .trunk($0) } + self.tenants.map { .tenant($0) }
            + (self.source.map { [.source($0)] } ?? [])
    }
}

/// Counts live calls by node, trunk and tenant, and says who may come in. Pure: no I/O, and the
/// clock is the caller's.
public struct Admission: Sendable {
    /// What has a count and a rate of its own.
    fileprivate enum Scope: Sendable, Hashable {
        case node
        case trunk(TrunkName)
        case tenant(TenantName)
        case source(IPAddress)

        var full: AdmissionRefusal {
            switch self {
            case .node: .nodeFull
            case .trunk(let name): .trunkFull(name)
            case .tenant(let name): .tenantFull(name)
            case .source: .sourceFull
            }
        }

        var fast: AdmissionRefusal {
            switch self {
            case .node: .nodeRate
            case .trunk(let name): .trunkRate(name)
            case .tenant(let name): .tenantRate(name)
            case .source: .sourceRate
            }
        }
    }

    /// The limits in force. Lowering them ends no call.
    public var limits: AdmissionLimits {
        didSet { if self.limits != oldValue { self.fill() } }
    }
    /// Live calls of the node.
    public private(set) var calls = 0
    /// Of them, emergency calls that are exempt from the limits.
    public private(set) var emergencyCalls = 0
    /// The node takes no new calls.
    public private(set) var isDraining = false
    /// Trunks that take no new calls.
    public private(set) var drainingTrunks: Set<TrunkName> = []
    /// Trunks that are not open to all new calls, whether they are being drained or not.
    private var intakes: [TrunkName: TrunkIntake] = [:]
    private var counts: [Scope: Int] = [:]
    /// Of those that have a rate.
    private var buckets: [Scope: TokenBucket] = [:]

    /// Without calls.
    public init(limits: AdmissionLimits) {
        self.limits = limits
        self.fill()
    }

    /// New buckets for new limits; those that stay as they are keep what is in them.
    private mutating func fill() {
        var rates: [Scope: UInt32] = [:]
        rates[.node] = self.limits.rate
        for (name, limit) in self.limits.trunks { rates[.trunk(name)] = limit.rate }
        for (name, limit) in self.limits.tenants { rates[.tenant(name)] = limit.rate }
        var buckets: [Scope: TokenBucket] = [:]
        for (scope, rate) in rates {
            let old = self.buckets[scope]
            buckets[scope] = old?.rate == rate ? old : TokenBucket(rate: rate)
        }
        self.buckets = buckets
    }

    /// Live calls that use a trunk.
    public func calls(of trunk: TrunkName) -> Int { self.counts[.trunk(trunk)] ?? 0 }

    /// Live calls of a tenant.
    public func calls(of tenant: TenantName) -> Int { self.counts[.tenant(tenant)] ?? 0 }

    /// Emergency calls of trusted trunks are exempt, up to the cap of their own.
    public func isExempt(_ kind: CallKind) -> Bool {
        guard case .emergency(isExempt: true) = kind else { return false }
        return self.emergencyCalls < self.limits.emergencyCallsMax
    }

    /// Why a call between these trunks would be refused at this time (milliseconds of any clock);
    /// nil when it would be let in.
    public func refusal(
        from: TrunkName, to: TrunkName, _ kind: CallKind = .normal, source: IPAddress? = nil,
        now: UInt64 = 0
    ) -> AdmissionRefusal? {
        if self.isExempt(kind) { return nil }
        if self.isDraining { return .nodeDraining }
        let token = self.token(from, to, isExempt: false, source)
        for trunk in token.trunks where self.isDraining(trunk) { return .trunkDraining(trunk) }
        if self.intakes[from] == TrunkIntake.none { return .trunkDraining(from) }
        if self.intakes[to] != nil { return .trunkDraining(to) }
        return self.refusal([.node] + token.scopes, now: now)
    }

    /// Counts a call, or says why not.
    public mutating func admit(
        from: TrunkName, to: TrunkName, _ kind: CallKind = .normal, source: IPAddress? = nil,
        now: UInt64 = 0
    ) -> Result<AdmissionToken, AdmissionRefusalError> {
        if let refusal = self.refusal(from: from, to: to, kind, source: source, now: now) {
            return .failure(AdmissionRefusalError(refusal: refusal))
        }
        let isExempt = self.isExempt(kind)
        let token = self.restore(from: from, to: to, isExempt: isExempt, source: source)
        guard !isExempt else { return .success(token) }
        for scope in [.node] + token.scopes { self.take(scope, now: now) }
        return .success(token)
    }

    /// Counts a call that is already live, whatever the limits: after a restart.
    public mutating func restore(
        from: TrunkName, to: TrunkName, isExempt: Bool = false, source: IPAddress? = nil
    ) -> AdmissionToken {
        let token = self.token(from, to, isExempt: isExempt, source)
        self.calls += 1
        if isExempt { self.emergencyCalls += 1 }
        for scope in token.scopes { self.counts[scope, default: 0] += 1 }
        return token
    }

    /// A call that is being set up goes to another trunk than it was let in for; the node's own
    /// limits do not change by that. Where the trunk takes no call more the old token stays.
    public mutating func move(
        _ token: AdmissionToken, to trunk: TrunkName, now: UInt64 = 0
    ) -> Result<AdmissionToken, AdmissionRefusalError> {
        guard trunk != token.to else { return .success(token) }
        let moved = self.token(token.from, trunk, isExempt: token.isExempt, token.source)
        let new = moved.scopes.filter { !token.scopes.contains($0) }
        if !token.isExempt {
            let isDrained = self.isDraining(trunk) || self.intakes[trunk] != nil
            let refusal = isDrained ? .trunkDraining(trunk) : self.refusal(new, now: now)
            if let refusal { return .failure(AdmissionRefusalError(refusal: refusal)) }
            for scope in new { self.take(scope, now: now) }
        }
        self.release(token)
        return .success(
            self.restore(
                from: token.from, to: trunk, isExempt: token.isExempt, source: token.source))
    }

    private func refusal(_ scopes: [Scope], now: UInt64) -> AdmissionRefusal? {
        for scope in scopes {
            if let most = self.limit(scope).calls, self.count(scope) >= most { return scope.full }
        }
        return scopes.first { self.bucket($0)?.has(now: now) == false }?.fast
    }

    /// Those of sources are made when they are needed, and go when they are full again.
    private func bucket(_ scope: Scope) -> TokenBucket? {
        if let bucket = self.buckets[scope] { return bucket }
        guard case .source = scope else { return nil }
        return self.limits.source.rate.map { TokenBucket(rate: $0) }
    }

    private mutating func take(_ scope: Scope, now: UInt64) {
        guard var bucket = self.bucket(scope) else { return }
        _ = bucket.take(now: now)
        if case .source = scope, self.buckets[scope] == nil, self.buckets.count > Self.bucketsMax {
            self.buckets = self.buckets.filter { scope, bucket in
                if case .source = scope { return !bucket.isFull(now: now) }
                return true
            }
        }
        self.buckets[scope] = bucket
    }

    /// With more than so many those of sources that are full are dropped: a full one is like none.
    private static let bucketsMax = 8192

    /// A call has ended.
    public mutating func release(_ token: AdmissionToken) {
        precondition(self.calls > 0, "a token is given back once")
        self.calls -= 1
        if token.isExempt { self.emergencyCalls -= 1 }
        for scope in token.scopes {
            let left = self.count(scope) - 1
            precondition(left >= 0, "a token is given back once")
            self.counts[scope] = left == 0 ? nil : left
        }
    }

    /// Stops or resumes taking new calls on the whole node.
    public mutating func drainNode(_ draining: Bool = true) { self.isDraining = draining }

    /// Stops or resumes taking new calls on one trunk.
    public mutating func drain(_ trunk: TrunkName, _ draining: Bool = true) {
        if draining {
            self.drainingTrunks.insert(trunk)
        } else {
            self.drainingTrunks.remove(trunk)
        }
    }

    /// Says which new calls a trunk has part in; calls in progress go on.
    public mutating func open(_ trunk: TrunkName, to intake: TrunkIntake) {
        self.intakes[trunk] = intake == .all ? nil : intake
    }

    /// The trunk wants no new calls: its peers are to send them elsewhere.
    public func wantsNone(_ trunk: TrunkName) -> Bool {
        self.isDraining || self.isDraining(trunk) || self.intakes[trunk] != nil
    }

    private func isDraining(_ trunk: TrunkName) -> Bool { self.drainingTrunks.contains(trunk) }

    // MARK: Scopes

    private func token(
        _ from: TrunkName, _ to: TrunkName, isExempt: Bool, _ source: IPAddress?
    ) -> AdmissionToken {
        var tenants = self.limits.tenantOf[from].map { [$0] } ?? []
        if let tenant = self.limits.tenantOf[to], !tenants.contains(tenant) {
            tenants.append(tenant)
        }
        return AdmissionToken(
            from: from, to: to, isExempt: isExempt, source: source, tenants: tenants)
    }

    private func count(_ scope: Scope) -> Int {
        scope == .node ? self.calls : self.counts[scope] ?? 0
    }

    private func limit(_ scope: Scope) -> AdmissionLimits.Limit {
        switch scope {
        case .node: AdmissionLimits.Limit(calls: self.limits.callsMax, rate: self.limits.rate)
        case .trunk(let name): self.limits.trunks[name] ?? AdmissionLimits.Limit()
        case .tenant(let name): self.limits.tenants[name] ?? AdmissionLimits.Limit()
        case .source: self.limits.source
        }
    }
}
