// SPDX-License-Identifier: Apache-2.0

import SIPTransaction

/// Messages on their way out, in order. A message leaves only when the fast path has answered the
/// commands that were written up to the end of its turn: who reads a 200 finds the media open. A
/// fast path that does not answer delays messages by `holdMilliseconds`, and no longer.
struct Outbox {
    /// One message.
    struct Message {
        let bytes: [UInt8]
        let hop: Hop
        /// The transaction to tell when it cannot be sent.
        let owner: TransactionID?
        /// How many commands have to be settled before it leaves; nil during its turn.
        fileprivate var commands: UInt64?
        fileprivate var deadlineMs: UInt64 = 0

        init(bytes: [UInt8], hop: Hop, owner: TransactionID?) {
            self.bytes = bytes
            self.hop = hop
            self.owner = owner
        }
    }

    /// The worker answers in well under a millisecond when it is awake.
    static let holdMilliseconds: UInt64 = 20

    private var messages: [Message] = []
    private var head = 0
    private var unmarked = 0

    /// Messages that wait.
    var count: Int { self.messages.count - self.head }

    /// Adds a message of this turn.
    mutating func append(_ message: Message) { self.messages.append(message) }

    /// The turn is over, and so many commands have been written up to now.
    mutating func hold(until commands: UInt64, nowMs: UInt64) {
        for position in max(self.unmarked, self.head)..<self.messages.count {
            self.messages[position].commands = commands
            self.messages[position].deadlineMs = nowMs &+ Self.holdMilliseconds
        }
        self.unmarked = self.messages.count
    }

    /// The next message that may leave; `settled` of all commands are answered or lost.
    mutating func next(settled: UInt64, nowMs: UInt64) -> Message? {
        guard self.head < self.messages.count else {
            self.messages.removeAll(keepingCapacity: true)
            self.head = 0
            self.unmarked = 0
            return nil
        }
        let message = self.messages[self.head]
        if let commands = message.commands, settled < commands, nowMs < message.deadlineMs {
            return nil
        }
        self.head += 1
        if self.head >= 1024, self.head * 2 >= self.messages.count {
            self.messages.removeFirst(self.head)
            self.unmarked = max(self.unmarked - self.head, 0)
            self.head = 0
        }
        return message
    }
}
