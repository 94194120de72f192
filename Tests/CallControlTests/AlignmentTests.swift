// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

/// After a leg was replaced both parties are told the same: which way media goes, and in what.
@Suite struct AlignmentTests {
    private let scene = TransferScene {
        $0.refer = .local
        $0.replaces = .any
    }

    /// Carol takes Bob's place.
    private func takeOver() throws {
        let named = try #require(self.scene.call(self.scene.bob).replaces())
        self.scene.carol.script.extraHeaders = [(.replaces, named)]
        self.scene.carol.dial("+1555")
    }

    /// What a telephone's leg has, as the telephone sees it.
    private func flow(_ phone: Phone) throws -> (sends: Bool, receives: Bool, types: [UInt8]) {
        let place = SocketAddress(
            address: phone.address.address, port: try self.scene.call(phone).port)
        let intent = try #require(self.scene.world.media.values.first)
        let leg = intent.a.remote == place ? intent.a : intent.b
        return (leg.receive, leg.send, leg.payloadTypes.map(\.ingress))
    }

    /// The last description that a telephone was sent.
    private func told(_ phone: Phone) throws -> [Substring] {
        let messages = (phone.requests + phone.responses).filter { !$0.body.isEmpty }
        let bodies = messages.map { String(decoding: $0.body, as: UTF8.self) }
        func version(_ text: String) -> Int {
            let origin = text.split(separator: "\r\n").first { $0.hasPrefix("o=") }
            return origin.flatMap { Int($0.split(separator: " ")[2]) } ?? 0
        }
        let last = try #require(bodies.max { version($0) < version($1) })
        return last.split(separator: "\r\n")
    }

    /// Alice, who is to hear Carol, only wants to speak: Carol hears of it.
    @Test func aNarrowAnswerIsToldToTheOther() throws {
        self.scene.establish()
        self.scene.bob.reinvite(try self.scene.call(self.scene.bob), direction: "inactive")
        self.scene.world.run(until: 4000)
        try self.scene.call(self.scene.alice).direction = "sendonly"
        try self.takeOver()
        self.scene.world.run(until: 8000)
        #expect(try self.told(self.scene.alice).contains("a=sendrecv"))
        #expect(try self.told(self.scene.carol).contains("a=sendonly"))
        let (alice, carol) = (try self.flow(self.scene.alice), try self.flow(self.scene.carol))
        #expect(alice.sends && !alice.receives && !carol.sends && carol.receives)
        self.scene.finish()
    }

    /// Carol takes one codec, and Alice had two: she may not go on with the other one.
    @Test func whatOneLeavesOutTheOtherMayNotSend() throws {
        self.scene.establish()
        self.scene.bob.reinvite(try self.scene.call(self.scene.bob), direction: "inactive")
        self.scene.world.run(until: 4000)
        self.scene.carol.script.codecs = [8, 101]
        try self.takeOver()
        self.scene.world.run(until: 8000)
        #expect(try self.flow(self.scene.alice).types == self.flow(self.scene.carol).types)
        let line = try #require(self.told(self.scene.alice).first { $0.hasPrefix("m=") })
        #expect(line.hasSuffix(" 8 101"), "\(line)")
        self.scene.finish()
    }

    /// Events alone are not heard: two parties without a common codec are no call.
    @Test func eventsAloneAreNoCall() throws {
        self.scene.alice.script.codecs = [0, 101]
        self.scene.carol.script.codecs = [8, 101]
        self.scene.dave.script.codecs = [8, 101]
        self.scene.establish()
        // Bob has a call with each of them, and joins the two.
        self.scene.bob.dial("+3555")
        self.scene.world.run(until: 4000)
        let calls = self.scene.bob.calls.values.sorted { $0.port < $1.port }
        let named = try #require(calls.last?.replaces(escaped: true))
        let target = "<sip:+3555@192.0.2.2?Replaces=\(named)>"
        self.scene.bob.refer(try #require(calls.first), to: target)
        self.scene.world.run(until: 9000)
        #expect(self.scene.world.media.isEmpty)
        #expect(self.scene.carol.calls.isEmpty && self.scene.alice.calls.isEmpty)
        self.scene.finish()
    }

    /// A party that refuses every offer of ours is left as it is, and not asked for ever.
    @Test func whoRefusesIsLeftAsHeIs() throws {
        self.scene.establish()
        self.scene.bob.reinvite(try self.scene.call(self.scene.bob), direction: "inactive")
        self.scene.world.run(until: 4000)
        self.scene.alice.script.refusesReinvite = 488
        try self.takeOver()
        self.scene.world.run(until: 20_000)
        #expect(self.scene.alice.count("< INVITE") < 5)
        #expect(self.scene.world.media.count == 1)
        self.scene.finish()
    }
}
