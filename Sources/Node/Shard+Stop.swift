// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import Management
import SIPTransport
import Store

extension Shard {
    /// How often a stop looks whether the last call has ended.
    private static let lookMilliseconds: UInt64 = 100
    /// How long it waits for carriers that do not answer the last REGISTER.
    private static let leaveMilliseconds: UInt64 = 3_000

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
        self.stopWhenEmpty(waited: 0)
    }

    private func stopWhenEmpty(waited: UInt64) {
        let hasLeft = self.core.hasLeft || waited >= Self.leaveMilliseconds
        if self.core.engine.callCount == 0, hasLeft { return self.loop.stop() }
        self.loop.schedule(after: Self.lookMilliseconds) { [unowned self] in
            self.stopWhenEmpty(waited: waited + Self.lookMilliseconds)
        }
    }

    /// The end: checkpoints of calls in progress are written, sockets closed, and then what waits
    /// for the disk.
    func close() {
        self.commit()
        self.locator?.close()
        self.proxy?.close()
        self.closeTestCalls()
        self.management.close()
        self.closeStore()
        self.closeNameChecks()
        self.transport?.close()
        self.loop.close()
        self.records.finish()
        self.store.commit()
    }
}
