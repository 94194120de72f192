// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// The process dies after each of its inputs while a call is transferred. The call survives or has
/// been replaced, the attempt comes to its end, and nothing is left.
@Suite struct TransferRestartTests {
    private func everyStep(
        _ name: String, seed: UInt64 = 1, _ play: (TransferScene) -> Void,
        check: (TransferScene, String) -> Void = { _, _ in }
    ) {
        let calm = Self.scene(seed)
        play(calm)
        calm.world.run()
        calm.world.expectClean("\(name), undisturbed")
        check(calm, "\(name), undisturbed")
        for step in 1...calm.world.inputs {
            for crash in [World.Crash.after(input: step), .beforeSending(input: step)] {
                let scene = Self.scene(seed)
                scene.world.crash = crash
                play(scene)
                scene.world.run()
                #expect(scene.world.restarts == 1, "\(name), \(crash)")
                scene.world.expectClean("\(name), \(crash)")
                check(scene, "\(name), \(crash)")
            }
        }
    }

    private static func scene(_ seed: UInt64) -> TransferScene {
        let scene = TransferScene(seed: seed) {
            $0.refer = .local
            $0.replaces = .any
        }
        scene.alice.script.hangUpAfter = 40_000
        scene.alice.dial()
        return scene
    }

    private static func refer(_ scene: TransferScene, after: UInt64 = 2000) {
        let bob = scene.bob
        scene.world.after(after) {
            if let call = bob.calls.values.first { bob.refer(call, to: "<sip:+3999@192.0.2.2>") }
        }
    }

    @Test func blind() {
        self.everyStep("blind", { Self.refer($0) }) { scene, note in
            // Whoever was connected when the process died still is: only Alice hangs up.
            let ends = Set(scene.world.records.map(\.end))
            #expect(ends.isSubset(of: [.callerBye, .transferred, .restart, .cancelled]), "\(note)")
        }
    }

    @Test func refused() {
        self.everyStep(
            "refused",
            { scene in
                scene.carol.script.answer = .refuse(486, after: 700)
                Self.refer(scene)
            })
    }

    @Test func transferorLeaves() {
        self.everyStep(
            "leaves",
            { scene in
                scene.bob.script.byeAfterAccepted = 20
                Self.refer(scene)
            })
    }

    @Test func otherCodec() {
        self.everyStep(
            "other codec",
            { scene in
                scene.carol.script.codecs = [8, 101]
                Self.refer(scene)
            })
    }

    @Test func joined() {
        self.everyStep(
            "joined",
            { scene in
                let bob = scene.bob
                bob.script.hangUpAfter = 50_000
                scene.world.after(1500) { bob.dial("+3777") }
                scene.world.after(4000) {
                    let calls = bob.calls.values.sorted { !$0.isCaller && $1.isCaller }
                    guard calls.count == 2, let named = calls[1].replaces(escaped: true) else {
                        return
                    }
                    bob.refer(calls[0], to: "<sip:+3777@192.0.2.2?Replaces=\(named)>")
                }
            })
    }

    @Test func replaced() {
        self.everyStep(
            "replaced",
            { scene in
                let (bob, carol) = (scene.bob, scene.carol)
                carol.script.hangUpAfter = 45_000
                scene.world.after(3000) {
                    guard let named = bob.calls.values.first?.replaces() else { return }
                    carol.script.extraHeaders = [(.replaces, named)]
                    carol.dial("+1555")
                }
            })
    }

    /// A restart while the new party rings: the old call goes on, the new one gets CANCEL, and who
    /// asked for it is told.
    @Test func originalCallSurvives() throws {
        let scene = Self.scene(1)
        scene.carol.script.answer = .never
        Self.refer(scene)
        scene.world.run(until: 4000)
        scene.world.restart()
        scene.world.run(until: 8000)
        #expect(scene.carol.count("< CANCEL") == 1)
        #expect(scene.bob.news.last == "503 Service Unavailable terminated")
        try scene.expectConnected(scene.alice, scene.bob)
        #expect(scene.engine.listCalls().map(\.state) == [.established])
        scene.finish()
    }
}
