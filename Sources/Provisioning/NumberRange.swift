// SPDX-License-Identifier: Apache-2.0

public import Tenancy

/// A number, or all numbers from one to another: `+12025550100-+12025550199`.
public struct NumberRange: Sendable, Hashable, CustomStringConvertible {
    /// The first one.
    public let first: E164
    /// The last one, as long as the first.
    public let last: E164

    /// What it may be, for refusals.
    public static let allowed =
        "NUMBER or FIRST-LAST, both with '+' and of one length, such as +12025550100-+12025550199"

    /// From its ends; nil if they are in the wrong order or of different lengths.
    public init?(first: E164, last: E164) {
        guard first <= last, first.bytes.count == last.bytes.count else { return nil }
        self.first = first
        self.last = last
    }

    /// From its text; nil if it is none.
    public init?(_ text: String) {
        let ends = text.utf8.split(separator: 0x2d, omittingEmptySubsequences: false)
        guard ends.count <= 2, let begin = ends.first, let end = ends.last,
            let first = E164(begin), let last = E164(end)
        else { return nil }
        self.init(first: first, last: last)
    }

    /// How many numbers it has.
    public var count: Int { Int(clamping: self.last.value - self.first.value) + 1 }

    /// Its numbers in pieces of at most `size`, lazily.
    public func pieces(of size: Int) -> some Sequence<NumberRange> {
        stride(from: self.first.value, through: self.last.value, by: size).lazy.compactMap {
            let last = Swift.min($0 + UInt64(size) - 1, self.last.value)
            guard let first = E164(value: $0), let end = E164(value: last) else { return nil }
            return NumberRange(first: first, last: end)
        }
    }

    /// Its numbers, lazily.
    public var numbers: some Sequence<E164> {
        (self.first.value...self.last.value).lazy.compactMap { E164(value: $0) }
    }

    /// `FIRST-LAST`, or the number alone.
    public var description: String {
        self.first == self.last ? "\(self.first)" : "\(self.first)-\(self.last)"
    }

    /// Every number there can be, as one range.
    static var everything: [ClosedRange<E164>] {
        guard let first = E164(value: E164.values.lowerBound),
            let last = E164(value: E164.values.upperBound)
        else { return [] }
        return [first...last]
    }

    /// All numbers that begin with these digits, by value: one range for each length.
    static func ranges(prefix: E164.Prefix) -> [ClosedRange<E164>] {
        var ranges: [ClosedRange<E164>] = []
        var (first, last) = (prefix.value, prefix.value)
        for length in prefix.length...E164.digitsMax {
            if length > prefix.length { (first, last) = (first * 10, last * 10 + 9) }
            if let low = E164(value: first), let high = E164(value: last) {
                ranges.append(low...high)
            }
        }
        return ranges
    }
}

extension E164 {
    /// What a number begins with: `+`, a digit from 1 to 9, then up to 14 digits.
    struct Prefix {
        let value: UInt64
        let length: Int

        init?(_ text: String) {
            let digits = text.utf8.dropFirst()
            guard text.utf8.first == 0x2b, (1...E164.digitsMax).contains(digits.count),
                digits.first != 0x30, digits.allSatisfy({ (0x30...0x39).contains($0) })
            else { return nil }
            self.value = digits.reduce(0) { $0 * 10 + UInt64($1 - 0x30) }
            self.length = digits.count
        }
    }
}
