// SPDX-License-Identifier: Apache-2.0

import SIPDialog
import SIPMessage

/// A dialog that another one is to replace: the value of Replaces (RFC 3891 section 6.1), as it
/// stands in an INVITE or, escaped, in the URI of Refer-To.
struct ReplacedDialog: Hashable {
    let callID: [UInt8]
    /// Tag of who is to get the INVITE.
    let toTag: [UInt8]
    /// Tag of the other end.
    let fromTag: [UInt8]
    /// Only an early dialog may be replaced.
    let isEarlyOnly: Bool

    /// From the value of the header field; nil if it is none.
    init?(value: ArraySlice<UInt8>) {
        guard let parsed = try? TokenValue(value),
            let to = parsed.parameters.value("to-tag"),
            let from = parsed.parameters.value("from-tag"), !to.isEmpty, !from.isEmpty
        else { return nil }
        self.callID = Array(parsed.token)
        self.toTag = Array(to)
        self.fromTag = Array(from)
        self.isEarlyOnly = parsed.parameters.has("early-only")
    }

    /// The value of the header field.
    var bytes: [UInt8] {
        self.callID + Array(";to-tag=".utf8) + self.toTag + Array(";from-tag=".utf8) + self.fromTag
            + (self.isEarlyOnly ? Array(";early-only".utf8) : [])
    }

    /// The dialog as who gets the INVITE has it. A tag of zero stands for none (RFC 3891
    /// section 3): a peer of RFC 2543.
    var receiving: DialogKey {
        DialogKey(callID: self.callID, localTag: self.toTag, remoteTag: Self.tag(self.fromTag))
    }

    /// The dialog as its other end has it.
    var sending: DialogKey {
        DialogKey(callID: self.callID, localTag: self.fromTag, remoteTag: Self.tag(self.toTag))
    }

    private static func tag(_ tag: [UInt8]) -> [UInt8] { tag == [UInt8(ascii: "0")] ? [] : tag }
}
