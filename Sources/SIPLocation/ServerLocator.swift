// SPDX-License-Identifier: Apache-2.0

public import NetworkAddress
public import SIPTransaction

/// What is looked for: the parts of a SIP URI that say where a request goes.
public struct LocationTarget: Sendable, Hashable {
    /// maddr, or the host of the URI.
    public enum Host: Sendable, Hashable {
        /// A numeric host.
        case address(IPAddress)
        /// A name.
        case name(DomainName)
    }

    /// Who.
    public var host: Host
    /// The port that is written; nil for none.
    public var port: UInt16?
    /// The transport that is written; nil for none.
    public var transport: TransportProtocol?
    /// A SIPS URI: only TLS will do.
    public var isSecure: Bool

    /// From its parts.
    public init(
        _ host: Host, port: UInt16? = nil, transport: TransportProtocol? = nil,
        isSecure: Bool = false
    ) {
        self.host = host
        self.port = port
        self.transport = transport
        self.isSecure = isSecure
    }
}

/// Finds the servers of a SIP URI (RFC 3263 section 4): questions out, answers in, and at the end
/// an ``outcome``. Has no clock and no socket, and asks a bounded number of questions.
///
///     numeric host ------------------------------------------------> done
///     explicit port ------------------------------> A or AAAA -----> done
///     explicit transport ------------> SRV -------> A or AAAA -----> done
///     neither -----------> NAPTR ----> SRV -------> A or AAAA -----> done
///                                        +- none -> A or AAAA of the name itself
public struct ServerLocator: Sendable {
    /// A service that the domain may have.
    struct Candidate: Sendable {
        let name: DomainName
        let transport: TransportProtocol
        var records: [ServiceRecord] = []
        /// The domain says that the service is not there.
        var isOff = false
    }

    /// A host that serves.
    struct Server: Sendable {
        let name: DomainName
        let port: UInt16
        let transport: TransportProtocol
        let priority: UInt16
        let weight: UInt16
        var addresses: [IPAddress] = []
    }

    /// What an answer is for, and how many CNAMEs led to the question.
    private enum Purpose {
        case authorities
        case service(Int)
        case address(Int)
    }

    private struct Waiting {
        var purposes: [Purpose]
        var aliases: Int
    }

    /// Nil until it is found out.
    public private(set) var outcome: Result<Location, LocationFailure>?
    /// Records of no use, or beyond a limit.
    public private(set) var recordsIgnored: UInt64 = 0
    /// The search was cut short by a limit.
    public private(set) var limitReached = false

    private let target: LocationTarget
    /// Ours, the preferred one first; never empty.
    private let transports: [TransportProtocol]
    private let isIPv4: Bool
    private let limits: LocationLimits
    private var waiting: [DNSQuestion: Waiting] = [:]
    private var asked = 0
    private var candidates: [Candidate] = []
    private var servers: [Server] = []
    private var ttl: UInt32 = .max
    private var negativeTTL: UInt32?
    private var failure: DNSFailure?

    /// A search by one of these transports, the preferred one first, for addresses of one IP
    /// version. Without any transport that the target allows, nothing is found.
    public init(
        _ target: LocationTarget, transports: [TransportProtocol], isIPv4: Bool,
        limits: LocationLimits = LocationLimits()
    ) {
        self.target = target
        self.transports = transports.filter { !target.isSecure || $0 == .tls }
        self.isIPv4 = isIPv4
        self.limits = limits
    }

    /// The first questions; none where the outcome is there at once.
    public mutating func begin() -> [DNSQuestion] {
        let written = self.target.transport
        guard let preferred = self.transports.first,
            written.map(self.transports.contains) ?? true
        else {
            self.outcome = .failure(.notOffered(ttl: self.limits.negativeTTLMax))
            return []
        }
        let transport = written ?? preferred
        switch (self.target.host, self.target.port) {
        case (.address(let address), let port):
            self.numeric(address, port ?? transport.defaultPort, transport)
            return []
        case (.name(let name), let port?):
            return self.locate(name, port, transport)
        case (.name(let name), nil):
            if written != nil { return self.askServices([(name, transport)]) }
            return self.ask(DNSQuestion(name, .naptr), for: .authorities)
        }
    }

    private mutating func numeric(
        _ address: IPAddress, _ port: UInt16, _ transport: TransportProtocol
    ) {
        guard address.isIPv4 == self.isIPv4 else {
            self.outcome = .failure(.noAddress(ttl: self.limits.negativeTTLMax))
            return
        }
        let server = LocatedServer(
            address: SocketAddress(address: address, port: port), transport: transport,
            priority: 0, weight: LocatedServer.weightUnit)
        self.outcome = .success(Location(servers: [server], ttl: self.limits.ttlMax))
    }

