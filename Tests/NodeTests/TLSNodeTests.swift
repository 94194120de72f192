// SPDX-License-Identifier: Apache-2.0
// A node with a TLS trunk, and the openssl command as its peer.

import Foundation
import Management
import SIPTransaction
import TLS
import TestCertificates
import Testing

@testable import Node
@testable import SIPTransport

/// A node whose trunk `service` speaks TLS, with certificates of its own.
final class TLSFixture {
    let maker: CertificateMaker
    let authority: CertificateMaker.Files
    let node: NodeFixture

    init(fastPath: Bool = false, days: Int = 200, trunk: String = "") throws {
        let maker = try CertificateMaker()
        let authority = try maker.authority("authority")
        try maker.leaf(
            "node", by: authority, alternatives: "DNS:sbc.example.com,DNS:*.sbc.example.com",
            days: days)
        for name in ["service", "stranger"] {
            try maker.leaf(name, by: authority, alternatives: "DNS:\(name).example")
        }
        self.maker = maker
        self.authority = authority
        let files = maker.files("node")
        self.node = try NodeFixture(fastPath: fastPath) { text in
            text.replacingOccurrences(
                of: "trunks:",
                with: "  - { name: tls, transport: tls, address: \"BOX:5061\", "
                    + "certificate: \(files.certificate), key: \(files.key), "
                    + "host: sbc.example.com }\ntrunks:"
            ).replacingOccurrences(
                of: "name: service, listener: udp, realm: inside,",
                with: "name: service, listener: tls, realm: inside, trust: "
                    + "\(authority.certificate), verify-names: [service.example], \(trunk)"
            ).replacingOccurrences(
                of: "BOX", with: text.components(separatedBy: "address: \"")[1]
                    .components(separatedBy: ":")[0])
        }
    }

    /// `openssl s_client` at the service's address, or another; with a certificate, or without.
    func client(_ name: String?, from address: String? = nil) throws -> TLSPeerProgram {
        let own = address ?? self.node.addresses.service
        var arguments = [
            "s_client", "-connect", "\(self.node.addresses.box):5061", "-bind", "\(own):0",
            "-quiet", "-no_ign_eof", "-nocommands", "-CAfile", self.authority.certificate,
            "-servername", "sbc.example.com",
        ]
        if let name { arguments += ["-cert", "\(name).pem", "-key", "\(name).key"] }
        return try TLSPeerProgram(arguments, in: self.maker.directory)
    }

    /// `openssl s_server` at the service's address.
    func server(_ name: String) throws -> TLSPeerProgram {
        let server = try TLSPeerProgram(
            [
                "s_server", "-accept", "\(self.node.addresses.service):5061", "-quiet", "-cert",
                "\(name).pem", "-key", "\(name).key", "-CAfile", self.authority.certificate,
                "-Verify", "2", "-verify_return_error",
            ], in: self.maker.directory)
        // It says nothing when it listens.
        for _ in 0..<20 { self.node.settle() }
        return server
    }

    /// That of the connection that was made last, of those that live.
    var newestSession: TLSSession? {
        guard let set = self.node.shard.transport else { return nil }
        return set.session(of: set.connections.keys.max { $0.rawValue < $1.rawValue })
    }

    func options(_ call: String) -> String {
        """
        OPTIONS sip:sbc.example.com SIP/2.0\r
        Via: SIP/2.0/TLS service.example:5061;alias;branch=z9hG4bK-\(call)\r
        Max-Forwards: 70\r
        From: <sip:service.example>;tag=\(call)\r
        To: <sip:sbc.example.com>\r
        Call-ID: \(call)\r
        CSeq: 1 OPTIONS\r
        Contact: <sip:service.example:5061;transport=tls>\r
        Content-Length: 0\r
        \r

        """
    }

    func figure(_ name: String) throws -> Double? {
        try self.node.result("status")["tls"]?[name]?.double
    }

    func conditions() throws -> [String] {
        try self.node.result("status")["conditions"]?.array?.compactMap(\.string) ?? []
    }
}

/// `openssl s_client` or `s_server`.
final class TLSPeerProgram {
    private let process = Process()
    private let input = Pipe()
    private let output: URL

