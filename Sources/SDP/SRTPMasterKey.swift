// SPDX-License-Identifier: Apache-2.0

/// The master key of one direction, as its sender uses it (RFC 3711 section 3.2.1).
public struct SRTPMasterKey: Sendable, Hashable, CustomStringConvertible {
    /// What it is for.
    public var suite: SRTPSuite
    /// `suite.keyBytes` bytes.
    public var key: [UInt8]
    /// `suite.saltBytes` bytes.
    public var salt: [UInt8]
    /// Master key identifier as it stands in the sender's packets, at most 8 bytes; empty: none.
    public var mki: [UInt8]
    /// The sender does not encrypt its SRTCP; authenticated it always is.
    public var plainSRTCP: Bool

    /// Longest master key identifier that is taken; the fast path has no room for a longer one.
    public static let longestMKI = 8

    /// From key and salt one after the other; nil if their length is not the suite's, or the key
    /// is zero, which no generator makes.
    public init?(
        suite: SRTPSuite, master: some Collection<UInt8>, mki: [UInt8] = [],
        plainSRTCP: Bool = false
    ) {
        guard master.count == suite.keyBytes + suite.saltBytes, mki.count <= Self.longestMKI
        else { return nil }
        self.suite = suite
        self.key = Array(master.prefix(suite.keyBytes))
        self.salt = Array(master.dropFirst(suite.keyBytes))
        self.mki = mki
        self.plainSRTCP = plainSRTCP
        guard self.key.contains(where: { $0 != 0 }) else { return nil }
    }

    /// The suite alone: keys do not get into logs.
    public var description: String { self.suite.name.description }
}
