// SPDX-License-Identifier: Apache-2.0

import Foundation
import NetworkAddress
import SDP
import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// The descriptions of a service's calls, from messages that others provide: read in place, left
/// out with a note where they are absent.
@Suite struct TeamsTests {
    private static let policy = MediaSecurityPolicy(
        srtp: .required, keying: [.sdes], suites: [.aes128CM80])
    private static let bypass = MediaSecurityPolicy(
        srtp: .required, keying: [.sdes], suites: [.aes128CM80], ice: .lite, earlyLatch: true)

    /// TRUNKLINE_TESTDATA, or `shared/testdata` beside the package.
    private static var root: String {
        if let path = ProcessInfo.processInfo.environment["TRUNKLINE_TESTDATA"] { return path }
        var package = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { package.deleteLastPathComponent() }
        return package.appendingPathComponent("shared/testdata").path
    }

    /// The bodies of these messages; nil, and a note, if one is absent.
    private func bodies(_ names: [String]) throws -> [String: [UInt8]]? {
        var bodies: [String: [UInt8]] = [:]
        for name in names {
            guard let data = FileManager.default.contents(atPath: "\(Self.root)/teams/\(name).sip")
            else {
                print("left out: \(names.count) messages (no test data)")
                return nil
            }
            let message = try SIPMessage.parse(Array(data), framing: .datagram)
            bodies[String(name.prefix { $0 != "-" })] = Array(message.body)
        }
        return bodies
    }

