// SPDX-License-Identifier: Apache-2.0

import Admission
import NetworkAddress
import Routing
import SDP
import SIPMessage
import SIPTransaction
import Testing

@testable import CallControl
@testable import CallWorld

/// New calls to trunks with several targets.
@Suite struct FailoverTests {
    /// The service's trunk has a telephone at each of its targets.
    private struct Scene {
        let world: World
        let alice: Phone
        let targets: [Phone]
    }

    private func scene(
        _ count: Int = 3, seed: UInt64 = 1, transport: TransportProtocol = .udp,
        change: @escaping (inout TrunkSettings) -> Void = { _ in }
    ) -> Scene {
        let world = World(seed: seed, transport: transport)
        let alice = world.phone("alice", side: .a)
        let targets = (1...count).map {
            world.phone("target\($0)", side: .b, address: "203.0.113.\($0)")
        }
        world.configure { configuration in
            let hop = configuration.trunks[1].peer
            configuration.trunks[1].targets = targets.enumerated().map { number, phone in
                TrunkTarget(
                    hop: Hop(
                        listener: hop.listener, transport: hop.transport, remote: phone.address),
                    host: Array("\(phone.address.address)".utf8), priority: UInt16(number))
            }
            change(&configuration.trunks[1])
        }
        alice.script.hangUpAfter = 1000
        return Scene(world: world, alice: alice, targets: targets)
    }

    private func invites(_ phone: Phone) -> Int { phone.count("< INVITE") }

    /// When a telephone got its first INVITE, and when the caller got a final response, matter.
    private func time(_ scene: Scene, until condition: () -> Bool) -> UInt64 {
        let start = scene.world.now
        while !condition(), scene.world.now < start + 60_000 {
            scene.world.run(until: scene.world.now + 10)
        }
        return scene.world.now - start
    }

