// SPDX-License-Identifier: Apache-2.0
// Against `openssl s_client` and `s_server`: another program, over UDP.

import Foundation
import Glibc
import Testing

@testable import DTLS

/// A program whose output goes to a file and whose standard input stays open.
final class Program {
    private let process = Process()
    private let input = Pipe()
    let output: URL

    init(_ arguments: [String], in directory: URL) throws {
        self.output = directory.appendingPathComponent("output-\(arguments[0])")
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

    var text: String {
        String(decoding: (try? Data(contentsOf: self.output)) ?? Data(), as: UTF8.self)
    }

    /// What follows a word on its line.
    func value(after word: String) -> String? {
        let text = self.text
        guard let found = text.range(of: word) else { return nil }
        let line = text[found.upperBound...].prefix { $0 != "\n" }
        return line.trimmingCharacters(in: .whitespaces)
    }

    func finish() -> String {
        self.process.waitUntilExit()
        return self.text
    }

    func stop() {
        try? self.input.fileHandleForWriting.close()
        // s_client that is in a handshake outlives SIGTERM.
        kill(self.process.processIdentifier, SIGKILL)
        self.process.waitUntilExit()
    }
}

/// A UDP socket on loopback.
final class Socket {
    let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    var peer = sockaddr_in()

    init() {
        var own = Self.loopback(port: 0)
        _ = Self.raw(&own) { bind(self.descriptor, $0, $1) }
    }

    deinit { close(self.descriptor) }

    static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    static func raw<R>(
        _ address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> R
    ) -> R {
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    var port: UInt16 {
        var own = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = Self.raw(&own) { address, _ in getsockname(self.descriptor, address, &length) }
        return UInt16(bigEndian: own.sin_port)
    }

    func send(_ bytes: [UInt8]) {
        _ = Self.raw(&self.peer) { sendto(self.descriptor, bytes, bytes.count, 0, $0, $1) }
    }

    func receive(within milliseconds: Int32) -> [UInt8]? {
        var waiting = pollfd(fd: self.descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, milliseconds) > 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let count = Self.raw(&self.peer) { address, _ in
            recvfrom(self.descriptor, &bytes, bytes.count, 0, address, &length)
        }
        return count > 0 ? Array(bytes[..<count]) : nil
    }
}

/// OpenSSL's program with a certificate of its own, and an association of ours on a socket.
final class Peer {
    let directory: URL
    let fingerprint: DTLSFingerprint
    let socket = Socket()

