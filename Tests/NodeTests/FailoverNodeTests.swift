// SPDX-License-Identifier: Apache-2.0

import Admission
import CallControl
import Foundation
import Management
import NetworkAddress
import Testing

@testable import Node

/// A search for a target over real sockets.
@Suite struct FailoverNodeTests {
    /// A port that takes no connection and refuses none: its queue is full.
    private final class Blackhole {
        private var descriptors: [Int32] = []

        init(_ address: String, port: UInt16) throws {
            let listener = try self.socket()
            try #require(Self.with(address, port) { bind(listener, $0, $1) } == 0)
            try #require(listen(listener, 0) == 0)
            for _ in 0..<4 {
                let filler = try self.socket()
                _ = fcntl(filler, F_SETFL, O_NONBLOCK)
                _ = Self.with(address, port) { connect(filler, $0, $1) }
            }
        }

        deinit { for descriptor in self.descriptors { close(descriptor) } }

        private func socket() throws -> Int32 {
            let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
            let descriptor = Foundation.socket(AF_INET, kind, 0)
            try #require(descriptor >= 0)
            self.descriptors.append(descriptor)
            return descriptor
        }

        private static func with(
            _ address: String, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
        ) -> Int32 {
            var place = sockaddr_in()
            place.sin_family = sa_family_t(AF_INET)
            place.sin_port = port.bigEndian
            inet_pton(AF_INET, address, &place.sin_addr)
            return withUnsafePointer(to: &place) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
    }

    /// The first trunk refuses connections, the second one lets them hang, the third one answers.
    private func node() throws -> NodeFixture {
        try NodeFixture(fastPath: true) { text in
            let service = text.components(separatedBy: "\n").first { $0.contains("name: service") }
            let peer = service?.components(separatedBy: "\"sip:")[1].prefix { $0 != "\"" } ?? ""
            let more = [("refuses", 5071, 7), ("hangs", 5072, 8)].map { name, port, source in
                "  - { name: \(name), listener: tcp, realm: inside, sources: [192.0.2.\(source)],"
                    + " target-timeout-ms: 300,"
                    + " peer: \"sip:\(peer):\(port);transport=tcp\" }\n"
            }.joined()
            return text.replacingOccurrences(of: "routes:\n", with: more + "routes:\n")
                .replacingOccurrences(
                    of: "to: service", with: "to: [refuses, hangs, service]")
        }
    }

    @Test func overTCPRefusedThenSilentThenAnswered() throws {
        let node = try self.node()
        let hole = try Blackhole(node.addresses.service, port: 5072)
        defer { withExtendedLifetime(hole) {} }
        let parties = try Parties(node)
        let began = ContinuousClock.now
        let (answer, invite) = try parties.call()
        #expect(ContinuousClock.now - began >= .milliseconds(300))
        #expect(invite.contains("INVITE sip:+15550100@\(node.addresses.service) "))
        let engine = node.shard.core.engine
        #expect(engine.counters.targetsTried == 2)
        #expect(engine.listCalls().map(\.to.text) == ["service"])
        try parties.hangUp(after: answer)
        #expect(try node.result("status")["calls"]?["targets_tried"]?.integer == 2)
    }

    @Test func nobodyThereGives503() throws {
        let node = try self.node()
        try node.edit("to: [refuses, hangs, service]", to: "to: refuses")
        node.shard.reload()
        let carrier = try SIPPeer(node.addresses.carrier, to: node.addresses.box)
        carrier.send(carrier.request("INVITE", body: carrier.sdp))
        #expect(carrier.expect("SIP/2.0 503", node) != nil)
        #expect(node.run { $0.core.engine.callCount == 0 })
        #expect(node.shard.core.engine.counters.searchesFailed == 1)
    }
}
