// SPDX-License-Identifier: Apache-2.0

/// A JSON value (RFC 8259). Objects keep the order of their members.
public enum JSONValue: Sendable, Equatable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number without fraction and exponent that fits.
    case integer(Int64)
    /// Any other number; always finite.
    case number(Double)
    /// A string.
    case string(String)
    /// An array.
    case array([JSONValue])
    /// An object.
    case object(JSONObject)
}

/// The members of a JSON object, in order, each name once.
public struct JSONObject: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    /// The members.
    public private(set) var members: [(name: String, value: JSONValue)] = []

    /// An empty object.
    public init() {}

    /// From a literal; the last of equal names counts.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        for (name, value) in elements { self[name] = value }
    }

    /// The value of a member; setting nil removes it.
    public subscript(_ name: String) -> JSONValue? {
        get { self.members.first { $0.name == name }?.value }
        set {
            let place = self.members.firstIndex { $0.name == name }
            switch (place, newValue) {
            case (let place?, let value?): self.members[place].value = value
            case (let place?, nil): self.members.remove(at: place)
            case (nil, let value?): self.members.append((name, value))
            case (nil, nil): break
            }
        }
    }

    /// Adds a member that is known to be new.
    mutating func append(_ name: String, _ value: JSONValue) {
        self.members.append((name, value))
    }

    /// Equal members, in any order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.members.count == right.members.count
            && left.members.allSatisfy { right[$0.name] == $0.value }
    }
}

extension JSONValue {
    /// An integer from any width; above what 64 signed bits hold it becomes a floating number.
    public init(_ value: some BinaryInteger) {
        if let exact = Int64(exactly: value) {
            self = .integer(exact)
        } else {
            self = .number(Double(value))
        }
    }

    /// A string, or `null` for nil.
    public init(_ value: String?) {
        self = value.map { .string($0) } ?? .null
    }

    /// The member of an object; nil for any other value.
    public subscript(_ name: String) -> JSONValue? {
        if case .object(let object) = self { object[name] } else { nil }
    }

    /// The element of an array; nil outside, and for any other value.
    public subscript(_ index: Int) -> JSONValue? {
        if case .array(let array) = self, array.indices.contains(index) {
            array[index]
        } else {
            nil
        }
    }

    /// The text of a string.
    public var string: String? { if case .string(let value) = self { value } else { nil } }

    /// The value of an integer.
    public var integer: Int64? { if case .integer(let value) = self { value } else { nil } }

    /// The value of any number.
    public var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// The value of a boolean.
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

    /// The elements of an array.
    public var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }

    /// The members of an object.
    public var object: JSONObject? { if case .object(let value) = self { value } else { nil } }

    /// What kind of value it is, for messages.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer: "an integer"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
    ExpressibleByNilLiteral
{
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// An integer.
    public init(integerLiteral value: Int64) { self = .integer(value) }
    /// A boolean.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// An array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// `null`.
    public init(nilLiteral: ()) { self = .null }
    /// An object; the last of equal names counts.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        var object = JSONObject()
        for (name, value) in elements { object[name] = value }
        self = .object(object)
    }
}
