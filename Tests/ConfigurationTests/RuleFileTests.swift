// SPDX-License-Identifier: Apache-2.0

import Glibc
import Manipulation
import SIPMessage
import Testing

@testable import Configuration

private func read(_ text: String) throws(ConfigurationErrors) -> RuleSet {
    try RuleFile.parse(Array(text.utf8), file: "r.yaml")
}

private let good = """
    rules:
      - name: one
        methods: [INVITE]
        messages: requests
        when:
          - { part: header(From).user, matches: "^0(.*)", as: rest }
          - { part: method, is: INVITE }
          - { part: header(X-A), present: false }
        then:
          - { set: header(From).user, to: "+49$1" }
          - { remove: sdp, matching: "^a=X-" }
          - { replace: header(To).user, pattern: "a", with: "b", everywhere: true }
          - { add: header(X-Trunk), to: "${rest}" }
      - name: two
        status: 180-183
        on-fault: refuse
        then: [{ stop: true }]
    """

@Suite struct RuleFileTests {
    @Test func reads() throws {
        let set = try read(good)
        #expect(set.rules.map(\.name) == ["one", "two"])
        #expect(set.rules[0].conditions.count == 3 && set.rules[0].actions.count == 4)
        #expect(set.rules[0].conditions[2].isNegated)
        #expect(set.rules[0].filter == MessageFilter(kind: .requests, methods: [.invite]))
        #expect(set.rules[1].filter == MessageFilter(kind: .responses, statuses: 180...183))
        #expect(set.rules[1].onFault == .refuse && set.rules[1].actions == [.stop])
    }

    /// One fault at a time: what is written instead, and what is said of it.
    @Test(arguments: [
        ("name: two", "name: one", "14: rules[1].name: \"one\" stands on line 2 too"),
        ("[INVITE]", "[invite]", "3: rules[0].methods[0]: \"invite\" is no method"),
        ("messages: requests", "messages: request", "4: rules[0].messages: is \"request\""),
        ("180-183", "183-180", "15: rules[1].status: is \"183-180\""),
        ("refuse", "drop", "16: rules[1].on-fault: is \"drop\""),
        ("\"^0(.*)\"", "\"^0(.*\"", "6: rules[0].when[0].matches: \"^0(.*\" has a ( without a )"),
        ("as: rest", "as: Rest", "6: rules[0].when[0].as: \"Rest\" is no name of a variable"),
        (
            "part: method, is: INVITE", "part: methods, is: INVITE",
            "7: rules[0].when[1].part: \"methods\" is no part of a message"
        ),
        (
            "is: INVITE", "is: INVITE, contains: A",
            "7: rules[0].when[1]: asks 2 questions; write exactly one of"
        ),
        (
            "set: header(From).user", "set: header(From)",
            "10: rules[0].then[0].set: \"header(From)\" has a tag that has to stay"
        ),
        (
            "set: header(From).user", "set: header(Via)",
            "10: rules[0].then[0].set: \"header(Via)\" is the box's own"
        ),
        ("+49$1", "+49$2", "10: rules[0].then[0].to: asks for $2, which no pattern captures"),
        ("+49$1", "+49$", "10: rules[0].then[0].to: \"+49$\" has a $ with no meaning"),
        (
            ", matching: \"^a=X-\"", "",
            "11: rules[0].then[1].remove: would be without any line"
        ),
        (
            "add: header(X-Trunk)", "add: header(X-Trunk).user",
            "13: rules[0].then[3].add: is one value, to which none can be added"
        ),
        (
            "add: header(X-Trunk), to: \"${rest}\"", "add: sdp, to: \"a=crypto:1\"",
            "13: rules[0].then[3].to: \"a=crypto:1\" is no line that a rule may add"
        ),
        ("{ stop: true }", "", "17: rules[1].then: has 0 items; write 1 to 32 of them"),
        ("stop: true", "stopp: true", "17: rules[1].then[0].stopp: is not known"),
    ])
    func saysWhatIsWrong(_ from: String, _ to: String, _ expected: String) throws {
        let error = #expect(throws: ConfigurationErrors.self) {
            try read(good.replacing(from, with: to, maxReplacements: 1))
        }
        let text = error?.issues.map(\.description).joined(separator: "\n") ?? ""
        #expect(text.contains("r.yaml:" + expected), "\(text)")
    }

    @Test func limits() throws {
        let rule = "  - { name: \"NUMBER\", then: [{ stop: true }] }\n"
        let many = (0...RuleLimits.rules).map { rule.replacing("NUMBER", with: "\($0)") }
        let error = #expect(throws: ConfigurationErrors.self) {
            try read("rules:\n" + many.joined())
        }
        #expect(error?.description.contains("has 257 items; write 1 to 256") == true)
        #expect(throws: ConfigurationErrors.self) {
            try read(String(repeating: "#\n", count: RuleFile.limit))
        }
    }

    @Test func trunkNamesItsFiles() throws {
        let folder = "/tmp/trunkline-rules-\(getpid())"
        #expect(mkdir(folder, 0o700) == 0)
        defer { for name in ["/a.yaml", "/bad.yaml", ""] { remove(folder + name) } }
        func write(_ name: String, _ text: String) throws {
            let file = try #require(fopen(folder + name, "w"))
            #expect(fputs(text, file) >= 0)
            fclose(file)
        }
        try write("/a.yaml", good)
        try write("/bad.yaml", "rules:\n  - { name: a }\n")
        func load(_ line: String) throws(ConfigurationErrors) -> NodeConfiguration {
            let text = sample.replacing("learn-source: false", with: line)
            return try NodeConfiguration.parse(Array(text.utf8), file: folder + "/node.yaml")
        }
        let trunk = try load("rules-in: [a.yaml]\n    rules-out: [a.yaml]").trunks[0]
        #expect(trunk.rules.incoming?.rules.count == 2)
        #expect(trunk.rules.outgoing == trunk.rules.incoming)
        let bad = #expect(throws: ConfigurationErrors.self) { try load("rules-in: [bad.yaml]") }
        #expect(bad?.description.contains("bad.yaml:2: rules[0].then: has 0 items") == true)
        let none = #expect(throws: ConfigurationErrors.self) { try load("rules-in: [none.yaml]") }
        let text = none?.description ?? ""
        #expect(text.contains("trunks[0].rules-in[0]: ") && text.contains("none.yaml"), "\(text)")
    }

    /// What ships beside the product.
    @Test(arguments: ["teams-tenant-to-tgrp", "zoom-identity", "from-carrier"])
    func examplesHaveNoFault(_ name: String) throws {
        var parts = #filePath.utf8.split(separator: UInt8(ascii: "/"))
        parts.removeLast(3)
        let root = parts.reduce("") { $0 + "/" + String(decoding: $1, as: UTF8.self) }
        #expect(try !RuleFile.load(path: "\(root)/appliance/rules/\(name).yaml").rules.isEmpty)
    }
}
