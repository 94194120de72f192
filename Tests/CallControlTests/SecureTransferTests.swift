// SPDX-License-Identifier: Apache-2.0

import SDP
import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// What protects a leg goes with it from call to call.
@Suite struct SecureTransferTests {
    private func scene(_ policy: MediaSecurityPolicy) -> TransferScene {
        let scene = TransferScene()
        scene.world.configure {
            $0.fingerprint = Fingerprint(hash: .sha256, digest: Array(repeating: 7, count: 32))
            for index in [1, 2] { $0.trunks[index].security = policy }
        }
        scene.bob.script.media = SecureScene.media(policy, name: "bobby")
        scene.carol.script.media = SecureScene.media(policy, name: "carol")
        return scene
    }

    @Test func keysAndPathOfTheNewPartyStay() throws {
        let scene = self.scene(SecureScene.bypass)
        scene.carol.script.media.lines[0] = SecureScene.crypto("C")
        scene.carol.script.answer = .accept(after: 2000)
        scene.carol.script.progress = [
            PhoneScript.Progress(after: 50, status: 183, description: true)
        ]
        scene.establish()
        scene.bob.refer(try scene.call(scene.bob), to: "<sip:+3999@192.0.2.2>")
        scene.world.run(until: 3000)
        let made = try #require(scene.engine.listCalls().first { $0.to == World.carol })
        let early = try #require(scene.world.media[made.id]?.b)
        #expect(early.ice != nil, "checks are answered before she takes the call")
        let path = try #require(early.remote)
        scene.world.input {
            $0.engine.pathSelected(made.id, .b, path, isNominated: true)
        }
        scene.world.run(until: 6000)
        let call = try #require(scene.engine.listCalls().first { $0.state == .established })
        let leg = call.media.b
        #expect(leg.local == early.local)
        #expect(leg.ice?.localUfrag == early.ice?.localUfrag)
        #expect(leg.ice?.remoteUfrag == Array("carol".utf8))
        #expect(call.protection.b.ice == .nominated && call.protection.b.path == path)
        #expect(leg.security?.keyID == 1 && call.protection.b.keying == .sdes)
        scene.finish()
    }

    /// A handshake that begins before the exchange may end after it.
    @Test func handshakeEndsInTheOtherCall() throws {
        let scene = self.scene(SecureScene.dtls)
        for phone in [scene.bob, scene.carol] {
            phone.script.media.lines[0] = SecureScene.fingerprint("AB", setup: "active")
        }
        scene.establish()
        let call = try #require(scene.engine.listCalls().first).id
        let keys = try SecureScene.keys(1)
        scene.world.input {
            $0.engine.dtlsEstablished(call, .b, association: 1, keys: keys)
        }
        scene.bob.refer(try scene.call(scene.bob), to: "<sip:+3999@192.0.2.2>")
        scene.world.run(until: 4000)
        let before = try #require(scene.world.media[call]?.b)
        #expect(before.dtlsAgreement?.association == 1 && before.security == nil)
        #expect(before.isSecure, "nothing passes before there are keys")
        let others = try SecureScene.keys(2)
        scene.world.input {
            $0.engine.dtlsEstablished(call, .b, association: 1, keys: others)
        }
        #expect(scene.world.media[call]?.b.security?.send == others.send)
        scene.world.run(until: 9000)
        scene.world.restart()
        #expect(scene.world.media[call]?.b.security?.send == others.send)
        scene.finish()
    }

    /// Keys that are lost while the call is transferred are asked for afterwards, of who is there.
    @Test func lostKeysOfTheNewParty() throws {
        let scene = self.scene(SecureScene.sdes)
        scene.establish()
        scene.bob.refer(try scene.call(scene.bob), to: "<sip:+3999@192.0.2.2>")
        scene.world.run(until: 9000)
        let call = try #require(scene.engine.listCalls().first).id
        scene.carol.script.media.lines[0] = SecureScene.crypto("D")
        scene.world.input { $0.engine.mediaKeysLost(call, .b) }
        scene.world.run(until: 12_000)
        #expect(scene.carol.count("< INVITE") == 2 && scene.engine.counters.rekeys == 1)
        #expect(scene.world.media[call]?.b.security?.keyID == 2)
        scene.finish()
    }
}
