// SPDX-License-Identifier: Apache-2.0

/// A trunk by its position in the configuration.
public struct TrunkIndex: Sendable, Hashable, CustomStringConvertible {
    /// Position, from zero.
    public let value: UInt16
    /// From a position.
    public init(_ value: UInt16) { self.value = value }
    /// The position in digits.
    public var description: String { "\(self.value)" }
}
