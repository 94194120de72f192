// SPDX-License-Identifier: Apache-2.0

import CallControl
import DTLS
import NetworkAddress
import SDP
import Testing

@testable import Node

/// An agent, and what it wanted done.
private final class Party {
    let agent: DTLSAgent
    var sent: [[UInt8]] = []
    var timers: [CallLeg: UInt64] = [:]
    var keys: [UInt32: HandshakeKeys] = [:]
    var renewed: [UInt32: HandshakeKeys] = [:]
    var failures: [UInt32: String] = [:]

    init(_ limits: DTLSAgent.Limits = .init()) throws { self.agent = try DTLSAgent(limits: limits) }

    /// What is to be sent waits in `sent`.
    func act() {
        for action in self.agent.takeActions() {
            switch action {
            case .send(_, let datagram): self.sent.append(datagram)
            case .timer(let leg, let milliseconds): self.timers[leg] = milliseconds
            case .established(_, let number, let keys): self.keys[number] = keys
            case .renewed(_, let number, let keys): self.renewed[number] = keys
            case .failed(_, let number, let reason): self.failures[number] = reason
            }
        }
    }

    func agreement(
        _ role: DTLSAgreement.Role, with other: Party, number: UInt32 = 1,
        certificate: Fingerprint? = nil, profiles: [UInt16] = [7, 1]
    ) -> LegDTLS {
        LegDTLS(
            association: number, role: role,
            fingerprints: [other.agent.fingerprint].compactMap(\.self),
            certificate: certificate ?? self.agent.fingerprint, profiles: profiles)
    }

    func agree(_ leg: CallLeg, _ agreement: LegDTLS, isReachable: Bool = true, now: UInt64 = 0) {
        self.agent.agree(leg, agreement, hasKeys: false, isReachable: isReachable, now: now)
        self.act()
    }

    func takeSent() -> [[UInt8]] {
        self.act()
        defer { self.sent = [] }
        return self.sent
    }
}

private func leg(_ call: UInt64, _ side: Side = .a) -> CallLeg {
    CallLeg(call: CallIdentifier(call), side: side)
}

/// Carries what both say to one leg of the other until nobody says anything.
private func carry(
    _ a: Party, _ b: Party, _ leg: CallLeg, from source: SocketAddress? = nil, now: UInt64 = 0
) {
    while case let (fromA, fromB) = (a.takeSent(), b.takeSent()), !fromA.isEmpty || !fromB.isEmpty {
        for datagram in fromA { b.agent.received(datagram, leg, from: source, now: now) }
        for datagram in fromB { a.agent.received(datagram, leg, now: now) }
    }
}

@Suite struct DTLSAgentTests {
    @Test func bothSidesComeToTheSameKeys() throws {
        let (client, server) = (try Party(), try Party())
        server.agree(leg(1), server.agreement(.server, with: client))
        client.agree(leg(1), client.agreement(.client, with: server), isReachable: false)
        // Nobody is there yet.
        #expect(client.takeSent().isEmpty && client.agent.counters.begun == 0)
        client.agent.reachable(leg(1), now: 0)
        carry(client, server, leg(1))
        let ours = try #require(client.keys[1])
        let theirs = try #require(server.keys[1])
        #expect(ours.profile == 7 && ours.send == theirs.receive && ours.receive == theirs.send)
        #expect(client.agent.counters.established == 1 && server.agent.counters.sessions == 1)
        server.agent.forget(CallIdentifier(1))
        #expect(server.agent.counters.sessions == 0)
    }

    /// A path may be known before there is an agreement.
    @Test func aPathThatCameFirstIsRemembered() throws {
        let (client, server) = (try Party(), try Party())
        client.agent.reachable(leg(1), now: 0)
        client.agree(leg(1), client.agreement(.client, with: server), isReachable: false)
        #expect(client.takeSent().count == 1)
    }

    /// After an ICE restart the first hello goes to the path of before, where nobody may listen.
    @Test func anotherPathGetsTheHelloAtOnce() throws {
        let (client, server) = (try Party(), try Party())
        server.agree(leg(1), server.agreement(.server, with: client))
        client.agree(leg(1), client.agreement(.client, with: server))
        let hello = client.takeSent()
        client.agent.reachable(leg(1), now: 1)
        #expect(client.takeSent() == hello && hello.count == 1)
        // Not when it was answered.
        server.agent.received(hello[0], leg(1), now: 1)
        client.agent.received(server.takeSent()[0], leg(1), now: 1)
        _ = client.takeSent()
        client.agent.reachable(leg(1), now: 1)
        #expect(client.takeSent().isEmpty && client.agent.counters.begun == 1)
    }

