// SPDX-License-Identifier: Apache-2.0

import CallControl
import Configuration

extension Settings {
    /// How a trunk's targets are tried.
    static func search(_ failover: NodeConfiguration.Failover) -> SearchPolicy {
        var policy = SearchPolicy()
        policy.codes = Set(failover.codes.map { UInt16(clamping: $0) })
        policy.silenceMilliseconds = UInt32(clamping: failover.silenceMilliseconds)
        policy.deadlineMilliseconds = UInt32(clamping: failover.deadlineMilliseconds)
        return policy
    }
}
