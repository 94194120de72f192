// SPDX-License-Identifier: Apache-2.0

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
    private let file: MappedFile?

    private static let fileBytes = 4096
    private static let magic: UInt64 = 0x3144_4e41_484e_4c54  // "TLNHAND1", little-endian
    private enum Offset { static let magic = 0, inHand = 8, crashes = 16, digests = 24 }

    /// Opens the file or makes it, readable and writable by its owner alone, and looks what the
    /// process before this one left in it. One of another layout is begun anew.
    public init(path: String) {
        do {
            let file = try Self.open(path)
            self.file = file
            self.hasFoundOne = Self.takeUp(file)
            self.refused = Self.refusals(file)
            self.problem = nil
        } catch {
            self.file = nil
            self.hasFoundOne = false
            self.refused = []
            self.problem = error.description
        }
    }

    /// Notes a message as the one in hand, until `layDown`. False, with nothing noted, for one
    /// that is refused.
    public func take(_ message: [UInt8]) -> Bool {
        let digest = Digest.of(message)
        if self.refused.contains(digest) { return false }
        self.file?.store(digest, at: Offset.inHand)
        return true
    }

    /// No message is in hand any more.
    public func layDown() {
        self.file?.store(0, at: Offset.inHand)
    }

    // MARK: The file

    private static func open(_ path: String) throws(StoreError) -> MappedFile {
        let file = try MappedFile(path: path, bytesMax: Self.fileBytes)
        if file.bytes != Self.fileBytes || file.isSparse { try file.resize(to: 0) }
        try file.resize(to: Self.fileBytes)
        if file.load(Offset.magic) != Self.magic {
            file.wipe(Self.fileBytes, at: 0)
            file.store(Self.magic, at: Offset.magic)
        }
        return file
    }

    /// Moves the digest that a crash left to those of crashes; true if there was one.
    private static func takeUp(_ file: MappedFile) -> Bool {
        let digest = file.load(Offset.inHand)
        guard digest != 0 else { return false }
        let crashes = file.load(Offset.crashes)
        let place = Int(crashes % UInt64(Self.crashesMax))
        // In this order a kill on the way loses a crash, and never counts one twice.
        file.store(digest, at: Offset.digests + 8 * place)
        file.store(0, at: Offset.inHand)
        file.store(crashes &+ 1, at: Offset.crashes)
        return true
    }

    private static func refusals(_ file: MappedFile) -> Set<UInt64> {
        var crashesOf: [UInt64: Int] = [:]
        for place in 0..<Self.crashesMax {
            let digest = file.load(Offset.digests + 8 * place)
            if digest != 0 { crashesOf[digest, default: 0] += 1 }
        }
        return Set(crashesOf.filter { $0.value > Self.crashesAllowed }.keys)
    }
}
