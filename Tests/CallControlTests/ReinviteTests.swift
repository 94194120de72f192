// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPMessage
import SIPTransaction
import Testing

@testable import CallControl
@testable import CallWorld

@Suite struct ReinviteTests {
    private struct Scene {
        let world: World
        let alice: Phone
        let bob: Phone
        var a: PhoneCall { self.alice.calls.values.first ?? Self.none }
        var b: PhoneCall { self.bob.calls.values.first ?? Self.none }
        private static var none: PhoneCall {
            PhoneCall(callID: [], isCaller: true, tag: [], port: 0)
        }
        var engine: CallEngine<TestPorts> { self.world.core.engine }
        var media: MediaIntent? { self.world.media.values.first }
    }

    /// A call that stands at 2,000 ms and is hung up by the caller at about 60 s.
    private func scene(seed: UInt64 = 1) -> Scene {
        let world = World(seed: seed)
        let scene = Scene(
            world: world, alice: world.phone("alice", side: .a), bob: world.phone("bob", side: .b))
        scene.alice.script.hangUpAfter = 60_000
        scene.alice.dial()
        world.run(until: 2000)
        return scene
    }

    private func finish(_ scene: Scene) {
        scene.world.run()
        #expect(scene.world.records.first?.end == .callerBye)
        scene.world.expectClean()
    }

    /// The callee's offer was answered with one codec of two. Whoever offers both later and changes
    /// nothing else is answered for the other party, which has never agreed to more.
    @Test func noMoreThanTheOtherPartyAgreedTo() throws {
        let world = World()
        let alice = world.phone("alice", side: .a)
        _ = world.phone("bob", side: .b)
        alice.script.hangUpAfter = 60_000
        alice.script.offersLate = true
        alice.script.codecs = [0, 101]
        let call = alice.dial()
        world.run(until: 2000)
        alice.script.codecs = [0, 8, 101]
        alice.reinvite(call)
        world.run(until: 4000)
        let answer = try #require(alice.responses.last { $0.status == 200 && !$0.body.isEmpty })
        let lines = String(decoding: answer.body, as: UTF8.self).split(separator: "\r\n")
        let media = try #require(world.media.values.first)
        let types = media.a.payloadTypes.map { "\($0.ingress)" }.joined(separator: " ")
        #expect(lines.contains { $0.hasPrefix("m=audio") && $0.hasSuffix("RTP/AVP \(types)") })
        world.run()
        world.expectClean()
    }

    /// The call ends while an INVITE is put to the caller, who accepts it: each 200 of his gets its
    /// ACK, though nobody remembers the call.
    @Test func everySuccessIsAcknowledged() throws {
        let scene = self.scene()
        scene.bob.reinvite(scene.b, direction: "sendonly")
        scene.bob.hangUp(scene.b)
        scene.world.run(until: 2050)
        #expect(scene.engine.callCount == 0 && scene.alice.count("< ACK") == 1)
        let invite = try #require(scene.alice.requests.first { $0.method == .invite })
        var acks = 0
        scene.world.tap = { if $0.starts(with: "ACK ".utf8) { acks += 1 } }
        for _ in 0..<2 {
            scene.alice.world.send(
                Self.success(to: invite), from: scene.alice.address, to: World.boxA)
        }
        scene.world.run(until: 2100)
        #expect(acks == 2)
        scene.world.run()
        scene.world.expectClean()
    }

    private static func success(to invite: SIPMessage) -> [UInt8] {
        var template = ResponseTemplate(status: 200, reason: "Test")
        template.toTag = Array("x".utf8)
        let hop = Hop(
            listener: ListenerIndex(rawValue: 0), transport: .udp, remote: World.boxA)
        return template.builder(for: invite, from: hop)?.finish() ?? []
    }

