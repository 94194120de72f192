// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPMessage
import SIPTransaction
import Testing

@testable import SIPProxy

@Suite("Requests on their way (RFC 3261 sections 16.3 to 16.6)")
struct ForwardingTests {
    typealias Request = ProxyScene.Request

    @Test("Only Via, Route and Max-Forwards differ")
    func plain() throws {
        let scene = try ProxyScene()
        var request = Request()
        request.headers += ["x-odd :  value ,, ;", "X-Fold: one\r\n  two", "P-Charging-Vector: a"]
        try scene.receive(request.text)
        let sent = try scene.one("INVITE tel:+12025550199 SIP/2.0")
        #expect(sent.hop == ProxyScene.scscf)
        let vias = sent.lines("Via")
        #expect(vias.count == 2)
        #expect(
            vias[0].hasPrefix(
                "SIP/2.0/TLS mcp-r1.gw.carrier.example:5061;branch=z9hG4bK"))
        #expect(vias[1] == request.via + ";received=198.51.100.2")
        #expect(sent.lines("Max-Forwards") == ["65"])
        #expect(sent.lines("Route") == ["<sip:odi-77@scscf.ims.carrier.example:5061;lr>"])
        #expect(sent.lines("Record-Route").isEmpty)
        let ours = sent.text.components("\r\n").dropFirst(2)
        var expected = request.text.components("\r\n").dropFirst(1).map { $0 }
        expected[0] = "Via: " + vias[1]
        expected[1] = "Max-Forwards: 65"
        expected[2] = "Route: <sip:odi-77@scscf.ims.carrier.example:5061;lr>"
        #expect(Array(ours) == expected)
    }

    @Test("Max-Forwards: 0 is refused with 483, none becomes 70, 1 goes on as 0")
    func maxForwards() throws {
        let scene = try ProxyScene()
        try scene.receive(Request(maxForwards: "0").text)
        _ = try scene.one("SIP/2.0 483 Too Many Hops")
        try scene.receive(Request(via: "SIP/2.0/TLS a:5061;branch=z9hG4bK2", maxForwards: "").text)
        #expect(try scene.one("INVITE").lines("Max-Forwards") == ["70"])
        try scene.receive(Request(via: "SIP/2.0/TLS a:5061;branch=z9hG4bK3", maxForwards: "1").text)
        #expect(try scene.one("INVITE").lines("Max-Forwards") == ["0"])
        #expect(scene.proxy.counters.hopsSpent == 1)
    }

    @Test("What comes again on the same way is a loop; a core that asks again is none")
    func loops() throws {
        let scene = try ProxyScene()
        let request = Request()
        try scene.receive(request.text)
        let first = try scene.one("INVITE")
        // The core serves the callee next, with another Route: the same Call-ID, tag and CSeq.
        var again = first.text.components("\r\n")
        let route = try #require(again.firstIndex { $0.hasPrefix("Route:") })
        again[route] = "Route: <sip:mcp-r1.gw.carrier.example;lr>;term, <sip:odi-78@s.example;lr>"
        again.insert("Via: SIP/2.0/TLS scscf.ims.carrier.example:5061;branch=z9hG4bK-9", at: 1)
        try scene.receive(again.joined(separator: "\r\n"))
        _ = try scene.one("INVITE")
        // The first way again.
        again[route + 1] = request.text.components("\r\n").first { $0.hasPrefix("Route:") } ?? ""
        again[1] = "Via: SIP/2.0/TLS scscf.ims.carrier.example:5061;branch=z9hG4bK-10"
        try scene.receive(again.joined(separator: "\r\n"))
        _ = try scene.one("SIP/2.0 482 Loop Detected")
        #expect(scene.proxy.counters.loops == 1)
    }

    @Test("Proxy-Require gets 420 with Unsupported; Require is for whom it is meant")
    func extensions() throws {
        let scene = try ProxyScene()
        var request = Request()
        request.headers += ["Require: what-nobody-knows", "Content-Type: odd"]
        try scene.receive(request.text)
        #expect(try scene.one("INVITE").lines("Require") == ["what-nobody-knows"])
        request.via = "SIP/2.0/TLS a:5061;branch=z9hG4bK4"
        request.headers.append("Proxy-Require: nat, privacy")
        try scene.receive(request.text)
        let refusal = try scene.one("SIP/2.0 420 Bad Extension")
        #expect(refusal.lines("Unsupported") == ["nat", "privacy"])
    }

    @Test("A strict router after us: Request-URI and Route change places (16.6, 6)")
    func strictRouterAfter() throws {
        let scene = try ProxyScene()
        var request = Request()
        request.routes = [
            "<sip:mcp-r1.gw.carrier.example;lr>", "<sip:strict.example:5070>", "<sip:last;lr>",
        ]
        try scene.receive(request.text)
        let sent = try scene.one("INVITE sip:strict.example:5070 SIP/2.0")
        #expect(sent.lines("Route") == ["<sip:last;lr>, <tel:+12025550199>"])
    }

    @Test("A strict router before us: the last Route is the Request-URI (16.4)")
    func strictRouterBefore() throws {
        let scene = try ProxyScene { $0.recordsRoute = true }
        var request = Request(method: "BYE", uri: "sip:mcp-r1.gw.carrier.example:5061;lr")
        request.to += ";tag=b1"
        request.routes = ["<sip:next.example;lr>", "<sip:ue@192.0.2.99:5060>"]
        try scene.receive(request.text)
        let sent = try scene.one("BYE sip:ue@192.0.2.99:5060 SIP/2.0")
        #expect(sent.lines("Route") == ["<sip:next.example;lr>"])
    }

    @Test("Record-Route where it is asked for, above what is there, secure where the way is")
    func recordRoute() throws {
        let scene = try ProxyScene { $0.recordsRoute = true }
        var request = Request()
        request.headers.append("Record-Route: <sip:scscf.example;lr>")
        try scene.receive(request.text)
        #expect(
            try scene.one("INVITE").lines("Record-Route") == [
                "<sip:mcp-r1.gw.carrier.example:5061;transport=tls;lr>", "<sip:scscf.example;lr>",
            ])
        request.via = "SIP/2.0/TLS a:5061;branch=z9hG4bK2"
        request.uri = "sips:bob@example.com"
        try scene.receive(request.text)
        #expect(
            try scene.one("INVITE").lines("Record-Route").first
                == "<sips:mcp-r1.gw.carrier.example:5061;lr>")
        var bye = Request(method: "BYE", via: "SIP/2.0/TLS a:5061;branch=z9hG4bK3")
        bye.to += ";tag=b1"
        try scene.receive(bye.text)
        #expect(try scene.one("BYE").lines("Record-Route").isEmpty)
    }

    @Test("The next hop: the Route, then what is configured, then the Request-URI, then none")
    func nextHops() throws {
        let scene = try ProxyScene()
        scene.places = nil
        func next(_ request: Request) throws -> NextHop? {
            try scene.receive(request.text)
            defer { if !scene.searches.isEmpty { scene.locate([ProxyScene.scscf]) } }
            return scene.searches.first?.next
        }
        let scscf = NextHop(.name(Array("scscf.ims.carrier.example".utf8)), port: 5061)
        #expect(try next(Request()) == scscf)
        #expect(
            try next(
                Request(
                    uri: "sip:bob@Example.COM;maddr=m.example",
                    via: "SIP/2.0/TLS a:5061;branch=z9hG4bK2", routes: []))
                == NextHop(.name(Array("m.example".utf8)), port: nil))
        _ = scene.take()
        // A number names no host, and the proxy is nobody's home.
        for (uri, status) in [
            ("tel:+12025550199", 480), ("sip:mcp-r1.gw.carrier.example", 480),
            ("mailto:bob@example.com", 416),
        ] {
            let via = "SIP/2.0/TLS a:5061;branch=z9hG4bK\(uri.utf8.count)\(status)"
            try scene.receive(Request(uri: uri, via: via, routes: []).text)
            _ = try scene.one("SIP/2.0 \(status)")
        }
        #expect(scene.proxy.counters.unroutable == 3)
        let fixed = try ProxyScene {
            $0.nextHop = NextHop(.address(IPAddress(ipv4: 0xc633_6403)), port: nil)
        }
        try fixed.receive(Request(routes: []).text)
        #expect(try fixed.one("INVITE").hop == ProxyScene.other)
    }

    @Test("A name that leads nowhere is a 500 (16.9)")
    func nameless() throws {
        let scene = try ProxyScene()
        scene.places = []
        try scene.receive(Request().text)
        _ = try scene.one("SIP/2.0 500 Server Internal Error")
        #expect(scene.proxy.counters.unroutable == 1)
    }

    @Test("What a proxy works with has to be readable; the rest may be anything")
    func faults() throws {
        let scene = try ProxyScene()
        func verdict(_ change: (inout Request) -> Void) throws -> Verdict {
            var request = Request()
            change(&request)
            return try scene.receive(request.text)
        }
        func status(_ verdict: Verdict) -> Int {
            if case .reject(let status, _, _) = verdict { status } else { 0 }
        }
        #expect(status(try verdict { $0.via = "SIP/2.0/TLS" }) == 400)
        #expect(status(try verdict { $0.routes = ["sip:bare.example"] }) == 400)
        #expect(status(try verdict { $0.maxForwards = "many" }) == 400)
        #expect(status(try verdict { $0.headers.append("CSeq: 2 INVITE") }) == 400)
        #expect(status(try verdict { $0.headers.append("To: <tel:+1>") }) == 400)
        #expect(status(try verdict { $0.uri = "tel:" }) == 400)
        #expect(scene.take().isEmpty)
        let others = ["Contact: <<", "Accept: ,;", "Date: never"]
        #expect(try verdict { $0.headers += others } == .accept)
        #expect(scene.take().count == 1)
        // A malformed ACK gets nothing.
        let ack = Request(method: "ACK", maxForwards: "many")
        let verdictOfAck = try scene.receive(ack.text)
        if case .drop = verdictOfAck {} else { Issue.record("\(verdictOfAck)") }
    }

    @Test("Strangers get nothing, and are counted")
    func strangers() throws {
        let scene = try ProxyScene()
        let stranger = ProxyScene.place(0xcb00_7101, 5061)
        #expect(try scene.receive(Request().text, from: stranger) == .accept)
        #expect(try scene.receive(Request(maxForwards: "x").text, from: stranger) == .accept)
        #expect(scene.take().isEmpty && scene.proxy.isEmpty)
        #expect(scene.proxy.counters.strangers == 2)
    }

    @Test("A datagram without a length gets one where it goes on over a stream")
    func length() throws {
        let scene = try ProxyScene()
        var text = Request().text.components("\r\n").filter { !$0.hasPrefix("Content-Length") }
        text.insert("Content-Type: text/plain", at: text.count - 2)
        let bytes = Array((text.joined(separator: "\r\n") + "body").utf8)
        try scene.receive(try SIPMessage.parse(bytes, framing: .datagram))
        let sent = try scene.one("INVITE")
        #expect(sent.lines("Content-Length") == ["4"])
        #expect(sent.text.hasSuffix("\r\nContent-Length: 4\r\n\r\nbody"))
    }
}
