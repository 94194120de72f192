// SPDX-License-Identifier: Apache-2.0

import FakeDNS
import Foundation
import NetworkAddress
import SIPLocation
import SIPTransport
import Testing

@testable import DNSClient

/// A client and the server that it asks, on one loop.
private final class Bench {
    let server: DNSServer
    let loop: EventLoop
    let client: DNSClient
    private(set) var answers: [String: DNSAnswer] = [:]

    init(attempts: Int = 2, timeout: Int = 200, others: [String] = []) throws {
        self.server = try DNSServer()
        self.loop = try EventLoop()
        let settings = DNSSettings(
            servers: others + ["127.0.0.1:\(self.server.port)"], timeoutMilliseconds: timeout,
            attempts: attempts)
        self.client = try #require(DNSClient(loop: self.loop, settings: settings))
    }

    deinit {
        self.client.close()
        self.loop.close()
        self.server.stop()
    }

    func ask(_ name: String, _ type: DNSRecordType = .a) throws -> DNSAnswer {
        let question = DNSQuestion(try #require(DomainName(name)), type)
        var answer: DNSAnswer?
        self.client.ask(question) { answer = $0 }
        #expect(answer == nil, "not from within the call")
        _ = self.loop.run(for: 10_000) { answer != nil }
        return try #require(answer)
    }
}

private func address(_ last: UInt32) -> DNSRecord.Data {
    .address(IPAddress(ipv4: 0xc000_0200 + last))
}

@Test func questionsAndAnswers() throws {
    let bench = try Bench()
    let name = try #require(DomainName("gw.example"))
    bench.server.set("gw.example", 1, .records([Wire.a("gw.example", 7), Wire.a("GW.example", 8)]))
    #expect(
        try bench.ask("gw.example")
            == .records([
                DNSRecord(name, ttl: 60, address(7)), DNSRecord(name, ttl: 60, address(8)),
            ]))
    bench.server.set(
        "_sip._udp.gw.example", 33,
        .records([Wire.srv("_sip._udp.gw.example", 5070, "a.gw.example")]))
    guard case .records(let records) = try bench.ask("_sip._udp.gw.example", .srv),
        case .service(let service)? = records.first?.data
    else {
        Issue.record("no SRV")
        return
    }
    #expect(service.port == 5070 && service.priority == 1 && service.weight == 2)
    #expect(service.target == DomainName("a.gw.example"))
    // Another answer is seen at the next question: nothing is kept here.
    bench.server.set("gw.example", 1, .records([Wire.a("gw.example", 9, ttl: 5)]))
    #expect(try bench.ask("gw.example") == .records([DNSRecord(name, ttl: 5, address(9))]))
    // No AAAA, and no such name.
    bench.server.set("gw.example", 28, .nothing(ttl: 77, code: 0))
    #expect(try bench.ask("gw.example", .aaaa) == .nothing(ttl: 77))
    bench.server.set("none.example", 1, .nothing(ttl: 99, code: 3))
    #expect(try bench.ask("none.example") == .nothing(ttl: 99))
    #expect(try bench.ask("never.example") == .nothing(ttl: nil))
    #expect(bench.client.questions == 6)
}

@Test func longAnswersComeByTCP() throws {
    let bench = try Bench(timeout: 2000)
    bench.server.set(
        "big.example", 1, .long((1...200).map { Wire.a("big.example", UInt8($0)) }))
    guard case .records(let records) = try bench.ask("big.example") else {
        Issue.record("no records: \(bench.server.asked)")
        return
    }
    #expect(records.count == 200 && records[199].data == address(200))
    #expect(bench.server.asked == ["udp big.example 1", "tcp big.example 1"])
}

@Test func serversThatRefuse() throws {
    let bench = try Bench()
    for code: UInt8 in [2, 4, 5] {
        bench.server.set("x.example", 1, .records([], code: code))
        #expect(try bench.ask("x.example") == .failed(.refused), "code \(code)")
    }
}

