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

/// A tenant by its configured name. Several trunks may be one's.
public struct TenantName: Sendable, Hashable, CustomStringConvertible {
    /// As written in the configuration.
    public let text: String
    /// From the configured text.
    public init(_ text: String) { self.text = text }
    /// As written in the configuration.
    public var description: String { self.text }
}

/// What a call is, as far as its admission depends on it.
public enum CallKind: Sendable, Hashable {
    /// Any call.
    case normal
    /// An emergency call. Exempt from the limits where its trunk is trusted to know its callers;
    /// else it counts like any other.
    case emergency(isExempt: Bool)

    /// An emergency call, exempt or not.
    public var isEmergency: Bool { self != .normal }
}

/// How many calls may be live at once, and how many may begin in a second.
public struct AdmissionLimits: Sendable, Equatable {
    /// What bounds the calls of a trunk or a tenant; nil: no limit of its own.
    public struct Limit: Sendable, Equatable {
        /// Live calls.
        public var calls: Int?
        /// New calls a second.
        public var rate: UInt32?
        /// From its parts.
        public init(calls: Int? = nil, rate: UInt32? = nil) {
            self.calls = calls
            self.rate = rate
        }
    }

    /// Calls of the whole node.
    public var callsMax: Int
    /// New calls of the whole node a second; nil: no limit.
    public var rate: UInt32?
    /// Calls of one trunk; a trunk that is missing here has no limit of its own.
    public var trunks: [TrunkName: Limit]
    /// Whose a trunk is; a trunk that is missing here is nobody's.
    public var tenantOf: [TrunkName: TenantName] = [:]
    /// Calls of one tenant.
    public var tenants: [TenantName: Limit] = [:]
    /// Calls of one address that requests come from, whichever it is.
    public var source = Limit()
    /// Emergency calls of the node that are exempt from the limits at a time; those beyond it count
    /// like any other call.
    public var emergencyCallsMax = 100

    /// From its parts.
    public init(callsMax: Int, trunkCallsMax: [TrunkName: Int] = [:]) {
        self.callsMax = callsMax
        self.trunks = trunkCallsMax.mapValues { Limit(calls: $0) }
    }
}

/// Which new calls a trunk has part in.
public enum TrunkIntake: Sendable, Hashable {
    /// All of them.
    case all
    /// Those that it sends: it gets none.
    case sent
    /// None.
    case none
}

/// Why a call is not let in.
public enum AdmissionRefusal: Sendable, Hashable {
    /// The node takes no new calls.
    case nodeDraining
    /// The node has as many calls as it may have.
    case nodeFull
    /// As many calls began on the node in this second as may.
    case nodeRate
    /// This trunk takes no new calls.
    case trunkDraining(TrunkName)
    /// This trunk has as many calls as it may have.
    case trunkFull(TrunkName)
    /// As many calls began on this trunk in this second as may.
    case trunkRate(TrunkName)
    /// This tenant has as many calls as it may have.
    case tenantFull(TenantName)
    /// As many calls of this tenant began in this second as may.
    case tenantRate(TenantName)
    /// The address that the call comes from has as many calls as it may have.
    case sourceFull
    /// As many calls from that address began in this second as may.
    case sourceRate

    /// The caller should try again soon, here or at another node (503 with Retry-After). A limit of
    /// a trunk or a tenant is the agreed size of a contract: trying again does not help.
    public var isTemporary: Bool {
        switch self {
        case .nodeDraining, .nodeFull, .nodeRate, .trunkDraining: true
        case .trunkFull, .trunkRate, .tenantFull, .tenantRate, .sourceFull, .sourceRate: false
        }
    }

    /// Somebody decided so, whatever room there is.
    public var isDraining: Bool {
        switch self {
        case .nodeDraining, .trunkDraining: true
        default: false
        }
    }

    /// In a word or two, for a Reason: names nobody.
    public var text: String {
        switch self {
        case .nodeDraining, .trunkDraining: "Draining"
        case .nodeFull, .trunkFull, .tenantFull, .sourceFull: "Call limit"
        case .nodeRate, .trunkRate, .tenantRate, .sourceRate: "Call rate limit"
        }
    }
}

/// ``AdmissionRefusal`` as an error.
public struct AdmissionRefusalError: Error, Equatable {
    /// Why.
    public let refusal: AdmissionRefusal
}
