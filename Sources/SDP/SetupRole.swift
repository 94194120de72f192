// SPDX-License-Identifier: Apache-2.0

/// An `a=setup`: who begins (RFC 4145 section 4).
public enum SetupRole: UInt8, Sendable, Hashable, CaseIterable, SDPWord {
    /// The writer.
    case active = 1
    /// The other side.
    case passive = 2
    /// Either; the answer says who.
    case actpass = 3
    /// Nobody for now.
    case holdconn = 4

    /// Its word.
    public var name: SDPText { SDPText(stringLiteral: self.word) }

    var word: StaticString {
        switch self {
        case .active: "active"
        case .passive: "passive"
        case .actpass: "actpass"
        case .holdconn: "holdconn"
        }
    }

    /// From its word; nil for another one.
    public init?(_ value: SDPText) {
        guard let role = Self.named(value) else { return nil }
        self = role
    }
}
