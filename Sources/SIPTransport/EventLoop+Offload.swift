// SPDX-License-Identifier: Apache-2.0

internal import CUV
internal import Synchronization

// What may block, as a disk may, is done beside the loop: on a thread of libuv's pool.
extension EventLoop {
    /// Runs `work` on another thread, and then `done` with what it gave on this one. Who wants one
    /// thing after another asks for the next in `done`. False if it cannot be had: then neither
    /// runs. `close` waits for what is under way.
    public func offload<Value: Sendable>(
        _ work: @escaping @Sendable () -> Value, then done: @escaping (Value) -> Void
    ) -> Bool {
        let result = Offloaded<Value>()
        let task = PoolTask(
            body: { result.value.withLock { $0 = work() } },
            after: { if let value = result.value.withLock({ $0 }) { done(value) } })
        return PoolRequest.queue(
            on: self.raw, owner: task,
            body: { PoolRequest.owner(of: $0, PoolTask.self)?.body() },
            after: { request, _ in
                PoolRequest.owner(of: request, PoolTask.self)?.after()
                PoolRequest.free(request)
            })
    }
}

/// What a thread of the pool leaves for the loop's.
private final class Offloaded<Value: Sendable>: Sendable {
    let value = Mutex<Value?>(nil)
}

/// Both halves of what is offloaded. `body` alone is touched by another thread.
private final class PoolTask {
    let body: @Sendable () -> Void
    let after: () -> Void

    init(body: @escaping @Sendable () -> Void, after: @escaping () -> Void) {
        self.body = body
        self.after = after
    }
}
