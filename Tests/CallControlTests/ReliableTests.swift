// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SDP
import SIPDialog
import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

private typealias Progress = PhoneScript.Progress

/// RFC 3262 towards either party, the other one knowing nothing of it.
@Suite struct ReliableTests {
    struct Scene {
        let world: World
        let alice: Phone
        let bob: Phone
    }

    private func scene(
        _ a: ReliableProvisionalPolicy = .off, _ b: ReliableProvisionalPolicy = .off,
        seed: UInt64 = 1
    ) -> Scene {
        let world = World(seed: seed)
        world.configure {
            $0.trunks[0].reliableProvisional = a
            $0.trunks[1].reliableProvisional = b
        }
        let alice = world.phone("alice", side: .a)
        let bob = world.phone("bob", side: .b)
        alice.script.hangUpAfter = 3000
        bob.script.progress = [Progress(after: 50, status: 183, description: true)]
        bob.script.answer = .accept(after: 1000)
        return Scene(world: world, alice: alice, bob: bob)
    }

    private func bodies(_ phone: Phone, _ status: Int) -> Int {
        phone.responses.count { $0.status == status && !$0.body.isEmpty }
    }

    private func finish(_ scene: Scene, _ end: CallEnd = .callerBye) {
        scene.world.run()
        #expect(scene.world.records.map(\.end) == [end])
        scene.world.expectClean()
    }

    // MARK: The callee's

    @Test(arguments: [ReliableProvisionalPolicy.supported, .required])
    func calleeSendsReliably(policy: ReliableProvisionalPolicy) throws {
        let scene = self.scene(.off, policy)
        scene.bob.script.dialogs.isReliable = true
        scene.bob.script.progress.append(Progress(after: 60, status: 180))
        scene.alice.dial()
        self.finish(scene)
        let invite = try #require(scene.bob.requests.first)
        #expect(invite.lists(.supported, "100rel"))
        #expect(invite.lists(.require, "100rel") == (policy == .required))
        #expect(scene.bob.count("< PRACK") == 2 && scene.bob.count("> 200 PRACK") == 2)
        // Nothing of it reaches the caller, which never said that it knows it.
        #expect(scene.alice.responses.allSatisfy { $0.first(.rSeq) == nil })
        #expect(scene.alice.responses.allSatisfy { !$0.lists(.require, "100rel") })
        #expect(scene.alice.count("< 183 INVITE") == 1 && scene.alice.count("< 180 INVITE") == 1)
        #expect(self.bodies(scene.alice, 200) == 1)
        // CSeq goes on behind the PRACKs.
        let bye = try #require(scene.bob.requests.last)
        #expect(try bye.method == .bye && bye.cseq().number == 4)
    }

    @Test func notWhereItIsOff() {
        let scene = self.scene()
        scene.bob.script.dialogs.isReliable = true
        scene.alice.dial()
        self.finish(scene)
        #expect(scene.bob.count("< PRACK") == 0)
        #expect(scene.bob.requests.first?.lists(.supported, "100rel") == false)
    }

    /// Loss, repetition and disorder: each response is acknowledged once, in order.
    @Test(arguments: UInt64(1)...20)
    func badNetwork(seed: UInt64) {
        let scene = self.scene(.supported, .supported, seed: seed)
        scene.world.network = Network(lost: 100, repeated: 100, delay: 1...120)
        scene.alice.script.dialogs.supported = ["100rel"]
        scene.bob.script.dialogs.isReliable = true
        scene.bob.script.progress += (0..<4).map {
            Progress(after: 60 + 30 * UInt64($0), status: 180)
        }
        scene.bob.script.answer = .accept(after: 4000)
        let call = scene.alice.dial()
        scene.world.after(60_000) { scene.alice.hangUp(call) }
        scene.world.run()
        scene.world.expectClean("seed \(seed)")
        #expect(scene.alice.count("> PRACK") >= 1)
    }

