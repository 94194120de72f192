// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import Management

extension Shard {
    /// Every registration, one object a trunk.
    func registrations() -> JSONValue {
        .array(
            self.core.registrationSummaries.map { summary in
                [
                    "trunk": JSONValue(summary.trunk.text), "state": JSONValue(summary.state),
                    "address": JSONValue(String(decoding: summary.address, as: UTF8.self)),
                    "registrar": JSONValue(summary.registrar),
                    "granted_seconds": JSONValue(summary.granted),
                    "failures": JSONValue(summary.failures),
                    "last_status": summary.lastStatus.map { JSONValue($0) } ?? .null,
                ]
            })
    }

    /// Registrations that are missing, one sentence each.
    func registrationConditions() -> [String] {
        self.core.registrationSummaries.filter { $0.state != "registered" && $0.failures > 0 }.map {
            let why = $0.lastStatus.map { $0 == 0 ? "no answer" : "\($0)" } ?? "no answer"
            return "trunk \($0.trunk.text) is not registered (\(why), tried \($0.failures) times)"
        }
    }
}
