// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPTransaction
import Testing

@testable import SIPLocation

/// The zone of RFC 3263 section 4.1 and 4.2.
private func example() -> Zone {
    let zone = Zone()
    zone.naptr(
        "example.com", (50, 50, "s", "SIPS+D2T", "_sips._tcp.example.com"),
        (90, 50, "s", "SIP+D2T", "_sip._tcp.example.com"),
        (100, 50, "s", "SIP+D2U", "_sip._udp.example.com"))
    zone.srv(
        "_sip._tcp.example.com", (0, 1, 5060, "server1.example.com"),
        (0, 2, 5060, "server2.example.com"))
    zone.srv("_sip._udp.example.com", (0, 1, 5070, "server1.example.com"), ttl: 60)
    zone.srv("_sips._tcp.example.com", (0, 0, 5061, "server1.example.com"))
    zone.a("server1.example.com", "192.0.2.1")
    zone.a("server2.example.com", "192.0.2.2")
    zone.a("example.com", "192.0.2.9", ttl: 90)
    zone.aaaa("server1.example.com", "2001:db8::1")
    return zone
}

@Test func theExampleOfTheRFC() {
    let zone = example()
    // A client that has UDP and TCP and no TLS.
    let found = zone.look(.name("example.com"), [.udp, .tcp])
    #expect(
        found == "tcp 192.0.2.1:5060 p0 w1.0, tcp 192.0.2.2:5060 p0 w2.0 ttl 300")
    #expect(
        zone.asked == [
            "example.com naptr", "_sip._tcp.example.com srv", "server1.example.com a",
            "server2.example.com a",
        ])
    // The first that the server prefers and the client has.
    #expect(zone.look(.name("example.com")) == "tls 192.0.2.1:5061 p0 w0.0 ttl 300")
    #expect(zone.look(.name("example.com"), [.udp]) == "udp 192.0.2.1:5070 p0 w1.0 ttl 60")
    #expect(
        zone.look(.name("example.com"), [.tls], isIPv4: false)
            == "tls [2001:db8::1]:5061 p0 w0.0 ttl 300")
}

@Test func numericHosts() {
    let zone = example()
    let host = LocationTarget.Host.address(IPAddress("192.0.2.7") ?? .unspecified)
    #expect(zone.look(LocationTarget(host)) == "udp 192.0.2.7:5060 p0 w1.0 ttl 3600")
    #expect(
        zone.look(LocationTarget(host, port: 5090, transport: .tcp))
            == "tcp 192.0.2.7:5090 p0 w1.0 ttl 3600")
    #expect(
        zone.look(LocationTarget(host, isSecure: true)) == "tls 192.0.2.7:5061 p0 w1.0 ttl 3600")
    #expect(
        zone.look(LocationTarget(host), isIPv4: false)
            == "the name has no address of the listener's IP version")
    #expect(zone.asked.isEmpty)
}

@Test func explicitPortAndTransport() {
    var zone = example()
    // A port ends the search for services.
    #expect(zone.look(.name("example.com", port: 5080)) == "udp 192.0.2.9:5080 p0 w1.0 ttl 90")
    #expect(
        zone.look(.name("example.com", port: 5080, transport: .tls))
            == "tls 192.0.2.9:5080 p0 w1.0 ttl 90")
    #expect(zone.asked == ["example.com a", "example.com a"])
    // A transport ends the search for transports.
    zone = example()
    #expect(
        zone.look(.name("example.com", transport: .udp)) == "udp 192.0.2.1:5070 p0 w1.0 ttl 60")
    #expect(zone.asked == ["_sip._udp.example.com srv", "server1.example.com a"])
    #expect(
        zone.look(.name("example.com", transport: .tls), [.udp])
            == "the domain offers no SIP by this transport")
    #expect(zone.look(.name("example.com", isSecure: true), [.udp, .tls]).hasPrefix("tls 192"))
    #expect(
        zone.look(.name("example.com", isSecure: true), [.udp])
            == "the domain offers no SIP by this transport")
}