    @Test func everyBranchHasItsOwnNumbers() {
        let scene = self.scene(.supported, .supported)
        scene.alice.script.dialogs.supported = ["100rel"]
        scene.bob.script.dialogs.isReliable = true
        scene.bob.script.progress = ["one", "two", "three"].map {
            Progress(after: 50, status: 183, description: true, branch: $0)
        }
        scene.bob.script.answerBranch = "two"
        scene.bob.script.lateBranches = ["one"]
        scene.alice.dial()
        self.finish(scene)
        #expect(scene.bob.count("> 200 PRACK") == 3 && scene.alice.count("< 200 PRACK") == 3)
        #expect(scene.bob.count("< BYE") == 2, "the late branch and the call")
        // RFC 3261 section 12.2.1.1: the BYE to a branch that was acknowledged is its next request.
        let byes = scene.bob.requests.filter { $0.method == .bye }
        #expect(byes.compactMap { try? $0.cseq().number } == [3, 3])
    }

    /// No offer in the INVITE: the callee's comes in a reliable 183, our answer in the PRACK, and
    /// the caller is asked with the 200.
    @Test func offerInReliableResponse() throws {
        let scene = self.scene(.off, .supported)
        scene.alice.script.offersLate = true
        scene.bob.script.dialogs.isReliable = true
        scene.alice.dial()
        scene.world.run(until: 2000)
        let prack = try #require(scene.bob.requests.first { $0.method == .prack })
        let answer = try SessionDescription.parse(Array(prack.body))
        #expect(answer.media.first?.formats.map(\.description) == ["0", "101"])
        #expect(self.bodies(scene.alice, 183) == 0 && self.bodies(scene.alice, 200) == 1)
        let media = try #require(scene.world.media.values.first)
        #expect(media.a.remote?.address == scene.alice.address.address && media.a.send)
        #expect(media.b.remote?.address == scene.bob.address.address && media.b.send)
        #expect(scene.bob.requests.first { $0.method == .ack }?.body.isEmpty == true)
        self.finish(scene)
        #expect(scene.bob.count("< INVITE") == 1, "both agreed to the same")
    }

    /// The same, and the caller agrees to less: the callee hears of it.
    @Test func callerAgreesToOtherThanThePrack() throws {
        let scene = self.scene(.off, .supported)
        scene.alice.script.offersLate = true
        scene.bob.script.dialogs.isReliable = true
        let call = scene.alice.dial()
        call.direction = "sendonly"
        scene.world.run(until: 2500)
        #expect(scene.bob.count("< INVITE") == 2)
        let invite = try #require(scene.bob.requests.last { $0.method == .invite })
        #expect(String(decoding: invite.body, as: UTF8.self).contains("a=sendonly"))
        self.finish(scene)
    }

    // MARK: The caller's