    @Test func recordsWaitForTheirAgreement() throws {
        var limits = DTLSAgent.Limits()
        limits.queuedPerLeg = 2
        limits.queued = 3
        let (client, server) = (try Party(), try Party(limits))
        client.agree(leg(1), client.agreement(.client, with: server))
        let hello = client.takeSent()[0]
        for _ in 0..<3 { server.agent.received(hello, leg(1), now: 0) }
        #expect(server.agent.counters.queueFull == 1)
        for _ in 0..<2 { server.agent.received([22], leg(2), now: 0) }
        #expect(server.agent.counters.queueFull == 2)
        // What is forgotten makes room.
        server.agent.forget(leg(2))
        server.agent.received([22], leg(3), now: 0)
        #expect(server.agent.counters.queueFull == 2)
        server.agree(leg(1), server.agreement(.server, with: client))
        carry(client, server, leg(1))
        #expect(client.keys[1] != nil && server.keys[1] != nil)
    }

    /// Anybody may say hello before the answer; afterwards only the party has.
    @Test func recordsOfOthersDoNotBecomeTheParty() throws {
        let (client, server, forger) = (try Party(), try Party(), try Party())
        let party = SocketAddress(
            address: try #require(IPAddress(text: "192.0.2.1".utf8)), port: 5000)
        let other = SocketAddress(address: party.address, port: 5002)
        client.agree(leg(1), client.agreement(.client, with: server))
        forger.agree(leg(1), forger.agreement(.client, with: server))
        server.agent.received(forger.takeSent()[0], leg(1), from: other, isEarly: true, now: 0)
        server.agent.received(client.takeSent()[0], leg(1), from: party, isEarly: true, now: 0)
        server.agent.agree(
            leg(1), server.agreement(.server, with: client), hasKeys: false, isReachable: true,
            remote: party, now: 0)
        server.agent.received([22], leg(1), from: other, isEarly: true, now: 0)
        carry(client, server, leg(1), from: party)
        #expect(client.keys[1] != nil && server.keys[1] != nil && server.failures.isEmpty)
        #expect(server.agent.counters.recordsDropped == 2 && server.agent.counters.begun == 1)
    }

    /// Hellos of somebody else that bear the party's address, before the answer, in the queue and
    /// during the handshake: the party is served, and without them the same.
    @Test func forgedHellosOfThePartysAddressHarmNoCall() throws {
        let (client, server, forger) = (try Party(), try Party(), try Party())
        let party = SocketAddress(
            address: try #require(IPAddress(text: "192.0.2.1".utf8)), port: 5000)
        forger.agree(leg(1), forger.agreement(.client, with: server))
        let forged = forger.takeSent()[0]
        for _ in 0..<10 {
            server.agent.received(forged, leg(1), from: party, isEarly: true, now: 0)
        }
        #expect(server.agent.counters.queueFull == 6)
        server.agent.agree(
            leg(1), server.agreement(.server, with: client), hasKeys: false, isReachable: true,
            remote: party, now: 0)
        server.act()
        #expect(server.sent.count == 4 && server.timers[leg(1)] == nil)
        // A minute until the party speaks.
        for now in stride(from: 20 as UInt64, to: 60_000, by: 20) {
            server.agent.received(forged, leg(1), from: party, now: now)
        }
        server.agent.fired(leg(1), now: 60_000)
        _ = server.takeSent()
        client.agree(leg(1), client.agreement(.client, with: server), now: 60_000)
        for _ in 0..<6 {
            for datagram in client.takeSent() {
                for each in [forged, datagram, forged] {
                    server.agent.received(each, leg(1), from: party, now: 60_000)
                }
            }
            for datagram in server.takeSent() {
                client.agent.received(datagram, leg(1), now: 60_000)
            }
        }
        #expect(client.keys[1] != nil && client.keys[1]?.send == server.keys[1]?.receive)
        #expect(server.failures.isEmpty && server.agent.counters.begun == 1)
        #expect(server.agent.counters.cookiesAsked > 2500)
    }

    @Test func anotherCertificateThanTheSignalledIsRefused() throws {
        let (client, server, stranger) = (try Party(), try Party(), try Party())
        server.agree(leg(1), server.agreement(.server, with: client))
        client.agree(leg(1), client.agreement(.client, with: stranger))
        carry(client, server, leg(1))
        #expect(client.keys[1] == nil)
        let reason = client.failures[1] ?? ""
        #expect(reason.hasPrefix("the peer's certificate is not the signalled"))
        #expect(client.agent.counters.failed == 1 && client.agent.counters.sessions == 0)
    }

    @Test func sessionsHaveALimit() throws {
        var limits = DTLSAgent.Limits()
        limits.sessions = 1
        let (client, server) = (try Party(limits), try Party())
        for call in [1, 2] as [UInt64] {
            client.agree(leg(call), client.agreement(.client, with: server, number: UInt32(call)))
        }
        // It waits, and again where there is still no room.
        client.agent.fired(leg(2), now: 1000)
        client.act()
        #expect(client.failures.isEmpty && client.timers[leg(2)] == 1000)
        #expect(client.agent.counters.refusedTooMany == 2 && client.agent.counters.begun == 1)
        client.agent.forget(leg(1))
        client.agent.fired(leg(2), now: 2000)
        #expect(client.agent.counters.begun == 2 && client.agent.counters.sessions == 1)
    }

    /// What only lingers makes room, the oldest first.
    @Test func lingeringSessionsMakeRoom() throws {
        var limits = DTLSAgent.Limits()
        limits.sessions = 2
        let (client, server) = (try Party(limits), try Party(limits))
        for call in 1...4 as ClosedRange<UInt64> {
            let number = UInt32(call)
            server.agree(leg(call), server.agreement(.server, with: client, number: number))
            client.agree(leg(call), client.agreement(.client, with: server, number: number))
            carry(client, server, leg(call))
            let keys = try #require(client.keys[number])
            #expect(keys.send == server.keys[number]?.receive)
            #expect(client.agent.counters.sessions == min(call, 2))
        }
        #expect(client.failures.isEmpty && server.failures.isEmpty)
        #expect(server.agent.counters.refusedTooMany == 0)
        // Its timer comes for nothing.
        client.agent.fired(leg(1), now: 15_000)
        #expect(client.agent.takeActions().isEmpty && client.agent.counters.recordsDropped == 0)
        // One that is under way is not ended.
        for call in [5, 6, 7] as [UInt64] {
            client.agree(leg(call), client.agreement(.client, with: server, number: UInt32(call)))
        }
        #expect(client.agent.counters.refusedTooMany == 1 && client.timers[leg(7)] == 1000)
        #expect(client.agent.counters.begun == 6 && client.agent.counters.sessions == 2)
    }

    /// Associations that do not count keep no session for the rest of the call.
    @Test func replacedAssociationsLetGoOfTheirSessions() throws {
        let (client, server) = (try Party(), try Party())
        let ours = (1...3).map { server.agreement(.server, with: client, number: $0) }
        let theirs = (1...3).map { client.agreement(.client, with: server, number: $0) }
        server.agree(leg(1), ours[0])
        client.agree(leg(1), theirs[0])
        carry(client, server, leg(1))
        let keys = try #require(client.keys[1])
        // Done: at once.
        client.agree(leg(1), theirs[1])
        #expect(client.agent.counters.sessions == 1 && client.agent.counters.begun == 2)
        // Not done: when another one is.
        _ = client.takeSent()
        client.agree(leg(1), theirs[2])
        #expect(client.agent.counters.sessions == 2)
        server.agree(leg(1), ours[2])
        carry(client, server, leg(1))
        #expect(client.keys[3] != nil && client.agent.counters.sessions == 1)
        // The first returns with its keys, the second begins anew.
        client.keys = [:]
        client.agree(leg(1), theirs[0])
        #expect(client.keys == [1: keys] && client.agent.counters.sessions == 0)
        server.agree(leg(1), ours[1])
        client.agree(leg(1), theirs[1])
        carry(client, server, leg(1))
        #expect(client.keys[2] != nil && client.keys[2]?.send == server.keys[2]?.receive)
        #expect(client.agent.counters.sessions == 1 && server.agent.counters.sessions == 1)
    }

    @Test func handshakesOfASecondHaveALimit() throws {
        var limits = DTLSAgent.Limits()
        limits.handshakesPerSecond = 1
        let (client, server) = (try Party(limits), try Party(limits))
        for call in [1, 2] as [UInt64] {
            client.agree(leg(call), client.agreement(.client, with: server), now: 5000)
        }
        #expect(client.agent.counters.delayed == 1 && client.agent.counters.begun == 1)
        #expect(client.timers[leg(2)] == 1000 && client.takeSent().count == 1)
        client.agent.fired(leg(2), now: 6000)
        let hello = client.takeSent()
        #expect(hello.count == 1 && client.agent.counters.begun == 2)
        // A server waits for the peer to repeat its hello.
        for call in [1, 2] as [UInt64] {
            server.agree(leg(call), server.agreement(.server, with: client), now: 5000)
            server.agent.received(hello[0], leg(call), now: 5000)
        }
        #expect(server.agent.counters.delayed == 1 && server.takeSent().count == 1)
        server.agent.received(hello[0], leg(2), now: 6000)
        #expect(!server.takeSent().isEmpty)
    }

    /// The branches of a fork take turns: what was established once is not asked for again.
    @Test func anEarlierAssociationMayReturn() throws {
        let (client, server) = (try Party(), try Party())
        let first = server.agreement(.server, with: client)
        server.agree(leg(1), first)
        client.agree(leg(1), client.agreement(.client, with: server))
        carry(client, server, leg(1))
        let keys = try #require(server.keys[1])
        server.agree(leg(1), server.agreement(.server, with: client, number: 2))
        #expect(server.timers[leg(1)] == nil)
        server.keys = [:]
        server.agree(leg(1), first)
        #expect(server.keys == [1: keys] && server.agent.counters.begun == 1)
    }

    @Test func associationsOfALegHaveALimit() throws {
        var limits = DTLSAgent.Limits()
        limits.perLeg = 2
        let (client, server) = (try Party(limits), try Party())
        for number in 1...5 as ClosedRange<UInt32> {
            client.agree(leg(1), client.agreement(.client, with: server, number: number))
        }
        #expect(client.agent.counters.begun == 5 && client.agent.counters.sessions == 2)
    }

    /// A call of before a restart has its keys; nothing is begun for it.
    @Test func whatIsDoneStaysDone() throws {
        let (client, server) = (try Party(), try Party())
        let agreement = server.agreement(.server, with: client)
        server.agent.agree(leg(1), agreement, hasKeys: true, isReachable: true, now: 0)
        server.agent.received([22, 0xfe, 0xfd], leg(1), now: 0)
        server.act()
        #expect(server.sent.isEmpty && server.keys.isEmpty && server.failures.isEmpty)
        #expect(server.agent.counters.recordsDropped == 1 && server.agent.counters.begun == 0)
    }

    /// A server with keys whose ICE was restarted: its client, and what both agreed.
    private func restarted() throws -> (client: Party, server: Party, agreement: LegDTLS) {
        let (client, server) = (try Party(), try Party())
        let agreement = server.agreement(.server, with: client)
        server.agent.agree(
            leg(1), agreement, hasKeys: false, isReachable: true, ufrag: [1], now: 0)
        client.agree(leg(1), client.agreement(.client, with: server))
        carry(client, server, leg(1))
        #expect(server.keys[1] != nil)
        // Without a restart nobody has a reason to say hello.
        client.agree(leg(1), client.agreement(.client, with: server, number: 2))
        carry(client, server, leg(1))
        server.agent.agree(
            leg(1), agreement, hasKeys: true, isReachable: true, ufrag: [1], now: 0)
        #expect(server.agent.counters.begun == 1 && client.keys[2] == nil)
        server.agent.agree(
            leg(1), agreement, hasKeys: true, isReachable: true, ufrag: [2], now: 0)
        return (client, server, agreement)
    }

    /// RFC 8842 section 3.3 gives no reason for it, yet who restarts ICE may handshake again.
    @Test func aHelloAfterARestartMakesOtherKeys() throws {
        let (client, server, agreement) = try self.restarted()
        client.agree(leg(1), client.agreement(.client, with: server, number: 3))
        carry(client, server, leg(1))
        let keys = try #require(server.renewed[1])
        #expect(keys.send == client.keys[3]?.receive && keys.receive == client.keys[3]?.send)
        #expect(keys != server.keys[1] && server.failures.isEmpty)
        #expect(server.agent.counters.sessions == 1 && server.agent.counters.begun == 2)
        // Once for each restart.
        client.agree(leg(1), client.agreement(.client, with: server, number: 4))
        carry(client, server, leg(1))
        #expect(server.agent.counters.begun == 2 && client.keys[4] == nil)
        server.agent.agree(
            leg(1), agreement, hasKeys: true, isReachable: true, ufrag: [3], now: 0)
        client.agree(leg(1), client.agreement(.client, with: server, number: 5))
        carry(client, server, leg(1))
        #expect(server.renewed[1] != keys && server.renewed[1]?.send == client.keys[5]?.receive)
        server.agent.forget(CallIdentifier(1))
        #expect(server.agent.counters.sessions == 0)
    }

    /// Whoever says no more than hello harms neither the keys nor the party, however often.
    @Test func aForgedHelloKeepsNobodyOut() throws {
        let (client, server, _) = try self.restarted()
        let forger = try Party()
        forger.agree(leg(1), forger.agreement(.client, with: server))
        let forged = forger.takeSent()[0]
        for now in stride(from: 0 as UInt64, to: 60_000, by: 20) {
            server.agent.received(forged, leg(1), now: now)
        }
        server.agent.fired(leg(1), now: 60_000)
        #expect(server.takeSent().allSatisfy { $0[13] == 3 && $0.count < forged.count })
        #expect(server.failures.isEmpty && server.agent.counters.failed == 0)
        #expect(server.agent.counters.begun == 2 && server.timers[leg(1)] == nil)
        client.agree(leg(1), client.agreement(.client, with: server, number: 3))
        for step in 0..<6 as Range<UInt64> {
            for datagram in client.takeSent() {
                server.agent.received(forged, leg(1), now: 60_000 + 1500 * step)
                server.agent.received(datagram, leg(1), now: 60_000 + 1500 * step)
                server.agent.received(forged, leg(1), now: 60_000 + 1500 * step)
            }
            for datagram in server.takeSent() {
                client.agent.received(datagram, leg(1), now: 60_000 + 1500 * step)
            }
        }
        #expect(server.renewed[1] != nil && server.renewed[1]?.send == client.keys[3]?.receive)
        #expect(server.failures.isEmpty && server.agent.counters.sessions == 1)
    }

    @Test func anotherCertificateRenewsNothing() throws {
        let (client, server, _) = try self.restarted()
        let forger = try Party()
        forger.agree(leg(1), forger.agreement(.client, with: server))
        carry(forger, server, leg(1))
        #expect(server.renewed.isEmpty && server.failures.isEmpty)
        #expect(server.agent.counters.failed == 1)
        client.agree(leg(1), client.agreement(.client, with: server, number: 3))
        carry(client, server, leg(1))
        #expect(server.renewed[1] != nil && server.renewed[1]?.send == client.keys[3]?.receive)
    }

    @Test func oldCertificatesStayAtHand() throws {
        let (client, server) = (try Party(), try Party())
        let agreement = server.agreement(.server, with: client)
        let mine = client.agreement(.client, with: server)
        let before = server.agent.fingerprint
        try server.agent.rotate()
        #expect(server.agent.fingerprint != before && agreement.certificate == before)
        server.agree(leg(1), agreement)
        client.agree(leg(1), mine)
        carry(client, server, leg(1))
        #expect(client.keys[1] != nil)
        // One of another process.
        server.agree(
            leg(2), server.agreement(.server, with: client, certificate: client.agent.fingerprint))
        server.agent.received([22], leg(2), now: 0)
        server.act()
        #expect(server.failures[1] == "the certificate that was signalled is gone")
        for _ in 0...DTLSCertificates.kept { try server.agent.rotate() }
        server.agree(leg(3), agreement)
        server.agent.received([22], leg(3), now: 0)
        #expect(server.agent.counters.failed == 2)
    }

    @Test func whatTheRingsRefuseIsCounted() throws {
        let party = try Party()
        party.agent.sendRefused()
        #expect(party.agent.counters.sendsRefused == 1)
    }
}

/// Legs that change calls take their handshakes along.
@Suite struct DTLSExchangeTests {
    @Test func handshakesGoWithTheirLegs() throws {
        let box = try Party()
        let peer = try Party()
        let (made, call) = (leg(2, .b), leg(1, .b))
        box.agree(made, box.agreement(.client, with: peer))
        peer.agree(call, peer.agreement(.server, with: box))
        #expect(box.sent.isEmpty == false && box.timers[made] != nil)
        // The hello is on its way when the leg goes to another call.
        box.agent.exchange(call, made, now: 0)
        box.act()
        #expect(box.timers[made] == nil && box.timers[call] != nil)
        carry(box, peer, call)
        #expect(box.keys[1] != nil && peer.keys[1] != nil)
        box.agent.forget(CallIdentifier(2))
        box.agent.forget(CallIdentifier(1))
        box.act()
        #expect(box.timers.isEmpty && box.agent.counters.sessions == 0)
    }
}
