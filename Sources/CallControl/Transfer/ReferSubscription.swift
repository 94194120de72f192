// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// What a REFER subscribes its sender to (RFC 3515 section 2.4.4): news of the call that it asked
/// for. It belongs to the leg, and goes with it. One NOTIFY at a time, since two could overtake
/// each other; what happens meanwhile waits, of several the last.
struct ReferSubscription {
    /// The `id` of its Event: CSeq number of the REFER; nil for the first one of a dialog, which
    /// needs none.
    let id: UInt32?
    /// How long it lasts, seconds.
    let seconds: UInt32
    /// A NOTIFY without an answer.
    var inFlight: RequestHandle?
    /// The status that was told last.
    var told = 0
    /// The status to be told next.
    var waiting: Int?

    init(id: UInt32?, seconds: UInt32) {
        self.id = id
        self.seconds = seconds
    }

    /// The last NOTIFY is on its way.
    var isEnding: Bool { self.told >= 200 }

    /// Value of Event.
    var event: [UInt8] {
        Array("refer".utf8) + (self.id.map { Array(";id=".utf8) + decimal($0) } ?? [])
    }

    /// Value of Subscription-State with this status.
    func state(_ status: Int) -> [UInt8] {
        guard status < 200 else { return Array("terminated;reason=noresource".utf8) }
        return Array("active;expires=".utf8) + decimal(self.seconds)
    }

    /// The body: a status line (RFC 3420).
    static func fragment(_ status: Int) -> [UInt8] {
        Array("SIP/2.0 \(status) \(StatusTable.phrase(status))\r\n".utf8)
    }

    /// Type of the body.
    static let contentType = "message/sipfrag;version=2.0"
}
