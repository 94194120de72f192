// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// The process dies after each of its inputs, in two ways, and comes back with nothing but its
/// checkpoints. Whatever the call was doing, it ends, and nothing is left.
@Suite struct RestartTests {
    typealias Scene = (World, Phone, Phone) -> Void

    private static func basic(_ world: World, _ alice: Phone, _ bob: Phone) {
        alice.script.hangUpAfter = 4000
        alice.dial()
    }

    /// Every crash point of a scene.
    private func everyStep(
        _ name: String, _ scene: Scene, check: (World, Phone, Phone) -> Void = { _, _, _ in }
    ) {
        let calm = self.world()
        scene(calm.0, calm.1, calm.2)
        calm.0.run()
        calm.0.expectClean("\(name), undisturbed")
        #expect(calm.0.inputs > 5)
        for step in 1...calm.0.inputs {
            for crash in [World.Crash.after(input: step), .beforeSending(input: step)] {
                let (world, alice, bob) = self.world()
                world.crash = crash
                scene(world, alice, bob)
                world.run()
                #expect(world.restarts == 1, "\(name), \(crash)")
                world.expectClean("\(name), \(crash)")
                check(world, alice, bob)
            }
        }
    }

    private func world() -> (World, Phone, Phone) {
        let world = World()
        return (world, world.phone("alice", side: .a), world.phone("bob", side: .b))
    }

    @Test func basicCall() { self.everyStep("basic", Self.basic) }

    @Test func calleeHangsUp() {
        self.everyStep(
            "callee hangs up",
            { _, alice, bob in
                bob.script.hangUpAfter = 3000
                alice.dial()
            })
    }

    @Test func lateOffer() {
        self.everyStep(
            "late offer",
            { world, alice, bob in
                alice.script.offersLate = true
                Self.basic(world, alice, bob)
            })
    }

    @Test func refusedCall() {
        self.everyStep(
            "refused",
            { _, alice, bob in
                bob.script.answer = .refuse(486, after: 500)
                alice.dial()
            })
    }

    @Test func cancelledCall() {
        self.everyStep(
            "cancelled",
            { _, alice, bob in
                bob.script.answer = .never
                alice.script.cancelAfter = 1000
                alice.dial()
            })
    }

    @Test func cancelCrossingAnswer() {
        self.everyStep(
            "crossing",
            { _, alice, bob in
                bob.script.answer = .never
                bob.script.answersWhenCancelled = true
                alice.script.cancelAfter = 1000
                alice.dial()
            })
    }

    @Test func holdAndResume() {
        self.everyStep(
            "hold",
            { world, alice, bob in
                alice.script.hangUpAfter = 40_000
                let call = alice.dial()
                world.after(2000) { alice.reinvite(call, direction: "sendonly") }
                world.after(10_000) {
                    if let call = bob.calls.values.first { bob.reinvite(call, newPort: true) }
                }
            })
    }

    @Test func glare() {
        self.everyStep(
            "glare",
            { world, alice, bob in
                alice.script.hangUpAfter = 40_000
                let call = alice.dial()
                world.after(2000) {
                    alice.reinvite(call, direction: "sendonly")
                    if let call = bob.calls.values.first { bob.reinvite(call, newPort: true) }
                }
            })
    }

    @Test func ackNeverComes() {
        self.everyStep(
            "no ACK",
            { _, alice, _ in
                alice.script.acksNever = true
                alice.dial()
            })
    }

    // MARK: Secure media

    private static func secure(_ world: World, _ alice: Phone, _ bob: Phone) {
        world.configure {
            $0.trunks[0].security = SecureScene.bypass
            $0.trunks[1].security = SecureScene.sdes
        }
        alice.script.media = SecureScene.media(SecureScene.bypass, name: "alice")
        bob.script.media = SecureScene.media(SecureScene.sdes, name: "bobby")
        alice.script.hangUpAfter = 20_000
    }

    @Test func secureCallWithChanges() {
        self.everyStep(
            "secure",
            { world, alice, bob in
                Self.secure(world, alice, bob)
                let call = alice.dial()
                world.after(2000) { alice.reinvite(call, direction: "sendonly") }
                world.after(8000) {
                    alice.script.media.lines[0] = SecureScene.crypto("N")
                    alice.reinvite(call)
                }
            })
    }

    @Test func otherKeysAskedFor() {
        self.everyStep(
            "rekey",
            { world, alice, bob in
                Self.secure(world, alice, bob)
                alice.dial()
                world.after(3000) {
                    guard let id = world.media.keys.first else { return }
                    world.input { $0.engine.mediaKeysLost(id, .b) }
                }
            })
    }

