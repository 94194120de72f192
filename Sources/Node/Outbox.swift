// SPDX-License-Identifier: Apache-2.0

import FlowProgramming
import SIPTransaction
import Trace

/// Messages on their way out. What an event led to leaves when the media that the event asked for
/// is what it shall be: who reads a 200 finds the media open. Messages that asked for none do not
/// wait; only those of one Call-ID stay in their order. A fast path that does not answer delays
/// messages, and keeps none.
struct Outbox {
    /// One message.
    struct Message {
        let bytes: [UInt8]
        let hop: Hop
        /// The transaction to tell when it cannot be sent.
        let owner: TransactionID?
        /// Whose media it waits for.
        fileprivate var sessions: [MediaSession] = []
        fileprivate var sinceMs: UInt64 = 0
        fileprivate var wasHeld = false

        init(bytes: [UInt8], hop: Hop, owner: TransactionID?) {
            self.bytes = bytes
            self.hop = hop
            self.owner = owner
        }
    }

    /// What the outbox counts.
    struct Counters: Equatable {
        /// Messages that waited for media.
        var held: UInt64 = 0
        /// Of those, the ones that left before it was there: it took too long, or too many waited.
        var unready: UInt64 = 0
    }

    /// How long a message waits for a fast path that lives. A worker answers in well under a
    /// millisecond, where it is let; the peer sends its request again after 500 ms.
    static let holdMilliseconds: UInt64 = 200
    /// For one whose heart stands still.
    static let deadHoldMilliseconds: UInt64 = 20
    /// Of more messages the oldest do not wait.
    static let waitingMax = 8192

    private(set) var counters = Counters()
    private var messages: [Message] = []
    /// Call-IDs of which a message stays, in one pass.
    private var staying: Set<[UInt8]> = []

    /// Messages that wait.
    var count: Int { self.messages.count }

    /// Adds a message that leaves at the end of the turn.
    mutating func append(_ message: Message) { self.messages.append(message) }

    /// The messages from this position on come of one event, which asked for the media of these
    /// sessions.
    mutating func hold(from position: Int, for sessions: [MediaSession], nowMs: UInt64) {
        for position in min(position, self.count)..<self.count {
            self.messages[position].sessions = sessions
            self.messages[position].sinceMs = nowMs
        }
    }

    /// Hands out what may leave, in order. `isServed`: the fast path lives; `isReady`: a session's
    /// media is what it shall be.
    mutating func release(
        nowMs: UInt64, isServed: Bool, isReady: (MediaSession) -> Bool, _ send: (Message) -> Void
    ) {
        let limitMs = isServed ? Self.holdMilliseconds : Self.deadHoldMilliseconds
        let surplus = self.count - Self.waitingMax
        var kept = 0
        self.staying.removeAll(keepingCapacity: true)
        for position in self.messages.indices {
            let isLate =
                position < surplus || nowMs &- self.messages[position].sinceMs >= limitMs
            if self.stays(position, isLate, isReady) {
                self.messages.swapAt(kept, position)
                kept += 1
            } else {
                send(self.messages[position])
            }
        }
        if kept == 0 {
            self.messages.removeAll(keepingCapacity: true)
        } else {
            self.messages.removeSubrange(kept...)
        }
    }

    private mutating func stays(
        _ position: Int, _ isLate: Bool, _ isReady: (MediaSession) -> Bool
    ) -> Bool {
        let message = self.messages[position]
        var waits = !message.sessions.allSatisfy(isReady)
        if waits, isLate {
            self.counters.unready &+= 1
            waits = false
        }
        guard waits || !self.staying.isEmpty else { return false }
        let call = CallIDScan.callID(of: message.bytes)
        guard waits else { return self.staying.contains(call) }
        self.staying.insert(call)
        if !message.wasHeld {
            self.messages[position].wasHeld = true
            self.counters.held &+= 1
        }
        return true
    }
}

/// When to look for answers that are awaited: soon at first, then less and less often.
struct AnswerPace {
    /// What a worker takes that sleeps between packets.
    static let firstMicroseconds: UInt64 = 60
    static let lastMicroseconds: UInt64 = 1000

    private var nextMicroseconds = Self.firstMicroseconds

    /// How long to wait from now.
    mutating func next() -> UInt64 {
        defer {
            self.nextMicroseconds = min(self.nextMicroseconds * 2, Self.lastMicroseconds)
        }
        return self.nextMicroseconds
    }

    /// There is something new to wait for.
    mutating func reset() { self.nextMicroseconds = Self.firstMicroseconds }
}
