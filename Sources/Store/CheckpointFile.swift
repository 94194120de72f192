// SPDX-License-Identifier: Apache-2.0

/// Checkpoints in a mapped file, changed in batches of which a kill leaves all or nothing.
///
/// The file is a page with its head and then blocks of 256 bytes. A checkpoint is a chain of them;
/// its first one says which batch wrote it and, once there is one, which batch ended it. The head
/// says which batch was published last. A batch writes its checkpoints into free blocks, notes
/// itself as the end of those that it replaces or removes, and publishes itself with one store of
/// its number; then what it ended is wiped, and free. Whoever opens the file ignores what no
/// published batch wrote, and ends that no published batch noted, so that there is no point at
/// which a kill leaves anything else than the state before the batch or the state after it.
///
/// Layout, words of 64 bits in host byte order:
///
///     head:    magic; number of the last published batch
///     block:   batch that wrote it, 0 unless it is a first one; next block plus 1, 0 for none
///     first:   batch that ended it, 0 for none; version << 32 | length of key; length; digest
///
/// The rest of a chain is the key and then the bytes. Numbers of batches carry a check of their
/// own. A free block is zero.
final class CheckpointFile {
    /// Checkpoints in the file that contradict themselves or each other. They are not found again;
    /// an owner sets the file aside.
    private(set) var damaged = 0
    /// Called after each change of the file; for tests.
    var onChange: (() -> Void)? {
        get { self.file.onChange }
        set { self.file.onChange = newValue }
    }

    private let file: MappedFile
    private let bytesMax: Int
    private var pool = BlockPool()
    private var published: UInt64 = 0
    /// The first block of each checkpoint that is in force.
    private var firsts: [CheckpointKey: Int] = [:]

    static let headBytes = 4096
    static let blockBytes = 256
    static let stepBytes = BlockPool.step * blockBytes
    private static let magic: UInt64 = 0x324c_4c41_434e_4c54  // "TLNCALL2", little-endian
    private enum Head { static let magic = 0, published = 8 }
    private enum Word {
        static let batch = 0, next = 8, end = 16, sizes = 24, bytes = 32, digest = 40
    }
    private static let firstPayload = 48
    private static let laterPayload = 16

    /// Opens the file or makes it, with at most `bytesMax` bytes, and looks what is in force.
    init(path: String, bytesMax: Int, onChange: (() -> Void)? = nil) throws(StoreError) {
        self.bytesMax = bytesMax
        self.file = try MappedFile(path: path, bytesMax: bytesMax)
        self.file.onChange = onChange
        // A process killed in this very place left a head of zeros, and nothing behind it.
        if self.file.bytes == 0
            || self.file.bytes == Self.headBytes && self.file.load(Head.magic) == 0
        {
            try self.file.resize(to: Self.headBytes)
            self.file.store(BatchNumber.word(1), at: Head.published)
            self.file.store(Self.magic, at: Head.magic)
        }
        guard self.file.bytes >= Self.headBytes, self.file.bytes <= bytesMax, !self.file.isSparse
        else { throw StoreError(.corrupt, "it cannot have \(self.file.bytes) bytes") }
        guard self.file.load(Head.magic) == Self.magic else {
            throw StoreError(.corrupt, "its layout is another one")
        }
        guard let published = BatchNumber.number(self.file.load(Head.published)) else {
            throw StoreError(.corrupt, "its head is damaged")
        }
        self.published = published
        self.find()
        if self.damaged == 0 { self.clean() }
    }

    // MARK: Reading

    /// Takes up what is in force. What a kill left over is no damage, all else that is odd is.
    private func find() {
        let blocksBytes = self.file.bytes - Self.headBytes
        if blocksBytes % Self.stepBytes != 0 { self.damaged += 1 }
        for _ in 0..<blocksBytes / Self.stepBytes { self.pool.grow() }
        for block in 0..<self.pool.count {
            let batch = self.load(block, Word.batch)
            guard batch != 0 else { continue }
            guard let number = BatchNumber.number(batch) else {
                self.damaged += 1
                continue
            }
            if number > self.published { continue }
            let end = self.load(block, Word.end)
            if end != 0 {
                guard let ended = BatchNumber.number(end) else {
                    self.damaged += 1
                    continue
                }
                if ended <= self.published { continue }
            }
            self.take(block)
        }
    }

