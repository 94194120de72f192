// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestCertificates
import Testing

@testable import TLS

@Suite struct GarbageTests {
    private let fixture: Fixture

    init() throws { self.fixture = try Fixture() }

    @Test func aFlippedOctetOfTheHandshakeNeverOpensASession() throws {
        let server = try TLSServerContext(
            identities: [self.fixture.identity("server.example")])
        let trust = try self.fixture.trust()
        let context = try TLSClientContext(identity: self.fixture.identity("client.example"))
        var random = SystemRandomNumberGenerator()
        for round in 0..<60 {
            let client = try self.fixture.client(context, trust: trust)
            let session = try TLSSession(
                server: server, trust: trust,
                policy: .init(party: "x", names: ["client.example"]))
            client.start()
            var hello = client.takeOutput()
            // The first: the record's kind. The others anywhere behind its length.
            let place = round == 0 ? 0 : Int.random(in: 5..<hello.count, using: &random)
            hello[place] ^= 0x80
            #expect(session.receive(hello).isEmpty)
            exchange(client, session)
            #expect(session.state != .open)
        }
    }

    @Test func noiseIsRefused() throws {
        for length in [1, 5, 100, 70_000] {
            let server = try self.fixture.server()
            let noise = (0..<length).map { _ in UInt8.random(in: .min ... .max) }
            #expect(server.receive(noise).isEmpty)
            #expect(server.state != .open)
            if length > 5 {
                guard case .failed = server.state else {
                    Issue.record("noise of \(length) octets is no handshake")
                    continue
                }
            }
        }
    }

    @Test func aDamagedRecordEndsTheSession() throws {
        let client = try self.fixture.client()
        let server = try self.fixture.server()
        client.start()
        exchange(client, server)
        #expect(client.write(Array("hello".utf8)))
        var record = client.takeOutput()
        record[record.count - 1] ^= 1
        #expect(server.receive(record).isEmpty)
        #expect(server.state != .open)
        #expect(server.receive([0x16, 3, 3, 0, 0]).isEmpty)
    }

    @Test func aRecordThatIsCutShortWaits() throws {
        let client = try self.fixture.client()
        let server = try self.fixture.server()
        client.start()
        exchange(client, server)
        #expect(client.write(Array("hello".utf8)))
        let record = client.takeOutput()
        #expect(server.receive(Array(record.dropLast())).isEmpty)
        #expect(server.state == .open)
        #expect(server.receive(Array(record.suffix(1))) == Array("hello".utf8))
    }

    @Test func filesThatAreWrongSayWhy() throws {
        let maker = self.fixture.maker
        let good = try maker.leaf("good", by: self.fixture.authority)
        let other = try maker.leaf("other", by: self.fixture.authority)
        try "nothing".write(toFile: maker.path("text"), atomically: true, encoding: .utf8)
        func failure(_ certificate: String, _ key: String) -> TLSFailure? {
            do throws(TLSFailure) {
                _ = try TLSIdentity(certificate: certificate, key: key, now: Fixture.now)
                return nil
            } catch {
                return error
            }
        }
        #expect(failure(good.certificate, good.key) == nil)
        #expect(failure(good.certificate, other.key) == .mismatch)
        #expect(failure(maker.path("text"), good.key) == .noCertificate)
        #expect(failure(good.certificate, maker.path("text")) == .noKey)
        #expect(
            failure(maker.path("none"), good.key)
                == .certificateUnreadable("No such file or directory"))
        #expect(
            failure(good.certificate, maker.path("none"))
                == .keyUnreadable("No such file or directory"))
        // Nobody writes into the pipe, and nothing waits for him.
        let pipe = maker.path("pipe")
        #expect(mkfifo(pipe, 0o600) == 0)
        #expect(throws: TLSFailure.certificateUnreadable("Invalid argument")) {
            try TLSTrust(path: pipe, now: Fixture.now)
        }
        #expect(throws: TLSFailure.noCertificate) {
            try TLSTrust(path: maker.path("text"), now: Fixture.now)
        }
        let early = Fixture.now - 86_400 * 400
        #expect(throws: TLSFailure.self) {
            try TLSIdentity(certificate: good.certificate, key: good.key, now: early)
        }
        // A key behind a passphrase is not asked for: nobody is there.
        let trust = try self.fixture.trust()
        #expect(trust.count == 1 && trust.notAfter > Fixture.now)
    }
}