    /// A killed control plane loses no encrypted call: keys, their names and credentials are the
    /// same, and go on being so.
    @Test func keysOutliveTheProcess() throws {
        for (a, b) in [
            (SecureScene.bypass, SecureScene.sdes), (SecureScene.browser, SecureScene.dtls),
        ] {
            let scene = SecureScene(a: a, b: b)
            scene.bob.script.media.lines = scene.bob.script.media.lines.map {
                $0.hasPrefix("a=fingerprint")
                    ? SecureScene.fingerprint("CD", setup: "active") : $0
            }
            scene.establish()
            for side in Side.allCases where scene.media?[side].dtlsAgreement != nil {
                let keys = try SecureScene.keys(side.rawValue + 1)
                scene.input { $0.dtlsEstablished(scene.id, side, association: 1, keys: keys) }
            }
            let before = try #require(scene.media)
            #expect(before.a.security != nil && before.b.security != nil)
            let summary = scene.engine.call(scene.id)?.protection
            scene.world.restart()
            #expect(scene.media == before)
            #expect(scene.engine.call(scene.id)?.protection == summary)
            scene.alice.reinvite(try #require(scene.a), direction: "sendonly")
            scene.world.run(until: 5000)
            for side in Side.allCases {
                #expect(scene.media?[side].security == before[side].security)
                #expect(scene.media?[side].ice == before[side].ice)
            }
            #expect(scene.media?.a.send == false)
            scene.finish()
        }
    }

    @Test func establishedCallGoesOn() {
        let (world, alice, bob) = self.world()
        alice.script.hangUpAfter = 20_000
        let call = alice.dial()
        world.run(until: 3000)
        let before = world.media
        world.restart()
        #expect(world.media == before, "the media is announced as it was")
        #expect(world.core.engine.listCalls().map(\.state) == [.established])
        world.run(until: 5000)
        alice.reinvite(call, direction: "sendonly")
        world.run(until: 8000)
        #expect(world.media.values.first?.a.send == false)
        let offer = bob.requests.last { $0.method == .invite }
        let text = offer.map { String(decoding: $0.body, as: UTF8.self) } ?? ""
        #expect(text.split(separator: " ").dropFirst(2).first == "2", "o= version: \(text)")
        world.run()
        #expect(world.records.map(\.end) == [.callerBye])
        world.expectClean()
    }

    @Test func ringingCallIsEndedOnBothSides() {
        let (world, alice, bob) = self.world()
        bob.script.answer = .never
        alice.dial()
        world.run(until: 2000)
        world.restart()
        world.run()
        #expect(alice.count("< 503 INVITE") == 1)
        #expect(bob.count("< CANCEL") == 1)
        #expect(world.records.map(\.end) == [.restart])
        #expect(world.records.map(\.status) == [503])
        world.expectClean()
    }

    @Test func answerToACallBeingEndedGetsAckAndBye() {
        let (world, alice, bob) = self.world()
        bob.script.answer = .never
        bob.script.answersWhenCancelled = true
        alice.dial()
        world.run(until: 2000)
        world.restart()
        world.run()
        #expect(bob.count("< ACK") == 1 && bob.count("< BYE") == 1)
        world.expectClean()
    }

    @Test func callBetweenAnswerAndAckCountsAsEstablished() {
        let (world, alice, _) = self.world()
        alice.script.acksLost = 2
        alice.script.hangUpAfter = 10_000
        alice.dial()
        world.run(until: 500)
        #expect(world.core.engine.listCalls().map(\.state) == [.answered])
        world.restart()
        world.run()
        #expect(world.records.map(\.end) == [.callerBye])
        world.expectClean()
    }

    /// The callee never saw our ACK, and we remember it only by the checkpoint.
    @Test func lostAckIsRepeatedAfterTheRestart() {
        let (world, alice, bob) = self.world()
        alice.script.hangUpAfter = 40_000
        alice.dial()
        world.run(until: 316)
        bob.isDead = true
        world.run(until: 400)
        #expect(world.core.engine.listCalls().map(\.state) == [.established])
        bob.isDead = false
        world.restart()
        world.run(until: 20_000)
        #expect(bob.count("< ACK") == 1 && bob.count("! no ACK") == 0)
        world.run()
        #expect(world.records.map(\.end) == [.callerBye])
        world.expectClean()
    }

    @Test func twoCrashesInARow() {
        let (world, alice, bob) = self.world()
        bob.script.answer = .never
        alice.dial()
        world.run(until: 2000)
        world.restart()
        world.restart()
        world.run()
        #expect(alice.count("< 503 INVITE") == 1)
        #expect(bob.count("< CANCEL") >= 1)
        world.expectClean()
    }

    /// A listener that is not configured any more: the call cannot go on, and nothing is kept.
    @Test func lostListener() {
        let (world, alice, bob) = self.world()
        alice.dial()
        world.run(until: 2000)
        world.configuration.listeners.removeLast()
        world.restart()
        #expect(world.core.engine.callCount == 0)
        #expect(world.checkpoints.isEmpty && world.ports.reserved.isEmpty)
        alice.isDead = true
        bob.isDead = true
        world.run()
    }
}
