// SPDX-License-Identifier: Apache-2.0

/// The rules of one trunk.
public struct TrunkRules: Sendable, Hashable {
    /// For what arrives from it.
    public var incoming: RuleSet?
    /// For what leaves to it.
    public var outgoing: RuleSet?

    /// Without rules.
    public init(incoming: RuleSet? = nil, outgoing: RuleSet? = nil) {
        self.incoming = incoming
        self.outgoing = outgoing
    }

    /// There are none.
    public var isEmpty: Bool { self.incoming == nil && self.outgoing == nil }
}
