// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import CallRecords
import Configuration
import FlowABI
import SIPTransport
import Store

/// Records of calls on their way into a file. Owned by the shard's thread, which never waits for
/// the disk: lines are written beside the loop, one piece at a time.
///
/// There is exactly one closing record of a call, whenever the process is killed. The call's last
/// checkpoint is its closing line. The order is:
///
/// 1. The turn in which a call ends commits that checkpoint in place of the one before, before any
///    message of the turn leaves. Killed before: the call is as it was, and there is no line.
/// 2. After the commit the line is given to the disk. Killed before: the next process finds the
///    line in the checkpoint and writes it.
/// 3. Once write(2) has taken the whole line the checkpoint is removed. Killed between the two: the
///    next process finds the line in the checkpoint and in the tail of the files, and only removes
///    the one. The tail is short, because a piece is written only when the checkpoints of the one
///    before the last are gone.
///
/// A store that cannot commit holds lines back, too, until the buffer is full: then they are
/// written all the same, and a kill may cost a second closing record. While the disk cannot be
/// written lines wait, and above the limit the oldest go, with their checkpoints; they are counted.
final class RecordBook {
    /// Counters since the start.
    struct Counters: Equatable {
        /// Lines in the file.
        var written: UInt64 = 0
        /// Lines that went because too much waited.
        var dropped: UInt64 = 0
        /// Refused INVITEs above the limit of a second, without a record.
        var attemptsOverLimit: UInt64 = 0
        /// Calls whose closing line a former process had left in its checkpoint.
        var found: UInt64 = 0
        /// Calls whose closing line was both in its checkpoint and in the files.
        var foundWritten: UInt64 = 0
        /// Attempts to write that failed.
        var failures: UInt64 = 0
    }

    /// Version of a checkpoint that is a closing line; those of calls have other ones.
    static let checkpointVersion: UInt32 = 0x4344_5231  // "CDR1"
    /// Bytes that are written at a time.
    private static let pieceBytes = 256 * 1024
    /// After a failure the next attempt is made so much later.
    private static let retryMilliseconds: UInt64 = 1000
    /// Lines that a former process wrote and whose checkpoints it left stand in so much of the
    /// files: two pieces, and to spare.
    private static let tailBytes = 4 * pieceBytes

    private let loop: EventLoop
    private let store: CheckpointStore
    private(set) var configuration: RecordsConfiguration
    private(set) var counters = Counters()
    /// Why nothing can be written at the moment; nil: all is well.
    private(set) var problem: String?
    /// Calls that are due for a partial record.
    var partials: PartialSchedule
    private var attempts: TokenBucket
    private let writer: RecordWriter
    /// Nil while a piece is being written, and where none is to be.
    private var file: RecordFile?
    private var isWriting = false
    private var retryAt: UInt64 = 0
    /// The files are to be opened anew, or are others, once the piece is written.
    private var isStale = false
    /// Lines of this turn, whose checkpoints are not committed.
    private var gathered: [RecordQueue.Entry] = []
    private var queue = RecordQueue()
    private var inFlight: [RecordQueue.Entry] = []

    init(_ file: NodeConfiguration, loop: EventLoop, store: CheckpointStore) {
        self.loop = loop
        self.store = store
        self.configuration = file.records
        self.partials = PartialSchedule(seconds: file.records.partialSeconds)
        self.attempts = Self.bucket(file.records)
        self.writer = RecordWriter(node: file.node.name)
        self.file = Self.open(file.records)
    }

    /// Records are written at all.
    var isOn: Bool { self.configuration.directory != nil }

    /// Lines that wait, the piece under way included, and their bytes.
    var waiting: (lines: Int, bytes: Int) {
        let apart = self.inFlight + self.gathered
        return (
            self.queue.count + apart.count,
            apart.reduce(self.queue.bytes) { $0 + $1.line.count }
        )
    }

