// SPDX-License-Identifier: Apache-2.0

import CFlowABI

/// Dropped packets by reason.
public struct DropCounts: Sendable, Hashable {
    private var counts: [DropReason: UInt64] = [:]

    /// None.
    public init() {}

    /// What a worker counted of a flow. Its counts wrap.
    init(_ record: tl_drop_record) {
        withUnsafeBytes(of: record.counts) { counts in
            withUnsafeBytes(of: record.reasons) { reasons in
                for (place, reason) in reasons.enumerated() {
                    self[DropReason(index: Int(reason))] &+=
                        UInt64(counts.load(fromByteOffset: 4 * place, as: UInt32.self))
                }
            }
        }
        self[.other] &+= UInt64(record.more)
    }

    /// Zero for a reason that there was none of.
    public subscript(reason: DropReason) -> UInt64 {
        get { self.counts[reason] ?? 0 }
        set { self.counts[reason] = newValue == 0 ? nil : newValue }
    }

    /// For any reason.
    public var total: UInt64 { self.counts.values.reduce(0, &+) }

    /// There is none.
    public var isEmpty: Bool { self.counts.isEmpty }

    /// Each reason that there was one of, most drops first, then in the order of the list.
    public var byReason: [(reason: DropReason, count: UInt64)] {
        self.counts.map { (reason: $0.key, count: $0.value) }.sorted {
            ($1.count, $0.reason.index) < ($0.count, $1.reason.index)
        }
    }

    /// Adds others.
    public mutating func add(_ other: DropCounts) {
        for (reason, count) in other.counts { self[reason] &+= count }
    }

    /// What came since a worker's counts were these. One that went back was begun anew; one that
    /// only wrapped is by far the nearer.
    public func since(_ earlier: DropCounts) -> DropCounts {
        var difference = DropCounts()
        for (reason, count) in self.counts {
            let now = UInt32(truncatingIfNeeded: count)
            let more = now &- UInt32(truncatingIfNeeded: earlier[reason])
            difference[reason] = UInt64(more <= UInt32.max / 2 ? more : now)
        }
        return difference
    }
}
