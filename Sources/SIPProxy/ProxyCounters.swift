// SPDX-License-Identifier: Apache-2.0

/// What a proxy has counted since it was made. Every counter wraps.
public struct ProxyCounters: Sendable, Hashable {
    /// Requests that opened a transaction.
    public var requests: UInt64 = 0
    /// Requests that left, each as often as it was tried.
    public var forwarded: UInt64 = 0
    /// Requests that went to a further place, because one before could not be reached or said 503.
    public var furtherPlaces: UInt64 = 0
    /// Responses passed back.
    public var responses: UInt64 = 0
    /// Responses of the proxy itself, 100 Trying not counted.
    public var refusals: UInt64 = 0
    /// ACKs for a 2xx, and CANCELs for what is not known any more, passed without state.
    public var stateless: UInt64 = 0
    /// Of those, the ones that could not be passed.
    public var statelessDropped: UInt64 = 0
    /// Requests for this proxy itself that ask whether it lives; they get nothing.
    public var optionsIgnored: UInt64 = 0
    /// Requests from nobody who may send them; they get nothing.
    public var strangers: UInt64 = 0
    /// Requests refused because they came again on the same way.
    public var loops: UInt64 = 0
    /// Requests refused because they have passed too many hops.
    public var hopsSpent: UInt64 = 0
    /// Requests that there was nowhere to send.
    public var unroutable: UInt64 = 0
    /// Responses that belong to no request that is known, dropped (RFC 6026 section 8.9).
    public var strayResponses: UInt64 = 0
    /// Calls that were asked about.
    public var consultations: UInt64 = 0
    /// Of those: without an answer in time.
    public var consultationTimeouts: UInt64 = 0
    /// The service could not be reached, or its answer not be read.
    public var consultationFailures: UInt64 = 0
    /// Calls that went on without a question because too many were open.
    public var consultationLimitHits: UInt64 = 0
    /// The answer was to divert, with no number that can be routed or no URI made of it.
    public var unusableAnswers: UInt64 = 0
    /// Calls diverted.
    public var diverted: UInt64 = 0
    /// Calls that the service left alone.
    public var native: UInt64 = 0
    /// Calls that went on without a question: emergency calls.
    public var emergencies: UInt64 = 0
    /// Because of X-MS-FMC.
    public var marked: UInt64 = 0
    /// Because they were diverted by the callee, or name no served user.
    public var unasked: UInt64 = 0

    /// All at zero.
    public init() {}
}
