// SPDX-License-Identifier: Apache-2.0

/// A map from words to words that readers look into without waiting while the writer changes it.
///
/// Open addressing with linear probing, in partitions that grow each by itself: what one change
/// costs does not depend on how much there is, and no change takes longer than copying a partition.
/// A slot is free, or a key with its value, or a tombstone. A key that is there stays in its slot
/// until it is removed, or its partition is copied into a new block, which one store puts in the
/// place of the old one: a reader never misses it. A tombstone carries the epoch of its removal
/// and is used again when nobody is left who may have found its key: a reader that has found a key
/// reads this key's value.
struct FlatTable {
    /// What readers see.
    let view: FlatTableView
    /// Keys that are there.
    private(set) var count = 0
    /// Bytes that changes have stored where readers look; those of copied partitions among them.
    private(set) var storedBytes = 0
    /// Partitions that were copied, to grow or to be rid of tombstones.
    private(set) var copies = 0
    private var partitions: [Partition]
    /// Of a partition.
    private let expectedKeys: Int

    private struct Partition {
        var keys = 0
        var tombstones = 0
    }

    /// What became of a key.
    enum Change: Equatable {
        case inserted
        /// Its value before.
        case replaced(UInt64)
        /// There is no memory for it. Nothing has changed.
        case refused
    }

    /// With two to the power of `partitionBits` partitions, which begin with room for their part of
    /// so many keys.
    init(partitionBits: Int, mixer: Mixer, expected: Int = 0) {
        self.expectedKeys = expected >> partitionBits
        self.view = FlatTableView(partitionBits: partitionBits, mixer: mixer)
        self.partitions = Array(repeating: Partition(), count: 1 << partitionBits)
    }

    /// Gives a key a value. Keys are neither zero nor have their highest bit set.
    mutating func set(
        _ key: UInt64, to value: UInt64, _ reclaimer: inout Reclaimer
    ) -> Change {
        let hash = self.view.mixer.hash(key)
        let number = self.view.partition(hash)
        var place = self.place(of: key, hash, number, &reclaimer)
        if case .found(let block, let index) = place {
            let before = block.value(index)
            block.setValue(value, index)
            self.storedBytes += 8
            return .replaced(before)
        }
        if case .full = place {
            guard self.copy(number, &reclaimer) else { return .refused }
            place = self.place(of: key, hash, number, &reclaimer)
        }
        guard case .free(let block, let index, let isTombstone) = place else { return .refused }
        block.setValue(value, index)
        block.setKey(key, index)
        self.partitions[number].keys += 1
        if isTombstone { self.partitions[number].tombstones -= 1 }
        self.count += 1
        self.storedBytes += 16
        return .inserted
    }

    /// Removes a key; its value, or nil if it was not there.
    mutating func remove(_ key: UInt64, _ reclaimer: inout Reclaimer) -> UInt64? {
        let hash = self.view.mixer.hash(key)
        let number = self.view.partition(hash)
        guard case .found(let block, let index) = self.place(of: key, hash, number, &reclaimer)
        else { return nil }
        let value = block.value(index)
        // The epoch ends after the slot has changed: who enters in the next one sees the tombstone.
        block.setKey(FlatTableView.tombstone | reclaimer.epochs.current, index)
        _ = reclaimer.epochs.advance()
        self.partitions[number].keys -= 1
        self.partitions[number].tombstones += 1
        self.count -= 1
        self.storedBytes += 8
        return value
    }

    // MARK: Places

    private enum Place {
        case found(SlotBlock, Int)
        case free(SlotBlock, Int, isTombstone: Bool)
        case full
    }

    /// Where the key is, or where it goes.
    private func place(
        of key: UInt64, _ hash: UInt64, _ number: Int, _ reclaimer: inout Reclaimer
    ) -> Place {
        guard let block = self.view.block(number) else { return .full }
        var reusable: Int?
        for step in 0...block.mask {
            let index = Int(truncatingIfNeeded: hash) &+ step
            let found = block.key(index)
            if found == key { return .found(block, index) }
            if found == 0 {
                if let reusable { return .free(block, reusable, isTombstone: true) }
                return self.hasRoom(number, block) ? .free(block, index, isTombstone: false) : .full
            }
            if reusable == nil, found & FlatTableView.tombstone != 0,
                reclaimer.isOver(found & ~FlatTableView.tombstone)
            {
                reusable = index
            }
        }
        return .full
    }

    /// Three quarters of the slots may be other than free: probing stays short.
    private func hasRoom(_ number: Int, _ block: SlotBlock) -> Bool {
        let partition = self.partitions[number]
        return (partition.keys + partition.tombstones + 1) * 4 <= (block.mask + 1) * 3
    }

    /// Puts a block without tombstones in the place of the partition's, which has room for one key
    /// more, and for an eighth of its slots before it is copied again. False without memory.
    private mutating func copy(_ number: Int, _ reclaimer: inout Reclaimer) -> Bool {
        let before = self.view.roots.load(number)
        let keys = before == 0 ? self.expectedKeys : self.partitions[number].keys
        let fitting = SlotBlock.exponents.first { (keys + 1) * 8 <= (1 << $0) * 5 }
        guard let fitting, let word = reclaimer.memory.take(fitting), let new = SlotBlock(word)
        else { return false }
        if let old = SlotBlock(before) {
            for index in 0...old.mask {
                let key = old.key(index)
                guard key != 0, key & FlatTableView.tombstone == 0 else { continue }
                var place = Int(truncatingIfNeeded: self.view.mixer.hash(key))
                while new.key(place) != 0 { place &+= 1 }
                new.setValue(old.value(index), place)
                new.setKey(key, place)
            }
        }
        self.view.roots.publish(word, at: number)
        if before != 0 { reclaimer.retire(.block(before)) }
        self.partitions[number].tombstones = 0
        self.storedBytes += SlotBlock.byteCount(fitting)
        self.copies += 1
        return true
    }
}

/// A table as readers see it.
struct FlatTableView: Sendable {
    /// The highest bit: the slot's key was removed; the others are the epoch of that.
    static let tombstone: UInt64 = 1 << 63

    fileprivate let roots: WordArray
    fileprivate let mixer: Mixer
    private let shift: Int

    fileprivate init(partitionBits: Int, mixer: Mixer) {
        self.roots = WordArray(count: 1 << partitionBits)
        self.mixer = mixer
        self.shift = 64 - partitionBits
    }

    /// The value of a key; nil where it is not there. For readers that have entered, and for the
    /// writer.
    @inline(__always)
    func value(_ key: UInt64) -> UInt64? {
        let hash = self.mixer.hash(key)
        guard let block = self.block(self.partition(hash)) else { return nil }
        for step in 0...block.mask {
            let index = Int(truncatingIfNeeded: hash) &+ step
            let found = block.key(index)
            if found == key { return block.value(index) }
            if found == 0 { return nil }
        }
        return nil
    }

    /// Has the slot of a key fetched. For the writer that knows what comes: several fetches pass in
    /// the time of one.
    func touch(_ key: UInt64) {
        let hash = self.mixer.hash(key)
        _ = self.block(self.partition(hash))?.key(Int(truncatingIfNeeded: hash))
    }

    /// The upper bits of the hash choose the partition, the lower ones the slot.
    @inline(__always)
    fileprivate func partition(_ hash: UInt64) -> Int { Int(hash >> UInt64(self.shift)) }

    @inline(__always)
    fileprivate func block(_ number: Int) -> SlotBlock? { SlotBlock(self.roots.load(number)) }
}
