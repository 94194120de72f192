// SPDX-License-Identifier: Apache-2.0

/// What the engine counts; free-running.
public struct EngineCounters: Sendable, Equatable {
    /// Large requests sent over UDP after all, because TCP did not get there.
    public var fellBackToUDP: UInt64 = 0
    /// Calls let in.
    public var callsAdmitted: UInt64 = 0
    /// Test calls placed; they are among those let in.
    public var testCalls: UInt64 = 0
    /// Test calls that were asked for and not placed.
    public var testCallsRefused: UInt64 = 0
    /// Calls answered.
    public var callsAnswered: UInt64 = 0
    /// Calls that ended, answered or not.
    public var callsEnded: UInt64 = 0
    /// Requests from addresses that belong to no trunk.
    public var unknownSources: UInt64 = 0
    /// Calls without a route.
    public var noRoutes: UInt64 = 0
    /// Calls of a service to a host that is no tenant's, or that have to be a tenant's and are not.
    public var misrouted: UInt64 = 0
    /// Calls of tenants whose caller's number they may not show.
    public var screenedOut: UInt64 = 0
    /// Calls of tenants that were let through though nobody vouches for the caller's number.
    public var unverifiedCallers: UInt64 = 0
    /// Calls refused because the node is full or draining, or the trunk is draining.
    public var refusedTemporarily: UInt64 = 0
    /// Calls refused because a trunk is full.
    public var refusedByTrunkLimit: UInt64 = 0
    /// Calls refused because a realm has no media port left.
    public var refusedNoPort: UInt64 = 0
    /// Calls refused because no peer of the trunk takes any: all are down or drained.
    public var refusedNoPeer: UInt64 = 0
    /// OPTIONS of ours to peers.
    public var optionsSent: UInt64 = 0
    /// Those that got a final response.
    public var optionsAnswered: UInt64 = 0
    /// Those that got none, or could not be sent.
    public var optionsFailed: UInt64 = 0
    /// Changes of a peer's state.
    public var peerChanges: UInt64 = 0
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
    /// Digits of parties: reported by the fast path, or in messages.
    public var digitsTaken: UInt64 = 0
    /// Digits that went to parties in messages.
    public var digitsInMessages: UInt64 = 0
    /// Digits that were to go to a party, and did not.
    public var digitsUnsent: UInt64 = 0
    /// Messages with digits that were refused by the table.
    public var digitsRefused: UInt64 = 0
    /// Event packets in NOTIFY that told of a digit once more.
    public var digitsRepeated: UInt64 = 0
    /// Parties that get digits in another form than their trunk wants, or do not report theirs.
    public var digitFallbacks: UInt64 = 0
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
    /// INVITEs of new calls that went to another target than the first.
    public var targetsTried: UInt64 = 0
    /// New calls for which no target was found in time.
    public var searchesFailed: UInt64 = 0
    /// Requests that came back to this node on the errand that they had left it with.
    public var loops: UInt64 = 0
    /// Redirections that were followed.
    public var redirectsFollowed: UInt64 = 0
    /// Redirections that were passed to the caller.
    public var redirectsPassed: UInt64 = 0
    /// Redirections to be followed that led nowhere, or where the call had been.
    public var redirectsRefused: UInt64 = 0
    /// Emergency calls let in.
    public var emergencyCalls: UInt64 = 0
    /// Of them, those of trusted trunks that came when as many were exempt as may be.
    public var emergencyCapHits: UInt64 = 0
    /// Calls ended to make room for an emergency call.
    public var callsPreempted: UInt64 = 0
    /// Calls refused because as many began on the node in that second as may.
    public var refusedByRate: UInt64 = 0
    /// Calls refused because of a tenant's limit.
    public var refusedByTenantLimit: UInt64 = 0
    /// Calls refused because of the limit of one source.
    public var refusedBySourceLimit: UInt64 = 0
    /// Requests outside of dialogs above their trunk's rate, dropped.
    public var requestsShed: UInt64 = 0
    /// Answers of targets that were given up, ended at once.
    public var lateAnswers: UInt64 = 0
    /// Calls to trunks none of whose targets takes new calls at present.
    public var noTargets: UInt64 = 0
    /// PRACKs sent.
    public var pracksSent: UInt64 = 0
    /// Reliable provisional responses that came again, or before their turn.
    public var reliableIgnored: UInt64 = 0
    /// Provisional responses left out since too many waited for a PRACK.
    public var provisionalsDropped: UInt64 = 0
    /// Calls refused since no PRACK came.
    public var pracksMissing: UInt64 = 0
    /// Requests that required what the trunk has off, or lacked what it requires.
    public var extensionsRefused: UInt64 = 0
    /// Session intervals that were too small.
    public var intervalsTooSmall: UInt64 = 0
    /// Sessions that we refreshed, or tried to.
    public var refreshes: UInt64 = 0
    /// Calls ended because their session expired.
    public var sessionsExpired: UInt64 = 0
    /// Questions to parties of calls without media.
    public var probes: UInt64 = 0
    /// Answers whose ACK never came.
    public var acknowledgementsMissing: UInt64 = 0
    /// Responses and ACKs that belong to nothing.
    public var strays: UInt64 = 0
    /// Calls ended because media stopped.
    public var mediaTimeouts: UInt64 = 0
    /// Challenges of peers that were answered.
    public var challengesAnswered: UInt64 = 0
    /// Challenges of peers that could not be answered, or not again: a password is wrong.
    public var challengesFailed: UInt64 = 0
    /// Requests of peers that were asked for credentials.
    public var challengesSent: UInt64 = 0
    /// Requests of peers with a wrong user or password.
    public var credentialsWrong: UInt64 = 0
    /// Calls to a trunk that has to be registered, and was not.
    public var notRegistered: UInt64 = 0
    /// Calls refused because they had been diverted too often.
    public var diversionLoops: UInt64 = 0
    /// Calls whose signed numbers were kept although the trunk writes numbers in another form.
    public var signedNumbersKept: UInt64 = 0
    /// Signatures (Identity) left out, since a number or the caller's name changed.
    public var signaturesDropped: UInt64 = 0
    /// Calls taken over from checkpoints.
    public var callsRestored: UInt64 = 0
    /// Times that a record had no room for the name of one more call that belongs to it.
    public var relatedCallsUnnamed: UInt64 = 0

    /// All zero.
    public init() {}
}
