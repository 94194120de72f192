// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The system's random numbers, fetched many at a time: each time is a system call. A class, so
/// that no two holders of it are given the same number.
public final class RandomStore {
    /// 256 bytes: what getentropy(3) gives at most.
    private static let count = 32

    private var numbers: [UInt64] = []

    /// Without numbers.
    public init() {}

    /// Sixty-four random bits.
    public func next() -> UInt64 {
        if let number = self.numbers.popLast() { return number }
        var numbers = [UInt64](repeating: 0, count: Self.count)
        let size = Self.count * MemoryLayout<UInt64>.stride
        guard getentropy(&numbers, size) == 0 else {
            return UInt64.random(in: 0...UInt64.max)
        }
        self.numbers = numbers
        return self.numbers.removeLast()
    }
}
