// SPDX-License-Identifier: Apache-2.0

import Admission
import NetworkAddress
import Routing
import SIPMessage
import SIPTransaction
import Testing

@testable import CallControl
@testable import CallWorld

@Suite struct EmergencyTests {
    private struct Scene {
        let world: World
        let alice: Phone
        let targets: [Phone]
    }

    /// Calls to 911 and to +1 go to two targets of the service.
    private func scene(
        isExempt: Bool = true, change: @escaping (inout CallConfiguration) -> Void = { _ in }
    ) -> Scene {
        let world = World()
        let alice = world.phone("alice", side: .a)
        let targets = (1...2).map {
            world.phone("target\($0)", side: .b, address: "203.0.113.\($0)")
        }
        world.configure { configuration in
            configuration.trunks[0].emergency.isExempt = isExempt
            let hop = configuration.trunks[1].peer
            configuration.trunks[1].targets = targets.enumerated().map { number, phone in
                TrunkTarget(
                    hop: Hop(
                        listener: hop.listener, transport: hop.transport, remote: phone.address),
                    host: Array("\(phone.address.address)".utf8), priority: UInt16(number))
            }
            configuration.routes =
                (try? RouteTable([
                    Route(prefix: "+1".utf8, to: TrunkIndex(1)),
                    Route(prefix: "911".utf8, to: TrunkIndex(1)),
                    Route(prefix: "933".utf8, to: TrunkIndex(1)),
                ])) ?? RouteTable()
            change(&configuration)
        }
        alice.script.hangUpAfter = 60_000
        return Scene(world: world, alice: alice, targets: targets)
    }

    @Test(arguments: [403, 404, 486, 488, 500, 600, 603])
    func anyFailureLeadsOn(status: Int) {
        for number in ["911", "933"] {
            let scene = self.scene(isExempt: false)
            scene.targets[0].script.answer = .refuse(status, after: 500)
            scene.alice.dial(number)
            scene.world.run()
            #expect(scene.alice.count("< 200 INVITE") == 1, "after ringing as well")
            #expect(scene.targets[1].count("< INVITE") == 1)
            #expect(scene.world.core.engine.counters.emergencyCalls == 1)
            scene.world.expectClean()
        }
    }

    @Test func aTargetThatAskedToWaitIsAskedLast() {
        let scene = self.scene()
        for target in scene.targets {
            target.script.progress = []
            target.script.answer = .refuse(503, after: 10)
            target.script.retryAfter = 600
        }
        scene.alice.dial("911")
        scene.world.run(until: 2000)
        scene.targets[1].script.answer = .accept(after: 10)
        scene.alice.dial("911")
        scene.world.run()
        #expect(scene.alice.count("< 200 INVITE") == 1)
        scene.world.expectClean()
    }

    @Test func onlyNumbersOfTheTrunkAreEmergencies() {
        let scene = self.scene { $0.trunks[0].emergency.numbers = [CalledNumber(user: "112".utf8)] }
        scene.targets[0].script.answer = .refuse(486, after: 10)
        scene.alice.dial("911")
        scene.world.run()
        #expect(scene.alice.count("< 486 INVITE") == 1)
        #expect(scene.world.core.engine.counters.emergencyCalls == 0)
        scene.world.expectClean()
    }

    @Test func exemptFromLimitsOnlyWhereTheTrunkIsTrusted() {
        for isExempt in [true, false] {
            let scene = self.scene(isExempt: isExempt) {
                $0.callsMax = 1
                $0.trunks[1].callsMax = 1
            }
            scene.alice.dial()
            scene.world.run(until: 2000)
            scene.alice.dial("911")
            scene.world.run()
            #expect(scene.alice.count("< 200 INVITE") == (isExempt ? 2 : 1))
            #expect(scene.alice.count("< 503 INVITE") == (isExempt ? 0 : 1))
            scene.world.expectClean()
        }
    }

    @Test func theExemptionHasACap() {
        let scene = self.scene {
            $0.callsMax = 1
            $0.overload.emergencyCallsMax = 2
        }
        scene.alice.dial()
        scene.world.run(until: 2000)
        for _ in 0..<3 { scene.alice.dial("911") }
        scene.world.run(until: 5000)
        #expect(scene.alice.count("< 200 INVITE") == 3 && scene.alice.count("< 503 INVITE") == 1)
        #expect(scene.world.core.engine.admission.emergencyCalls == 2)
        scene.world.run()
        #expect(scene.world.core.engine.admission.emergencyCalls == 0)
        scene.world.expectClean()
    }

    @Test func aFullNodeMakesRoom() throws {
        let scene = self.scene {
            $0.callsMax = 2
            $0.overload.emergencyPreempts = true
        }
        scene.alice.dial()
        scene.world.run(until: 2000)
        scene.alice.dial()
        scene.world.run(until: 4000)
        scene.alice.dial("911")
        scene.world.run(until: 6000)
        #expect(scene.world.records.map(\.end) == [.preempted])
        #expect(scene.world.core.engine.callCount == 2)
        let bye = try #require(scene.alice.requests.first { $0.method == .bye })
        #expect(bye.first(.reason)?.starts(with: "preemption;cause=5".utf8) == true)
        // Emergency calls are never what makes room.
        scene.alice.dial("911")
        scene.world.run(until: 8000)
        scene.alice.dial("911")
        scene.world.run(until: 10_000)
        #expect(scene.world.records.map(\.end) == [.preempted, .preempted])
        #expect(scene.world.core.engine.emergencyCallCount == 3)
        #expect(scene.world.core.engine.counters.callsPreempted == 2)
        scene.world.run()
        scene.world.expectClean()
    }

    @Test func aCallThatIsNotAnsweredGoesFirst() {
        let scene = self.scene {
            $0.callsMax = 2
            $0.overload.emergencyPreempts = true
        }
        scene.alice.dial()
        scene.world.run(until: 2000)
        scene.targets[0].script.answer = .never
        scene.alice.dial()
        scene.world.run(until: 3000)
        scene.targets[0].script.answer = .accept(after: 10)
        scene.alice.dial("911")
        scene.world.run(until: 5000)
        #expect(scene.alice.count("< 503 INVITE") == 1 && scene.targets[0].count("< CANCEL") == 1)
        scene.world.run()
        scene.world.expectClean()
    }

    @Test func afterARestartItIsStillOne() {
        let scene = self.scene()
        scene.alice.dial("911")
        scene.world.run(until: 2000)
        scene.world.restart()
        #expect(scene.world.core.engine.emergencyCallCount == 1)
        #expect(scene.world.core.engine.admission.emergencyCalls == 1)
        scene.world.run()
        scene.world.expectClean()
    }
}
