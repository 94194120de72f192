// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import SIPTransaction
import Testing

@testable import SIPProxy

@Suite("Responses, CANCEL, ACK and timers (RFC 3261 sections 16.7 to 16.11)")
struct ResponseTests {
    typealias Request = ProxyScene.Request

    private func started(_ request: Request = Request()) throws -> (ProxyScene, ProxyScene.Sent) {
        let scene = try ProxyScene()
        try scene.receive(request.text)
        return (scene, try scene.one(request.method))
    }

    @Test("Every provisional and every 2xx passes, without our Via and otherwise as it came")
    func passes() throws {
        let (scene, invite) = try self.started()
        try scene.respond(100, to: invite)
        #expect(scene.take().isEmpty)
        let odd = "x-Odd :  1\r\nContact: <sip:b@192.0.2.7>\r\n"
        for status in [180, 183, 200, 200] {
            try scene.respond(status, "As It Is", to: invite, headers: odd)
            let passed = try scene.one("SIP/2.0 \(status) As It Is")
            #expect(passed.hop == ProxyScene.core)
            #expect(passed.lines("Via") == [Request().via + ";received=198.51.100.2"])
            #expect(passed.text.hasSuffix(odd + "Content-Length: 0\r\n\r\n"))
        }
        #expect(scene.proxy.counters.responses == 4)
        // Nobody repeats the 2xx but who answered.
        #expect(!scene.timers.keys.contains { timer in
            if case .transaction(let token) = timer { token.timer == .success } else { false }
        })
        scene.passTime()
        #expect(scene.proxy.isEmpty)
    }

    @Test("Errors pass; the ACK for them is ours", arguments: [302, 404, 486, 500, 504, 603])
    func errors(_ status: Int) throws {
        let (scene, invite) = try self.started()
        try scene.respond(status, to: invite)
        let sent = scene.take()
        #expect(sent.map(\.start) == ["ACK tel:+12025550199 SIP/2.0", "SIP/2.0 \(status) Test"])
        #expect(sent[0].lines("Route") == invite.lines("Route"))
        // The core's ACK ends here.
        try scene.receive(Request(method: "ACK", to: "<tel:+12025550199>;tag=b1").text)
        #expect(scene.take().isEmpty && scene.proxy.counters.stateless == 0)
        scene.passTime()
        #expect(scene.proxy.isEmpty)
    }

    @Test("A 503 of the last place becomes a 500 without its Retry-After (16.7, 6)")
    func unavailable() throws {
        let (scene, invite) = try self.started()
        try scene.respond(503, to: invite, headers: "Retry-After: 60\r\nX-Why: full\r\n")
        let sent = try #require(scene.take().last)
        #expect(sent.start == "SIP/2.0 500 Server Internal Error")
        #expect(sent.lines("Retry-After").isEmpty && sent.lines("X-Why") == ["full"])
    }

    @Test("Of several places the next is tried: silence, a broken connection, 503")
    func nextPlace() throws {
        for event in 0..<3 {
            let scene = try ProxyScene()
            scene.places = [ProxyScene.scscf, ProxyScene.other]
            try scene.receive(Request().text)
            let first = try scene.one("INVITE")
            switch event {
            case 0: try scene.fire(.b)
            case 1: try scene.fail(first)
            default: try scene.respond(503, to: first)
            }
            let second = try #require(scene.take().last { $0.start.hasPrefix("INVITE") })
            #expect(second.hop == ProxyScene.other)
            #expect(second.lines("Via")[0] != first.lines("Via")[0])
            #expect(second.lines("Via")[1] == first.lines("Via")[1])
            try scene.respond(200, to: second)
            _ = try scene.one("SIP/2.0 200")
            #expect(scene.proxy.counters.furtherPlaces == 1)
            scene.passTime()
            #expect(scene.proxy.isEmpty)
        }
    }

    @Test("Silence of all places is a 408, of a request other than INVITE nothing (RFC 4320)")
    func silence() throws {
        let (scene, _) = try self.started()
        try scene.fire(.b)
        _ = try scene.one("SIP/2.0 408 Request Timeout")
        let (message, _) = try self.started(Request(method: "MESSAGE"))
        try message.fire { if case .transaction(let t) = $0, case .client = t.transaction {
            t.timer == .f
        } else { false } }
        #expect(message.take().isEmpty)
    }

    @Test("Timer C cancels, and 64 * T1 later it is a 408 or what the next hop says")
    func timerC() throws {
        let (scene, invite) = try self.started()
        try scene.respond(180, to: invite)
        _ = scene.take()
        #expect(scene.timers.values.contains(181_000))
        try scene.fire(.c)
        _ = try scene.one("CANCEL tel:+12025550199")
        try scene.fire(.cancelled)
        _ = try scene.one("SIP/2.0 408")
    }

    @Test("A broken connection to the only place is a 500 (16.9)")
    func unreachable() throws {
        let (scene, invite) = try self.started()
        try scene.fail(invite)
        _ = try scene.one("SIP/2.0 500 Server Internal Error")
    }

    @Test("CANCEL goes on with its Reason, and the 487 of the next hop passes")
    func cancel() throws {
        let (scene, invite) = try self.started()
        try scene.respond(180, to: invite)
        _ = scene.take()
        var cancel = Request(method: "CANCEL")
        cancel.headers = ["Reason: SIP;cause=200;text=\"elsewhere\""]
        try scene.receive(cancel.text)
        let sent = scene.take()
        #expect(sent.map(\.start) == ["SIP/2.0 200 OK", "CANCEL tel:+12025550199 SIP/2.0"])
        #expect(sent[1].lines("Via") == [invite.lines("Via")[0]])
        #expect(sent[1].lines("Route") == invite.lines("Route"))
        #expect(sent[1].lines("Reason") == ["SIP;cause=200;text=\"elsewhere\""])
        try scene.respond(487, to: invite)
        #expect(scene.take().map(\.start).last == "SIP/2.0 487 Test")
    }

    @Test("CANCEL while a name is looked up or the service thinks: 487 at once")
    func earlyCancel() throws {
        let scene = try ProxyScene()
        scene.places = nil
        try scene.receive(Request().text)
        try scene.receive(Request(method: "CANCEL").text)
        #expect(scene.take().map(\.start) == ["SIP/2.0 200 OK", "SIP/2.0 487 Request Terminated"])
        scene.locate([ProxyScene.scscf])
        #expect(scene.take().isEmpty)
        scene.answer = nil
        try scene.receive(Request(via: "SIP/2.0/TLS a:5061;branch=z9hG4bK2").text)
        try scene.receive(
            Request(method: "CANCEL", via: "SIP/2.0/TLS a:5061;branch=z9hG4bK2").text)
        #expect(scene.take().map(\.start) == ["SIP/2.0 200 OK", "SIP/2.0 487 Request Terminated"])
        #expect(scene.endedQuestions.count == 1 && scene.proxy.openConsultations == 0)
        scene.consult(.divert(number: Array("+12025550100".utf8)))
        #expect(scene.take().isEmpty)
        scene.passTime()
        #expect(scene.proxy.isEmpty)
    }

    @Test("Each ACK for a 2xx passes without state, each time with the same branch")
    func ack() throws {
        let (scene, invite) = try self.started()
        try scene.respond(200, to: invite)
        _ = scene.take()
        var ack = Request(method: "ACK", via: "SIP/2.0/TLS scscf.example:5061;branch=z9hG4bK-a")
        ack.to += ";tag=b1"
        var branches: Set<String> = []
        for _ in 0..<2 {
            try scene.receive(ack.text)
            let sent = try scene.one("ACK tel:+12025550199")
            #expect(sent.owner == nil && sent.hop == ProxyScene.scscf)
            branches.insert(sent.lines("Via")[0])
        }
        #expect(branches.count == 1 && scene.proxy.counters.stateless == 2)
        #expect(!branches.contains(invite.lines("Via")[0]))
        // What has no hop left, and what waits for more names than may wait, does not.
        ack.maxForwards = "0"
        try scene.receive(ack.text)
        ack.maxForwards = "9"
        scene.places = nil
        for _ in 0...ProxyCore.statelessMax { try scene.receive(ack.text) }
        #expect(scene.take().isEmpty && scene.proxy.counters.statelessDropped == 2)
        while !scene.searches.isEmpty { scene.locate([]) }
        #expect(scene.proxy.counters.statelessDropped == 2 + UInt64(ProxyCore.statelessMax))
        #expect(scene.proxy.statelessWaiting == 0)
    }

    @Test("A response that is not for us or for nothing known is dropped (RFC 6026 section 8.9)")
    func strays() throws {
        let (scene, invite) = try self.started()
        let text = invite.text.components("\r\n").dropFirst().joined(separator: "\r\n")
        for (from, to) in [
            ("SIP/2.0/TLS mcp-r1.gw.carrier.example", "SIP/2.0/TLS other.example"),
            ("branch=z9hG4bK", "branch=z9hG4bK9"),
        ] {
            let parts = text.components(from)
            let odd = parts[0] + to + parts.dropFirst().joined(separator: from)
            try scene.receive("SIP/2.0 200 OK\r\n" + odd, from: invite.hop)
        }
        #expect(scene.take().isEmpty)
        #expect(scene.proxy.counters.strayResponses == 1)
        #expect(scene.proxy.layer.counters.strayResponses == 1)
    }

    @Test("A retransmission is absorbed, and the last response comes again")
    func retransmission() throws {
        let (scene, invite) = try self.started()
        try scene.receive(Request().text)
        #expect(scene.take().isEmpty)
        try scene.respond(180, to: invite)
        _ = scene.take()
        try scene.receive(Request().text)
        _ = try scene.one("SIP/2.0 180")
    }

    @Test("After a restart a request goes on anew with its branch, and CANCEL without state")
    func restart() throws {
        let (_, before) = try self.started()
        let scene = try ProxyScene()
        // The CANCEL comes to a process that does not know its INVITE.
        try scene.receive(Request(method: "CANCEL").text)
        let cancel = try scene.one("CANCEL tel:+12025550199")
        #expect(cancel.lines("Via")[0] == before.lines("Via")[0])
        #expect(cancel.lines("Route") == before.lines("Route") && cancel.hop == before.hop)
        #expect(cancel.owner == nil && scene.proxy.isEmpty)
        try scene.receive(Request().text)
        #expect(try scene.one("INVITE").text == before.text)
        let other = try ProxyScene(key: 8)
        try other.receive(Request().text)
        #expect(try other.one("INVITE").lines("Via")[0] != before.lines("Via")[0])
    }

    @Test("More requests than may be under way get 503, and are counted")
    func limit() throws {
        let scene = try ProxyScene(transactionsMax: 20)
        var refused = 0
        for number in 0..<25 {
            let via = "SIP/2.0/TLS a:5061;branch=z9hG4bK-limit-\(number)"
            try scene.receive(Request(via: via, call: "c\(number)").text)
            refused += scene.take().count { $0.start.hasPrefix("SIP/2.0 503") }
        }
        // One in ten is left for what belongs to a call.
        #expect(refused == 7 && scene.proxy.layer.counters.serverLimitHits == 7)
        #expect(scene.proxy.layer.serverCount == 18)
    }
}
