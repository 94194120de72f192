// SPDX-License-Identifier: Apache-2.0

import Admission
import NetworkAddress
import Routing
import SIPAuthentication
import SIPMessage
import SIPTransaction
import Testing

@testable import CallControl
@testable import CallWorld

private let settings = RegistrationSettings(
    user: Array("+15550100".utf8), domain: Array("carrier.example".utf8), expires: 600,
    retrySeconds: 10)

@Suite struct RegistrationMachineTests {
    private func started(targets: Int = 1) -> Registration {
        var machine = Registration(settings, targets: targets)
        #expect(machine.start() == [.send(expires: 600, target: 0)])
        return machine
    }

    @Test func refreshesBeforeItsTime() {
        for random: UInt64 in [0, 15, .max] {
            var machine = self.started()
            let actions = machine.finished(.accepted(expires: 100), random: random)
            guard case .startTimer(let milliseconds)? = actions.first else {
                Issue.record("no timer")
                continue
            }
            #expect((75_000...90_000).contains(milliseconds) && machine.isRegistered)
            #expect(machine.timerFired() == [.send(expires: 600, target: 0)])
            #expect(machine.isRegistered)
        }
    }

    @Test func waitsLongerAfterEachFailure() {
        var machine = self.started()
        var waits: [UInt64] = []
        for _ in 0..<12 {
            let actions = machine.finished(
                .refused(status: 403, retryAfter: nil), random: UInt64(Int64.max))
            if case .startTimer(let milliseconds)? = actions.first { waits.append(milliseconds) }
            _ = machine.timerFired()
        }
        #expect(waits.count == 12 && machine.lastStatus == 403 && machine.failures == 12)
        for (index, wait) in waits.enumerated() {
            let longest = min(UInt64(10_000) << UInt64(index), 1_800_000)
            #expect((longest / 2...longest).contains(wait))
        }
        let asked = machine.finished(.refused(status: 503, retryAfter: 5_000), random: 0)
        #expect(asked == [.startTimer(milliseconds: 5_000_000)])
    }

    @Test func triesTheNextTargetAtOnce() {
        var machine = self.started(targets: 3)
        #expect(machine.finished(.unreachable, random: 0) == [.send(expires: 600, target: 1)])
        #expect(
            machine.finished(.refused(status: 503, retryAfter: nil), random: 0)
                == [.send(expires: 600, target: 2)])
        #expect(machine.finished(.unreachable, random: 0) == [.startTimer(milliseconds: 5_000)])
        #expect(machine.state == .waiting)
        #expect(machine.timerFired() == [.send(expires: 600, target: 0)])
    }

    @Test func asksForLongerWhenItIsTooBrief() {
        var machine = self.started()
        #expect(
            machine.finished(.tooBrief(least: 900), random: 0) == [.send(expires: 900, target: 0)])
        _ = machine.finished(.accepted(expires: 900), random: 0)
        #expect(machine.timerFired() == [.send(expires: 900, target: 0)])
        // Not longer than before, or absurd: no loop.
        for least: UInt32 in [900, 0, 86_401] {
            var copy = machine
            let actions = copy.finished(.tooBrief(least: least), random: 0)
            #expect(actions == [.startTimer(milliseconds: 5_000)])
        }
        for least: UInt32 in [1_000, 1_001, 1_002] {
            _ = machine.finished(.tooBrief(least: least), random: 0)
        }
        #expect(
            machine.finished(.tooBrief(least: 2_000), random: 0)
                == [.startTimer(milliseconds: 5_000)])
    }

    @Test func stops() {
        var waiting = self.started()
        _ = waiting.finished(.unreachable, random: 0)
        #expect(waiting.stop() == [.stopTimer] && waiting.state == .gone)
        var registered = self.started()
        _ = registered.finished(.accepted(expires: 60), random: 0)
        #expect(registered.stop() == [.stopTimer, .send(expires: 0, target: 0)])
        #expect(registered.finished(.accepted(expires: 0), random: 0) == [.stopTimer])
        #expect(registered.state == .gone)
        // What was under way is taken back.
        var trying = self.started()
        #expect(trying.stop() == [.stopTimer])
        #expect(
            trying.finished(.accepted(expires: 60), random: 0) == [.send(expires: 0, target: 0)])
        #expect(trying.finished(.unreachable, random: 0) == [.stopTimer])
        #expect(trying.stop().isEmpty && trying.timerFired().isEmpty)
    }

    @Test func comesBackAfterItsConnectionWasLost() {
        var machine = self.started()
        #expect(machine.transportLost(random: 0).isEmpty)
        _ = machine.finished(.accepted(expires: 600), random: 0)
        #expect(machine.transportLost(random: 1_999) == [.startTimer(milliseconds: 2_499)])
        #expect(machine.timerFired() == [.send(expires: 600, target: 0)])
        #expect(machine.transportLost(random: 0).isEmpty)
    }
}

@Suite struct RegistrationTests {
    private func world(_ gate: PhoneGate) -> (World, Phone) {
        let world = World()
        let carrier = world.phone("carrier", side: .b)
        carrier.gate = gate
        world.configure {
            $0.trunks[1].authentication.credentials = DigestCredentials(
                username: Array("edge1".utf8), password: Array("secret".utf8))
            $0.trunks[1].registration = settings
        }
        return (world, carrier)
    }