    init(_ arguments: [String], in directory: URL) throws {
        self.output = directory.appendingPathComponent("output-\(UUID().uuidString)")
        #expect(FileManager.default.createFile(atPath: self.output.path, contents: nil))
        self.process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        self.process.arguments = ["openssl"] + arguments
        self.process.currentDirectoryURL = directory
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

    var text: String {
        String(decoding: (try? Data(contentsOf: self.output)) ?? Data(), as: UTF8.self)
    }

    func send(_ text: String) {
        try? self.input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
    }

    /// The node runs until the program has read this.
    func expect(_ text: String, _ node: NodeFixture) -> Bool {
        node.run { _ in self.text.contains(text) }
    }
}

@Suite struct TLSNodeTests {
    @Test func aPeerWithTheRightCertificateIsItsTrunk() throws {
        let fixture = try TLSFixture()
        let client = try fixture.client("service")
        client.send(fixture.options("a"))
        #expect(client.expect("SIP/2.0 200", fixture.node), "\(client.text)")
        #expect(client.text.contains("Contact: <sip:sbc.example.com:5061;transport=tls>"))
        #expect(try fixture.figure("handshakes") == 1)
        #expect(try fixture.figure("impostors") == 0)
        // RFC 5923: the certificate vouches for the name in its Via.
        #expect(try fixture.figure("aliases") == 1)
    }

    @Test func nobodyElseIs() throws {
        let fixture = try TLSFixture()
        let node = fixture.node
        for (count, name) in ["stranger", nil].enumerated() {
            let client = try fixture.client(name)
            client.send(fixture.options("b\(count)"))
            #expect(
                node.run { $0.transport?.counters.handshakesFailed == UInt64(count + 1) },
                "\(client.text)")
            #expect(!client.text.contains("SIP/2.0"))
        }
        #expect(node.shard.lastHandshakeFailure?.contains("trunk service") == true)
        // From another address there is no handshake at all.
        let elsewhere = try fixture.client("service", from: node.addresses.stranger)
        #expect(node.run { $0.transport?.counters.refusedUnknown == 1 }, "\(elsewhere.text)")
        // And over plain transports the address alone is nobody.
        for isStream in [false, true] {
            let peer = try SIPPeer(
                node.addresses.service, to: node.addresses.box, stream: isStream)
            peer.send(peer.request("OPTIONS", call: "plain\(isStream)"))
            #expect(peer.expect("SIP/2.0 403", node) != nil)
        }
    }

    /// The address has become another trunk's: whoever is connected has to show who he is again.
    @Test func aConnectionOfAnotherTrunkIsEnded() throws {
        let fixture = try TLSFixture()
        let node = fixture.node
        let client = try fixture.client("service")
        client.send(fixture.options("a"))
        #expect(client.expect("SIP/2.0 200", node), "\(client.text)")
        try node.edit("name: service, listener: tls", to: "name: other, listener: tls")
        try node.edit("to: service", to: "to: other")
        node.shard.reload()
        #expect(node.shard.refusedConfiguration.isEmpty)
        client.send(fixture.options("b"))
        #expect(node.run { $0.counters.impostors == 1 })
        #expect(node.run { $0.transport?.connectionCount == 0 })
        #expect(client.text.components(separatedBy: "SIP/2.0 200").count == 2)
        let next = try fixture.client("service")
        next.send(fixture.options("c"))
        #expect(next.expect("SIP/2.0 200", node), "\(next.text)")
    }

    @Test func aCallGoesOutOverTLSUnderOurName() throws {
        let fixture = try TLSFixture(fastPath: true, trunk: "host: acme.sbc.example.com,")
        let node = fixture.node
        let server = try fixture.server("service")
        let carrier = try SIPPeer(node.addresses.carrier, to: node.addresses.box)
        carrier.send(carrier.request("INVITE", body: carrier.sdp))
        #expect(server.expect("INVITE sip:+15550100@", node), "\(server.text)")
        let own = "acme.sbc.example.com:5061"
        #expect(server.text.contains("Via: SIP/2.0/TLS \(own);alias;rport;branch="))
        #expect(server.text.contains("Contact: <sip:+15550199@\(own);transport=tls>"))
        #expect(server.text.contains("From: <sip:+15550199@acme.sbc.example.com>;tag="))
        #expect(try fixture.figure("handshakes") == 1)
    }

