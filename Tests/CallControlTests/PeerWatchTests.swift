// SPDX-License-Identifier: Apache-2.0

import Admission
import NetworkAddress
import SIPMessage
import SIPTransaction
import Testing

@testable import CallControl
@testable import CallWorld

/// A world whose service has two peers, asked every 60 s.
private struct Scene {
    let world: World
    let alice: Phone
    let first: Phone
    let second: Phone

    static func target(_ address: String, _ host: String, priority: UInt16) -> TrunkTarget {
        let remote = SocketAddress(address: World.ip(address), port: 5060)
        return TrunkTarget(
            hop: Hop(listener: ListenerIndex(rawValue: 1), transport: .udp, remote: remote),
            host: Array(host.utf8), priority: priority)
    }

    init(every seconds: UInt32 = 60, follows: Bool = true) {
        self.world = World()
        self.alice = self.world.phone("alice", side: .a)
        self.first = self.world.phone("first", side: .b, address: "203.0.113.11")
        self.second = self.world.phone("second", side: .b, address: "203.0.113.12")
        self.world.configure { configuration in
            configuration.trunks[1].optionsSeconds = seconds
            configuration.trunks[1].followsTargets = follows
        }
        self.setTargets([
            Self.target("203.0.113.11", "hub1.example", priority: 0),
            Self.target("203.0.113.12", "hub2.example", priority: 1),
        ])
    }

    func setTargets(_ targets: [TrunkTarget]) {
        self.world.input { $0.engine.setTargets(targets, of: World.service) }
    }

    func state(_ host: String) -> TargetState? {
        self.world.core.engine.peers.first { $0.host == Array(host.utf8) }?.health?.state
    }

    /// A call that is refused, so that it is over soon; what the caller got last.
    func call(for milliseconds: UInt64 = 40_000) -> Int? {
        let before = self.alice.responses.count
        self.alice.dial()
        self.world.run(until: self.world.now + milliseconds)
        return self.alice.responses.dropFirst(before).last?.status
    }
}

@Suite struct PeerWatchTests {
    @Test func optionsGoToEachPeerInOurName() throws {
        let scene = Scene()
        scene.world.run(until: 10_000)
        #expect(scene.first.count("< OPTIONS") == 1 && scene.second.count("< OPTIONS") == 1)
        let message = try #require(scene.second.requests.first)
        #expect(message.requestURI.elementsEqual("sip:hub2.example".utf8))
        let from = try message.from()
        #expect(from.uri.elementsEqual("sip:192.0.2.2:5060".utf8) && from.tag != nil)
        #expect(try message.to().uri.elementsEqual("sip:hub2.example".utf8))
        let contact = try #require(message.first(.contact))
        #expect(contact.elementsEqual("<sip:192.0.2.2:5060>".utf8))
        #expect(message.first(.allow) != nil && message.first(.userAgent) != nil)
        scene.world.run(until: 605_000)
        #expect((10...11).contains(scene.first.count("< OPTIONS")))
        let summary = try #require(scene.world.core.engine.peers.last)
        #expect(summary.health?.roundTripMilliseconds == 10 && summary.trunk == World.service)
        #expect(scene.world.core.engine.takePeerChanges().isEmpty)
        let counters = scene.world.core.engine.counters
        #expect(counters.optionsSent == counters.optionsAnswered && counters.optionsFailed == 0)
    }

    @Test func callsGoToTheFirstAndPastOneThatIsDown() {
        let scene = Scene()
        scene.first.script.answer = .refuse(486, after: 50)
        scene.second.script.answer = .refuse(480, after: 50)
        scene.world.run(until: 20_000)
        #expect(scene.call() == 486)
        // Its name stands where the number goes, whatever its address is.
        let invite = scene.first.requests.last { $0.method == .invite }
        let uri = invite?.requestURI.elementsEqual("sip:+15551234@hub1.example".utf8)
        #expect(uri == true)
        scene.first.isDead = true
        scene.world.run(until: scene.world.now + 180_000)
        #expect(scene.state("hub1.example") == .down && scene.state("hub2.example") == .up)
        #expect(scene.call() == 480)
        scene.first.isDead = false
        scene.world.run(until: scene.world.now + 40_000)
        #expect(scene.state("hub1.example") == .up)
        #expect(scene.call() == 486)
        let changes = scene.world.core.engine.takePeerChanges()
        #expect(changes.map(\.state) == [.demoted, .down, .demoted, .up])
        #expect(changes.allSatisfy { $0.host == Array("hub1.example".utf8) })
        #expect(scene.world.core.engine.takePeerChanges().isEmpty)
    }

