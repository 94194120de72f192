// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import Store

/// What the file is at each point at which the process could be killed.
private final class Images {
    var images: [[UInt8]] = []
    private let path: String

    init(_ path: String) { self.path = path }

    /// The file as it is, if it is not as it was.
    func take() {
        let image = contents(self.path)
        if let last = self.images.last, changed(last, image) == nil { return }
        self.images.append(image)
    }
}

/// From the first word to the last one that is not the same in both, in bytes; nil for equal ones.
private func changed(_ before: [UInt8], _ after: [UInt8]) -> Range<Int>? {
    guard before.count == after.count else { return 0..<max(before.count, after.count) }
    return before.withUnsafeBytes { before in
        after.withUnsafeBytes { after in
            guard let one = before.baseAddress, let other = after.baseAddress else { return nil }
            var range: Range<Int>?
            for start in stride(from: 0, to: before.count, by: 512)
            where memcmp(one + start, other + start, 512) != 0 {
                for word in stride(from: start, to: start + 512, by: 8)
                where before.load(fromByteOffset: word, as: UInt64.self)
                    != after.load(fromByteOffset: word, as: UInt64.self)
                {
                    range = (range?.lowerBound ?? word)..<word + 8
                }
            }
            return range
        }
    }
}

/// Both images mixed: as a kill leaves it that comes when a part of a change was written, from its
/// beginning on or from its end; all but its first word, and half of it.
private func torn(_ before: [UInt8], _ after: [UInt8]) -> [[UInt8]] {
    // Words are written as a whole.
    guard before.count == after.count, let range = changed(before, after), range.count > 8 else {
        return []
    }
    let middle = ((range.lowerBound + range.upperBound) / 2) & ~7
    return [range.lowerBound + 8, middle].flatMap { seam in
        [Array(after[..<seam] + before[seam...]), Array(before[..<seam] + after[seam...])]
    }
}

@Suite struct KillTests {
    /// A turn that has it all: new calls, changed ones, longer and shorter, and ended ones.
    private func turn(_ store: CheckpointStore) {
        store.put(checkpoint(1, 2, count: 2500))
        store.put(checkpoint(2, 2, count: 30))
        store.put(checkpoint(10, 2, count: 1200))
        store.put(checkpoint(11, 2, count: 0))
        store.remove(key(3))
        store.remove(key(4))
    }

    private var before: [Checkpoint] { (1...5).map { checkpoint($0, 1, count: $0 * 700) } }
    private var after: [Checkpoint] {
        [
            checkpoint(1, 2, count: 2500), checkpoint(10, 2, count: 1200),
            checkpoint(11, 2, count: 0), checkpoint(2, 2, count: 30),
            checkpoint(5, 1, count: 3500),
        ]
    }

    /// The file before a turn and after each change of it.
    private func imagesOfATurn(_ scratch: borrowing Scratch) -> [[UInt8]] {
        let images = Images(scratch.file)
        let store = CheckpointStore(path: scratch.file)
        for checkpoint in self.before { store.put(checkpoint) }
        store.commit()
        images.take()
        store.file?.onChange = { images.take() }
        self.turn(store)
        store.commit()
        return images.images
    }

    /// Killed at whatever point, the turn is there as a whole or not at all; whoever comes after
    /// goes on from there, and what was over or never was is not in the file any more.
    @Test func everyPointOfATurnLeavesAllOrNothing() throws {
        let scratch = try Scratch()
        let images = self.imagesOfATurn(scratch)
        var points = images
        for (one, next) in zip(images, images.dropFirst()) {
            points += torn(one, next)
        }
        #expect(points.count > 60)
        var outcomes: Set<Bool> = []
        for image in points {
            try scratch.write(image)
            let store = CheckpointStore(path: scratch.file)
            #expect(store.notice == nil && store.condition == .good)
            let found = store.loadAll()
            #expect(found == self.before || found == self.after)
            outcomes.insert(found == self.after)
            try self.expectOnly(found, in: scratch.image())
            // The next turn comes through, with the number of the one that did not.
            self.turn(store)
            store.commit()
            #expect(store.loadAll() == self.after)
            try self.expectOnly(self.after, in: scratch.image())
        }
        #expect(outcomes.count == 2)
    }

    /// No block but those of these checkpoints holds anything.
    private func expectOnly(_ checkpoints: [Checkpoint], in image: [UInt8]) throws {
        let block = CheckpointFile.blockBytes
        var used = 0
        let zeros = [UInt8](repeating: 0, count: block)
        for start in stride(from: CheckpointFile.headBytes, to: image.count, by: block)
        where image[start..<start + block] != zeros[...] { used += 1 }
        let needed = checkpoints.map {
            (48 + $0.key.bytes.count + $0.bytes.count - 16 + 239) / 240
        }
        #expect(used == needed.reduce(0, +))
    }

    /// Killed once more while it tidies up after a kill.
    @Test func everyPointOfTheStartLeavesTheSame() throws {
        let scratch = try Scratch()
        var points = 0
        for image in self.imagesOfATurn(scratch) {
            try scratch.write(image)
            let steps = try self.stepsOfTheStart(scratch)
            let found = CheckpointStore(path: scratch.file).loadAll()
            let parts = zip(steps, steps.dropFirst()).flatMap { torn($0, $1) }
            points += parts.count
            for point in steps + parts {
                try scratch.write(point)
                let store = CheckpointStore(path: scratch.file)
                #expect(store.notice == nil)
                #expect(store.loadAll() == found)
            }
        }
        #expect(points > 100)
    }

    /// The file before a start and after each change that it makes.
    private func stepsOfTheStart(_ scratch: borrowing Scratch) throws -> [[UInt8]] {
        let images = Images(scratch.file)
        images.take()
        let size = CheckpointStore.fileBytesMax
        _ = try CheckpointFile(path: scratch.file, bytesMax: size) { images.take() }
        return images.images
    }

    /// Killed while it makes the file, or makes it longer or shorter.
    @Test func sizesThatAKillLeaves() throws {
        let scratch = try Scratch()
        for size in [0, CheckpointFile.headBytes] {
            try scratch.write([UInt8](repeating: 0, count: size))
            let store = CheckpointStore(path: scratch.file)
            #expect(store.notice == nil)
            store.put(checkpoint(1))
            store.commit()
            #expect(store.loadAll() == [checkpoint(1)])
        }
        let image = scratch.image()
        try scratch.write(image + [UInt8](repeating: 0, count: 3 * CheckpointFile.stepBytes))
        let store = CheckpointStore(path: scratch.file)
        #expect(store.notice == nil && store.loadAll() == [checkpoint(1)])
        store.put(checkpoint(2))
        store.commit()
        #expect(scratch.size() == image.count + CheckpointFile.stepBytes)
    }

    /// Kills a writer at an arbitrary moment: every batch is there as a whole or not at all.
    @Test(arguments: [2000, 5000, 9000, 14000, 23000])
    func killedWriterLeavesWholeBatches(microseconds: Int) async throws {
        let scratch = try Scratch()
        let path = scratch.file
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [path = path as String, microseconds = microseconds as Int] in
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
}
