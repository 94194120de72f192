// SPDX-License-Identifier: Apache-2.0
//
// The one file of this module where memory is touched without Swift's checks: the arena, and loops
// over a message's bytes that have to be quick.
//
// RULES. An arena's memory lives as long as the arena. Every access is checked against its size
// here; one that does not fit does nothing, or gives zeros.

internal import Glibc

/// A block of memory of a fixed size. The system gives a page when it is first written: an arena
/// that nobody fills costs nothing.
final class TraceArena {
    /// Its size.
    let byteCount: Int
    private let base: UnsafeMutableRawPointer?

    /// Size zero where the system has no such block.
    init(byteCount: Int) {
        let memory = byteCount > 0 ? calloc(byteCount, 1) : nil
        self.base = memory
        self.byteCount = memory == nil ? 0 : byteCount
    }

    deinit { free(self.base) }

    /// Copies the first bytes of an array.
    func copy(_ bytes: [UInt8], count: Int, to offset: Int) {
        guard let base, count > 0, count <= bytes.count, offset >= 0,
            count <= self.byteCount - offset
        else { return }
        bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            (base + offset).copyMemory(from: start, byteCount: count)
        }
    }

    /// A copy of some bytes.
    func bytes(at offset: Int, count: Int) -> [UInt8] {
        guard let base, count > 0, offset >= 0, count <= self.byteCount - offset else { return [] }
        return Array(UnsafeRawBufferPointer(start: base + offset, count: count))
    }

    func store<Value: BitwiseCopyable>(_ value: Value, at offset: Int) {
        guard let base, offset >= 0, MemoryLayout<Value>.size <= self.byteCount - offset else {
            return
        }
        base.storeBytes(of: value, toByteOffset: offset, as: Value.self)
    }

    func load<Value: BitwiseCopyable>(_ absent: Value, at offset: Int) -> Value {
        guard let base, offset >= 0, MemoryLayout<Value>.size <= self.byteCount - offset else {
            return absent
        }
        return base.loadUnaligned(fromByteOffset: offset, as: Value.self)
    }
}

enum Bytes {
    /// Where a byte comes next, at `start` or behind it; the end if it does not.
    static func index(of byte: UInt8, in bytes: [UInt8], from start: Int) -> Int {
        guard start >= 0, start < bytes.count else { return bytes.count }
        return bytes.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress,
                let found = memchr(base + start, Int32(byte), buffer.count - start)
            else { return buffer.count }
            return UnsafeRawPointer(found) - base
        }
    }

    /// A hash that a peer cannot foresee, never zero; of no use in another process.
    static func hash(_ bytes: [UInt8], _ range: Range<Int>) -> UInt64 {
        guard range.lowerBound >= 0, range.upperBound <= bytes.count else { return 1 }
        var hasher = Hasher()
        bytes.withUnsafeBytes { hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: $0[range])) }
        return max(UInt64(bitPattern: Int64(hasher.finalize())), 1)
    }
}