    private func take(_ first: Int) {
        guard let (checkpoint, blocks) = self.read(first),
            blocks.allSatisfy({ self.pool.take($0) })
        else {
            self.damaged += 1
            return
        }
        if let other = self.firsts[checkpoint.key] {
            self.damaged += 1
            let numbers = [other, first].map { BatchNumber.number(self.load($0, Word.batch)) ?? 0 }
            if numbers[0] > numbers[1] { return }
        }
        self.firsts[checkpoint.key] = first
    }

    /// Takes back what a batch did that was never published, and wipes what was not wiped: of a
    /// block the word that makes it a first one before the rest, whose order nothing promises.
    private func clean() {
        for first in self.firsts.values where self.load(first, Word.end) != 0 {
            self.store(0, first, Word.end)
        }
        for block in 0..<self.pool.count where self.pool.isFree(block) {
            if self.load(block, Word.batch) != 0 { self.store(0, block, Word.batch) }
            self.file.order()
            self.file.wipe(Self.blockBytes, at: Self.offset(block))
        }
    }

    /// A checkpoint and its blocks; nil where they contradict each other.
    private func read(_ first: Int) -> (Checkpoint, [Int])? {
        let sizes = self.load(first, Word.sizes)
        let keyCount = Int(truncatingIfNeeded: sizes & 0xffff_ffff)
        let count = self.load(first, Word.bytes)
        guard keyCount <= CheckpointKey.bytesMax, count <= CheckpointStore.bytesMax else {
            return nil
        }
        let total = keyCount + Int(count)
        var octets: [UInt8] = []
        octets.reserveCapacity(total)
        var blocks = [first]
        self.read(first, Self.firstPayload, total, into: &octets)
        while octets.count < total {
            guard let next = self.next(blocks[blocks.count - 1]), blocks.count <= total,
                self.load(next, Word.batch) == 0
            else { return nil }
            blocks.append(next)
            self.read(next, Self.laterPayload, total, into: &octets)
        }
        let key = CheckpointKey(bytes: Array(octets[..<keyCount]))
        let bytes = Array(octets[keyCount...])
        let digest = Self.digest(key, bytes, self.load(first, Word.batch), sizes)
        guard self.load(blocks[blocks.count - 1], Word.next) == 0,
            digest == self.load(first, Word.digest)
        else { return nil }
        let version = UInt32(truncatingIfNeeded: sizes >> 32)
        return (Checkpoint(key: key, version: version, bytes: bytes), blocks)
    }

    private func read(_ block: Int, _ payload: Int, _ total: Int, into octets: inout [UInt8]) {
        let count = min(total - octets.count, Self.blockBytes - payload)
        self.file.read(count, at: Self.offset(block) + payload, into: &octets)
    }

    private static func digest(
        _ key: CheckpointKey, _ bytes: [UInt8], _ batch: UInt64, _ sizes: UInt64
    ) -> UInt64 {
        Digest.of(bytes, seed: Digest.of(key.bytes, seed: batch ^ sizes))
    }

    /// Everything that is in force and can be read, in the order of the keys.
    func loadAll() -> [Checkpoint] {
        var found: [Checkpoint] = []
        for first in self.firsts.values {
            if let (checkpoint, _) = self.read(first) {
                found.append(checkpoint)
            } else {
                self.damaged += 1
            }
        }
        return found.sorted { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }
    }

    // MARK: Writing

    /// Puts or removes (nil) checkpoints, all in one batch. Where there is no room for all of them
    /// nothing has changed.
    func write(_ changes: [CheckpointKey: Checkpoint?]) throws(StoreError) {
        try self.file.check()
        let number = self.published + 1
        let batch = BatchNumber.word(number)
        var written: [(key: CheckpointKey, first: Int)] = []
        do {
            for case (let key, let checkpoint?) in changes {
                written.append((key, try self.place(checkpoint, batch)))
            }
        } catch {
            for (_, first) in written { self.free(first) }
            throw error
        }
        var ended: [Int] = []
        for key in changes.keys {
            guard let former = self.firsts.removeValue(forKey: key) else { continue }
            self.store(batch, former, Word.end)
            ended.append(former)
        }
        self.file.store(batch, at: Head.published)
        self.file.order()
        self.published = number
        for (key, first) in written { self.firsts[key] = first }
        for former in ended { self.free(former) }
    }

