// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import Store

/// What may have become of the file since the last start.
enum Damage: CaseIterable {
    case somethingElse
    case shortAndSomethingElse
    case garbledMagic
    case garbledNumber
    case noNumber
    case otherLayout
    case sparse

    func apply(to path: String) throws {
        let (bytes, offset): ([UInt8], Int) =
            switch self {
            case .somethingElse: ([UInt8](repeating: 0x55, count: 8192), 0)
            case .shortAndSomethingElse: (Array("SQLite format 3".utf8), 0)
            case .garbledMagic: ([0xff, 0xff], 2)
            case .garbledNumber: ([0xff], 11)
            case .noNumber: ([UInt8](repeating: 0, count: 8), 8)
            case .otherLayout: (Array("1".utf8), 7)
            case .sparse: ([0], 64 << 20)
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
    #expect(store.notice?.contains("calls.shm.unusable") == true)
    #expect(store.counters.setAside == 1)
    #expect(store.loadAll().isEmpty)
    #expect(access(scratch.file + ".unusable", F_OK) == 0)
    store.put(checkpoint(1))
    store.commit()
    #expect(store.loadAll() == [checkpoint(1)])
}

/// Random numbers that are the same in each run.
private struct Course {
    var state: UInt64

    mutating func below(_ limit: Int) -> Int {
        self.state = self.state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((self.state >> 33) % UInt64(limit))
    }
}

@Suite struct DamageTests {
    /// A file with calls of every length.
    private func fill(_ scratch: borrowing Scratch) -> [UInt8] {
        let store = CheckpointStore(path: scratch.file)
        for number in 0..<40 { store.put(checkpoint(number, 1, count: 100 * number)) }
        store.commit()
        for number in 0..<20 { store.put(checkpoint(number, 2, count: 150 * number)) }
        for number in 30..<35 { store.remove(key(number)) }
        store.commit()
        return scratch.image()
    }

    private var expected: [CheckpointKey: Checkpoint] {
        var expected: [CheckpointKey: Checkpoint] = [:]
        for number in 0..<40 where !(30..<35).contains(number) {
            let isSecond = number < 20
            expected[key(number)] = checkpoint(
                number, isSecond ? 2 : 1, count: number * (isSecond ? 150 : 100))
        }
        return expected
    }

    @Test func corruptionInTheMiddleKeepsWhatCanBeRead() throws {
        let scratch = try Scratch()
        do {
            let store = CheckpointStore(path: scratch.file)
            for number in 100..<400 { store.put(checkpoint(number, count: 900)) }
            store.commit()
        }
        for page in stride(from: 8192, to: 100_000, by: 4096) {
            try spoil(
                scratch.file, with: [UInt8](repeating: 0xa5, count: 512), at: page,
                truncate: false)
        }
        let store = CheckpointStore(path: scratch.file)
        let found = store.loadAll()
        #expect(found.count > 250 && found.count < 300)
        #expect(found.allSatisfy { $0.bytes == checkpoint(0, count: 900).bytes })
        #expect(store.counters.setAside == 1 && store.counters.damaged > 0)
        #expect(store.condition == .good)
        // What was read is in the new file.
        #expect(CheckpointStore(path: scratch.file).loadAll() == found)
    }

    /// Whatever becomes of some bytes: what is found was written, and most of it is found.
    @Test func randomDamageIsNeverBelieved() throws {
        let scratch = try Scratch()
        let image = self.fill(scratch)
        let expected = self.expected
        let used = CheckpointFile.headBytes + 120 * CheckpointFile.blockBytes
        var course = Course(state: 4711)
        var setAside = 0
        for round in 0..<3000 {
            var bytes = image
            let count = 1 + course.below(4)
            for _ in 0..<count {
                // Heads of blocks, and the file's own, more often than it would come about.
                var offset = course.below(min(used, image.count))
                if round % 2 == 0 { offset = offset & ~1023 | course.below(48) }
                bytes[offset] = UInt8(course.below(256))
            }
            try scratch.write(bytes)
            let store = CheckpointStore(path: scratch.file)
            let found = store.loadAll()
            #expect(store.condition == .good)
            for checkpoint in found { #expect(expected[checkpoint.key] == checkpoint) }
            if store.counters.setAside > 0 {
                setAside += 1
            } else {
                #expect(found.count >= expected.count - count)
            }
            unlink(scratch.file + ".unusable")
        }
        #expect(setAside > 400)
    }

    /// The same with a file that is only rubbish behind a good head.
    @Test func rubbishIsNeverBelieved() throws {
        let scratch = try Scratch()
        let image = self.fill(scratch)
        var course = Course(state: 1)
        for round in 0..<6 {
            var bytes = image
            for offset in 16..<bytes.count where round % 2 == 0 || course.below(8) == 0 {
                bytes[offset] = UInt8(course.below(256))
            }
            try scratch.write(bytes)
            let store = CheckpointStore(path: scratch.file)
            #expect(store.loadAll().allSatisfy { self.expected[$0.key] == $0 })
            #expect(store.counters.setAside == 1 && store.counters.damaged > 0)
        }
    }

    @Test func everyCutIsNoticedAndHarmless() throws {
        let scratch = try Scratch()
        let image = self.fill(scratch)
        let expected = self.expected
        for count in stride(from: 1, to: image.count, by: 4777) {
            try scratch.write(Array(image[..<count]))
            let store = CheckpointStore(path: scratch.file)
            #expect(store.loadAll().allSatisfy { expected[$0.key] == $0 })
            #expect(store.counters.setAside == 1)
        }
    }

    /// Two of one call, as no kill leaves them: the later one counts.
    @Test func ofTwoTheLaterOneCounts() throws {
        let scratch = try Scratch()
        let store = CheckpointStore(path: scratch.file)
        store.put(checkpoint(1, 1))
        store.commit()
        let block = CheckpointFile.headBytes..<CheckpointFile.headBytes + CheckpointFile.blockBytes
        let former = Array(scratch.image()[block])
        store.put(checkpoint(1, 2))
        store.commit()
        var image = scratch.image()
        for (offset, byte) in zip(block, former) { image[offset] = byte }
        let other = try Scratch()
        try other.write(image)
        let again = CheckpointStore(path: other.file)
        #expect(again.loadAll() == [checkpoint(1, 2)])
        #expect(again.counters.setAside == 1 && again.counters.damaged == 1)
    }

    /// A file that is cut or removed while it is in use is not touched any more.
    @Test(arguments: [true, false])
    func fileThatIsTakenAway(isRemoved: Bool) throws {
        let scratch = try Scratch()
        let store = CheckpointStore(path: scratch.file)
        for number in 0..<300 { store.put(checkpoint(number, count: 900)) }
        store.commit()
        if isRemoved { unlink(scratch.file) } else { truncate(scratch.file, 8192) }
        store.put(checkpoint(1))
        store.commit()
        #expect(store.counters.setAside == 1 && store.pendingCount == 1)
        store.commit()
        #expect(store.condition == .good)
        #expect(store.loadAll() == [checkpoint(1)])
    }

    @Test func numbersOfBatches() {
        for number in [1, 2, 255, 65_536, 1 << 40, (1 << 47) - 1] as [UInt64] {
            #expect(BatchNumber.number(BatchNumber.word(number)) == number)
            for bit in 0..<64 {
                #expect(BatchNumber.number(BatchNumber.word(number) ^ 1 << UInt64(bit)) == nil)
            }
        }
        #expect(BatchNumber.number(0) == nil && BatchNumber.number(.max) == nil)
    }
}

@Suite struct BlockPoolTests {
    @Test func lowBlocksFirstAndTheEndGivenBack() {
        var pool = BlockPool()
        let none = (pool.take(), pool.give(0), pool.take(0))
        #expect(none == (nil, false, false))
        for _ in 0..<4 { pool.grow() }
        let first = (0..<4096).map { _ in pool.take() }
        #expect(first == Array(0..<4096))
        let full = (pool.take(), pool.shrink(), pool.freeCount)
        #expect(full == (nil, false, 0))
        let given = [700, 700, 3, 5000, -1].map { pool.give($0) }
        #expect(given == [true, false, true, false, false])
        let again = (0..<3).map { _ in pool.take() }
        #expect(again == [3, 700, nil])
        for block in 2048..<4096 { _ = pool.give(block) }
        let shrunk = (pool.shrink(), pool.shrink())
        #expect(shrunk == (true, false) && pool.count == 3072 && pool.freeCount == 1024)
        let low = (pool.take(), pool.give(0), pool.take())
        #expect(low == (2048, true, 0))
        let named = [0, 2100, -1, 3072].map { pool.take($0) }
        #expect(named == [false, true, false, false])
    }
}