    @Test(arguments: [true, false])
    func callerGetsReliableResponses(requires: Bool) throws {
        let scene = self.scene(.supported)
        scene.alice.script.dialogs.supported = ["100rel"]
        if requires { scene.alice.script.dialogs.required = ["100rel"] }
        scene.bob.script.progress.append(Progress(after: 60, status: 180))
        scene.alice.dial()
        self.finish(scene)
        let invite = try #require(scene.bob.requests.first)
        #expect(invite.first(.require) == nil && invite.first(.supported) == nil)
        #expect(scene.bob.count("< PRACK") == 0)
        #expect(scene.alice.count("< 200 PRACK") == 2)
        let early = scene.alice.responses.filter { $0.status == 183 || $0.status == 180 }
        #expect(try early.map { try #require(try $0.rSeq()) } == [
            try #require(try early[0].rSeq()), try #require(try early[0].rSeq()) + 1,
        ])
        // The answer went in the 183, once.
        #expect(early.map { $0.body.isEmpty } == [false, true])
        #expect(self.bodies(scene.alice, 200) == 0)
    }

    /// An Allow without PRACK, as Microsoft's and Zoom's is, or no Supported: never reliably.
    @Test func neverToWhoDoesNotKnowIt() {
        for supported in [[], ["timer"], ["100rel"]] {
            let scene = self.scene(.supported)
            scene.alice.script.dialogs.supported = supported
            scene.alice.script.dialogs.allow = "INVITE,ACK,OPTIONS,CANCEL,BYE,NOTIFY"
            scene.alice.dial()
            self.finish(scene)
            #expect(scene.alice.count("< 183 INVITE") == 1)
            #expect(scene.alice.responses.allSatisfy { $0.first(.rSeq) == nil })
        }
    }

    /// RFC 3262 section 3: repeated at T1, doubled each time, and given up after 64 * T1.
    @Test func withoutPrackTheCallFails() {
        let scene = self.scene(.supported)
        scene.alice.script.dialogs.supported = ["100rel"]
        scene.alice.script.dialogs.pracks = false
        scene.bob.script.answer = .never
        var times: [UInt64] = []
        scene.world.tap = { [world = scene.world] bytes in
            if bytes.starts(with: "SIP/2.0 183".utf8) { times.append(world.now) }
        }
        scene.alice.dial()
        self.finish(scene, .noProvisionalAcknowledgement)
        let gaps = zip(times.dropFirst(), times).map { $0 - $1 }
        #expect(gaps == [500, 1000, 2000, 4000, 8000, 16_000])
        #expect(scene.alice.count("< 504 INVITE") == 1 && scene.bob.count("< CANCEL") == 1)
        #expect(scene.world.core.engine.counters.pracksMissing == 1)
    }

    /// A 2xx waits for the PRACK of a description (RFC 3262 section 3), and the callee's is ended
    /// if that never comes.
    @Test(arguments: [true, false])
    func answerWaitsForThePrack(comes: Bool) {
        let scene = self.scene(.supported)
        scene.alice.script.dialogs.supported = ["100rel"]
        scene.alice.script.dialogs.pracks = false
        scene.bob.script.answer = .accept(after: 100)
        if comes { scene.world.after(3000) { scene.alice.script.dialogs.pracks = true } }
        scene.alice.dial()
        scene.world.run(until: 2900)
        #expect(scene.bob.count("> 200 INVITE") == 1 && scene.alice.count("< 200 INVITE") == 0)
        self.finish(scene, comes ? .callerBye : .noProvisionalAcknowledgement)
        #expect(scene.alice.count(comes ? "< 200 INVITE" : "< 504 INVITE") == 1)
        #expect(scene.bob.count("< BYE") == 1)
    }

    /// A final response stops the repetition; a PRACK that it overtook is answered.
    @Test func answerOvertakesAPrack() {
        let scene = self.scene(.supported)
        scene.alice.script.dialogs.supported = ["100rel"]
        scene.bob.script.progress = [Progress(after: 50, status: 180)]
        scene.bob.script.answer = .accept(after: 52)
        scene.alice.dial()
        self.finish(scene)
        #expect(scene.alice.count("< 200 PRACK") == 1 && scene.alice.count("< 200 INVITE") == 1)
    }

    @Test func wrongPracks() throws {
        let scene = self.scene(.supported)
        scene.alice.script.dialogs.supported = ["100rel"]
        scene.alice.script.dialogs.pracks = false
        scene.bob.script.progress = [Progress(after: 50, status: 180)]
        let call = scene.alice.dial()
        scene.world.run(until: 500)
        let ringing = try #require(scene.alice.responses.first { $0.status == 180 })
        let tag = Array(try #require(try ringing.to().tag))
        let number = try #require(try ringing.rSeq())
        call.early[tag] = try .init(
            client: try #require(call.invite), response: ringing, overTLS: false)
        for rack in ["\(number + 1) 1 INVITE", "\(number) 2 INVITE", "\(number) 1 UPDATE"] {
            scene.alice.send(.prack, in: call, early: tag) { $0.add(.rAck, rack) }
        }
        scene.alice.send(.prack, in: call, early: tag) { $0.add(.rAck, "x") }
        scene.alice.send(.prack, in: call, early: tag)
        scene.world.run(until: 900)
        #expect(scene.alice.count("< 481 PRACK") == 3 && scene.alice.count("< 400 PRACK") == 2)
        scene.alice.send(.prack, in: call, early: tag) { $0.add(.rAck, "\(number) 1 INVITE") }
        self.finish(scene)
        #expect(scene.alice.count("< 200 PRACK") == 1)
    }

    /// The caller changes its mind in the PRACK: answered with what the callee agreed to, who hears
    /// of it once it answered.
    @Test func offerInPrack() throws {
        let scene = self.scene(.supported)
        scene.alice.script.dialogs.supported = ["100rel"]
        scene.alice.script.dialogs.prackOffer = "sendonly"
        scene.alice.dial()
        scene.world.run(until: 2500)
        let answer = try #require(
            scene.alice.responses.first { (try? $0.cseq().method) == .prack })
        #expect(answer.status == 200)
        #expect(String(decoding: answer.body, as: UTF8.self).contains("a=recvonly"))
        #expect(scene.bob.count("< PRACK") == 0 && scene.bob.count("< INVITE") == 2)
        let media = try #require(scene.world.media.values.first)
        #expect(media.a.receive && !media.a.send && !media.b.receive && media.b.send)
        self.finish(scene)
    }

    /// Nobody made an offer before the callee's reliable 183: it passes on, and the caller's answer
    /// comes in its PRACK.
    @Test func lateOfferOnBothLegs() throws {
        let scene = self.scene(.supported, .supported)
        scene.alice.script.offersLate = true
        scene.alice.script.dialogs.supported = ["100rel"]
        scene.bob.script.dialogs.isReliable = true
        scene.alice.dial()
        scene.world.run(until: 900)
        #expect(self.bodies(scene.alice, 183) == 1)
        let media = try #require(scene.world.media.values.first)
        #expect(media.a.remote != nil && media.a.send && media.b.send, "early media")
        self.finish(scene)
        #expect(self.bodies(scene.alice, 200) == 0)
    }

    // MARK: Refusals

    @Test func requiredWhereItIsOff() throws {
        let scene = self.scene()
        scene.alice.script.dialogs.required = ["100rel", "timer"]
        scene.alice.dial()
        scene.world.run()
        let refusal = try #require(scene.alice.responses.last)
        #expect(refusal.status == 420)
        #expect(refusal.all(.unsupported).map { String(decoding: $0, as: UTF8.self) } == [
            "100rel", "timer",
        ])
        scene.world.expectClean()
    }

    @Test func missingWhereItIsRequired() throws {
        let scene = self.scene(.required)
        scene.alice.dial()
        scene.world.run()
        let refusal = try #require(scene.alice.responses.last)
        #expect(refusal.status == 421 && refusal.lists(.require, "100rel"))
        #expect(scene.world.core.engine.counters.extensionsRefused == 1)
        scene.world.expectClean()
    }

    @Test func responsesThatWaitAreLimited() {
        let scene = self.scene(.supported)
        scene.alice.script.dialogs.supported = ["100rel"]
        scene.alice.script.dialogs.pracks = false
        scene.bob.script.progress = (0..<12).map { Progress(after: 50 + 5 * $0, status: 180) }
        scene.alice.dial()
        scene.world.run(until: 500)
        let left = 12 - 1 - ReliableSender.limit
        #expect(scene.world.core.engine.counters.provisionalsDropped == UInt64(left))
        scene.alice.script.dialogs.pracks = true
        self.finish(scene)
    }
}

