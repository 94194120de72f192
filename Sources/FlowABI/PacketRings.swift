// SPDX-License-Identifier: Apache-2.0

import CFlowABI
public import NetworkAddress

/// A packet that belongs to the control plane: a DTLS record of a flow.
public struct DeliveredPacket: Sendable, Hashable {
    /// The flow at which it arrived.
    public let flow: FlowID
    /// Its source.
    public let source: SocketAddress
    /// When it arrived, CLOCK_MONOTONIC.
    public let timeNs: UInt64
    /// Its UDP payload.
    public let payload: [UInt8]
}

/// The reading end of a packet ring. A full one loses packets (`control_ring_full`).
public struct PacketConsumer: ~Copyable {
    private let ring: RingEnd
    private var position: UInt32
    private var released: UInt32
    private var offered: UInt32
    /// Packets whose length cannot be true; they are left out.
    public private(set) var malformed: UInt64

    init(_ ring: RingEnd) {
        self.ring = ring
        self.position = ring.fastPath.geometry.cursorStart
        self.released = self.position
        self.offered = 0
        self.malformed = 0
    }

    /// The next packet; nil when there is none.
    public mutating func next() throws(RingFault) -> DeliveredPacket? {
        var slot = tl_packet_slot()
        var layout = self.ring.fastPath.layout
        while true {
            if self.offered == 0 {
                self.offered = try self.ring.offered(consumed: self.position)
                if self.offered == 0 { return nil }
            }
            let index = UInt64(self.ring.slot(self.position))
            self.position &+= 1
            self.offered &-= 1
            let good = withUnsafePointer(to: self.ring.fastPath.map) { map in
                tl_packet_read(map, &layout, index, &slot)
            }
            if good == 1 { return self.packet(slot) }
            self.malformed &+= 1
        }
    }

    /// Gives the slots of what was read back.
    public mutating func release() {
        guard self.released != self.position else { return }
        self.released = self.position
        self.ring.publish(self.position)
    }

    /// Gives back the slots of all packets that wait, unread; how many those were.
    public mutating func discard() throws(RingFault) -> UInt32 {
        self.offered = try self.ring.offered(consumed: self.position)
        defer { self.offered = 0 }
        self.position &+= self.offered
        self.release()
        return self.offered
    }

    private func packet(_ slot: tl_packet_slot) -> DeliveredPacket {
        DeliveredPacket(
            flow: FlowID(
                index: FlowIndex(slot.flow_index), generation: Generation(slot.generation)),
            source: SocketAddress(address: loadAddress(slot.address), port: slot.port),
            timeNs: slot.time_ns,
            payload: withUnsafeBytes(of: slot.payload) {
                Array($0.prefix(Int(slot.payload_bytes)))
            })
    }
}

/// The writing end of an inject ring: packets that a worker sends to a flow's remote party.
public struct InjectProducer: ~Copyable {
    /// The largest payload, bytes.
    public static let payloadMax = Int(TL_PACKET_BYTES_MAX)

    private let ring: RingEnd
    private var position: UInt32

    init(_ ring: RingEnd) {
        self.ring = ring
        self.position = ring.fastPath.geometry.cursorStart
    }

    /// Hands a packet to the worker. False when there is no room, or when the payload is empty or
    /// above `payloadMax`.
    public mutating func send(_ payload: [UInt8], flow: FlowID) throws(RingFault) -> Bool {
        guard !payload.isEmpty, payload.count <= Self.payloadMax else { return false }
        guard try self.ring.room(produced: self.position) > 0 else { return false }
        var slot = tl_packet_slot()
        slot.size_bytes = UInt32(MemoryLayout<tl_packet_slot>.size - Self.payloadMax)
        slot.flow_index = flow.index.value
        slot.generation = flow.generation.value
        slot.payload_bytes = UInt32(payload.count)
        withUnsafeMutableBytes(of: &slot.payload) { $0.copyBytes(from: payload) }
        let file = self.ring.control
        file.element(file.layout.packets, self.ring.slot(self.position))
            .storeBytes(of: slot, as: tl_packet_slot.self)
        self.position &+= 1
        self.ring.publish(self.position)
        return true
    }
}