    @Test func twoSilentTargetsAndAThirdThatAnswers() throws {
        let scene = self.scene()
        let (world, alice, third) = (scene.world, scene.alice, scene.targets[2])
        scene.targets[0].isDead = true
        scene.targets[1].isDead = true
        alice.dial()
        let found = self.time(scene) { !third.requests.isEmpty }
        #expect((4000...4100).contains(found), "two times two seconds: \(found)")
        let changes = world.core.engine.takePeerChanges()
        #expect(changes.map(\.hop.remote) == scene.targets[0...1].map(\.address))
        #expect(
            changes.allSatisfy { $0.state == .demoted && $0.failure == .unanswered }, "\(changes)")
        world.run()
        #expect(alice.count("< 200 INVITE") == 1 && third.count("< BYE") == 1)
        #expect(world.records.first?.end == .callerBye)
        #expect(third.requests[0].requestURI.elementsEqual("sip:+15551234@203.0.113.3".utf8))
        #expect(world.core.engine.counters.targetsTried == 2)
        world.expectClean()
    }

    @Test func allSilentGives503AfterEightSeconds() {
        let scene = self.scene()
        for target in scene.targets { target.isDead = true }
        scene.alice.dial()
        let given = self.time(scene) { scene.alice.count("< 503 INVITE") == 1 }
        #expect((8000...8100).contains(given), "\(given)")
        scene.world.run()
        #expect(scene.alice.responses.last?.first(.retryAfter) == nil)
        #expect(scene.world.records.map(\.status) == [503])
        #expect(scene.world.core.engine.counters.searchesFailed == 1)
        scene.world.expectClean()
    }

    @Test func oneThatOnlyTriesIsGivenUpAtTheDeadline() {
        let scene = self.scene(2)
        scene.targets[0].script.progress = []
        scene.targets[0].script.answer = .never
        scene.alice.dial()
        let given = self.time(scene) { scene.alice.count("< 503 INVITE") == 1 }
        #expect((8000...8100).contains(given), "\(given)")
        scene.world.run()
        #expect(scene.targets[0].count("< CANCEL") == 1)
        #expect(scene.targets[1].log.isEmpty)
        scene.world.expectClean()
    }

    @Test func withoutADeadlineItMayTakeAsLongAsItRings() {
        let scene = self.scene(1) { $0.search.deadlineMilliseconds = 0 }
        scene.targets[0].script.progress = []
        scene.targets[0].script.answer = .accept(after: 30_000)
        scene.alice.dial()
        scene.world.run()
        #expect(scene.alice.count("< 200 INVITE") == 1)
        scene.world.expectClean()
    }

    @Test(arguments: [408, 503, 504])
    func refusalsOfTheTargetLeadOn(status: Int) throws {
        let scene = self.scene(2)
        scene.targets[0].script.progress = []
        scene.targets[0].script.answer = .refuse(status, after: 20)
        scene.alice.dial()
        scene.world.run()
        #expect(scene.alice.count("< 200 INVITE") == 1)
        let (first, second) = (scene.targets[0].requests[0], scene.targets[1].requests[0])
        #expect(try !first.callID().elementsEqual(second.callID()))
        #expect(try first.from().tag != second.from().tag)
        #expect(try first.topVia().branch != second.topVia().branch)
        #expect(try first.maxForwards() == second.maxForwards())
        #expect(first.body != second.body, "another session, other secrets")
        scene.world.expectClean()
    }

    @Test(arguments: [(486, 486), (404, 404), (600, 600), (603, 603), (500, 500), (302, 480)])
    func refusalsOfThePersonDoNot(status: Int, caller: Int) {
        let scene = self.scene(2)
        scene.targets[0].script.answer = .refuse(status, after: 20)
        scene.alice.dial()
        scene.world.run()
        #expect(scene.alice.count("< \(caller) INVITE") == 1)
        #expect(scene.targets[1].log.isEmpty)
        scene.world.expectClean()
    }

    @Test func afterRingingNobodyElseIsAsked() {
        let scene = self.scene(2)
        scene.targets[0].script.answer = .refuse(503, after: 500)
        scene.alice.dial()
        scene.world.run()
        #expect(scene.alice.count("< 180 INVITE") == 1 && scene.alice.count("< 503 INVITE") == 1)
        #expect(scene.targets[1].log.isEmpty)
        scene.world.expectClean()
    }

    @Test func theLastRefusalIsTheCallers() {
        let scene = self.scene(2)
        for (target, status) in zip(scene.targets, [503, 486]) {
            target.script.progress = []
            target.script.answer = .refuse(status, after: 20)
        }
        scene.alice.dial()
        scene.world.run()
        #expect(scene.alice.count("< 486 INVITE") == 1)
        scene.world.expectClean()
    }

    /// Not before its first response (RFC 3261 section 9.1), but then at once.
    @Test func aTargetThatWakesUpIsCancelled() {
        let scene = self.scene(2)
        let (world, first) = (scene.world, scene.targets[0])
        first.isDead = true
        world.after(3000) { first.isDead = false }
        first.script.answer = .never
        scene.alice.script.hangUpAfter = 10_000
        scene.alice.dial()
        world.run()
        #expect(first.count("< CANCEL") == 1 && first.count("> 487 INVITE") == 1)
        #expect(scene.alice.count("< 200 INVITE") == 1)
        #expect(world.records.first?.end == .callerBye)
        world.expectClean()
    }

    /// It answers the INVITE in spite of the CANCEL: ACK and BYE, and the call goes on.
    @Test func aLateAnswerIsEnded() {
        let scene = self.scene(2)
        let (world, first) = (scene.world, scene.targets[0])
        first.isDead = true
        world.after(3000) { first.isDead = false }
        first.script.answer = .never
        first.script.answersWhenCancelled = true
        first.script.lateBranches = ["fork"]
        scene.alice.script.hangUpAfter = 10_000
        scene.alice.dial()
        world.run()
        #expect(first.count("< BYE") == 2, "the answer and that of another branch")
        #expect(first.count("! no ACK") == 0)
        #expect(world.core.engine.counters.lateAnswers == 2)
        #expect(scene.alice.count("< 200 INVITE") == 1 && scene.alice.count("< BYE") == 0)
        world.expectClean()
    }

    /// The call is over by then; the same holds.
    @Test func aLateAnswerAfterTheCallIsEnded() {
        let scene = self.scene(2)
        let (world, first) = (scene.world, scene.targets[0])
        first.isDead = true
        world.after(6000) { first.isDead = false }
        first.script.answer = .never
        first.script.answersWhenCancelled = true
        scene.alice.dial()
        world.run(until: 5000)
        #expect(world.records.count == 1)
        world.run()
        #expect(first.count("< BYE") == 1)
        world.expectClean()
    }

    @Test func retryAfterIsHonoured() {
        let scene = self.scene(2)
        let (world, first) = (scene.world, scene.targets[0])
        first.script.progress = []
        first.script.answer = .refuse(503, after: 20)
        first.script.retryAfter = 30
        scene.alice.dial()
        world.run(until: 10_000)
        #expect(self.invites(first) == 1)
        scene.alice.dial()
        world.run(until: 20_000)
        #expect(self.invites(first) == 1, "not asked again before its time")
        #expect(self.invites(scene.targets[1]) == 2)
        world.run(until: 40_000)
        scene.alice.dial()
        world.run()
        #expect(self.invites(first) == 2)
        world.expectClean()
    }

    @Test func whereAllWaitTheCallIsGivenBackAtOnce() {
        let scene = self.scene(1)
        scene.targets[0].script.progress = []
        scene.targets[0].script.answer = .refuse(503, after: 20)
        scene.targets[0].script.retryAfter = 60
        scene.alice.dial()
        scene.world.run(until: 1000)
        scene.alice.dial()
        scene.world.run()
        #expect(scene.alice.count("< 503 INVITE") == 2)
        #expect(self.invites(scene.targets[0]) == 1)
        #expect(scene.world.core.engine.counters.noTargets == 1)
        scene.world.expectClean()
    }

    @Test func drainingTargetsGetNoNewCalls() {
        let scene = self.scene(2)
        let host = scene.world.configuration.trunks[1].targets[0].host
        scene.world.input { _ = $0.engine.drainPeer(host, of: World.service, true) }
        scene.alice.dial()
        scene.world.run()
        #expect(scene.targets[0].log.isEmpty)
        #expect(scene.alice.count("< 200 INVITE") == 1)
        scene.world.expectClean()
    }

    @Test func setTargetsIsForTheNextCall() {
        let scene = self.scene(2)
        let world = scene.world
        var targets = world.configuration.trunks[1].targets
        targets.removeFirst()
        world.input { $0.engine.setTargets(targets, of: World.service) }
        scene.alice.dial()
        world.run()
        #expect(scene.targets[0].log.isEmpty && self.invites(scene.targets[1]) == 1)
        world.expectClean()
    }

    @Test func theCallerGivesUpDuringTheSearch() {
        let scene = self.scene(3)
        for target in scene.targets { target.isDead = true }
        scene.alice.script.cancelAfter = 3000
        scene.alice.dial()
        scene.world.run()
        #expect(scene.alice.count("< 487 INVITE") == 1)
        #expect(scene.world.records.map(\.end) == [.cancelled])
        scene.world.expectClean()
    }

    @Test(arguments: [0, 1, 2, 3, 4, 5, 6, 7, 8])
    func aRestartDuringTheSearchLeavesNothing(input: Int) {
        let scene = self.scene(3)
        scene.targets[0].isDead = true
        scene.world.crash = .after(input: input + 1)
        scene.alice.dial()
        scene.world.run()
        scene.world.expectClean("crash after input \(input + 1)")
    }

    @Test func requestsInTheCallGoToTheTargetThatTookIt() {
        let scene = self.scene(2)
        let second = scene.targets[1]
        scene.targets[0].isDead = true
        scene.alice.script.hangUpAfter = 20_000
        let call = scene.alice.dial()
        scene.world.run(until: 6000)
        scene.alice.reinvite(call, direction: "sendonly")
        scene.world.run(until: 8000)
        // After a restart as well.
        scene.world.restart()
        scene.alice.reinvite(call, direction: "sendrecv")
        scene.world.run()
        #expect(self.invites(second) == 3 && second.count("< BYE") == 1)
        #expect(self.invites(scene.targets[0]) == 0)
        scene.world.expectClean()
    }

    @Test func callsInAStormOfFailuresLeaveNothing() {
        var tried: UInt64 = 0
        for seed in UInt64(1)...6 {
            let scene = self.scene(4, seed: seed)
            let world = scene.world
            world.network = Network(lost: 50, repeated: 50, delay: 1...80)
            for second in 0..<40 {
                world.after(UInt64(second) * 1000) {
                    for target in scene.targets {
                        switch world.random.below(5) {
                        case 0: target.script.answer = .refuse(503, after: world.random.below(300))
                        case 1: target.script.answer = .refuse(486, after: world.random.below(300))
                        case 2: target.script.answer = .never
                        default: target.script.answer = .accept(after: world.random.below(3000))
                        }
                        let rings = world.random.below(2) == 0
                        target.script.progress =
                            rings ? [PhoneScript.Progress(after: 100, status: 180)] : []
                        target.script.answersWhenCancelled = world.random.below(3) == 0
                        target.isDead = world.random.below(4) == 0
                    }
                }
            }
            world.after(40_000) { for target in scene.targets { target.isDead = false } }
            for _ in 0..<60 {
                world.after(world.random.below(40_000)) {
                    let call = scene.alice.dial()
                    world.after(30_000) { scene.alice.cancel(call) }
                    world.after(80_000) { scene.alice.hangUp(call) }
                }
            }
            world.run()
            tried += world.core.engine.counters.targetsTried
            #expect(world.core.isEmpty && world.media.isEmpty, "seed \(seed)")
            #expect(world.ports.reserved.isEmpty && world.checkpoints.isEmpty, "seed \(seed)")
            #expect(world.core.engine.admission.calls == 0, "seed \(seed)")
            #expect(world.boxTimers.isEmpty, "seed \(seed)")
        }
        #expect(tried > 20)
    }

    // MARK: Routes to several trunks

    /// The first trunk of the route is the service's, the second one is at the caller's side: media
    /// of both legs moves to other ports.
    private func alternatives(
        change: @escaping (inout CallConfiguration) -> Void = { _ in }
    ) -> (Scene, Phone) {
        let scene = self.scene(1)
        let other = scene.world.phone("other", side: .a, address: "198.51.100.9")
        scene.world.configure { configuration in
            var trunk = configuration.trunks[0]
            trunk.name = TrunkName("other")
            trunk.peerHost = Array("198.51.100.9".utf8)
            trunk.peer.remote = other.address
            trunk.sources = [AddressPrefix(other.address.address)]
            trunk.targets = [TrunkTarget(hop: trunk.peer, host: trunk.peerHost)]
            configuration.trunks.append(trunk)
            let route = Route(prefix: "+1".utf8, to: TrunkIndex(1), others: [TrunkIndex(2)])
            configuration.routes = (try? RouteTable([route])) ?? RouteTable()
            change(&configuration)
        }
        return (scene, other)
    }

    @Test func theNextTrunkOfTheRouteIsTried() throws {
        let (scene, other) = self.alternatives()
        let world = scene.world
        scene.targets[0].isDead = true
        scene.alice.dial()
        world.run(until: 2700)
        let media = try #require(world.media.values.first)
        #expect(media.a.local.rtp.address == World.boxA.address)
        #expect(media.b.local.rtp.address == World.boxA.address, "in the other trunk's realm")
        #expect(media.b.remote?.address == other.address.address)
        #expect(world.ports.reserved.count == 2)
        #expect(world.core.engine.admission.calls(of: World.service) == 0)
        #expect(world.core.engine.admission.calls(of: TrunkName("other")) == 1)
        world.run()
        #expect(world.records.first?.to == TrunkName("other"))
        #expect(other.requests[0].requestURI.elementsEqual("sip:+15551234@198.51.100.9".utf8))
        world.expectClean()
    }

    @Test func aFullTrunkIsPassedOver() {
        let (scene, other) = self.alternatives { $0.trunks[1].callsMax = 0 }
        scene.alice.dial()
        scene.world.run()
        #expect(scene.targets[0].log.isEmpty && other.count("< INVITE") == 1)
        scene.world.expectClean()
    }

    @Test func whereTheNextTrunkIsFullTheCallEnds() {
        let (scene, other) = self.alternatives { $0.trunks[2].callsMax = 0 }
        scene.targets[0].isDead = true
        scene.alice.dial()
        scene.world.run()
        #expect(other.log.isEmpty && scene.alice.count("< 503 INVITE") == 1)
        scene.world.expectClean()
    }

    @Test func withoutACommonCodecTheNextTrunkIsTried() {
        let (scene, other) = self.alternatives {
            $0.trunks[1].codecs = CodecFilter(names: ["G729"]) ?? .all
        }
        scene.alice.dial()
        scene.world.run()
        #expect(scene.targets[0].log.isEmpty && other.count("< INVITE") == 1)
        scene.world.expectClean()
    }

    @Test func portsOfTheOtherRealmMayBeUsedUp() {
        let (scene, other) = self.alternatives()
        let world = World(seed: 9, portLimit: 3)
        _ = other
        let alice = world.phone("alice", side: .a)
        let far = world.phone("far", side: .a, address: "198.51.100.9")
        world.configure { $0 = scene.world.configuration }
        alice.dial()
        world.run()
        #expect(far.log.isEmpty && alice.count("< 503 INVITE") == 1)
        world.expectClean()
    }
}
