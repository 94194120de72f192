// SPDX-License-Identifier: Apache-2.0

import CallControl
import CallRecords
import FlowABI
import FlowProgramming
import Store

extension Shard {
    /// The name of a call's checkpoint.
    static func key(_ call: CallIdentifier) -> CheckpointKey {
        CheckpointKey(bytes: Array(call.description.utf8))
    }

    /// Keeps a call across a restart of this process.
    func keep(_ checkpoint: CallCheckpoint) {
        if let answeredAt = checkpoint.answeredAt {
            self.records.partials.begin(checkpoint.id, answeredAt: answeredAt)
        }
        let kept = Checkpoint(
            key: Self.key(checkpoint.id), version: UInt32(CallCheckpoint.version),
            bytes: checkpoint.encode())
        if !self.store.put(kept) {
            Log.line("trunkline: call \(checkpoint.id): too large to be kept across a restart")
        }
    }

    /// Writes the turn's checkpoints. A file that was found unusable is set aside, and the new one
    /// has nothing in it: all live calls are put again.
    func commit() {
        self.store.commit()
        defer { self.records.release() }
        guard self.store.counters.setAside != self.setAsideSeen else { return }
        self.setAsideSeen = self.store.counters.setAside
        if let notice = self.store.notice { Log.line("trunkline: \(notice)") }
        for checkpoint in self.core.engine.checkpoints { self.keep(checkpoint) }
        self.records.keepAgain()
        self.store.commit()
    }

    /// Takes up the calls of a former process. The order matters: their ports and flows are known
    /// before the programmer removes what belongs to nobody.
    func recover() {
        if let notice = self.store.notice { Log.line("trunkline: \(notice)") }
        if self.inHand.hasFoundOne {
            Log.line("trunkline: the former process ended with a message in hand")
        }
        let checkpoints = self.readCheckpoints()
        // What could be read is in the new file already.
        self.setAsideSeen = self.store.counters.setAside
        for checkpoint in checkpoints {
            self.programmer.restore(Self.session(checkpoint.id), checkpoint.media)
        }
        self.tellTime()
        let taken = Set(self.core.engine.restore(checkpoints))
        for checkpoint in checkpoints {
            if taken.contains(checkpoint.id) {
                self.agreeHandshakes(checkpoint.id, checkpoint.media)
            } else {
                self.programmer.end(Self.session(checkpoint.id))
            }
        }
        self.programmer.begin()
        if !checkpoints.isEmpty {
            Log.line("trunkline: took up \(checkpoints.count) calls of a former process")
        }
    }

    /// The calls that go on. Those that are over get their records.
    private func readCheckpoints() -> [CallCheckpoint] {
        var checkpoints: [CallCheckpoint] = []
        var closed: [(call: CallIdentifier, line: [UInt8])] = []
        for kept in self.store.loadAll() {
            let call = CallIdentifier(text: String(decoding: kept.key.bytes, as: UTF8.self))
            if kept.version == RecordBook.checkpointVersion, let call {
                closed.append((call, kept.bytes))
                continue
            }
            do {
                checkpoints.append(try CallCheckpoint(decoding: kept.bytes))
            } catch {
                self.counters.unreadableCheckpoints &+= 1
                if let call {
                    self.records.close(lost: call, now: Clocks.wallMs)
                } else {
                    self.store.remove(kept.key)
                }
            }
        }
        let written = self.records.closed(among: Set(closed.map(\.call)))
        for (call, line) in closed {
            if written.contains(call) {
                self.store.remove(Self.key(call))
            } else {
                self.records.takeUp(call, line)
            }
        }
        for checkpoint in checkpoints {
            guard let answeredAt = checkpoint.answeredAt else { continue }
            self.records.partials.begin(checkpoint.id, answeredAt: answeredAt)
        }
        return checkpoints
    }
}
