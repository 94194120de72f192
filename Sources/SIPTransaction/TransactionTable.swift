// SPDX-License-Identifier: Apache-2.0

/// Slots with generations: a slot that was emptied and filled again is another one to those who
/// kept the old identifier. The first free slot is used next, so that the table stays small.
struct TransactionTable<Entry: AnyObject> {
    private var entries: [Entry?] = []
    private var generations: [UInt32] = []
    private var free: [UInt32] = []

    var count: Int { self.entries.count - self.free.count }

    /// Makes the entry with the slot and generation it will have, and stores it.
    mutating func insert(_ make: (_ slot: UInt32, _ generation: UInt32) -> Entry) -> Entry {
        if let slot = self.free.popLast() {
            let entry = make(slot, self.generations[Int(slot)])
            self.entries[Int(slot)] = entry
            return entry
        }
        let entry = make(UInt32(truncatingIfNeeded: self.entries.count), 0)
        self.entries.append(entry)
        self.generations.append(0)
        return entry
    }

    func entry(slot: UInt32, generation: UInt32) -> Entry? {
        let slot = Int(slot)
        guard slot < self.entries.count, self.generations[slot] == generation else { return nil }
        return self.entries[slot]
    }

    mutating func remove(slot: UInt32, generation: UInt32) {
        guard self.entry(slot: slot, generation: generation) != nil else { return }
        self.entries[Int(slot)] = nil
        self.generations[Int(slot)] &+= 1
        self.free.append(slot)
    }
}
