// SPDX-License-Identifier: Apache-2.0

import CallControl
import Configuration

extension TransferPolicy {
    /// As the file says it.
    init(_ trunk: TrunkTransfer) {
        self.init()
        self.refer =
            switch trunk.refer {
            case .local: .local
            case .pass: .pass
            case .refuse: .refuse
            }
        self.replaces =
            switch trunk.replaces {
            case .own: .own
            case .any: .any
            case .refuse: .refuse
            }
        self.sendsReplaces = trunk.sendsReplaces
        if trunk.events.contains(.telephoneEvent) { self.events.insert(.telephoneEvent) }
        if trunk.events.contains(.messageSummary) { self.events.insert(.messageSummary) }
    }
}
