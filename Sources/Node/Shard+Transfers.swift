// SPDX-License-Identifier: Apache-2.0

import CallControl
import Management

// What became of REFER, Replaces and NOTIFY, for `trunkline status`.
extension Shard {
    /// Transfers since the start.
    func transferFigures() -> JSONValue {
        let counters = self.core.engine.counters
        return [
            "begun": JSONValue(counters.transfersBegun), "done": JSONValue(counters.transfersDone),
            "failed": JSONValue(counters.transfersFailed),
            "refused": JSONValue(counters.transfersRefused),
            "refused_chains": JSONValue(counters.transferChains),
            "passed": JSONValue(counters.transfersPassed),
            "replacements": JSONValue(counters.replacements),
            "reinvites": JSONValue(counters.alignments),
            "events_passed": JSONValue(counters.eventsPassed),
            "events_refused": JSONValue(counters.eventsRefused),
        ]
    }
}
