// SPDX-License-Identifier: Apache-2.0

/// An optional value apart from the struct that holds it: large, and seldom there or seldom
/// changed. Without it such values make up most of what a call takes and of what a copy of it
/// costs. Copies share it; to set it makes another one.
@propertyWrapper
@frozen
public struct Apart<Value> {
    @usableFromInline var place: Place<Value>?

    /// None.
    @inlinable
    public init() {}

    /// The value apart, if there is one.
    @inlinable
    public init(wrappedValue: Value?) { self.place = wrappedValue.map { Place($0) } }

    /// The value.
    @inlinable public var wrappedValue: Value? {
        get { self.place?.value }
        set { self.place = newValue.map { Place($0) } }
    }

    /// The place itself, for who shares the value.
    @inlinable public var projectedValue: Apart {
        get { self }
        set { self = newValue }
    }
}

extension Apart: Equatable where Value: Equatable {
    /// What is shared is equal.
    @inlinable
    public static func == (left: Apart, right: Apart) -> Bool {
        left.place === right.place || left.wrappedValue == right.wrappedValue
    }
}

extension Apart: Hashable where Value: Hashable {
    /// As the value's.
    @inlinable
    public func hash(into hasher: inout Hasher) { hasher.combine(self.wrappedValue) }
}

extension Apart: Sendable where Value: Sendable {}

extension Apart: CustomStringConvertible {
    /// As if the value stood where it is held.
    public var description: String { self.place.map { "\($0.value)" } ?? "nil" }
}
