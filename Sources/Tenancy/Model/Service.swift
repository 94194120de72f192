// SPDX-License-Identifier: Apache-2.0

/// A cloud calling service that a trunk leads to, and that a number is used with.
public enum Service: String, Sendable, Hashable, CaseIterable {
    /// Microsoft Teams Direct Routing, with media bypass or without.
    case teamsDirectRouting = "teams-direct-routing"
    /// Microsoft Operator Connect.
    case operatorConnect = "operator-connect"
    /// Microsoft Teams Phone Mobile.
    case teamsPhoneMobile = "teams-phone-mobile"
    /// Zoom Phone Cloud Peering.
    case zoom = "zoom"
    /// Azure Communication Services direct routing.
    case acs = "acs"

    /// The service tells tenants apart by the host in Contact: each has a derived trunk
    /// (ACG-TEN-1). The others go by the number.
    public var hasDerivedTrunks: Bool { self == .teamsDirectRouting }

    /// Callers from it are screened (ACG-SCR-1).
    public var isScreened: Bool { self == .teamsDirectRouting }
}

/// Which of a tenant's two sets of trunks carries a call: a service knows media bypass as a
/// property of the trunk, so that moving to it means another trunk.
public enum TrunkSet: String, Sendable, Hashable, CaseIterable {
    /// Media through the service's media processors.
    case plain
    /// Media straight to its clients.
    case bypass
}
