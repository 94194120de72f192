// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Testing
import TestSupport

@testable import Store

/// A directory for one test, removed afterwards.
struct Scratch: ~Copyable {
    private let directory: TemporaryDirectory

    init() throws { self.directory = try TemporaryDirectory("store") }

    var path: String { self.directory.path }
    var file: String { self.path + "/calls.shm" }

    func size() -> Int {
        var info = stat()
        return stat(self.file, &info) == 0 ? Int(info.st_size) : -1
    }

    /// All of the file.
    func image() -> [UInt8] { contents(self.file) }

    func write(_ image: [UInt8]) throws {
        try spoil(self.file, with: image, at: 0, truncate: true)
    }

    func isFound(_ words: String) -> Bool {
        Data(self.image()).range(of: Data(words.utf8)) != nil
    }
}

func contents(_ path: String) -> [UInt8] {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { return [] }
    return Array(unsafeUninitializedCapacity: Int(info.st_size)) { buffer, count in
        count = max(0, pread(descriptor, buffer.baseAddress, buffer.count, 0))
    }
}

func key(_ number: Int) -> CheckpointKey {
    CheckpointKey(bytes: Array("call-\(number)".utf8))
}

func checkpoint(_ number: Int, _ fill: UInt8 = 7, count: Int = 100) -> Checkpoint {
    Checkpoint(key: key(number), version: 3, bytes: [UInt8](repeating: fill, count: count))
}

/// Overwrites the file with something else.
func spoil(_ path: String, with bytes: [UInt8], at offset: Int, truncate: Bool) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | (truncate ? O_TRUNC : 0), 0o600)
    try #require(descriptor >= 0)
    #expect(pwrite(descriptor, bytes, bytes.count, off_t(offset)) == bytes.count)
    close(descriptor)
}

@Test func writtenCheckpointsAreFoundAgain() throws {
    let scratch = try Scratch()
    do {
        let store = CheckpointStore(path: scratch.file)
        #expect(store.condition == .good)
        #expect(store.loadAll().isEmpty)
        for number in 1...3 { store.put(checkpoint(number)) }
        store.put(checkpoint(2, 9))
        store.put(Checkpoint(key: key(4), version: 1, bytes: []))
        store.remove(key(3))
        #expect(store.pendingCount == 4)
        store.commit()
        #expect(store.pendingCount == 0)
        #expect(store.counters.commits == 1)
        store.commit()
        #expect(store.counters.commits == 1)
    }
    let again = CheckpointStore(path: scratch.file)
    #expect(again.notice == nil)
    let expected = [
        checkpoint(1), checkpoint(2, 9), Checkpoint(key: key(4), version: 1, bytes: []),
    ]
    #expect(again.loadAll() == expected)
}

/// Lengths about the ends of blocks, keys of every length, and the version as it was.
@Test func everyLengthIsFoundAgain() throws {
    let scratch = try Scratch()
    var expected: [[UInt8]: Checkpoint] = [:]
    do {
        let store = CheckpointStore(path: scratch.file)
        for number in 0..<1200 {
            let size = number % 3 == 0 ? number : 940 + number
            let long = [UInt8](repeating: 0x61, count: number % 250) + Array("\(number)".utf8)
            let kept = Checkpoint(
                key: CheckpointKey(bytes: long), version: UInt32.max - UInt32(number),
                bytes: (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ number) })
            expected[kept.key.bytes] = kept
            store.put(kept)
            if number % 7 == 0 { store.commit() }
        }
        store.commit()
    }
    let found = CheckpointStore(path: scratch.file).loadAll()
    #expect(found.count == expected.count)
    for kept in found { #expect(expected[kept.key.bytes] == kept) }
    let keys = found.map(\.key.bytes)
    #expect(zip(keys, keys.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) })
}

@Test func changesWithoutCommitAreNotWritten() throws {
    let scratch = try Scratch()
    do {
        let store = CheckpointStore(path: scratch.file)
        store.put(checkpoint(1))
    }
    #expect(CheckpointStore(path: scratch.file).loadAll().isEmpty)
}

