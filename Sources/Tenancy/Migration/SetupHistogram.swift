// SPDX-License-Identifier: Apache-2.0

/// Set-up times of calls, counted in fixed buckets: 10 ms wide below 5 s, 100 ms wide up to 15 s,
/// and one for what took longer. Its memory does not grow.
public struct SetupHistogram: Sendable, Hashable {
    /// Calls in each bucket.
    public internal(set) var counts: [UInt64]

    static let fine: UInt32 = 10
    static let fineEnd: UInt32 = 5_000
    static let coarse: UInt32 = 100
    static let coarseEnd: UInt32 = 15_000
    static let fineBuckets = Int(Self.fineEnd / Self.fine)
    static let buckets =
        Self.fineBuckets + Int((Self.coarseEnd - Self.fineEnd) / Self.coarse) + 1

    /// Empty.
    public init() { self.counts = Array(repeating: 0, count: Self.buckets) }

    /// Calls in all.
    public var total: UInt64 { self.counts.reduce(0, &+) }

    /// Counts a call that was set up in so many milliseconds.
    public mutating func add(_ milliseconds: UInt32) {
        self.counts[Self.bucket(milliseconds)] &+= 1
    }

    /// The bucket that the 95th percentile by nearest rank is in: `lower` milliseconds or more and
    /// less than `upper`, which is nil in the last bucket. Nil: no calls.
    public var percentile95: (lower: UInt32, upper: UInt32?)? {
        let total = self.total
        guard total > 0 else { return nil }
        let rank = total - total / 20
        var seen: UInt64 = 0
        for (bucket, count) in self.counts.enumerated() {
            seen &+= count
            if seen >= rank { return Self.bounds(bucket) }
        }
        return nil
    }

    static func bucket(_ milliseconds: UInt32) -> Int {
        if milliseconds < Self.fineEnd { return Int(milliseconds / Self.fine) }
        guard milliseconds < Self.coarseEnd else { return Self.buckets - 1 }
        return Self.fineBuckets + Int((milliseconds - Self.fineEnd) / Self.coarse)
    }

    static func bounds(_ bucket: Int) -> (lower: UInt32, upper: UInt32?) {
        if bucket < Self.fineBuckets {
            let lower = UInt32(bucket) * Self.fine
            return (lower, lower + Self.fine)
        }
        let lower = Self.fineEnd + UInt32(bucket - Self.fineBuckets) * Self.coarse
        return (lower, lower < Self.coarseEnd ? lower + Self.coarse : nil)
    }
}
