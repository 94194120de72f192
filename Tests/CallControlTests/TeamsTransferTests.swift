// SPDX-License-Identifier: Apache-2.0

import Foundation
import NetworkAddress
import SDP
import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// Transfers as the service's own messages have them: read in place, left out with a note where
/// they are absent.
@Suite struct TeamsTransferTests {
    /// TRUNKLINE_TESTDATA, or `shared/testdata` beside the package.
    private static var root: String {
        if let path = ProcessInfo.processInfo.environment["TRUNKLINE_TESTDATA"] { return path }
        var package = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { package.deleteLastPathComponent() }
        return package.appendingPathComponent("shared/testdata").path
    }

    private func messages(_ names: [String]) throws -> [SIPMessage]? {
        var messages: [SIPMessage] = []
        for name in names {
            guard let data = FileManager.default.contents(atPath: "\(Self.root)/teams/\(name).sip")
            else {
                print("left out: \(names.count) messages (no test data)")
                return nil
            }
            messages.append(try SIPMessage.parse(Array(data), framing: .datagram))
        }
        return messages
    }

    private func text(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: Array(bytes), as: UTF8.self)
    }

    private func value(_ message: SIPMessage, _ name: HeaderName) throws -> String {
        self.text(try #require(message.first(name)))
    }

    /// The hub is Bob; who is called for a transfer is Bob again.
    private func scene() throws -> TransferScene {
        let scene = TransferScene {
            $0.refer = .local
            $0.replaces = .own
        }
        scene.world.configure {
            $0.trunks[1].peerHost = Array("sip.pstnhub.microsoft.com".utf8)
            $0.trunks[1].targets[0].host = $0.trunks[1].peerHost
            $0.trunks[1].security = MediaSecurityPolicy(
                srtp: .required, keying: [.sdes], suites: [.aes128CM80])
        }
        scene.bob.script.media = SecureScene.media(SecureScene.sdes, name: "hub")
        scene.establish()
        return scene
    }

    private func transfer(_ refer: SIPMessage, _ scene: TransferScene) throws -> SIPMessage {
        let call = try scene.call(scene.bob)
        scene.bob.reinvite(call, direction: "inactive")
        scene.world.run(until: 4000)
        scene.bob.refer(
            call, to: try self.value(refer, .referTo),
            headers: [(.referredBy, try self.value(refer, .referredBy))])
        scene.world.run(until: 4400)
        return try #require(scene.bob.requests.last { $0.method == .invite })
    }

    @Test func referToATeamsUser() throws {
        let names = [
            "24-refer-to-teams-user", "25-202", "26-notify-100", "27-invite-from-refer",
            "28-notify-200",
        ]
        guard let fixtures = try self.messages(names) else { return }
        let scene = try self.scene()
        let invite = try self.transfer(fixtures[0], scene)
        let expected = fixtures[3]
        #expect(self.text(invite.requestURI) == self.text(expected.requestURI))
        #expect(try self.value(invite, .to) == self.value(expected, .to))
        #expect(try self.value(invite, .referredBy) == self.value(expected, .referredBy))
        #expect(invite.first(.replaces) == nil)
        #expect(Phone.lines(invite).contains("a=sendrecv"))
        #expect(Phone.lines(invite).contains { $0.hasPrefix("a=crypto:1 AES_CM_128_HMAC_SHA1_80") })
        #expect(scene.bob.responses.contains { $0.status == fixtures[1].status })
        scene.world.run(until: 8000)
        let news = scene.bob.requests.filter { $0.method == .notify }
        for (ours, theirs) in [(news.first, fixtures[2]), (news.last, fixtures[4])] {
            let ours = try #require(ours)
            #expect(self.text(ours.body) == self.text(theirs.body))
            #expect(try self.value(ours, .contentType) == self.value(theirs, .contentType))
            #expect(try self.value(ours, .event) == self.value(theirs, .event))
            let state = try self.value(theirs, .subscriptionState).split(separator: "=").first
            #expect(try self.value(ours, .subscriptionState).hasPrefix(String(state ?? "?")))
        }
        // The core notices one thing: it is not on hold any more.
        #expect(scene.alice.count("< INVITE") == 2)
        #expect(scene.world.media.count == 1 && scene.bob.calls.count == 1)
        let media = try #require(scene.world.media.values.first)
        #expect(media.a.send && media.a.receive && media.b.security != nil)
        scene.finish()
    }

    /// A telephone number goes back to the hub too.
    @Test func referToANumber() throws {
        guard let fixtures = try self.messages(["29-refer-to-pstn"]) else { return }
        let scene = try self.scene()
        let invite = try self.transfer(fixtures[0], scene)
        #expect(
            self.text(invite.requestURI)
                == "sip:+12025550144@sip.pstnhub.microsoft.com:5061;user=phone;transport=tls")
        #expect(try self.value(invite, .to) == "<\(self.text(invite.requestURI))>")
        #expect(
            try self.value(invite, .referredBy) == self.value(fixtures[0], .referredBy))
        scene.finish()
    }

    /// 400 characters, and more: every one comes back.
    @Test func longReferTo() throws {
        for length in [100, 400, 1500] {
            let scene = try self.scene()
            let uri =
                "sip:sip.pstnhub.microsoft.com:5061;transport=tls;x-m=8:orgid:"
                + String(repeating: "a", count: length) + ";x-t=%41b;X-Empty;lr"
            scene.bob.refer(try scene.call(scene.bob), to: "<\(uri)>")
            scene.world.run(until: 2400)
            let invite = try #require(scene.bob.requests.last { $0.method == .invite })
            #expect(self.text(invite.requestURI) == uri)
            #expect(try self.value(invite, .to) == "<\(uri)>")
            scene.finish()
        }
    }

    /// The hub's own INVITE, with the identifiers of the dialog that it replaces.
    @Test func inviteWithReplaces() throws {
        let name = "30-invite-replaces-from-hub"
        guard let fixture = try self.messages([name])?.first else { return }
        let scene = try self.scene()
        let before = try #require(scene.world.media.values.first)
        let named = try #require(scene.call(scene.bob).replaces())
        var answers: [SIPMessage] = []
        scene.world.tap = { bytes in
            guard let message = try? SIPMessage.parse(bytes, framing: .datagram),
                (try? message.callID()).map(Array.init) == Array("rep-0001".utf8)
            else { return }
            answers.append(message)
        }
        func send(_ value: String) {
            let theirs = "8f3a5b7c9d1e4f60a1b2c3d4e5f60718;to-tag=gwout1;from-tag=hubA1"
            let text = self.text(fixture.bytes).replacing(theirs, with: value)
                .replacing("SIP/2.0/TLS 203.0.113.5:5061", with: "SIP/2.0/UDP \(scene.bob.address)")
            scene.world.send(Array(text.utf8), from: scene.bob.address, to: World.boxB)
        }
        send(named)
        scene.world.run(until: 2600)
        let answer = try #require(answers.last)
        #expect(answer.status == 200)
        #expect(Phone.lines(answer).contains { $0.hasPrefix("a=crypto:1 ") })
        #expect(answer.first(.recordRoute) != nil)
        #expect(scene.bob.count("< BYE") == 1)
        let media = try #require(scene.world.media.values.first)
        #expect(
            media.b.remote == SocketAddress(address: World.ip("203.0.113.90"), port: 50_200))
        #expect(media.a.local == before.a.local && media.b.local != before.b.local)
        #expect(media.b.security?.receive != before.b.security?.receive)
        scene.finish()
        // The dialog is not there any more.
        answers = []
        let other = try self.scene()
        other.world.tap = scene.world.tap
        let text = self.text(fixture.bytes).replacing("SIP/2.0/TLS", with: "SIP/2.0/UDP")
        other.world.send(Array(text.utf8), from: other.bob.address, to: World.boxB)
        other.world.run(until: 2600)
        #expect(answers.last?.status == 481)
        other.finish()
    }
}
