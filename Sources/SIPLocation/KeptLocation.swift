// SPDX-License-Identifier: Apache-2.0

/// Where a name led when it was last looked up, and when to look again. The last good answer is
/// used past its time as long as no other comes (RFC 8767); an answer that says that there is
/// nothing counts as one.
public struct KeptLocation: Sendable {
    /// Where requests go; empty before the first answer, and when there is nothing.
    public private(set) var servers: [LocatedServer] = []
    /// When the next look is due, ms of the owner's clock.
    public private(set) var refreshAt: UInt64
    /// Why the last look brought nothing; nil when it did.
    public private(set) var failure: LocationFailure?
    /// Looks without an answer, one after another.
    public private(set) var failedLooks: UInt32 = 0
    /// The last answer's end, ms of the owner's clock.
    private var expiresAt: UInt64 = 0

    /// After a first failed look, ms; doubled by each further one.
    static let retryMillisecondsMin: UInt64 = 5000
    /// Longest time between two looks that fail.
    static let retryMillisecondsMax: UInt64 = 60_000

    /// To be looked up now. What is known of an earlier time counts until then.
    public init(now: UInt64, servers: [LocatedServer] = []) {
        self.refreshAt = now
        self.servers = servers
    }

    /// The servers are used although their time is over.
    public func isStale(_ now: UInt64) -> Bool { !self.servers.isEmpty && now > self.expiresAt }

    /// A look is over. True when the servers are others than before.
    public mutating func looked(
        _ outcome: Result<Location, LocationFailure>, now: UInt64
    ) -> Bool {
        let before = self.servers
        switch outcome {
        case .success(let location):
            self.servers = location.servers
            self.failure = nil
            self.failedLooks = 0
            self.refreshAt = now &+ UInt64(location.ttl) * 1000
            self.expiresAt = self.refreshAt
        case .failure(.noAddress(let ttl)), .failure(.notOffered(let ttl)):
            self.servers = []
            if case .failure(let failure) = outcome { self.failure = failure }
            self.failedLooks = 0
            self.refreshAt = now &+ UInt64(ttl) * 1000
        case .failure(let failure):
            self.failure = failure
            let doublings = min(self.failedLooks, 10)
            self.failedLooks &+= 1
            let wait = Self.retryMillisecondsMin << UInt64(doublings)
            self.refreshAt = now &+ min(wait, Self.retryMillisecondsMax)
        }
        return self.servers != before
    }
}
