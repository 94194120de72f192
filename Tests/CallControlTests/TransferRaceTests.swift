// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// What crosses a transfer, at every step of it.
@Suite struct TransferRaceTests {
    private enum Who { case alice, bob, carol }

    /// Something happens so long after the REFER; then all comes to an end.
    private func atEveryStep(
        _ name: String, prepare: (TransferScene) -> Void = { _ in },
        _ disturb: @escaping (TransferScene) -> Void
    ) {
        for after in stride(from: UInt64(0), through: 3900, by: 67) {
            let scene = TransferScene(seed: after) {
                $0.refer = .local
                $0.replaces = .any
            }
            scene.alice.script.hangUpAfter = 40_000
            prepare(scene)
            scene.alice.dial()
            scene.world.after(2000) {
                if let call = scene.bob.calls.values.first {
                    scene.bob.refer(call, to: "<sip:+3999@192.0.2.2>")
                }
            }
            scene.world.after(2000 + after) { disturb(scene) }
            // Whoever is left at last gives up.
            for time in [60_000, 100_000] as [UInt64] {
                scene.world.after(time) {
                    for phone in scene.world.phones { self.hangUp(phone) }
                }
            }
            scene.world.run()
            scene.world.expectClean("\(name), \(after) ms")
        }
    }

    private func hangUp(_ phone: Phone) {
        for call in phone.calls.values { phone.hangUp(call) }
    }

    @Test func byeOfTheOtherParty() {
        self.atEveryStep("bye of the other") { self.hangUp($0.alice) }
    }

    @Test func byeOfTheTransferor() {
        self.atEveryStep("bye of the transferor") { self.hangUp($0.bob) }
    }

    @Test func byeOfTheNewParty() {
        self.atEveryStep("bye of the new one") { self.hangUp($0.carol) }
    }

    @Test func byesOfBoth() {
        self.atEveryStep("both") {
            self.hangUp($0.bob)
            self.hangUp($0.alice)
        }
    }

    @Test func reinviteOfTheOtherParty() {
        self.atEveryStep("re-INVITE of the other") { scene in
            for call in scene.alice.calls.values {
                scene.alice.reinvite(call, direction: "sendonly", newPort: true)
            }
        }
    }

    @Test func lateOfferOfTheOtherParty() {
        self.atEveryStep("late offer of the other") { scene in
            for call in scene.alice.calls.values { scene.alice.reinvite(call, offersLate: true) }
        }
    }

    @Test func reinviteOfTheTransferor() {
        self.atEveryStep("re-INVITE of the transferor") { scene in
            for call in scene.bob.calls.values {
                scene.bob.reinvite(call, direction: "inactive")
            }
        }
    }

    @Test func lateOfferOfTheTransferor() {
        self.atEveryStep("late offer of the transferor") { scene in
            for call in scene.bob.calls.values { scene.bob.reinvite(call, offersLate: true) }
        }
    }

    @Test func reinvitesAndAnotherCodec() {
        self.atEveryStep("re-INVITE and codec", prepare: { $0.carol.script.codecs = [8] }) {
            scene in
            for phone in [scene.alice, scene.bob, scene.carol] {
                for call in phone.calls.values { phone.reinvite(call, newPort: true) }
            }
        }
    }

    @Test func secondRefer() {
        self.atEveryStep("second REFER") { scene in
            for phone in [scene.bob, scene.alice, scene.carol] {
                for call in phone.calls.values { phone.refer(call, to: "<sip:+4999@192.0.2.2>") }
            }
        }
    }

    @Test func theNewPartyIsReplaced() {
        self.atEveryStep("replaced meanwhile") { scene in
            guard let named = scene.bob.calls.values.first?.replaces() else { return }
            scene.dave.script.extraHeaders = [(.replaces, named)]
            scene.dave.script.hangUpAfter = 30_000
            scene.dave.dial("+1555")
        }
    }

    @Test func operatorEndsEverything() {
        self.atEveryStep("operator") { scene in
            for call in scene.engine.listCalls() {
                scene.world.input { _ = $0.engine.endCall(call.id) }
            }
        }
    }

    @Test func mediaTimesOut() {
        self.atEveryStep("media") { scene in
            for call in scene.engine.listCalls() {
                scene.world.input { $0.engine.mediaTimedOut(call.id) }
            }
        }
    }

    @Test func answerCrossesTheEnd() {
        self.atEveryStep(
            "answer crosses", prepare: { $0.carol.script.answersWhenCancelled = true }
        ) { self.hangUp($0.alice) }
    }

    @Test func branchesOfTheNewParty() {
        self.atEveryStep(
            "branches",
            prepare: {
                $0.carol.script.progress = [
                    PhoneScript.Progress(after: 50, status: 180, branch: "x"),
                    PhoneScript.Progress(after: 90, status: 183, description: true, branch: "y"),
                ]
                $0.carol.script.answerBranch = "y"
                $0.carol.script.lateBranches = ["x"]
            }
        ) { self.hangUp($0.bob) }
    }
}
