// SPDX-License-Identifier: Apache-2.0

/// A value of a line, or a part of it: bytes without NUL, CR and LF, so that whatever is put
/// into a description cannot break out of its line. Parsed texts share the message's storage.
///
/// A description is made of little else, so it is half the size of a slice.
public struct SDPText: Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    private let storage: [UInt8]
    /// Bodies are no longer than `SDPLimits.bytes`.
    private let start: UInt32
    private let end: UInt32

    /// The bytes, usually UTF-8 (RFC 8866 section 5).
    public var bytes: ArraySlice<UInt8> { self.storage[Int(self.start)..<Int(self.end)] }

    /// From bytes; nil if they hold a NUL, CR or LF.
    public init?(_ bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        guard !bytes.contains(where: { $0 == 0 || $0 == ASCII.cr || $0 == ASCII.lf }) else {
            return nil
        }
        self.init(checked: bytes)
    }

    /// From bytes that are known to hold none of these.
    init(checked bytes: [UInt8]) { self.init(checked: bytes, 0..<bytes.count) }

    /// From a part of such bytes, which it shares.
    init(checked bytes: [UInt8], _ range: Range<Int>) {
        self.storage = bytes
        self.start = UInt32(truncatingIfNeeded: range.lowerBound)
        self.end = UInt32(truncatingIfNeeded: range.upperBound)
    }

    private func part(_ range: Range<Int>) -> SDPText { SDPText(checked: self.storage, range) }

    /// From a literal; NUL, CR and LF are left out.
    public init(stringLiteral text: StaticString) {
        var bytes = text.withUTF8Buffer { Array($0) }
        bytes.removeAll { $0 == 0 || $0 == ASCII.cr || $0 == ASCII.lf }
        self.init(checked: bytes)
    }

    /// A number in decimal digits.
    public init(_ number: some UnsignedInteger) {
        self.init(checked: Array(String(UInt64(number)).utf8))
    }

    /// The text for people; bytes that are not UTF-8 are replaced.
    public var description: String { String(decoding: self.bytes, as: UTF8.self) }

    /// True without any byte.
    public var isEmpty: Bool { self.start == self.end }

    /// The same bytes as a literal, which is not made a text first.
    func equals(_ literal: StaticString) -> Bool {
        literal.withUTF8Buffer { self.bytes.elementsEqual($0) }
    }

    /// Equality that ignores the case of ASCII letters: encoding names (RFC 8866 section 6.6).
    public func equalsIgnoringCase(_ other: SDPText) -> Bool {
        ASCII.equal(self.bytes, other.bytes)
    }

    /// As `equalsIgnoringCase`, against a literal, which is not made a text first.
    func isLiteral(_ literal: StaticString) -> Bool {
        literal.withUTF8Buffer { other in
            self.bytes.count == other.count
                && zip(self.bytes, other).allSatisfy { ASCII.lowered($0) == ASCII.lowered($1) }
        }
    }

    /// The value as a decimal number of digits alone; nil for anything else, or above `maximum`.
    public func number(upTo maximum: UInt64 = .max) -> UInt64? {
        ASCII.number(self.bytes, upTo: maximum)
    }

    /// The parts between runs of spaces.
    var words: [SDPText] {
        var words: [SDPText] = []
        words.reserveCapacity(6)
        var start = Int(self.start)
        for index in Int(self.start)...Int(self.end) {
            guard index == Int(self.end) || self.storage[index] == ASCII.space else { continue }
            if start < index { words.append(self.part(start..<index)) }
            start = index + 1
        }
        return words
    }

    /// What stands before and after the first `separator`; nil without one.
    func cut(at separator: UInt8) -> (head: SDPText, tail: SDPText)? {
        guard let index = self.bytes.firstIndex(of: separator) else { return nil }
        return (self.part(Int(self.start)..<index), self.part(index + 1..<Int(self.end)))
    }
}

extension SDPText: Hashable {
    /// The same bytes.
    public static func == (left: SDPText, right: SDPText) -> Bool { left.bytes == right.bytes }

    /// The bytes alone.
    public func hash(into hasher: inout Hasher) { hasher.combine(self.bytes) }
}

/// Bytes as ASCII: the only comparisons and numbers that wire text gets.
enum ASCII {
    static let lf: UInt8 = 0x0a
    static let cr: UInt8 = 0x0d
    static let space: UInt8 = 0x20
    static let slash: UInt8 = 0x2f
    static let colon: UInt8 = 0x3a
    static let equals: UInt8 = 0x3d
    static let dot: UInt8 = 0x2e
    static let semicolon: UInt8 = 0x3b

    static func lowered(_ byte: UInt8) -> UInt8 {
        (0x41...0x5a).contains(byte) ? byte | 0x20 : byte
    }

    static func equal(_ a: ArraySlice<UInt8>, _ b: ArraySlice<UInt8>) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { lowered($0) == lowered($1) }
    }

    static func isDigits(_ bytes: ArraySlice<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy { (0x30...0x39).contains($0) }
    }

    static func number(_ bytes: ArraySlice<UInt8>, upTo maximum: UInt64) -> UInt64? {
        guard isDigits(bytes) else { return nil }
        var value: UInt64 = 0
        for byte in bytes {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(byte &- 0x30))
            guard !overflow, !carry, sum <= maximum else { return nil }
            value = sum
        }
        return value
    }
}