    init(key: [String] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]) throws {
        self.directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("dtls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: self.directory, withIntermediateDirectories: true)
        _ = try Program(
            ["req", "-x509", "-nodes", "-subj", "/CN=peer", "-keyout", "key", "-out", "cert"] + key,
            in: self.directory
        ).finish()
        let said = try Program(
            ["x509", "-in", "cert", "-noout", "-fingerprint", "-sha256"], in: self.directory
        ).finish()
        let digest = said.split(separator: "=").last?.split(separator: ":").compactMap {
            UInt8($0.trimmingCharacters(in: .whitespacesAndNewlines), radix: 16)
        }
        self.fingerprint = try #require(DTLSFingerprint(.sha256, digest: digest ?? []))
    }

    deinit { try? FileManager.default.removeItem(at: self.directory) }

    private static let exports = [
        "-cert", "cert", "-key", "key", "-keymatexport", "EXTRACTOR-dtls_srtp",
    ]

    func client(_ profiles: String, bytes: Int, version: String = "-dtls1_2") throws -> Program {
        try Program(
            [
                "s_client", version, "-connect", "127.0.0.1:\(self.socket.port)", "-use_srtp",
                profiles, "-keymatexportlen", "\(bytes)",
            ] + Self.exports, in: self.directory)
    }

    func server(_ profiles: String, bytes: Int, extra: [String] = []) throws -> Program {
        let port = Socket().port  // free again at once
        self.socket.peer = Socket.loopback(port: port)
        return try Program(
            [
                "s_server", "-dtls1_2", "-accept", "127.0.0.1:\(port)", "-verify", "1",
                "-use_srtp", profiles, "-keymatexportlen", "\(bytes)",
            ] + Self.exports + extra, in: self.directory)
    }

    /// Carries until `isDone`, ten seconds at most.
    func carry(_ side: Side, until isDone: () -> Bool) {
        let end = monotonicMs() + 10_000
        side.start()
        while !isDone(), monotonicMs() < end {
            for datagram in side.takeSent() { self.socket.send(datagram) }
            if let datagram = self.socket.receive(within: Int32(min(side.timer ?? 20, 20))) {
                side.receive(datagram)
            } else if side.timer != nil {
                side.take(side.association.timeout(now: monotonicMs()))
            }
        }
        for datagram in side.takeSent() { self.socket.send(datagram) }
    }
}

extension DTLSKeys {
    /// What the exporter gave, in hexadecimal, put together again.
    func exported(_ role: DTLSRole) -> String {
        let (client, server) =
            role == .client ? (self.send, self.receive) : (self.receive, self.send)
        return (client.key + server.key + client.salt + server.salt)
            .map { String(format: "%02X", $0) }.joined()
    }
}

private func limits() -> DTLSLimits {
    var limits = DTLSLimits()
    limits.firstTimeoutMs = 100
    return limits
}

@Test(arguments: SRTPProfile.allCases, [DTLSRole.client, .server])
func theOtherProgramHasTheSameKeys(profile: SRTPProfile, role: DTLSRole) throws {
    let peer = try Peer()
    let name = profile.libraryName
    let side = try Side(
        role, DTLSCertificate(), expects: [peer.fingerprint], SRTPProfile.preferred, limits())
    let program =
        role == .client
        ? try peer.server(name, bytes: profile.exportBytes)
        : try peer.client(name, bytes: profile.exportBytes)
    defer { program.stop() }
    let word = "Keying material: "
    peer.carry(side) { side.events > 0 && program.value(after: word) != nil }
    let keys = try #require(side.keys, "\(program.text)")
    #expect(keys.profile == profile)
    #expect(keys.exported(role) == program.value(after: word))
    if role == .client { #expect(side.association.flight.isProved) }
}

@Test func aPeerWithAnRSACertificateIsTakenToo() throws {
    let peer = try Peer(key: ["-newkey", "rsa:2048"])
    let side = try Side(
        .client, DTLSCertificate(), expects: [peer.fingerprint], SRTPProfile.preferred, limits())
    let program = try peer.server("SRTP_AES128_CM_SHA1_80", bytes: 60)
    defer { program.stop() }
    peer.carry(side) { side.events > 0 && program.value(after: "Keying material: ") != nil }
    #expect(side.keys?.exported(.client) == program.value(after: "Keying material: "))
    #expect(side.keys?.profile == .aes128CounterSHA1Tag80)
    #expect(side.association.flight.isProved)
}

@Test func theOtherProgramsSuitesAndCookies() throws {
    let peer = try Peer()
    for suite in [
        "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
    ] {
        let side = try Side(
            .client, DTLSCertificate(), expects: [peer.fingerprint], SRTPProfile.preferred,
            limits())
        // s_server with -listen asks for a cookie, as RFC 6347 section 4.2.1 lets it.
        let program = try peer.server(
            "SRTP_AEAD_AES_128_GCM", bytes: 56, extra: ["-listen", "-cipher", suite])
        defer { program.stop() }
        peer.carry(side) { side.events > 0 }
        #expect(side.keys != nil, "\(suite): \(program.text)")
        #expect(side.association.flight.isProved)
    }
}

@Test func olderVersionsAreRefused() throws {
    let peer = try Peer()
    var limits = limits()
    limits.handshakeMs = 1000
    let side = try Side(
        .server, DTLSCertificate(), expects: [peer.fingerprint], SRTPProfile.preferred, limits)
    let program = try peer.client("SRTP_AES128_CM_SHA1_80", bytes: 60, version: "-dtls1")
    defer { program.stop() }
    peer.carry(side) { side.events > 0 }
    guard case .timedOut(let reason) = side.failure else {
        Issue.record("\(String(describing: side.failure)) \(program.text)")
        return
    }
    #expect(reason.contains("version") || reason.contains("protocol"), "\(reason)")
}
