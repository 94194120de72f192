// SPDX-License-Identifier: Apache-2.0

internal import NetworkAddress

/// How a record stands in the arena: this, then its bytes, in all a multiple of eight. The first
/// eight bytes alone are what fills the end of the arena where no record fits.
struct RecordHeader: BitwiseCopyable {
    /// Bytes of the record with this header.
    var length: UInt32 = 0
    var kind: UInt8 = 0
    /// Sent or received; kind of an event.
    var code: UInt8 = 0
    var transport: UInt8 = 0
    var side: UInt8 = 0
    /// Bytes behind the header.
    var kept: UInt32 = 0
    /// Bytes that the message had.
    var whole: UInt32 = 0
    var wallUs: UInt64 = 0
    var monotonicNs: UInt64 = 0
    var call: UInt64 = 0
    /// What finds it, and the last record before it with the same key; zero for none.
    var key: UInt64 = 0
    var previous: UInt64 = 0
    var localHigh: UInt64 = 0
    var localLow: UInt64 = 0
    var remoteHigh: UInt64 = 0
    var remoteLow: UInt64 = 0
    var localPort: UInt16 = 0
    var remotePort: UInt16 = 0
    var hasRemote: UInt32 = 0

    static let filler: UInt8 = 0
    static let message: UInt8 = 1
    static let event: UInt8 = 2
}

/// Records in an arena, the oldest overwritten first, each found by one key. A record costs a copy
/// of its bytes and no allocation.
///
/// A position counts bytes since the beginning and never comes again; what it names is there while
/// it is not below `tail`. No record crosses the end of the arena.
final class TraceRing {
    private let arena: TraceArena
    private let index: TraceIndex
    /// Where the next record goes.
    private(set) var head: UInt64
    /// The oldest record.
    private(set) var tail: UInt64
    /// Records that are there.
    private(set) var count = 0
    private(set) var counters = TraceRingCounters()

    private static let headerBytes = MemoryLayout<RecordHeader>.stride
    /// Records of one key that are read at most: the newest.
    static let recordsMax = 4096
    /// Bytes of them at most, so that one answer holds them.
    static let readBytesMax = 8 << 20

    /// `bytesPerKey`: how many bytes of records a key has on average, for the size of the index.
    init(bytes: Int, bytesPerKey: Int) {
        self.arena = TraceArena(byteCount: bytes & ~7)
        self.index = TraceIndex(slots: bytes / max(bytesPerKey, 1))
        // Zero means none, and positions are offsets too.
        self.head = UInt64(self.arena.byteCount)
        self.tail = self.head
    }

    /// Bytes of the arena.
    var capacity: Int { self.arena.byteCount }

    /// Keys that lost their place in the index while their records were there.
    var displaced: UInt64 { self.index.displaced }

    /// Bytes in use.
    var used: Int { Int(self.head - self.tail) }

    /// Bytes of one message that are kept at most: a message alone must not push out all others.
    var messageBytesMax: Int { min(65_536, self.capacity / 8) }

    /// What the newest record of a key has before it, if that is still there.
    func slot(_ key: UInt64) -> TraceIndex.Slot? {
        self.index.find(key).flatMap { $0.newest >= self.tail ? $0 : nil }
    }

    /// Adds a record. False if it does not fit at all.
    @discardableResult
    func append(_ record: TraceRecord, key: UInt64) -> Bool {
        var header = RecordHeader()
        let payload: [UInt8]
        header.wallUs = record.wallUs
        header.monotonicNs = record.monotonicNs
        header.call = record.call
        header.side = record.side.rawValue
        header.key = key
        switch record.content {
        case .message(let message):
            payload = message.bytes
            header.fill(message)
        case .event(let event):
            payload = event.text
            header.fill(event)
        }
        let kept = min(payload.count, self.messageBytesMax)
        header.kept = UInt32(truncatingIfNeeded: kept)
        let length = (Self.headerBytes + kept + 7) & ~7
        guard length <= self.capacity / 2, self.makeRoom(length) else {
            self.counters.refused &+= 1
            return false
        }
        header.length = UInt32(truncatingIfNeeded: length)
        let position = self.head
        header.previous = self.index.put(
            key, position, oldest: self.tail, bytes: UInt32(truncatingIfNeeded: length))
        let offset = Int(position % UInt64(self.capacity))
        self.arena.store(header, at: offset)
        self.arena.copy(payload, count: kept, to: offset + Self.headerBytes)
        self.head += UInt64(length)
        self.count += 1
        self.counters.written &+= 1
        if kept < payload.count { self.counters.cut &+= 1 }
        return true
    }

    /// Gives up the oldest records until so many bytes are free in one piece.
    private func makeRoom(_ length: Int) -> Bool {
        guard self.capacity > 0 else { return false }
        let left = self.capacity - Int(self.head % UInt64(self.capacity))
        if left < length {
            self.giveUp(until: left)
            var filler = RecordHeader()
            filler.length = UInt32(truncatingIfNeeded: left)
            let offset = Int(self.head % UInt64(self.capacity))
            self.arena.store(
                UInt64(filler.length).littleEndian, at: offset)
            self.head += UInt64(left)
        }
        self.giveUp(until: length)
        return true
    }

