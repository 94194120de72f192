// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// What becomes of keys and credentials while a call stands.
@Suite struct SecureReinviteTests {
    @Test(arguments: [SecureScene.sdes, SecureScene.bypass])
    func holdKeepsKeys(policy: MediaSecurityPolicy) throws {
        let scene = SecureScene(a: policy, b: policy)
        scene.establish()
        let before = try #require(scene.media)
        for direction in ["inactive", "sendrecv"] {
            scene.alice.reinvite(try #require(scene.a), direction: direction)
            scene.world.run(until: scene.world.now + 2000)
            let after = try #require(scene.media)
            #expect(after.a.send == (direction == "sendrecv"))
            for side in Side.allCases {
                #expect(after[side].security == before[side].security)
                #expect(after[side].ice == before[side].ice && after[side].isSecure)
            }
        }
        scene.finish()
    }

    @Test func otherKeyOfTheParty() throws {
        let scene = SecureScene(a: SecureScene.bypass)
        scene.establish()
        let before = try #require(scene.media?.a)
        let told = scene.alice.lines(of: 200, "a=crypto")
        scene.alice.script.media.lines[0] = SecureScene.crypto("N")
        scene.alice.reinvite(try #require(scene.a))
        scene.world.run(until: 4000)
        let after = try #require(scene.media?.a)
        #expect(after.security?.receive != before.security?.receive)
        #expect(after.security?.send != before.security?.send)
        #expect(before.security?.keyID == 1 && after.security?.keyID == 2)
        #expect(scene.alice.lines(of: 200, "a=crypto") != told)
        #expect(after.ice == before.ice, "no ICE restart")
        scene.finish()
    }

    @Test func iceRestart() throws {
        let scene = SecureScene(a: SecureScene.bypass)
        scene.establish()
        let before = try #require(scene.media?.a)
        let path = SocketAddressSample.path
        scene.input { $0.pathSelected(scene.id, .a, path, isNominated: true) }
        #expect(scene.engine.call(scene.id)?.protection.a.ice == .nominated)
        #expect(scene.engine.call(scene.id)?.protection.a.path == path)
        scene.alice.script.media.lines =
            [SecureScene.crypto("K")] + SecureScene.ice("again", password: "q") + ["a=rtcp-mux"]
        scene.alice.reinvite(try #require(scene.a))
        scene.world.run(until: 4000)
        let after = try #require(scene.media?.a)
        #expect(after.security == before.security && before.security != nil)
        #expect(after.ice?.localUfrag != before.ice?.localUfrag)
        #expect(after.ice?.localPassword != before.ice?.localPassword)
        #expect(after.ice?.remoteUfrag == Array("again".utf8))
        #expect(scene.engine.call(scene.id)?.protection.a.ice == .checking)
        scene.finish()
    }

    @Test func offerWithoutKeysIsRefused() throws {
        let scene = SecureScene(a: SecureScene.sdes)
        scene.establish()
        let before = scene.media
        let media = scene.alice.script.media
        scene.alice.script.media = PhoneMedia()
        scene.alice.reinvite(try #require(scene.a))
        scene.world.run(until: 4000)
        let reply = try #require(scene.alice.responses.last)
        let warning = reply.first(.warning).map { String(decoding: $0, as: UTF8.self) } ?? ""
        #expect(reply.status == 488 && warning.contains("offered RTP/AVP; allowed AES_CM_128"))
        #expect(scene.media == before && scene.engine.callCount == 1)
        scene.alice.script.media = media
        scene.finish()
    }

    // MARK: DTLS

    private func established() throws -> SecureScene {
        let scene = SecureScene(a: SecureScene.browser)
        scene.establish()
        let keys = try SecureScene.keys(1)
        scene.input { $0.dtlsEstablished(scene.id, .a, association: 1, keys: keys) }
        return scene
    }

    @Test func anotherCertificateIsAnotherHandshake() throws {
        let scene = try self.established()
        #expect(scene.media?.a.security?.keyID == 1)
        #expect(scene.engine.counters.handshakes == 1)
        scene.alice.script.media.lines[0] = SecureScene.fingerprint("EE")
        scene.alice.reinvite(try #require(scene.a))
        scene.world.run(until: 4000)
        let waiting = try #require(scene.media?.a)
        #expect(waiting.isSecure && waiting.security == nil && waiting.dtls)
        #expect(waiting.dtlsAgreement?.association == 2)
        // The old one is overtaken, whatever comes of it.
        let late = try SecureScene.keys(3)
        scene.input { $0.dtlsEstablished(scene.id, .a, association: 1, keys: late) }
        scene.input { $0.dtlsFailed(scene.id, .a, association: 1, reason: "late") }
        #expect(scene.media?.a == waiting && scene.engine.counters.handshakesStale == 2)
        let keys = try SecureScene.keys(2)
        scene.input { $0.dtlsEstablished(scene.id, .a, association: 2, keys: keys) }
        #expect(scene.media?.a.security?.send == keys.send)
        #expect(scene.media?.a.security?.keyID == 2)
        scene.finish()
    }

    /// RFC 8842 section 3.3: who restarts ICE and changes nothing else says no hello.
    @Test func anICERestartKeepsTheHandshake() throws {
        let scene = try self.established()
        let before = try #require(scene.media?.a)
        scene.alice.script.media.lines =
            [SecureScene.fingerprint("AB")] + SecureScene.ice("again", password: "q")
            + ["a=rtcp-mux"]
        scene.alice.reinvite(try #require(scene.a))
        scene.world.run(until: 4000)
        let after = try #require(scene.media?.a)
        #expect(after.security == before.security && before.security != nil)
        #expect(after.dtlsAgreement == before.dtlsAgreement)
        #expect(after.ice?.remoteUfrag == Array("again".utf8))
        #expect(after.ice?.localUfrag != before.ice?.localUfrag)
        // Who says hello all the same gets other keys for the same agreement.
        let keys = try SecureScene.keys(2)
        scene.input { $0.dtlsRenewed(scene.id, .a, association: 9, keys: keys) }
        #expect(scene.media?.a == after)
        scene.input { $0.dtlsRenewed(scene.id, .a, association: 1, keys: keys) }
        let renewed = try #require(scene.media?.a)
        #expect(renewed.dtlsAgreement == after.dtlsAgreement)
        #expect(renewed.security?.send == keys.send && renewed.security?.receive == keys.receive)
        #expect(renewed.security?.keyID == 2)
        scene.finish()
    }

    @Test func holdKeepsTheHandshake() throws {
        let scene = try self.established()
        let before = scene.media?.a
        scene.alice.reinvite(try #require(scene.a), direction: "sendonly")
        scene.world.run(until: 4000)
        #expect(scene.media?.a.security == before?.security && before?.security != nil)
        #expect(scene.media?.a.dtlsAgreement == before?.dtlsAgreement)
        scene.finish()
    }

    @Test func failedHandshakeEndsTheCall() throws {
        let scene = SecureScene(a: SecureScene.browser)
        scene.establish()
        scene.input {
            $0.dtlsFailed(scene.id, .a, association: 1, reason: "a \"quoted\"\r\nreason\u{e9}")
        }
        scene.finish(.handshakeFailed)
        let bye = try #require(scene.alice.requests.last { $0.method == .bye })
        let reason = bye.first(.reason).map { String(decoding: $0, as: UTF8.self) }
        #expect(reason == "SIP;cause=488;text=\"DTLS: a 'quoted'''reason''\"")
        #expect(scene.engine.counters.handshakesFailed == 1)
    }

    @Test func keysThatAreNoneAreRefused() {
        let short: (key: [UInt8], salt: [UInt8]) = ([1], [2])
        let good = (key: [UInt8](repeating: 1, count: 16), salt: [UInt8](repeating: 2, count: 12))
        let swapped = (key: good.salt, salt: good.key)
        #expect(HandshakeKeys(profile: 7, receive: good, send: good) != nil)
        #expect(HandshakeKeys(profile: 7, receive: short, send: good) == nil)
        #expect(HandshakeKeys(profile: 7, receive: good, send: swapped) == nil)
        #expect(HandshakeKeys(profile: 1, receive: good, send: good) == nil)
        #expect(HandshakeKeys(profile: 3, receive: good, send: good) == nil)
    }
}
