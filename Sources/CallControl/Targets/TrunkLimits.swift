// SPDX-License-Identifier: Apache-2.0

public import Admission

/// What bounds the calls of a trunk, beside how many may be live.
public struct TrunkLimits: Sendable, Hashable {
    /// New calls a second, of and to the trunk; nil: no limit of its own.
    public var callsPerSecond: UInt32?
    /// Requests outside of dialogs a second, of the trunk; nil: no limit of its own.
    public var requestsPerSecond: UInt32?
    /// Whose it is; nil: nobody's.
    public var tenant: TenantName?
    /// What a call of the trunk gets that a limit of a trunk or tenant refuses, 400 to 599.
    public var refusalStatus = 503

    /// The defaults.
    public init() {}
}

/// What bounds the calls of the node, beside how many may be live.
public struct OverloadPolicy: Sendable, Hashable {
    /// New calls a second; nil: no limit.
    public var callsPerSecond: UInt32?
    /// Most calls of a tenant at once.
    public var tenantCallsMax: [TenantName: Int] = [:]
    /// New calls of a tenant a second.
    public var tenantCallsPerSecond: [TenantName: UInt32] = [:]
    /// Most calls at once that come from one address; nil: no limit.
    public var sourceCallsMax: Int?
    /// New calls a second that come from one address; nil: no limit.
    public var sourceCallsPerSecond: UInt32?
    /// Emergency calls that may be let in beyond the limits at a time.
    public var emergencyCallsMax = 100
    /// Where the node is full an emergency call that is let in beyond the limit ends another call.
    public var emergencyPreempts = false

    /// The defaults.
    public init() {}
}

extension CallConfiguration {
    /// The limits for ``Admission``.
    var limits: AdmissionLimits {
        var limits = AdmissionLimits(callsMax: self.callsMax)
        limits.rate = self.overload.callsPerSecond
        limits.source = AdmissionLimits.Limit(
            calls: self.overload.sourceCallsMax, rate: self.overload.sourceCallsPerSecond)
        limits.emergencyCallsMax = self.overload.emergencyCallsMax
        for trunk in self.trunks {
            limits.trunks[trunk.name] = AdmissionLimits.Limit(
                calls: trunk.callsMax, rate: trunk.limits.callsPerSecond)
            limits.tenantOf[trunk.name] = trunk.limits.tenant
        }
        for (name, calls) in self.overload.tenantCallsMax {
            limits.tenants[name, default: AdmissionLimits.Limit()].calls = calls
        }
        for (name, rate) in self.overload.tenantCallsPerSecond {
            limits.tenants[name, default: AdmissionLimits.Limit()].rate = rate
        }
        return limits
    }
}
