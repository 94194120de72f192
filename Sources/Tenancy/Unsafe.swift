// SPDX-License-Identifier: Apache-2.0
//
// The one file of this module where memory is touched without Swift's checks: what the threads of
// calls read while it is changed.
//
// RULES
// 1. One thread at a time changes it: TenantDirectory's lock sees to that. Readers wait for nobody.
// 2. Readers see aligned words, each of which is loaded and stored whole. Loads and `publish` are
//    sequentially consistent: whoever entered without being seen by the writer (ReaderEpochs) sees
//    what the writer published before it looked. On x86-64 such a load costs no more than another.
// 3. What a reader may have found is given back only when nobody is left who entered before it was
//    taken out (Reclaimer).

internal import Glibc
internal import Synchronization

/// A fixed number of words, all zero at first. The system gives memory for those that are stored:
/// an array for a limit that nobody comes near costs nothing.
final class WordArray: @unchecked Sendable {
    /// How many; zero where the system had no memory. Others read as zero, and are not stored.
    let count: Int
    private let base: UnsafeMutablePointer<Atomic<UInt64>>?

    init(count: Int) {
        let memory = SystemMemory.map(max(count, 0) * MemoryLayout<UInt64>.size)
        self.base = memory?.assumingMemoryBound(to: Atomic<UInt64>.self)
        self.count = memory == nil ? 0 : count
    }

    deinit { SystemMemory.unmap(self.base, self.count * MemoryLayout<UInt64>.size) }

    @inline(__always)
    func load(_ index: Int) -> UInt64 {
        guard let base, index >= 0, index < self.count else { return 0 }
        return (base + index).pointee.load(ordering: .sequentiallyConsistent)
    }

    /// What was stored before is seen by whoever sees this.
    func store(_ value: UInt64, at index: Int) {
        guard let base, index >= 0, index < self.count else { return }
        (base + index).pointee.store(value, ordering: .releasing)
    }

    /// As `store`, and before all that this thread loads afterwards.
    @inline(__always)
    func publish(_ value: UInt64, at index: Int) {
        guard let base, index >= 0, index < self.count else { return }
        (base + index).pointee.store(value, ordering: .sequentiallyConsistent)
    }
}

/// A value that one thread at a time has. The lock is that of the C library, which ThreadSanitizer
/// knows, as it does not Swift's.
final class Locked<Value>: @unchecked Sendable {
    private var value: Value
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

    init(_ value: sending Value) {
        self.value = value
        pthread_mutex_init(self.lock, nil)
    }

    deinit {
        pthread_mutex_destroy(self.lock)
        self.lock.deallocate()
    }

    func withLock<Result, Fault>(
        _ body: (inout Value) throws(Fault) -> Result
    ) throws(Fault) -> Result {
        pthread_mutex_lock(self.lock)
        defer { pthread_mutex_unlock(self.lock) }
        return try body(&self.value)
    }
}

/// Objects that readers find by their index. It owns them.
final class ReferenceArray<Object: AnyObject & Sendable>: Sendable {
    private let words: WordArray

    init(count: Int) { self.words = WordArray(count: count) }

    deinit {
        for index in 0..<self.words.count { _ = self.owned(self.words.load(index)) }
    }

    /// How many there may be.
    var count: Int { self.words.count }

