// SPDX-License-Identifier: Apache-2.0

import CFlowABI

/// The reading end of an event ring. Each event is copied out before it is looked at; slots go back
/// to the worker with `release`, many in one store. When the fast path dies what was not read is
/// lost with the ring; the comparison with the records finds what it said.
public struct EventConsumer: ~Copyable {
    private let ring: RingEnd
    private var position: UInt32
    private var released: UInt32
    private var offered: UInt32

    init(_ ring: RingEnd) {
        self.ring = ring
        self.position = ring.fastPath.geometry.cursorStart
        self.released = self.position
        self.offered = 0
    }

    /// The next event; nil when there is none.
    public mutating func next() throws(RingFault) -> FlowEvent? {
        if self.offered == 0 {
            self.offered = try self.ring.offered(consumed: self.position)
            if self.offered == 0 { return nil }
        }
        var event = tl_event()
        var layout = self.ring.fastPath.layout
        withUnsafePointer(to: self.ring.fastPath.map) { map in
            tl_event_read(map, &layout, UInt64(self.ring.slot(self.position)), &event)
        }
        self.position &+= 1
        self.offered &-= 1
        return FlowEvent(event)
    }

    /// Gives the slots of what was read back.
    public mutating func release() {
        guard self.released != self.position else { return }
        self.released = self.position
        self.ring.publish(self.position)
    }
}