    private func state(_ world: World) -> String? { world.core.registrationSummaries.first?.state }

    @Test func registersRefreshesAndLeaves() throws {
        let gate = PhoneGate()
        gate.grants = 100
        let (world, carrier) = self.world(gate)
        world.input { $0.configureRegistrations() }
        #expect(self.state(world) == "trying")
        world.run(until: 1_000)
        #expect(self.state(world) == "registered")
        #expect(gate.passed == ["REGISTER"] && gate.registers == [600])
        #expect(world.core.registrationSummaries.first?.granted == 100)
        let register = try #require(carrier.requests.last)
        #expect(register.requestURI.elementsEqual("sip:carrier.example".utf8))
        #expect(try register.from().uri.elementsEqual("sip:+15550100@carrier.example".utf8))
        #expect(
            register.first(.contact).map { String(decoding: $0, as: UTF8.self) }
                == "<sip:+15550100@192.0.2.2:5060>;expires=600")
        world.run(until: 95_000)
        #expect(gate.registers == [600, 600])
        let numbers = try carrier.requests.map { try $0.cseq().number }
        #expect(numbers == Array(1...UInt32(numbers.count)))
        let callIDs = try Set(carrier.requests.map { Array(try $0.callID()) })
        #expect(callIDs.count == 1)
        world.input { $0.unregister() }
        world.run(until: 97_000)
        #expect(gate.registers.last == 0)
        #expect(world.core.hasLeft && world.core.registrationSummaries.isEmpty)
    }

    @Test func minimumAndRefusal() {
        let gate = PhoneGate()
        gate.least = 1_200
        let (world, _) = self.world(gate)
        world.input { $0.configureRegistrations() }
        world.run(until: 1_000)
        #expect(gate.registers == [600, 1_200] && self.state(world) == "registered")
    }

    /// While it is missing the trunk gets no calls; then it does.
    @Test func aTrunkThatIsNotRegisteredIsDown() {
        let gate = PhoneGate()
        gate.refuses = 403
        let (world, carrier) = self.world(gate)
        let alice = world.phone("alice", side: .a)
        alice.script.hangUpAfter = 500
        world.input { $0.configureRegistrations() }
        world.run(until: 1_000)
        #expect(self.state(world) == "waiting")
        alice.dial()
        world.run(until: 2_000)
        #expect(alice.log.contains("< 503 INVITE"))
        #expect(!carrier.log.contains("< INVITE"))
        #expect(world.core.engine.counters.notRegistered == 1)
        gate.refuses = nil
        world.run(until: 12_000)
        #expect(self.state(world) == "registered")
        alice.dial()
        world.run(until: 15_000)
        #expect(alice.log.contains("< 200 INVITE"))
    }

    @Test func silenceIsTriedAgain() {
        let gate = PhoneGate()
        let (world, carrier) = self.world(gate)
        carrier.isDead = true
        world.input { $0.configureRegistrations() }
        world.run(until: 33_000)
        #expect(self.state(world) == "waiting")
        #expect(world.core.registrationSummaries.first?.lastStatus == 0)
        carrier.isDead = false
        world.run(until: 50_000)
        #expect(self.state(world) == "registered")
    }

    @Test func aLostConnectionRegistersAgain() {
        let gate = PhoneGate()
        let (world, carrier) = self.world(gate)
        world.input { $0.configureRegistrations() }
        world.run(until: 1_000)
        let hop = Hop(
            listener: ListenerIndex(rawValue: 1), transport: .udp, remote: carrier.address)
        world.input { $0.lost(hop) }
        world.run(until: 5_000)
        #expect(gate.registers == [600, 600] && self.state(world) == "registered")
    }

    @Test func takenOutOfTheConfigurationItLeaves() {
        let gate = PhoneGate()
        let (world, _) = self.world(gate)
        world.input { $0.configureRegistrations() }
        world.run(until: 1_000)
        world.configure { $0.trunks[1].registration = nil }
        world.input { $0.configureRegistrations() }
        world.run(until: 2_000)
        #expect(gate.registers == [600, 0] && world.core.hasLeft)
    }

    /// Two trunks to one carrier: a call belongs to the one whose Contact it names.
    @Test func callsToTheContactAreTheTrunks() throws {
        let world = World()
        world.configure {
            var second = $0.trunks[1]
            second.name = TrunkName("second")
            second.registration = RegistrationSettings(
                user: Array("+15550200".utf8), domain: Array("carrier.example".utf8))
            $0.trunks[1].registration = settings
            $0.trunks.append(second)
        }
        func trunk(_ user: String) throws -> String? {
            var builder = SIPMessageBuilder(request: .invite, uri: "sip:\(user)@192.0.2.2".utf8)
            builder.add(.subject, "x")
            let request = ReceivedRequest(
                server: nil, message: try SIPMessage.parse(builder.finish(), framing: .stream),
                source: Hop(
                    listener: ListenerIndex(rawValue: 1), transport: .udp,
                    remote: .init(address: World.ip("203.0.113.1"), port: 5060)))
            return world.core.engine.trunk(of: request).map {
                world.configuration.trunks[Int($0.value)].name.text
            }
        }
        #expect(try trunk("+15550100") == "service")
        #expect(try trunk("+15550200") == "second")
        #expect(try trunk("+15550300") == "service")
    }
}
