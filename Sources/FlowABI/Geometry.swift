// SPDX-License-Identifier: Apache-2.0

import CFlowABI

/// What the two files are dimensioned for, checked.
public struct Geometry: Sendable, Hashable {
    /// Workers of the fast path.
    public let workers: UInt32
    /// Shards that the control plane may have.
    public let shards: UInt32
    /// Flow indexes of one worker.
    public let flowsPerWorker: UInt32
    /// Slots of each command ring.
    public let commandSlots: UInt32
    /// Slots of each event ring.
    public let eventSlots: UInt32
    /// Slots of each packet ring.
    public let packetSlots: UInt32
    /// Realms.
    public let realms: UInt32
    /// Local media addresses.
    public let addresses: UInt32
    /// Where ring cursors start.
    public let cursorStart: UInt32

    init(_ geometry: tl_geometry) {
        self.workers = geometry.worker_count
        self.shards = geometry.shard_count
        self.flowsPerWorker = geometry.flows_per_worker
        self.commandSlots = geometry.command_slots
        self.eventSlots = geometry.event_slots
        self.packetSlots = geometry.packet_slots
        self.realms = geometry.realm_count
        self.addresses = geometry.address_count
        self.cursorStart = geometry.cursor_start
    }

    var shared: tl_geometry {
        tl_geometry(
            worker_count: self.workers, shard_count: self.shards,
            flows_per_worker: self.flowsPerWorker, command_slots: self.commandSlots,
            event_slots: self.eventSlots, packet_slots: self.packetSlots,
            realm_count: self.realms, address_count: self.addresses,
            cursor_start: self.cursorStart)
    }

    /// How many flow indexes there are; at most 2^28.
    public var flows: UInt32 { self.workers * self.flowsPerWorker }

    /// The worker that a flow index belongs to.
    public func worker(of index: FlowIndex) -> WorkerIndex {
        WorkerIndex(index.value / self.flowsPerWorker)
    }

    /// The worker that a local media port belongs to.
    public func worker(ofPort port: UInt16) -> WorkerIndex {
        Self.worker(ofPort: port, of: self.workers)
    }

    /// The worker, among so many, that a local media port belongs to.
    public static func worker(ofPort port: UInt16, of workers: UInt32) -> WorkerIndex {
        WorkerIndex(UInt32(port) / TL_PORT_BLOCK % max(workers, 1))
    }
}
