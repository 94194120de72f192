// SPDX-License-Identifier: Apache-2.0
// TLS over loopback, with the openssl command as the other party.

import Foundation
import NetworkAddress
import SIPMessage
import SIPTransaction
import TLS
import TestCertificates
import Testing

@testable import SIPTransport

/// Certificates of one authority for the node and its peer, and who may come.
final class TestAuthority: TLSAuthority {
    let maker: CertificateMaker
    let authority: CertificateMaker.Files
    let trust: TLSTrust
    var server: TLSServerContext
    let client: TLSClientContext
    var policy = TLSPeerPolicy(party: "peer", names: ["peer.example"])
    var isKnown = true
    private(set) var failures: [TransportError] = []

    init() throws {
        self.maker = try CertificateMaker()
        self.authority = try self.maker.authority("authority")
        // A little late: certificates begin with the second in which they are made.
        let now = Int64(Date().timeIntervalSince1970) + 2
        self.trust = try TLSTrust(path: self.authority.certificate, now: now)
        for name in ["node", "peer", "stranger"] {
            try self.maker.leaf(name, by: self.authority, alternatives: "DNS:\(name).example")
        }
        let files = self.maker.files("node")
        let identity = try TLSIdentity(certificate: files.certificate, key: files.key, now: now)
        self.server = try TLSServerContext(identities: [identity])
        self.client = try TLSClientContext(identity: identity)
    }

    func session(accepting source: Hop) -> TLSSession? {
        guard self.isKnown else { return nil }
        return try? TLSSession(server: self.server, trust: self.trust, policy: self.policy)
    }

    func session(connecting target: Hop) -> TLSSession? {
        guard self.isKnown else { return nil }
        return try? TLSSession(
            client: self.client, trust: self.trust, policy: self.policy, host: "peer.example")
    }

    func handshakeFailed(_ hop: Hop, _ error: TransportError) { self.failures.append(error) }
}

/// `openssl s_client` or `s_server`: what it reads is what we write to it, and the other way round.
final class OpenSSL {
    private let process = Process()
    private let input = Pipe()
    private let output: URL

    init(_ arguments: [String], in maker: CertificateMaker) throws {
        self.output = maker.directory.appendingPathComponent("output-\(UUID().uuidString)")
        #expect(FileManager.default.createFile(atPath: self.output.path, contents: nil))
        self.process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        self.process.arguments = ["openssl"] + arguments
        self.process.currentDirectoryURL = maker.directory
        self.process.standardInput = self.input
        let file = try FileHandle(forWritingTo: self.output)
        self.process.standardOutput = file
        self.process.standardError = file
        try self.process.run()
    }

    deinit {
        // First: at the end of its input it would say goodbye.
        kill(self.process.processIdentifier, SIGKILL)
        try? self.input.fileHandleForWriting.close()
        self.process.waitUntilExit()
    }

    var bytes: [UInt8] { Array((try? Data(contentsOf: self.output)) ?? Data()) }
    var text: String { String(decoding: self.bytes, as: UTF8.self) }

    func send(_ bytes: [UInt8]) {
        try? self.input.fileHandleForWriting.write(contentsOf: Data(bytes))
    }

    /// Ends its input: it says goodbye and goes.
    func finish() { try? self.input.fileHandleForWriting.close() }

    /// Connects to the node as `name`.
    static func client(
        _ name: String?, to local: SocketAddress, _ authority: TestAuthority,
        _ more: [String] = []
    ) throws -> OpenSSL {
        var arguments = [
            "s_client", "-connect", "\(local)", "-quiet", "-no_ign_eof",
            "-verify_quiet", "-nocommands",
            "-CAfile", authority.authority.certificate,
        ]
        if let name { arguments += ["-cert", "\(name).pem", "-key", "\(name).key"] }
        return try OpenSSL(arguments + more, in: authority.maker)
    }
}

@Suite struct TLSTransportTests {
    private let authority: TestAuthority
    private let fixture: TransportFixture

    init() throws { try self.init(limits: .init()) }

    private init(limits: TransportLimits) throws {
        self.authority = try TestAuthority()
        self.fixture = try TransportFixture(limits: limits)
        self.fixture.set.tls = self.authority
    }

    /// Starts `openssl s_server` as `name`; where it listens.
    private func server(
        _ name: String, _ more: [String] = []
    ) throws -> (OpenSSL, SocketAddress) {
        let probe = Peer()
        let address = try #require(probe.bind(listening: true))
        probe.close()
        let server = try OpenSSL(
            [
                "s_server", "-accept", "\(address)", "-quiet", "-cert", "\(name).pem", "-key",
                "\(name).key", "-CAfile", self.authority.authority.certificate, "-Verify", "2",
                "-verify_return_error",
            ] + more, in: self.authority.maker)
        // It says nothing when it listens.
        for _ in 0..<200 {
            let probe = Peer()
            if probe.connect(address) { break }
            self.fixture.settle(10)
        }
        return (server, address)
    }

