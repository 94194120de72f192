// SPDX-License-Identifier: Apache-2.0

/// A pattern over octets, in a small regular language that is matched in linear time: every octet
/// is looked at once, with all ways to match side by side. There is nothing in it that could make
/// a matcher go back.
///
///     abc      these octets                \n \r \t   line feed, carriage return, tab
///     .        any octet                   \d \D      a digit, anything else
///     [a-z_]   one of these                \w \W      a letter, digit or _, anything else
///     [^"]     none of these               \s \S      space or tab, anything else
///     a|b      one or the other            \.         the octet itself, for any punctuation
///     (a)      a capture, $1 to $9         (?:a)      a group that captures nothing
///     a*       as often as possible        a+ a?      once or more, once or not
///     a{2,4}   counted, at most 255        ^ $        the beginning, the end of the value
///
/// Of several matches the leftmost is taken; in it the first alternative and the longest
/// repetition, as elsewhere.
public struct Pattern: Sendable, Hashable {
    /// As it was written.
    public let source: [UInt8]
    /// Groups that capture.
    public let captureCount: Int
    let program: [Instruction]
    let sets: [OctetSet]

    /// One step of the matcher.
    enum Instruction: Sendable, Hashable {
        case octet(UInt8)
        case set(Int)
        case any
        /// Both; the first one is preferred.
        case split(Int, Int)
        case jump(Int)
        /// Keeps the position: slot 2n is the start of capture n, 2n + 1 its end.
        case save(Int)
        case start
        case end
        case match
    }

    /// Octets of a pattern.
    public static let sourceLimit = 512
    /// Steps that a pattern may need for one octet.
    public static let programLimit = 1_024
    /// Groups that capture.
    public static let captureLimit = 9
    /// Groups in groups.
    public static let depthLimit = 16
    /// Times that `{n}` can ask for.
    public static let countLimit = 255

    /// Compiles a pattern; `ignoringCase` makes ASCII letters equal to their other case.
    public init(_ source: [UInt8], ignoringCase: Bool = false) throws(PatternError) {
        guard source.count <= Self.sourceLimit else {
            throw PatternError(Self.sourceLimit, "is longer than \(Self.sourceLimit) octets")
        }
        var parser = PatternParser(source, ignoringCase: ignoringCase)
        let root = try parser.parse()
        var compiler = PatternCompiler(ignoringCase: ignoringCase)
        try compiler.compile(root)
        self.source = source
        self.captureCount = parser.captureCount
        self.program = compiler.program
        self.sets = compiler.sets
    }
}

/// Why a pattern is none.
public struct PatternError: Error, Sendable, Hashable {
    /// Octet of the pattern.
    public let offset: Int
    /// What is wrong, to be put behind the pattern.
    public let problem: String

    init(_ offset: Int, _ problem: String) {
        self.offset = offset
        self.problem = problem
    }
}

/// A set of octets.
struct OctetSet: Sendable, Hashable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    init() {}

    init(_ ranges: [ClosedRange<UInt8>]) {
        for range in ranges { self.insert(range) }
    }

    static func == (left: OctetSet, right: OctetSet) -> Bool { left.words == right.words }

    func hash(into hasher: inout Hasher) {
        hasher.combine(self.words.0)
        hasher.combine(self.words.1)
        hasher.combine(self.words.2)
        hasher.combine(self.words.3)
    }

    func contains(_ octet: UInt8) -> Bool {
        let bit = UInt64(octet & 63)
        return switch octet >> 6 {
        case 0: self.words.0 >> bit & 1 != 0
        case 1: self.words.1 >> bit & 1 != 0
        case 2: self.words.2 >> bit & 1 != 0
        default: self.words.3 >> bit & 1 != 0
        }
    }

    mutating func insert(_ octet: UInt8) {
        let bit = UInt64(1) << UInt64(octet & 63)
        switch octet >> 6 {
        case 0: self.words.0 |= bit
        case 1: self.words.1 |= bit
        case 2: self.words.2 |= bit
        default: self.words.3 |= bit
        }
    }

    mutating func insert(_ range: ClosedRange<UInt8>) {
        for octet in range { self.insert(octet) }
    }

    mutating func formUnion(_ other: OctetSet) {
        self.words.0 |= other.words.0
        self.words.1 |= other.words.1
        self.words.2 |= other.words.2
        self.words.3 |= other.words.3
    }

    var inverted: OctetSet {
        var set = OctetSet()
        set.words = (~self.words.0, ~self.words.1, ~self.words.2, ~self.words.3)
        return set
    }

    /// With the other case of every ASCII letter in it.
    var ignoringCase: OctetSet {
        var set = self
        for letter in UInt8(ascii: "a")...UInt8(ascii: "z") {
            let capital = letter & ~0x20
            if self.contains(letter) { set.insert(capital) }
            if self.contains(capital) { set.insert(letter) }
        }
        return set
    }

    static let digit = OctetSet([0x30...0x39])
    static let word = OctetSet([0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x5f...0x5f])
    static let space = OctetSet([0x20...0x20, 0x09...0x09])
}
