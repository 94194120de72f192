// SPDX-License-Identifier: Apache-2.0

/// Why nothing was agreed: for the Warning of a 488.
public struct SecurityMismatch: Sendable, Hashable {
    /// What the party named: suites, "DTLS-SRTP", "RTP"; at most 8, each at most 32 bytes of
    /// letters, digits and `_-/`.
    public var offered: [SDPText]
    /// How many others it named.
    public var offeredMore = 0
    /// What the trunk's policy allows, named likewise.
    public var allowed: [SDPText]

    init(offered: [SDPText], allowed: [SDPText]) {
        var names: [SDPText] = []
        for name in offered where Self.isName(name.bytes) && !names.contains(name) {
            if names.count < 8 { names.append(name) } else { self.offeredMore += 1 }
        }
        self.offered = names
        self.allowed = allowed
    }

    /// One sentence, safe inside a quoted string whatever the party wrote.
    public var text: String {
        let more = self.offeredMore == 0 ? "" : " and \(self.offeredMore) more"
        let lists =
            "offered \(Self.list(self.offered))\(more); allowed \(Self.list(self.allowed))"
        let isAmongThem = self.offered.contains { self.allowed.contains($0) }
        return isAmongThem ? lists + "; no offered key line or role can be used" : lists
    }

    private static func list(_ names: [SDPText]) -> String {
        guard let first = names.first else { return "nothing known" }
        return names.dropFirst().reduce(first.description) { "\($0), \($1)" }
    }

    private static func isName(_ bytes: ArraySlice<UInt8>) -> Bool {
        (1...32).contains(bytes.count)
            && bytes.allSatisfy {
                switch $0 {
                case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x5f, 0x2d, ASCII.slash: true
                default: false
                }
            }
    }
}
