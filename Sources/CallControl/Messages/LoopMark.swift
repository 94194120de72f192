// SPDX-License-Identifier: Apache-2.0

import Admission
import SIPMessage

/// What tells an INVITE of ours that comes back unchanged from one that comes back to go elsewhere
/// (RFC 5393 section 4.2: a loop, and a spiral). Both legs' dialogs differ, so nothing but the
/// branch of our Via can say so: behind its random part stands a hash of what decides where the
/// call goes. Keyed: nobody else can make a branch that is taken for one of ours.
struct LoopMark: Sendable {
    /// Octets of the mark in a branch, the separator included.
    static let length = 9

    private let key: UInt64

    init(key: UInt64) { self.key = key }

    /// The mark of a call: trunk of origin, whom it asks for, and who asks.
    func mark(_ invite: SIPMessage, from trunk: TrunkSettings) -> [UInt8] {
        var hash = self.key
        self.mix(&hash, trunk.name.text.utf8)
        self.mix(&hash, AddressRewriter.user(of: invite.requestURI))
        self.mix(&hash, AddressRewriter.user(of: (try? invite.from())?.uri ?? []))
        hash = (hash ^ hash >> 32) &* 0x9e37_79b9_7f4a_7c15
        return [UInt8(ascii: ".")] + hexadecimal(hash ^ hash >> 29).suffix(Self.length - 1)
    }

    private func mix(_ hash: inout UInt64, _ bytes: some Sequence<UInt8>) {
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        // The end of a part, which no byte is.
        hash = (hash ^ 0x100) &* 0x100_0000_01b3
    }

    /// The INVITE has been through here on the same errand.
    func isLoop(_ invite: SIPMessage, _ mark: [UInt8]) -> Bool {
        invite.all(.via).contains { value in
            guard let branch = (try? Via(value))?.branch else { return false }
            return branch.count > mark.count && branch.suffix(mark.count).elementsEqual(mark)
        }
    }
}
