// SPDX-License-Identifier: Apache-2.0

/// Which call and leg a Call-ID belongs to, in memory of a fixed size.
///
/// A call that comes back to the box over a proxy has one Call-ID on two legs of two calls: it is
/// the callee's leg of the first and the caller's leg of the second. Who began the dialog tells
/// them apart: on a leg b the box did, on a leg a its party.
final class DialogTable {
    struct Slot: BitwiseCopyable {
        /// Hash of the Call-ID; zero: free.
        var key: UInt64 = 0
        /// Hash of the From tag of the message that made it known, and whether that is the tag
        /// of who began it.
        var tag: UInt64 = 0
        var isInitiators = false
        /// The calls whose leg a and leg b it is; zero: none.
        var a: UInt64 = 0
        var b: UInt64 = 0
        /// Counts up with each use.
        var used: UInt64 = 0
    }

    /// Call-IDs that lost their place.
    private(set) var displaced: UInt64 = 0
    private var slots: [Slot]
    private let buckets: Int
    private var uses: UInt64 = 0
    private static let ways = 8

    init(slots: Int) {
        var buckets = 8
        while buckets * Self.ways < slots { buckets *= 2 }
        self.buckets = buckets
        self.slots = [Slot](repeating: Slot(), count: buckets * Self.ways)
    }

    private func bucket(_ key: UInt64) -> Range<Int> {
        let first = Int(key >> 32) & (self.buckets - 1)
        return first * Self.ways..<(first + 1) * Self.ways
    }

    private func place(_ key: UInt64) -> Int? {
        for place in self.bucket(key) where self.slots[place].key == key { return place }
        return nil
    }

    /// The calls of a Call-ID.
    func find(_ key: UInt64) -> Slot? { self.place(key).map { self.slots[$0] } }

    /// The call and leg of a message, as far as it is known. `isUAC`: the box sent the request, or
    /// gets its response. `isExact`: it is known of this leg, not only of the other.
    func owner(_ key: UInt64, fromTag: UInt64, isUAC: Bool) -> Owner? {
        guard let place = self.place(key) else { return nil }
        self.uses += 1
        self.slots[place].used = self.uses
        let slot = self.slots[place]
        let isInitiators = (slot.tag == fromTag) == slot.isInitiators
        let isB = isInitiators == isUAC
        if isB, slot.b != 0 { return Owner(call: slot.b, side: .b, isExact: true) }
        if !isB, slot.a != 0 { return Owner(call: slot.a, side: .a, isExact: true) }
        return slot.b != 0
            ? Owner(call: slot.b, side: .b, isExact: false)
            : Owner(call: slot.a, side: .a, isExact: false)
    }

    struct Owner {
        let call: UInt64
        let side: TraceSide
        let isExact: Bool
    }

    /// A Call-ID belongs to a leg from now on, as a message with this From tag shows.
    func tie(_ key: UInt64, fromTag: UInt64, isUAC: Bool, to leg: (call: UInt64, side: TraceSide)) {
        let bucket = self.bucket(key)
        var place = bucket.lowerBound
        for candidate in bucket {
            if self.slots[candidate].key == key {
                place = candidate
                break
            }
            if self.slots[candidate].used < self.slots[place].used { place = candidate }
        }
        if self.slots[place].key != key {
            if self.slots[place].key != 0 { self.displaced &+= 1 }
            self.slots[place] = Slot(key: key)
            self.slots[place].tag = fromTag
            self.slots[place].isInitiators = (leg.side == .b) == isUAC
        }
        self.uses += 1
        self.slots[place].used = self.uses
        if leg.side == .b {
            self.slots[place].b = leg.call
        } else {
            self.slots[place].a = leg.call
        }
    }
}
