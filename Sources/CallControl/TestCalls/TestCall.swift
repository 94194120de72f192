// SPDX-License-Identifier: Apache-2.0

public import Admission
public import Tenancy

/// A call that an operator wants the box to place, to see whether calls get through.
public struct TestCallRequest: Sendable, Hashable {
    /// Where it goes.
    public var trunk: TrunkName
    /// First label of the tenant's derived trunk that it comes from; empty: the trunk's own name.
    public var label: [UInt8] = []
    /// Who is called.
    public var number: E164
    /// Who calls; nil: an anonymous caller.
    public var caller: E164?

    /// Test calls at a time.
    public static let atOnceMax = 4

    /// To a number, from nobody.
    public init(to number: E164, by trunk: TrunkName) {
        self.number = number
        self.trunk = trunk
    }
}

/// How far a test call is. Kept until its owner has taken it, whatever became of the call.
public struct TestCallProgress: Sendable, Hashable {
    /// The last provisional status above 100; 0: none came.
    public internal(set) var provisional = 0
    /// The final status; 0: none yet.
    public internal(set) var status = 0
    /// Nothing came yet.
    public init() {}

    /// There was a 2xx.
    public var isAnswered: Bool { (200...299).contains(self.status) }
}

/// Why a test call was not placed.
public enum TestCallRefusal: Error, Sendable, Hashable {
    /// There is no such trunk.
    case noTrunk
    /// As many are under way as may be.
    case tooMany
    /// A new call to the trunk would get this status: it takes none, or none of its peers is there.
    case refused(status: Int)
}
