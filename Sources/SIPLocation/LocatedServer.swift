// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress
public import SIPTransaction

/// One place that a name leads to.
public struct LocatedServer: Sendable, Hashable {
    /// Address and port.
    public var address: SocketAddress
    /// By which it is reached.
    public var transport: TransportProtocol
    /// Lower ones are tried first: NAPTR's order and SRV's priority, numbered from 0.
    public var priority: UInt16
    /// Share of the requests among those of one priority, in units of 1/65,536 of SRV's weight: the
    /// addresses of one host divide its weight.
    public var weight: UInt32

    /// From its parts.
    public init(
        address: SocketAddress, transport: TransportProtocol, priority: UInt16, weight: UInt32
    ) {
        self.address = address
        self.transport = transport
        self.priority = priority
        self.weight = weight
    }

    /// SRV's weight of 1.
    public static let weightUnit: UInt32 = 65_536
}

/// Where a name leads, and for how long.
public struct Location: Sendable, Hashable {
    /// In the order of their priority; at least one.
    public var servers: [LocatedServer]
    /// Seconds that this may be used: the least of all records that led to it, within the limits.
    public var ttl: UInt32

    /// From its parts.
    public init(servers: [LocatedServer], ttl: UInt32) {
        self.servers = servers
        self.ttl = ttl
    }
}

/// Why a name leads nowhere.
public enum LocationFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The DNS says so: neither services nor addresses of the listener's IP version. Seconds that
    /// this may be kept.
    case noAddress(ttl: UInt32)
    /// The domain says by SRV (a target of ".") that it offers no SIP by our transports.
    case notOffered(ttl: UInt32)
    /// It cannot be known at the moment.
    case unanswered(DNSFailure)

    /// For people.
    public var description: String {
        switch self {
        case .noAddress: "the name has no address of the listener's IP version"
        case .notOffered: "the domain offers no SIP by this transport"
        case .unanswered(let failure): failure.description
        }
    }
}

/// What bounds a search.
public struct LocationLimits: Sendable {
    /// Places that a name leads to.
    public var servers = 32
    /// SRV records that are followed.
    public var services = 16
    /// NAPTR records that are followed.
    public var authorities = 8
    /// CNAMEs one after another.
    public var aliases = 8
    /// Questions of one search.
    public var questions = 64
    /// Shortest time that an answer is used, seconds.
    public var ttlMin: UInt32 = 5
    /// Longest time, seconds: a change is seen by then.
    public var ttlMax: UInt32 = 3600
    /// Longest time that "there is nothing" is believed, seconds.
    public var negativeTTLMax: UInt32 = 300

    /// The defaults.
    public init() {}

    func positive(_ ttl: UInt32) -> UInt32 { min(max(ttl, self.ttlMin), self.ttlMax) }
    func negative(_ ttl: UInt32?) -> UInt32 {
        min(max(ttl ?? self.ttlMin, self.ttlMin), self.negativeTTLMax)
    }
}

/// What searches count; free-running.
public struct LocationCounters: Sendable, Equatable {
    /// Searches begun.
    public var searches: UInt64 = 0
    /// Searches that found nothing.
    public var failures: UInt64 = 0
    /// Questions put.
    public var questions: UInt64 = 0
    /// Answers that could not be read.
    public var malformed: UInt64 = 0
    /// Records that were of no use, or beyond a limit.
    public var recordsIgnored: UInt64 = 0
    /// Searches that were cut short by the limit of questions or CNAMEs.
    public var limitsReached: UInt64 = 0

    /// All zero.
    public init() {}
}
