// SPDX-License-Identifier: Apache-2.0

/// A pattern as a tree.
indirect enum PatternNode {
    case empty
    case octet(UInt8)
    case set(OctetSet)
    case any
    case start
    case end
    case sequence([PatternNode])
    case either([PatternNode])
    /// Number of the capture, or none.
    case group(Int?, PatternNode)
    /// At least, and at most or without limit.
    case repeated(PatternNode, Int, Int?)
}

/// Reads a pattern by descent; its depth is bounded.
struct PatternParser {
    private let source: [UInt8]
    private var index = 0
    private var depth = 0
    private(set) var captureCount = 0

    private let ignoringCase: Bool

    init(_ source: [UInt8], ignoringCase: Bool) {
        self.source = source
        self.ignoringCase = ignoringCase
    }

    mutating func parse() throws(PatternError) -> PatternNode {
        let node = try self.alternatives()
        guard self.index == self.source.count else {
            throw self.error("has a ) without a (")
        }
        return node
    }

    private var current: UInt8? {
        self.index < self.source.count ? self.source[self.index] : nil
    }

    private func error(_ problem: String) -> PatternError { PatternError(self.index, problem) }

    private mutating func take(_ octet: UInt8) -> Bool {
        guard self.current == octet else { return false }
        self.index += 1
        return true
    }

    private mutating func alternatives() throws(PatternError) -> PatternNode {
        var branches = [try self.sequence()]
        while self.take(UInt8(ascii: "|")) { branches.append(try self.sequence()) }
        return branches.count == 1 ? branches[0] : .either(branches)
    }

    private mutating func sequence() throws(PatternError) -> PatternNode {
        var items: [PatternNode] = []
        while let octet = self.current, octet != UInt8(ascii: "|"), octet != UInt8(ascii: ")") {
            items.append(try self.repetition(of: try self.atom()))
        }
        return items.isEmpty ? .empty : .sequence(items)
    }

    private mutating func repetition(of atom: PatternNode) throws(PatternError) -> PatternNode {
        let bounds: (Int, Int?)
        switch self.current {
        case UInt8(ascii: "*"): bounds = (0, nil)
        case UInt8(ascii: "+"): bounds = (1, nil)
        case UInt8(ascii: "?"): bounds = (0, 1)
        case UInt8(ascii: "{"):
            self.index += 1
            bounds = try self.counts()
        default: return atom
        }
        if case .start = atom { throw self.error("repeats the beginning (^)") }
        if case .end = atom { throw self.error("repeats the end ($)") }
        self.index += 1
        switch self.current {
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"):
            throw self.error("repeats a repetition; put it into (?: )")
        default: return .repeated(atom, bounds.0, bounds.1)
        }
    }

    /// `n`, `n,` or `n,m` up to the closing brace, which stays.
    private mutating func counts() throws(PatternError) -> (Int, Int?) {
        let low = try self.number()
        var high: Int? = low
        if self.take(UInt8(ascii: ",")) {
            high = self.current == UInt8(ascii: "}") ? nil : try self.number()
        }
        guard self.current == UInt8(ascii: "}") else {
            throw self.error("has a { that is no {n}, {n,} or {n,m}; write \\{ for the octet")
        }
        if let high, high < low { throw self.error("has a count that ends before it begins") }
        return (low, high)
    }

    private mutating func number() throws(PatternError) -> Int {
        var value = 0
        let start = self.index
        while let octet = self.current, octet >= 0x30, octet <= 0x39 {
            value = value * 10 + Int(octet - 0x30)
            guard value <= Pattern.countLimit else {
                throw self.error("counts further than \(Pattern.countLimit)")
            }
            self.index += 1
        }
        guard self.index > start else {
            throw self.error("has a { that is no {n}, {n,} or {n,m}; write \\{ for the octet")
        }
        return value
    }