    /// The answer to a question; the next questions. One that was not asked changes nothing.
    public mutating func answered(
        _ question: DNSQuestion, with answer: DNSAnswer
    ) -> [DNSQuestion] {
        guard self.outcome == nil, let waiting = self.waiting.removeValue(forKey: question) else {
            return []
        }
        var questions: [DNSQuestion] = []
        switch answer {
        case .records(let records):
            let (name, own) = self.follow(question.name, records)
            if own.isEmpty, name != question.name {
                questions = self.askAgain(name, question.type, waiting)
            } else {
                for purpose in waiting.purposes { self.take(own, for: purpose) }
            }
        case .nothing(let ttl):
            self.nothing(ttl)
        case .failed(let failure):
            // What does not answer NAPTR may answer SRV: many old servers and firewalls are so.
            if question.type != .naptr { self.failure = failure }
        }
        if self.waiting.isEmpty { questions += self.advance(after: question.type) }
        return questions
    }

    // MARK: Answers

    /// Follows CNAMEs inside the answer; the last name, and its records.
    private mutating func follow(
        _ name: DomainName, _ records: [DNSRecord]
    ) -> (DomainName, [DNSRecord]) {
        var name = name
        for _ in 0..<self.limits.aliases {
            var next: DomainName?
            for record in records where record.owner == name {
                if case .alias(let alias) = record.data {
                    next = alias
                    self.ttl = min(self.ttl, record.ttl)
                    break
                }
            }
            guard let next else { break }
            name = next
        }
        let own = records.filter { record in
            if case .alias = record.data { return false }
            return record.owner == name
        }
        return (name, own)
    }

    private mutating func askAgain(
        _ name: DomainName, _ type: DNSRecordType, _ waiting: Waiting
    ) -> [DNSQuestion] {
        guard waiting.aliases < self.limits.aliases else {
            self.limitReached = true
            return []
        }
        var questions: [DNSQuestion] = []
        for purpose in waiting.purposes {
            questions += self.ask(
                DNSQuestion(name, type), for: purpose, aliases: waiting.aliases + 1)
        }
        return questions
    }

    private mutating func nothing(_ ttl: UInt32?) {
        let ttl = self.limits.negative(ttl)
        self.negativeTTL = min(self.negativeTTL ?? ttl, ttl)
    }

    private mutating func take(_ records: [DNSRecord], for purpose: Purpose) {
        switch purpose {
        case .authorities: self.takeAuthorities(records)
        case .service(let index): self.takeServices(records, index)
        case .address(let index): self.takeAddresses(records, index)
        }
    }

    /// RFC 3263 section 4.1 with RFC 3403 section 4.1: of the records that fit, those of the lowest
    /// order, by their preference.
    private mutating func takeAuthorities(_ records: [DNSRecord]) {
        var fitting: [(record: AuthorityRecord, transport: TransportProtocol, ttl: UInt32)] = []
        for record in records {
            guard case .authority(let authority) = record.data,
                authority.flags == [0x73] || authority.flags == [0x53],
                !authority.hasExpression, authority.replacement != nil,
                let transport = Self.transport(service: authority.service),
                self.transports.contains(transport)
            else {
                self.recordsIgnored &+= 1
                continue
            }
            fitting.append((authority, transport, record.ttl))
        }
        guard let lowest = fitting.map(\.record.order).min() else { return }
        let chosen = fitting.filter { $0.record.order == lowest }
            .sorted { $0.record.preference < $1.record.preference }
        for entry in chosen {
            guard self.candidates.count < self.limits.authorities,
                let name = entry.record.replacement
            else {
                self.recordsIgnored &+= 1
                continue
            }
            self.ttl = min(self.ttl, entry.ttl)
            self.candidates.append(Candidate(name: name, transport: entry.transport))
        }
    }

    private static func transport(service: [UInt8]) -> TransportProtocol? {
        let upper = service.map { (0x61...0x7a).contains($0) ? $0 & 0xdf : $0 }
        if upper == Array("SIP+D2U".utf8) { return .udp }
        if upper == Array("SIP+D2T".utf8) { return .tcp }
        if upper == Array("SIPS+D2T".utf8) { return .tls }
        return nil
    }

    private mutating func takeServices(_ records: [DNSRecord], _ index: Int) {
        for record in records {
            guard case .service(let service) = record.data else { continue }
            self.ttl = min(self.ttl, record.ttl)
            if service.target == nil {
                self.candidates[index].isOff = true
            } else if self.candidates.reduce(0, { $0 + $1.records.count }) < self.limits.services {
                self.candidates[index].records.append(service)
            } else {
                self.recordsIgnored &+= 1
            }
        }
        self.candidates[index].records.sort { $0.priority < $1.priority }
    }

    private mutating func takeAddresses(_ records: [DNSRecord], _ index: Int) {
        for record in records {
            guard case .address(let address) = record.data, address.isIPv4 == self.isIPv4 else {
                continue
            }
            guard self.servers.reduce(0, { $0 + $1.addresses.count }) < self.limits.servers,
                !self.servers[index].addresses.contains(address)
            else {
                self.recordsIgnored &+= 1
                continue
            }
            self.ttl = min(self.ttl, record.ttl)
            self.servers[index].addresses.append(address)
        }
    }

