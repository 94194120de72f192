// SPDX-License-Identifier: Apache-2.0

public import Tenancy

/// What a node sees, as far as requests about trunks and migrations need it. Where no node runs,
/// what it would see is not known.
public struct NodeFacts: Sendable {
    /// Names of all its trunks, in the order of its configuration.
    public var trunkNames: [String] = []
    /// Its trunks to services.
    public var trunks: [CarrierTrunk] = []
    /// Calls in progress over each of its trunks; nil: not known.
    public var calls: [String: Int]?
    /// Since when OPTIONS are answered with 200 both ways, milliseconds since 1970; trunks to
    /// services alone. Absent: they are not.
    public var healthySince: [String: UInt64] = [:]
    /// Whether what the trunk's peers are shown covers a name; nil: not known.
    public var isCovered: (@Sendable (_ name: String, _ trunk: String) -> Bool)?
    /// Figures of the plans that run, by the plan's name, with the time since which the plan was
    /// where they were counted; absent: those in the store.
    public var figures: [String: (since: UInt64, figures: MigrationFigures)] = [:]

    /// Nothing is known.
    public init() {}
}
