// SPDX-License-Identifier: Apache-2.0

import Foundation
import SIPMessage
import Testing

@testable import Manipulation

@Suite struct RuleFaultTests {
    @Test func whatIsNoMessageIsRefused() throws {
        let message = try invite()
        for action in [
            try set("request-uri.user", "a b"), try set("header(From).uri", "nothing"),
            try set("header(To).host", "a..b"), try set("header(Contact)", "<sip:"),
            try set("request-uri", "sip:a@b c"),
        ] {
            guard case .invalid? = fault(run(message, [action])) else {
                Issue.record("\(action) was let through")
                continue
            }
        }
    }

    /// What the operator reads of the limit is the limit.
    @Test func theDocumentSaysTheLimit() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("appliance/docs/rules.md")
        let thousands = RuleLimits.work / 1000
        #expect(RuleLimits.work % 1000 == 0 && thousands < 1000)
        #expect(
            try String(contentsOf: file, encoding: .utf8)
                .contains("\n\(thousands),000 steps of patterns"))
    }

    @Test func theFirstRuleAtFaultIsNamed() throws {
        let rules = [
            Rule(name: "0", actions: [try set("header(X-A)", "1")]),
            Rule(name: "1", actions: [try set("header(To).host", "a..b")]),
            Rule(name: "2", actions: [try set("header(X-A)", "2")]),
        ]
        guard case .fault(1, .invalid) = run(try invite(), rules) else {
            Issue.record("another rule was named")
            return
        }
        // What a later rule mends is no fault.
        let mended = rules + [Rule(name: "3", actions: [try set("header(To).uri", "sip:a@b")])]
        #expect(changed(run(try invite(), mended)) == nil)
        let whole = [
            Rule(name: "0", actions: [try replace("header(Subject)", ".*", "\u{1}")]),
            Rule(name: "1", actions: [try remove("header(Subject)")]),
        ]
        #expect(changed(run(try invite(["Subject: a"]), whole)) != nil)
    }

    @Test func protectedPartsCannotBeNamed() throws {
        for text in [
            "header(Via)", "header(v)", "header(Call-ID)", "header(i)", "header(CSeq)",
            "header(From)", "header(t)", "header(From).param(TAG)", "header(Content-Length)",
            "header(Max-Forwards)", "header(Route)", "header(Record-Route).user",
            "header(Authorization)", "header(RAck)", "any-header", "method", "status", "trunk",
        ] {
            #expect(ProtectedParts.refusal(try subject(text)) != nil, "\(text)")
        }
        for text in [
            "header(From).user", "header(To).display", "header(Contact)", "request-uri", "sdp",
            "var(a)", "header(P-Asserted-Identity)",
        ] {
            #expect(ProtectedParts.refusal(try subject(text)) == nil, "\(text)")
        }
    }

    /// Even a rule that was made without the check of its file breaks nothing.
    @Test func protectedPartsDoNotChange() throws {
        let message = try invite()
        for action in [
            try remove("header(Via)"), try set("header(CSeq)", "8 INVITE"),
            try set("header(Call-ID)", "x"), try set("header(From).param(tag)", "x"),
            try add("header(Route)", "<sip:a;lr>"), try set("header(Max-Forwards)", "3"),
            try add("sdp(audio)", "a=crypto:1 x"), try add("sdp(session)", "c=IN IP4 192.0.2.9"),
        ] {
            let outcome = run(message, [action])
            let refused = fault(outcome)
            guard case .protected? = refused else {
                if case .invalid? = refused { continue }
                Issue.record("\(action) was let through")
                continue
            }
        }
    }

    @Test func aSignedNumberIsNotRewrittenInSilence() throws {
        let message = try invite(["Identity: abc;info=<https://a.example/c>;alg=ES256;ppt=shaken"])
        let number = try set("header(From).user", "+12025550000")
        #expect(fault(run(message, [number])) == .signedNumber)
        #expect(changed(run(message, [number, try remove("header(Identity)")])) != nil)
        #expect(changed(run(message, [try set("header(From).host", "a.example")])) != nil)
    }

    @Test func limits() throws {
        let long = String(repeating: "a", count: 5_000)
        let doubled = try invite(["Subject: \(long)"])
        #expect(
            fault(run(doubled, [try replace("header(Subject)", "(.*)", "$1$1")])) == .valueTooLong)
        let variable = try Rule(
            name: "r", conditions: [matches("header(Subject)", "(.*)", as: "s")],
            actions: [set("header(X-A)", "${s}${s}")])
        #expect(fault(run(doubled, [variable])) == .valueTooLong)
        // A variable has the limit too while it is only replaced.
        let replaced = try Rule(
            name: "r", conditions: [matches("header(Subject)", "(.*)", as: "s")],
            actions: [replace("var(s)", "(.*)", "$1$1"), remove("var(s)")])
        #expect(fault(run(doubled, [replaced])) == .valueTooLong)
        let heavy = try invite((0..<8).map { _ in "X-A: \(long)" })
        let work = try (0..<64).map {
            Rule(
                name: "\($0)", conditions: [],
                actions: [try replace("header(X-A)", "(?:a|b|a)*(?:a|b)*c", "")])
        }
        #expect(fault(run(heavy, work)) == .tooMuchWork)
        var pass = RulePass(RuleSet(rules: work), trunk: [])
        _ = pass.run(heavy)
        // The last value may go over the limit by its own length.
        #expect(pass.steps > RuleLimits.work && pass.steps <= RuleLimits.work + long.utf8.count)
        let many = try (0...RuleLimits.variables).map {
            Rule(name: "\($0)", actions: [try set("var(v\($0))", "1")])
        }
        #expect(fault(run(try invite(), many)) == .tooManyVariables)
        let growing = try Array(
            repeating: Rule(name: "r", actions: [add("header(X-B)", long)]), count: 14)
        #expect(fault(run(try invite(), growing)) == .messageTooLong)
    }

    @Test func subjectsThatAreNone() {
        for text in [
            "", "foo", "header", "header()", "header(a b)", "header(From", "header(From)x",
            "header(From).what", "request-uri.display", "var(A)", "var()", "sdp(Audio)",
            "method(x)", "header(From).uri-param", "header(From).user(x)", "request-uri.user.host",
        ] {
            #expect(throws: RuleSyntaxError.self, "\(text)") { try Subject(bytes(text)) }
        }
    }
}