@Test func silentServersCostTimeOnly() throws {
    let bench = try Bench(attempts: 2, timeout: 150)
    bench.server.set("quiet.example", 1, .silence)
    bench.server.set("loud.example", 1, .records([Wire.a("loud.example", 1)]))
    var quiet: DNSAnswer?
    bench.client.ask(DNSQuestion(try #require(DomainName("quiet.example")), .a)) { quiet = $0 }
    // Others are served meanwhile, and the loop turns.
    var turns = 0
    func turn() {
        turns += 1
        if quiet == nil { bench.loop.schedule(after: 10) { turn() } }
    }
    turn()
    let loud = try bench.ask("loud.example")
    #expect(loud != .failed(.timeout) && quiet == nil)
    _ = bench.loop.run(for: 10_000) { quiet != nil }
    #expect(quiet == .failed(.timeout) && turns > 10)
    #expect(bench.server.asked.count { $0 == "udp quiet.example 1" } == 2)
}

@Test func aDeadServerIsPassedOver() throws {
    // Nothing listens there; the second server answers.
    let bench = try Bench(attempts: 2, timeout: 200, others: ["127.0.0.1:1"])
    bench.server.set("gw.example", 1, .records([Wire.a("gw.example", 7)]))
    guard case .records(let records) = try bench.ask("gw.example") else {
        Issue.record("no answer")
        return
    }
    #expect(records.map(\.data) == [address(7)])
}

@Test func nobodyListens() throws {
    let loop = try EventLoop()
    defer { loop.close() }
    let client = try #require(
        DNSClient(
            loop: loop,
            settings: DNSSettings(
                servers: ["127.0.0.1:1"], timeoutMilliseconds: 100, attempts: 1)))
    defer { client.close() }
    var answer: DNSAnswer?
    client.ask(DNSQuestion(try #require(DomainName("x.example")), .a)) { answer = $0 }
    _ = loop.run(for: 10_000) { answer != nil }
    #expect(answer == .failed(.refused) || answer == .failed(.timeout))
}

@Test func garbageIsNoAnswer() throws {
    let bench = try Bench(attempts: 1, timeout: 150)
    var random = SystemRandomNumberGenerator()
    for length in [0, 1, 9, 10, 11, 30, 500] {
        let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
        bench.server.set("junk.example", 1, .garbage(bytes))
        guard case .failed = try bench.ask("junk.example") else {
            // A header that happens to say NXDOMAIN, with our question behind it, is not random.
            Issue.record("taken for an answer: \(bytes)")
            return
        }
    }
    // A good header and question, and records that break off or point forwards.
    let question = Wire.name("junk.example") + [0, 1, 0, 1]
    let header: [UInt8] = [0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]
    let whole = Wire.a("junk.example", 1)
    for cut in 0..<whole.count {
        bench.server.set("junk.example", 1, .garbage(header + question + whole[..<cut]))
        #expect(try bench.ask("junk.example") == .failed(.malformed), "cut at \(cut)")
    }
    let forwards: [UInt8] = [0xc0, 60, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1]
    bench.server.set("junk.example", 1, .garbage(header + question + forwards))
    #expect(try bench.ask("junk.example") == .failed(.malformed))
}

@Test func manyQuestionsWaitTheirTurn() throws {
    let bench = try Bench(timeout: 2000)
    var answered = 0
    for index in 0..<300 {
        bench.server.set("h\(index).example", 1, .records([Wire.a("h\(index).example", 1)]))
        bench.client.ask(DNSQuestion(try #require(DomainName("h\(index).example")), .a)) {
            if case .records = $0 { answered += 1 }
        }
    }
    _ = bench.loop.run(for: 20_000) { answered == 300 }
    #expect(answered == 300 && bench.client.questions == 300)
}

@Test func closingWithQuestionsOpen() throws {
    let bench = try Bench()
    bench.server.set("quiet.example", 1, .silence)
    var answered = 0
    for _ in 0..<100 {
        bench.client.ask(DNSQuestion(try #require(DomainName("quiet.example")), .a)) { _ in
            answered += 1
        }
    }
    _ = bench.loop.run(for: 50) { false }
    bench.client.close()
    _ = bench.loop.run(for: 300) { false }
    #expect(answered == 0)
    bench.client.ask(DNSQuestion(try #require(DomainName("quiet.example")), .a)) { _ in
        answered += 1
    }
    _ = bench.loop.run(for: 50) { false }
    #expect(answered == 0)
}

/// Nobody has to close a client before letting go of it, whatever it is doing.
@Test func lettingGoWithQuestionsOpen() throws {
    let server = try DNSServer()
    defer { server.stop() }
    server.set("quiet.example", 1, .silence)
    let loop = try EventLoop()
    defer { loop.close() }
    let settings = DNSSettings(servers: ["127.0.0.1:\(server.port)"])
    var client = DNSClient(loop: loop, settings: settings)
    var answered = 0
    for _ in 0..<10 {
        client?.ask(DNSQuestion(try #require(DomainName("quiet.example")), .a)) { _ in
            answered += 1
        }
    }
    _ = loop.run(for: 2000) { !server.asked.isEmpty }
    #expect(!server.asked.isEmpty)
    client = nil
    _ = loop.run(for: 100) { false }
    #expect(answered == 0)
}

@Test func theFileOfHosts() throws {
    let loop = try EventLoop()
    defer { loop.close() }
    let client = try #require(DNSClient(loop: loop))
    defer { client.close() }
    var answer: DNSAnswer?
    client.ask(DNSQuestion(try #require(DomainName("localhost")), .a)) { answer = $0 }
    _ = loop.run(for: 10_000) { answer != nil }
    guard case .records(let records) = answer else {
        Issue.record("localhost is not in /etc/hosts: \(String(describing: answer))")
        return
    }
    #expect(records.contains { $0.data == .address(IPAddress(ipv4: 0x7f00_0001)) })
    // It is a host, and has no services.
    for (name, type) in [("localhost", .naptr), ("_sip._udp.localhost", .srv)]
        as [(String, DNSRecordType)]
    {
        answer = nil
        client.ask(DNSQuestion(try #require(DomainName(name)), type)) { answer = $0 }
        _ = loop.run(for: 10_000) { answer != nil }
        #expect(answer == .nothing(ttl: 60), "\(name)")
    }
    #expect(client.questions == 0)
}

@Test func serversThatCannotBe() throws {
    let loop = try EventLoop()
    defer { loop.close() }
    #expect(DNSClient(loop: loop, settings: DNSSettings(servers: ["dns.example"])) == nil)
}
