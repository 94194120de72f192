// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SIPMessage
import SIPTransaction
import Testing

@testable import SIPProxy

@Suite("Mobile Control Point")
struct MobileControlPointTests {
    typealias Request = ProxyScene.Request
    private static let number = Array("+12025550177".utf8)

    private func message(_ change: (inout Request) -> Void = { _ in }) throws -> SIPMessage {
        var request = Request()
        change(&request)
        return try SIPMessage.parse(Array(request.text.utf8), framing: .stream)
    }

    private func decision(
        _ change: (inout Request) -> Void = { _ in }
    ) throws -> ConsultationDecision {
        let scene = try ProxyScene()
        return scene.proxy.configuration.service.decision(try self.message(change))
    }

    private func asked(_ change: (inout Request) -> Void = { _ in }) throws -> Consultation? {
        if case .consult(let consultation) = try self.decision(change) { consultation } else { nil }
    }

    @Test("MCP-1: E.164 numbers of tel and sip URIs")
    func numbers() {
        func number(_ uri: String) -> String? {
            CallParty(uri: Array(uri.utf8)[...]).number.map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(number("tel:+1-202-555-0123") == "+12025550123")
        #expect(number("tel:+12025550123;ext=7") == "+12025550123")
        #expect(number("sip:+12025550123@ims.example;user=phone") == "+12025550123")
        #expect(number("sip:+12025550123;npdi@ims.example;user=phone") == "+12025550123")
        #expect(number("tel:911;phone-context=+1") == nil)
        #expect(number("sip:alice@example.com") == nil)
        #expect(number("tel:+1234567890123456") == nil)
        #expect(number("urn:service:sos") == nil)
    }

    @Test("MCP-2: eligible calls are diverted, others go on as they came")
    func eligibility() throws {
        let scene = try ProxyScene()
        scene.answer = .divert(number: Self.number)
        try scene.receive(Request().text)
        _ = try scene.one("INVITE sip:+12025550177@gateway.example;user=phone SIP/2.0")
        scene.answer = .native
        try scene.receive(Request(via: "SIP/2.0/TLS a:5061;branch=z9hG4bK2").text)
        let native = try scene.one("INVITE tel:+12025550199 SIP/2.0")
        #expect(native.lines("X-MS-FMC").isEmpty)
        #expect(scene.proxy.counters.diverted == 1 && scene.proxy.counters.native == 1)
    }

    @Test("MCP-3: every call is asked about but those with X-MS-FMC, by session case")
    func marks() throws {
        for (term, mark, isAsked) in [
            (false, nil, true), (false, "APP", false), (false, "MT", false), (false, "x", false),
            (true, nil, true), (true, "APP", false), (true, "mt", false), (true, "x", true),
        ] as [(Bool, String?, Bool)] {
            let decision = try self.decision { request in
                let sescase = term ? "term" : "orig"
                request.headers = ["P-Served-User: <tel:+12025550123>;sescase=\(sescase)"]
                if let mark { request.headers.append("x-ms-fmc: \(mark)") }
            }
            if isAsked {
                if case .consult = decision {} else { Issue.record("\(term) \(mark ?? "")") }
            } else {
                #expect(decision == .pass(.marked))
            }
        }
        #expect(try self.decision { $0.method = "MESSAGE" } == .pass(.noNewCall))
        #expect(try self.decision { $0.to += ";tag=x" } == .pass(.noNewCall))
    }

    @Test("MCP-4: the first of sescase, Route parameter, Route URI says; else terminating")
    func sessionCases() throws {
        func sessionCase(_ served: String, _ route: String) throws -> SessionCase? {
            try self.asked { request in
                request.headers = ["P-Asserted-Identity: <tel:+12025550123>"]
                if !served.isEmpty { request.headers.append("P-Served-User: \(served)") }
                request.routes = route.isEmpty ? [] : [route, "<sip:b.example;lr;orig>;orig"]
            }?.sessionCase
        }
        let user = "<tel:+12025550123>"
        #expect(try sessionCase(user + ";sescase=orig", "<sip:a;lr;term>;term") == .originating)
        #expect(try sessionCase(user + ";sescase=TERM", "<sip:a;lr;orig>;orig") == .terminating)
        #expect(try sessionCase(user, "<sip:a;lr;term>;orig") == .originating)
        #expect(try sessionCase("", "<sip:a;lr;orig>;term") == .terminating)
        #expect(try sessionCase("", "<sip:a;lr;orig>") == .originating)
        #expect(try sessionCase("", "<sip:a;lr;term>;lr") == .terminating)
        #expect(try sessionCase("", "<sip:a;lr>") == .terminating)
        #expect(try sessionCase("", "") == .terminating)
        #expect(try sessionCase(user + ";sescase=odd", "<sip:a;lr>;orig") == .originating)
    }

    @Test("MCP-5: who is served")
    func servedUser() throws {
        func served(_ headers: [String], _ route: String = "") throws -> String? {
            try self.asked { request in
                request.headers = headers
                request.routes = ["<sip:mcp-r1.gw.carrier.example;lr>" + route]
            }.map { String(decoding: $0.served.uri, as: UTF8.self) }
        }
        let identity = "P-Asserted-Identity: \"A\" <sip:+12025550124@ims.example>, <tel:+9>"
        let user = "P-Served-User: <sip:+12025550125@ims.example>;sescase="
        #expect(try served([user + "orig", identity]) == "sip:+12025550125@ims.example")
        #expect(try served([user + "term"]) == "sip:+12025550125@ims.example")
        #expect(try served([identity], ";orig") == "sip:+12025550124@ims.example")
        #expect(try served([identity], ";term") == "tel:+12025550199")
        #expect(try served([], ";orig") == nil)
        #expect(
            try self.decision { $0.headers = []; $0.routes = ["<sip:a;lr;orig>"] }
                == .pass(.nobodyServed))
        let consultation = try #require(try self.asked())
        #expect(consultation.caller?.number == Array("+12025550123".utf8))
        #expect(consultation.called.number == Array("+12025550199".utf8))
        #expect(consultation.callID == Array("isc-0001".utf8))
    }