    @Test func aServerWithAnotherNameGetsNoCall() throws {
        let fixture = try TLSFixture(fastPath: true)
        let node = fixture.node
        let server = try fixture.server("stranger")
        let carrier = try SIPPeer(node.addresses.carrier, to: node.addresses.box)
        carrier.send(carrier.request("INVITE", body: carrier.sdp))
        #expect(carrier.expect("SIP/2.0 503", node) != nil)
        #expect(!server.text.contains("INVITE"))
        #expect(node.shard.lastHandshakeFailure?.contains("stranger.example") == true)
    }

    @Test func aNewCertificateIsTakenAndABrokenOneIsNot() throws {
        let fixture = try TLSFixture()
        let node = fixture.node
        let client = try fixture.client("service")
        client.send(fixture.options("c"))
        #expect(client.expect("SIP/2.0 200", node))
        let old = try #require(fixture.newestSession)
        let files = fixture.maker.files("node")
        let before = try String(contentsOfFile: files.certificate, encoding: .utf8)

        // Broken: it stays, and the node says why.
        try "nonsense".write(toFile: files.certificate, atomically: true, encoding: .utf8)
        node.shard.lookAtCertificates()
        #expect(node.shard.tls.isCurrent(old))
        #expect(try fixture.conditions().contains { $0.contains("holds no certificate") })
        // Of another key, with the key still the old one.
        let other = try fixture.maker.leaf("other", by: fixture.authority)
        try FileManager.default.removeItem(atPath: files.certificate)
        try FileManager.default.copyItem(atPath: other.certificate, toPath: files.certificate)
        node.shard.lookAtCertificates()
        #expect(node.shard.tls.isCurrent(old))
        #expect(try fixture.conditions().contains { $0.contains("is not the key of the first") })
        // Ended.
        try fixture.maker.leaf("ended", by: fixture.authority, days: -1)
        let ended = fixture.maker.files("ended")
        for (from, to) in [(ended.certificate, files.certificate), (ended.key, files.key)] {
            try FileManager.default.removeItem(atPath: to)
            try FileManager.default.copyItem(atPath: from, toPath: to)
        }
        node.shard.lookAtCertificates()
        #expect(node.shard.tls.isCurrent(old))
        #expect(try fixture.conditions().contains { $0.contains("has expired") })
        // Good: what is new has it, what is old is drained.
        try fixture.maker.leaf(
            "node", by: fixture.authority, alternatives: "DNS:sbc.example.com", days: 300)
        // A file that is written twice within a tick of the clock is another file all the same.
        node.shard.lookAtCertificates()
        let now = try String(contentsOfFile: files.certificate, encoding: .utf8)
        #expect(now != before)
        #expect(!node.shard.tls.isCurrent(old))
        #expect(try fixture.conditions().allSatisfy { !$0.contains(files.certificate) })
        let next = try fixture.client("service")
        next.send(fixture.options("d"))
        #expect(next.expect("SIP/2.0 200", node))
        #expect(node.shard.tls.isCurrent(try #require(fixture.newestSession)))
        // The old connection still answers while it is drained.
        client.send(fixture.options("e"))
        #expect(node.run { _ in client.text.components(separatedBy: "SIP/2.0 200").count == 3 })
    }

    @Test(arguments: [(20, "ends in"), (1, "ends"), (200, "")])
    func anEndThatIsNearIsTold(days: Int, told: String) throws {
        let fixture = try TLSFixture(days: days)
        let ends = try fixture.conditions().filter { $0.contains("node.pem") }
        if told.isEmpty {
            #expect(ends.isEmpty)
        } else {
            #expect(ends.count == 1 && ends[0].contains(told), "\(ends)")
            #expect(ends[0].contains("listener tls"))
        }
    }

    @Test func theLogHasEachStepOfAnEndOnce() throws {
        let fixture = try TLSFixture(days: 200)
        let agent = fixture.node.shard.tls
        let start = Shard.nowSeconds
        var lines: [String] = []
        for day in Int64(0)...202 {
            lines += agent.warnings(now: start + day * 86_400).filter { $0.contains("node.pem") }
        }
        #expect(lines.count == 4, "\(lines)")
        #expect(lines.last?.contains("has expired") == true)
    }

    @Test func keysAreNeverShown() throws {
        let fixture = try TLSFixture()
        let key = try String(contentsOfFile: fixture.maker.files("node").key, encoding: .utf8)
            .split(separator: "\n")[1]
        for verb in ["status", "calls"] {
            let text = "\(try fixture.node.result(verb))"
            #expect(!text.contains(key) && !text.contains("PRIVATE"))
        }
    }
}