    @Test func aTrunkWithoutPeersRefusesAtOnceAndReturns() {
        let scene = Scene()
        scene.first.isDead = true
        scene.second.isDead = true
        scene.second.script.answer = .refuse(480, after: 50)
        scene.world.run(until: 180_000)
        #expect(scene.state("hub1.example") == .down && scene.state("hub2.example") == .down)
        let asked = scene.world.core.engine.counters.optionsSent
        let before = scene.world.now
        var refusedAt: UInt64?
        scene.world.tap = { bytes in
            if bytes.starts(with: Array("SIP/2.0 503".utf8)), refusedAt == nil {
                refusedAt = scene.world.now
            }
        }
        #expect(scene.call() == 503)
        #expect((refusedAt ?? .max) - before <= 5, "at once")
        #expect(scene.world.core.engine.counters.refusedNoPeer == 1)
        scene.world.run(until: scene.world.now + 60_000)
        #expect(scene.world.core.engine.counters.optionsSent > asked + 5, "OPTIONS go on")
        scene.second.isDead = false
        scene.world.run(until: scene.world.now + 30_000)
        #expect(scene.call() == 480)
    }

    @Test func whatCallsFindOut() {
        let scene = Scene(every: 0)
        scene.first.script.progress = []
        scene.first.script.answer = .refuse(503, after: 50)
        scene.second.script.answer = .refuse(480, after: 50)
        #expect(scene.call(for: 3000) == 480, "the first refuses, the second is asked")
        #expect(scene.state("hub1.example") == .demoted)
        #expect(scene.call(for: 3000) == 480, "the other one is better now")
        scene.world.run(until: scene.world.now + 30_000)
        #expect(scene.state("hub1.example") == .up, "it returned by itself")
        scene.first.isDead = true
        #expect(scene.call(for: 10_000) == 480, "the first is silent")
        #expect(scene.state("hub1.example") == .demoted)
        let engine = scene.world.core.engine
        #expect(engine.counters.optionsSent == 0 && engine.counters.peerChanges == 3)
    }

    /// A refusal after ringing says nothing of the peer.
    @Test func failuresAfterProgressAreTheCallees() {
        let scene = Scene(every: 0)
        scene.first.script.answer = .refuse(503, after: 500)
        #expect(scene.call() == 503)
        #expect(scene.state("hub1.example") == .up)
    }

    @Test func operatorsTakePeersOutOfUse() {
        let scene = Scene()
        scene.first.script.answer = .refuse(486, after: 50)
        scene.second.script.answer = .refuse(480, after: 50)
        scene.world.run(until: 10_000)
        let drain = { (name: String, on: Bool) in
            var count = 0
            scene.world.input { core in
                count = core.engine.drainPeer(Array(name.utf8), of: World.service, on)
            }
            return count
        }
        #expect(drain("hub1.example", true) == 1 && drain("nobody.example", true) == 0)
        #expect(scene.state("hub1.example") == .draining)
        #expect(scene.call() == 480)
        // The name leads elsewhere: it is still drained, and so it is after a reload.
        scene.setTargets([
            Scene.target("203.0.113.13", "hub1.example", priority: 0),
            Scene.target("203.0.113.12", "hub2.example", priority: 1),
        ])
        #expect(scene.state("hub1.example") == .draining)
        // Also as it is shown, transport and all.
        #expect(drain("udp:203.0.113.12:5060", true) == 1 && drain("203.0.113.12", false) == 1)
        #expect(drain("tls:203.0.113.12:5060", true) == 0)
        #expect(drain("203.0.113.12", true) == 1)
        #expect(scene.call() == 503)
        #expect(drain("hub2.example", false) == 1 && drain("hub1.example", false) == 1)
        #expect(scene.call() == 480 || scene.state("hub1.example") == .up)
    }

