// SPDX-License-Identifier: Apache-2.0

/// Makes steps of a pattern's tree (Thompson's construction). Counted repetitions are written out,
/// so the length of the program is what bounds the work.
struct PatternCompiler {
    private(set) var program: [Pattern.Instruction] = []
    private(set) var sets: [OctetSet] = []
    private let ignoringCase: Bool

    init(ignoringCase: Bool) { self.ignoringCase = ignoringCase }

    /// The whole match is capture 0.
    mutating func compile(_ root: PatternNode) throws(PatternError) {
        try self.emit(.save(0))
        try self.append(root)
        try self.emit(.save(1))
        try self.emit(.match)
    }

    private mutating func emit(_ instruction: Pattern.Instruction) throws(PatternError) {
        guard self.program.count < Pattern.programLimit else {
            throw PatternError(
                0, "needs more than \(Pattern.programLimit) steps; count less, or use * and +")
        }
        self.program.append(instruction)
    }

    private mutating func append(_ node: PatternNode) throws(PatternError) {
        switch node {
        case .empty: break
        case .octet(let octet):
            if self.ignoringCase, octet | 0x20 >= 0x61, octet | 0x20 <= 0x7a, octet >= 0x41,
                octet < 0x80
            {
                try self.append(set: OctetSet([octet...octet]).ignoringCase)
            } else {
                try self.emit(.octet(octet))
            }
        case .set(let set): try self.append(set: set)
        case .any: try self.emit(.any)
        case .start: try self.emit(.start)
        case .end: try self.emit(.end)
        case .sequence(let items): for item in items { try self.append(item) }
        case .either(let branches): try self.append(branches)
        case .group(let number, let inner):
            if let number { try self.emit(.save(2 * number)) }
            try self.append(inner)
            if let number { try self.emit(.save(2 * number + 1)) }
        case .repeated(let inner, let low, let high):
            for _ in 0..<low { try self.append(inner) }
            if let high {
                try self.append(optional: inner, times: high - low)
            } else {
                try self.append(star: inner)
            }
        }
    }

    private mutating func append(set: OctetSet) throws(PatternError) {
        if let known = self.sets.firstIndex(of: set) { return try self.emit(.set(known)) }
        self.sets.append(set)
        try self.emit(.set(self.sets.count - 1))
    }

    private mutating func append(_ branches: [PatternNode]) throws(PatternError) {
        var ends: [Int] = []
        for (position, branch) in branches.enumerated() {
            guard position < branches.count - 1 else {
                try self.append(branch)
                break
            }
            let split = self.program.count
            try self.emit(.split(split + 1, 0))
            try self.append(branch)
            ends.append(self.program.count)
            try self.emit(.jump(0))
            self.program[split] = .split(split + 1, self.program.count)
        }
        for end in ends { self.program[end] = .jump(self.program.count) }
    }

    private mutating func append(star inner: PatternNode) throws(PatternError) {
        let split = self.program.count
        try self.emit(.split(split + 1, 0))
        try self.append(inner)
        try self.emit(.jump(split))
        self.program[split] = .split(split + 1, self.program.count)
    }

    private mutating func append(
        optional inner: PatternNode, times: Int
    ) throws(PatternError) {
        var splits: [Int] = []
        for _ in 0..<times {
            splits.append(self.program.count)
            try self.emit(.split(self.program.count + 1, 0))
            try self.append(inner)
        }
        for split in splits { self.program[split] = .split(split + 1, self.program.count) }
    }
}
