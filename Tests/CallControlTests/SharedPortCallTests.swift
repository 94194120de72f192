// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SDP
import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// Calls in realms whose legs share a port, as far as they can be told apart.
@Suite struct SharedPortCallTests {
    private static let iceTrunk = MediaSecurityPolicy(ice: .lite, rtcpMux: .accept)

    /// Both trunks speak ICE with who can, and nothing is encrypted.
    private func scene(
        a: MediaSecurityPolicy = Self.iceTrunk, b: MediaSecurityPolicy = Self.iceTrunk
    ) -> SecureScene {
        let scene = SecureScene(a: a, b: b)
        scene.world.ports.sharesPorts = true
        scene.alice.script.media.lines = []
        scene.bob.script.media.lines = []
        return scene
    }

    private func marks(_ scene: SecureScene) throws -> (a: PartyMark, b: PartyMark) {
        let wish = try #require(scene.world.ports.wishes.last)
        return (wish.a.mark, wish.b.mark)
    }

    /// Where the caller's media is to go, by the last answer.
    private func answeredPort(_ phone: Phone) -> String? {
        let words = phone.lines(of: 200, "m=audio").last?.split(separator: " ")
        return words?.dropFirst().first.map(String.init)
    }

    private func at(_ port: UInt16) -> SocketAddress {
        SocketAddress(address: World.ip("198.51.100.1"), port: port)
    }

    @Test func checkingAndPlainCallersShareOnePort() throws {
        let scene = self.scene()
        scene.bob.script.media.lines = SecureScene.ice("bobby") + ["a=rtcp-mux"]
        for number in 0..<4 as Range<UInt16> {
            let isPlain = number % 2 == 1
            scene.alice.script.media.lines =
                isPlain ? [] : SecureScene.ice("alice\(number)") + ["a=rtcp-mux"]
            scene.alice.dial()
            scene.world.run(until: 2000 * UInt64(number + 1))
            let marks = try self.marks(scene)
            let port = 40_002 + 2 * number
            let address = PartyMark.address(rtp: self.at(port), rtcp: self.at(port + 1))
            #expect(marks.a == (isPlain ? address : .ice) && marks.b == .ice)
            #expect(self.answeredPort(scene.alice) == "19998")
            #expect(scene.bob.lines(of: nil, "m=audio").last?.hasPrefix("m=audio 19998 ") == true)
        }
        let intents = Array(scene.world.media.values)
        for side in Side.allCases {
            #expect(Set(intents.map { $0[side].local.rtp }).count == 1)
            #expect(Set(intents.map { $0[side].local.share }).count == 4)
        }
        #expect(intents.allSatisfy { $0.b.ice != nil && $0.b.mark == .ice })
        #expect(intents.filter { $0.a.ice != nil }.count == 2)
        // What planning knows of a plain caller is what the port was chosen by.
        for intent in intents where intent.a.ice == nil {
            let port = try #require(intent.a.remote?.port)
            #expect(intent.a.mark == .address(rtp: self.at(port), rtcp: self.at(port + 1)))
        }
        scene.world.run()
        scene.world.expectClean()
    }

    @Test func aSecondCallFromOnePlaceHasItsOwnPort() throws {
        let scene = self.scene(b: .plain)
        scene.alice.dial()
        scene.world.run(until: 2000)
        #expect(self.answeredPort(scene.alice) == "19998")
        #expect(try self.marks(scene).b == .nothing, "where it receives is not known yet")
        scene.alice.mediaPort -= 2
        scene.alice.dial()
        scene.world.run(until: 4000)
        let marks = scene.world.ports.wishes.map(\.a.mark)
        #expect(marks.count == 2 && marks[0] == marks[1])
        #expect(self.answeredPort(scene.alice) != "19998")
        #expect(scene.world.media.values.filter(\.a.local.isShared).count == 1)
        #expect(scene.world.media.values.allSatisfy { !$0.b.local.isShared })
        scene.world.run()
        scene.world.expectClean()
    }