    private static func open(_ records: RecordsConfiguration) -> RecordFile? {
        records.directory.map {
            RecordFile(
                directory: $0, limits: .init(fileBytes: records.fileMB << 20, files: records.files))
        }
    }

    private static func bucket(_ records: RecordsConfiguration) -> TokenBucket {
        TokenBucket(rate: UInt32(clamping: records.attemptsPerSecond))
    }

    /// Follows another configuration.
    func configure(_ records: RecordsConfiguration, calls: [(CallIdentifier, Milliseconds)]) {
        if records.partialSeconds != self.configuration.partialSeconds {
            self.partials = PartialSchedule(seconds: records.partialSeconds)
            for (call, answeredAt) in calls { self.partials.begin(call, answeredAt: answeredAt) }
        }
        if records.attemptsPerSecond != self.configuration.attemptsPerSecond {
            self.attempts = Self.bucket(records)
        }
        self.configuration = records
        if !self.isOn { self.dropAll() }
        self.reopen()
    }

    /// Opens the file anew.
    func reopen() {
        self.isStale = true
        self.retryAt = 0
        self.refresh()
    }

    private func refresh() {
        guard self.isStale, !self.isWriting else { return }
        self.isStale = false
        self.file?.close()
        self.file = Self.open(self.configuration)
        self.problem = nil
    }

    // MARK: Records

    /// A call is over: its closing line takes the place of its checkpoint.
    func close(_ record: CallRecord, _ details: CallDetails) {
        if let answeredAt = record.answeredAt {
            self.partials.end(record.id, answeredAt: answeredAt)
        }
        guard self.isOn else { return }
        self.close(record.id, self.writer.line(record, details))
    }

    /// The same of a call of which nothing is left but its name.
    func close(lost call: CallIdentifier, now: Milliseconds) {
        guard self.isOn else { return self.store.remove(Shard.key(call)) }
        self.close(call, self.writer.line(lost: call, now: now))
    }

    private func close(_ call: CallIdentifier, _ line: [UInt8]) {
        let entry = RecordQueue.Entry(line: line, call: call)
        self.keep(entry)
        self.gathered.append(entry)
    }

    private func keep(_ entry: RecordQueue.Entry) {
        guard let call = entry.call else { return }
        self.store.put(
            Checkpoint(
                key: Shard.key(call), version: Self.checkpointVersion, bytes: entry.line))
    }

    /// A call in progress.
    func note(_ record: CallRecord, _ details: CallDetails, part: Int) {
        guard self.isOn else { return }
        self.gathered.append(
            .init(line: self.writer.line(record, details, part: part), call: nil))
    }

    /// An INVITE that was refused.
    func note(_ attempt: AttemptRecord, _ details: CallDetails) {
        guard self.isOn else { return }
        guard self.attempts.take(now: attempt.startedAt) else {
            self.counters.attemptsOverLimit &+= 1
            return
        }
        self.gathered.append(.init(line: self.writer.line(attempt, details), call: nil))
    }

    /// The store lost what was not pending: closing lines that wait are put again.
    func keepAgain() {
        for entry in self.inFlight + self.gathered { self.keep(entry) }
        for entry in self.queue.all { self.keep(entry) }
    }

    // MARK: After a restart

    /// Which of these calls have their closing record in the files.
    func closed(among calls: Set<CallIdentifier>) -> Set<CallIdentifier> {
        guard !calls.isEmpty, let directory = self.configuration.directory else { return [] }
        var found: Set<CallIdentifier> = []
        RecordFile.visitTail(in: directory, bytes: Self.tailBytes) { line in
            if let call = ClosingLine.call(line), calls.contains(call) { found.insert(call) }
            return found.count < calls.count
        }
        self.counters.foundWritten &+= UInt64(found.count)
        return found
    }

    /// A closing line that a former process left in a checkpoint and not in a file.
    func takeUp(_ call: CallIdentifier, _ line: [UInt8]) {
        self.counters.found &+= 1
        guard self.isOn else { return self.store.remove(Shard.key(call)) }
        self.gathered.append(.init(line: line, call: call))
    }

