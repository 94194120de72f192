// SPDX-License-Identifier: Apache-2.0

import Management
import Store
import Tenancy
import Testing

@testable import Provisioning

@Suite struct NumberTests {
    private static let full: JSONObject = [
        "number": "+12025550123", "tenant": "acme", "service": "teams-direct-routing",
        "trunk-set": "bypass", "custom-header": "cust-1", "civic-address": "a 1",
        "location": "l 1", "tenant-update": true,
    ]

    @Test func everyFieldIsTakenAndShown() throws {
        let world = try ServiceFixture()
        let outcome = world.perform("number-add", ["numbers": [.object(Self.full)]])
        #expect(try outcome.answer.get()["added"] == 1)
        #expect(outcome.changes.count == 1)
        #expect(
            try world.ok("number-show", ["number": "+12025550123"]) == .object(Self.full))
        #expect(Self.full.members.map(\.name) == NumberFields.all.map(\.name))
    }

    @Test func addingAgainChangesNothing() throws {
        let world = try ServiceFixture()
        let request: JSONObject = ["numbers": [.object(Self.full)]]
        try world.ok("number-add", request)
        let again = world.perform("number-add", request)
        #expect(try again.answer.get()["unchanged"] == 1 && again.changes.isEmpty)
        var other = Self.full
        other["custom-header"] = .null
        expectRefusal(
            try world.rowRefusal("number-add", ["numbers": [.object(other)]]), .notUnique,
            "number.number")
    }

    @Test func aNumberHasOneTenant() throws {
        let world = try ServiceFixture()
        try world.ok("number-add", ["numbers": ["+12025550100"], "tenant": "bigco"])
        for verb in ["number-add", "number-change", "number-import", "number-remove"] {
            let error = try world.rowRefusal(
                verb, ["numbers": ["+12025550100"], "tenant": "acme", "service": "zoom"])
            expectRefusal(error, .notUnique, "number.number")
            #expect(error["problem"]?.string?.contains("bigco") == true)
        }
        #expect(try world.numbers() == ["+12025550100"])
    }

    @Test func rangesAreNumbers() throws {
        let world = try ServiceFixture()
        let range = "+12025550100-+12025550199"
        let outcome = world.perform(
            "number-add", ["numbers": [.string(range)], "tenant": "bigco"])
        #expect(try outcome.answer.get()["added"] == 100 && outcome.changes.count == 100)
        let line = try world.ok("audit-list", ["subject": "numbers of bigco"])["lines"]?[0]
        #expect(
            line?["after"] == [
                ["number": .string(range), "tenant": "bigco", "service": "operator-connect"]
            ])
        let removed = try world.ok("number-remove", ["numbers": ["+12025550100-+12025550149"]])
        #expect(removed["removed"] == 50)
        #expect(try world.numbers().count == 50)
    }

    @Test func eachNumberOfABatchStandsForItself() throws {
        let world = try ServiceFixture()
        try world.ok(
            "number-add", ["numbers": ["+12025550101"], "tenant": "acme", "service": "zoom"])
        let outcome = world.perform(
            "number-import",
            [
                "tenant": "acme", "service": "zoom",
                "numbers": [
                    "+12025550100", "+12025550101",
                    ["number": "+12025550101", "custom-header": "x"],
                    ["number": "+12025550102", "tenant": "nobody"], "12025550103",
                    ["number": "+12025550104", "custom-header": "not allowed"],
                    ["number": "+12025550105", "tenant": "bigco"],
                    ["number": "+12025550106", "nonsense": 1], ["tenant": "acme"],
                    ["number": "+12025550107", "service": "acs"],
                ],
            ])
        let answer = try outcome.answer.get()
        #expect(
            answer["numbers"]?.array?.map { $0["state"]?.string ?? "" } == [
                "added", "unchanged", "changed", "refused", "refused", "refused", "refused",
                "refused", "refused", "refused",
            ])
        let fields = answer["numbers"]?.array?.compactMap { $0["error"]?["field"]?.string }
        #expect(
            fields == [
                "number.tenant", "number.number", "number.custom-header", "number.service",
                "number.nonsense", "number.number", "number.service",
            ])
        #expect(outcome.changes.count == 2)
        #expect(try world.numbers() == ["+12025550100", "+12025550101"])
    }

    @Test func whatIsNotSaidStays() throws {
        let world = try ServiceFixture()
        try world.ok("number-add", ["numbers": [.object(Self.full)]])
        try world.ok(
            "number-change", ["numbers": ["+12025550123"], "trunk-set": .null])
        var expected = Self.full
        expected["trunk-set"] = .null
        #expect(try world.ok("number-show", ["number": "+12025550123"]) == .object(expected))
        // A file without other columns changes nothing of them.
        let again = try world.ok("number-import", ["numbers": ["+12025550123"], "tenant": "acme"])
        #expect(again["unchanged"] == 1)
    }

    @Test func theOnlyServiceNeedNotBeSaid() throws {
        let world = try ServiceFixture()
        try world.ok("number-add", ["numbers": ["+12025550100"], "tenant": "bigco"])
        let shown = try world.ok("number-show", ["number": "+12025550100"])
        #expect(shown["service"] == "operator-connect")
        expectRefusal(
            try world.rowRefusal("number-add", ["numbers": ["+12025550101"], "tenant": "acme"]),
            .required, "number.service")
    }

    @Test(arguments: [
        ("number-add", ["numbers": []], .required, "number.numbers"),
        ("number-add", ["tenant": "acme"], .required, "number.numbers"),
        ("number-add", ["numbers": "+12025550100"], .badValue, "number.numbers"),
        ("number-add", ["numbers": [1]], .badValue, "number.numbers"),
        ("number-add", ["numbers": ["+12025550100"], "x": 1], .badValue, "number.x"),
        (
            "number-add", ["numbers": ["+12025550100-+12025550200"], "tenant": "acme"],
            .tooLong, "number.numbers"
        ),
        (
            "number-add",
            ["numbers": .array((0...100).map { .string("+1202555\(1000 + $0)") })],
            .tooLong, "number.numbers"
        ),
        ("number-show", ["number": "+1"], .badValue, "number.number"),
        ("number-show", ["number": "+12025550100"], .notFound, "number.number"),
        ("number-list", ["prefix": "1202"], .badValue, "request.prefix"),
        ("number-list", ["after": "x"], .badValue, "request.after"),
        ("number-list", ["tenant": "nobody"], .notFound, "request.tenant"),
    ] as [(String, JSONObject, FieldFault.Code, String)])
    func requestsThatAreRefused(
        verb: String, arguments: JSONObject, code: FieldFault.Code, field: String
    ) throws {
        let world = try ServiceFixture()
        expectRefusal(try world.refusal(verb, arguments), code, field)
    }

    @Test func numbersThatAreNotThere() throws {
        let world = try ServiceFixture()
        for verb in ["number-change", "number-remove"] {
            expectRefusal(
                try world.rowRefusal(verb, ["numbers": ["+12025550100"], "tenant": "acme"]),
                .notFound, "number.number")
        }
    }

    @Test func theLimitOfNumbers() throws {
        var limits = ProvisioningService.Limits()
        limits.numbers = 3
        let world = try ServiceFixture(limits: limits)
        let answer = try world.ok(
            "number-add", ["numbers": ["+12025550100-+12025550104"], "tenant": "bigco"])
        #expect(answer["added"] == 3 && answer["refused"] == 2)
        #expect(answer["numbers"]?[3]?["error"]?["code"] == "too_long")
        #expect(world.service.counters.limitsReached == 2)
        // What is there can be changed all the same.
        let change = try world.ok(
            "number-change", ["numbers": ["+12025550100"], "custom-header": "x"])
        #expect(change["changed"] == 1)
    }

    @Test func listsByTenantAndPrefix() throws {
        let world = try ServiceFixture()
        try world.ok(
            "number-add",
            ["numbers": ["+12025550100-+12025550104", "+1203", "+120"], "tenant": "bigco"])
        try world.ok(
            "number-add",
            ["numbers": ["+12025550110", "+442079460000"], "tenant": "acme", "service": "zoom"])
        let list = { (arguments: JSONObject) in
            try world.ok("number-list", arguments)["numbers"]?.array?
                .compactMap { $0["number"]?.string } ?? []
        }
        #expect(try list([:]).count == 9)
        #expect(try list(["prefix": "+120"]).count == 8)
        #expect(try list(["prefix": "+1202555011"]) == ["+12025550110"])
        #expect(try list(["prefix": "+1202", "tenant": "acme"]) == ["+12025550110"])
        #expect(try list(["prefix": "+999999999999999"]).isEmpty)
        // Page by page, across the lengths of numbers.
        var (seen, after): ([String], JSONValue) = ([], .null)
        repeat {
            let page = try world.ok("number-list", ["after": after, "limit": 2])
            seen += page["numbers"]?.array?.compactMap { $0["number"]?.string } ?? []
            after = page["next"] ?? .null
        } while after != .null
        #expect(seen == (try list([:])))
    }

    @Test(arguments: [
        ("+12025550100", 1), ("+12025550100-+12025550199", 100), ("+10-+99", 90),
        ("+999999999999999", 1),
    ])
    func ranges(text: String, count: Int) throws {
        let range = try #require(NumberRange(text))
        #expect(range.count == count && range.description == text)
        #expect(Array(range.numbers).count == count)
        #expect(range.pieces(of: 7).reduce(0) { $0 + $1.count } == count)
    }

    @Test(arguments: [
        "", "-", "+", "+1", "+12025550199-+12025550100", "+99-+100", "+10-+20-+30", "12025550100",
        "+12025550100-12025550199", "+12025550100 -+12025550199", "+-+", "+1202555010é",
    ])
    func textsThatAreNoRange(text: String) {
        #expect(NumberRange(text) == nil)
    }
}
