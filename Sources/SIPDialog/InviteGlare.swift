// SPDX-License-Identifier: Apache-2.0

/// Who may change a session now (RFC 3261 section 14, RFC 3311 section 5.2).
public struct InviteGlare: Sendable, Hashable {
    /// What a re-INVITE (or an UPDATE with an offer) of the peer gets.
    public enum Verdict: Sendable, Hashable {
        /// It may be answered.
        case accept
        /// Ours is under way: 491 Request Pending (RFC 3261 section 14.2).
        case requestPending
        /// Another one of the peer's is not answered yet: 500 with Retry-After, a random number
        /// of seconds from 0 to 10 (RFC 3261 section 14.2).
        case retryAfter
    }

    /// True while our own INVITE has no final response.
    public private(set) var isLocalPending = false
    /// True while the peer's INVITE has no final response.
    public private(set) var isRemotePending = false

    /// Nothing under way.
    public init() {}

    /// We want to send one; false when it has to wait (RFC 3261 section 14.1).
    public mutating func beginLocal() -> Bool {
        guard !self.isLocalPending, !self.isRemotePending else { return false }
        self.isLocalPending = true
        return true
    }

    /// Ours has its final response.
    public mutating func endLocal() { self.isLocalPending = false }

    /// The peer's came.
    public mutating func beginRemote() -> Verdict {
        if self.isRemotePending { return .retryAfter }
        if self.isLocalPending { return .requestPending }
        self.isRemotePending = true
        return .accept
    }

    /// The peer's has its final response.
    public mutating func endRemote() { self.isRemotePending = false }

    /// How long to wait after a 491 (RFC 3261 section 14.1): 2.1 to 4 s for the end that chose the
    /// Call-ID, else 0 to 2 s, in units of 10 ms. `random` is any number.
    public static func retryMilliseconds(ownsCallID: Bool, random: UInt32) -> UInt32 {
        ownsCallID ? 2100 + random % 191 * 10 : random % 201 * 10
    }
}
