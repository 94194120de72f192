// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Synchronization

/// A file on tmpfs that is mapped into memory and belongs to one process at a time. A process that
/// is killed leaves the stores up to some point of its program and none after it; a machine that
/// loses power leaves nothing.
///
/// The only code of the module whose memory the compiler does not check, so that all access is
/// checked here: outside of the file zeros are read and nothing is written. Memory is taken before
/// it is touched: a full file system is an error now, not a signal later.
final class MappedFile {
    /// Where it is.
    let path: String
    /// Its size.
    private(set) var bytes: Int
    /// Parts of it have no memory: nothing that is made here.
    let isSparse: Bool
    /// Called after each change of what is mapped; for tests of what a kill leaves.
    var onChange: (() -> Void)?

    private let descriptor: Int32
    private let base: UnsafeMutableRawPointer
    private let bytesMax: Int

    private static let interruptionsMax = 16

    /// Opens the file or makes it, readable and writable by its owner alone. `bytesMax` of it can
    /// be mapped, and are reserved as addresses, not as memory.
    init(path: String, bytesMax: Int) throws(StoreError) {
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        let descriptor = Glibc.open(path, flags, 0o600)
        guard descriptor >= 0 else { throw Self.error(path) }
        var status = stat()
        var base: UnsafeMutableRawPointer?
        if Self.lock(descriptor), fchmod(descriptor, 0o600) == 0, fstat(descriptor, &status) == 0 {
            base = mmap(nil, bytesMax, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        }
        guard let base, base != MAP_FAILED else {
            let error = Self.error(path)
            close(descriptor)
            throw error
        }
        // Keys of calls do not belong into a core file.
        madvise(base, bytesMax, MADV_DONTDUMP)
        self.path = path
        self.bytes = Int(status.st_size)
        self.isSparse = Int(status.st_blocks) * 512 < self.bytes
        self.descriptor = descriptor
        self.base = base
        self.bytesMax = bytesMax
    }

    deinit {
        munmap(self.base, self.bytesMax)
        close(self.descriptor)
    }

    /// A lock of the process, which children do not inherit.
    private static func lock(_ descriptor: Int32) -> Bool {
        var range = flock()
        range.l_type = Int16(F_WRLCK)
        range.l_whence = Int16(SEEK_SET)
        return fcntl(descriptor, F_SETLK, &range) == 0
    }

    private static func error(_ path: String, _ code: Int32 = errno) -> StoreError {
        let isFull = [ENOSPC, EDQUOT, EFBIG, ENOMEM].contains(code)
        return StoreError(
            isFull ? .full : .failed, "\(path): \(String(cString: strerror(code)))")
    }

    // MARK: Size

    /// Makes the file longer, with zeros in memory of its own, or shorter.
    func resize(to bytes: Int) throws(StoreError) {
        guard bytes <= self.bytesMax else {
            throw StoreError(.full, "\(self.path): \(self.bytesMax) bytes are its limit")
        }
        if bytes < self.bytes {
            guard ftruncate(self.descriptor, off_t(bytes)) == 0 else {
                throw Self.error(self.path)
            }
        } else if bytes > self.bytes {
            var code = EINTR
            for _ in 0..<Self.interruptionsMax where code == EINTR {
                code = posix_fallocate(
                    self.descriptor, off_t(self.bytes), off_t(bytes - self.bytes))
            }
            guard code == 0 else { throw Self.error(self.path, code) }
        }
        self.bytes = bytes
    }

    /// That nobody else changed its size or removed it: to touch what is no more is a signal.
    func check() throws(StoreError) {
        var status = stat()
        guard fstat(self.descriptor, &status) == 0 else { throw Self.error(self.path) }
        guard Int(status.st_size) == self.bytes else {
            throw StoreError(.corrupt, "\(status.st_size) bytes, not \(self.bytes)")
        }
        guard status.st_nlink > 0 else { throw StoreError(.corrupt, "removed while in use") }
    }

    // MARK: Content

    private func contains(_ offset: Int, _ count: Int) -> Bool {
        let end = min(self.bytes, self.bytesMax)
        return offset >= 0 && count >= 0 && count <= end && offset <= end - count
    }

    private func word(_ offset: Int) -> UnsafeMutablePointer<Atomic<UInt64>>? {
        guard offset % 8 == 0, self.contains(offset, 8) else { return nil }
        return (self.base + offset).assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    /// The aligned word at an offset, in host byte order.
    func load(_ offset: Int) -> UInt64 {
        self.word(offset)?.pointee.load(ordering: .acquiring) ?? 0
    }

    /// Changes the aligned word at an offset, in one store. Changes before it stay before it.
    func store(_ value: UInt64, at offset: Int) {
        self.word(offset)?.pointee.store(value, ordering: .releasing)
        self.onChange?()
    }

    /// Changes after it stay after those before it.
    func order() {
        atomicMemoryFence(ordering: .acquiringAndReleasing)
    }

    /// Writes a part of `bytes`.
    func write(_ bytes: [UInt8], _ part: Range<Int>, at offset: Int) {
        guard part.lowerBound >= 0, part.upperBound <= bytes.count,
            self.contains(offset, part.count)
        else { return }
        let place = UnsafeMutableRawBufferPointer(start: self.base + offset, count: part.count)
        bytes.withUnsafeBytes { place.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[part])) }
        self.onChange?()
    }

    /// Appends what stands at an offset.
    func read(_ count: Int, at offset: Int, into bytes: inout [UInt8]) {
        guard self.contains(offset, count) else { return }
        bytes.append(
            contentsOf: UnsafeRawBufferPointer(start: self.base + offset, count: count))
    }

    /// Writes zeros, in any order, where there is anything else.
    func wipe(_ count: Int, at offset: Int) {
        let start = self.base + offset
        guard self.contains(offset, count), count > 0,
            // All are like the first one where each is like the next.
            start.load(as: UInt8.self) != 0 || memcmp(start, start + 1, count - 1) != 0
        else { return }
        start.initializeMemory(as: UInt8.self, repeating: 0, count: count)
        self.onChange?()
    }
}

/// Tells bytes apart, also across processes; no protection against who means harm.
enum Digest {
    /// Never 0. Each step is a bijection, so that with one seed two strings of one length that
    /// differ in one place only never share a digest.
    static func of(_ bytes: [UInt8], seed: UInt64 = 0) -> UInt64 {
        bytes.withUnsafeBytes { bytes in
            var hash = UInt64(bytes.count) ^ seed
            func add(_ word: UInt64) {
                hash = (hash ^ word) &* 0x9e37_79b9_7f4a_7c15
                hash ^= hash >> 32
            }
            let words = bytes.count / 8
            for word in 0..<words {
                add(bytes.loadUnaligned(fromByteOffset: word &* 8, as: UInt64.self))
            }
            if words * 8 < bytes.count {
                add(bytes[(words * 8)...].reduce(0) { $0 << 8 | UInt64($1) })
            }
            return max(hash, 1)
        }
    }
}