    /// The callee had taken less than it was offered; then it asks for an offer of our own and
    /// takes all of it. The caller hears of that.
    @Test func moreThanBeforeIsToldToTheOther() throws {
        let world = World()
        let scene = Scene(
            world: world, alice: world.phone("alice", side: .a), bob: world.phone("bob", side: .b))
        world.configure {
            for index in 0..<2 { $0.trunks[index].interworking.offers = .early }
        }
        let call = scene.alice.dial()
        world.run(until: 5000)
        scene.b.direction = "sendonly"
        scene.alice.reinvite(call, direction: "inactive")
        scene.world.run(until: 6000)
        scene.alice.reinvite(call, direction: "sendrecv")
        scene.world.run(until: 7000)
        #expect(scene.media.map { !$0.a.receive && $0.a.send } == true)
        scene.bob.reinvite(scene.b, direction: "sendrecv", offersLate: true)
        scene.world.run(until: 9000)
        let legs = try #require(scene.media.map { [$0.a, $0.b] })
        #expect(legs.allSatisfy { $0.send && $0.receive })
        #expect(scene.alice.count("< INVITE") == 1, "\(scene.alice.log)")
        scene.alice.hangUp(call)
        scene.world.run()
        scene.world.expectClean()
    }

    @Test(arguments: [Side.a, Side.b])
    func holdAndResume(side: Side) {
        let scene = self.scene()
        let (phone, call) = side == .a ? (scene.alice, scene.a) : (scene.bob, scene.b)
        let other = side == .a ? scene.bob : scene.alice
        phone.reinvite(call, direction: "sendonly")
        scene.world.run(until: 4000)
        #expect(other.count("< INVITE") == (side == .a ? 2 : 1))
        #expect(scene.media.map { side == .a ? $0.a.send : $0.b.send } == false)
        #expect(scene.media.map { side == .a ? $0.a.receive : $0.b.receive } == true)
        phone.reinvite(call, direction: "sendrecv")
        scene.world.run(until: 6000)
        #expect(scene.media.map { $0.a.send && $0.b.send } == true)
        self.finish(scene)
    }

    @Test func oldStyleHold() {
        let scene = self.scene()
        scene.a.mediaAddress = "0.0.0.0"
        scene.alice.reinvite(scene.a)
        scene.world.run(until: 4000)
        #expect(scene.media?.a.send == false)
        let offer = scene.bob.requests.last { $0.method == .invite }
        let text = offer.map { String(decoding: $0.body, as: UTF8.self) } ?? ""
        #expect(text.contains("a=sendonly") && !text.contains("0.0.0.0"), "\(text)")
        self.finish(scene)
    }

    @Test func addressChange() {
        let scene = self.scene()
        let before = scene.media?.b.remote
        scene.bob.reinvite(scene.b, newPort: true)
        scene.world.run(until: 4000)
        #expect(scene.media?.b.remote?.port == scene.b.port)
        #expect(scene.media?.b.remote != before)
        self.finish(scene)
    }

    @Test(arguments: [Side.a, Side.b])
    func lateOffer(side: Side) {
        let scene = self.scene()
        let (phone, call) = side == .a ? (scene.alice, scene.a) : (scene.bob, scene.b)
        let other = side == .a ? scene.bob : scene.alice
        phone.reinvite(call, offersLate: true)
        scene.world.run(until: 4000)
        #expect(other.requests.last { $0.method == .invite }?.body.isEmpty == true)
        #expect(other.requests.last { $0.method == .ack }?.body.isEmpty == false)
        #expect(scene.media.map { $0.a.send && $0.b.send } == true)
        self.finish(scene)
    }

    @Test func refreshStaysOnOneLeg() {
        let scene = self.scene()
        scene.a.version -= 1
        scene.alice.reinvite(scene.a)
        scene.world.run(until: 4000)
        #expect(scene.bob.count("< INVITE") == 1)
        #expect(scene.alice.count("< 200 INVITE") == 2)
        self.finish(scene)
    }

    @Test(arguments: [(488, 488), (500, 500), (302, 500), (401, 500)])
    func refusalLeavesTheCall(peer: Int, sender: Int) {
        let scene = self.scene()
        scene.bob.script.refusesReinvite = peer
        let before = scene.media
        scene.alice.reinvite(scene.a, direction: "sendonly")
        scene.world.run(until: 4000)
        #expect(scene.alice.count("< \(sender) INVITE") == 1)
        #expect(scene.media == before)
        self.finish(scene)
    }

