// SPDX-License-Identifier: Apache-2.0

/// Why a value may not stand in a field, or a change may not be made. Scripts look at `code` and
/// `field`, people read the rest.
public struct FieldFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of refusal it is.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The field must have a value.
        case required = "required"
        /// The value is not of the form that is allowed.
        case badValue = "bad_value"
        /// The value is longer or larger than allowed.
        case tooLong = "too_long"
        /// Another one has the value already.
        case notUnique = "not_unique"
        /// What the field names does not exist.
        case notFound = "not_found"
        /// It cannot be together with another field's value.
        case conflict = "conflict"
        /// It cannot change, or go, as long as something else stands.
        case inUse = "in_use"
        /// The state that it is in does not allow the step.
        case wrongState = "wrong_state"
        /// There are as many as there may be.
        case limitReached = "limit_reached"
    }

    /// What kind of refusal it is.
    public let code: Code
    /// `kind.field`, as documents and command lines have it: "account.label".
    public let field: String
    /// What is wrong, without the field's name: "is 12 characters long".
    public let problem: String
    /// What may stand there, or what to do: "1 to 9 letters, digits or '-'".
    public let allowed: String

    /// From its parts.
    public init(_ code: Code, _ field: String, _ problem: String, _ allowed: String) {
        self.code = code
        self.field = field
        self.problem = problem
        self.allowed = allowed
    }

    /// Where to read more: the section of the operator's manual.
    public var more: String {
        let kind = self.field.prefix { $0 != "." }
        let page = kind == "migration" ? "migration" : "tenants"
        return "appliance/docs/\(page).md#\(kind)"
    }

    /// One sentence.
    public var description: String {
        "\(self.field) \(self.problem); allowed: \(self.allowed)"
    }
}
