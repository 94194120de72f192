// SPDX-License-Identifier: Apache-2.0

public import SIPTransaction

/// How a place that requests can go to is, as far as is known.
public enum TargetState: UInt8, Sendable, Hashable, CaseIterable {
    /// It answers, or nothing is known against it.
    case up
    /// It failed of late, or did not answer: tried after those that are up.
    case demoted
    /// An operator takes it out of use: it gets no new calls, and keeps those that it has.
    case draining
    /// It does not answer: tried when there is nothing else.
    case down
}

/// One place where a trunk's requests can go: an address that a name was resolved to, or the one
/// that the configuration names.
public struct TrunkTarget: Sendable, Hashable {
    /// Where it is, and the listener that requests leave from.
    public var hop: Hop
    /// Its host as it stands in URIs: an address or a name.
    public var host: [UInt8]
    /// Lower ones are tried first (RFC 2782).
    public var priority: UInt16
    /// Share of the calls among those of one priority (RFC 2782); 0: hardly any while others have
    /// more.
    public var weight: UInt16
    /// How it is.
    public var state: TargetState

    /// A target that nothing is known against.
    public init(hop: Hop, host: [UInt8], priority: UInt16 = 0, weight: UInt16 = 0) {
        self.hop = hop
        self.host = host
        self.priority = priority
        self.weight = weight
        self.state = .up
    }
}
