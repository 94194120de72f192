// SPDX-License-Identifier: Apache-2.0

import CFlowABI

/// The writing end of a command ring. A slot is filled, published with others in one store, read by
/// the worker, and wiped here when its answer came. Commands are answered in their order. A ring
/// without room is back-pressure: `write` returns nil and the caller keeps its command. When the
/// fast path dies the ring is lost with its commands; `wipe` clears what it held.
public struct CommandProducer: ~Copyable {
    private let ring: RingEnd
    /// The next slot to fill.
    private var position: UInt32
    /// The slot of the oldest command without an answer.
    private var unanswered: UInt32
    /// Slots before this are published.
    private var published: UInt32
    /// The worker's cursor as last seen.
    private var room: UInt32
    /// The worker's last sleep that was rung for.
    private var rung: UInt32

    init(_ ring: RingEnd) {
        self.ring = ring
        self.position = ring.fastPath.geometry.cursorStart
        self.unanswered = self.position
        self.published = self.position
        self.room = 0
        self.rung = 0
    }

    /// How many commands wait for their answers.
    public var inFlight: UInt32 { self.position &- self.unanswered }

    /// Puts a command into the ring, without publishing it. The sequence number that its answer
    /// will carry; nil when there is no room.
    public mutating func write(_ command: FlowCommand) throws(RingFault) -> UInt32? {
        // Answered slots are free for us only when the worker's cursor has passed them too.
        guard self.inFlight < self.ring.slots else { return nil }
        if self.room == 0 {
            self.room = try self.ring.room(produced: self.position)
            if self.room == 0 { return nil }
        }
        let sequence = self.position
        let file = self.ring.control
        file.element(file.layout.commands, self.ring.slot(self.position))
            .storeBytes(of: command.shared(sequence: sequence), as: tl_command.self)
        self.position &+= 1
        self.room &-= 1
        return sequence
    }

    /// Lets the worker see what was written, and wakes it when it sleeps for long. A system call
    /// then only.
    public mutating func publish() {
        guard self.published != self.position else { return }
        self.published = self.position
        self.ring.publish(self.position)
        self.ring.wake(rung: &self.rung)
    }

    /// Wipes the slot of an answered command; the answer must be that to the oldest one.
    public mutating func answered(_ sequence: UInt32) throws(RingFault) {
        guard self.unanswered != self.published, sequence == self.unanswered else {
            throw .answer(sequence: sequence)
        }
        self.wipe(self.unanswered)
        self.unanswered &+= 1
    }

    /// Wipes what is not answered, for a ring that is given up.
    public mutating func wipe() {
        while self.unanswered != self.position {
            self.wipe(self.unanswered)
            self.unanswered &+= 1
        }
    }

    private func wipe(_ position: UInt32) {
        let file = self.ring.control
        file.element(file.layout.commands, self.ring.slot(position))
            .initializeMemory(
                as: UInt8.self, repeating: 0, count: Int(file.layout.commands.stride_bytes))
    }
}