    private mutating func atom() throws(PatternError) -> PatternNode {
        guard let octet = self.current else { return .empty }
        self.index += 1
        switch octet {
        case UInt8(ascii: "."): return .any
        case UInt8(ascii: "^"): return .start
        case UInt8(ascii: "$"): return .end
        case UInt8(ascii: "["): return .set(try self.bracket())
        case UInt8(ascii: "("): return try self.group()
        case UInt8(ascii: "\\"): return try self.escape()
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"):
            self.index -= 1
            throw self.error("repeats nothing; write a \\ in front for the octet itself")
        default: return .octet(octet)
        }
    }

    private mutating func group() throws(PatternError) -> PatternNode {
        self.depth += 1
        guard self.depth <= Pattern.depthLimit else {
            throw self.error("has groups more than \(Pattern.depthLimit) deep")
        }
        var number: Int?
        if self.take(UInt8(ascii: "?")) {
            guard self.take(UInt8(ascii: ":")) else {
                throw self.error("has a (? that is no (?:")
            }
        } else {
            self.captureCount += 1
            guard self.captureCount <= Pattern.captureLimit else {
                throw self.error("captures more than \(Pattern.captureLimit) times; use (?: )")
            }
            number = self.captureCount
        }
        let inner = try self.alternatives()
        guard self.take(UInt8(ascii: ")")) else { throw self.error("has a ( without a )") }
        self.depth -= 1
        return .group(number, inner)
    }

    private mutating func escape() throws(PatternError) -> PatternNode {
        guard let octet = self.current else { throw self.error("ends with a \\") }
        self.index += 1
        if let set = Self.named(octet) { return .set(set) }
        return .octet(try self.escaped(octet))
    }

    private static func named(_ octet: UInt8) -> OctetSet? {
        switch octet {
        case UInt8(ascii: "d"): .digit
        case UInt8(ascii: "D"): OctetSet.digit.inverted
        case UInt8(ascii: "w"): .word
        case UInt8(ascii: "W"): OctetSet.word.inverted
        case UInt8(ascii: "s"): .space
        case UInt8(ascii: "S"): OctetSet.space.inverted
        default: nil
        }
    }

    private func escaped(_ octet: UInt8) throws(PatternError) -> UInt8 {
        switch octet {
        case UInt8(ascii: "n"): return 0x0a
        case UInt8(ascii: "r"): return 0x0d
        case UInt8(ascii: "t"): return 0x09
        default:
            guard octet >= 0x20, octet < 0x7f, !OctetSet.word.contains(octet) else {
                throw self.error("has a \\ before what has no meaning behind it")
            }
            return octet
        }
    }

    /// Behind the opening bracket, up to and with the closing one.
    private mutating func bracket() throws(PatternError) -> OctetSet {
        let isInverted = self.take(UInt8(ascii: "^"))
        var set = OctetSet()
        var isFirst = true
        while let octet = self.current {
            self.index += 1
            if octet == UInt8(ascii: "]"), !isFirst {
                // What is excluded is excluded in both cases.
                if self.ignoringCase { set = set.ignoringCase }
                return isInverted ? set.inverted : set
            }
            isFirst = false
            var low = octet
            if octet == UInt8(ascii: "\\") {
                guard let next = self.current else { break }
                self.index += 1
                if let named = Self.named(next) {
                    set.formUnion(named)
                    continue
                }
                low = try self.escaped(next)
            }
            guard self.isRange else {
                set.insert(low)
                continue
            }
            self.index += 1
            guard var high = self.current else { break }
            self.index += 1
            if high == UInt8(ascii: "\\") {
                guard let next = self.current else { break }
                self.index += 1
                high = try self.escaped(next)
            }
            guard low <= high else { throw self.error("has a range that ends before it begins") }
            set.insert(low...high)
        }
        throw self.error("has a [ without a ]")
    }

    /// A "-" stands here, and what comes behind it is not the closing bracket.
    private var isRange: Bool {
        self.current == UInt8(ascii: "-") && self.index + 1 < self.source.count
            && self.source[self.index + 1] != UInt8(ascii: "]")
    }
}
