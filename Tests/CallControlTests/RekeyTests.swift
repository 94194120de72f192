// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SDP
import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

enum SocketAddressSample {
    static let path = SocketAddress(address: World.ip("198.51.100.77"), port: 7000)
}

/// The fast path has lost count of a key, and the party is asked for others.
@Suite struct RekeyTests {
    private func scene(
        a: MediaSecurityPolicy = .plain, b: MediaSecurityPolicy = SecureScene.bypass
    ) -> SecureScene {
        let scene = SecureScene(a: a, b: b)
        scene.establish()
        return scene
    }

    @Test(arguments: Side.allCases)
    func otherKeysAreOffered(side: Side) throws {
        let scene = self.scene(a: SecureScene.sdes)
        let (phone, other) = side == .a ? (scene.alice, scene.bob) : (scene.bob, scene.alice)
        let before = try #require(scene.media)
        let count = (phone.count("< INVITE"), other.count("< INVITE"))
        scene.input { $0.mediaKeysLost(scene.id, side) }
        scene.input { $0.mediaKeysLost(scene.id, side) }
        scene.world.run(until: 4000)
        let after = try #require(scene.media)
        #expect(phone.count("< INVITE") == count.0 + 1 && other.count("< INVITE") == count.1)
        #expect(after[side].security?.send != before[side].security?.send)
        #expect(after[side].security?.keyID == 2 && before[side].security?.keyID == 1)
        #expect(after[side.other] == before[side.other])
        #expect(after[side].ice == before[side].ice && after[side].send)
        #expect(scene.engine.counters.rekeys == 1)
        // What was lost is not lost again.
        scene.input { $0.mediaKeysLost(scene.id, side) }
        scene.world.run(until: 6000)
        #expect(scene.media?[side].security?.keyID == 3)
        scene.finish()
    }

    @Test func bothLegs() throws {
        let scene = self.scene(a: SecureScene.sdes)
        scene.input { $0.mediaKeysLost(scene.id, .a) }
        scene.input { $0.mediaKeysLost(scene.id, .b) }
        scene.world.run(until: 4000)
        #expect(scene.media?.a.security?.keyID == 2 && scene.media?.b.security?.keyID == 2)
        scene.finish()
    }

