// SPDX-License-Identifier: Apache-2.0

/// What a record says of a call beside what signalling knows.
public struct CallDetails: Sendable, Equatable {
    /// Whose call it is; nil: nobody said.
    public var tenant: String?
    /// First label of the tenant's derived trunk; nil: its service knows none.
    public var derivedTrunk: String?
    /// The row of the screening table that let the caller's number through, or refused it; nil: it
    /// was not screened.
    public var screening: String?
    /// DTMF digits are written as x.
    public var hidesDigits = true
    /// Of the caller's leg.
    public var a = LegDetails()
    /// Of the callee's leg.
    public var b = LegDetails()

    /// Nothing is known.
    public init() {}
}

/// The same of one leg.
public struct LegDetails: Sendable, Equatable {
    /// Profile of its trunk; nil: it has none.
    public var profile: String?
    /// Its media; nil: it had no flow, or the fast path was away.
    public var quality: MediaQuality?

    /// Nothing is known.
    public init() {}
}

/// What the fast path counted on one leg, by the names that `trunkline call` has for it.
public struct MediaQuality: Sendable, Equatable {
    /// RTP packets accepted from the party.
    public var packetsIn: UInt64 = 0
    /// RTP packets relayed to the party.
    public var packetsOut: UInt64 = 0
    /// Packets from or to the party that were dropped.
    public var drops: UInt64 = 0
    /// RTCP packets from the party.
    public var rtcpIn: UInt64 = 0
    /// RTCP packets to the party.
    public var rtcpOut: UInt64 = 0
    /// Packets of the party that did not come; below 0 where some came twice.
    public var lost: Int32 = 0
    /// Interarrival jitter of what came, microseconds.
    public var jitterUs: UInt32 = 0
    /// Opinion score of what came, hundredths; nil: not known for the codec.
    public var mosIn: UInt16?
    /// What of ours the party missed, as it reported.
    public var remoteLost: Int32 = 0
    /// Jitter of our stream as the party reported it, microseconds.
    public var remoteJitterUs: UInt32 = 0
    /// Opinion score of what we sent, hundredths; nil: the party did not report.
    public var mosOut: UInt16?
    /// Round trip to the party, microseconds; 0: not known.
    public var roundTripUs: UInt32 = 0

    /// All zero.
    public init() {}
}
