// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import Management

extension Shard {
    /// What the manipulation rules did, one object a rule.
    func ruleFigures() -> JSONValue {
        .array(
            self.core.rules.counts.map { count in
                [
                    "trunk": JSONValue(count.trunk.text),
                    "direction": .string(count.direction.rawValue), "rule": JSONValue(count.rule),
                    "applied": JSONValue(count.applied), "faults": JSONValue(count.faults),
                    "refused": JSONValue(count.refused),
                ]
            })
    }
}