@Test func withoutNAPTREveryTransportIsAskedFor() {
    let zone = example()
    zone.answers[DNSQuestion(Zone.name("example.com"), .naptr)] = nil
    #expect(
        zone.look(.name("example.com"), [.udp, .tcp])
            == "udp 192.0.2.1:5070 p0 w1.0, tcp 192.0.2.1:5060 p1 w1.0, "
            + "tcp 192.0.2.2:5060 p1 w2.0 ttl 60")
    // NAPTR that does not answer counts as none; SRV that does not answer does not.
    zone.answers[DNSQuestion(Zone.name("example.com"), .naptr)] = .failed(.timeout)
    #expect(zone.look(.name("example.com"), [.udp]) == "udp 192.0.2.1:5070 p0 w1.0 ttl 60")
    zone.answers[DNSQuestion(Zone.name("_sip._udp.example.com"), .srv)] = .failed(.refused)
    #expect(
        zone.look(.name("example.com"), [.udp]) == "the DNS servers refuse, or cannot be reached")
    // One that answers is used, for a short time.
    #expect(
        zone.look(.name("example.com"), [.udp, .tcp])
            == "tcp 192.0.2.1:5060 p0 w1.0, tcp 192.0.2.2:5060 p0 w2.0 ttl 5")
}

@Test func withoutServicesTheNameIsAHost() {
    let zone = Zone()
    zone.a("gateway.example.com", "192.0.2.4", "192.0.2.5", ttl: 40)
    #expect(
        zone.look(.name("gateway.example.com"), [.tcp, .udp])
            == "tcp 192.0.2.4:5060 p0 w0.5, tcp 192.0.2.5:5060 p0 w0.5 ttl 40")
    #expect(
        zone.asked == [
            "gateway.example.com naptr", "_sip._tcp.gateway.example.com srv",
            "_sip._udp.gateway.example.com srv", "gateway.example.com a",
        ])
    #expect(
        zone.look(.name("gateway.example.com", transport: .tls))
            == "tls 192.0.2.4:5061 p0 w0.5, tls 192.0.2.5:5061 p0 w0.5 ttl 40")
    // SRV with "." says that there is none, which is not the same as nothing said.
    zone.srv("_sip._tcp.gateway.example.com", (0, 0, 0, nil), ttl: 70)
    #expect(
        zone.look(.name("gateway.example.com", transport: .tcp))
            == "the domain offers no SIP by this transport")
    #expect(zone.look(.name("gateway.example.com"), [.tcp, .udp]).hasPrefix("udp 192.0.2.4:5060"))
}

@Test func authoritiesThatDoNotFit() {
    let zone = example()
    zone.naptr(
        "example.com", (10, 10, "u", "E2U+sip", "x.example.com"),
        (10, 20, "a", "SIP+D2U", "server1.example.com"), (10, 30, "s", "SIP+D2S", "y.example.com"),
        (20, 20, "S", "sip+d2t", "_sip._tcp.example.com"),
        (20, 10, "s", "SIP+D2U", "_sip._udp.example.com"),
        (30, 10, "s", "SIPS+D2T", "_sips._tcp.example.com"))
    // Of the lowest order that fits, by preference; no order after it.
    #expect(
        zone.look(.name("example.com"))
            == "udp 192.0.2.1:5070 p0 w1.0, tcp 192.0.2.1:5060 p1 w1.0, "
            + "tcp 192.0.2.2:5060 p1 w2.0 ttl 60")
    #expect(zone.find(.name("example.com")).search.recordsIgnored == 3)
    // None fits: as if there were none.
    #expect(
        zone.look(.name("example.com", isSecure: false), [.tls]).hasPrefix("tls 192.0.2.1:5061"))
}

