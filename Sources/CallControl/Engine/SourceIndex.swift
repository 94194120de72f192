// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPTransaction

/// Finds the trunk of a source: one look-up for each length of a block that is configured, however
/// many trunks there are.
struct SourceIndex: Sendable {
    private struct Key: Hashable {
        let listener: ListenerIndex
        let prefix: AddressPrefix
    }

    /// Of a source at a listener: the trunk whose own listener it is, else the first that takes
    /// requests there.
    private var own: [Key: Int] = [:]
    private var other: [Key: Int] = [:]
    /// Lengths in use, by family.
    private var lengths: (v4: [Int], v6: [Int]) = ([], [])

    init(_ trunks: [TrunkSettings]) {
        var v4: Set<Int> = []
        var v6: Set<Int> = []
        for (position, trunk) in trunks.enumerated() {
            for source in trunk.sources {
                if source.address.isIPv4 { v4.insert(source.bits) } else { v6.insert(source.bits) }
                for listener in trunk.listeners {
                    let key = Key(listener: listener, prefix: source)
                    if listener == trunk.listener, self.own[key] == nil {
                        self.own[key] = position
                    } else if self.other[key] == nil {
                        self.other[key] = position
                    }
                }
            }
        }
        self.lengths = (v4.sorted(by: >), v6.sorted(by: >))
    }

    /// The position of a source's trunk. Of several the first one, as they are configured.
    func trunk(at listener: ListenerIndex, from address: IPAddress) -> Int? {
        let lengths = address.isIPv4 ? self.lengths.v4 : self.lengths.v6
        var own: Int?
        var other: Int?
        for bits in lengths {
            let key = Key(listener: listener, prefix: AddressPrefix(of: address, bits: bits))
            if let position = self.own[key] { own = min(own ?? position, position) }
            if let position = self.other[key] { other = min(other ?? position, position) }
        }
        return own ?? other
    }
}
