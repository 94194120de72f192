// SPDX-License-Identifier: Apache-2.0

public import Routing

/// Which calls from a trunk are emergency calls, and what is done for them.
public struct EmergencyPolicy: Sendable, Hashable {
    /// Numbers that are emergency calls, each as it is dialled.
    public var numbers: Set<CalledNumber> = [
        CalledNumber(user: "911".utf8), CalledNumber(user: "933".utf8),
    ]
    /// The trunk's callers are known to it: its emergency calls are let in beyond the limits.
    public var isExempt = false

    /// Trunks that its emergency calls go to, in order; none: as the routes say.
    public var trunks: [TrunkIndex] = []

    /// The defaults.
    public init() {}

    /// A call to there is an emergency call.
    func applies(to number: CalledNumber) -> Bool { self.numbers.contains(number) }
}
