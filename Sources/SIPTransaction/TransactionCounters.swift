// SPDX-License-Identifier: Apache-2.0

/// What a layer has counted since it was made. Every counter wraps.
public struct TransactionCounters: Sendable, Hashable {
    /// Client transactions made, those of CANCEL included.
    public var clientTransactions: UInt64 = 0
    /// Server transactions made.
    public var serverTransactions: UInt64 = 0
    /// Requests that came again and were absorbed.
    public var requestRetransmissionsReceived: UInt64 = 0
    /// Messages sent again by a timer.
    public var retransmissionsSent: UInt64 = 0
    /// Responses without a transaction, dropped.
    public var strayResponses: UInt64 = 0
    /// ACKs that matched no INVITE known here; passed on.
    public var strayAcks: UInt64 = 0
    /// ACKs for a 2xx that came again and were absorbed.
    public var repeatedAcks: UInt64 = 0
    /// CANCELs without a transaction, answered with 481 or passed to the proxy.
    public var strayCancels: UInt64 = 0
    /// Requests that came by more than one way, answered with 482.
    public var mergedRequests: UInt64 = 0
    /// Messages that lacked what a key is made of, dropped.
    public var unkeyedMessages: UInt64 = 0
    /// Requests refused because the limit of server transactions was reached.
    public var serverLimitHits: UInt64 = 0
    /// Requests not sent because the limit of client transactions was reached.
    public var clientLimitHits: UInt64 = 0
    /// Requests not sent because their branch was in use.
    public var duplicateBranches: UInt64 = 0
    /// Responses of the user that came too late or that RFC 4320 forbids, not sent.
    public var unsentResponses: UInt64 = 0
    /// Timers that fired after they were stopped or for a transaction that was over.
    public var staleTimers: UInt64 = 0
    /// Client transactions that ended without a final response.
    public var clientTimeouts: UInt64 = 0
    /// INVITE server transactions without an ACK, others without an answer.
    public var serverTimeouts: UInt64 = 0
    /// Messages that could not be sent.
    public var transportFailures: UInt64 = 0
    /// Messages that the layer could not derive from a request (ACK, CANCEL, response).
    public var unbuildableMessages: UInt64 = 0

    /// All at zero.
    public init() {}
}
