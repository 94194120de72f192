// SPDX-License-Identifier: Apache-2.0

/// Which way media flows, as the writer of a description sees it (RFC 3264 section 5.1).
public struct Direction: Sendable, Hashable, CustomStringConvertible {
    /// The writer sends.
    public var sends: Bool
    /// The writer receives.
    public var receives: Bool

    /// From both halves.
    public init(sends: Bool, receives: Bool) {
        self.sends = sends
        self.receives = receives
    }

    /// Both ways; what no attribute means.
    public static let sendrecv = Direction(sends: true, receives: true)
    /// The writer only sends: it holds the other party.
    public static let sendonly = Direction(sends: true, receives: false)
    /// The writer only receives.
    public static let recvonly = Direction(sends: false, receives: true)
    /// Neither way.
    public static let inactive = Direction(sends: false, receives: false)

    private static let all = [sendrecv, sendonly, recvonly, inactive]

    /// The same streams as the other party sees them.
    public var reversed: Direction {
        Direction(sends: self.receives, receives: self.sends)
    }

    /// What both allow.
    public func intersection(_ other: Direction) -> Direction {
        Direction(
            sends: self.sends && other.sends, receives: self.receives && other.receives)
    }

    /// The name of the attribute.
    public var attributeName: SDPText {
        switch (self.sends, self.receives) {
        case (true, true): .sendrecv
        case (true, false): .sendonly
        case (false, true): .recvonly
        case (false, false): .inactive
        }
    }

    /// The name of the attribute.
    public var description: String { self.attributeName.description }

    /// From the first direction attribute of a list; nil without one.
    static func first(in attributes: [Attribute]) -> Direction? {
        for attribute in attributes where attribute.value == nil {
            for direction in self.all where direction.attributeName == attribute.name {
                return direction
            }
        }
        return nil
    }
}
