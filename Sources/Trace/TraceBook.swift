// SPDX-License-Identifier: Apache-2.0

/// What happened to the calls of one shard, in memory of a fixed size: a ring for calls and a
/// smaller one for messages of no call (OPTIONS, REGISTER, what was refused), so that a flood of
/// those pushes no call out. A call that takes more than its share goes on in the smaller one.
///
/// Owner: one shard's thread. A message costs a scan for its Call-ID and a copy, and no allocation.
public final class TraceBook {
    private let calls: TraceRing
    private let others: TraceRing
    private let dialogs: DialogTable
    /// Messages of calls that had taken their share.
    public private(set) var overShare: UInt64 = 0
    /// What one call may have of the ring at a time.
    private let callBytesMax: Int

    /// An eighth of the memory is for messages of no call. Without memory nothing is kept, but
    /// messages are still told apart by call.
    public init(bytes: Int) {
        let small = bytes / 8
        self.calls = TraceRing(bytes: bytes - small, bytesPerKey: 4096)
        self.others = TraceRing(bytes: small, bytesPerKey: 1024)
        self.dialogs = DialogTable(slots: max(bytes / 2048, 4096))
        self.callBytesMax = min(self.calls.capacity / 16, TraceRing.readBytesMax)
    }

    /// Whose a message is. `owner` is asked where the Call-ID alone does not say: what handled the
    /// message may know.
    public func attribute(
        _ message: TraceMessage, owner: () -> (call: UInt64, side: TraceSide)?
    ) -> Attribution {
        let scan = MessageScan(message.bytes)
        guard let range = scan.callID else { return Attribution(key: 1, call: 0, side: .none) }
        let key = Bytes.hash(message.bytes, range)
        let tag = scan.fromTag.map { Bytes.hash(message.bytes, $0) } ?? 1
        let isUAC = message.isSent == scan.isRequest
        let known = self.dialogs.owner(key, fromTag: tag, isUAC: isUAC)
        if let known, known.isExact {
            return Attribution(key: key, call: known.call, side: known.side)
        }
        if let leg = owner() {
            self.dialogs.tie(key, fromTag: tag, isUAC: isUAC, to: leg)
            return Attribution(key: key, call: leg.call, side: leg.side)
        }
        return Attribution(key: key, call: known?.call ?? 0, side: known?.side ?? .none)
    }

    /// Which call, if any, and what else finds a message.
    public struct Attribution: Sendable, Hashable {
        let key: UInt64
        /// Zero: none.
        public let call: UInt64
        /// Its leg.
        public let side: TraceSide
    }

    /// Keeps a message.
    public func keep(_ record: TraceRecord, _ attribution: Attribution) {
        let call = attribution.call
        guard call != 0 else {
            self.others.append(record, key: attribution.key)
            return
        }
        let size = record.message?.bytes.count ?? 0
        if let slot = self.calls.slot(call), Int(slot.bytes) + size > self.callBytesMax {
            self.overShare &+= 1
            self.others.append(record, key: call)
        } else {
            self.calls.append(record, key: call)
        }
    }

    /// Keeps what happened to a call.
    public func keep(event record: TraceRecord) {
        self.keep(record, Attribution(key: record.call, call: record.call, side: record.side))
    }

    // MARK: Looking

    /// Something is kept of a call.
    public func has(_ call: UInt64) -> Bool { self.calls.slot(call) != nil }

    /// What is kept of a call, in order of time.
    public func records(ofCall call: UInt64) -> [TraceRecord] {
        Self.sorted(self.calls.records(call) + self.others.records(call))
    }

    /// Something of the call is not there any more.
    public func isIncomplete(_ call: UInt64) -> Bool {
        guard let slot = self.calls.slot(call) else { return false }
        return slot.first < self.calls.tail
    }

    /// Calls that a Call-ID belongs to.
    public func calls(ofCallID callID: [UInt8]) -> [UInt64] {
        let slot = self.dialogs.find(Bytes.hash(callID, 0..<callID.count))
        return [slot?.a, slot?.b].compactMap { $0 }.filter {
            $0 != 0 && self.calls.slot($0) != nil
        }
    }

    /// Messages of no call with this Call-ID, in order of time.
    public func records(ofCallID callID: [UInt8]) -> [TraceRecord] {
        self.others.records(Bytes.hash(callID, 0..<callID.count)).filter { record in
            guard let message = record.message, let range = MessageScan(message.bytes).callID else {
                return false
            }
            return message.bytes[range].elementsEqual(callID)
        }
    }

    /// Calls with records, that of the newest record first.
    public func recentCalls(limit: Int) -> [UInt64] { self.calls.keys(limit: limit) }

    /// The first message that is kept of a call.
    public func firstMessage(ofCall call: UInt64) -> TraceRecord? {
        if let first = self.calls.first(call), first.message != nil { return first }
        return self.records(ofCall: call).first { $0.message != nil }
    }

    private static func sorted(_ records: [TraceRecord]) -> [TraceRecord] {
        // A message is kept after what it led to; its time is that of its arrival.
        records.enumerated().sorted {
            ($0.element.monotonicNs, $0.offset) < ($1.element.monotonicNs, $1.offset)
        }.map(\.element)
    }

    /// How full it is.
    public var figures: Figures {
        Figures(
            bytes: self.calls.capacity + self.others.capacity,
            usedByCalls: self.calls.used, usedByOthers: self.others.used,
            records: self.calls.count + self.others.count, calls: self.calls.counters,
            others: self.others.counters, overShare: self.overShare,
            displaced: self.calls.displaced &+ self.others.displaced &+ self.dialogs.displaced)
    }

    /// Of a book.
    public struct Figures: Sendable, Hashable {
        /// Bytes of both rings.
        public let bytes: Int
        /// Bytes in use in the ring of calls.
        public let usedByCalls: Int
        /// Bytes in use in the ring of other messages.
        public let usedByOthers: Int
        /// Records that are there.
        public let records: Int
        /// Of the ring of calls.
        public let calls: TraceRingCounters
        /// Of the ring of other messages.
        public let others: TraceRingCounters
        /// Records of calls that had taken their share.
        public let overShare: UInt64
        /// Calls and Call-IDs that cannot be looked up any more although records are there.
        public let displaced: UInt64
    }
}
