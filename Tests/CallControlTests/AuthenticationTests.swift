// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPAuthentication
import SIPMessage
import SIPTransaction
import Testing

@testable import CallControl
@testable import CallWorld

private let mine = DigestCredentials(
    username: Array("edge1".utf8), password: Array("secret".utf8))

@Suite struct ChallengedTests {
    private func world(_ gate: PhoneGate) -> (World, alice: Phone, bob: Phone) {
        let world = World()
        world.configure { $0.trunks[1].authentication.credentials = mine }
        let alice = world.phone("alice", side: .a)
        let bob = world.phone("bob", side: .b)
        bob.gate = gate
        return (world, alice, bob)
    }

    /// INVITE and BYE are asked, and sent once more; the ACK shows what the INVITE showed.
    @Test(arguments: [false, true])
    func callAndHangUp(_ isProxy: Bool) throws {
        let gate = PhoneGate()
        gate.isProxy = isProxy
        let (world, alice, bob) = self.world(gate)
        var acks: [SIPMessage] = []
        world.tap = { bytes in
            if let message = try? SIPMessage.parse(bytes, framing: .stream),
                message.method == .ack
            {
                acks.append(message)
            }
        }
        alice.script.hangUpAfter = 2000
        alice.dial()
        world.run()
        #expect(gate.passed == ["INVITE", "BYE"])
        #expect(
            alice.log == [
                "> INVITE", "< 180 INVITE", "< 200 INVITE", "> ACK", "> BYE", "< 200 BYE",
            ])
        let invites = bob.requests.filter { $0.method == .invite }
        #expect(try invites.map { try $0.cseq().number } == [1, 2])
        #expect(try invites.map { Array(try $0.callID()) }.first == Array(invites[1].callID()))
        #expect(try invites[0].topVia().branch != invites[1].topVia().branch)
        let last = try #require(acks.last)
        #expect(try last.cseq().number == 2)
        let name: HeaderName = isProxy ? .proxyAuthorization : .authorization
        #expect(last.first(name).map { Array($0) } == invites[1].first(name).map { Array($0) })
        #expect(bob.requests.filter { $0.method == .bye }.count == 2)
        #expect(world.core.engine.counters.challengesAnswered == 2)
        world.expectClean()
    }

    @Test func aStaleNonceIsAnsweredAgain() {
        let gate = PhoneGate()
        gate.staleAnswers = 1
        let (world, alice, bob) = self.world(gate)
        alice.script.hangUpAfter = 1000
        alice.dial()
        world.run()
        #expect(bob.requests.filter { $0.method == .invite }.count == 3)
        #expect(alice.log.contains("< 200 INVITE"))
        world.expectClean()
    }

    @Test func aWrongPasswordIsTriedOnce() {
        let gate = PhoneGate()
        gate.password = "other"
        let (world, alice, bob) = self.world(gate)
        alice.dial()
        world.run()
        #expect(bob.requests.filter { $0.method == .invite }.count == 2)
        #expect(alice.log.contains("< 502 INVITE"))
        #expect(world.core.engine.counters.challengesFailed == 1)
        world.expectClean()
    }

    @Test func withoutCredentialsNothingIsSentAgain() {
        let gate = PhoneGate()
        let world = World()
        let alice = world.phone("alice", side: .a)
        let bob = world.phone("bob", side: .b)
        bob.gate = gate
        alice.dial()
        world.run()
        #expect(bob.requests.filter { $0.method == .invite }.count == 1)
        #expect(alice.log.contains("< 502 INVITE"))
        world.expectClean()
    }

    @Test func aCancelledInviteIsNotSentAgain() {
        let gate = PhoneGate()
        let (world, alice, bob) = self.world(gate)
        world.network.delay = 200...200
        alice.script.cancelAfter = 250
        alice.dial()
        world.run()
        #expect(bob.requests.filter { $0.method == .invite }.count <= 2)
        #expect(alice.log.contains("< 487 INVITE"))
        world.expectClean()
    }

    /// A re-INVITE is asked in its dialog, where the numbers go on.
    @Test func reinvite() throws {
        let gate = PhoneGate()
        let (world, alice, bob) = self.world(gate)
        alice.dial()
        world.run(until: 2000)
        let call = try #require(alice.calls.values.first)
        alice.reinvite(call, direction: "sendonly")
        world.run(until: 4000)
        alice.hangUp(call)
        world.run()
        #expect(gate.passed == ["INVITE", "INVITE", "BYE"])
        let numbers = try bob.requests.filter { $0.method != .ack }.map { try $0.cseq().number }
        #expect(numbers == numbers.sorted() && Set(numbers).count == numbers.count)
        world.expectClean()
    }
}