    /// Writes a checkpoint into free blocks, and says which one is the first.
    private func place(_ checkpoint: Checkpoint, _ batch: UInt64) throws(StoreError) -> Int {
        let key = checkpoint.key.bytes
        let bytes = checkpoint.bytes
        try self.reserve(Self.blocks(of: checkpoint))
        guard let first = self.pool.take() else { throw self.failure }
        let sizes = UInt64(checkpoint.version) << 32 | UInt64(key.count)
        self.store(batch, first, Word.batch)
        self.store(sizes, first, Word.sizes)
        self.store(UInt64(bytes.count), first, Word.bytes)
        self.store(
            Self.digest(checkpoint.key, bytes, batch, sizes), first, Word.digest)
        // A key is shorter than the room in the first block.
        self.file.write(key, 0..<key.count, at: Self.offset(first) + Self.firstPayload)
        var (block, payload) = (first, Self.firstPayload + key.count)
        var offset = 0
        while true {
            let part = offset..<min(offset + Self.blockBytes - payload, bytes.count)
            self.file.write(bytes, part, at: Self.offset(block) + payload)
            offset = part.upperBound
            guard offset < bytes.count, let next = self.pool.take() else { return first }
            self.store(UInt64(next + 1), block, Word.next)
            (block, payload) = (next, Self.laterPayload)
        }
    }

    private var failure: StoreError { StoreError(.failed, "\(self.file.path): no block") }

    private static func blocks(of checkpoint: Checkpoint) -> Int {
        let count = Self.firstPayload + checkpoint.key.bytes.count + checkpoint.bytes.count
        let room = Self.blockBytes - Self.laterPayload
        return (count - Self.laterPayload + room - 1) / room
    }

    /// Whether a checkpoint can be written without a longer file.
    func hasRoom(for checkpoint: Checkpoint) -> Bool {
        Self.blocks(of: checkpoint) <= self.pool.freeCount
    }

    /// Sees to it that so many blocks are free.
    private func reserve(_ blocks: Int) throws(StoreError) {
        while self.pool.freeCount < blocks {
            let bytes = Self.offset(self.pool.count + BlockPool.step)
            guard bytes <= self.bytesMax else {
                throw StoreError(.full, "\(self.file.path): \(self.bytesMax) bytes are its limit")
            }
            try self.file.resize(to: bytes)
            self.pool.grow()
        }
    }

    /// Gives the end of the file back while it is free.
    func shrink() {
        var blocks = self.pool
        while blocks.shrink() {}
        guard blocks.count < self.pool.count,
            (try? self.file.resize(to: Self.offset(blocks.count))) != nil
        else { return }
        self.pool = blocks
    }

    /// Wipes the blocks of a checkpoint that is not in force, the word that makes it one first.
    private func free(_ first: Int) {
        self.store(0, first, Word.batch)
        self.file.order()
        var block: Int? = first
        while let freed = block, self.pool.give(freed) {
            block = self.next(freed)
            self.file.wipe(Self.blockBytes, at: Self.offset(freed))
        }
    }

    // MARK: Blocks

    private static func offset(_ block: Int) -> Int { Self.headBytes + block * Self.blockBytes }

    private func load(_ block: Int, _ word: Int) -> UInt64 {
        self.file.load(Self.offset(block) + word)
    }

    private func store(_ value: UInt64, _ block: Int, _ word: Int) {
        self.file.store(value, at: Self.offset(block) + word)
    }

    /// The next block of a chain; nil at its end.
    private func next(_ block: Int) -> Int? {
        let next = self.load(block, Word.next)
        guard next > 0, next <= UInt64(self.pool.count) else { return nil }
        return Int(next) - 1
    }
}

/// The number of a batch as it stands in the file, from 1 on: with 16 bits of check, so that a word
/// that something else wrote is rarely taken for one.
enum BatchNumber {
    /// As a word of the file.
    static func word(_ number: UInt64) -> UInt64 { number << 16 | Self.check(number) }

    /// From a word of the file; nil for another word.
    static func number(_ word: UInt64) -> UInt64? {
        let number = word >> 16
        return number > 0 && number < 1 << 47 && Self.word(number) == word ? number : nil
    }

    private static func check(_ number: UInt64) -> UInt64 {
        (number &* 0x9e37_79b9_7f4a_7c15) >> 48
    }
}
