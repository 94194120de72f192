// SPDX-License-Identifier: Apache-2.0

/// What the node sees and what people say, at one moment: the gates of the steps without calls of
/// their own go by it. Nil is "not known", and no gate passes by that.
public struct MigrationFacts: Sendable, Hashable {
    /// Now: milliseconds since 1970-01-01 00:00 UTC.
    public var now: UInt64
    /// Names of the new set, derived ones too, that the certificate of their listener does not
    /// cover.
    public var uncoveredNames: [String]?
    /// Somebody said that the firewall lets the clients' media through.
    public var isFirewallOpen = false
    /// For each trunk of the new set: hours since which OPTIONS are answered with 200 in both
    /// directions.
    public var healthyHours: [String: UInt32] = [:]
    /// Accounts whose names at the new trunks are not verified by their tenants.
    public var unverified: [String]?
    /// Accounts whose names are not activated (a licensed user in the domain).
    public var unactivated: [String]?
    /// Calls of the service in progress over trunks of the old set.
    public var callsInProgress: Int?

    /// Nothing but the time is known.
    public init(now: UInt64) { self.now = now }
}
