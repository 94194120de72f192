// SPDX-License-Identifier: Apache-2.0

import CallControl
import Foundation
import Management
import Testing

@testable import Node
@testable import Store

/// What is kept for the next process, and what goes wrong with it.
@Suite struct KeptStateTests {
    private func conditions(_ node: NodeFixture) -> [String] { node.shard.conditions() }

    @Test func aFileSetAsideGetsAllCallsAgain() throws {
        let node = try NodeFixture(fastPath: true)
        let parties = try Parties(node)
        _ = try parties.call("c1")
        _ = try parties.call("c2")
        let before = Set(node.shard.store.loadAll().map(\.key))
        #expect(before.count == 2)
        // As when a write finds the file corrupt: the new one would know of later changes only.
        node.shard.store.giveUp("found corrupt")
        let carrier = parties.carrier
        carrier.send(carrier.request("INVITE", call: "c3", body: carrier.sdp))
        #expect(parties.service.expect("INVITE", node) != nil)
        let after = node.shard.store.loadAll()
        #expect(after.count == 3 && Set(after.map(\.key)).isSuperset(of: before))
        #expect(node.shard.store.condition == .good)
        #expect(
            self.conditions(node).contains {
                $0.contains("calls.shm.unusable: found corrupt")
            })
    }

    @Test func callsGoOnWithAFullDisk() throws {
        let directory = try NodeDirectory()
        let small = directory.path + "/small"
        mkdir(small, 0o700)
        guard mount("tmpfs", small, "tmpfs", 0, "size=2m") == 0 else {
            print("left out: 1 case (mounting a small file system needs root)")
            return
        }
        defer { umount2(small, Int32(MNT_DETACH)) }
        let node = try NodeFixture(fastPath: true, runtime: small, directory: directory)
        let parties = try Parties(node)
        let (answer, _) = try parties.call()
        #expect(!self.conditions(node).contains { $0.contains("checkpoints") })
        try self.fill(small + "/rubbish")
        let others = self.fill(node.shard.store)
        // The store's file has no room to grow in; calls come, stand and go all the same.
        let late = try parties.call("late")
        #expect(node.shard.store.condition == .full)
        #expect(self.conditions(node).contains { $0.contains("no room for checkpoints") })
        #expect(node.shard.core.engine.callCount == 2)
        try parties.hangUp("late", after: late.answer)
        try parties.hangUp(after: answer)
        // Room again, and the condition passes with the next change.
        unlink(small + "/rubbish")
        for key in others { node.shard.store.remove(key) }
        let last = try parties.call("last")
        #expect(node.shard.store.condition == .good)
        #expect(!self.conditions(node).contains { $0.contains("checkpoints") })
        // The records of both are written now, once each, and their checkpoints are gone.
        #expect(node.run { $0.store.loadAll().count == 1 })
        let ended = NodeFixture.records(in: small + "/records")
            .compactMap { $0["a"]?["call_id"]?.string }.sorted()
        #expect(ended == ["c1", "late"].map { "\($0)@\(node.addresses.carrier)" })
        #expect(node.shard.records.counters.dropped == 0)
        try parties.hangUp("last", after: last.answer)
    }

    /// Takes all blocks that the store's file has.
    private func fill(_ store: CheckpointStore) -> [CheckpointKey] {
        var keys: [CheckpointKey] = []
        while store.condition == .good {
            keys.append(CheckpointKey(bytes: Array("rubbish \(keys.count)".utf8)))
            store.put(Checkpoint(key: keys[keys.count - 1], version: 1, bytes: []))
            store.commit()
        }
        return keys
    }

    private func fill(_ path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let block = [UInt8](repeating: 1, count: 4096)
        while write(descriptor, block, block.count) > 0 {}
        #expect(errno == ENOSPC)
    }

    @Test func aStoreThatCannotBeOpenedIsACondition() throws {
        let directory = try NodeDirectory()
        mkdir(directory.path + "/calls.shm", 0o700)
        let node = try NodeFixture(fastPath: true, directory: directory)
        let parties = try Parties(node)
        let (answer, _) = try parties.call()
        #expect(self.conditions(node).contains { $0.contains("checkpoints cannot be written") })
        try parties.hangUp(after: answer)
    }

    @Test func unreadableCheckpointsAreCountedAndRemoved() throws {
        let directory = try NodeDirectory()
        do {
            let store = CheckpointStore(path: directory.path + "/calls.shm")
            store.put(Checkpoint(key: CheckpointKey(bytes: [1]), version: 1, bytes: [1, 2, 3]))
            store.commit()
        }
        let node = try NodeFixture(directory: directory)
        node.settle()
        #expect(node.shard.counters.unreadableCheckpoints == 1)
        #expect(node.shard.store.loadAll().isEmpty)
    }
}
