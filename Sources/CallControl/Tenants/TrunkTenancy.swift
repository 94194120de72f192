// SPDX-License-Identifier: Apache-2.0

public import Tenancy

/// What a trunk has to do with tenants.
public struct TrunkTenancy: Sendable, Hashable {
    /// Whether a call has to be a tenant's.
    public enum Need: String, Sendable, Hashable, CaseIterable {
        /// Nobody looks.
        case none
        /// A tenant's call is treated as one; others go on as if there were no tenants.
        case optional
        /// Calls that are no tenant's are refused.
        case required
    }

    /// What says whose a call from the trunk is.
    public enum Lookup: String, Sendable, Hashable, CaseIterable {
        /// Nothing: nobody looks.
        case none
        /// The number that is called, from the operator's side.
        case calledNumber = "called number"
        /// The host that a service calls.
        case host
        /// The number that calls, from a service without names for tenants.
        case callingNumber = "calling number"
    }

    /// The service that it leads to; nil for the operator's own side.
    public var service: Service?
    /// Which of a tenant's sets it belongs to.
    public var set = TrunkSet.plain
    /// The region that it stands in, 1 or 2.
    public var region = 1
    /// Whether its calls have to be a tenant's.
    public var need = Need.none
    /// Of the operator's side: where calls to numbers go that are no tenant's (ACG-POS-3); nil:
    /// as the routes say.
    public var defaultService: Service?
    /// Of the operator's side: messages say in X-MS-TenantID which tenant they are of, where
    /// that is known (ACG-TEN-8).
    public var showsTenantID = false
    /// Of a service: local name of the element of a location that holds the number by which an
    /// emergency call is known (EMG-6); empty: none is looked for.
    public var elinElement: [UInt8] = []

    /// No tenants.
    public init() {}

    /// What says whose a call from it is.
    public var lookup: Lookup {
        guard let service else { return .calledNumber }
        guard self.need != .none else { return .none }
        return service.hasDerivedTrunks ? .host : .callingNumber
    }
}
