// SPDX-License-Identifier: Apache-2.0

import CallControl
import Management
import Testing

@testable import Node

/// What scripts rely on: the names of members and their kinds.
@Suite struct VerbTests {
    private func kinds(_ value: JSONValue?) -> [String: String] {
        var kinds: [String: String] = [:]
        for (name, value) in value?.object?.members ?? [] { kinds[name] = value.kind }
        return kinds
    }

    @Test func statusOfAnIdleNode() throws {
        let node = try NodeFixture()
        let status = try node.result("status")
        #expect(
            self.kinds(status) == [
                "node": "a string", "version": "a string", "state": "a string",
                "draining_trunks": "an array", "uptime_seconds": "an integer",
                "limit": "an object", "calls": "an object", "media": "an object",
                "records": "an object",
                "sip": "an object", "security": "an object", "dtls": "an object",
                "emergency": "an object", "edge": "an object", "tls": "an object",
                "transfers": "an object", "dtmf": "an object",
                "trace": "an object", "fastpath": "an object", "peers": "an object",
                "dns": "an object", "rules": "an array", "registrations": "an array",
                "dialogs": "an object", "mcp": "an object", "provisioning": "an object",
                "conditions": "an array",
            ])
        #expect(status["node"]?.string == "test" && status["state"]?.string == "running")
        for section in [
            "calls", "emergency", "sip", "edge", "security", "dtls", "trace", "peers", "dns",
            "dialogs", "transfers", "dtmf", "provisioning",
        ] {
            let members = self.kinds(status[section])
            #expect(!members.isEmpty && members.values.allSatisfy { $0 == "an integer" })
        }
        #expect(status["calls"]?["active"]?.integer == 0)
        #expect(status["mcp"]?["configured"]?.bool == false)
        #expect(status["fastpath"]?["attached"]?.bool == false)
    }

    @Test func statusWithTheFastPath() throws {
        let node = try NodeFixture(fastPath: true)
        let fastPath = try node.result("status")["fastpath"]
        #expect(fastPath?["attached"]?.bool == true && fastPath?["workers"]?.integer == 2)
        let realm = fastPath?["realms"]?[0]
        #expect(realm?["name"]?.string == "realm0" && realm?["ports"]?.string == "20000-24095")
        let drops = try node.result("drops")
        #expect(
            self.kinds(drops) == [
                "packets": "an object", "drops": "an object", "in_transit": "an integer",
                "exact": "a boolean",
            ])
        #expect(drops["in_transit"]?.integer == 0)
        #expect(drops["drops"]?["no_flow"]?.integer == 0 && drops["exact"]?.bool == true)
    }

    /// While calls are up packets stand between workers; afterwards one that does was lost.
    @Test(arguments: [(0, 0, true), (0, 4, true), (3, 4, true), (3, 0, false), (-1, 0, false)])
    func packetsBetweenWorkers(inTransit: Int64, flows: UInt64, plausible: Bool) {
        #expect(PacketAccount.isPlausible(inTransit: inTransit, flows: flows) == plausible)
    }

    @Test func callsAndOneCall() throws {
        let node = try NodeFixture(fastPath: true)
        #expect(try node.result("calls") == [])
        let parties = try Parties(node)
        let (answer, _) = try parties.call()
        let calls = try node.result("calls")
        let id = try #require(calls[0]?["id"]?.string)
        let call = try node.result("call", ["id": .string(id)])
        #expect(
            self.kinds(call) == [
                "id": "a string", "state": "a string", "from": "a string", "to": "a string",
                "calling": "a string", "called": "a string", "seconds": "an integer",
                "answered_seconds": "an integer", "call_ids": "an array", "secure": "a string",
                "legs": "an array",
            ])
        #expect(call["state"]?.string == "established")
        #expect(call["from"]?.string == "carrier" && call["to"]?.string == "service")
        #expect(call["calling"]?.string == "+15550199" && call["called"]?.string == "+15550100")
        #expect(call["call_ids"]?.array?.count == 2 && call["secure"]?.string == "no")
        let legs = call["legs"]?.array ?? []
        #expect(legs.map { $0["side"]?.string } == ["a", "b"])
        for leg in legs {
            #expect(leg["local"]?.string?.hasPrefix("192.0.2.") == true)
            #expect(leg["remote"]?.string?.hasSuffix(":40000") == true)
            #expect(leg["packets_in"]?.integer == 0 && leg["jitter_ms"]?.kind == "a number")
            #expect(leg["keying"]?.string == "plain" && leg["srtp"] == .null)
            #expect(leg["dropped_by_reason"] == [:])
            // Nothing came yet: there is nothing to judge.
            #expect(leg["mos_in"] == .null && leg["mos_out"] == .null)
        }
        try parties.hangUp(after: answer)
        #expect(node.run { _ in !node.records().isEmpty })
        #expect(node.records()[0]["id"]?.string == id)
        #expect(
            try node.result("records") == ["directory": .string(node.directory.path + "/records")])
    }

    @Test func endOfOneCall() throws {
        let node = try NodeFixture(fastPath: true)
        let parties = try Parties(node)
        _ = try parties.call()
        let id = try #require(try node.result("calls")[0]?["id"]?.string)
        #expect(try node.result("end", ["id": .string(id)]) == ["ended": .string(id)])
        for party in [parties.carrier, parties.service] {
            let bye = try #require(party.expect("BYE", node))
            party.send(party.response("200 OK", to: bye))
        }
        #expect(node.run { $0.core.engine.callCount == 0 })
    }

    @Test func refusalsHaveCodes() throws {
        let node = try NodeFixture()
        func code(_ verb: String, _ arguments: JSONObject = [:]) -> ControlError.Code? {
            guard case .failure(let error) = node.ask(verb, arguments) else { return nil }
            #expect(!error.text.isEmpty)
            return error.code
        }
        #expect(code("dance") == .unknownVerb)
        for verb in ["call", "end"] {
            #expect(code(verb) == .badArgument)
            #expect(code(verb, ["id": "xyz"]) == .badArgument)
            #expect(code(verb, ["id": "00000000000000ff"]) == .notFound)
        }
        #expect(code("drops") == .refused)
        #expect(code("drain", ["trunk": "nobody"]) == .notFound)
        #expect(code("drain", ["deadline_seconds": -1]) == .badArgument)
        #expect(code("drain", ["deadline_seconds": 86_401]) == .badArgument)
        #expect(try node.result("flows") == [])
    }

    @Test func drainAndResumeOfTheNode() throws {
        let node = try NodeFixture(fastPath: true)
        let parties = try Parties(node)
        let (answer, _) = try parties.call()
        #expect(try node.result("drain") == ["draining": "node", "calls": 1])
        #expect(try node.result("status")["state"]?.string == "draining")
        let carrier = parties.carrier
        carrier.send(carrier.request("INVITE", call: "c2", body: carrier.sdp))
        let refusal = try #require(carrier.expect("SIP/2.0 503", node))
        #expect(line("Retry-After", of: refusal) != nil)
        carrier.send(carrier.request("OPTIONS", call: "o1"))
        #expect(carrier.expect("SIP/2.0 503", node) != nil)
        // The call that stands goes on, and its end is its own.
        try parties.hangUp(after: answer)
        #expect(try node.result("resume") == ["resumed": "node"])
        carrier.send(carrier.request("OPTIONS", call: "o2"))
        #expect(carrier.expect("SIP/2.0 200", node) != nil)
    }

    @Test func drainOfOneTrunk() throws {
        let node = try NodeFixture()
        let parties = try Parties(node)
        #expect(
            try node.result("drain", ["trunk": "carrier"]) == ["draining": "carrier", "calls": 0])
        let status = try node.result("status")
        #expect(status["state"]?.string == "running" && status["draining_trunks"] == ["carrier"])
        parties.carrier.send(parties.carrier.request("OPTIONS"))
        #expect(parties.carrier.expect("SIP/2.0 503", node) != nil)
        parties.service.send(parties.service.request("OPTIONS"))
        #expect(parties.service.expect("SIP/2.0 200", node) != nil)
        #expect(try node.result("resume", ["trunk": "carrier"]) == ["resumed": "carrier"])
        #expect(try node.result("status")["draining_trunks"] == [])
    }

    @Test func drainWithADeadlineEndsCalls() throws {
        let node = try NodeFixture(fastPath: true)
        let parties = try Parties(node)
        _ = try parties.call()
        #expect(
            try node.result("drain", ["deadline_seconds": 0]) == ["draining": "node", "calls": 1])
        for party in [parties.carrier, parties.service] {
            let bye = try #require(party.expect("BYE", node))
            party.send(party.response("200 OK", to: bye))
        }
        #expect(node.run { $0.core.engine.callCount == 0 })
    }
}
