// SPDX-License-Identifier: Apache-2.0

/// Random numbers that are the same in each run (SplitMix64).
public struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    /// From a seed: equal seeds, equal numbers.
    public init(seed: UInt64) {
        self.state = seed
    }

    /// The next one.
    public mutating func next() -> UInt64 {
        self.state &+= 0x9e37_79b9_7f4a_7c15
        var value = self.state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}
