// SPDX-License-Identifier: Apache-2.0

/// Reliable provisional responses on a trunk (RFC 3262). Each leg has its own: the other one never
/// sees an RSeq or a PRACK.
public enum ReliableProvisionalPolicy: UInt8, Sendable, Hashable, CaseIterable {
    /// None: who requires 100rel gets 420.
    case off = 0
    /// Callers that support it get their 18x reliably, callees may send theirs so.
    case supported = 1
    /// Callers without it get 421, callees are required to.
    case required = 2
}