    @Test func targetsThatChange() {
        let scene = Scene()
        scene.first.isDead = true
        scene.world.run(until: 180_000)
        #expect(scene.state("hub1.example") == .down)
        // What is known stays with the place, whatever its priority is.
        scene.setTargets([
            Scene.target("203.0.113.12", "hub2.example", priority: 0),
            Scene.target("203.0.113.11", "hub1.example", priority: 1),
        ])
        #expect(scene.state("hub1.example") == .down)
        let sources = scene.world.core.engine.context.configuration.trunks[1].sources
        #expect(sources.map(\.description) == ["203.0.113.12", "203.0.113.11"])
        // One that is gone gets no OPTIONS any more.
        scene.setTargets([Scene.target("203.0.113.12", "hub2.example", priority: 0)])
        scene.world.run(until: scene.world.now + 40_000)
        let before = scene.first.count("< OPTIONS")
        scene.first.isDead = false
        scene.world.run(until: scene.world.now + 200_000)
        #expect(scene.first.count("< OPTIONS") == before)
        #expect(scene.world.boxTimers.keys.count { "\($0)".contains("peer") } == 1)
        // Nothing at all: no OPTIONS, no calls, no sources.
        let nowhere = TrunkTarget.nowhere(
            host: Array("hub2.example".utf8),
            by: Scene.target("203.0.113.12", "hub2.example", priority: 0).hop)
        scene.setTargets([nowhere])
        #expect(scene.call() == 503)
        #expect(scene.world.core.engine.context.configuration.trunks[1].sources.isEmpty)
        #expect(scene.world.core.engine.peers.map(\.health).last == .some(nil))
        scene.world.run(until: scene.world.now + 100_000)
        #expect(!scene.world.boxTimers.keys.contains { "\($0)".contains("peer") })
    }

    @Test func optionsOfAPeerBringOursForward() {
        let scene = Scene()
        scene.first.isDead = true
        scene.world.run(until: 170_000)
        #expect(scene.state("hub1.example") == .down)
        scene.first.isDead = false
        scene.world.run(until: scene.world.now + 500)
        let before = scene.first.count("< OPTIONS")
        let remote = scene.first.address
        let text = """
            OPTIONS sip:192.0.2.2 SIP/2.0\r
            Via: SIP/2.0/UDP 203.0.113.11;branch=z9hG4bKsign\r
            Max-Forwards: 70\r
            From: <sip:203.0.113.11>;tag=1\r
            To: <sip:192.0.2.2>\r
            Call-ID: sign\r
            CSeq: 1 OPTIONS\r
            Content-Length: 0\r
            \r

            """
        scene.world.send(Array(text.utf8), from: remote, to: World.boxB)
        scene.world.run(until: scene.world.now + 4000)
        #expect(scene.first.count("< OPTIONS") > before)
        #expect(scene.state("hub1.example") != .down)
    }

    @Test func changesThatNobodyTakesAreBounded() {
        var monitor = PeerMonitor()
        let target = Scene.target("203.0.113.11", "hub.example", priority: 0)
        let gone = monitor.follow(
            [target], of: World.service, .init(intervalMilliseconds: 0), now: 0, spreads: [0])
        #expect(gone.isEmpty)
        let number = monitor.peers(of: World.service)[0].number
        for round in 0..<UInt64(2 * PeerMonitor.changesMax) {
            let isChanged = monitor.change(number) { $0.drain(round % 2 == 0, now: round) }
            #expect(isChanged)
        }
        #expect(monitor.takeChanges().count == PeerMonitor.changesMax)
        #expect(monitor.takeChanges().isEmpty)
    }

    @Test func aRestartForgetsAndAsksAgain() {
        let scene = Scene()
        scene.first.isDead = true
        scene.world.run(until: 180_000)
        scene.world.restart()
        #expect(scene.world.core.engine.peers.count == 2)
        scene.setTargets([Scene.target("203.0.113.11", "hub1.example", priority: 0)])
        #expect(scene.state("hub1.example") == .up)
        scene.world.run(until: scene.world.now + 60_000)
        #expect(scene.state("hub1.example") == .down)
    }
}