    @Test("MCP-6: no answer, an error, no number: the call goes on as it came")
    func failOpen() throws {
        let reference = try ProxyScene()
        try reference.receive(Request().text)
        let native = try reference.one("INVITE").text
        for answer in [
            .failed, .native, .divert(number: []), .divert(number: Array("911".utf8)),
            .divert(number: Array("+1202;x=y".utf8)),
        ] as [ConsultationAnswer] {
            let scene = try ProxyScene()
            scene.answer = answer
            try scene.receive(Request().text)
            #expect(try scene.one("INVITE").text == native, "\(answer)")
        }
        let slow = try ProxyScene()
        slow.answer = nil
        try slow.receive(Request().text)
        #expect(slow.take().isEmpty && slow.timers.values.contains(500))
        let ticket = try #require(slow.questions.first).ticket
        try slow.fire { if case .consultation = $0 { true } else { false } }
        #expect(try slow.one("INVITE").text == native)
        #expect(slow.endedQuestions == [ticket])
        #expect(slow.proxy.counters.consultationTimeouts == 1)
        // The answer that comes then is of no use.
        slow.consult(.divert(number: Self.number))
        #expect(slow.take().isEmpty && slow.proxy.counters.diverted == 0)
    }

    @Test("MCP-6: errors of the next hop pass back to the core")
    func errorsPass() throws {
        let scene = try ProxyScene()
        scene.answer = .divert(number: Self.number)
        try scene.receive(Request().text)
        try scene.respond(504, "Gateway", to: try scene.one("INVITE"))
        #expect(scene.take().last?.start == "SIP/2.0 504 Gateway")
    }