@Suite struct ReliableValueTests {
    @Test func numbersBeginAnywhereAndGoUpByOne() {
        #expect(ReliableSender(random: 0).next == 1)
        #expect(ReliableSender(random: .max).next < 1 << 31)
        var receiver = ReliableReceiver()
        #expect(receiver.receive(7) == .next && receiver.receive(7) == .repeated)
        #expect(receiver.receive(9) == .early && receiver.receive(8) == .next)
        #expect(receiver.receive(1) == .repeated)
    }

    @Test func racks() throws {
        let rack = try RAck(Array("776656 1 INVITE".utf8)[...])
        #expect(rack == RAck(response: 776_656, sequence: 1, method: .invite))
        #expect(rack.bytes == Array("776656 1 INVITE".utf8))
        let wrong = [
            "", "1", "1 2", "0 1 INVITE", "1 2 INVITE x", "4294967296 1 INVITE", "-1 1 A",
        ]
        for text in wrong {
            #expect(throws: SIPParseError.self) { try RAck(Array(text.utf8)[...]) }
        }
    }

    @Test func sessionExpires() throws {
        let value = try SessionExpires(Array("1800;x=y;refresher=UAS".utf8)[...])
        #expect(value == SessionExpires(seconds: 1800, refresher: .uas))
        #expect(value.bytes == Array("1800;refresher=uas".utf8))
        #expect(try SessionExpires(Array("90".utf8)[...]).refresher == nil)
        #expect(throws: SIPParseError.self) { try SessionExpires(Array("x".utf8)[...]) }
        #expect(throws: SIPParseError.self) { try SessionExpires(Array("99999999999".utf8)[...]) }
    }
}
