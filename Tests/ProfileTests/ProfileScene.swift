// SPDX-License-Identifier: Apache-2.0

import CallControl
import Configuration
import Foundation
import NetworkAddress
import SDP
import SIPMessage
import SIPTransaction
import Testing

@testable import CallWorld
@testable import Node

/// A call between a plain trunk, where `core` is, and a trunk that is what a profile of the product
/// says, where `service` is. Changed is where the service is, that it is not asked for its health,
/// and that its calls need no tenant.
struct ProfileScene {
    let world: World
    let core: Phone
    let service: Phone
    /// The trunk as the file has it.
    let trunk: TrunkSettings

    static let host = "sbc.carrier.example"

    /// `more` are further keys of the trunk. `coreKeys` those of the plain one.
    init(_ profile: String, _ more: String..., coreKeys: String = "") throws {
        let name = try Profile.load([profile], in: ProfileDirectories(own: "/nonexistent"))
        let hasPeers = name.settings().contains { $0.key == "peers" }
        let lines =
            ["profile: \(profile)", "realm: edge0", "host: \(Self.host)"] + more
            + (hasPeers ? [] : ["peer: sip:sip.service.example"])
        let text = """
            node: { state-directory: /nonexistent, profile-directory: /nonexistent }
            limits: { calls: 100 }
            realms:
              - { interface: core0, addresses: [192.0.2.1] }
              - { interface: edge0, addresses: [192.0.2.2] }
            trunks:
              - { name: carrier, peer: "sip:198.51.100.1"\(coreKeys) }
              - name: service

            """ + lines.map { "    \($0)\n" }.joined()
        let file = try NodeConfiguration.parse(Array(text.utf8), file: "node.yaml")
        let limit = CallLimit(file, Machine.current())
        let read = try Settings.calls(file, limit, fingerprint: nil)
        self.trunk = read.trunks[1]
        let isSecure = file.listeners[file.trunks[1].listener].transport == .tls
        self.world = World(seed: 1, portLimit: 64, transport: isSecure ? .tls : .udp) {
            Issue.record(Comment(rawValue: $0))
        }
        self.world.configure { configuration in
            for (index, settings) in read.trunks.enumerated() {
                let place = configuration.trunks[index]
                var trunk = settings
                trunk.name = place.name
                trunk.listener = place.listener
                trunk.listeners = place.listeners
                trunk.realm = place.realm
                trunk.peer = place.peer
                trunk.sources = place.sources
                trunk.followsTargets = false
                trunk.targets = [TrunkTarget(hop: place.peer, host: settings.peerHost)]
                trunk.optionsSeconds = 0
                // Nobody is provisioned here: what tenants change is the tenants' tests' concern.
                trunk.tenancy.need = .none
                configuration.trunks[index] = trunk
            }
        }
        self.core = self.world.phone("core", side: .a)
        self.service = self.world.phone("service", side: .b)
        self.core.script.codecs = [9, 8, 0, 18, 101, 13]
        self.service.script.codecs = [9, 8, 0, 101, 13]
        if self.trunk.security.srtp == .required {
            self.service.script.media.profile = "RTP/SAVP"
            self.service.script.media.lines = [Self.crypto()]
            if self.trunk.security.ice == .lite {
                self.service.script.media.lines += [
                    "a=ice-ufrag:peer", "a=ice-pwd:" + String(repeating: "p", count: 24),
                    "a=rtcp-mux",
                ]
            }
        }
    }

    static func crypto(_ tag: Int = 1, _ suite: String = "AES_CM_128_HMAC_SHA1_80") -> String {
        "a=crypto:\(tag) \(suite) inline:" + String(repeating: "K", count: 40) + "|2^31"
    }

    // MARK: Calls

    /// The core calls; the INVITE that the service got.
    func callService(_ number: String = "+15551234") throws -> SIPMessage {
        self.core.dial(number)
        self.world.run(until: self.world.now + 2000)
        return try #require(self.service.requests.first { $0.method == .invite })
    }

    /// The service calls; the INVITE that the core got.
    func callCore(_ number: String = "+25551234") throws -> SIPMessage {
        self.service.dial(number)
        self.world.run(until: self.world.now + 2000)
        return try #require(self.core.requests.first { $0.method == .invite })
    }

    /// Everybody hangs up, and nothing is left.
    func finish(sourceLocation: SourceLocation = #_sourceLocation) {
        for phone in [self.core, self.service] {
            for call in phone.calls.values where call.dialog != nil { phone.hangUp(call) }
            self.world.run(until: self.world.now + 1000)
        }
        self.world.run()
        #expect(self.world.core.engine.callCount == 0, sourceLocation: sourceLocation)
        #expect(self.world.media.isEmpty, sourceLocation: sourceLocation)
        #expect(self.core.isIdle && self.service.isIdle, sourceLocation: sourceLocation)
    }
}

/// A message as its peer sees it.
extension SIPMessage {
    func text(_ name: HeaderName) -> String? {
        self.first(name).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The words of a comma list.
    func words(_ name: HeaderName) -> Set<String> {
        Set(self.all(name).map { String(decoding: $0, as: UTF8.self) })
    }

    var target: String { String(decoding: self.requestURI, as: UTF8.self) }

    var sdp: [String] {
        String(decoding: self.body, as: UTF8.self).split(separator: "\r\n").map(String.init)
    }

    func sdp(_ prefix: String) -> [String] { self.sdp.filter { $0.hasPrefix(prefix) } }

    /// Names of the attributes of its description.
    var attributes: Set<String> {
        Set(
            self.sdp("a=").map { line in
                String(line.dropFirst(2).prefix { $0 != ":" })
            })
    }
}

extension Phone {
    /// The last response with a status to its INVITE.
    func response(_ status: Int) -> SIPMessage? { self.responses.last { $0.status == status } }
}

/// A message of the shared test data; nil, and a note, where it is absent.
enum Fixture {
    /// TRUNKLINE_TESTDATA, or `shared/testdata` beside the package.
    private static var root: String {
        if let path = ProcessInfo.processInfo.environment["TRUNKLINE_TESTDATA"] { return path }
        var package = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { package.deleteLastPathComponent() }
        return package.appendingPathComponent("shared/testdata").path
    }

    /// All of them.
    static var names: [String] {
        let folder = "\(Self.root)/teams"
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return files.filter { $0.hasSuffix(".sip") }.map { String($0.dropLast(4)) }.sorted()
    }

    static func message(_ name: String) throws -> SIPMessage? {
        guard let data = FileManager.default.contents(atPath: "\(Self.root)/teams/\(name).sip")
        else {
            print("left out: \(name) (no test data)")
            return nil
        }
        return try SIPMessage.parse(Array(data), framing: .datagram)
    }
}
