// SPDX-License-Identifier: Apache-2.0

import SIPMessage

/// Makes the branches of our Vias: `z9hG4bK`, what tells the transaction, a dot, and what tells a
/// loop (RFC 3261 section 16.6, 8).
///
/// Nothing in a branch is left to chance: a request that comes again after a restart leaves with
/// the branch that it left with before, so that the next hop knows it, and a CANCEL without state
/// ends the INVITE that was sent before.
struct ProxyBranch {
    private static let cookie = Array("z9hG4bK".utf8)
    private let key: UInt64

    init(key: UInt64) { self.key = key }

    /// The branch of a request that leaves for the first place that it can go to, or for a further
    /// one. The same for a CANCEL as for its INVITE.
    func branch(_ request: SIPMessage, attempt: Int = 0) -> [UInt8] {
        var low = Hash(self.key)
        var high = Hash(self.key ^ 0x5851_f42d_4c95_7f2d)
        if let via = try? request.topVia() {
            let port = ASCII.digits(via.port ?? 0)
            for part in [Array(via.branch ?? via.bytes), via.host.bytes.map(ASCII.lowered), port] {
                low.add(part)
                high.add(part)
            }
        }
        for part in Self.identity(request) + [ASCII.digits(UInt32(clamping: attempt))] {
            low.add(part)
            high.add(part)
        }
        return Self.cookie + low.hexadecimal + high.hexadecimal + self.mark(request)
    }

    /// The request has been through here, and asks for the same way again.
    func isLoop(_ request: SIPMessage, at identity: ProxyIdentity) -> Bool {
        let mark = self.mark(request)
        return request.all(.via).contains { value in
            guard let via = try? Via(value), identity.isOwn(via), let branch = via.branch else {
                return false
            }
            return branch.count > mark.count && branch.suffix(mark.count).elementsEqual(mark)
        }
    }

    /// What decides where a request goes. An IMS core sends one request for the caller and again
    /// for the callee, with another Route: that is no loop. All of this stands in a CANCEL too.
    private func mark(_ request: SIPMessage) -> [UInt8] {
        var hash = Hash(self.key)
        hash.add(request.requestURI)
        for route in request.all(.route) { hash.add(route) }
        for part in Self.identity(request) { hash.add(part) }
        return [UInt8(ascii: ".")] + hash.hexadecimal.suffix(8)
    }

    /// Call-ID, tags and CSeq number.
    private static func identity(_ request: SIPMessage) -> [[UInt8]] {
        [
            Array((try? request.callID()) ?? []), Array((try? request.from())?.tag ?? []),
            Array((try? request.to())?.tag ?? []),
            ASCII.digits((try? request.cseq())?.number ?? 0),
        ]
    }

    /// FNV-1a, stirred at the end.
    private struct Hash {
        private var value: UInt64

        init(_ key: UInt64) { self.value = key ^ 0xcbf2_9ce4_8422_2325 }

        mutating func add(_ bytes: some Sequence<UInt8>) {
            for byte in bytes { self.value = (self.value ^ UInt64(byte)) &* 0x100_0000_01b3 }
            // The end of a part, which no octet is.
            self.value = (self.value ^ 0x100) &* 0x100_0000_01b3
        }

        var hexadecimal: [UInt8] {
            var hash = (self.value ^ self.value >> 32) &* 0x9e37_79b9_7f4a_7c15
            hash ^= hash >> 29
            return stride(from: 60, through: 0, by: -4).map { shift in
                let digit = UInt8(truncatingIfNeeded: hash >> UInt64(shift) & 0xf)
                return digit < 10 ? 0x30 + digit : 0x57 + digit
            }
        }
    }
}
