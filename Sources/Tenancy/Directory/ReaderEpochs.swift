// SPDX-License-Identifier: Apache-2.0

/// Who is looking something up, and since when. A reader enters before each look-up and leaves
/// after it, with two stores into a line of its own: some nanoseconds. (Announcing once a turn of a
/// thread's loop that it holds nothing would save them, but a thread that sleeps in its loop, or
/// is long in a turn, would then keep all memory from being given back, unless it said so each
/// time.) The writer counts epochs: what it takes out has the epoch of that moment, and is nobody's
/// any more when all who are inside entered in a later one.
final class ReaderEpochs: Sendable {
    /// Threads that may read at a time: shards, and those who look on.
    static let readersMax = 64
    /// Words between readers: no two lines of the processor's caches are shared, nor fetched as a
    /// pair.
    private static let stride = 16

    /// First the epoch; then for each reader the epoch in which it entered, zero outside.
    private let words = WordArray(count: (readersMax + 1) * stride)

    init() { self.words.publish(1, at: 0) }

    /// Published before the reader loads anything: a writer that does not see it here took nothing
    /// out yet that the reader can still find.
    @inline(__always)
    func enter(_ reader: Int) {
        self.words.publish(self.words.load(0), at: (reader + 1) * Self.stride)
    }

    @inline(__always)
    func leave(_ reader: Int) {
        self.words.store(0, at: (reader + 1) * Self.stride)
    }

    /// The epoch that is.
    var current: UInt64 { self.words.load(0) }

    /// Ends the epoch and gives its number. For the writer, after it took something out.
    func advance() -> UInt64 {
        let epoch = self.words.load(0)
        self.words.publish(epoch &+ 1, at: 0)
        return epoch
    }

    /// What was taken out in an earlier epoch than this is nobody's.
    func oldest() -> UInt64 {
        var oldest = self.words.load(0)
        for reader in 1...Self.readersMax {
            let entered = self.words.load(reader * Self.stride)
            if entered != 0, entered < oldest { oldest = entered }
        }
        return oldest
    }
}

/// What was taken out of tables and may still be looked at, in the order in which it was. The
/// writer alone calls it.
struct Reclaimer {
    /// Something that was taken out.
    enum Retired {
        /// A partition's block.
        case block(TableMemory.Block)
        /// An object; being held here keeps it alive.
        case object(any AnyObject & Sendable)
    }

    /// Things that may wait; a change that comes then is refused. A reader is inside for less than
    /// a microsecond, if its thread is not stopped there.
    static let waitingMax = 4096

    let epochs: ReaderEpochs
    let memory: TableMemory
    private var waiting: [(epoch: UInt64, what: Retired)] = []
    private var known: UInt64 = 0

    init(epochs: ReaderEpochs, memory: TableMemory) {
        self.epochs = epochs
        self.memory = memory
    }

    /// How many things wait.
    var waitingCount: Int { self.waiting.count }

    /// Keeps what was just taken out.
    mutating func retire(_ what: Retired) {
        self.waiting.append((self.epochs.advance(), what))
    }

    /// What was taken out in this epoch is nobody's any more.
    mutating func isOver(_ epoch: UInt64) -> Bool {
        if epoch < self.known { return true }
        self.known = self.epochs.oldest()
        return epoch < self.known
    }

    /// Gives back what is nobody's. False where so much is left that nothing may be taken out.
    mutating func collect() -> Bool {
        guard let first = self.waiting.first, self.isOver(first.epoch) else {
            return self.waiting.count < Self.waitingMax
        }
        let over = self.waiting.prefix { $0.epoch < self.known }.count
        for item in self.waiting[..<over] {
            if case .block(let block) = item.what { self.memory.give(block) }
        }
        self.waiting.removeSubrange(..<over)
        return self.waiting.count < Self.waitingMax
    }
}