@Test func fileBelongsToItsOwnerAlone() throws {
    let scratch = try Scratch()
    try spoil(scratch.file, with: [], at: 0, truncate: true)
    chmod(scratch.file, 0o666)
    let store = CheckpointStore(path: scratch.file)
    store.put(checkpoint(1))
    store.commit()
    var info = stat()
    #expect(stat(scratch.file, &info) == 0)
    #expect(info.st_mode & 0o777 == 0o600)
}

@Test func aLinkIsNotFollowed() throws {
    let scratch = try Scratch()
    symlink(scratch.path + "/elsewhere", scratch.file)
    let store = CheckpointStore(path: scratch.file)
    guard case .failed = store.condition else {
        Issue.record("no condition")
        return
    }
    #expect(access(scratch.path + "/elsewhere", F_OK) != 0)
}

@Test func tooLargeCheckpointIsRefused() throws {
    let scratch = try Scratch()
    let store = CheckpointStore(path: scratch.file)
    #expect(store.put(checkpoint(1, count: CheckpointStore.bytesMax)))
    #expect(!store.put(checkpoint(2, count: CheckpointStore.bytesMax + 1)))
    store.commit()
    #expect(store.counters.tooLarge == 1)
    #expect(store.loadAll().count == 1)
}

@Test func aDirectoryThatIsMissingIsACondition() throws {
    let scratch = try Scratch()
    let store = CheckpointStore(path: scratch.path + "/missing/calls.shm")
    guard case .failed(let words) = store.condition else {
        Issue.record("no condition")
        return
    }
    #expect(words.contains("missing"))
    store.put(checkpoint(1))
    store.commit()
    #expect(store.counters.failures == 1)
    #expect(store.pendingCount == 1)
}

/// Nothing of what another process has is touched.
@Test func fileInUseIsACondition() async throws {
    let scratch = try Scratch()
    let store = CheckpointStore(path: scratch.file)
    store.put(checkpoint(1))
    store.commit()
    await #expect(processExitsWith: .exitCode(7)) { [path = scratch.file as String] in
        let second = CheckpointStore(path: path)
        second.put(checkpoint(2))
        second.commit()
        if case .failed = second.condition, second.counters.setAside == 0 { exit(7) }
    }
    #expect(store.loadAll() == [checkpoint(1)])
}

/// Of calls that are over nothing stays, neither when they end nor when they are put again.
@Test func whatIsOverIsWiped() throws {
    let scratch = try Scratch()
    let store = CheckpointStore(path: scratch.file)
    func secret(_ number: Int) -> String { "inline:secret-\(number)-secret" }
    for number in 0..<200 {
        let bytes = Array(secret(number).utf8) + [UInt8](repeating: 1, count: number * 20)
        store.put(Checkpoint(key: key(number), version: 1, bytes: bytes))
    }
    store.commit()
    #expect((0..<200).allSatisfy { scratch.isFound(secret($0)) })
    for number in 0..<100 { store.remove(key(number)) }
    for number in 100..<150 { store.put(checkpoint(number)) }
    store.commit()
    #expect((0..<150).allSatisfy { !scratch.isFound(secret($0)) })
    #expect((150..<200).allSatisfy { scratch.isFound(secret($0)) })
    #expect(!scratch.isFound("call-99") && scratch.isFound("call-100"))
    for number in 100..<200 { store.remove(key(number)) }
    store.commit()
    #expect(!scratch.isFound("secret") && !scratch.isFound("call-"))
}

