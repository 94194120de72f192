// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Checkpoints of live calls in one mapped file on tmpfs: they outlive the process, not the
/// machine.
///
/// `put` and `remove` gather; `commit` writes what was gathered in one batch, once a turn of the
/// loop. A process killed in the middle leaves the state of its last commit. A full disk or a
/// failing file loses nothing of a call in progress: what could not be written stays gathered, the
/// condition is raised, and the next commit tries again. What is gathered is bounded by the number
/// of calls, because a key is held once.
public final class CheckpointStore {
    /// What went wrong and still is.
    public enum Condition: Sendable, Equatable {
        /// All is written.
        case good
        /// The file system, or the file within its limit, has no room.
        case full
        /// Another failure, in words.
        case failed(String)
    }

    /// Counters since the start.
    public struct Counters: Sendable, Equatable {
        /// Batches that were written.
        public var commits: UInt64 = 0
        /// Commits that left something to be repeated.
        public var failures: UInt64 = 0
        /// Checkpoints written, removals included.
        public var changes: UInt64 = 0
        /// Files set aside. When it grows after the start, the new file lacks what was not pending:
        /// the owner puts the checkpoints of all its calls again.
        public var setAside: UInt64 = 0
        /// Checkpoints that contradicted themselves and were not found again.
        public var damaged: UInt64 = 0
        /// Checkpoints refused because they are larger than `Self.bytesMax`.
        public var tooLarge: UInt64 = 0
    }

    /// Bytes that one checkpoint may have.
    public static let bytesMax = 256 * 1024

    /// Bytes that the file may have: two million calls of the usual 2 KB.
    public static let fileBytesMax = 4 << 30

    /// What is wrong at the moment.
    public private(set) var condition = Condition.good
    /// What was counted.
    public private(set) var counters = Counters()
    /// One line for the log about the last unusable file that was set aside; nil for none.
    public private(set) var notice: String?

    private let path: String
    private let fileBytesMax: Int
    private(set) var file: CheckpointFile?
    private var pending: [CheckpointKey: Checkpoint?] = [:]

    /// Opens the file or makes it, readable and writable by its owner alone. A file that is not
    /// usable (damaged, or of another layout) is renamed to `<path>.unusable` and a new one made,
    /// with what could be read of it; `notice` says so. Where not even that works the store is
    /// without a file: `condition` says why, and every commit tries to open it again.
    public convenience init(path: String) {
        self.init(path: path, fileBytesMax: Self.fileBytesMax)
    }

    /// The same with another limit, for tests.
    init(path: String, fileBytesMax: Int) {
        self.path = path
        self.fileBytesMax = fileBytesMax
        do {
            try self.open()
        } catch {
            self.fail(error)
        }
        self.commit()
    }

    private func open() throws(StoreError) {
        do {
            self.file = try self.openFile()
        } catch {
            guard error.kind == .corrupt else { throw error }
            self.giveUp(error.description)
            self.file = try self.openFile()
        }
        guard let file, file.damaged > 0 else { return }
        self.rescue(file.loadAll())
        self.file = try self.openFile()
    }

    private func openFile() throws(StoreError) -> CheckpointFile {
        try CheckpointFile(path: self.path, bytesMax: self.fileBytesMax)
    }

    /// Lets go of an unusable file and renames it. The next commit makes a new one.
    func giveUp(_ reason: String) {
        self.file = nil
        rename(self.path, self.path + ".unusable")
        self.counters.setAside &+= 1
        self.notice = "checkpoints set aside as \(self.path).unusable: \(reason)"
    }

    /// Sets a damaged file aside, and has what could be read of it written into the new one.
    private func rescue(_ found: [Checkpoint]) {
        let damaged = self.file?.damaged ?? 0
        self.counters.damaged &+= UInt64(damaged)
        self.giveUp("\(damaged) of its checkpoints damaged, \(found.count) taken over")
        for checkpoint in found where self.pending[checkpoint.key] == nil {
            self.pending[checkpoint.key] = checkpoint
        }
    }

    /// Every checkpoint of the file, in the order of their keys. A file that turns out damaged
    /// while it is read is set aside like one that was so when it was opened.
    public func loadAll() -> [Checkpoint] {
        guard let file else { return [] }
        let found = file.loadAll()
        if file.damaged > 0 {
            self.rescue(found)
            self.commit()
        }
        return found
    }

    /// Writes a checkpoint, or replaces it, with the next commit. False if it is too large.
    @discardableResult
    public func put(_ checkpoint: Checkpoint) -> Bool {
        guard checkpoint.bytes.count <= Self.bytesMax else {
            self.counters.tooLarge &+= 1
            return false
        }
        self.pending[checkpoint.key] = .some(checkpoint)
        return true
    }

    /// Removes a checkpoint with the next commit.
    public func remove(_ key: CheckpointKey) {
        self.pending[key] = .some(nil)
    }

    /// Changes that wait for a commit.
    public var pendingCount: Int { self.pending.count }

    /// Writes what was gathered in one batch. Nothing happens when nothing was.
    public func commit() {
        guard !self.pending.isEmpty else { return }
        do {
            if self.file == nil { try self.open() }
            try self.writeAll()
            self.file?.shrink()
            self.condition = .good
        } catch {
            self.fail(error)
            self.counters.failures &+= 1
            if error.kind == .corrupt { self.giveUp(error.description) }
        }
    }

    /// Writes changes in one batch; they are not gathered any more.
    private func write(_ changes: [CheckpointKey: Checkpoint?]) throws(StoreError) {
        guard let file else { return }
        try file.write(changes)
        self.counters.commits &+= 1
        self.counters.changes &+= UInt64(changes.count)
        if changes.count == self.pending.count {
            self.pending.removeAll(keepingCapacity: true)
        } else {
            for key in changes.keys { self.pending[key] = nil }
        }
    }

    private func writeAll() throws(StoreError) {
        do {
            try self.write(self.pending)
        } catch {
            guard error.kind == .full else { throw error }
            try self.writeWhatFits()
            if !self.pending.isEmpty { throw error }
        }
    }

    /// There is no room for all at once: what is removed makes some, and then each checkpoint is
    /// for itself.
    private func writeWhatFits() throws(StoreError) {
        let removed = self.pending.filter { $0.value == nil }
        if !removed.isEmpty { try self.write(removed) }
        for case (let key, let checkpoint?) in self.pending {
            guard self.file?.hasRoom(for: checkpoint) == true else { continue }
            try self.write([key: checkpoint])
        }
    }

    private func fail(_ error: StoreError) {
        self.condition = error.kind == .full ? .full : .failed(error.description)
    }
}
