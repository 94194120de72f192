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

/// Bodies with several parts.
@Suite struct BodyPassageTests {
    private static let location =
        "Content-Type: application/pidf+xml\r\nContent-ID: <loc1@acme.example>\r\n\r\n"
        + "<?xml version=\"1.0\"?>\r\n<presence entity=\"pres:x\"/>\r\n"
    private static let sdpPart = "Content-Type: application/sdp\r\n\r\nSDP"

    private func scene(
        _ text: String, type: String = "multipart/mixed;boundary=b",
        _ change: (inout Interworking, inout Interworking) -> Void = { _, _ in }
    ) -> PolicyScene {
        let scene = PolicyScene(change)
        scene.alice.script.inviteBody = (type, text)
        return scene
    }

    private func refusal(_ text: String, type: String = "multipart/mixed;boundary=b") -> [String] {
        let scene = self.scene(text, type: type)
        scene.alice.dial()
        scene.world.run()
        scene.world.expectClean()
        #expect(scene.bob.requests.isEmpty)
        return scene.alice.log.filter { $0.hasPrefix("<") }
    }

    /// Everything but the description goes over octet for octet, whatever the part is.
    @Test func partsPass() throws {
        let before = "preamble\r\n--b\r\n\(Self.location)--b\r\nX-Own: 1\r\n"
        let after = "--b\r\n\r\n\0\u{1}\u{7f} binary \r\n--b--\r\nepilogue"
        let scene = self.scene(before + Self.sdpPart + after)
        let invite = try scene.invite([(.geolocation, "<cid:loc1@acme.example>")])
        let body = invite.bodyText
        #expect(body.hasPrefix(before + "Content-Type: application/sdp\r\n\r\nv=0\r\n"))
        #expect(body.hasSuffix("a=sendrecv\r\n" + after))
        #expect(body.contains("c=IN IP4 192.0.2.2\r\n") && !body.contains("198.51.100.1"))
        #expect(invite.texts(.geolocation) == ["<cid:loc1@acme.example>"])
        #expect(invite.texts(.contentType) == ["multipart/mixed;boundary=b"])
        #expect(scene.world.records.isEmpty && scene.world.media.count == 1)
        scene.finish()
    }

    @Test func aLongLocationPasses() throws {
        let line = "<ca:LOC>Floor 2, room with a long name</ca:LOC>\r\n"
        let long = String(repeating: line, count: 420)
        let part = "Content-Type: application/pidf+xml\r\nContent-ID: <l@x>\r\n\r\n\(long)"
        let scene = self.scene("--b\r\n\(Self.sdpPart)--b\r\n\(part)\r\n--b--\r\n")
        let invite = try scene.invite()
        #expect(long.utf8.count > 20_000 && invite.bodyText.hasSuffix("\(part)\r\n--b--\r\n"))
        scene.finish()
    }

    @Test func nestedBodiesPass() throws {
        let inner = "--c\r\n\(Self.sdpPart)--c\r\n\r\nother\r\n--c--"
        let text =
            "--b\r\nContent-Type: multipart/related;boundary=c\r\n\r\n\(inner)\r\n--b\r\n"
            + Self.location + "--b--\r\n"
        let scene = self.scene(text)
        let body = try scene.invite().bodyText
        #expect(body.hasPrefix("--b\r\nContent-Type: multipart/related;boundary=c\r\n\r\n--c\r\n"))
        #expect(body.hasSuffix("--c\r\n\r\nother\r\n--c--\r\n--b\r\n\(Self.location)--b--\r\n"))
        #expect(body.contains("c=IN IP4 192.0.2.2"))
        scene.finish()
    }

    /// A peer that takes no such bodies gets the description alone, and no reference to the rest.
    @Test func partsAreStripped() throws {
        let scene = self.scene("--b\r\n\(Self.sdpPart)--b\r\n\(Self.location)--b--\r\n") { _, b in
            b.bodies = .strip
        }
        let invite = try scene.invite([
            (.geolocation, "<cid:loc1@acme.example>"), (.geolocation, "<https://l.example/1>"),
        ])
        #expect(invite.texts(.contentType) == ["application/sdp"])
        #expect(invite.bodyText.hasPrefix("v=0\r\n"))
        #expect(invite.texts(.geolocation) == ["<https://l.example/1>"])
        scene.finish()
    }

    /// ISUP that need not be understood ends here; the rest goes on.
    @Test func isupIsLeftOut() throws {
        let isup =
            "Content-Type: application/ISUP;version=itu-t92+\r\n"
            + "Content-Disposition: signal;handling=optional\r\n\r\n\u{1}\u{2}\u{3}\r\n"
        let alone = self.scene("--b\r\n\(Self.sdpPart)--b\r\n\(isup)--b--\r\n")
        let invite = try alone.invite()
        #expect(invite.texts(.contentType) == ["application/sdp"])
        alone.finish()
        let both = self.scene(
            "--b\r\n\(Self.sdpPart)--b\r\n\(isup)--b\r\n\(Self.location)--b--\r\n")
        let other = try both.invite()
        #expect(other.bodyText.hasSuffix("a=sendrecv\r\n--b\r\n\(Self.location)--b--\r\n"))
        #expect(!other.bodyText.contains("ISUP"))
        both.finish()
    }