    private func giveUp(until room: Int) {
        while self.used + room > self.capacity {
            let header = self.start(self.tail)
            guard header.length > 0 else {
                // Cannot be; if it were, everything is given up rather than never.
                self.tail = self.head
                self.count = 0
                return
            }
            if header.kind != RecordHeader.filler {
                self.count -= 1
                self.counters.overwritten &+= 1
            }
            self.tail += UInt64(header.length)
        }
    }

    /// Length and kind alone: what a filler has too.
    private func start(_ position: UInt64) -> (length: UInt32, kind: UInt8) {
        let word = UInt64(
            littleEndian: self.arena.load(
                UInt64(0), at: Int(position % UInt64(max(self.capacity, 1)))))
        return (UInt32(truncatingIfNeeded: word), UInt8(truncatingIfNeeded: word >> 32))
    }

    // MARK: Looking

    /// The newest records of a key, oldest first.
    func records(_ key: UInt64, limit: Int = recordsMax) -> [TraceRecord] {
        var found: [TraceRecord] = []
        var bytes = 0
        var position = self.slot(key)?.newest ?? 0
        while position >= self.tail, position < self.head, found.count < limit {
            let header = self.header(position)
            bytes += Int(header.length)
            guard header.key == key, bytes <= Self.readBytesMax else { break }
            if let record = self.record(header, position) { found.append(record) }
            guard header.previous < position else { break }
            position = header.previous
        }
        return found.reversed()
    }

    /// The first record of a key that is still there.
    func first(_ key: UInt64) -> TraceRecord? {
        guard let slot = self.slot(key) else { return nil }
        if slot.first >= self.tail {
            let header = self.header(slot.first)
            return header.key == key ? self.record(header, slot.first) : nil
        }
        return self.records(key).first
    }

    /// Keys with records, the one with the newest record first.
    func keys(limit: Int) -> [UInt64] {
        self.index.live(oldest: self.tail).prefix(limit).map(\.key)
    }

    private func header(_ position: UInt64) -> RecordHeader {
        self.arena.load(RecordHeader(), at: Int(position % UInt64(max(self.capacity, 1))))
    }

    private func record(_ header: RecordHeader, _ position: UInt64) -> TraceRecord? {
        let offset = Int(position % UInt64(max(self.capacity, 1))) + Self.headerBytes
        let bytes = self.arena.bytes(at: offset, count: Int(header.kept))
        return header.record(bytes)
    }
}

/// What a ring counted.
public struct TraceRingCounters: Sendable, Hashable {
    /// Records written.
    public var written: UInt64 = 0
    /// Records that newer ones took the place of.
    public var overwritten: UInt64 = 0
    /// Messages of which only the beginning is kept.
    public var cut: UInt64 = 0
    /// Records that have no room at all.
    public var refused: UInt64 = 0
}

extension RecordHeader {
    mutating func fill(_ message: TraceMessage) {
        self.kind = Self.message
        self.code = message.isSent ? 1 : 0
        self.transport = message.transport.rawValue
        self.whole = UInt32(clamping: message.length)
        self.localHigh = message.local.address.high
        self.localLow = message.local.address.low
        self.localPort = message.local.port
        self.setRemote(message.remote)
    }

    mutating func fill(_ event: TraceEvent) {
        self.kind = Self.event
        self.code = event.kind.rawValue
        if let address = event.address { self.setRemote(address) }
    }

    private mutating func setRemote(_ address: SocketAddress) {
        self.remoteHigh = address.address.high
        self.remoteLow = address.address.low
        self.remotePort = address.port
        self.hasRemote = 1
    }

    private var remote: SocketAddress {
        SocketAddress(
            address: IPAddress(high: self.remoteHigh, low: self.remoteLow), port: self.remotePort)
    }

    func record(_ bytes: [UInt8]) -> TraceRecord? {
        let content: TraceRecord.Content
        switch self.kind {
        case Self.message:
            guard let transport = TraceTransport(rawValue: self.transport) else { return nil }
            let local = SocketAddress(
                address: IPAddress(high: self.localHigh, low: self.localLow), port: self.localPort)
            var message = TraceMessage(
                isSent: self.code == 1, transport: transport, local: local, remote: self.remote,
                bytes: bytes)
            message.length = Int(self.whole)
            content = .message(message)
        case Self.event:
            guard let kind = TraceEventKind(rawValue: self.code) else { return nil }
            content = .event(
                TraceEvent(kind, address: self.hasRemote == 1 ? self.remote : nil, text: bytes))
        default: return nil
        }
        return TraceRecord(
            wallUs: self.wallUs, monotonicNs: self.monotonicNs, call: self.call,
            side: TraceSide(rawValue: self.side) ?? .none, content)
    }
}
