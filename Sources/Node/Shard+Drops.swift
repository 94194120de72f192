// SPDX-License-Identifier: Apache-2.0

import CallControl
import FlowABI
import FlowProgramming
import SIPTransport

// Which legs lose packets, and why: for the journal.
extension Shard {
    /// Between two looks, each at a part of all flows; as many are a round.
    static let dropsLookMilliseconds: UInt64 = 1000

    /// One look. With the last of a round its lines are written.
    func lookAtDrops() {
        let part = self.dropsPart
        for drops in self.programmer.takeDrops(part: part, of: DropReport.seconds) {
            let leg = Self.leg(drops.session, drops.leg)
            self.dropReport.add(leg.call, leg.side, drops.counts)
        }
        self.dropsPart = (part + 1) % DropReport.seconds
        if self.dropsPart == 0 {
            let ofNoCall = self.programmer.takeDropsOfNoFlow()
            for line in self.dropReport.finish(ofNoCall: ofNoCall) {
                Log.line("trunkline: \(line)")
            }
        }
        self.timers?.start(.drops, milliseconds: Self.dropsLookMilliseconds)
    }
}
