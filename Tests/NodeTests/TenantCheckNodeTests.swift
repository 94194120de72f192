// SPDX-License-Identifier: Apache-2.0

import FakeDNS
import Foundation
import Management
import NetworkAddress
import SIPLocation
import Tenancy
import TestCertificates
import Testing

@testable import Node

/// The verb `teams-check` through the control socket, and its parts.
@Suite struct TenantCheckNodeTests {
    private let teams =
        "host: 1r1.sbc.example.com, service: teams-direct-routing, tenants: optional,"
    private static let name = "acme.1r1.sbc.example.com"

    private func checks(
        _ fixture: TLSFixture, _ domain: String = Self.name, tenant: String = "acme"
    ) throws -> [JSONValue] {
        let answer = try fixture.node.result(
            "teams-check", ["domain": .string(domain), "tenant": .string(tenant)])
        let checks = answer["checks"]?.array ?? []
        #expect(answer["failed"] == JSONValue(checks.count { $0["outcome"] == "failed" }))
        return checks
    }

    private func outcome(_ checks: [JSONValue], _ subject: String) -> String? {
        checks.first { $0["check"]?.string?.hasPrefix(subject) == true }?["outcome"]?.string
    }

    /// A node whose DNS knows the tenant's name.
    private func fixture(_ dns: DNSServer) throws -> TLSFixture {
        let fixture = try TLSFixture(trunk: self.teams)
        let text = try String(contentsOfFile: fixture.node.configurationPath, encoding: .utf8)
        try (text + "dns: { servers: [\"127.0.0.1:\(dns.port)\"], timeout-ms: 200, attempts: 1 }\n")
            .write(toFile: fixture.node.configurationPath, atomically: true, encoding: .utf8)
        fixture.node.shard.reload()
        return fixture
    }

    @Test func eachCheckIsALine() throws {
        let dns = try DNSServer()
        defer { dns.stop() }
        let fixture = try self.fixture(dns)
        let bytes = fixture.node.addresses.box.split(separator: ".").compactMap { UInt8($0) }
        dns.set(Self.name, 1, .records([Wire.record(Self.name, 1, ttl: 5, bytes)]))
        let checks = try self.checks(fixture)
        #expect(self.outcome(checks, "trunk") == "ok" && self.outcome(checks, "label") == "ok")
        #expect(self.outcome(checks, "name at service") == "ok")
        #expect(self.outcome(checks, "certificate of listener tls") == "failed")
        #expect(self.outcome(checks, "DNS of") == "ok")
        #expect(self.outcome(checks, "OPTIONS to") == "warning")
        #expect(self.outcome(checks, "OPTIONS from") == "warning")
        #expect(
            checks.allSatisfy { ($0["fix"] == .null) == ($0["outcome"] == "ok") },
            "what is not well says how to mend it")
        let certificate = checks.first { $0["check"] == "certificate of listener tls" }
        #expect(certificate?["fix"]?.string?.contains("DNS:*.1r1.sbc.example.com") == true)
    }

    @Test func aNameThatTheDNSDoesNotKnow() throws {
        let dns = try DNSServer()
        defer { dns.stop() }
        let fixture = try self.fixture(dns)
        dns.set(Self.name, 1, .nothing(ttl: 5, code: 3))
        #expect(self.outcome(try self.checks(fixture), "DNS of") == "failed")
    }

    @Test func aLabelOfAnotherTenant() throws {
        let dns = try DNSServer()
        defer { dns.stop() }
        let fixture = try self.fixture(dns)
        _ = try fixture.node.result(
            "tenant-add", ["name": "first", "label": "ACME", "service": "teams-direct-routing"])
        #expect(self.outcome(try self.checks(fixture), "label") == "failed")
        #expect(self.outcome(try self.checks(fixture, tenant: "first"), "label") == "ok")
    }

    @Test func aNameOfNoTrunkSaysWhichItWouldBe() throws {
        let fixture = try TLSFixture(trunk: self.teams)
        let checks = try self.checks(fixture, "acme.elsewhere.example")
        #expect(checks.count == 1 && self.outcome(checks, "trunk") == "failed")
        #expect(checks[0]["fix"] == "it would be acme.1r1.sbc.example.com")
        let none = try TLSFixture()
        #expect(try self.checks(none)[0]["fix"]?.string?.contains("profile") == true)
    }

    @Test func tooManyLookUpsAreRefusedAndCounted() throws {
        let dns = try DNSServer()
        defer { dns.stop() }
        let fixture = try self.fixture(dns)
        let shard = fixture.node.shard
        let name = try #require(DomainName(Self.name))
        for token in 0..<UInt64(NameCheck.waitingMax) {
            shard.nameChecks[1000 + token] = NameCheck(
                [DNSQuestion(name, .a)], loop: shard.loop, settings: Shard.dns(shard.file)
            ) { _ in }
        }
        let checks = try self.checks(fixture)
        #expect(checks.first { $0["check"] == "DNS" }?["outcome"] == "failed")
        let figures = try fixture.node.result("status")["provisioning"]
        #expect(figures?["name_checks"] == 1 && figures?["name_checks_refused"] == 1)
    }

    @Test func argumentsAreNeeded() throws {
        let node = try NodeFixture()
        guard case .failure(let error) = node.ask("teams-check", ["domain": "a.b"]) else {
            Issue.record("it was taken")
            return
        }
        #expect(error.code == .badArgument)
    }

    // MARK: Parts

    private static func trunk(_ fqdn: String) -> CarrierTrunk {
        CarrierTrunk(
            name: fqdn, service: .teamsDirectRouting, set: .plain, region: 1, fqdn: fqdn,
            port: 5061, realm: "r", address: "192.0.2.1")
    }

    @Test func longNamesAndBadLabels() throws {
        let trunk = Self.trunk(String(repeating: "a", count: 40) + ".example")
        let long = try #require(DerivedName("acme.\(trunk.fqdn)", among: [trunk]))
        let checks = TenantCheck.names(long, [trunk], tenant: "acme", owner: nil)
        #expect(checks.map(\.outcome) == [.ok, .failed])
        for label in ["-a", "a_b", "tencharact"] {
            let bad = try #require(DerivedName("\(label).\(trunk.fqdn)", among: [trunk]))
            let checks = TenantCheck.names(bad, [trunk], tenant: "acme", owner: nil)
            #expect(checks[0].outcome == .failed, "\(label)")
        }
        #expect(DerivedName("acme", among: [trunk]) == nil)
        #expect(DerivedName("a.b.\(trunk.fqdn)", among: [trunk]) == nil)
    }

    @Test func whatTheDNSSays() throws {
        let address = try #require(IPAddress("192.0.2.1"))
        let other = try #require(IPAddress("192.0.2.2"))
        let owner = try #require(DomainName("a.example"))
        func outcome(_ answer: DNSAnswer) -> TenantCheck.Outcome {
            TenantCheck.location("a.example", answer, at: address).outcome
        }
        #expect(outcome(.records([DNSRecord(owner, ttl: 5, .address(address))])) == .ok)
        #expect(outcome(.records([DNSRecord(owner, ttl: 5, .address(other))])) == .warning)
        #expect(outcome(.records([DNSRecord(owner, ttl: 5, .alias(owner))])) == .failed)
        #expect(outcome(.nothing(ttl: nil)) == .failed)
        #expect(TenantCheck.certificates([], "a.example", at: Self.trunk("t"), now: 0).count == 1)
    }
}