@Test func prioritiesOfServices() {
    let zone = Zone()
    zone.srv(
        "_sip._udp.carrier.example", (20, 0, 5060, "c.example"), (10, 60, 5060, "a.example"),
        (10, 40, 5062, "b.example"), (20, 0, 5064, "missing.example"))
    zone.a("a.example", "192.0.2.1", "192.0.2.11")
    zone.a("b.example", "192.0.2.2")
    zone.a("c.example", "192.0.2.3", ttl: 31)
    #expect(
        zone.look(.name("carrier.example", transport: .udp))
            == "udp 192.0.2.1:5060 p0 w30.0, udp 192.0.2.2:5062 p0 w40.0, "
            + "udp 192.0.2.11:5060 p0 w30.0, udp 192.0.2.3:5060 p1 w0.0 ttl 31")
    // A host that is not known at the moment is left out, and looked for again soon.
    zone.answers[DNSQuestion(Zone.name("a.example"), .a)] = .failed(.timeout)
    #expect(
        zone.look(.name("carrier.example", transport: .udp))
            == "udp 192.0.2.2:5062 p0 w40.0, udp 192.0.2.3:5060 p1 w0.0 ttl 5")
}

@Test func theOrderOfRecordsChangesNothing() {
    let zone = Zone()
    zone.a("x.example", "192.0.2.5", "192.0.2.4", "192.0.2.6")
    let first = zone.find(.name("x.example", port: 5060)).outcome
    zone.a("x.example", "192.0.2.6", "192.0.2.5", "192.0.2.4")
    #expect(zone.find(.name("x.example", port: 5060)).outcome == first)
}

@Test func otherNames() {
    let zone = Zone()
    let first = Zone.name("hub.example")
    let second = Zone.name("hub.cloud.example")
    // The whole chain in one answer.
    zone.add(
        "hub.example", .a,
        [
            DNSRecord(first, ttl: 20, .alias(second)),
            DNSRecord(
                second, ttl: 90, .address(IPAddress("192.0.2.20") ?? .unspecified)),
            DNSRecord(
                Zone.name("other.example"), ttl: 90,
                .address(IPAddress("192.0.2.66") ?? .unspecified)),
        ])
    #expect(zone.look(.name("hub.example", port: 5061)) == "udp 192.0.2.20:5061 p0 w1.0 ttl 20")
    // Only its beginning: the rest is asked for.
    zone.add("hub.example", .a, [DNSRecord(first, ttl: 20, .alias(second))])
    zone.a("hub.cloud.example", "192.0.2.21")
    #expect(zone.look(.name("hub.example", port: 5061)) == "udp 192.0.2.21:5061 p0 w1.0 ttl 20")
    // Services can have other names too.
    zone.add(
        "_sip._udp.hub.example", .srv,
        [DNSRecord(Zone.name("_sip._udp.hub.example"), ttl: 30, .alias(Zone.name("s.example")))])
    zone.srv("s.example", (0, 0, 5066, "hub.cloud.example"))
    #expect(
        zone.look(.name("hub.example", transport: .udp)) == "udp 192.0.2.21:5066 p0 w0.0 ttl 30")
}

@Test func loopsOfNamesEnd() {
    let zone = Zone()
    let a = Zone.name("a.example")
    let b = Zone.name("b.example")
    zone.add("a.example", .a, [DNSRecord(a, ttl: 20, .alias(b))])
    zone.add("b.example", .a, [DNSRecord(b, ttl: 20, .alias(a))])
    let (outcome, search) = zone.find(.name("a.example", port: 5060))
    #expect(outcome == .failure(.noAddress(ttl: 5)))
    #expect(search.limitReached && zone.asked.count == 9)
    // Both in one answer.
    zone.add(
        "a.example", .a, [DNSRecord(a, ttl: 20, .alias(b)), DNSRecord(b, ttl: 20, .alias(a))])
    #expect(zone.look(.name("a.example", port: 5060)).hasPrefix("the name has no address"))
}

