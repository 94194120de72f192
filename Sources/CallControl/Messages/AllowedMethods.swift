// SPDX-License-Identifier: Apache-2.0

import SIPTransaction

/// The value of Allow: what the box serves, for each trunk by its policies. Peers choose by it how
/// they go about things: Microsoft Teams sends REFER where it is listed, and else calls the new
/// party itself.
enum AllowedMethods {
    private static let always = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, NOTIFY"
    private static let plain = Array(always.utf8)
    private static let withRefer = Array((always + ", REFER").utf8)

    /// For a trunk; nil: one that nobody knows.
    static func value(_ trunk: TrunkSettings?) -> [UInt8] {
        trunk?.transfer.refer ?? .refuse == .refuse ? self.plain : self.withRefer
    }
}

extension CallConfiguration {
    /// The trunk that a request comes from: by listener and source address. One whose own listener
    /// it is comes before one that shares the listener's address.
    func trunk(from source: Hop) -> Int? {
        self.trunks.firstIndex { $0.listener == source.listener && $0.owns(source) }
            ?? self.trunks.firstIndex { $0.owns(source) }
    }
}
