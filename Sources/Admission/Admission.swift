// SPDX-License-Identifier: Apache-2.0

/// A trunk by its configured name, which stays the same when the configuration is replaced.
public struct TrunkName: Sendable, Hashable, CustomStringConvertible {
    /// As written in the configuration.
    public let text: String
    /// From the configured text.
    public init(_ text: String) { self.text = text }
    /// As written in the configuration.
    public var description: String { self.text }
}

/// How many calls may be live at once.
public struct AdmissionLimits: Sendable, Equatable {
    /// Calls of the whole node.
    public var callsMax: Int
    /// Calls of one trunk; a trunk that is missing here has no limit of its own.
    public var trunkCallsMax: [TrunkName: Int]

    /// From its parts.
    public init(callsMax: Int, trunkCallsMax: [TrunkName: Int] = [:]) {
        self.callsMax = callsMax
        self.trunkCallsMax = trunkCallsMax
    }
}

/// Why a call is not let in.
public enum AdmissionRefusal: Sendable, Hashable {
    /// The node takes no new calls.
    case nodeDraining
    /// The node has as many calls as it may have.
    case nodeFull
    /// This trunk takes no new calls.
    case trunkDraining(TrunkName)
    /// This trunk has as many calls as it may have.
    case trunkFull(TrunkName)

    /// The caller should try again soon, here or at another node (503 with Retry-After). A full
    /// trunk is the agreed size of a contract: trying again does not help.
    public var isTemporary: Bool {
        switch self {
        case .nodeDraining, .nodeFull, .trunkDraining: true
        case .trunkFull: false
        }
    }
}

/// Proof that a call was counted. Given back exactly once, with ``Admission/release(_:)``.
public struct AdmissionToken: Sendable, Hashable {
    /// The trunk that the call came from.
    public let from: TrunkName
    /// The trunk that it goes to.
    public let to: TrunkName

    fileprivate init(from: TrunkName, to: TrunkName) {
        self.from = from
        self.to = to
    }

    /// A call between two legs of one trunk counts once there.
    fileprivate var trunks: [TrunkName] {
        self.from == self.to ? [self.from] : [self.from, self.to]
    }
}

/// Counts live calls by node and trunk and says who may come in. Pure: no clock, no I/O.
public struct Admission: Sendable {
    /// The limits in force. Lowering them ends no call.
    public var limits: AdmissionLimits
    /// Live calls of the node.
    public private(set) var calls = 0
    /// The node takes no new calls.
    public private(set) var isDraining = false
    /// Trunks that take no new calls.
    public private(set) var drainingTrunks: Set<TrunkName> = []
    private var trunkCalls: [TrunkName: Int] = [:]

    /// Without calls.
    public init(limits: AdmissionLimits) { self.limits = limits }

    /// Live calls that use a trunk.
    public func calls(of trunk: TrunkName) -> Int { self.trunkCalls[trunk] ?? 0 }

    /// Why a call between these trunks would be refused; nil when it would be let in.
    public func refusal(from: TrunkName, to: TrunkName) -> AdmissionRefusal? {
        if self.isDraining { return .nodeDraining }
        let trunks = from == to ? [from] : [from, to]
        for trunk in trunks where self.drainingTrunks.contains(trunk) {
            return .trunkDraining(trunk)
        }
        if self.calls >= self.limits.callsMax { return .nodeFull }
        for trunk in trunks {
            if let most = self.limits.trunkCallsMax[trunk], self.calls(of: trunk) >= most {
                return .trunkFull(trunk)
            }
        }
        return nil
    }

    /// Counts a call, or says why not.
    public mutating func admit(
        from: TrunkName, to: TrunkName
    ) -> Result<AdmissionToken, AdmissionRefusalError> {
        if let refusal = self.refusal(from: from, to: to) {
            return .failure(AdmissionRefusalError(refusal: refusal))
        }
        return .success(self.restore(from: from, to: to))
    }

    /// Counts a call that is already live, whatever the limits: after a restart.
    public mutating func restore(from: TrunkName, to: TrunkName) -> AdmissionToken {
        let token = AdmissionToken(from: from, to: to)
        self.calls += 1
        for trunk in token.trunks { self.trunkCalls[trunk, default: 0] += 1 }
        return token
    }

    /// A call that is being set up goes to another trunk than it was let in for; the node's own
    /// limit does not change by that. Where the trunk takes no call more the old token stays.
    public mutating func move(
        _ token: AdmissionToken, to trunk: TrunkName
    ) -> Result<AdmissionToken, AdmissionRefusalError> {
        guard trunk != token.to else { return .success(token) }
        if self.drainingTrunks.contains(trunk) {
            return .failure(AdmissionRefusalError(refusal: .trunkDraining(trunk)))
        }
        let isCounted = trunk == token.from
        if !isCounted, let most = self.limits.trunkCallsMax[trunk], self.calls(of: trunk) >= most {
            return .failure(AdmissionRefusalError(refusal: .trunkFull(trunk)))
        }
        self.release(token)
        return .success(self.restore(from: token.from, to: trunk))
    }

    /// A call has ended.
    public mutating func release(_ token: AdmissionToken) {
        precondition(self.calls > 0, "a token is given back once")
        self.calls -= 1
        for trunk in token.trunks {
            let left = self.calls(of: trunk) - 1
            precondition(left >= 0, "a token is given back once")
            self.trunkCalls[trunk] = left == 0 ? nil : left
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
}

/// ``AdmissionRefusal`` as an error.
public struct AdmissionRefusalError: Error, Equatable {
    /// Why.
    public let refusal: AdmissionRefusal
}