    @Test func whatPlainPartiesAreToldApartBy() throws {
        func rtcp(_ port: UInt16?) -> PartyMark {
            .address(rtp: self.at(40_002), rtcp: port.map(self.at))
        }
        let ice = SecureScene.ice("alice")
        let cases: [([String], PartyMark)] = [
            ([], rtcp(40_003)), (["a=rtcp:50001"], rtcp(50_001)), (["a=rtcp-mux"], rtcp(nil)),
            (ice, .ice), (ice + ["a=ice-lite"], rtcp(40_003)),
            (["a=ice-ufrag:alice"], rtcp(40_003)),
        ]
        for (lines, mark) in cases {
            let scene = self.scene()
            scene.alice.script.media.lines = lines
            scene.establish()
            #expect(try self.marks(scene).a == mark, "\(lines)")
            #expect(self.answeredPort(scene.alice) == "19998")
            // Two lite agents use the default candidates.
            #expect((scene.media?.a.ice != nil) == (mark == .ice))
            scene.finish()
        }
    }

    @Test func whoCannotBeToldApartHasAPortOfItsOwn() throws {
        func expectNothing(_ note: Comment, _ change: (SecureScene) -> Void) throws {
            let scene = self.scene(b: .plain)
            change(scene)
            scene.establish()
            let marks = try self.marks(scene)
            #expect(marks.a == .nothing && marks.b == .nothing, note)
            #expect(scene.media?.a.local.isShared == false, note)
            scene.finish()
        }
        try expectNothing("its source is still to be learned") {
            $0.world.configure { $0.trunks[0].learnSource = true }
        }
        try expectNothing("it offers later") { $0.alice.script.offersLate = true }
        let late = self.scene()
        late.alice.script.offersLate = true
        late.establish()
        #expect(try self.marks(late).b == .nothing, "it makes the offer, with ICE or without")
        late.finish()
    }

    /// The callee was offered ICE and does without: its address is what tells it apart, and
    /// another call may have it.
    @Test func aCalleeWithoutICEWhereAnotherOneIs() throws {
        let scene = self.scene()
        scene.establish()
        let leg = try #require(scene.media?.b)
        #expect(leg.local.isShared && leg.ice == nil)
        let remote = try #require(leg.remote)
        #expect(
            leg.mark == .address(
                rtp: remote, rtcp: SocketAddress(address: remote.address, port: remote.port + 1)))
        scene.input { $0.mediaSourceInUse(scene.id) }
        scene.world.run()
        for phone in [scene.alice, scene.bob] {
            let bye = try #require(phone.requests.first { $0.method == .bye })
            let reason = bye.first(.reason).map { String(decoding: $0, as: UTF8.self) }
            #expect(reason?.contains("Media address in use by another call") == true)
        }
        scene.finish(.mediaSourceInUse)
    }

    /// The same in early media: a refusal for the caller, a CANCEL for the callee.
    @Test func theSameBeforeTheAnswer() throws {
        let scene = self.scene()
        scene.bob.script.progress = [
            PhoneScript.Progress(after: 50, status: 183, description: true)
        ]
        scene.bob.script.answer = .never
        scene.alice.dial()
        scene.world.run(until: 1000)
        #expect(scene.media?.b.remote != nil)
        scene.input { $0.mediaSourceInUse(scene.id) }
        scene.world.run()
        #expect(scene.alice.count("< 503 INVITE") == 1 && scene.bob.count("< CANCEL") == 1)
        scene.finish(.mediaSourceInUse)
    }

    @Test func callsGoOnAfterARestart() throws {
        let scene = self.scene()
        scene.bob.script.media.lines = SecureScene.ice("bobby")
        scene.establish()
        let before = try #require(scene.media)
        #expect(before.a.local.isShared && before.b.local.isShared)
        scene.world.restart()
        #expect(scene.media == before)
        scene.finish()
    }
}