    // MARK: Questions

    private mutating func ask(
        _ question: DNSQuestion, for purpose: Purpose, aliases: Int = 0
    ) -> [DNSQuestion] {
        if self.waiting[question] != nil {
            self.waiting[question]?.purposes.append(purpose)
            return []
        }
        guard self.asked < self.limits.questions else {
            self.limitReached = true
            return []
        }
        self.asked += 1
        self.waiting[question] = Waiting(purposes: [purpose], aliases: aliases)
        return [question]
    }

    /// All answers of one kind are there.
    private mutating func advance(after type: DNSRecordType) -> [DNSQuestion] {
        guard case .name(let name) = self.target.host else { return [] }
        var questions: [DNSQuestion] = []
        switch type {
        case .naptr:
            questions =
                self.candidates.isEmpty
                ? self.askServices(self.transports.map { (name, $0) })
                : self.askCandidates()
        case .srv: questions = self.afterServices(name)
        case .a, .aaaa: self.finish()
        }
        if questions.isEmpty, self.outcome == nil, self.waiting.isEmpty { self.finish() }
        return questions
    }

    private mutating func askServices(
        _ services: [(DomainName, TransportProtocol)]
    ) -> [DNSQuestion] {
        for (name, transport) in services {
            let prefix: String =
                switch transport {
                case .udp: "_sip._udp"
                case .tcp: "_sip._tcp"
                case .tls: "_sips._tcp"
                }
            guard let service = name.service(prefix) else { continue }
            self.candidates.append(Candidate(name: service, transport: transport))
        }
        let questions = self.askCandidates()
        return questions.isEmpty ? self.advance(after: .srv) : questions
    }

    private mutating func askCandidates() -> [DNSQuestion] {
        var questions: [DNSQuestion] = []
        for index in self.candidates.indices {
            questions += self.ask(
                DNSQuestion(self.candidates[index].name, .srv), for: .service(index))
        }
        return questions
    }

    private mutating func afterServices(_ name: DomainName) -> [DNSQuestion] {
        var priority: UInt16 = 0
        for candidate in self.candidates {
            var last: UInt16?
            for record in candidate.records {
                guard let host = record.target else { continue }
                if let last, last != record.priority { priority += 1 }
                last = record.priority
                self.servers.append(
                    Server(
                        name: host, port: record.port, transport: candidate.transport,
                        priority: priority, weight: record.weight))
            }
            if last != nil { priority += 1 }
        }
        if self.servers.isEmpty {
            // Services that are not known at the moment must not be taken for none.
            if self.failure != nil { return [] }
            let offered = self.candidates.filter { !$0.isOff }
            guard !offered.isEmpty || self.candidates.isEmpty else {
                self.outcome = .failure(.notOffered(ttl: self.limits.negative(self.ttl)))
                return []
            }
            let transport =
                self.target.transport ?? offered.first?.transport ?? self.transports.first
            guard let transport else { return [] }
            return self.locate(name, transport.defaultPort, transport)
        }
        return self.askAddresses()
    }

    /// The addresses of a name that is a host.
    private mutating func locate(
        _ name: DomainName, _ port: UInt16, _ transport: TransportProtocol
    ) -> [DNSQuestion] {
        self.servers = [
            Server(name: name, port: port, transport: transport, priority: 0, weight: 1)
        ]
        return self.askAddresses()
    }

    private mutating func askAddresses() -> [DNSQuestion] {
        var questions: [DNSQuestion] = []
        for index in self.servers.indices {
            questions += self.ask(
                DNSQuestion(self.servers[index].name, self.isIPv4 ? .a : .aaaa),
                for: .address(index))
        }
        return questions
    }

    private static func order(_ server: LocatedServer) -> [UInt64] {
        [
            UInt64(server.priority), server.address.address.high, server.address.address.low,
            UInt64(server.address.port),
        ]
    }

    private mutating func finish() {
        var found: [LocatedServer] = []
        for server in self.servers {
            let share = LocatedServer.weightUnit / UInt32(max(server.addresses.count, 1))
            for address in server.addresses {
                found.append(
                    LocatedServer(
                        address: SocketAddress(address: address, port: server.port),
                        transport: server.transport, priority: server.priority,
                        weight: UInt32(server.weight) * share))
            }
        }
        // Servers of the DNS hand out the same records in ever another order.
        found.sort { Self.order($0).lexicographicallyPrecedes(Self.order($1)) }
        if !found.isEmpty {
            // What is missing is looked for again soon.
            let ttl = self.failure == nil ? self.limits.positive(self.ttl) : self.limits.ttlMin
            self.outcome = .success(Location(servers: found, ttl: ttl))
        } else if let failure = self.failure {
            self.outcome = .failure(.unanswered(failure))
        } else {
            self.outcome = .failure(.noAddress(ttl: self.limits.negative(self.negativeTTL)))
        }
    }
}
