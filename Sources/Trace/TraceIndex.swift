// SPDX-License-Identifier: Apache-2.0

/// Finds the newest record of a key in memory of a fixed size: buckets of eight slots, as in a
/// cache. A key that finds its bucket full takes the place of the one whose newest record is the
/// oldest; that one's records stay, and nobody finds them by key any more.
final class TraceIndex {
    /// One key.
    struct Slot: BitwiseCopyable {
        /// Zero: free.
        var key: UInt64 = 0
        /// Its newest record.
        var newest: UInt64 = 0
        /// Its first one, which may be overwritten by now.
        var first: UInt64 = 0
        /// Bytes of its records from `since` on.
        var bytes: UInt64 = 0
        /// Where the counting began: anew whenever the arena went round once.
        var since: UInt64 = 0
    }

    /// Keys that lost their place while their records were there.
    private(set) var displaced: UInt64 = 0
    private var slots: [Slot]
    private let buckets: Int
    private static let ways = 8

    /// For at least so many keys.
    init(slots: Int) {
        var buckets = 8
        while buckets * Self.ways < slots { buckets *= 2 }
        self.buckets = buckets
        self.slots = [Slot](repeating: Slot(), count: buckets * Self.ways)
    }

    private func bucket(_ key: UInt64) -> Range<Int> {
        // Call identifiers are random, hashes too; a multiplication spreads what is not.
        let mixed = key &* 0x9E37_79B9_7F4A_7C15
        let first = Int(mixed >> 32) & (self.buckets - 1)
        return first * Self.ways..<(first + 1) * Self.ways
    }

    func find(_ key: UInt64) -> Slot? {
        for place in self.bucket(key) where self.slots[place].key == key {
            return self.slots[place]
        }
        return nil
    }

    /// Notes the newest record of a key; returns the one before it, or zero. Records below `oldest`
    /// are not there any more.
    func put(_ key: UInt64, _ position: UInt64, oldest: UInt64, bytes: UInt32) -> UInt64 {
        let bucket = self.bucket(key)
        var place = bucket.lowerBound
        for candidate in bucket {
            if self.slots[candidate].key == key {
                return self.renew(candidate, position, oldest, bytes)
            }
            if self.slots[candidate].newest < self.slots[place].newest { place = candidate }
        }
        if self.slots[place].key != 0, self.slots[place].newest >= oldest { self.displaced &+= 1 }
        self.slots[place] = Slot(
            key: key, newest: position, first: position, bytes: UInt64(bytes), since: position)
        return 0
    }

    private func renew(
        _ place: Int, _ position: UInt64, _ oldest: UInt64, _ bytes: UInt32
    ) -> UInt64 {
        let before = self.slots[place].newest
        self.slots[place].newest = position
        if self.slots[place].since < oldest {
            self.slots[place].since = position
            self.slots[place].bytes = 0
        }
        self.slots[place].bytes += UInt64(bytes)
        if before >= oldest { return before }
        self.slots[place].first = position
        return 0
    }

    /// Keys with records, the newest first.
    func live(oldest: UInt64) -> [Slot] {
        self.slots.filter { $0.key != 0 && $0.newest >= oldest }
            .sorted { $0.newest > $1.newest }
    }
}
