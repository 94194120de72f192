// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Manipulation

@Suite struct PatternTests {
    /// The whole match and its captures; nil without a match. "-" is a group that took no part.
    private func match(_ pattern: String, _ value: String, ignoringCase: Bool = false) throws
        -> [String]?
    {
        let pattern = try Pattern(Array(pattern.utf8), ignoringCase: ignoringCase)
        var budget = WorkBudget(1_000_000)
        let bytes = Array(value.utf8)
        guard let match = pattern.firstMatch(in: bytes[...], &budget) else { return nil }
        return match.ranges.map { $0.map { String(decoding: bytes[$0], as: UTF8.self) } ?? "-" }
    }

    @Test(arguments: [
        ("abc", "xxabcx", ["abc"]), ("a.c", "abc", ["abc"]), ("^abc$", "abc", ["abc"]),
        ("a|bc", "xbc", ["bc"]), ("(a|ab)(c|bcd)", "abcd", ["abcd", "a", "bcd"]),
        ("a*", "aaa", ["aaa"]), ("a*", "b", [""]), ("(a+)(b*)", "xaab", ["aab", "aa", "b"]),
        ("a?b", "ab", ["ab"]), ("(a)|(b)", "b", ["b", "-", "b"]), ("a{2,3}", "aaaa", ["aaa"]),
        ("a{2}", "aaa", ["aa"]), ("a{2,}", "aaaa", ["aaaa"]), ("a{0}b", "ab", ["b"]),
        ("[a-c]+", "xbcay", ["bca"]), ("[^a-c]+", "abxyc", ["xy"]), ("[]a]+", "x]a", ["]a"]),
        ("[a-]+", "x-a", ["-a"]), ("[\\d.]+", "v1.2", ["1.2"]), ("\\d{3}", "ab123", ["123"]),
        ("\\w+", "-ab_1-", ["ab_1"]), ("\\.", "a.b", ["."]), ("(?:ab)+", "xababx", ["abab"]),
        ("(a*)*", "aa", ["aa", "aa"]), ("(a*)+b", "aab", ["aab", "aa"]), ("()", "x", ["", ""]),
        ("^$", "", [""]), ("$", "ab", [""]), ("x*$", "axx", ["xx"]), ("\\s\\S", "a b", [" b"]),
        ("a||b", "b", [""]), ("(^a|b)c", "bc", ["bc", "b"]),
        ("^sip:(\\+?[0-9]+)@([^;>]+)", "sip:+1555@a.b;x", ["sip:+1555@a.b", "+1555", "a.b"]),
    ])
    func matches(_ pattern: String, _ value: String, _ expected: [String]) throws {
        #expect(try self.match(pattern, value) == expected)
    }

    @Test(arguments: [
        ("abc", "ab"), ("^b", "ab"), ("a$", "ab"), ("a{3}", "aa"), ("[^a]", "a"), ("a+", ""),
        ("\\D", "12"), ("ab", "AB"), ("^^ab$$", "aab"),
    ])
    func doesNotMatch(_ pattern: String, _ value: String) throws {
        #expect(try self.match(pattern, value) == nil)
    }

    @Test func ignoresCase() throws {
        #expect(try self.match("aB[x-z]", "AbY", ignoringCase: true) == ["AbY"])
        #expect(try self.match("[^a]", "A", ignoringCase: true) == nil)
        #expect(try self.match("@[\\[]", "@{", ignoringCase: true) == nil)
    }

    @Test(arguments: [
        "(", ")", "a)", "[a", "a**", "*a", "+", "a{2", "a{x}", "a{3,2}", "a{256}", "a\\", "\\q",
        "(?=a)", "[b-a]", "^*", "{1}", "((((((((((a))))))))))", "(a{255}){255}",
        String(repeating: "(?:", count: 17) + String(repeating: ")", count: 17),
        String(repeating: "a", count: 513),
    ])
    func isRefused(_ pattern: String) {
        #expect(throws: PatternError.self) { try Pattern(Array(pattern.utf8)) }
    }

    /// What makes matchers that go back take exponential time: here each octet costs at most a
    /// step for each place of the program.
    @Test(arguments: ["(a*)*b", "(a|a)*b", "(a|aa)+$", "(?:a?){50}a{50}b", "(.*)(.*)(.*)(.*)x"])
    func workIsLinear(_ source: String) throws {
        let pattern = try Pattern(Array(source.utf8))
        let value = [UInt8](repeating: UInt8(ascii: "a"), count: 10_000)
        let bound = pattern.program.count * (value.count + 2)
        var budget = WorkBudget(bound)
        _ = pattern.firstMatch(in: value[...], &budget)
        #expect(budget.left >= 0)
    }

    @Test func stopsWhenTheBudgetIsUsedUp() throws {
        let pattern = try Pattern(Array("a*b".utf8))
        let value = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000)
        var budget = WorkBudget(100)
        #expect(pattern.firstMatch(in: value[...], &budget) == nil)
        #expect(budget.left < 0)
    }

    @Test func templates() throws {
        let template = try Template(Array("a$1$$${b-2}$0".utf8))
        #expect(template.highestCapture == 1)
        #expect(template.variables == [Array("b-2".utf8)])
        for text in ["$", "$x", "${", "${A}", "${}", "a\r\nb"] {
            #expect(throws: RuleSyntaxError.self) { try Template(Array(text.utf8)) }
        }
    }
}