@Test func fileGrowsAndShrinks() throws {
    let scratch = try Scratch()
    let store = CheckpointStore(path: scratch.file)
    #expect(scratch.size() == CheckpointFile.headBytes)
    for number in 0..<2000 { store.put(checkpoint(number, count: 3900)) }
    store.commit()
    let largest = scratch.size()
    #expect(largest >= 2000 * 4352 && largest < 2000 * 4352 + 2 * CheckpointFile.stepBytes)
    // The same calls again and again take no more than a batch's worth beside them.
    for round in 0..<20 {
        for number in 0..<100 { store.put(checkpoint(number, UInt8(round), count: 3900)) }
        store.commit()
    }
    #expect(scratch.size() <= largest + 4 * CheckpointFile.stepBytes)
    for number in 100..<2000 { store.remove(key(number)) }
    store.commit()
    // What is put again goes to the beginning of the file, and its end is given back.
    for number in 0..<100 { store.put(checkpoint(number, 3, count: 3900)) }
    store.commit()
    for number in 0..<99 { store.remove(key(number)) }
    store.commit()
    #expect(scratch.size() <= CheckpointFile.headBytes + 3 * CheckpointFile.stepBytes)
    #expect(store.loadAll() == [checkpoint(99, 3, count: 3900)])
}

@Test func limitOfTheFileIsACondition() throws {
    let scratch = try Scratch()
    let limit = CheckpointFile.headBytes + 2 * CheckpointFile.stepBytes
    let store = CheckpointStore(path: scratch.file, fileBytesMax: limit)
    for number in 0..<100 { store.put(checkpoint(number, count: 50_000)) }
    store.commit()
    #expect(store.condition == .full && store.counters.failures == 1)
    // As many as fit are kept all the same.
    let kept = store.loadAll().count
    #expect(kept == 9 && store.pendingCount == 91)
    // Calls end, and others take their place: removals alone make room.
    for number in 0..<95 { store.remove(key(number)) }
    store.commit()
    #expect(store.condition == .good && store.pendingCount == 0)
    #expect(store.loadAll().count == 5 && scratch.size() <= limit)
}

@Test func fullDiskIsAConditionAndPasses() throws {
    let scratch = try Scratch()
    let mounted = scratch.path + "/small"
    mkdir(mounted, 0o700)
    defer { rmdir(mounted) }
    guard mount("tmpfs", mounted, "tmpfs", 0, "size=512k") == 0 else {
        print("left out: 1 case (mounting a small file system needs root)")
        return
    }
    defer { umount2(mounted, Int32(MNT_DETACH)) }
    let store = CheckpointStore(path: mounted + "/calls.shm")
    store.put(checkpoint(1))
    store.commit()
    #expect(store.condition == .good)
    for number in 2..<40 { store.put(checkpoint(number, count: 50_000)) }
    store.commit()
    #expect(store.condition == .full)
    #expect(store.counters.failures == 1)
    #expect(store.loadAll().contains(checkpoint(1)))
    #expect(store.loadAll().count + store.pendingCount == 39)
    // The calls end, and what is left fits.
    for number in 2..<40 { store.remove(key(number)) }
    store.put(checkpoint(2))
    store.commit()
    #expect(store.condition == .good)
    #expect(store.loadAll() == [checkpoint(1), checkpoint(2)])
}

@Test func aHundredThousandCallsAreFound() throws {
    let scratch = try Scratch()
    do {
        let store = CheckpointStore(path: scratch.file)
        for number in 0..<100_000 {
            store.put(checkpoint(number, count: 60))
            if number % 100 == 0 { store.commit() }
        }
        store.commit()
    }
    let elapsed = ContinuousClock().measure {
        #expect(CheckpointStore(path: scratch.file).loadAll().count == 100_000)
    }
    print("100,000 checkpoints found in \(elapsed)")
}

@Test(arguments: [1, 32])
func commitsAreMeasured(perTurn count: Int) throws {
    let scratch = try Scratch()
    let store = CheckpointStore(path: scratch.file)
    let rounds = 3200 / count
    let elapsed = ContinuousClock().measure {
        for round in 0..<rounds {
            for number in 0..<count {
                store.put(checkpoint(round * count + number, count: 2000))
            }
            store.commit()
        }
    }
    print("commit of \(count) checkpoints of 2 KB: \(elapsed / rounds)")
    #expect(store.counters.commits == UInt64(rounds))
    #expect(store.loadAll().count == 3200)
}
