// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// What a party says in Allow that it takes, as far as it matters here. It is not in checkpoints:
/// after a restart nothing is known, and so everything is tried, as with a party that has no Allow.
struct PartyMethods: OptionSet {
    let rawValue: UInt8
    static let notify = PartyMethods(rawValue: 1)
    static let refer = PartyMethods(rawValue: 1 << 1)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    /// From a message; nil if it does not say.
    init?(_ message: SIPMessage) {
        guard let tokens = try? message.tokens(.allow), !tokens.isEmpty else { return nil }
        self = []
        if tokens.contains(where: { $0.elementsEqual("NOTIFY".utf8) }) { self.insert(.notify) }
        if tokens.contains(where: { $0.elementsEqual("REFER".utf8) }) { self.insert(.refer) }
    }
}

extension Leg {
    /// The party takes requests of this kind, or never said that it does not.
    func takes(_ method: PartyMethods) -> Bool { self.methods?.contains(method) ?? true }
}