@Test func limitsOfASearch() {
    let zone = Zone()
    let owner = Zone.name("_sip._udp.big.example")
    zone.add(
        "_sip._udp.big.example", .srv,
        (0..<200).map { index in
            DNSRecord(
                owner, ttl: 60,
                .service(
                    ServiceRecord(
                        priority: UInt16(index), weight: 0, port: 5060,
                        target: Zone.name("h\(index).example"))))
        })
    for index in 0..<200 {
        let name = Zone.name("h\(index).example")
        zone.add(
            "h\(index).example", .a,
            (0..<20).map {
                DNSRecord(
                    name, ttl: 60,
                    .address(IPAddress(ipv4: 0xc000_0200 + UInt32(index * 20 + $0))))
            })
    }
    let (outcome, search) = zone.find(.name("big.example", transport: .udp))
    #expect((try? outcome?.get().servers.count) == 32)
    #expect(zone.asked.count == 17)
    #expect(search.recordsIgnored == 184 + 16 * 20 - 32)
    // The questions themselves.
    var limits = LocationLimits()
    limits.questions = 3
    let (few, cut) = zone.find(.name("big.example", transport: .udp), limits: limits)
    #expect((try? few?.get().servers.count) == 32 && cut.limitReached)
    // And the NAPTR records.
    for index in 0..<30 {
        zone.srv("_sip._udp.x\(index).example", (0, 0, 5060, "h1.example"))
    }
    zone.add(
        "many.example", .naptr,
        (0..<30).map { index in
            DNSRecord(
                Zone.name("many.example"), ttl: 60,
                .authority(
                    AuthorityRecord(
                        order: 1, preference: UInt16(index), flags: [0x73],
                        service: Array("SIP+D2U".utf8),
                        replacement: Zone.name("_sip._udp.x\(index).example"))))
        })
    #expect(zone.find(.name("many.example")).search.recordsIgnored >= 22)
}

@Test func timesAreKeptWithinLimits() {
    let zone = Zone()
    for (ttl, kept) in [(UInt32(0), 5), (4, 5), (5, 5), (100, 100), (3600, 3600), (9999, 3600)] {
        zone.a("x.example", "192.0.2.1", ttl: ttl)
        #expect(
            zone.look(.name("x.example", port: 5060)) == "udp 192.0.2.1:5060 p0 w1.0 ttl \(kept)")
    }
    for (ttl, kept) in [(UInt32?.none, UInt32(5)), (0, 5), (60, 60), (86_400, 300)] {
        zone.negativeTTL = ttl
        #expect(
            zone.find(.name("y.example")).outcome == .failure(.noAddress(ttl: kept)))
    }
}

@Test func answersThatNobodyAskedFor() {
    var search = ServerLocator(.name("x.example"), transports: [.udp], isIPv4: true)
    let first = search.begin()
    let stranger = DNSQuestion(Zone.name("y.example"), .naptr)
    let none = search.answered(stranger, with: .nothing(ttl: 1))
    #expect(none.isEmpty && search.outcome == nil)
    let next = search.answered(first[0], with: .nothing(ttl: nil))
    #expect(next == [DNSQuestion(Zone.name("_sip._udp.x.example"), .srv)])
    // The same answer again.
    let again = search.answered(first[0], with: .nothing(ttl: nil))
    let last = search.answered(next[0], with: .failed(.timeout))
    #expect(again.isEmpty && last.isEmpty)
    #expect(search.outcome == .failure(.unanswered(.timeout)))
    let late = search.answered(next[0], with: .nothing(ttl: 9))
    #expect(late.isEmpty && search.outcome == .failure(.unanswered(.timeout)))
}

@Test func names() {
    #expect(DomainName("SIP.Example.COM.")?.description == "sip.example.com")
    #expect(DomainName("_sip._udp.x")?.description == "_sip._udp.x")
    for bad in ["", ".", "a..b", ".a", "a b", "a\u{e9}", String(repeating: "a", count: 64)] {
        #expect(DomainName(bad) == nil, "\(bad)")
    }
    let label = String(repeating: "a", count: 63)
    #expect(DomainName("\(label).\(label).\(label).\(String(label.prefix(61)))") != nil)
    #expect(DomainName("\(label).\(label).\(label).\(String(label.prefix(62)))") == nil)
    #expect(DomainName(label + "." + label + "." + label + ".b")?.service("_sips._tcp") != nil)
    let long = "\(label).\(label).\(label).\(String(label.prefix(60)))"
    #expect(DomainName(long)?.service("_sips._tcp") == nil)
}
