// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@testable import Manipulation

@Suite struct RulePassTests {
    /// The examples that operators ask for first.
    @Test func tenantBecomesTrunkGroup() throws {
        let outcome = run(
            try invite(["X-MS-TenantId: 4f3a-1"]),
            when: [try matches("header(X-MS-TenantId)", "^[0-9a-f-]+$", as: "tenant")],
            [
                try set("header(Contact).uri-param(tgrp)", "${tenant}"),
                try set("request-uri.uri-param(trunk-context)", "example.com"),
            ])
        let message = try #require(changed(outcome))
        #expect(
            lines(message, .contact) == [
                "<sip:+12025550123@203.0.113.9:5060;transport=udp;tgrp=4f3a-1>"
            ])
        #expect(
            message.requestURI.elementsEqual(
                bytes(
                    "sip:+12025550199;ext=1@192.0.2.10:5070;user=phone;trunk-context=example.com"
                )))
    }

    @Test func partsOfAddresses() throws {
        let outcome = run(
            try invite(),
            [
                try replace("header(From).user", "^\\+1", ""),
                try set("header(From).display", "A \"B\""),
                try set("header(To).host", "[2001:db8::1]"), try set("header(To).port", "5062"),
                try set("header(To).display", "Bob"), try remove("request-uri.port"),
                try set("request-uri.user", "911"),
                try remove("request-uri.uri-param(user)"),
                try remove("header(Contact).user"),
                try set("header(Contact).param(q)", "0.5"),
            ])
        let message = try #require(changed(outcome))
        #expect(
            lines(message, .from) == [
                "\"A \\\"B\\\"\" <sip:2025550123@carrier.example>;tag=f1"
            ])
        #expect(lines(message, .to) == ["\"Bob\" <sip:+12025550199@[2001:db8::1]:5062>"])
        #expect(message.requestURI.elementsEqual(bytes("sip:911@192.0.2.10")))
        #expect(lines(message, .contact) == ["<sip:203.0.113.9:5060;transport=udp>;q=0.5"])
    }

    @Test func everyAddressOfAList() throws {
        let outcome = run(
            try invite([
                "P-Asserted-Identity: \"A, B\" <sip:1@a.example>, <tel:+12025550123>",
                "P-Asserted-Identity: <sip:2@a.example>",
            ]),
            [
                try set("header(P-Asserted-Identity).uri-param(cpc)", "ordinary"),
                try set("header(P-Asserted-Identity).host", "h.example"),
            ])
        #expect(
            lines(changed(outcome), .pAssertedIdentity) == [
                "\"A, B\" <sip:1@h.example;cpc=ordinary>, <tel:+12025550123;cpc=ordinary>",
                "<sip:2@h.example;cpc=ordinary>",
            ])
    }

    @Test func headersAddedSetAndRemoved() throws {
        let name = HeaderName("X-A")
        let message = try invite(["X-A: 1", "Subject: s", "X-A: 2"])
        let added = run(message, [try add("header(X-A)", "3")])
        #expect(lines(changed(added), name) == ["1", "2", "3"])
        #expect(lines(changed(run(message, [try set("header(X-A)", "3")])), name) == ["3"])
        #expect(lines(changed(run(message, [try remove("header(X-A)")])), name) == [])
        #expect(
            lines(changed(run(message, [try remove("header(X-A)", matching: "1")])), name) == ["2"])
        let replaced = run(message, [try replace("header(X-A)", "\\d", "<$0$0>")])
        #expect(lines(changed(replaced), name) == ["<11>", "<22>"])
        #expect(isUnchanged(run(message, [try remove("header(X-B)")])))
        #expect(isUnchanged(run(message, [try replace("header(X-A)", "z", "y")])))
        let spelled = try #require(changed(run(message, [try add("header(X-NewOne)", "a")])))
        #expect(String(decoding: spelled.bytes, as: UTF8.self).contains("\r\nX-NewOne: a\r\n"))
    }

    @Test func replacesOnceOrEverywhere() throws {
        let message = try invite(["Subject: aXbXc"])
        let once = run(message, [try replace("header(Subject)", "X", "--")])
        #expect(lines(changed(once), .subject) == ["a--bXc"])
        let all = run(message, [try replace("header(Subject)", "X", "--", everywhere: true)])
        #expect(lines(changed(all), .subject) == ["a--b--c"])
        let gaps = run(message, [try replace("header(Subject)", "q*", ".", everywhere: true)])
        #expect(lines(changed(gaps), .subject) == [".a.X.b.X.c."])
    }

    @Test func descriptionLines() throws {
        let outcome = run(
            try invite(),
            [
                try remove("sdp(audio)", matching: "^a=X-"),
                try replace("sdp(audio)", "^a=ptime:.*", "a=ptime:20"),
                try replace("sdp", "^(a=fmtp:101) .*$", "$1 0-11"),
                try replace("sdp(audio)", "^a=sendrecv$", "a=sendonly"),
                try add("sdp(audio)", "a=maxptime:40"), try add("sdp(session)", "b=AS:80"),
            ])
        let message = try #require(changed(outcome))
        let expected = sdp.replacing("a=X-nat:0\r\n", with: "")
            .replacing("ptime:30", with: "ptime:20").replacing("0-15", with: "0-11")
            .replacing("a=sendrecv\r\n", with: "a=sendonly\r\na=maxptime:40\r\n")
            .replacing("t=0 0\r\n", with: "t=0 0\r\nb=AS:80\r\n")
        #expect(String(decoding: message.body, as: UTF8.self) == expected)
        #expect(lines(message, .contentLength) == ["\(expected.utf8.count)"])
    }

    /// A pattern that would take everything away takes only what a rule may take.
    @Test func mediaStaysWhatItWas() throws {
        let outcome = run(try invite(), [try remove("sdp", matching: "")])
        let body = try String(decoding: #require(changed(outcome)).body, as: UTF8.self)
        #expect(body.contains("m=audio 20000") && body.contains("a=rtpmap:101"))
        #expect(body.contains("c=IN IP4 192.0.2.1") && !body.contains("ptime"))
    }

    @Test func conditionsFiltersAndStop() throws {
        let message = try invite(["X-A: one", "X-A: Two"])
        let mark = [try add("header(X-M)", "$1")]
        func isApplied(_ condition: Condition) -> Bool {
            changed(run(message, when: [condition], mark)) != nil
        }
        func condition(_ part: String, _ test: Condition.Test, _ isNegated: Bool = false) throws
            -> Condition
        { Condition(try subject(part), test, isNegated: isNegated) }
        #expect(isApplied(try condition("header(X-A)", .present)))
        #expect(!isApplied(try condition("header(X-B)", .present)))
        #expect(isApplied(try condition("header(X-B)", .present, true)))
        for (part, value) in [("method", "INVITE"), ("trunk", "carrier")] {
            let test = Condition.Test.equals(try template(value), ignoringCase: false)
            #expect(isApplied(try condition(part, test)))
        }
        let two = try condition("header(X-A)", .equals(template("two"), ignoringCase: true))
        #expect(isApplied(two))
        #expect(
            !isApplied(try condition("header(X-A)", .equals(template("two"), ignoringCase: false))))
        #expect(
            isApplied(try condition("any-header", .contains(template("ROE"), ignoringCase: true))))
        #expect(isApplied(try matches("any-header", "^x-a: (T)")))
        #expect(isApplied(try condition("sdp(audio)", .matches(pattern("^a=ptime:30$")))))
        #expect(!isApplied(try condition("sdp(video)", .matches(pattern("^a=ptime:30$")))))
        #expect(!isApplied(try condition("sdp(session)", .matches(pattern("^a=")))))
        #expect(!isApplied(try condition("status", .present)))

        func reports(_ filter: MessageFilter, _ message: SIPMessage) -> RuleReport.Verdict? {
            var pass = RulePass(
                RuleSet(rules: [Rule(name: "r", filter: filter, actions: [.stop])]), trunk: [])
            _ = pass.run(message)
            return pass.reports.first?.verdict
        }
        #expect(reports(MessageFilter(methods: [.bye]), message) == .filtered)
        #expect(reports(MessageFilter(kind: .responses), message) == .filtered)
        let progress = try ringing()
        #expect(reports(MessageFilter(kind: .requests), progress) == .filtered)
        let early = MessageFilter(methods: [.invite], statuses: 180...183)
        #expect(reports(early, progress) == .applied)
        #expect(reports(MessageFilter(statuses: 200...299), progress) == .filtered)

        let stopped = run(
            message,
            [
                Rule(name: "1", actions: [try add("header(X-M)", "1"), .stop]),
                Rule(name: "2", actions: [try add("header(X-M)", "2")]),
            ])
        #expect(lines(changed(stopped), HeaderName("X-M")) == ["1"])
    }

    @Test func variablesGoFromRuleToRule() throws {
        let outcome = run(
            try invite(["Diversion: <sip:+49301234@x.example>;reason=unconditional"]),
            [
                Rule(
                    name: "keep",
                    conditions: [try matches("header(Diversion).user", "^\\+(\\d+)$", as: "who")],
                    actions: [try set("var(why)", "$1!")]),
                Rule(
                    name: "use",
                    conditions: [
                        Condition(try subject("var(why)"), .present),
                        Condition(
                            try subject("var(who)"),
                            .equals(try template("49301234"), ignoringCase: false)),
                    ], actions: [try set("header(X-Who)", "${who} ${why} ${none}")]),
            ])
        #expect(lines(changed(outcome), HeaderName("X-Who")) == ["49301234 49301234!"])
    }

    @Test func responsesChangeToo() throws {
        let outcome = run(
            try ringing(),
            [try set("header(Contact).host", "edge.example"), try set("request-uri.user", "x")])
        #expect(lines(changed(outcome), .contact) == ["<sip:d@edge.example>"])
    }
}
