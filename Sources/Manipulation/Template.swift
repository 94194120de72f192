// SPDX-License-Identifier: Apache-2.0

/// Text of a rule with places for what was captured: `$1` to `$9`, `$0` for the whole match,
/// `${name}` for a variable, `$$` for a dollar sign. What captured nothing stands for nothing.
public struct Template: Sendable, Hashable {
    enum Piece: Sendable, Hashable {
        case text([UInt8])
        case capture(Int)
        case variable([UInt8])
    }

    let pieces: [Piece]

    /// The highest capture that is asked for; nil without any.
    public var highestCapture: Int? {
        self.pieces.compactMap { if case .capture(let number) = $0 { number } else { nil } }.max()
    }

    /// The variables that are asked for.
    public var variables: [[UInt8]] {
        self.pieces.compactMap { if case .variable(let name) = $0 { name } else { nil } }
    }

    /// Reads a text; the error says what is wrong with it.
    public init(_ source: [UInt8]) throws(RuleSyntaxError) {
        var pieces: [Piece] = []
        var text: [UInt8] = []
        var index = 0
        while index < source.count {
            let octet = source[index]
            index += 1
            guard octet != 0x0d, octet != 0x0a else {
                throw RuleSyntaxError("has a line end", "write one line")
            }
            guard octet == UInt8(ascii: "$") else {
                text.append(octet)
                continue
            }
            guard index < source.count else { throw Self.dollar }
            let next = source[index]
            index += 1
            if next == octet {
                text.append(octet)
                continue
            }
            if !text.isEmpty { pieces.append(.text(text)) }
            text = []
            if next >= 0x30, next <= 0x39 {
                pieces.append(.capture(Int(next - 0x30)))
            } else if next == UInt8(ascii: "{"),
                let close = source[index...].firstIndex(of: UInt8(ascii: "}")),
                VariableName.isValid(source[index..<close])
            {
                pieces.append(.variable(Array(source[index..<close])))
                index = close + 1
            } else {
                throw Self.dollar
            }
        }
        if !text.isEmpty { pieces.append(.text(text)) }
        self.pieces = pieces
    }

    private static var dollar: RuleSyntaxError {
        RuleSyntaxError(
            "has a $ with no meaning", "write $1 to $9, ${name}, or $$ for the sign itself")
    }
}

/// Names of variables.
public enum VariableName {
    /// 1 to 31 small letters, digits, "-" and "_".
    public static func isValid(_ name: some Collection<UInt8>) -> Bool {
        (1...31).contains(name.count)
            && name.allSatisfy {
                switch $0 {
                case 0x30...0x39, 0x61...0x7a, 0x2d, 0x5f: true
                default: false
                }
            }
    }
}

/// Why text of a rule cannot be taken.
public struct RuleSyntaxError: Error, Sendable, Hashable {
    /// What is wrong, to be put behind the text.
    public let problem: String
    /// What to write instead.
    public let fix: String

    init(_ problem: String, _ fix: String) {
        self.problem = problem
        self.fix = fix
    }
}
