// SPDX-License-Identifier: Apache-2.0

import CallControl
import Management

extension Shard {
    /// What happened inside dialogs, for the status.
    func dialogFigures() -> JSONValue {
        let counters = self.core.engine.counters
        return [
            "pracks_sent": JSONValue(counters.pracksSent),
            "pracks_missing": JSONValue(counters.pracksMissing),
            "reliable_ignored": JSONValue(counters.reliableIgnored),
            "provisionals_dropped": JSONValue(counters.provisionalsDropped),
            "extensions_refused": JSONValue(counters.extensionsRefused),
            "intervals_too_small": JSONValue(counters.intervalsTooSmall),
            "refreshes": JSONValue(counters.refreshes),
            "sessions_expired": JSONValue(counters.sessionsExpired),
            "probes": JSONValue(counters.probes), "glares": JSONValue(counters.glares),
        ]
    }
}
