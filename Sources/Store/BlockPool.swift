// SPDX-License-Identifier: Apache-2.0

/// Which blocks of a file are free. The lowest is taken first, so that the end of the file falls
/// free when calls become fewer, and can be given back.
struct BlockPool {
    /// Blocks by which the file grows and shrinks.
    static let step = 1024
    private static let wordsOfStep = Self.step / 64

    /// A bit for each block, set where it is free.
    private var free: [UInt64] = []
    private var freeOfStep: [Int] = []
    /// No step before this one has a free block.
    private var lowest = 0
    /// Free blocks.
    private(set) var freeCount = 0

    /// Blocks.
    var count: Int { self.freeOfStep.count * Self.step }

    /// A step more, all of it free.
    mutating func grow() {
        self.free += repeatElement(.max, count: Self.wordsOfStep)
        self.freeOfStep.append(Self.step)
        self.freeCount += Self.step
    }

    /// A step less, if the last one is free and there is another step's worth of free blocks.
    mutating func shrink() -> Bool {
        guard self.freeOfStep.last == Self.step, self.freeCount >= 2 * Self.step else {
            return false
        }
        self.free.removeLast(Self.wordsOfStep)
        self.freeOfStep.removeLast()
        self.freeCount -= Self.step
        return true
    }

    /// The lowest free block; nil without one.
    mutating func take() -> Int? {
        while self.lowest < self.freeOfStep.count, self.freeOfStep[self.lowest] == 0 {
            self.lowest += 1
        }
        let first = self.lowest * Self.wordsOfStep
        guard let word = self.free[min(first, self.free.count)...].firstIndex(where: { $0 != 0 })
        else { return nil }
        let block = word * 64 + self.free[word].trailingZeroBitCount
        _ = self.take(block)
        return block
    }

    /// That block; false if it is not free.
    mutating func take(_ block: Int) -> Bool {
        guard self.contains(block), self.isFree(block) else { return false }
        self.free[block / 64] &= ~(1 << UInt64(block % 64))
        self.freeOfStep[block / Self.step] -= 1
        self.freeCount -= 1
        return true
    }

    /// Takes a block back; false if it was not taken.
    mutating func give(_ block: Int) -> Bool {
        guard self.contains(block), !self.isFree(block) else { return false }
        self.free[block / 64] |= 1 << UInt64(block % 64)
        self.freeOfStep[block / Self.step] += 1
        self.freeCount += 1
        self.lowest = min(self.lowest, block / Self.step)
        return true
    }

    /// Whether there is such a block, free or taken.
    func contains(_ block: Int) -> Bool { block >= 0 && block < self.count }

    /// Whether a block of the file is free.
    func isFree(_ block: Int) -> Bool {
        self.free[block / 64] & 1 << UInt64(block % 64) != 0
    }
}
