// SPDX-License-Identifier: Apache-2.0

/// The state of a dialog at one end (RFC 3261 section 12). It has no timers and sends nothing; its
/// owner drops it when it is over.
public struct Dialog: Sendable, Hashable {
    /// How far the dialog is.
    public enum State: UInt8, Sendable {
        /// Made by a provisional response.
        case early = 0
        /// Made or confirmed by a 2xx.
        case confirmed = 1
    }

    /// Which end of the first transaction we are; it never changes.
    public enum Role: UInt8, Sendable {
        /// We sent the request that made the dialog.
        case client = 0
        /// We answered it.
        case server = 1
    }

    /// The most entries of a route set; each proxy on the way adds one or two.
    public static let routeLimit = 32
    /// Sequence numbers end here (RFC 3261 section 8.1.1.5).
    public static let sequenceLimit: UInt32 = 1 << 31 - 1

    /// Call-ID and tags.
    public let key: DialogKey
    /// Which end we are.
    public let role: Role
    /// True when the first request came or went over TLS to a sips URI.
    public let isSecure: Bool
    /// The value of From in our requests, with tag.
    public let localParty: [UInt8]
    /// The value of To in our requests, with tag.
    public let remoteParty: [UInt8]
    /// How far the dialog is.
    public internal(set) var state: State
    /// The URI of the peer's Contact.
    public internal(set) var remoteTarget: [UInt8]
    /// Route values in the order of our requests, angle brackets included.
    public internal(set) var routeSet: [[UInt8]]
    /// The CSeq number of our last request; nil before the first.
    public internal(set) var localSequence: UInt32?
    /// The CSeq number of the peer's last request; nil before the first.
    public internal(set) var remoteSequence: UInt32?

    init(
        key: DialogKey, role: Role, isSecure: Bool, parties: (local: [UInt8], remote: [UInt8]),
        state: State, remoteTarget: [UInt8], routeSet: [[UInt8]],
        sequences: (local: UInt32?, remote: UInt32?)
    ) {
        self.key = key
        self.role = role
        self.isSecure = isSecure
        self.localParty = parties.local
        self.remoteParty = parties.remote
        self.state = state
        self.remoteTarget = remoteTarget
        self.routeSet = routeSet
        self.localSequence = sequences.local
        self.remoteSequence = sequences.remote
    }
}
