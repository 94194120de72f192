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
        for call in phone.calls.values.sorted(by: { $0.port < $1.port }) { phone.hangUp(call) }
    }

    /// Whoever asked for the transfer hung up at once. An offer of the party that waits for the new
    /// one is not put to who is gone.
    @Test(arguments: [false, true]) func nothingIsOfferedToWhoLeft(byUpdate: Bool) throws {
        let scene = TransferScene()
        scene.alice.script.hangUpAfter = nil
        scene.carol.script.answer = .accept(after: 3000)
        scene.carol.script.hangUpAfter = 5000
        scene.bob.script.dialogs.allow = "INVITE, ACK, BYE, UPDATE"
        scene.establish()
        scene.alice.refer(try scene.call(scene.alice), to: "<sip:+3999@192.0.2.1>")
        scene.alice.hangUp(try scene.call(scene.alice))
        scene.world.run(until: 3000)
        let call = try scene.call(scene.bob)
        if byUpdate {
            scene.bob.update(call, direction: "sendonly")
        } else {
            scene.bob.reinvite(call, direction: "sendonly")
        }
        // What is not passed on takes no number of the dialog either.
        scene.bob.send(.info, in: call, body: Array("Signal=1".utf8), contentType: "a/b")
        scene.world.run(until: 3500)
        #expect(scene.bob.count("< 480 INFO") == 1)
        #expect(scene.alice.count("< INVITE") == 0)
        #expect(scene.bob.count("< 491 \(byUpdate ? "UPDATE" : "INVITE")") == 1)
        scene.finish()
        let numbers = scene.alice.requests.filter { $0.method == .notify }
            .compactMap { try? $0.cseq().number }
        #expect(Set(numbers).count == (numbers.last ?? 0) - (numbers.first ?? 0) + 1)
    }

    /// Everything comes twice and late: an ACK of ours stays in the dialog that its INVITE was in,
    /// though the leg has gone to another call.
    @Test(arguments: UInt64(1)...12) func acksStayInTheirDialog(seed: UInt64) throws {
        let scene = TransferScene(seed: seed)
        scene.alice.script.hangUpAfter = nil
        scene.establish()
        scene.bob.dial("+3555")
        scene.world.run(until: 4000)
        scene.world.network = Network(repeated: 1000, delay: 1...900)
        let calls = scene.bob.calls.values.sorted { $0.port < $1.port }
        let (first, second) = (try #require(calls.first), try #require(calls.last))
        scene.bob.reinvite(second, direction: "sendonly")
        let named = try #require(second.replaces(escaped: true))
        scene.world.after(1500 + seed * 97) {
            scene.bob.refer(first, to: "<sip:+3555@192.0.2.2?Replaces=\(named)>")
        }
        // Whoever is left at last gives up.
        scene.world.after(60_000) { for phone in scene.world.phones { self.hangUp(phone) } }
        scene.finish()
        for phone in scene.world.phones {
            func numbers(_ method: Method) -> Set<[UInt8]> {
                Set(phone.requests.filter { $0.method == method }.compactMap { request in
                    guard let callID = try? request.callID(), let cseq = try? request.cseq() else {
                        return nil
                    }
                    return Array(callID) + Array("\(cseq.number)".utf8)
                })
            }
            #expect(numbers(.ack).isSubset(of: numbers(.invite)), "\(phone.name): \(phone.log)")
        }
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
