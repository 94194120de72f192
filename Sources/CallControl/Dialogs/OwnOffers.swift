// SPDX-License-Identifier: Apache-2.0

/// Why the box sends a party an INVITE that the other one did not ask for.
enum OwnOffer: UInt8, Sendable, Hashable {
    /// For other keys.
    case keys = 0
    /// To refresh the session; nothing changes.
    case refresh = 1
    /// To ask whether the party still knows the call; nothing changes.
    case probe = 2
    /// The other party agreed to something else meanwhile.
    case align = 3
    /// A leg was replaced, and the party may have been told something else than the new one has.
    case join = 4
}

/// Those that wait for their turn. Keys are not among them: ``Leg/lostKey`` says that.
struct OwnOffers: OptionSet, Sendable, Hashable {
    let rawValue: UInt8
    static let refresh = OwnOffers(rawValue: 1)
    static let probe = OwnOffers(rawValue: 1 << 1)
    static let align = OwnOffers(rawValue: 1 << 2)
    static let all = OwnOffers(rawValue: 7)
}