    // MARK: Writing

    /// After each commit: if that left nothing, the turn's lines may be written.
    func release() {
        guard !self.gathered.isEmpty, self.mayWrite else { return }
        for entry in self.gathered { self.queue.append(entry) }
        self.gathered.removeAll(keepingCapacity: true)
        let flying = self.inFlight.reduce(0) { $0 + $1.line.count }
        while self.queue.bytes + flying > self.limit, let oldest = self.queue.removeFirst() {
            self.drop(oldest)
        }
    }

    /// The store is not behind, or there is no more room to wait for it in.
    private var mayWrite: Bool {
        self.store.condition == .good || self.waiting.bytes > self.limit
    }

    private var limit: Int { self.configuration.bufferMB << 20 }

    private func drop(_ entry: RecordQueue.Entry) {
        self.counters.dropped &+= 1
        if let call = entry.call { self.store.remove(Shard.key(call)) }
    }

    private func dropAll() {
        for entry in self.gathered { self.drop(entry) }
        self.gathered = []
        while let entry = self.queue.removeFirst() { self.drop(entry) }
    }

    /// Begins to write what waits, if nothing is being written. To be called now and then.
    func write() {
        guard !self.isWriting, self.queue.count > 0, self.mayWrite,
            self.loop.now >= self.retryAt, let file = self.file
        else { return }
        self.inFlight = self.queue.removeFirst(bytes: Self.pieceBytes)
        let bytes = self.inFlight.flatMap(\.line)
        let seconds = Clocks.wallMs / 1000
        self.isWriting = self.loop.offload {
            var file = file
            let outcome = file.append(bytes, seconds: seconds)
            return (file: file, outcome: outcome)
        } then: { [unowned self] in
            self.wrote($0.file, $0.outcome)
        }
        guard self.isWriting else {
            self.putBack(0)
            return
        }
        self.file = nil
    }

    private func wrote(_ file: RecordFile, _ outcome: RecordFile.Outcome) {
        self.isWriting = false
        self.file = file
        self.finish(outcome)
        self.refresh()
        if self.problem == nil { self.write() }
    }

    /// Lets go of what is in the file; the rest waits again.
    private func finish(_ outcome: RecordFile.Outcome) {
        var left = outcome.bytes
        var count = 0
        for entry in self.inFlight where left >= entry.line.count {
            left -= entry.line.count
            count += 1
            if let call = entry.call { self.store.remove(Shard.key(call)) }
        }
        self.counters.written &+= UInt64(count)
        self.putBack(count)
        if outcome.problem != nil {
            self.counters.failures &+= 1
            self.retryAt = self.loop.now + Self.retryMilliseconds
        }
        guard (outcome.problem == nil) != (self.problem == nil) else {
            self.problem = outcome.problem
            return
        }
        self.problem = outcome.problem
        Log.line(
            "trunkline: " + (self.problem.map { "records of calls cannot be written: \($0)" }
                ?? "records of calls are written again"))
    }

    private func putBack(_ count: Int) {
        let rest = self.inFlight.dropFirst(count)
        self.inFlight = []
        guard !rest.isEmpty else { return }
        if self.isOn {
            self.queue.putBack(rest)
        } else {
            for entry in rest { self.drop(entry) }
        }
    }

    /// The loop is closed: writes what waits here and now. What cannot be written stays in its
    /// checkpoint for the next process.
    func finish() {
        self.release()
        while let file = self.file, self.queue.count > 0 {
            var last = file
            self.inFlight = self.queue.removeFirst(bytes: Self.pieceBytes)
            let outcome = last.append(
                self.inFlight.flatMap(\.line), seconds: Clocks.wallMs / 1000)
            self.file = last
            self.finish(outcome)
            if outcome.problem != nil { break }
        }
        self.file?.close()
    }
}