    @Test("MCP-7: a diverted INVITE: X-MS-FMC, Request-URI and Route by the templates, no more")
    func diversion() throws {
        let scene = try ProxyScene()
        scene.answer = .divert(number: Self.number)
        try scene.receive(Request().text)
        let sent = try scene.one("INVITE sip:+12025550177@gateway.example;user=phone SIP/2.0")
        #expect(sent.lines("X-MS-FMC") == ["MO"])
        #expect(
            sent.lines("Route") == [
                "<sip:edge.example:5061;lr>, <sip:odi-77@scscf.ims.carrier.example:5061;lr>"
            ])
        #expect(sent.lines("To") == ["<tel:+12025550199>"])
        #expect(sent.lines("P-Served-User").count == 1)
        // A mark that is there already is replaced, once.
        var term = Request(via: "SIP/2.0/TLS a:5061;branch=z9hG4bK2")
        term.headers = [
            "X-MS-FMC: odd", "P-Served-User: <tel:+12025550199>;sescase=term", "x-ms-FMC: odd2",
        ]
        try scene.receive(term.text)
        let second = try scene.one("INVITE sip:+12025550177")
        #expect(second.lines("X-MS-FMC") == ["MT"] && second.lines("x-ms-FMC").isEmpty)
    }

    @Test("MCP-7: templates that make no URI leave the call alone")
    func badTemplates() throws {
        for (uri, route) in [("sip:${number} x", "${route}"), ("tel:${number}", "sip:bare")] {
            let scene = try ProxyScene {
                if let template = DiversionTemplate(uri.utf8) { $0.service.requestURI = template }
                if let template = DiversionTemplate(route.utf8) { $0.service.route = template }
            }
            scene.answer = .divert(number: Self.number)
            try scene.receive(Request().text)
            _ = try scene.one("INVITE tel:+12025550199 SIP/2.0")
            #expect(scene.proxy.counters.unusableAnswers == 1)
        }
    }

    @Test("Templates: places by name, no others, no line ends")
    func templates() throws {
        for text in ["$", "${", "${}", "${Number}", "$number", "a\r\nb", "${number"] {
            #expect(DiversionTemplate(text.utf8) == nil, "\(text)")
        }
        let template = try #require(DiversionTemplate("<${request-uri}>;n=${number}".utf8))
        #expect(template.places == [.requestURI, .number])
        #expect(template.text([.number: [0x31]]) == nil)
        #expect(
            template.text([.number: [0x31], .requestURI: [0x75]]) == Array("<u>;n=1".utf8))
    }

    @Test("MCP-8: originating calls that the callee diverted are passed without a question")
    func callDiversion() throws {
        #expect(
            try self.decision {
                $0.headers = ["P-Served-User: <tel:+12025550123>;sescase=orig;orig-cdiv"]
            } == .pass(.diversion))
        // The ServerName of the filter criteria, in either scheme, is this proxy.
        let scene = try ProxyScene()
        for name in [
            "sips:mcp-r1.gw.carrier.example;transport=tcp;service=mcp",
            "sip:MCP-R1.gw.carrier.example:5061;transport=tcp;service=mcp",
        ] {
            #expect(scene.proxy.configuration.identity.isOwn(Array(name.utf8)[...]))
        }
        for name in ["sip:mcp-r2.gw.carrier.example", "sip:mcp-r1.gw.carrier.example:5060"] {
            #expect(!scene.proxy.configuration.identity.isOwn(Array(name.utf8)[...]))
        }
    }

    @Test("MCP-9: OPTIONS for the MCP get nothing and are counted; others pass")
    func options() throws {
        let scene = try ProxyScene()
        let own = "sip:mcp-r1.gw.carrier.example"
        try scene.receive(Request(method: "OPTIONS", uri: own, routes: []).text)
        try scene.receive(Request(method: "OPTIONS", uri: own, routes: ["<\(own);lr>"]).text)
        try scene.receive(Request(method: "OPTIONS", maxForwards: "0").text)
        #expect(scene.take().isEmpty && scene.proxy.isEmpty && scene.timers.isEmpty)
        #expect(scene.proxy.counters.optionsIgnored == 3)
        try scene.receive(Request(method: "OPTIONS").text)
        _ = try scene.one("OPTIONS tel:+12025550199")
    }

    @Test("MCP-10: what a core must not send to Teams again is not diverted by a caller's MCP")
    func loopPrevention() throws {
        let scene = try ProxyScene()
        scene.answer = .divert(number: Self.number)
        try scene.receive(Request().text)
        // The core asks again with what we sent.
        let diverted = try scene.one("INVITE")
        var again = Request(via: "SIP/2.0/TLS a:5061;branch=z9hG4bK2")
        again.headers.append("X-MS-FMC: " + diverted.lines("X-MS-FMC")[0])
        try scene.receive(again.text)
        _ = try scene.one("INVITE tel:+12025550199 SIP/2.0")
        #expect(scene.proxy.counters.marked == 1 && scene.questions.count == 1)
    }

    @Test("MCP-12: a call to the voicemail's pilot number is asked about like any other")
    func voicemail() throws {
        let consultation = try #require(try self.asked { $0.uri = "tel:+12025550800" })
        #expect(consultation.called.number == Array("+12025550800".utf8))
    }

    @Test(
        "MCP-13: emergency calls are never asked about",
        arguments: [
            "tel:911;phone-context=+1", "sip:911@ims.example;user=phone", "sip:9-3-3@ims.example",
            "urn:service:sos", "urn:service:sos.police", "URN:service:SOS",
        ])
    func emergency(_ uri: String) throws {
        #expect(try self.decision { $0.uri = uri } == .pass(.emergency))
        let scene = try ProxyScene()
        scene.answer = .divert(number: Self.number)
        try scene.receive(Request(uri: uri).text)
        _ = try scene.one("INVITE \(uri) SIP/2.0")
        #expect(scene.proxy.counters.emergencies == 1 && scene.questions.isEmpty)
    }

    @Test("MCP-13: what only begins like one is an ordinary call")
    func noEmergency() throws {
        for uri in ["tel:+12025550911", "urn:service:sosx", "sip:9110@ims.example"] {
            #expect(try self.asked { $0.uri = uri } != nil, "\(uri)")
        }
    }

    @Test("At most so many calls are asked about at a time; the others go on")
    func limit() throws {
        let scene = try ProxyScene { $0.service.consultationsMax = 3 }
        scene.answer = nil
        for number in 0..<5 {
            let via = "SIP/2.0/TLS a:5061;branch=z9hG4bK\(number)"
            try scene.receive(Request(via: via, call: "c\(number)").text)
        }
        #expect(scene.questions.count == 3 && scene.take().count == 2)
        #expect(scene.proxy.counters.consultationLimitHits == 2)
        scene.consult(.native)
        try scene.receive(Request(via: "SIP/2.0/TLS a:5061;branch=z9hG4bK9", call: "c9").text)
        #expect(scene.questions.count == 3 && scene.proxy.openConsultations == 3)
    }
}