    @Test func isupThatMustBeUnderstood() {
        for disposition in ["signal;handling=required", "signal"] {
            let isup =
                "Content-Type: application/isup\r\nContent-Disposition: \(disposition)\r\n\r\n\u{1}"
            #expect(
                self.refusal("--b\r\n\(Self.sdpPart)--b\r\n\(isup)\r\n--b--\r\n")
                    == ["< 415 INVITE"])
        }
    }

    /// A response cannot be refused: its description counts.
    @Test func isupInAnswers() throws {
        let body =
            "--b\r\nContent-Type: application/isup\r\n\r\n\u{1}\r\n--b\r\n"
            + "Content-Type: application/sdp\r\n\r\nv=0\r\n--b--"
        for isRequest in [true, false] {
            var builder =
                isRequest
                ? SIPMessageBuilder(request: .invite, uri: "sip:a@b".utf8)
                : SIPMessageBuilder(status: 200, reason: "OK")
            builder.add(.via, "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1")
            let bytes = builder.finish(
                body: Array(body.utf8), contentType: "multipart/mixed;boundary=b")
            let payload = Payload(try SIPMessage.parse(bytes, framing: .datagram))
            #expect(payload.description == (isRequest ? nil : Array("v=0".utf8)))
        }
    }

    @Test(arguments: [
        "no delimiter", "--b\r\nContent-Type: application/sdp\r\n\r\nSDP",
        "--b\r\nContent-Type: application/sdp\r\nContent-Transfer-Encoding: base64\r\n\r\nSDP--b--",
        "--b\r\nContent-Type: application/sdp\r\n\r\nSDP--b\r\n"
            + "Content-Type: application/sdp\r\n\r\nSDP--b--", "--b--",
    ])
    func hostileBodiesAreRefused(text: String) {
        #expect(self.refusal(text) == ["< 415 INVITE"])
    }

    @Test func manyPartsAreRefused() {
        let many = String(repeating: "--b\r\n\r\nx\r\n", count: 1000)
        #expect(self.refusal("--b\r\n\(Self.sdpPart)\(many)--b--\r\n") == ["< 415 INVITE"])
        #expect(self.refusal("--b\r\n\(Self.sdpPart)--b--", type: "multipart/mixed")
            == ["< 415 INVITE"])
    }

    /// An emergency call as others wrote it, octet for octet but for its description.
    @Test func emergencyCallOfTheService() throws {
        var path = ProcessInfo.processInfo.environment["TRUNKLINE_TESTDATA"] ?? ""
        if path.isEmpty {
            var package = URL(fileURLWithPath: #filePath)
            for _ in 0..<4 { package.deleteLastPathComponent() }
            path = package.appendingPathComponent("shared/testdata").path
        }
        let file = "\(path)/teams/37-invite-emergency-pidflo.sip"
        guard let data = FileManager.default.contents(atPath: file) else {
            return print("left out: 1 message (no test data)")
        }
        let received = try SIPMessage.parse(Array(data), framing: .datagram)
        let world = World()
        world.configure { configuration in
            configuration.trunks[0].security.srtp = .required
            configuration.trunks[0].security.keying = [.sdes]
            configuration.trunks[0].codecs = .all
            if let routes = try? RouteTable([Route(prefix: "".utf8, to: TrunkIndex(1))]) {
                configuration.routes = routes
            }
        }
        let bob = world.phone("bob", side: .b)
        let hop = Hop(
            listener: ListenerIndex(rawValue: 0), transport: .udp,
            remote: SocketAddress(address: World.ip("198.51.100.1"), port: 5060))
        world.input { $0.received(received, from: hop) }
        world.run(until: 200)
        let invite = try #require(bob.requests.first)
        #expect(invite.target == "sip:911@203.0.113.1;user=phone")
        #expect(invite.texts(.geolocation) == ["<cid:loc1@acme.example>"])
        #expect(invite.texts(HeaderName("Geolocation-Routing")) == ["yes"])
        let sent = invite.bodyText
        let original = received.bodyText
        let mark = "\r\n--b-emg-1\r\nContent-Type: application/pidf+xml"
        let tail = try #require(original.range(of: mark)).lowerBound
        #expect(sent.hasSuffix(original[tail...]))
        #expect(sent.hasPrefix("--b-emg-1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n"))
        let inTheClear = sent.contains("a=crypto")
        #expect(!inTheClear)
    }
}
