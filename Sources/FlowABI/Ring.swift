// SPDX-License-Identifier: Apache-2.0

import CFlowABI

/// Why a ring cannot be used any more.
public enum RingFault: Error, Sendable, Hashable {
    /// The fast path has another incarnation: reset and wait for the match.
    case peerRestarted
    /// The other end's cursor cannot be true.
    case cursor(RingName, producer: UInt32, consumer: UInt32)
    /// An answer to a command that was not the next one to be answered.
    case answer(sequence: UInt32)
}

/// Which of a channel's four rings.
public enum RingName: String, Sendable, Hashable {
    /// Commands to the worker.
    case commands
    /// Answers and notifications from it.
    case events
    /// Packets from it.
    case packets
    /// Packets for it to send.
    case inject
}

private let sleepOffset = MemoryLayout<tl_worker_page>.offset(of: \.sleep) ?? 0
private let doorbellOffset =
    MemoryLayout<tl_channel_control>.offset(of: \.command_producer.doorbell) ?? 0

/// One ring as its end on this side sees it: own cursor, the other's cursor, the slots. Holds both
/// files mapped. Written by this side: `own`, and slots of rings that it produces.
struct RingEnd {
    let control: ControlFile
    let fastPath: FastPathFile
    let name: RingName
    /// The fast path's incarnation for which the ring was reset.
    let incarnation: UInt64
    let slots: UInt32
    /// Of the slots' section, of slot zero of this ring.
    let firstSlot: Int
    private let own: UnsafeMutablePointer<UInt32>
    private let other: UnsafePointer<UInt32>
    private let sleep: UnsafePointer<UInt32>
    private let doorbell: UnsafeMutablePointer<UInt32>

    init(
        _ name: RingName, channel: Channel.Place, control: ControlFile, fastPath: FastPathFile,
        incarnation: UInt64
    ) {
        let geometry = fastPath.geometry
        self.name = name
        self.control = control
        self.fastPath = fastPath
        self.incarnation = incarnation
        let end: Int
        switch name {
        case .commands: (self.slots, end) = (geometry.commandSlots, 0)
        case .events: (self.slots, end) = (geometry.eventSlots, 1)
        case .packets: (self.slots, end) = (geometry.packetSlots, 2)
        case .inject: (self.slots, end) = (geometry.packetSlots, 3)
        }
        let number = Int(channel.number(in: geometry))
        self.firstSlot = number * Int(self.slots)
        // Both sides keep their ends of the four rings in the same order, a line each.
        let offset = end * MemoryLayout<tl_ring_end>.size
        self.own = (control.element(control.layout.channels, number) + offset)
            .assumingMemoryBound(to: UInt32.self)
        self.other = (fastPath.element(fastPath.layout.channels, number) + offset)
            .assumingMemoryBound(to: UInt32.self)
        // Words of the worker, the same for all shards (CFlowABI.h, WAKING).
        let worker = Int(channel.worker.value)
        self.sleep = (fastPath.element(fastPath.layout.workers, worker) + sleepOffset)
            .assumingMemoryBound(to: UInt32.self)
        self.doorbell = (control.element(control.layout.channels, worker) + doorbellOffset)
            .assumingMemoryBound(to: UInt32.self)
    }

    /// The other end's cursor (acquire), of the incarnation that this ring belongs to.
    func otherCursor() throws(RingFault) -> UInt32 {
        let cursor = tl_load_acquire_u32(self.other)
        guard self.fastPath.incarnation == self.incarnation else { throw .peerRestarted }
        return cursor
    }

    /// What a consumer here may take, checked.
    func offered(consumed: UInt32) throws(RingFault) -> UInt32 {
        let produced = try self.otherCursor()
        var fill: UInt32 = 0
        guard tl_ring_fill(produced, consumed, self.slots, &fill) == 1 else {
            throw .cursor(self.name, producer: produced, consumer: consumed)
        }
        return fill
    }

    /// How many slots a producer here may still fill, checked.
    func room(produced: UInt32) throws(RingFault) -> UInt32 {
        let consumed = try self.otherCursor()
        var fill: UInt32 = 0
        guard tl_ring_fill(produced, consumed, self.slots, &fill) == 1 else {
            throw .cursor(self.name, producer: produced, consumer: consumed)
        }
        return self.slots &- fill
    }

    /// Publishes this end's cursor (release).
    func publish(_ position: UInt32) { tl_store_release_u32(self.own, position) }

    /// Ends the worker's sleep, when it sleeps and `rung` is not this sleep already.
    func wake(rung: inout UInt32) { _ = tl_wake_worker(self.sleep, self.doorbell, &rung) }

    /// The section's index of the slot for a position. Slot counts are powers of two, so that
    /// positions may wrap.
    func slot(_ position: UInt32) -> Int { self.firstSlot + Int(position & (self.slots &- 1)) }
}

/// The rings between one shard and one worker, for one match of incarnations. Used by the shard's
/// thread alone.
public final class Channel {
    /// Which channel.
    public struct Place: Sendable, Hashable {
        /// The shard.
        public let shard: ShardIndex
        /// The worker.
        public let worker: WorkerIndex
        /// From its parts.
        public init(shard: ShardIndex, worker: WorkerIndex) {
            self.shard = shard
            self.worker = worker
        }

        func number(in geometry: Geometry) -> UInt32 {
            self.shard.value * geometry.workers + self.worker.value
        }
    }

    /// Commands to the worker.
    public var commands: CommandProducer
    /// Answers and notifications from the worker.
    public var events: EventConsumer
    /// Packets from the worker.
    public var packets: PacketConsumer
    /// Packets for the worker to send.
    public var inject: InjectProducer

    /// The channel at a place; nil when the files have no such place. Both files are reset for
    /// `incarnation` of the fast path, and have the same geometry.
    public init?(
        _ place: Place, control: ControlFile, fastPath: FastPathFile, incarnation: UInt64
    ) {
        let geometry = fastPath.geometry
        guard control.geometry == geometry, place.shard.value < geometry.shards,
            place.worker.value < geometry.workers
        else { return nil }
        func end(_ name: RingName) -> RingEnd {
            RingEnd(
                name, channel: place, control: control, fastPath: fastPath,
                incarnation: incarnation)
        }
        self.commands = CommandProducer(end(.commands))
        self.events = EventConsumer(end(.events))
        self.packets = PacketConsumer(end(.packets))
        self.inject = InjectProducer(end(.inject))
    }
}
