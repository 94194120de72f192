// SPDX-License-Identifier: Apache-2.0

import Admission
import NetworkAddress
import SIPMessage
import SIPTransaction
import Testing

@testable import CallControl
@testable import CallWorld

@Suite struct AdmissionFlowTests {
    private func pair(portLimit: Int = 4096) -> (World, Phone, Phone) {
        let world = World(portLimit: portLimit)
        return (world, world.phone("alice", side: .a), world.phone("bob", side: .b))
    }

    private func retryAfter(_ message: SIPMessage?) -> UInt32? {
        guard let seconds = try? message?.seconds(.retryAfter) else { return nil }
        return seconds
    }

    /// One call that stands, then another.
    private func secondCall(_ world: World, _ alice: Phone) {
        alice.script.hangUpAfter = 10_000
        alice.dial()
        world.run(until: 2000)
        alice.dial()
        world.run()
    }

    @Test func nodeFullAsksToComeBack() throws {
        let (world, alice, _) = self.pair()
        world.configure { $0.callsMax = 1 }
        self.secondCall(world, alice)
        let response = try #require(alice.responses.first { $0.status == 503 })
        let seconds = try #require(self.retryAfter(response))
        #expect((1...5).contains(seconds))
        #expect(world.core.engine.counters.refusedTemporarily == 1)
        world.expectClean()
    }

    @Test func retryAfterIsSpread() {
        let (world, alice, _) = self.pair()
        world.core.engine.drainCalls()
        for _ in 0..<40 { alice.dial() }
        world.run()
        let seconds = Set(alice.responses.compactMap { self.retryAfter($0) })
        #expect(seconds.count > 2 && seconds.allSatisfy { (1...5).contains($0) })
        world.expectClean()
    }

    @Test func trunkLimitDoesNot() throws {
        let (world, alice, _) = self.pair()
        world.configure { $0.trunks[1].callsMax = 1 }
        self.secondCall(world, alice)
        let response = try #require(alice.responses.first { $0.status == 503 })
        #expect(response.first(.retryAfter) == nil)
        #expect(world.core.engine.counters.refusedByTrunkLimit == 1)
        world.expectClean()
    }

    @Test func noPortIs503AndNothingLeaks() throws {
        let (world, alice, _) = self.pair(portLimit: 2)
        self.secondCall(world, alice)
        let response = try #require(alice.responses.first { $0.status == 503 })
        #expect(self.retryAfter(response) != nil)
        #expect(world.core.engine.counters.refusedNoPort == 1)
        world.expectClean()
    }

    @Test func noRouteIs404() {
        let (world, alice, _) = self.pair()
        alice.dial("+49301234")
        world.run()
        #expect(alice.count("< 404 INVITE") == 1)
        #expect(world.core.engine.counters.noRoutes == 1)
        world.expectClean()
    }

    @Test func loopIs483() {
        let (world, alice, _) = self.pair()
        alice.dial(maxForwards: 0)
        world.run()
        #expect(alice.count("< 483 INVITE") == 1)
        world.expectClean()
    }

    @Test func noCommonCodecIs488() throws {
        let (world, alice, bob) = self.pair()
        alice.script.codecs = [18, 101]
        alice.dial()
        world.run()
        #expect(alice.count("< 488 INVITE") == 1)
        #expect(bob.log.isEmpty)
        let warning = try #require(alice.responses.last?.first(.warning))
        #expect(warning.starts(with: "305 ".utf8))
        world.expectClean()
    }

    @Test func calleeWithoutCommonCodec() {
        let (world, alice, bob) = self.pair()
        bob.script.codecs = [9]
        alice.dial()
        world.run()
        #expect(alice.count("< 488 INVITE") == 1)
        world.expectClean()
    }

    @Test func strangersGet403() {
        let (world, _, bob) = self.pair()
        let eve = world.phone("eve", side: .a, address: "198.51.100.66")
        eve.dial()
        world.run()
        #expect(eve.count("< 403 INVITE") == 1)
        #expect(bob.log.isEmpty)
        #expect(world.core.engine.counters.unknownSources == 1)
        world.expectClean()
    }

    @Test func strangersGetSilence() {
        let (world, _, bob) = self.pair()
        world.configure { $0.unknownSource = .silence }
        let eve = world.phone("eve", side: .a, address: "198.51.100.66")
        eve.dial()
        world.run()
        #expect(eve.responses.isEmpty)
        #expect(bob.log.isEmpty)
        #expect(world.core.engine.counters.unknownSources > 1)
        world.expectClean()
    }

    /// A request outside of a dialog, straight to the box.
    private func ask(
        _ world: World, _ phone: Phone, _ method: String, toTag: String = ""
    ) throws -> SIPMessage? {
        let text = """
            \(method) sip:192.0.2.1 SIP/2.0\r
            Via: SIP/2.0/UDP \(phone.address);branch=z9hG4bKask\(world.random.next())\r
            Max-Forwards: 70\r
            From: <sip:a@198.51.100.1>;tag=1\r
            To: <sip:192.0.2.1>\(toTag)\r
            Call-ID: ask\(world.random.next())\r
            CSeq: 1 \(method)\r
            Contact: <sip:a@198.51.100.1>\r
            Content-Length: 0\r
            \r

            """
        let bytes = Array(text.utf8)
        let branch = try SIPMessage.parse(bytes, framing: .datagram).topVia().branch ?? []
        let id = phone.layer.send(
            request: bytes, method: Method(bytes: method.utf8), branch: Array(branch),
            to: phone.hop)
        if let id { phone.clients[id] = [] }
        phone.pump()
        world.run()
        return phone.responses.last
    }