    @Test(arguments: [[], ["-tls1_2"]])
    func aClientIsAnsweredOnItsConnection(version: [String]) throws {
        let local = try self.fixture.listen(.tls)
        self.fixture.onReceived = { $0.set.send($1, to: $2) }
        let client = try OpenSSL.client("peer", to: local, self.authority, version)
        client.send(message(body: 3000))
        #expect(self.fixture.wait { _ in client.bytes.count >= message(body: 3000).count })
        #expect(client.bytes.suffix(message(body: 3000).count) == message(body: 3000)[...])
        let hop = try #require(self.fixture.received.first?.hop)
        #expect(hop.transport == .tls)
        let session = try #require(self.fixture.set.session(of: hop.connection))
        #expect(session.peer?.names?.dns == [Array("peer.example".utf8)])
        #expect(session.policy.party == "peer")
        #expect(self.fixture.set.counters.handshakes == 1)
        #expect(self.fixture.set.handshakesInProgress == 0)
        client.finish()
        #expect(self.fixture.wait { _ in session.state == .closed })
    }

    @Test func oldVersionsStrangersAndTheNamelessAreRefused() throws {
        let local = try self.fixture.listen(.tls)
        let attempts: [(String?, [String])] = [
            ("peer", ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]),
            ("peer", ["-tls1", "-cipher", "ALL:@SECLEVEL=0"]), ("stranger", []), (nil, []),
        ]
        for (count, attempt) in attempts.enumerated() {
            let client = try OpenSSL.client(attempt.0, to: local, self.authority, attempt.1)
            client.send(message())
            #expect(
                self.fixture.wait { $0.set.counters.handshakesFailed == UInt64(count + 1) },
                "\(attempt) \(client.text)")
        }
        #expect(self.fixture.received.isEmpty)
        #expect(self.authority.failures.count == attempts.count)
        #expect(self.authority.failures[2].description.contains("stranger.example"))
        #expect(self.fixture.wait { $0.set.connectionCount == 0 })
        #expect(self.fixture.set.handshakesInProgress == 0)
    }

    /// The suites that Microsoft's and the carriers' services name for TLS 1.2, and no others.
    @Test(arguments: [
        ("ECDHE-RSA-AES256-GCM-SHA384", true), ("ECDHE-RSA-AES128-GCM-SHA256", true),
        ("ECDHE-RSA-AES256-SHA384", true), ("ECDHE-RSA-AES128-SHA256", true),
        ("AES256-GCM-SHA384", false), ("ECDHE-RSA-AES256-SHA", false),
        ("ECDHE-RSA-CHACHA20-POLY1305", false), ("DHE-RSA-AES256-GCM-SHA384", false),
    ])
    func suitesOfServicesAreTakenAndNoOthers(suite: String, isTaken: Bool) throws {
        let files = try self.authority.maker.leaf(
            "rsa", by: self.authority.authority, alternatives: "DNS:node.example", isRSA: true)
        self.authority.server = try TLSServerContext(
            identities: [TLSIdentity(certificate: files.certificate, key: files.key)])
        let local = try self.fixture.listen(.tls)
        let client = try OpenSSL.client(
            "peer", to: local, self.authority, ["-tls1_2", "-cipher", suite])
        client.send(message())
        if isTaken {
            #expect(self.fixture.wait { $0.received.count == 1 }, "\(client.text)")
            let hop = try #require(self.fixture.received.first?.hop)
            #expect(self.fixture.set.session(of: hop.connection)?.peer?.suite == suite)
        } else {
            #expect(self.fixture.wait { $0.set.counters.handshakesFailed == 1 })
            #expect(self.fixture.received.isEmpty)
        }
    }

    @Test func aConnectionThatEndsWithoutAWordIsCounted() throws {
        var limits = TransportLimits()
        limits.halfClosedMilliseconds = 50
        let other = try TLSTransportTests(limits: limits)
        let local = try other.fixture.listen(.tls)
        other.fixture.onReceived = { $0.set.send(response(), to: $2) }
        do {
            let client = try OpenSSL.client("peer", to: local, other.authority)
            client.send(message())
            // What it has not read would make its kernel reset the connection.
            #expect(other.fixture.wait { _ in client.text.contains("SIP/2.0 200") })
        }
        #expect(other.fixture.wait { $0.set.counters.truncated == 1 })
        #expect(other.fixture.wait { $0.set.connectionCount == 0 })
    }

    /// Connections end after the time of a drain, whatever passes.
    @Test func aDrainHasAnEnd() throws {
        var limits = TransportLimits()
        limits.drainMilliseconds = 300
        let other = try TLSTransportTests(limits: limits)
        let local = try other.fixture.listen(.tls)
        let client = try OpenSSL.client("peer", to: local, other.authority)
        client.send(message())
        #expect(other.fixture.wait { $0.received.count == 1 })
        other.fixture.set.recycle { _ in true }
        #expect(
            other.fixture.wait { _ in
                client.send(message())
                return other.fixture.set.counters.recycled == 1
            })
        #expect(other.fixture.received.count > 1)
    }

    @Test func whoIsNotKnownGetsNoHandshake() throws {
        self.authority.isKnown = false
        let local = try self.fixture.listen(.tls)
        let peer = Peer()
        #expect(peer.connect(local))
        #expect(self.fixture.wait { $0.set.counters.refusedUnknown == 1 })
        #expect(self.fixture.wait { _ in peer.poll() == nil })
        #expect(self.fixture.set.connectionCount == 0)
    }

    @Test func requestsGoOutOverOneConnectionAndAnswersComeBack() throws {
        _ = try self.fixture.listen(.tls)
        let (server, address) = try self.server("peer")
        let hop = Hop(
            listener: ListenerIndex(rawValue: 0), transport: .tls, remote: address)
        for number in 1...3 { self.fixture.set.send(message(number), to: hop) }
        let all = (1...3).flatMap { message($0) }
        #expect(self.fixture.wait { _ in server.text.contains("CSeq: 3") }, "\(server.text)")
        #expect(Array(server.bytes.suffix(all.count)) == all)
        #expect(self.fixture.set.counters.connected == 1)
        server.send(response())
        #expect(self.fixture.wait { $0.received.count == 1 })
        #expect(self.fixture.received.first?.bytes == response())
    }

    @Test func aServerWithAnotherNameGetsNothing() throws {
        _ = try self.fixture.listen(.tls)
        let (server, address) = try self.server("stranger")
        let hop = Hop(
            listener: ListenerIndex(rawValue: 0), transport: .tls, remote: address)
        self.fixture.set.send(message(), to: hop)
        #expect(self.fixture.wait { $0.failures.count == 1 })
        #expect(self.fixture.failures.first?.error.description.contains("stranger") == true)
        #expect(self.fixture.set.counters.connectFailures == 1)
        self.fixture.settle()
        #expect(!server.text.contains("OPTIONS"))
        #expect(self.fixture.set.connectionCount == 0)
    }

    @Test func whatWaitsForAHandshakeIsReportedWhenItFails() throws {
        _ = try self.fixture.listen(.tls)
        let silent = Peer()
        let address = try #require(silent.bind(listening: true))
        let hop = Hop(
            listener: ListenerIndex(rawValue: 0), transport: .tls, remote: address)
        self.fixture.set.send(message(1), to: hop)
        self.fixture.set.send(message(2), to: hop)
        let accepted = silent.accept()
        self.fixture.settle()
        #expect(self.fixture.failures.isEmpty)
        accepted.reset()
        #expect(self.fixture.wait { $0.failures.count == 2 })
        #expect(self.fixture.set.connectionCount == 0)
    }

    @Test func silentHandshakesHaveLimitsAndEnd() throws {
        var limits = TransportLimits()
        limits.handshakes = 4
        limits.handshakesPerSource = 3
        limits.handshakeMilliseconds = 300
        let other = try TLSTransportTests(limits: limits)
        let fixture = other.fixture
        let local = try fixture.listen(.tls)
        let peers = (0..<5).map { _ in Peer() }
        for peer in peers { #expect(peer.connect(local)) }
        #expect(fixture.wait { $0.set.counters.refusedHandshakesPerSource == 2 })
        #expect(fixture.set.handshakesInProgress == 3)
        #expect(fixture.wait { $0.set.counters.handshakesSlow == 3 })
        #expect(fixture.set.handshakesInProgress == 0 && fixture.set.connectionCount == 0)
        // There is room again.
        fixture.onReceived = { $0.set.send($1, to: $2) }
        let client = try OpenSSL.client("peer", to: local, other.authority)
        client.send(message())
        #expect(fixture.wait { $0.received.count == 1 })
    }

    @Test func handshakesHaveALimitInAll() throws {
        var limits = TransportLimits()
        limits.handshakes = 2
        let other = try TLSTransportTests(limits: limits)
        let local = try other.fixture.listen(.tls)
        let peers = (0..<3).map { _ in Peer() }
        for peer in peers { #expect(peer.connect(local)) }
        #expect(other.fixture.wait { $0.set.counters.refusedHandshakes == 1 })
        #expect(other.fixture.set.handshakesInProgress == 2)
    }

    @Test func aHandshakeThatSaysNothingGivesWay() throws {
        var limits = TransportLimits()
        limits.handshakes = 2
        limits.handshakesPerSource = 2
        limits.handshakeGraceMilliseconds = 100
        let other = try TLSTransportTests(limits: limits)
        let fixture = other.fixture
        let local = try fixture.listen(.tls)
        let silent = (0..<2).map { _ in Peer() }
        for peer in silent { #expect(peer.connect(local)) }
        #expect(fixture.wait { $0.set.handshakesInProgress == 2 })
        fixture.settle(150)
        fixture.onReceived = { $0.set.send($1, to: $2) }
        let client = try OpenSSL.client("peer", to: local, other.authority)
        client.send(message())
        #expect(fixture.wait { $0.received.count == 1 })
        #expect(fixture.set.counters.handshakesDisplaced == 1)
        #expect(fixture.set.counters.refusedHandshakesPerSource == 0)
        #expect(fixture.set.handshakesInProgress == 1)
    }

    /// RFC 5923: our request goes out over the connection that the peer opened.
    @Test(arguments: [("peer.example:5071", true), ("127.0.0.1:5071", true),
        ("other.example:5071", false)])
    func anAliasIsUsedWhereTheCertificateVouchesForIt(sentBy: String, isUsed: Bool) throws {
        let local = try self.fixture.listen(.tls)
        let client = try OpenSSL.client("peer", to: local, self.authority)
        let request =
            "OPTIONS sip:a@example.com SIP/2.0\r\nVia: SIP/2.0/TLS \(sentBy);alias;branch=z9hG4bK1"
            + "\r\nContent-Length: 0\r\n\r\n"
        client.send(Array(request.utf8))
        #expect(self.fixture.wait { $0.received.count == 1 })
        #expect(self.fixture.set.counters.aliases == (isUsed ? 1 : 0))
        let hop = Hop(
            listener: ListenerIndex(rawValue: 0), transport: .tls,
            remote: SocketAddress(address: IPAddress(ipv4: 0x7f00_0001), port: 5071))
        self.fixture.set.send(message(7), to: hop)
        if isUsed {
            #expect(self.fixture.wait { _ in client.text.contains("CSeq: 7") })
            #expect(self.fixture.set.connectionCount == 1)
        } else {
            #expect(self.fixture.wait { $0.failures.count == 1 })
            #expect(!client.text.contains("CSeq: 7"))
        }
    }

    @Test func connectionsWithOldCertificatesAreDrained() throws {
        var limits = TransportLimits()
        limits.drainIdleMilliseconds = 200
        let other = try TLSTransportTests(limits: limits)
        let fixture = other.fixture
        let local = try fixture.listen(.tls)
        fixture.onReceived = { $0.set.send(response(), to: $2) }
        let client = try OpenSSL.client("peer", to: local, other.authority)
        client.send(message(1))
        #expect(fixture.wait { $0.received.count == 1 })
        let hop = try #require(fixture.received.first?.hop)
        let old = other.authority.server
        fixture.set.recycle { $0.context === other.authority.client }
        fixture.settle(300)
        #expect(fixture.set.connectionCount == 1)
        fixture.set.recycle { $0.context === old }
        // What comes over it is still answered.
        client.send(message(2))
        #expect(fixture.wait { $0.received.count == 2 })
        #expect(fixture.wait { _ in client.text.components(separatedBy: "200 OK").count == 3 })
        #expect(fixture.wait { $0.set.counters.recycled == 1 })
        #expect(fixture.set.session(of: hop.connection) == nil)
    }

    @Test func twoSetsTalkAndGoOnWithASession() throws {
        let local = try self.fixture.listen(.tls)
        self.authority.policy.names = ["node.example"]
        let other = try TransportFixture()
        other.set.tls = self.authority
        _ = try other.listen(.tls, index: 1)
        self.fixture.onReceived = { $0.set.send(response(), to: $2) }
        let hop = Hop(listener: ListenerIndex(rawValue: 1), transport: .tls, remote: local)
        for number in 1...2 {
            other.set.send(message(number), to: hop)
            for _ in 0..<400 where other.received.count < number {
                other.settle(2)
                self.fixture.settle(2)
            }
            #expect(other.received.count == number)
            let connection = try #require(other.received.last?.hop.connection)
            #expect(other.set.session(of: connection)?.peer?.isResumed == (number == 2))
            other.set.recycle { _ in true }
        }
        #expect(other.set.counters.connected == 2)
        #expect(self.fixture.set.counters.resumed == 1)
    }
}
