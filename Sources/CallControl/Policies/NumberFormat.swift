// SPDX-License-Identifier: Apache-2.0

import Routing

/// How a trunk writes telephone numbers. A number that comes from it becomes E.164 with a plus as
/// far as that can be told, one that goes to it is written as it wants it. What is no number, and
/// what is too short to be one of E.164 (emergency and service numbers), stays as it is.
public struct NumberFormat: Sendable, Hashable {
    /// The form.
    public enum Style: String, Sendable, Hashable, CaseIterable {
        /// Whatever it is.
        case asIs = "as-is"
        /// +CC and the rest.
        case e164
        /// The same without the plus.
        case plain
        /// As dialled in the trunk's country.
        case national
    }

    /// What a URI with a number says of it.
    public enum URIs: String, Sendable, Hashable, CaseIterable {
        /// What they said when they came.
        case asIs = "as-is"
        /// `;user=phone`: without it a number is told from a name by guessing (RFC 3261 section
        /// 19.1.1).
        case userPhone = "user-phone"
    }

    /// The form.
    public var style = Style.asIs
    /// Country code, digits; what a national number gets.
    public var countryCode: [UInt8] = []
    /// Before national numbers, digits; may be empty.
    public var nationalPrefix: [UInt8] = []
    /// What URIs with a number in international form say of it.
    public var uris = URIs.asIs
    /// Before those of other countries, digits.
    public var internationalPrefix: [UInt8] = Array("00".utf8)

    /// Fewest digits of a number that is rewritten.
    public static let digitsMin = 7
    /// Most digits of one (E.164 section 6.2.1, and room for prefixes).
    public static let digitsMax = 20

    /// Numbers as they are.
    public init() {}

    private static let plus = UInt8(ascii: "+")

    /// The digits of a number, with its plus, visual separators left out; nil if it is none.
    private static func symbols(_ number: some Collection<UInt8>) -> [UInt8]? {
        let symbols = number.filter { ![0x2d, 0x2e, 0x28, 0x29].contains($0) }
        let digits = symbols.first == self.plus ? symbols.dropFirst() : symbols[...]
        guard (self.digitsMin...self.digitsMax).contains(digits.count),
            digits.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return symbols
    }

    /// A number of the trunk as E.164 with a plus; unchanged where it cannot be told.
    public func normalised(_ number: [UInt8]) -> [UInt8] {
        guard self.style != .asIs, let symbols = Self.symbols(number) else { return number }
        if symbols.first == Self.plus { return symbols }
        switch self.style {
        case .asIs, .e164: return number
        case .plain: return [Self.plus] + symbols
        case .national:
            if !self.internationalPrefix.isEmpty, symbols.starts(with: self.internationalPrefix) {
                return [Self.plus] + symbols.dropFirst(self.internationalPrefix.count)
            }
            guard symbols.starts(with: self.nationalPrefix), !self.countryCode.isEmpty else {
                return number
            }
            return [Self.plus] + self.countryCode + symbols.dropFirst(self.nationalPrefix.count)
        }
    }

    /// The same of what routes are looked up by.
    func normalised(_ number: CalledNumber) -> CalledNumber {
        CalledNumber(user: self.normalised(number.bytes))
    }

    /// A number as the trunk wants it; unchanged if it is not E.164 with a plus.
    public func presented(_ number: [UInt8]) -> [UInt8] {
        guard self.style != .asIs, let symbols = Self.symbols(number),
            symbols.first == Self.plus
        else { return number }
        switch self.style {
        case .asIs, .e164: return symbols
        case .plain: return Array(symbols.dropFirst())
        case .national:
            let digits = symbols.dropFirst()
            if !self.countryCode.isEmpty, digits.starts(with: self.countryCode) {
                return self.nationalPrefix + digits.dropFirst(self.countryCode.count)
            }
            return self.internationalPrefix + digits
        }
    }
}

extension NumberFormat {
    /// The trunk wants to be told that this is a number.
    func marks(_ number: [UInt8]) -> Bool {
        self.uris == .userPhone && number.first == Self.plus && number.count > 1
            && number.dropFirst().allSatisfy { (0x30...0x39).contains($0) }
    }
}

/// The way of a number from one trunk to the other.
struct NumberPassage {
    let from: NumberFormat
    let to: NumberFormat

    /// Numbers stay as they are.
    static let asIs = NumberPassage(from: NumberFormat(), to: NumberFormat())

    /// Numbers stay as they are, and say what they are where the trunk wants that.
    static func asIs(for trunk: NumberFormat) -> NumberPassage {
        var format = NumberFormat()
        format.uris = trunk.uris
        return NumberPassage(from: NumberFormat(), to: format)
    }

    func number(_ number: [UInt8]) -> [UInt8] {
        self.to.presented(self.from.normalised(number))
    }

    /// Other digits after the passage than before: what a signature over the number notices, which
    /// counts neither a plus nor separators (RFC 8224 section 8.3).
    func changes(_ number: [UInt8]) -> Bool {
        Self.digits(self.number(number)) != Self.digits(number)
    }

    private static func digits(_ number: [UInt8]) -> [UInt8] {
        number.filter { ![0x2b, 0x2d, 0x2e, 0x28, 0x29].contains($0) }
    }
}