    /// The object there; for readers that have entered, and for the writer.
    @inline(__always)
    func object(at index: Int) -> Object? {
        let address = UnsafeRawPointer(bitPattern: UInt(self.words.load(index)))
        return address.map { Unmanaged<Object>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Puts another object there, or none; gives what was there. Readers may still be about to find
    /// that: it has to be retired.
    func exchange(_ object: Object?, at index: Int) -> Object? {
        guard index >= 0, index < self.words.count else { return nil }
        let before = self.words.load(index)
        let address = object.map { UInt(bitPattern: Unmanaged.passRetained($0).toOpaque()) } ?? 0
        self.words.publish(UInt64(address), at: index)
        return self.owned(before)
    }

    private func owned(_ word: UInt64) -> Object? {
        let address = UnsafeRawPointer(bitPattern: UInt(word))
        return address.map { Unmanaged<Object>.fromOpaque($0).takeRetainedValue() }
    }
}

/// The slots of one partition of a table: pairs of key and value, a power of two of them. Known by
/// one word, so that it is published by one store: its address, which is a multiple of its size,
/// and in the low bits the exponent of its number of slots.
struct SlotBlock {
    /// Exponents that there are: from 256 bytes to a chunk of memory.
    static let exponents = 4...17

    /// Its last index: each index is taken modulo the number of slots.
    let mask: Int
    private let base: UnsafeMutablePointer<Atomic<UInt64>>

    /// From its word; nil for zero.
    @inline(__always)
    init?(_ word: UInt64) {
        guard let base = UnsafeMutableRawPointer(bitPattern: UInt(word & ~0xff)) else { return nil }
        self.base = base.assumingMemoryBound(to: Atomic<UInt64>.self)
        self.mask = 1 << Int(word & 0xff) - 1
    }

    /// Bytes of a block.
    static func byteCount(_ exponent: Int) -> Int { 16 << exponent }

    @inline(__always)
    func key(_ index: Int) -> UInt64 {
        (self.base + (index & self.mask) * 2).pointee.load(ordering: .sequentiallyConsistent)
    }

    @inline(__always)
    func value(_ index: Int) -> UInt64 {
        (self.base + ((index & self.mask) * 2 + 1)).pointee.load(ordering: .acquiring)
    }

    func setKey(_ key: UInt64, _ index: Int) {
        (self.base + (index & self.mask) * 2).pointee.store(
            key, ordering: .sequentiallyConsistent)
    }

    func setValue(_ value: UInt64, _ index: Int) {
        (self.base + ((index & self.mask) * 2 + 1)).pointee.store(value, ordering: .releasing)
    }
}

/// Memory from the system, all zero, which gives a page when it is first stored to.
private enum SystemMemory {
    /// Nil for nothing, and where there is none.
    static func map(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        let memory = mmap(
            nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        return memory == MAP_FAILED ? nil : memory
    }

    static func unmap(_ memory: UnsafeMutableRawPointer?, _ byteCount: Int) {
        guard byteCount > 0 else { return }
        munmap(memory, byteCount)
    }
}

/// Two megabytes of memory: what a processor finds with one entry of its address cache, if the
/// system gives it as one page: with 10 million numbers that takes a quarter off a look-up.
enum Chunk {
    static let byteCount = 2 << 20

    /// The address of a chunk, which is a multiple of its size; nil where there is no memory.
    /// `whole`: as one page, which the system clears when it is first touched: that can take
    /// milliseconds.
    static func map(whole: Bool) -> UInt? {
        guard let all = SystemMemory.map(2 * self.byteCount) else { return nil }
        let start = UInt(bitPattern: all)
        let address = (start + UInt(self.byteCount) - 1) & ~(UInt(self.byteCount) - 1)
        let before = Int(address - start)
        SystemMemory.unmap(all, before)
        SystemMemory.unmap(all + before + self.byteCount, self.byteCount - before)
        if whole { self.join(address) }
        return address
    }

    /// Lets the system make one page of a chunk, in its own time (khugepaged) if it is in use.
    static func join(_ address: UInt) {
        madvise(UnsafeMutableRawPointer(bitPattern: address), self.byteCount, MADV_HUGEPAGE)
    }

    static func unmap(_ address: UInt) {
        SystemMemory.unmap(UnsafeMutableRawPointer(bitPattern: address), self.byteCount)
    }

    /// Makes a part of a chunk zero that no reader knows.
    static func clear(_ address: UInt, _ byteCount: Int) {
        guard let start = UnsafeMutableRawPointer(bitPattern: address) else { return }
        memset(start, 0, byteCount)
    }
}
