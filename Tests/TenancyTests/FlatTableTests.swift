// SPDX-License-Identifier: Apache-2.0

import Testing
import TestSupport

@testable import Tenancy

/// The table by itself.
struct FlatTableTests {
    private func makeReclaimer() -> Reclaimer {
        Reclaimer(epochs: ReaderEpochs(), memory: TableMemory(chunksMax: 64))
    }

    private func makeMixer(seed: UInt64) -> Mixer {
        var random = SeededGenerator(seed: seed)
        return Mixer(using: &random)
    }

    /// Inserts, changes and removals at random beside a dictionary, with readers that come and go.
    @Test(arguments: 1...8 as ClosedRange<UInt64>) func behavesLikeADictionary(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var reclaimer = self.makeReclaimer()
        var table = FlatTable(partitionBits: Int(seed % 4), mixer: Mixer(using: &random))
        var model: [UInt64: UInt64] = [:]
        let keys = UInt64(1 << (4 + seed))
        var wrong: [Int] = []
        for step in 0..<20_000 {
            let key = UInt64.random(in: 1...keys, using: &random)
            let value = random.next()
            switch UInt64.random(in: 0..<8, using: &random) {
            case 0..<4:
                let before = model.updateValue(value, forKey: key)
                let expected = before.map { FlatTable.Change.replaced($0) } ?? .inserted
                if table.set(key, to: value, &reclaimer) != expected { wrong.append(step) }
            case 4..<6:
                let expected = model.removeValue(forKey: key)
                if table.remove(key, &reclaimer) != expected { wrong.append(step) }
            case 6: reclaimer.epochs.enter(Int(key % 3))
            default: reclaimer.epochs.leave(Int(key % 3))
            }
            if step % 64 == 0 { _ = reclaimer.collect() }
            if table.view.value(key) != model[key] { wrong.append(step) }
        }
        #expect(wrong == [], "seed \(seed): steps")
        #expect(table.count == model.count, "seed \(seed)")
        let different = (1...keys).filter { table.view.value($0) != model[$0] }
        #expect(different == [], "seed \(seed): keys")
    }

    @Test func growsByItsPartitions() {
        var reclaimer = self.makeReclaimer()
        var table = FlatTable(partitionBits: 4, mixer: self.makeMixer(seed: 1))
        for key in 1...40_000 as ClosedRange<UInt64> {
            _ = table.set(key, to: key, &reclaimer)
            _ = reclaimer.collect()
        }
        #expect(table.count == 40_000)
        #expect((1...40_000).allSatisfy { table.view.value($0) == $0 })
        #expect(table.view.value(40_001) == nil)
        // 16 partitions, each from 16 slots to 4,096 or 8,192 in 8 or 9 steps, and its first block.
        #expect((16 * 9...16 * 10).contains(table.copies))
        #expect(reclaimer.waitingCount <= 1)
    }

    @Test func expectedKeysNeedNoGrowth() {
        var reclaimer = self.makeReclaimer()
        var table = FlatTable(
            partitionBits: 4, mixer: self.makeMixer(seed: 1), expected: 40_000)
        for key in 1...40_000 as ClosedRange<UInt64> { _ = table.set(key, to: key, &reclaimer) }
        #expect(table.copies == 16)
        #expect((1...40_000).allSatisfy { table.view.value($0) == $0 })
    }

    @Test func tombstonesAreReused() {
        var reclaimer = self.makeReclaimer()
        var table = FlatTable(partitionBits: 0, mixer: self.makeMixer(seed: 2))
        for key in 1...9 as ClosedRange<UInt64> { _ = table.set(key, to: key, &reclaimer) }
        let copies = table.copies
        for round in 0..<10_000 as Range<UInt64> {
            _ = table.remove(round % 9 + 1, &reclaimer)
            _ = table.set(round % 9 + 1, to: round % 9 + 1, &reclaimer)
        }
        #expect((1...9).allSatisfy { table.view.value($0) == $0 })
        #expect(table.count == 9)
        #expect(table.copies == copies)
    }

    @Test func tombstonesGoWhenAPartitionIsCopied() {
        var reclaimer = self.makeReclaimer()
        var table = FlatTable(partitionBits: 0, mixer: self.makeMixer(seed: 3))
        // Each key is another one, so that most removals leave a tombstone where nothing comes.
        for key in 1...20_000 as ClosedRange<UInt64> {
            _ = table.set(key, to: key, &reclaimer)
            if key > 8 { _ = table.remove(key - 8, &reclaimer) }
            _ = reclaimer.collect()
        }
        #expect(table.count == 8)
        #expect((19_993...20_000).allSatisfy { table.view.value($0) == $0 })
        #expect(reclaimer.memory.byteCount <= 2 * Chunk.byteCount)
    }

    /// A slot whose key a reader may have found is not given to another key.
    @Test func slotsAreKeptForWhoMayHaveFoundThem() {
        var reclaimer = self.makeReclaimer()
        var table = FlatTable(partitionBits: 0, mixer: self.makeMixer(seed: 4))
        for key in 1...6 as ClosedRange<UInt64> { _ = table.set(key, to: key, &reclaimer) }
        reclaimer.epochs.enter(0)
        let copies = table.copies
        for key in 1...6 as ClosedRange<UInt64> {
            _ = table.remove(key, &reclaimer)
            _ = table.set(key, to: key, &reclaimer)
        }
        // Six keys and six tombstones that may not be used are as much as 16 slots take.
        #expect(table.copies == copies)
        _ = table.remove(1, &reclaimer)
        _ = table.set(1, to: 1, &reclaimer)
        #expect(table.copies == copies + 1)
        let during = reclaimer.isOver(reclaimer.epochs.advance())
        reclaimer.epochs.leave(0)
        let after = reclaimer.isOver(reclaimer.epochs.advance())
        #expect(!during && after)
    }

    @Test func consecutiveNumbersSpread() {
        for seed in 1...20 as ClosedRange<UInt64> {
            let mixer = self.makeMixer(seed: seed)
            var parts = Array(repeating: 0, count: 256)
            for block in 0..<64 as Range<UInt64> {
                for number in 0..<1000 as Range<UInt64> {
                    let key = 12_025_550_000 + block * 10_000_000 + number
                    parts[Int(mixer.hash(key) >> 56)] += 1
                }
            }
            // 250 on average; at random one beyond 6 deviations would come once in a billion.
            #expect(parts.allSatisfy { (155...345).contains($0) }, "seed \(seed)")
        }
    }

    @Test func hashesDifferFromProcessToProcess() {
        let keys = 1...100 as ClosedRange<UInt64>
        let (one, other) = (Mixer(), Mixer())
        #expect(keys.allSatisfy { one.hash($0) != other.hash($0) })
    }

    @Test func memoryOfASmallerSizeServesTheNext() {
        let memory = TableMemory(chunksMax: 2)
        let small = (0..<8).compactMap { _ in memory.take(14) }
        #expect(small.count == 8 && Set(small).count == 8)
        #expect(memory.byteCount == Chunk.byteCount)
        let large = memory.take(17)
        #expect(large != nil)
        #expect(memory.take(17) == nil)
        small.forEach(memory.give)
        #expect(memory.take(17) != nil)
        #expect(memory.take(4) == nil)
        #expect(memory.byteCount == 2 * Chunk.byteCount)
        #expect(memory.take(18) == nil)
    }
}
