// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import Store

/// A directory for one test, removed afterwards.
struct Scratch: ~Copyable {
    let path: String

    init() throws {
        var template = Array("/tmp/trunkline-store-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        self.path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for suffix in ["", "-wal", "-shm", "-journal", ".unusable"] {
            unlink(self.path + "/calls.sqlite" + suffix)
        }
        rmdir(self.path)
    }

    var file: String { self.path + "/calls.sqlite" }

    func size() -> Int {
        var info = stat()
        return stat(self.file, &info) == 0 ? Int(info.st_size) : -1
    }
}

func key(_ number: Int) -> CheckpointKey {
    CheckpointKey(bytes: Array("call-\(number)".utf8))
}

func checkpoint(_ number: Int, _ fill: UInt8 = 7, count: Int = 100) -> Checkpoint {
    Checkpoint(key: key(number), version: 3, bytes: [UInt8](repeating: fill, count: count))
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
    let expected = [checkpoint(1), checkpoint(2, 9), Checkpoint(key: key(4), version: 1, bytes: [])]
    #expect(again.loadAll() == expected)
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
    let store = CheckpointStore(path: scratch.file)
    store.put(checkpoint(1))
    store.commit()
    for suffix in ["", "-wal"] {
        var info = stat()
        #expect(stat(scratch.file + suffix, &info) == 0)
        #expect(info.st_mode & 0o777 == 0o600)
    }
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

/// Overwrites the file with something else and says what was there before.
func spoil(_ path: String, with bytes: [UInt8], at offset: Int, truncate: Bool) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | (truncate ? O_TRUNC : 0), 0o600)
    try #require(descriptor >= 0)
    #expect(pwrite(descriptor, bytes, bytes.count, off_t(offset)) == bytes.count)
    close(descriptor)
}

/// What may have become of the file since the last start.
enum Damage: CaseIterable {
    case notADatabase
    case garbledFirstPage
    case cutInTheHeader
    case newerLayout

    func apply(to path: String) throws {
        let (bytes, offset): ([UInt8], Int) =
            switch self {
            case .notADatabase: ([UInt8](repeating: 0x55, count: 8192), 0)
            case .garbledFirstPage: ([UInt8](repeating: 0xff, count: 60), 100)
            case .cutInTheHeader: (Array("SQLite format 3".utf8) + [0, 0x10, 0], 0)
            case .newerLayout: ([0, 0, 0, 99], 60)
            }
        try spoil(path, with: bytes, at: offset, truncate: offset == 0)
    }
}

@Test(arguments: Damage.allCases)
func unusableFileIsSetAside(damage: Damage) throws {
    let scratch = try Scratch()
    do {
        let store = CheckpointStore(path: scratch.file)
        for number in 0..<100 { store.put(checkpoint(number, count: 500)) }
        store.commit()
    }
    try damage.apply(to: scratch.file)
    let store = CheckpointStore(path: scratch.file)
    #expect(store.condition == .good)
    #expect(store.notice?.contains("calls.sqlite.unusable") == true)
    #expect(store.counters.setAside == 1)
    #expect(store.loadAll().isEmpty)
    #expect(access(scratch.file + ".unusable", F_OK) == 0)
    store.put(checkpoint(1))
    store.commit()
    #expect(store.loadAll() == [checkpoint(1)])
}

@Test func corruptionInTheMiddleKeepsWhatCanBeRead() throws {
    let scratch = try Scratch()
    do {
        let store = CheckpointStore(path: scratch.file)
        for number in 100..<400 { store.put(checkpoint(number, count: 900)) }
        store.commit()
    }
    let size = scratch.size()
    for page in stride(from: size / 2, to: size, by: 4096) {
        try spoil(
            scratch.file, with: [UInt8](repeating: 0xa5, count: 512), at: page & ~4095,
            truncate: false)
    }
    let store = CheckpointStore(path: scratch.file)
    let found = store.loadAll()
    #expect(found.count < 300)
    #expect(store.counters.setAside == 1)
    #expect(store.condition == .good)
    // What was read is in the new file.
    #expect(store.loadAll() == found)
}

@Test func aDirectoryThatIsMissingIsACondition() throws {
    let scratch = try Scratch()
    let store = CheckpointStore(path: scratch.path + "/missing/calls.sqlite")
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

/// Kills a writer at an arbitrary moment: every transaction is there as a whole or not at all.
@Test(arguments: [2000, 5000, 9000, 14000, 23000])
func killedWriterLeavesWholeTransactions(microseconds: Int) async throws {
    let scratch = try Scratch()
    let path = scratch.file
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, microseconds = microseconds as Int] in
        let store = CheckpointStore(path: path)
        for number in 0..<64 { store.put(checkpoint(number, 0)) }
        store.commit()
        Task.detached {
            usleep(UInt32(microseconds))
            kill(getpid(), SIGKILL)
        }
        var round = 0
        while true {
            round &+= 1
            for number in 0..<64 {
                store.put(checkpoint(number, UInt8(truncatingIfNeeded: round), count: 2000))
            }
            store.commit()
        }
    }
    let store = CheckpointStore(path: path)
    let found = store.loadAll()
    #expect(store.notice == nil)
    #expect(found.count == 64)
    #expect(Set(found.map { $0.bytes.first }).count == 1)
}

@Test func killedInsideATransactionLeavesTheOneBefore() async throws {
    let scratch = try Scratch()
    let path = scratch.file
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
        do {
            let store = CheckpointStore(path: path)
            store.put(checkpoint(1))
            store.commit()
        }
        let database = try Database(path: path)
        try database.execute("PRAGMA locking_mode = EXCLUSIVE")
        try database.execute("PRAGMA cache_size = 1")
        try database.execute("BEGIN IMMEDIATE")
        try database.execute("DELETE FROM checkpoint")
        let put = try database.prepare("INSERT INTO checkpoint VALUES (?1, ?2, ?3)")
        for number in 100..<1000 {
            try put.run(key(number).bytes, 3, [UInt8](repeating: 1, count: 4000))
        }
        kill(getpid(), SIGKILL)
    }
    let store = CheckpointStore(path: path)
    #expect(store.notice == nil)
    #expect(store.loadAll() == [checkpoint(1)])
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
    let store = CheckpointStore(path: mounted + "/calls.sqlite")
    store.put(checkpoint(1))
    store.commit()
    #expect(store.condition == .good)
    for number in 2..<40 { store.put(checkpoint(number, count: 50_000)) }
    store.commit()
    #expect(store.condition == .full)
    #expect(store.counters.failures == 1)
    #expect(store.loadAll() == [checkpoint(1)])
    // The calls end, and what is left fits.
    for number in 2..<40 { store.remove(key(number)) }
    store.put(checkpoint(2))
    store.commit()
    #expect(store.condition == .good)
    #expect(store.loadAll() == [checkpoint(1), checkpoint(2)])
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
