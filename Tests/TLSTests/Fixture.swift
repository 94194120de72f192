// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestCertificates
import Testing

@testable import TLS

/// Certificates and sessions of two parties in memory.
struct Fixture {
    let maker: CertificateMaker
    let authority: CertificateMaker.Files

    /// A little late: certificates begin with the second in which they are made.
    static var now: Int64 { Int64(Date().timeIntervalSince1970) + 2 }

    init() throws {
        self.maker = try CertificateMaker()
        self.authority = try self.maker.authority("authority")
    }

    func identity(_ files: CertificateMaker.Files) throws -> TLSIdentity {
        try TLSIdentity(certificate: files.certificate, key: files.key, now: Self.now)
    }

    /// An identity with one name.
    func identity(
        _ name: String, usages: String = "serverAuth,clientAuth", isRSA: Bool = false
    ) throws -> TLSIdentity {
        try self.identity(
            self.maker.leaf(
                name, by: self.authority, alternatives: "DNS:\(name)", usages: usages,
                isRSA: isRSA))
    }

    func trust(_ files: CertificateMaker.Files? = nil) throws -> TLSTrust {
        try TLSTrust(path: (files ?? self.authority).certificate, now: Self.now)
    }

    /// A server `server.example` that wants `client.example`.
    func server(
        _ identities: [TLSIdentity]? = nil, trust: TLSTrust? = nil,
        policy: TLSPeerPolicy = .init(party: "client", names: ["client.example"])
    ) throws -> TLSSession {
        let context = try TLSServerContext(
            identities: try identities ?? [self.identity("server.example")])
        return try TLSSession(server: context, trust: try trust ?? self.trust(), policy: policy)
    }

    /// A client `client.example` that wants `server.example`.
    func client(
        _ context: TLSClientContext? = nil, trust: TLSTrust? = nil,
        policy: TLSPeerPolicy = .init(party: "server"), host: String = "server.example"
    ) throws -> TLSSession {
        let context =
            try context ?? TLSClientContext(identity: try self.identity("client.example"))
        return try TLSSession(
            client: context, trust: try trust ?? self.trust(), policy: policy, host: host)
    }
}

extension TLSSession {
    func receive(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { self.receive($0.bytes) }
    }
}

/// Brings octets from each to the other until nothing more comes, in pieces of `piece` octets;
/// gives what the server and the client read.
@discardableResult
func exchange(
    _ client: TLSSession, _ server: TLSSession, piece: Int = .max
) -> (server: [UInt8], client: [UInt8]) {
    var read: (server: [UInt8], client: [UInt8]) = ([], [])
    for _ in 0..<32 {
        let up = client.takeOutput()
        for part in parts(up, piece) { read.server += server.receive(part) }
        let down = server.takeOutput()
        for part in parts(down, piece) { read.client += client.receive(part) }
        if up.isEmpty, down.isEmpty { break }
    }
    return read
}

func parts(_ bytes: [UInt8], _ piece: Int) -> [[UInt8]] {
    guard piece < bytes.count else { return bytes.isEmpty ? [] : [bytes] }
    return stride(from: 0, to: bytes.count, by: piece).map {
        Array(bytes[$0..<min($0 + piece, bytes.count)])
    }
}

/// Files that others provide: read in place, left out with a note where they are absent.
enum SharedData {
    static func read(_ path: String) throws -> Data? {
        let root =
            ProcessInfo.processInfo.environment["TRUNKLINE_TESTDATA"]
            ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("shared/testdata").path
        let data = FileManager.default.contents(atPath: "\(root)/\(path)")
        if data == nil { print("left out: \(path) is not there") }
        return data
    }
}
