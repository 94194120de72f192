// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// What other threads have to say to a loop: they post messages, the loop's thread receives them
/// in the order of the posts.
public final class LoopInbox<Message: Sendable>: Sendable {
    private final class Queue: Sendable {
        let messages = Mutex<[Message]>([])
    }

    private let queue = Queue()
    private let wake: LoopWake

    /// To be made on the loop's thread, on which `received` is called for each message. Nil where
    /// the system has no descriptor left.
    public init?(loop: EventLoop, received: @escaping (Message) -> Void) {
        let queue = self.queue
        let wake = LoopWake(loop: loop) {
            let messages = queue.messages.withLock { messages in
                defer { messages = [] }
                return messages
            }
            for message in messages { received(message) }
        }
        guard let wake else { return nil }
        self.wake = wake
    }

    /// Posts a message, on any thread. Without effect when the inbox is closed.
    public func post(_ message: Message) {
        self.queue.messages.withLock { $0.append(message) }
        self.wake.send()
    }

    /// Receives no more; on the loop's thread, before the loop is closed.
    public func close() { self.wake.close() }
}
