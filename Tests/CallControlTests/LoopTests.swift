// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import Routing
import SIPMessage
import SIPTransaction
import Testing

@testable import CallControl
@testable import CallWorld

/// Requests that come back to the box (RFC 5393).
@Suite struct LoopTests {
    /// The service's telephone is a proxy that sends what it gets back to the box, and the box
    /// sends calls of either side to it.
    private final class Mirror {
        let world = World()
        let alice: Phone
        let bob: Phone
        var passed = 0
        /// Copies of what was passed on are not passed on again.
        private var seen: Set<[UInt8]> = []
        private let changesNumber: Bool

        init(changesNumber: Bool = false) {
            self.changesNumber = changesNumber
            self.alice = self.world.phone("alice", side: .a)
            self.bob = self.world.phone("bob", side: .b)
            self.bob.isDead = true
            self.world.configure { configuration in
                configuration.routes =
                    (try? RouteTable([Route(prefix: "".utf8, to: TrunkIndex(1))])) ?? RouteTable()
            }
            self.world.tap = { [unowned self] in self.reflect($0) }
        }

        /// A Via more and Max-Forwards one less, as a proxy does it.
        private func reflect(_ bytes: [UInt8]) {
            guard let message = try? SIPMessage.parse(bytes, framing: .datagram),
                message.method == .invite, let forwards = try? message.maxForwards(),
                forwards > 0, self.passed < 200, self.seen.insert(bytes).inserted
            else { return }
            self.passed += 1
            var uri = Array(message.requestURI)
            if self.changesNumber { uri = Array("sip:+1555\(self.passed)@192.0.2.2".utf8) }
            var builder = SIPMessageBuilder(request: .invite, uri: uri)
            builder.add(.via, "SIP/2.0/UDP 203.0.113.1;branch=z9hG4bKproxy\(self.passed)")
            builder.add(.maxForwards, "\(forwards - 1)")
            builder.copy(from: message, except: [.maxForwards, .contentLength, .contentType])
            let sent = builder.finish(body: message.body, contentType: "application/sdp")
            self.world.send(sent, from: self.bob.address, to: World.boxB)
        }
    }

    @Test func whatComesBackOnTheSameErrandIs482() {
        let mirror = Mirror()
        mirror.alice.dial()
        mirror.world.run()
        // Once by the carrier's trunk, once by the service's: that is another errand.
        #expect(mirror.passed == 2)
        #expect(mirror.world.core.engine.counters.loops == 1)
        #expect(mirror.world.core.engine.counters.callsAdmitted == 2)
        #expect(mirror.world.core.engine.callCount == 0)
    }

    /// A spiral is none; Max-Forwards ends one that does not end by itself.
    @Test func whatAsksForSomebodyElseGoesOn() {
        let mirror = Mirror(changesNumber: true)
        mirror.alice.dial(maxForwards: 12)
        mirror.world.run()
        #expect(mirror.world.core.engine.counters.loops == 0)
        #expect(mirror.world.core.engine.counters.tooManyHops == 1)
        #expect((5...12).contains(mirror.passed), "\(mirror.passed)")
        #expect(mirror.world.core.engine.callCount == 0)
    }

    @Test func aCallerCannotMakeALoopLast() throws {
        let world = World()
        let alice = world.phone("alice", side: .a)
        let bob = world.phone("bob", side: .b)
        alice.script.hangUpAfter = 100
        alice.dial(maxForwards: 255)
        world.run()
        #expect(try bob.requests[0].maxForwards() == 69)
        world.expectClean()
    }

    @Test func marksOfOthersAreNotTaken() throws {
        let own = LoopMark(key: 1)
        let world = World()
        let bob = world.phone("bob", side: .b)
        _ = world.phone("alice", side: .a).dial()
        world.run(until: 1000)
        let invite = try #require(bob.requests.first)
        let trunk = world.configuration.trunks[0]
        let mark = own.mark(invite, from: trunk)
        #expect(mark.count == LoopMark.length)
        #expect(own.mark(invite, from: trunk) == mark)
        #expect(LoopMark(key: 2).mark(invite, from: trunk) != mark)
        #expect(own.mark(invite, from: world.configuration.trunks[1]) != mark)
        #expect(!own.isLoop(invite, mark), "the box has a key of its own")
    }
}
