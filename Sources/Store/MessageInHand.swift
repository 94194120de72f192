// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Synchronization

/// Notes the message that is being handled where the note outlives the process: a message that
/// was in hand when two processes ended is refused by the next one, so that no message can end all
/// signalling again and again.
///
/// The note is one word in a small file that is mapped into memory, next to the words of the last
/// crashes; to take a message costs its digest and one store, and no system call. The file belongs
/// to one process at a time. Where it cannot be had nothing is noted, `problem` says why, and
/// messages are handled all the same.
///
/// Layout, words of 64 bits in host byte order: magic; digest in hand, 0 for none; number of
/// crashes; then the digests of the last `crashesMax` crashes, the oldest overwritten first.
public final class MessageInHand {
    /// Crashes that are remembered.
    public static let crashesMax = 64
    /// Crashes with one message in hand after which it is refused.
    public static let crashesAllowed = 1

    /// Why nothing is noted, for people; nil when all is well.
    public let problem: String?
    /// The process before this one ended with a message in hand.
    public let hasFoundOne: Bool
    /// Messages that are refused.
    public var refusedCount: Int { self.refused.count }

    private let refused: Set<UInt64>
    private let words: UnsafeMutablePointer<Atomic<UInt64>>?
    private let descriptor: Int32

    private static let fileBytes = 4096
    private static let magic: UInt64 = 0x3144_4e41_484e_4c54  // "TLNHAND1", little-endian
    private enum Word { static let magic = 0, inHand = 1, crashes = 2, digests = 3 }

    /// Opens the file or makes it, readable and writable by its owner alone, and looks what the
    /// process before this one left in it. One of another layout is begun anew.
    public init(path: String) {
        var words: UnsafeMutablePointer<Atomic<UInt64>>?
        var descriptor: Int32 = -1
        var problem: String?
        do {
            descriptor = try Self.open(path)
            words = try Self.map(descriptor, path)
        } catch {
            if descriptor >= 0 { close(descriptor) }
            problem = error.description
        }
        self.words = words
        self.descriptor = words == nil ? -1 : descriptor
        self.problem = problem
        self.hasFoundOne = words.map(Self.takeUp) ?? false
        self.refused = words.map(Self.refusals) ?? []
    }

    deinit {
        if let words { munmap(words, Self.fileBytes) }
        if self.descriptor >= 0 { close(self.descriptor) }
    }

    /// Notes a message as the one in hand, until `layDown`. False, with nothing noted, for one
    /// that is refused.
    public func take(_ message: [UInt8]) -> Bool {
        let digest = Self.digest(message)
        if self.refused.contains(digest) { return false }
        self.words?[Word.inHand].store(digest, ordering: .releasing)
        return true
    }

    /// No message is in hand any more.
    public func layDown() {
        self.words?[Word.inHand].store(0, ordering: .releasing)
    }

    // MARK: The file

    private static func open(_ path: String) throws(StoreError) -> Int32 {
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW
        let descriptor = Glibc.open(path, flags, 0o600)
        guard descriptor >= 0 else { throw Self.error(path) }
        var status = stat()
        // All memory is taken here: a full file system is an error now, not a signal later.
        let isReady =
            Self.lock(descriptor) && fchmod(descriptor, 0o600) == 0
            && fstat(descriptor, &status) == 0
            && (Int(status.st_size) == Self.fileBytes || ftruncate(descriptor, 0) == 0)
        guard isReady else {
            let error = Self.error(path)
            close(descriptor)
            throw error
        }
        errno = posix_fallocate(descriptor, 0, off_t(Self.fileBytes))
        guard errno == 0 else {
            let error = Self.error(path)
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// A lock of the process, which children do not inherit.
    private static func lock(_ descriptor: Int32) -> Bool {
        var range = flock()
        range.l_type = Int16(F_WRLCK)
        range.l_whence = Int16(SEEK_SET)
        return fcntl(descriptor, F_SETLK, &range) == 0
    }

    private static func map(
        _ descriptor: Int32, _ path: String
    ) throws(StoreError) -> UnsafeMutablePointer<Atomic<UInt64>> {
        let base = mmap(nil, Self.fileBytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let base, base != MAP_FAILED else { throw Self.error(path) }
        let words = base.bindMemory(
            to: Atomic<UInt64>.self, capacity: Self.fileBytes / MemoryLayout<UInt64>.size)
        if words[Word.magic].load(ordering: .relaxed) != Self.magic {
            base.initializeMemory(as: UInt8.self, repeating: 0, count: Self.fileBytes)
            words[Word.magic].store(Self.magic, ordering: .releasing)
        }
        return words
    }

    private static func error(_ path: String) -> StoreError {
        StoreError(code: errno, description: "\(path): \(String(cString: strerror(errno)))")
    }

    /// Moves the digest that a crash left to those of crashes; true if there was one.
    private static func takeUp(_ words: UnsafeMutablePointer<Atomic<UInt64>>) -> Bool {
        let digest = words[Word.inHand].load(ordering: .relaxed)
        guard digest != 0 else { return false }
        let crashes = words[Word.crashes].load(ordering: .relaxed)
        let place = Int(crashes % UInt64(Self.crashesMax))
        // In this order a kill on the way loses a crash, and never counts one twice.
        words[Word.digests + place].store(digest, ordering: .releasing)
        words[Word.inHand].store(0, ordering: .releasing)
        words[Word.crashes].store(crashes &+ 1, ordering: .releasing)
        return true
    }

    private static func refusals(_ words: UnsafeMutablePointer<Atomic<UInt64>>) -> Set<UInt64> {
        var crashesOf: [UInt64: Int] = [:]
        for place in 0..<Self.crashesMax {
            let digest = words[Word.digests + place].load(ordering: .relaxed)
            if digest != 0 { crashesOf[digest, default: 0] += 1 }
        }
        return Set(crashesOf.filter { $0.value > Self.crashesAllowed }.keys)
    }

    /// Tells messages apart, also across processes; never 0. Each step is a bijection, so that two
    /// messages of one length that differ in one place only never share a digest.
    static func digest(_ message: [UInt8]) -> UInt64 {
        message.withUnsafeBytes { bytes in
            var hash = UInt64(bytes.count)
            var offset = 0
            while offset < bytes.count {
                var word: UInt64 = 0
                if bytes.count - offset >= 8 {
                    word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                } else {
                    for byte in bytes[offset...] { word = word << 8 | UInt64(byte) }
                }
                hash = (hash ^ word) &* 0x9e37_79b9_7f4a_7c15
                hash ^= hash >> 32
                offset += 8
            }
            return max(hash, 1)
        }
    }
}