    private func key(_ body: [UInt8]) throws -> SRTPKey {
        let text = String(decoding: body, as: UTF8.self)
        let line = try #require(
            text.split(separator: "\r\n").first { $0.contains("CM_128_HMAC_SHA1_80") })
        let value = line.dropFirst("a=crypto:".count)
        let bytes = Array(value.utf8)
        return SRTPKey(try CryptoAttribute(#require(SDPText(bytes))).master)
    }

    /// Our offer rings two clients, each with keys and credentials of its own; the second answers,
    /// tells which candidate it chose, and later moves to another place with an ICE restart.
    @Test func bypassCall() throws {
        let names = [
            "17-183-bypass-client1", "18-183-bypass-client2", "19-200-bypass-client2",
            "20-reinvite-final-candidate", "22-reinvite-ice-restart",
        ]
        guard let bodies = try self.bodies(names) else { return }
        let scene = SecureScene(b: Self.bypass)
        scene.bob.script.media.bodies = [
            "cl1": bodies["17"] ?? [], "cl2": bodies["18"] ?? [],
        ]
        scene.bob.script.progress = [
            PhoneScript.Progress(after: 50, status: 183, description: true, branch: "cl1"),
            PhoneScript.Progress(after: 150, status: 183, description: true, branch: "cl2"),
        ]
        scene.bob.script.answerBranch = "cl2"
        scene.bob.script.answer = .accept(after: 500)
        scene.alice.dial()
        scene.world.run(until: 100)
        let key1 = try self.key(bodies["17"] ?? [])
        #expect(scene.media?.b.security?.receive == key1)
        #expect(scene.media?.b.ice?.remoteUfrag == Array("cl1U".utf8))
        let first = try #require(scene.media?.b)
        scene.world.run(until: 2000)
        let answered = try #require(scene.media?.b)
        let key2 = try self.key(bodies["19"] ?? [])
        #expect(answered.security?.receive == key2)
        #expect(answered.security?.keyID == first.security?.keyID)
        #expect(answered.security?.send == first.security?.send)
        #expect(answered.ice?.remoteUfrag == Array("cl2U".utf8) && answered.rtcpMux)
        #expect(answered.remote == SocketAddress(address: World.ip("198.51.100.12"), port: 50_012))
        // The final candidate changes nothing, and concerns nobody else.
        scene.bob.reinvite(try #require(scene.b), body: bodies["20"])
        scene.world.run(until: 4000)
        #expect(scene.media?.b == answered && scene.alice.count("< INVITE") == 0)
        scene.bob.reinvite(try #require(scene.b), body: bodies["22"])
        scene.world.run(until: 6000)
        let moved = try #require(scene.media?.b)
        let key3 = try self.key(bodies["22"] ?? [])
        #expect(moved.security?.receive == key3)
        #expect(moved.security?.send != answered.security?.send)
        #expect(moved.security?.keyID == 2 && moved.ice?.remoteUfrag == Array("mpU9".utf8))
        #expect(moved.ice?.localUfrag != answered.ice?.localUfrag)
        #expect(moved.remote == SocketAddress(address: World.ip("203.0.113.90"), port: 49_700))
        scene.finish()
    }

    /// The service calls us: the suite that the trunk allows is taken, whatever is before it.
    @Test func incomingCall() throws {
        guard let bodies = try self.bodies(["12-invite-out-nonbypass"]) else { return }
        let scene = SecureScene(a: Self.policy)
        scene.alice.script.media.bodies = ["": bodies["12"] ?? []]
        scene.establish()
        let leg = try #require(scene.media?.a)
        let key4 = try self.key(bodies["12"] ?? [])
        #expect(leg.security?.receive == key4)
        #expect(leg.security?.receive.suite == SRTPSuite.aes128CM80.rawValue)
        let lines = scene.alice.lines(of: 200, "a=crypto")
        #expect(lines.count == 1 && lines[0].hasPrefix("a=crypto:1 AES_CM_128_HMAC_SHA1_80 "))
        #expect(scene.alice.lines(of: 200, "m=audio").first?.contains(" RTP/SAVP ") == true)
        scene.finish()
    }

    /// What a gateway answers to the service serves as an answer to us.
    @Test func answersOfAGateway() throws {
        guard let bodies = try self.bodies(["13-183-from-sbc", "14-200-from-sbc"]) else { return }
        let scene = SecureScene(b: Self.policy)
        scene.world.configure { configuration in
            for index in 0..<2 { configuration.trunks[index].codecs = .all }
        }
        scene.alice.script.codecs = [9, 8, 101]
        scene.bob.script.media.bodies = ["": bodies["14"] ?? []]
        scene.bob.script.progress = [
            PhoneScript.Progress(after: 50, status: 183, description: true)
        ]
        scene.bob.script.answer = .accept(after: 1000)
        scene.alice.dial()
        scene.world.run(until: 500)
        let early = try #require(scene.media?.b)
        let key5 = try self.key(bodies["13"] ?? [])
        #expect(early.security?.receive == key5)
        scene.world.run(until: 3000)
        #expect(scene.media?.b == early)
        scene.finish()
    }

    @Test func holdAndResume() throws {
        guard let bodies = try self.bodies(["31-hold-inactive", "32-resume"]) else { return }
        let scene = SecureScene(a: Self.policy)
        scene.world.configure { configuration in
            for index in 0..<2 { configuration.trunks[index].codecs = .all }
        }
        scene.bob.script.codecs = [9, 101]
        scene.alice.script.media.bodies = ["": bodies["32"] ?? []]
        scene.establish()
        let before = try #require(scene.media?.a)
        let key6 = try self.key(bodies["32"] ?? [])
        #expect(before.send && before.security?.receive == key6)
        scene.alice.reinvite(try #require(scene.a), body: bodies["31"])
        scene.world.run(until: 4000)
        #expect(scene.media?.a.send == false && scene.media?.a.receive == false)
        #expect(scene.media?.a.security == before.security)
        scene.alice.reinvite(try #require(scene.a), body: bodies["32"])
        scene.world.run(until: 6000)
        #expect(scene.media?.a == before)
        scene.finish()
    }

    /// Our description of a call to the service is as the service's own rules have it.
    @Test func offerToTheService() throws {
        guard let bodies = try self.bodies(["16-invite-in-bypass", "23-200-ice-restart"]) else {
            return
        }
        let scene = SecureScene(b: Self.bypass)
        scene.alice.dial()
        scene.world.run(until: 200)
        let ours = scene.bob.requests.last.map(Phone.lines) ?? []
        for name in ["16", "23"] {
            let theirs = String(decoding: bodies[name] ?? [], as: UTF8.self)
                .split(separator: "\r\n").map(String.init)
            for prefix in [
                "a=ice-lite", "a=rtcp-mux", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:",
                "a=ice-ufrag:", "a=ice-pwd:", "a=candidate:1 1 UDP 2130706431 ",
            ] {
                let both = [ours, theirs].map { $0.count { $0.hasPrefix(prefix) } }
                #expect(both == [1, 1], "\(prefix) in \(name)")
            }
        }
        scene.world.run()
        scene.world.expectClean()
    }
}