    @Test func noCommonCodecIs488() {
        let scene = self.scene()
        scene.alice.script.codecs = [18]
        scene.alice.reinvite(scene.a)
        scene.world.run(until: 4000)
        #expect(scene.alice.count("< 488 INVITE") == 1)
        #expect(scene.bob.count("< INVITE") == 1)
        self.finish(scene)
    }

    /// What nobody can send to: the call goes on as it was.
    @Test(arguments: ["127.0.0.1", "240.1.2.3", "255.255.255.255", "0.9.9.9", "224.0.0.1"])
    func badAddressIs488(address: String) {
        let scene = self.scene()
        let before = scene.media
        scene.a.mediaAddress = address
        scene.alice.reinvite(scene.a)
        scene.world.run(until: 4000)
        #expect(scene.alice.count("< 488 INVITE") == 1)
        #expect(scene.bob.count("< INVITE") == 1)
        #expect(scene.media == before)
        self.finish(scene)
    }

    @Test(arguments: UInt64(1)...20)
    func glare(seed: UInt64) {
        let scene = self.scene(seed: seed)
        scene.alice.reinvite(scene.a, direction: "sendonly")
        scene.bob.reinvite(scene.b, newPort: true)
        scene.world.run(until: 30_000)
        #expect(scene.alice.count("< 491 INVITE") + scene.bob.count("< 491 INVITE") > 0)
        #expect(scene.world.core.engine.counters.glares > 0)
        // Both changes came through in the end, whoever went first.
        #expect(scene.media?.a.send == false)
        #expect(scene.media?.b.remote?.port == scene.b.port)
        self.finish(scene)
    }

    /// The other party has one of its own under way that never ends: the 491 passes in the end.
    @Test func glareWithoutEnd() {
        let scene = self.scene()
        scene.bob.script.refusesReinvite = 491
        scene.alice.reinvite(scene.a, direction: "sendonly")
        scene.world.run(until: 12_000)
        #expect(scene.alice.count("< 491 INVITE") >= 1)
        #expect(scene.bob.count("< INVITE") >= 2 + Exchange.glaresMax)
        scene.bob.script.refusesReinvite = nil
        self.finish(scene)
    }

    @Test func lostDialogEndsTheCall() {
        let scene = self.scene()
        scene.bob.script.refusesReinvite = 481
        scene.alice.reinvite(scene.a, direction: "sendonly")
        scene.world.run()
        #expect(scene.world.records.first?.end == .dialogLost)
        scene.world.expectClean()
    }

    @Test func silenceEndsTheCall() {
        let scene = self.scene()
        scene.bob.isDead = true
        scene.alice.reinvite(scene.a, direction: "sendonly")
        scene.world.run()
        #expect(scene.alice.count("< 408 INVITE") == 1)
        #expect(scene.world.records.first?.end == .dialogLost)
        scene.world.expectClean()
    }

    @Test func byeDuringReinvite() {
        let scene = self.scene()
        scene.alice.reinvite(scene.a, direction: "sendonly")
        scene.bob.hangUp(scene.b)
        scene.world.run()
        #expect(scene.world.records.first?.end == .calleeBye)
        scene.world.expectClean()
    }

    @Test func cancelledReinviteLeavesTheCall() {
        let scene = self.scene()
        // Nothing answers for a while, so that there is something to cancel.
        scene.bob.isDead = true
        scene.alice.reinvite(scene.a, direction: "sendonly")
        scene.world.run(until: 2400)
        if let id = scene.a.reinvite { scene.alice.layer.cancel(id) }
        scene.alice.pump()
        scene.world.run(until: 2800)
        scene.bob.isDead = false
        scene.world.run()
        #expect(scene.world.records.count == 1)
        scene.world.expectClean()
    }
}
