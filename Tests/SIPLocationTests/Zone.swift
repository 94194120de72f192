// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPTransaction
import Testing

@testable import SIPLocation

/// A small DNS for searches: what it does not have is not there.
final class Zone {
    var answers: [DNSQuestion: DNSAnswer] = [:]
    /// Questions in the order in which they came.
    private(set) var asked: [String] = []
    var negativeTTL: UInt32? = 120

    static func name(_ text: String) -> DomainName {
        DomainName(text) ?? DomainName("invalid")!
    }

    func add(_ owner: String, _ type: DNSRecordType, _ records: [DNSRecord]) {
        self.answers[DNSQuestion(Self.name(owner), type)] = .records(records)
    }

    func a(_ owner: String, _ addresses: String..., ttl: UInt32 = 300) {
        let name = Self.name(owner)
        self.add(
            owner, .a,
            addresses.map { DNSRecord(name, ttl: ttl, .address(IPAddress($0) ?? .unspecified)) })
    }

    func aaaa(_ owner: String, _ addresses: String..., ttl: UInt32 = 300) {
        let name = Self.name(owner)
        self.add(
            owner, .aaaa,
            addresses.map { DNSRecord(name, ttl: ttl, .address(IPAddress($0) ?? .unspecified)) })
    }

    func srv(
        _ owner: String, _ records: (UInt16, UInt16, UInt16, String?)..., ttl: UInt32 = 300
    ) {
        let name = Self.name(owner)
        self.add(
            owner, .srv,
            records.map { priority, weight, port, target in
                DNSRecord(
                    name, ttl: ttl,
                    .service(
                        ServiceRecord(
                            priority: priority, weight: weight, port: port,
                            target: target.map(Self.name))))
            })
    }

    func naptr(
        _ owner: String,
        _ records: (
            order: UInt16, preference: UInt16, flags: String, service: String, to: String
        )...,
        ttl: UInt32 = 300
    ) {
        let name = Self.name(owner)
        self.add(
            owner, .naptr,
            records.map { record in
                DNSRecord(
                    name, ttl: ttl,
                    .authority(
                        AuthorityRecord(
                            order: record.order, preference: record.preference,
                            flags: Array(record.flags.utf8), service: Array(record.service.utf8),
                            replacement: Self.name(record.to))))
            })
    }

    /// Runs a search to its end.
    func find(
        _ target: LocationTarget, _ transports: [TransportProtocol] = [.udp, .tcp, .tls],
        isIPv4: Bool = true, limits: LocationLimits = LocationLimits()
    ) -> (outcome: Result<Location, LocationFailure>?, search: ServerLocator) {
        var search = ServerLocator(
            target, transports: transports, isIPv4: isIPv4, limits: limits)
        var open = search.begin()
        while !open.isEmpty {
            let question = open.removeFirst()
            self.asked.append("\(question.name) \(question.type)")
            let answer = self.answers[question] ?? .nothing(ttl: self.negativeTTL)
            open += search.answered(question, with: answer)
        }
        return (search.outcome, search)
    }

    /// As text: `udp 192.0.2.1:5060 p0 w1`, and the TTL.
    func look(
        _ target: LocationTarget, _ transports: [TransportProtocol] = [.udp, .tcp, .tls],
        isIPv4: Bool = true
    ) -> String {
        switch self.find(target, transports, isIPv4: isIPv4).outcome {
        case .success(let location):
            let servers = location.servers.map { server in
                let weight = Double(server.weight) / Double(LocatedServer.weightUnit)
                return "\(server.transport) \(server.address) p\(server.priority) w\(weight)"
            }
            return servers.joined(separator: ", ") + " ttl \(location.ttl)"
        case .failure(let failure): return "\(failure)"
        case nil: return "no outcome"
        }
    }
}

extension LocationTarget {
    static func name(
        _ text: String, port: UInt16? = nil, transport: TransportProtocol? = nil,
        isSecure: Bool = false
    ) -> LocationTarget {
        LocationTarget(
            .name(Zone.name(text)), port: port, transport: transport, isSecure: isSecure)
    }
}
