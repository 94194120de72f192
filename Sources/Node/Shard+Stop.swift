// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import Management
import SIPTransport
import Store

extension Shard {
    /// How often a stop looks whether the last call has ended.
    private static let lookMilliseconds: UInt64 = 100

    /// Takes no new calls; ends when the last call has ended, or after the deadline. A second time
    /// ends at once.
    func stop(after seconds: UInt64) {
        guard !self.isStopping else { return self.loop.stop() }
        self.isStopping = true
        self.core.engine.drainCalls()
        self.core.unregister()
        ServiceNotification().send("STOPPING=1\nSTATUS=draining")
        Log.line("trunkline: draining \(self.core.engine.callCount) calls for at most \(seconds) s")
        self.timers?.start(.stop, milliseconds: seconds * 1000)
        self.stopWhenEmpty()
    }

    private func stopWhenEmpty() {
        if self.core.engine.callCount == 0, self.core.hasLeft { return self.loop.stop() }
        self.loop.schedule(after: Self.lookMilliseconds) { [unowned self] in self.stopWhenEmpty() }
    }

    /// The end: checkpoints of calls in progress are written, sockets closed.
    func close() {
        self.store.commit()
        self.management.close()
        self.transport?.close()
        self.loop.close()
    }
}
