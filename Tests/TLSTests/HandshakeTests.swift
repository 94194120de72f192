// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestCertificates
import Testing

@testable import TLS

@Suite struct HandshakeTests {
    private let fixture: Fixture

    init() throws { self.fixture = try Fixture() }

    private func failure(_ session: TLSSession) -> TLSFailure? {
        if case .failed(let failure) = session.state { failure } else { nil }
    }

    /// Neither side may have read anything of the other, and neither is open at the end.
    private func expectRefusal(_ client: TLSSession, _ server: TLSSession, _ why: String) {
        client.start()
        let read = exchange(client, server)
        #expect(read.server.isEmpty && read.client.isEmpty)
        let reasons = [client, server].compactMap(self.failure).map(\.description)
        #expect(reasons.contains { $0.contains(why) }, "\(reasons)")
        // A client of TLS 1.3 learns what its server thinks of its certificate behind its own end.
        #expect(client.state != .open && server.state != .open)
    }

    @Test(arguments: [1, 7, Int.max])
    func octetsGoBothWays(piece: Int) throws {
        let client = try self.fixture.client()
        let server = try self.fixture.server()
        client.start()
        exchange(client, server, piece: piece)
        #expect(client.state == .open && server.state == .open)
        let long = (0..<70_000).map { UInt8(truncatingIfNeeded: $0) }
        #expect(client.write(long))
        #expect(server.write([1, 2, 3]))
        let read = exchange(client, server, piece: piece)
        #expect(read.server == long && read.client == [1, 2, 3])
        #expect(server.peer?.names?.dns == [Array("client.example".utf8)])
        #expect(client.peer?.version == "TLSv1.3")
        #expect(client.peer?.facts?.isForServers == true)
        client.close()
        exchange(client, server, piece: piece)
        #expect(server.state == .closed)
        // The other direction may still go.
        #expect(server.write([4]))
    }

    @Test func nothingIsWrittenBeforeTheHandshakeEnds() throws {
        let client = try self.fixture.client()
        client.start()
        #expect(!client.write([1]))
        #expect(client.state == .handshake)
    }

    @Test func anotherAuthorityIsRefusedByEitherSide() throws {
        let other = try self.fixture.trust(self.fixture.maker.authority("other"))
        self.expectRefusal(
            try self.fixture.client(trust: other), try self.fixture.server(), "local issuer")
        self.expectRefusal(
            try self.fixture.client(), try self.fixture.server(trust: other), "local issuer")
    }

    @Test func anotherNameIsRefusedByEitherSide() throws {
        self.expectRefusal(
            try self.fixture.client(policy: .init(party: "x", names: ["other.example"])),
            try self.fixture.server(), "server.example")
        self.expectRefusal(
            try self.fixture.client(),
            try self.fixture.server(policy: .init(party: "x", names: ["other.example"])),
            "client.example")
    }

    @Test func anEndedCertificateIsRefusedByEitherSide() throws {
        let maker = self.fixture.maker
        for name in ["server.example", "client.example"] {
            let files = try maker.leaf(
                name, by: self.fixture.authority, alternatives: "DNS:\(name)", days: -1)
            #expect(throws: TLSFailure.self) { try self.fixture.identity(files) }
            // As if it had been taken before it ended.
            let identity = try TLSIdentity(certificate: files.certificate, key: files.key)
            let isServer = name == "server.example"
            self.expectRefusal(
                try self.fixture.client(
                    isServer ? nil : try TLSClientContext(identity: identity)),
                try self.fixture.server(isServer ? [identity] : nil), "expired")
        }
    }

    @Test func aClientWithoutACertificateIsTakenOnlyWhereOneIsNotRequired() throws {
        let bare = try TLSClientContext(identity: nil)
        self.expectRefusal(
            try self.fixture.client(bare), try self.fixture.server(), "did not return")
        for wish in [ClientCertificate.request, .off] {
            let client = try self.fixture.client(bare)
            let server = try self.fixture.server(
                policy: .init(
                    party: "x", names: ["client.example"], clientCertificate: wish))
            client.start()
            exchange(client, server)
            #expect(server.state == .open && client.state == .open)
            #expect(server.peer?.names == nil)
        }
        // Who shows one all the same must show the right one.
        self.expectRefusal(
            try self.fixture.client(),
            try self.fixture.server(
                policy: .init(
                    party: "x", names: ["other.example"], clientCertificate: .request)),
            "client.example")
    }

    /// Services' certificates are for servers only, and so are their authorities.
    @Test func aServersCertificateOfAClientIsTakenWhereThePolicySaysSo() throws {
        let identity = try self.fixture.identity("client.example", usages: "serverAuth")
        #expect(identity.facts.isForServers && !identity.facts.isForClients)
        let context = try TLSClientContext(identity: identity)
        self.expectRefusal(
            try self.fixture.client(context), try self.fixture.server(), "purpose")
        let client = try self.fixture.client(context)
        let server = try self.fixture.server(
            policy: .init(
                party: "x", names: ["client.example"], acceptsServerOnly: true))
        client.start()
        exchange(client, server)
        #expect(server.state == .open)
        // For neither is for neither.
        let signer = try TLSClientContext(
            identity: self.fixture.identity("signer.example", usages: "codeSigning"))
        self.expectRefusal(
            try self.fixture.client(signer),
            try self.fixture.server(
                policy: .init(
                    party: "x", names: ["signer.example"], acceptsServerOnly: true)), "purpose")
        // And a certificate for clients only is no server's.
        let wrong = try self.fixture.identity("server.example", usages: "clientAuth")
        self.expectRefusal(
            try self.fixture.client(), try self.fixture.server([wrong]), "purpose")
    }

    @Test func theNameThatIsAskedForChoosesTheCertificate() throws {
        let identities = try ["first.example", "second.example"].map {
            try self.fixture.identity($0)
        }
        for (host, shown) in [
            ("first.example", "first.example"), ("second.example", "second.example"),
            ("none.example", "first.example"), ("", "first.example"),
        ] {
            let client = try self.fixture.client(
                policy: .init(party: "x", names: ["first.example", "second.example"]), host: host)
            let server = try self.fixture.server(identities)
            client.start()
            exchange(client, server)
            #expect(client.peer?.names?.dns == [Array(shown.utf8)])
            #expect(client.state == .open && server.state == .open)
        }
    }

    @Test func aSessionGoesOnAndOnlyWithTheSameParty() throws {
        let context = try TLSClientContext(identity: self.fixture.identity("client.example"))
        let shared = try TLSServerContext(
            identities: [self.fixture.identity("server.example")])
        let trust = try self.fixture.trust()
        func meet(_ party: String) throws -> Bool? {
            let client = try self.fixture.client(context)
            let server = try TLSSession(
                server: shared, trust: trust,
                policy: .init(party: party, names: ["client.example"]))
            client.start()
            exchange(client, server)
            #expect(client.state == .open && server.state == .open)
            // Names of a session that goes on are those of its certificate.
            #expect(server.peer?.names?.dns == [Array("client.example".utf8)])
            return server.peer?.isResumed
        }
        #expect(try meet("one") == false)
        #expect(try meet("one") == true)
        #expect(try meet("two") == false)
    }

    @Test func anRSACertificateServesToo() throws {
        let client = try self.fixture.client()
        let server = try self.fixture.server(
            [self.fixture.identity("server.example", isRSA: true)])
        client.start()
        exchange(client, server)
        #expect(client.state == .open && client.peer?.facts?.isRSA == true)
    }
}
