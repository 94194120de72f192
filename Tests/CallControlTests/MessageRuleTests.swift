// SPDX-License-Identifier: Apache-2.0

import Admission
import Manipulation
import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

@Suite struct MessageRuleTests {
    private func rule(
        _ name: String, _ part: String, _ value: String, methods: [Method] = [],
        onFault: FaultPolicy = .pass
    ) throws -> RuleSet {
        RuleSet(rules: [
            Rule(
                name: name, filter: MessageFilter(methods: methods),
                actions: [
                    .set(try Subject(Array(part.utf8)), try Template(Array(value.utf8)))
                ], onFault: onFault)
        ])
    }

    private func lines(_ message: SIPMessage?, _ name: StaticString) -> [String] {
        message?.lines(HeaderName(name)).map { String(decoding: $0, as: UTF8.self) } ?? []
    }

    /// Rules of both trunks and directions; what is cancelled or acknowledged fits what was sent.
    @Test func bothDirections() throws {
        let world = World()
        let alice = world.phone("alice", side: .a)
        let bob = world.phone("bob", side: .b)
        alice.script.hangUpAfter = 2000
        world.core.rules.configure([
            (
                World.carrier,
                TrunkRules(
                    incoming: try self.rule(
                        "in", "request-uri.user", "+15559999", methods: [.invite]),
                    outgoing: try self.rule("out", "header(X-To-Carrier)", "1"))
            ),
            (World.service, TrunkRules(outgoing: try self.rule("b", "header(X-To-Service)", "2"))),
        ])
        alice.dial()
        world.run()
        let invite = try #require(bob.requests.first)
        #expect(String(decoding: invite.requestURI, as: UTF8.self).hasPrefix("sip:+15559999@"))
        #expect(self.lines(invite, "X-To-Service") == ["2"])
        #expect(bob.requests.allSatisfy { self.lines($0, "X-To-Service") == ["2"] })
        #expect(world.records.first?.called == Array("+15559999".utf8))
        #expect(alice.requests.isEmpty)
        let applied = world.core.rules.counts.map(\.applied)
        #expect(world.core.rules.counts.map(\.rule) == ["in", "out", "b"])
        // 180, 200 and the 200 of BYE; INVITE, ACK and BYE.
        #expect(applied == [1, 3, 3])
        world.expectClean()
    }

    @Test func aFaultLeavesTheMessageAsItWas() throws {
        let world = World()
        let alice = world.phone("alice", side: .a)
        let bob = world.phone("bob", side: .b)
        alice.script.hangUpAfter = 2000
        world.core.rules.configure([
            (World.service, TrunkRules(outgoing: try self.rule("bad", "header(To).host", "a..b")))
        ])
        alice.dial()
        world.run()
        #expect(bob.log.contains("< BYE"))
        #expect(world.core.rules.counts[0].faults == 3)
        #expect(world.core.rules.lastFault?.hasPrefix("trunk service, rule bad: ") == true)
        // Other rules elsewhere mend nothing; without these the fault is over.
        let bad = TrunkRules(outgoing: try self.rule("bad", "header(To).host", "a..b"))
        world.core.rules.configure([(World.service, bad), (World.carrier, bad)])
        #expect(world.core.rules.lastFault != nil)
        world.core.rules.configure([(World.carrier, bad)])
        #expect(world.core.rules.lastFault == nil)
        world.expectClean()
    }

    @Test func orItsRequestIsRefused() throws {
        for incoming in [true, false] {
            let world = World()
            let alice = world.phone("alice", side: .a)
            let bob = world.phone("bob", side: .b)
            let set = try self.rule("bad", "header(To).host", "a..b", onFault: .refuse)
            world.core.rules.configure([
                incoming
                    ? (World.carrier, TrunkRules(incoming: set))
                    : (World.service, TrunkRules(outgoing: set))
            ])
            alice.dial()
            world.run()
            #expect(bob.log.isEmpty)
            #expect(alice.log.contains(incoming ? "< 500 INVITE" : "< 503 INVITE"))
            #expect(world.core.rules.counts[0].refused > 0)
            world.expectClean()
        }
    }

    @Test func countersOfAnUnchangedSetGoOn() throws {
        var rules = MessageRules()
        let set = TrunkRules(outgoing: try self.rule("a", "header(X-A)", "1"))
        rules.configure([(World.carrier, set)])
        let message = try SIPMessage.parse(
            SIPMessageBuilder(request: .options, uri: "sip:a@b".utf8).finish(), framing: .stream)
        _ = rules.apply(to: message, of: World.carrier, .outgoing)
        #expect(rules.counts[0].applied == 1)
        rules.configure([(World.carrier, set)])
        #expect(rules.counts[0].applied == 1)
        rules.configure([])
        #expect(rules.counts.isEmpty && rules.isEmpty)
    }
}
