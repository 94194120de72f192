// SPDX-License-Identifier: Apache-2.0

/// The host of a derived trunk, taken apart: `acme.1r1.sbc.carrier.example` is the tenant `acme` at
/// the trunk `1r1.sbc.carrier.example`.
public struct DerivedName: Sendable, Hashable {
    /// The first label, as it stands.
    public let label: [UInt8]
    /// What follows its dot.
    public let trunk: [UInt8]

    /// From a host; nil where there is nothing beside the first label.
    public init?(_ host: some Collection<UInt8>) {
        guard let dot = host.firstIndex(of: 0x2e), dot != host.startIndex else { return nil }
        let rest = host[host.index(after: dot)...]
        guard !rest.isEmpty else { return nil }
        self.label = Array(host[..<dot])
        self.trunk = Array(rest)
    }
}
