// SPDX-License-Identifier: Apache-2.0

/// Where the blocks of tables come from: chunks of memory, each cut into blocks of one size. The
/// writer alone calls it. A chunk of which no block is in use serves another size; when partitions
/// double, one after the other, the memory that they leave becomes that of the next size.
final class TableMemory {
    /// A block: its word, as `SlotBlock` takes it.
    typealias Block = UInt64

    /// Chunks at most.
    let chunksMax: Int
    /// Nobody reads yet: a chunk is one page from the start. Later it is taken page by page, so
    /// that no change waits until two megabytes are cleared, and joined by the system when it is
    /// full.
    var isFilling = true
    /// Blocks in use of each chunk.
    private var used: [UInt: Int] = [:]
    /// Free blocks by the exponent of their size.
    private var free: [[UInt]] = Array(repeating: [], count: SlotBlock.exponents.upperBound + 1)
    /// The chunk that was cut last for each size.
    private var latest: [UInt?] = Array(repeating: nil, count: SlotBlock.exponents.upperBound + 1)
    /// A chunk without a size: one is kept, so that nothing is mapped and unmapped by turns.
    private var spare: UInt?

    init(chunksMax: Int) { self.chunksMax = chunksMax }

    deinit {
        for chunk in self.used.keys { Chunk.unmap(chunk) }
        if let spare { Chunk.unmap(spare) }
    }

    /// Bytes that it has of the system.
    var byteCount: Int { (self.used.count + (self.spare == nil ? 0 : 1)) * Chunk.byteCount }

    /// A block of zeros; nil at the limit, and where the system has no memory.
    func take(_ exponent: Int) -> Block? {
        guard SlotBlock.exponents.contains(exponent) else { return nil }
        if self.free[exponent].isEmpty, !self.cutChunk(exponent) { return nil }
        guard let address = self.free[exponent].popLast() else { return nil }
        self.used[Self.chunk(of: address), default: 0] += 1
        Chunk.clear(address, SlotBlock.byteCount(exponent))
        return UInt64(address) | UInt64(exponent)
    }

    /// Takes a block back that no reader knows any more.
    func give(_ block: Block) {
        let exponent = Int(block & 0xff)
        let address = UInt(block & ~0xff)
        let chunk = Self.chunk(of: address)
        guard SlotBlock.exponents.contains(exponent), let used = self.used[chunk] else { return }
        self.free[exponent].append(address)
        self.used[chunk] = used - 1
        guard used == 1 else { return }
        self.free[exponent].removeAll { Self.chunk(of: $0) == chunk }
        self.used[chunk] = nil
        if self.latest[exponent] == chunk { self.latest[exponent] = nil }
        if self.spare == nil { self.spare = chunk } else { Chunk.unmap(chunk) }
    }

    private func cutChunk(_ exponent: Int) -> Bool {
        guard self.used.count < self.chunksMax,
            let chunk = self.spare ?? Chunk.map(whole: self.isFilling)
        else { return false }
        self.spare = nil
        if let full = self.latest[exponent] { Chunk.join(full) }
        self.latest[exponent] = chunk
        self.used[chunk] = 0
        let step = UInt(SlotBlock.byteCount(exponent))
        for address in stride(from: chunk, to: chunk + UInt(Chunk.byteCount), by: Int(step)) {
            self.free[exponent].append(address)
        }
        return true
    }

    private static func chunk(of address: UInt) -> UInt { address & ~(UInt(Chunk.byteCount) - 1) }
}
