// SPDX-License-Identifier: Apache-2.0

/// What the engine counts; free-running.
public struct EngineCounters: Sendable, Equatable {
    /// Calls let in.
    public var callsAdmitted: UInt64 = 0
    /// Calls answered.
    public var callsAnswered: UInt64 = 0
    /// Calls that ended, answered or not.
    public var callsEnded: UInt64 = 0
    /// Requests from addresses that belong to no trunk.
    public var unknownSources: UInt64 = 0
    /// Calls without a route.
    public var noRoutes: UInt64 = 0
    /// Calls refused because the node is full or draining, or the trunk is draining.
    public var refusedTemporarily: UInt64 = 0
    /// Calls refused because a trunk is full.
    public var refusedByTrunkLimit: UInt64 = 0
    /// Calls refused because a realm has no media port left.
    public var refusedNoPort: UInt64 = 0
    /// Offers without a codec that both trunks allow, or that cannot be anchored.
    public var notAcceptable: UInt64 = 0
    /// Of these, offers and answers without keys that the trunk's policy takes.
    public var securityMismatches: UInt64 = 0
    /// DTLS handshakes whose keys were taken.
    public var handshakes: UInt64 = 0
    /// Calls ended because a DTLS handshake failed.
    public var handshakesFailed: UInt64 = 0
    /// What came of DTLS handshakes that signalling had overtaken.
    public var handshakesStale: UInt64 = 0
    /// Re-INVITEs of our own, for keys that could not be used any more.
    public var rekeys: UInt64 = 0
    /// REFERs that were taken up.
    public var transfersBegun: UInt64 = 0
    /// REFERs that were passed on.
    public var transfersPassed: UInt64 = 0
    /// Transfers that were made: a leg was replaced.
    public var transfersDone: UInt64 = 0
    /// Transfers that came to nothing.
    public var transfersFailed: UInt64 = 0
    /// REFERs that were not taken up.
    public var transfersRefused: UInt64 = 0
    /// Of these, those of a call that had been transferred too often.
    public var transferChains: UInt64 = 0
    /// INVITEs with Replaces that took over a leg.
    public var replacements: UInt64 = 0
    /// NOTIFY that passed to the other side.
    public var eventsPassed: UInt64 = 0
    /// NOTIFY and SUBSCRIBE that were refused.
    public var eventsRefused: UInt64 = 0
    /// Re-INVITEs of our own, after a transfer.
    public var alignments: UInt64 = 0
    /// Requests whose Max-Forwards ran out.
    public var tooManyHops: UInt64 = 0
    /// Requests with a method that is not served, or not served there.
    public var methodsRefused: UInt64 = 0
    /// Requests inside dialogs that do not exist.
    public var unknownDialogs: UInt64 = 0
    /// Re-INVITEs that met another one.
    public var glares: UInt64 = 0
    /// Branches of a fork above the limit, whose responses were not passed on.
    public var forksIgnored: UInt64 = 0
    /// Answers from a second branch of a fork, ended at once.
    public var extraAnswers: UInt64 = 0
    /// Answers whose ACK never came.
    public var acknowledgementsMissing: UInt64 = 0
    /// Responses and ACKs that belong to nothing.
    public var strays: UInt64 = 0
    /// Calls ended because media stopped.
    public var mediaTimeouts: UInt64 = 0
    /// Calls taken over from checkpoints.
    public var callsRestored: UInt64 = 0

    /// All zero.
    public init() {}
}
