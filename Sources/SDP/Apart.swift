// SPDX-License-Identifier: Apache-2.0

/// An optional value apart from the struct that holds it: large, and seldom there or seldom
/// changed. Without it such values make up most of what a call takes and of what a copy of it
/// costs. Copies share it; to set it makes another one.
@propertyWrapper
struct Apart<Value: Sendable & Hashable>: Sendable, Hashable {
    private final class Place: Sendable {
        let value: Value

        init(_ value: Value) { self.value = value }
    }

    private var place: Place?

    init() {}

    var wrappedValue: Value? {
        get { self.place?.value }
        set { self.place = newValue.map(Place.init) }
    }

    static func == (left: Apart, right: Apart) -> Bool {
        left.place === right.place || left.wrappedValue == right.wrappedValue
    }

    func hash(into hasher: inout Hasher) { hasher.combine(self.wrappedValue) }
}
