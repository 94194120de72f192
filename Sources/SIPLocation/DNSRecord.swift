// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress

/// Types of records that are asked for, by their numbers in the DNS.
public enum DNSRecordType: UInt16, Sendable, Hashable, CaseIterable {
    /// An IPv4 address (RFC 1035).
    case a = 1
    /// An IPv6 address (RFC 3596).
    case aaaa = 28
    /// Where a service is (RFC 2782).
    case srv = 33
    /// Which services a domain has (RFC 3403).
    case naptr = 35
}

/// What the DNS is asked.
public struct DNSQuestion: Sendable, Hashable {
    /// Of which name.
    public let name: DomainName
    /// What.
    public let type: DNSRecordType

    /// From its parts.
    public init(_ name: DomainName, _ type: DNSRecordType) {
        self.name = name
        self.type = type
    }
}

/// SRV (RFC 2782).
public struct ServiceRecord: Sendable, Hashable {
    /// Lower ones first.
    public var priority: UInt16
    /// Share among those of one priority.
    public var weight: UInt16
    /// Port.
    public var port: UInt16
    /// Host; nil for ".", which says that the service is decidedly not there.
    public var target: DomainName?

    /// From its parts.
    public init(priority: UInt16, weight: UInt16, port: UInt16, target: DomainName?) {
        self.priority = priority
        self.weight = weight
        self.port = port
        self.target = target
    }
}

/// NAPTR (RFC 3403), as far as RFC 3263 uses it.
public struct AuthorityRecord: Sendable, Hashable {
    /// Only those of the lowest order that fit count.
    public var order: UInt16
    /// Lower ones first.
    public var preference: UInt16
    /// Flags; `s` says that the replacement has SRV records.
    public var flags: [UInt8]
    /// As `SIP+D2U`.
    public var service: [UInt8]
    /// It has a regular expression, which RFC 3263 does not use.
    public var hasExpression: Bool
    /// The next name; nil for none.
    public var replacement: DomainName?

    /// From its parts.
    public init(
        order: UInt16, preference: UInt16, flags: [UInt8], service: [UInt8],
        hasExpression: Bool = false, replacement: DomainName?
    ) {
        self.order = order
        self.preference = preference
        self.flags = flags
        self.service = service
        self.hasExpression = hasExpression
        self.replacement = replacement
    }
}

/// A record of an answer.
public struct DNSRecord: Sendable, Hashable {
    /// What it says.
    public enum Data: Sendable, Hashable {
        /// A or AAAA.
        case address(IPAddress)
        /// SRV.
        case service(ServiceRecord)
        /// NAPTR.
        case authority(AuthorityRecord)
        /// CNAME: the name is another name for this one.
        case alias(DomainName)
    }

    /// Whose it is.
    public var owner: DomainName
    /// Seconds that it may be kept.
    public var ttl: UInt32
    /// What it says.
    public var data: Data

    /// From its parts.
    public init(_ owner: DomainName, ttl: UInt32, _ data: Data) {
        self.owner = owner
        self.ttl = ttl
        self.data = data
    }
}

/// Why a question has no answer at the moment: another try may have one.
public enum DNSFailure: Sendable, Hashable, CustomStringConvertible {
    /// No server answered in time.
    case timeout
    /// Every server said that it cannot or will not answer, or could not be reached.
    case refused
    /// The answer cannot be read.
    case malformed
    /// The question could not be put.
    case unreachable

    /// For people.
    public var description: String {
        switch self {
        case .timeout: "no DNS server answers"
        case .refused: "the DNS servers refuse, or cannot be reached"
        case .malformed: "the DNS answer cannot be read"
        case .unreachable: "no DNS server can be asked"
        }
    }
}

/// What came of a question.
public enum DNSAnswer: Sendable, Hashable {
    /// Records of the answer section, in its order; CNAMEs among them.
    case records([DNSRecord])
    /// The name does not exist, or has no record of the type. Seconds that this may be kept (RFC
    /// 2308 section 5); nil where the answer does not say.
    case nothing(ttl: UInt32?)
    /// No answer.
    case failed(DNSFailure)
}