/// What a trunk that has to show who it is gets.
@Suite struct ChallengeTests {
    private static let users = [Array("alice".utf8): Array("pw".utf8)]

    private func send(
        _ world: World, _ method: Method, credentials: [UInt8]? = nil, number: UInt32 = 1
    ) {
        var builder = SIPMessageBuilder(request: method, uri: "sip:+15551234@192.0.2.1".utf8)
        builder.add(.via, "SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKc\(number)\(method)")
        builder.add(.maxForwards, "70")
        builder.add(.from, "<sip:alice@198.51.100.1>;tag=a")
        builder.add(.to, "<sip:+15551234@192.0.2.1>")
        builder.add(.callID, "c@198.51.100.1")
        builder.add(.cSeq, CSeq(number: number, method: method).bytes)
        builder.add(.contact, "<sip:alice@198.51.100.1>")
        if let credentials { builder.add(.authorization, credentials) }
        guard let message = try? SIPMessage.parse(builder.finish(), framing: .stream) else {
            Issue.record("no message")
            return
        }
        let hop = Hop(
            listener: ListenerIndex(rawValue: 0), transport: .udp,
            remote: .init(address: World.ip("198.51.100.1"), port: 5060))
        world.input { $0.received(message, from: hop) }
    }

    @Test func asksJudgesAndLetsIn() throws {
        let world = World()
        world.configure {
            $0.trunks[0].authentication.demand = TrunkAuthentication.Demand(
                realm: Array("edge".utf8), passwords: Self.users)
        }
        var answers: [SIPMessage] = []
        world.tap = { bytes in
            if let message = try? SIPMessage.parse(bytes, framing: .stream), !message.isRequest {
                answers.append(message)
            }
        }
        self.send(world, .options)
        #expect(answers.last?.status == 200)
        self.send(world, .invite)
        let asked = try #require(answers.last)
        #expect(asked.status == 401)
        #expect(asked.lines(.wwwAuthenticate).count == 3)
        #expect(world.core.engine.callCount == 0)

        func answer(_ password: String) throws -> [UInt8] {
            var client = DigestClient()
            let answers = client.answer(
                asked,
                to: DigestRequest(
                    method: Array("INVITE".utf8), uri: Array("sip:+15551234@192.0.2.1".utf8)),
                DigestCredentials(
                    username: Array("alice".utf8), password: Array(password.utf8)),
                answered: [], clientNonce: Array("c".utf8))
            return try #require(answers.first?.value)
        }
        self.send(world, .invite, credentials: try answer("no"), number: 2)
        #expect(answers.last?.status == 403)
        #expect(world.core.engine.counters.credentialsWrong == 1)
        self.send(world, .invite, credentials: try answer("pw"), number: 3)
        #expect(world.core.engine.callCount == 1)
        // The same credentials once more: replayed.
        self.send(world, .invite, credentials: try answer("pw"), number: 4)
        let stale = answers.last { $0.status == 401 }
        #expect(
            stale?.lines(.wwwAuthenticate).allSatisfy {
                DigestChallenge($0)?.isStale == true
            } == true)
        #expect(world.core.engine.callCount == 1)
        #expect(world.core.engine.counters.challengesSent == 2)
    }

    /// Requests in dialogs are asked only where the trunk says so; OPTIONS never.
    @Test func inDialog() throws {
        let world = World()
        let builder = SIPMessageBuilder(request: .bye, uri: "sip:a@b".utf8)
        let request = ReceivedRequest(
            server: nil, message: try SIPMessage.parse(builder.finish(), framing: .stream),
            source: world.configuration.trunks[0].peer)
        var trunk = world.configuration.trunks[0]
        func isLetIn(_ method: Method, inDialog: Bool) -> Bool {
            world.core.engine.isAuthenticated(request, method, of: trunk, inDialog: inDialog)
        }
        #expect(isLetIn(.invite, inDialog: false))
        trunk.authentication.demand = TrunkAuthentication.Demand(
            realm: Array("edge".utf8), passwords: Self.users)
        #expect(!isLetIn(.invite, inDialog: false) && isLetIn(.bye, inDialog: true))
        trunk.authentication.demand?.isInDialog = true
        #expect(!isLetIn(.bye, inDialog: true) && isLetIn(.options, inDialog: true))
    }
}
