// SPDX-License-Identifier: Apache-2.0

/// A value that many hold and nobody changes, made once: settings that every call goes by.
@propertyWrapper
@frozen
public struct Shared<Value> {
    @usableFromInline let place: Place<Value>

    /// The first to hold it.
    @inlinable
    public init(_ value: Value) { self.place = Place(value) }

    /// The value.
    @inlinable public var wrappedValue: Value { self.place.value }

    /// The place itself, for the next one to hold it.
    @inlinable public var projectedValue: Shared { self }
}

extension Shared: CustomStringConvertible {
    /// As if the value stood where it is held.
    public var description: String { "\(self.place.value)" }
}

extension Shared: Sendable where Value: Sendable {}

/// Where a value stands that is shared.
@usableFromInline
final class Place<Value> {
    @usableFromInline let value: Value

    @inlinable
    init(_ value: Value) { self.value = value }
}

extension Place: Sendable where Value: Sendable {}