    @Test(arguments: [
        ("OPTIONS", 200), ("REGISTER", 405), ("SUBSCRIBE", 489), ("MESSAGE", 405),
        ("FETCH", 501), ("BYE", 481), ("INFO", 481), ("NOTIFY", 489), ("REFER", 405),
    ])
    func otherMethods(method: String, status: Int) throws {
        let (world, alice, bob) = self.pair()
        let response = try #require(try self.ask(world, alice, method))
        #expect(response.status == status)
        if status != 481, status != 489 {
            let allow = response.all(.allow).map { String(decoding: $0, as: UTF8.self) }
            #expect(allow.contains("INVITE") && allow.contains("BYE"))
        }
        #expect(bob.log.isEmpty)
        world.expectClean()
    }

    @Test(arguments: ["INVITE", "BYE", "INFO", "UPDATE"])
    func unknownDialogIs481(method: String) throws {
        let (world, alice, _) = self.pair()
        let response = try self.ask(world, alice, method, toTag: ";tag=07nobody")
        #expect(response?.status == 481)
        #expect(world.core.engine.counters.unknownDialogs == 1)
        world.expectClean()
    }

    @Test func drainingShowsInOptions() throws {
        let (world, alice, _) = self.pair()
        world.core.engine.drainCalls(of: World.carrier)
        #expect(try self.ask(world, alice, "OPTIONS")?.status == 503)
        world.core.engine.resumeCalls(of: World.carrier)
        #expect(try self.ask(world, alice, "OPTIONS")?.status == 200)
        world.core.engine.drainCalls()
        #expect(try self.ask(world, alice, "OPTIONS")?.status == 503)
        world.configure { $0.optionsShowDraining = false }
        #expect(try self.ask(world, alice, "OPTIONS")?.status == 200)
        world.expectClean()
    }

    @Test func drainLetsCallsEndAndHasADeadline() {
        let (world, alice, _) = self.pair()
        alice.script.hangUpAfter = 10_000
        alice.dial()
        world.run(until: 1000)
        alice.script.hangUpAfter = nil
        alice.dial()
        world.run(until: 2000)
        world.input { $0.engine.drainCalls(deadlineMilliseconds: 30_000) }
        alice.dial()
        world.run(until: 20_000)
        #expect(alice.count("< 503 INVITE") == 1)
        #expect(world.core.engine.callCount == 1)
        world.run()
        #expect(world.records.map(\.end) == [.callerBye, .operatorEnded])
        world.expectClean()
    }

    @Test func operatorEndsACall() throws {
        let (world, alice, bob) = self.pair()
        alice.dial()
        world.run(until: 2000)
        let id = try #require(world.core.engine.listCalls().first?.id)
        #expect(CallIdentifier(text: id.description) == id)
        world.input { #expect($0.engine.endCall(id)) }
        world.run()
        #expect(alice.count("< BYE") == 1 && bob.count("< BYE") == 1)
        #expect(!world.core.engine.endCall(id))
        world.expectClean()
    }

    @Test func operatorEndsARingingCall() throws {
        let (world, alice, bob) = self.pair()
        bob.script.answer = .never
        alice.dial()
        world.run(until: 2000)
        let call = try #require(world.core.engine.listCalls().first)
        #expect(call.state == .ringing)
        world.input { #expect($0.engine.endCall(call.id)) }
        world.run()
        #expect(alice.count("< 480 INVITE") == 1 && bob.count("< CANCEL") == 1)
        world.expectClean()
    }

    @Test func mediaTimeoutEndsTheCallWithReason() throws {
        let (world, alice, bob) = self.pair()
        alice.dial()
        world.run(until: 2000)
        let id = try #require(world.core.engine.listCalls().first?.id)
        world.input { $0.engine.mediaTimedOut(id) }
        world.run()
        for phone in [alice, bob] {
            let bye = try #require(phone.requests.first { $0.method == .bye })
            #expect(bye.first(.reason) != nil)
        }
        #expect(world.records.first?.end == .mediaTimeout)
        world.expectClean()
    }

    @Test func refusedFlowsEndTheCall() throws {
        let (world, alice, bob) = self.pair()
        bob.script.answer = .never
        alice.dial()
        world.run(until: 1000)
        let id = try #require(world.core.engine.listCalls().first?.id)
        world.input { $0.engine.mediaRefused(id) }
        world.run()
        #expect(alice.count("< 503 INVITE") == 1 && bob.count("< CANCEL") == 1)
        #expect(self.retryAfter(alice.responses.last) != nil)
        world.expectClean()
    }

    /// The trunk is gone from the configuration, its call goes on to a proper end.
    @Test func configurationChangesLeaveCallsAlone() {
        let (world, alice, bob) = self.pair()
        alice.script.hangUpAfter = 10_000
        alice.dial()
        world.run(until: 2000)
        world.configure { configuration in
            configuration.trunks = [configuration.trunks[1]]
            configuration.unknownSource = .silence
        }
        world.run()
        #expect(bob.count("< BYE") == 1)
        #expect(world.records.first?.end == .callerBye)
        let before = alice.responses.count
        alice.dial()
        world.run()
        #expect(alice.responses.count == before, "the trunk is a stranger now")
        world.expectClean()
    }
}
