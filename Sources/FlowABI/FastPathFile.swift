// SPDX-License-Identifier: Apache-2.0

import CFlowABI
import Glibc

/// What a process says of itself in its file.
public enum ProcessState: Sendable, Hashable {
    /// Not serving yet.
    case starting
    /// Serving.
    case running
    /// Serving what there is, taking nothing new.
    case draining
    /// Ended properly.
    case stopped
    /// Something that a newer version says.
    case unknown(UInt32)

    init(_ value: UInt32) {
        switch value {
        case TL_STATE_STARTING: self = .starting
        case TL_STATE_RUNNING: self = .running
        case TL_STATE_DRAINING: self = .draining
        case TL_STATE_STOPPED: self = .stopped
        default: self = .unknown(value)
        }
    }

    var value: UInt32 {
        switch self {
        case .starting: TL_STATE_STARTING
        case .running: TL_STATE_RUNNING
        case .draining: TL_STATE_DRAINING
        case .stopped: TL_STATE_STOPPED
        case .unknown(let value): value
        }
    }
}

/// The fast path's file, mapped read-only. Its header was checked once, at attach; what changes is
/// read word by word. Unmapped when the last user lets go.
public final class FastPathFile {
    /// Where it was found, as C takes it: it is looked at at every poll.
    private let path: [CChar]
    /// What it is dimensioned for.
    public let geometry: Geometry
    private(set) var map: tl_map
    let layout: tl_layout

    /// Maps and checks the file at `path`.
    public init(attaching path: String) throws(FileRefusal) {
        var map = tl_map()
        var layout = tl_layout()
        let result = tl_file_attach(path, UInt64(TL_MAGIC_FASTPATH), &map, &layout)
        guard result == TL_FILE_OK else {
            throw FileRefusal(code: result, systemError: result == TL_FILE_SYSTEM ? errno : 0)
        }
        self.path = Array(path.utf8CString)
        self.map = map
        self.layout = layout
        self.geometry = Geometry(layout.geometry)
    }

    deinit { tl_file_unmap(&self.map) }

    private var header: UnsafePointer<tl_file_header> {
        UnsafePointer(self.map.base.assumingMemoryBound(to: tl_file_header.self))
    }

    /// Of the process that wrote the file last.
    public var incarnation: UInt64 { tl_header_incarnation(self.header) }

    /// CLOCK_MONOTONIC of its last sign of life.
    public var heartbeatNs: UInt64 { tl_header_heartbeat(self.header) }

    /// What it says of itself.
    public var state: ProcessState { ProcessState(tl_header_state(self.header)) }

    /// Its process id, for people.
    public var processID: UInt32 { tl_header_process(self.header) }

    /// True when the file at `path` is another one by now, is gone, or is shorter than mapped.
    public var isReplaced: Bool { tl_file_replaced(self.path, &self.map) != 0 }

    /// A copy of what the file holds of a flow index; nil outside the table, or while the flow is
    /// just being replaced.
    public func record(_ index: FlowIndex) -> FlowRecord? {
        guard index.value < self.layout.records.count else { return nil }
        var record = tl_flow_record()
        var layout = self.layout
        guard tl_record_read(&self.map, &layout, UInt64(index.value), &record) == 1 else {
            return nil
        }
        return FlowRecord(record, index: index)
    }

    /// The figures of a flow; nil when its index has another generation by now.
    public func statistics(_ flow: FlowID) -> FlowStatistics? {
        guard let record = self.record(flow.index), record.flow == flow else { return nil }
        return record.statistics
    }

    /// Why packets of a flow were dropped; nil where none was, and where the fast path is too old
    /// to say.
    public func drops(_ flow: FlowID) -> DropCounts? {
        guard flow.index.value < self.layout.records.count,
            let record = self.dropRecord(UInt64(flow.index.value)),
            record.generation == flow.generation.value
        else { return nil }
        return DropCounts(record)
    }

    /// Likewise of a worker's packets that were of no flow.
    public func dropsOfNoFlow(_ worker: WorkerIndex) -> DropCounts? {
        guard worker.value < self.layout.workers.count else { return nil }
        return self.dropRecord(UInt64(self.layout.records.count) + UInt64(worker.value))
            .map { DropCounts($0) }
    }

    private func dropRecord(_ index: UInt64) -> tl_drop_record? {
        var record = tl_drop_record()
        var layout = self.layout
        return tl_drop_record_read(&self.map, &layout, index, &record) == 1 ? record : nil
    }

    /// Generation and state of an index in two loads; nil outside the table.
    public func occupant(_ index: FlowIndex) -> FlowOccupant? {
        guard index.value < self.layout.records.count else { return nil }
        let record = self.element(self.layout.records, Int(index.value))
            .assumingMemoryBound(to: tl_flow_record.self)
        let state = tl_record_state(record)
        return FlowOccupant(
            generation: Generation(tl_record_generation(record)), state: FlowRecord.State(state))
    }

    /// A worker's counters in one snapshot; nil outside the table, or when the worker wrote at
    /// each of 64 tries.
    public func counters(_ worker: WorkerIndex) -> WorkerCounters? {
        guard worker.value < self.layout.workers.count else { return nil }
        var page = tl_worker_page()
        var layout = self.layout
        guard tl_worker_read(&self.map, &layout, UInt64(worker.value), &page) == 1 else {
            return nil
        }
        return WorkerCounters(page)
    }

    /// The realms, in the order of the configuration.
    public var realms: [RealmPage] {
        (0..<Int(self.layout.realms.count)).map { index in
            var page = tl_realm_page()
            let source = self.element(self.layout.realms, index)
            withUnsafeMutableBytes(of: &page) { target in
                tl_copy_words(target.baseAddress, source, Int(self.layout.realm_size_bytes))
            }
            return RealmPage(page)
        }
    }

    /// The local media addresses; those of a realm that does not exist are left out.
    public var addresses: [AddressPage] {
        (0..<Int(self.layout.addresses.count)).compactMap { index in
            var page = tl_address_page()
            let source = self.element(self.layout.addresses, index)
            withUnsafeMutableBytes(of: &page) { target in
                tl_copy_words(target.baseAddress, source, Int(self.layout.address_size_bytes))
            }
            guard page.realm_index < self.layout.realms.count else { return nil }
            return AddressPage(
                index: AddressIndex(UInt16(clamping: index)), address: loadAddress(page.address),
                realm: page.realm_index)
        }
    }

    /// An element of a section; `index` is below its count.
    func element(_ section: tl_section, _ index: Int) -> UnsafeRawPointer {
        UnsafeRawPointer(self.map.base)
            + Int(section.offset_bytes) + index * Int(section.stride_bytes)
    }
}

/// Ends the process with exit code 70 and one line when the mapped file of the fast path is cut
/// short, instead of a crash. Once, early.
public func guardSharedFiles() {
    tl_file_guard_fastpath()
}