    /// While offer and answer are under way it waits.
    @Test func waitsForTheReinvite() throws {
        let scene = self.scene(b: SecureScene.sdes)
        scene.alice.reinvite(try #require(scene.a), direction: "sendonly")
        scene.world.run(until: 2007)
        scene.input { $0.mediaKeysLost(scene.id, .b) }
        #expect(scene.engine.counters.rekeys == 0)
        scene.world.run(until: 5000)
        #expect(scene.engine.counters.rekeys == 1 && scene.media?.b.security?.keyID == 2)
        #expect(scene.media?.a.send == false && scene.bob.count("< INVITE") == 3)
        scene.finish()
    }

    /// Before the answer there is nobody to ask; after the ACK there is.
    @Test func waitsForTheAnswer() {
        let scene = SecureScene(b: SecureScene.sdes)
        scene.bob.script.progress = [
            PhoneScript.Progress(after: 50, status: 183, description: true)
        ]
        scene.alice.dial()
        scene.world.run(until: 100)
        #expect(scene.media?.b.security?.keyID == 1)
        scene.input { $0.mediaKeysLost(scene.id, .b) }
        #expect(scene.engine.counters.rekeys == 0 && scene.engine.callCount == 1)
        scene.world.run(until: 4000)
        #expect(scene.engine.counters.rekeys == 1 && scene.media?.b.security?.keyID == 2)
        scene.finish()
    }

    @Test func partyHasItsOwnUnderWay() throws {
        let scene = self.scene(b: SecureScene.sdes)
        scene.bob.script.refusesReinvite = 491
        scene.input { $0.mediaKeysLost(scene.id, .b) }
        // Ours is under way: either party's own is refused for now.
        scene.alice.reinvite(try #require(scene.a), direction: "sendonly")
        scene.world.run(until: 2030)
        scene.bob.script.refusesReinvite = nil
        scene.world.run(until: 20_000)
        #expect(scene.media?.b.security?.keyID == 2 && scene.media?.a.send == false)
        #expect(scene.engine.counters.rekeys == 2 && scene.alice.count("< 491 INVITE") == 1)
        scene.finish()
    }

    @Test(arguments: [488, 491, 500, 481])
    func refusalEndsTheCall(status: Int) {
        let scene = self.scene()
        scene.bob.script.refusesReinvite = status
        scene.input { $0.mediaKeysLost(scene.id, .b) }
        scene.finish(status == 481 ? .dialogLost : .keysLost)
        #expect(scene.alice.count("< BYE") == 1)
    }

    @Test func silenceEndsTheCall() {
        let scene = self.scene()
        scene.bob.isDead = true
        scene.input { $0.mediaKeysLost(scene.id, .b) }
        scene.world.run()
        #expect(scene.world.records.map(\.end) == [.dialogLost])
        scene.world.expectClean()
    }

    @Test func answerWithoutKeysEndsTheCall() {
        let scene = self.scene(b: SecureScene.sdes)
        scene.bob.script.media = PhoneMedia()
        scene.input { $0.mediaKeysLost(scene.id, .b) }
        scene.finish(.keysLost)
    }

    @Test(arguments: [Side.a, .b])
    func byeMeanwhile(side: Side) throws {
        let scene = self.scene()
        scene.input { $0.mediaKeysLost(scene.id, .b) }
        if side == .a {
            scene.alice.hangUp(try #require(scene.a))
        } else {
            scene.bob.hangUp(try #require(scene.b))
        }
        scene.finish(side == .a ? .callerBye : .calleeBye)
    }

    @Test func plainLegHasNoKeysToLose() {
        let scene = self.scene()
        scene.input { $0.mediaKeysLost(scene.id, .a) }
        #expect(scene.engine.counters.rekeys == 0)
        scene.finish()
    }

    /// A party that answers the restart and keeps its role keeps its keys too: nobody would come
    /// with others.
    @Test func onlyARestartIsNoHandshake() throws {
        let scene = self.scene(a: SecureScene.browser, b: .plain)
        let keys = try SecureScene.keys(1)
        scene.input { $0.dtlsEstablished(scene.id, .a, association: 1, keys: keys) }
        scene.alice.script.media.lines =
            [SecureScene.fingerprint("AB", setup: "passive")] + SecureScene.ice("again")
            + ["a=rtcp-mux"]
        scene.input { $0.mediaKeysLost(scene.id, .a) }
        scene.finish(.keysLost)
    }

    /// With ICE it is a restart, whose checks may come before the answer, and the other role.
    @Test func handshakeAnewWithICE() throws {
        let scene = self.scene(a: SecureScene.browser, b: .plain)
        let keys = try SecureScene.keys(1)
        scene.input { $0.dtlsEstablished(scene.id, .a, association: 1, keys: keys) }
        let before = try #require(scene.media?.a)
        scene.alice.script.media.lines =
            [SecureScene.fingerprint("AB", setup: "active")] + SecureScene.ice("again")
            + ["a=rtcp-mux"]
        scene.input { $0.mediaKeysLost(scene.id, .a) }
        let offered = try #require(scene.media?.a)
        #expect(offered.ice?.localUfrag != before.ice?.localUfrag)
        #expect(offered.ice?.remoteUfrag == nil && offered.isSecure)
        scene.world.run(until: 4000)
        #expect(scene.alice.lines(of: nil, "a=setup") == ["a=setup:passive"])
        let after = try #require(scene.media?.a)
        #expect(after.ice?.localUfrag == offered.ice?.localUfrag)
        #expect(after.ice?.remoteUfrag == Array("again".utf8))
        #expect(after.dtlsAgreement?.association == 2 && after.security == nil && after.isSecure)
        scene.finish()
    }

    /// Without ICE it is the other role.
    @Test func handshakeAnewWithoutICE() throws {
        let scene = self.scene(a: SecureScene.dtls, b: .plain)
        let keys = try SecureScene.keys(1)
        scene.input { $0.dtlsEstablished(scene.id, .a, association: 1, keys: keys) }
        #expect(scene.media?.a.dtlsAgreement?.role == .client)
        scene.alice.script.media.lines = [SecureScene.fingerprint("AB", setup: "active")]
        scene.input { $0.mediaKeysLost(scene.id, .a) }
        scene.world.run(until: 4000)
        #expect(scene.alice.lines(of: nil, "a=setup") == ["a=setup:passive"])
        let after = try #require(scene.media?.a)
        #expect(after.dtlsAgreement?.role == .server && after.security == nil && after.isSecure)
        #expect(after.dtlsAgreement?.association == 2)
        scene.finish()
    }
}
