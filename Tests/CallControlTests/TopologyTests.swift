// SPDX-License-Identifier: Apache-2.0

import Foundation
import NetworkAddress
import Routing
import SDP
import SIPMessage
import SIPTransaction
import Testing

@testable import CallControl
@testable import CallWorld

/// Nothing of one side's hosts shows on the other. Every simulated call is judged for that by
/// `World`; here are messages that are full of hosts.
@Suite struct TopologyTests {
    @Test func theJudgeSees() {
        let message = Array("c=IN IP4 198.51.100.1\r\n".utf8)
        #expect(TopologyJudge.leak(in: message, of: ["198.51.100.1"]) != nil)
        #expect(TopologyJudge.leak(in: message, of: ["198.51.100.11", "98.51.100.1"]) == nil)
        #expect(TopologyJudge.leak(in: [], of: ["198.51.100.1"]) == nil)
    }

    /// Hosts in every header field that can have one.
    @Test func hostsEverywhere() throws {
        let scene = PolicyScene()
        let host = "198.51.100.1"
        let invite = try scene.invite([
            (.recordRoute, "<sip:\(host);lr>"), (.pAssertedIdentity, "<sip:+1@\(host):5060>"),
            (.historyInfo, "<sip:+1@\(host);cause=302>;index=1"),
            (.diversion, "<sip:+1@\(host)>;reason=unknown"), (.warning, "399 \(host) \"x\""),
            (.server, host), (.userAgent, host), (.organization, "x"),
            (HeaderName("P-Charging-Vector"), "icid-value=1;icid-generated-at=\(host)"),
            (HeaderName("P-Access-Network-Info"), "x;y=\"\(host)\""),
            (HeaderName("Path"), "<sip:\(host);lr>"), (.replyTo, "<sip:a@\(host)>"),
            (HeaderName("X-Host"), host),
        ])
        let text = String(decoding: invite.bytes, as: UTF8.self)
        #expect(!text.contains(host) && text.contains("P-Asserted-Identity: <sip:+1@192.0.2.2>"))
        let callID = try String(decoding: invite.callID(), as: UTF8.self)
        #expect(callID.hasSuffix("@192.0.2.2"))
        let origin = text.split(separator: "\r\n").first { $0.hasPrefix("o=") } ?? ""
        #expect(origin.hasPrefix("o=- ") && origin.hasSuffix(" IN IP4 192.0.2.2"))
        scene.finish()
    }

    /// Each INVITE that others provide, put to the other side.
    @Test func invitesOfOthers() throws {
        var root = ProcessInfo.processInfo.environment["TRUNKLINE_TESTDATA"] ?? ""
        if root.isEmpty {
            var package = URL(fileURLWithPath: #filePath)
            for _ in 0..<4 { package.deleteLastPathComponent() }
            root = package.appendingPathComponent("shared/testdata").path
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/teams")) ?? []
        var judged = 0
        for name in names.sorted() where name.hasSuffix(".sip") {
            guard let data = FileManager.default.contents(atPath: "\(root)/teams/\(name)"),
                let message = try? SIPMessage.parse(Array(data), framing: .datagram),
                message.method == .invite, message.examine() == .accept,
                (try? message.to().tag) == .some(nil)
            else { continue }
            judged += try self.judge(message, name) ? 1 : 0
        }
        if names.isEmpty { print("left out: INVITEs of a service (no test data)") }
        #expect(names.isEmpty || judged >= 8, "\(judged)")
    }

    private func judge(_ message: SIPMessage, _ name: String) throws -> Bool {
        let world = World()
        world.configure { configuration in
            configuration.trunks[0].security.srtp = .preferred
            configuration.trunks[0].security.keying = [.sdes]
            for index in 0..<2 { configuration.trunks[index].codecs = .all }
            if let routes = try? RouteTable([Route(prefix: "".utf8, to: TrunkIndex(1))]) {
                configuration.routes = routes
            }
        }
        let bob = world.phone("bob", side: .b)
        bob.script.answer = .never
        let hop = Hop(
            listener: ListenerIndex(rawValue: 0), transport: .udp,
            remote: SocketAddress(address: World.ip("198.51.100.1"), port: 5060))
        world.input { $0.received(message, from: hop) }
        world.run(until: 200)
        guard let sent = bob.requests.first else { return false }
        let text = String(decoding: sent.bytes, as: UTF8.self)
        for host in Self.hosts(of: message) {
            #expect(!text.contains(host), "\(host) of \(name)")
        }
        return true
    }

    /// Hosts that say where the sender is and which way the message came.
    private static func hosts(of message: SIPMessage) -> Set<String> {
        var hosts: Set<String> = []
        func add(_ uri: ArraySlice<UInt8>) {
            guard case .sip(let sip)? = try? URI.parse(uri) else { return }
            hosts.insert(String(decoding: sip.host.bytes, as: UTF8.self))
        }
        for via in (try? message.vias()) ?? [] {
            hosts.insert(String(decoding: via.host.bytes, as: UTF8.self))
        }
        let names: [HeaderName] = [
            .recordRoute, .contact, .from, .to, .pAssertedIdentity, .historyInfo, .diversion,
        ]
        for name in names {
            for value in message.all(name) {
                if let address = try? NameAddr(value) { add(address.uri) }
            }
        }
        add(message.requestURI)
        for line in message.bodyText.split(separator: "\r\n") {
            let last = line.split(separator: " ").last ?? ""
            guard line.hasPrefix("c=") || line.hasPrefix("o="), last != "127.0.0.1" else {
                continue
            }
            hosts.insert(String(last))
        }
        return hosts
    }
}
