// SPDX-License-Identifier: Apache-2.0

import Management
import Store
import Tenancy
import Testing

@testable import Provisioning

@Suite struct TenantTests {
    private static let full: JSONObject = [
        "name": "full_1", "correlation-id": "4711",
        "teams-tenant": "32345678-1234-4123-8123-123456789abc",
        "service": ["teams-direct-routing", "acs"], "label": "a_b", "label-imported": true,
        "txt-token": ["1": "MS=ms1", "2": "MS=ms2"], "trunk-set": "bypass", "screening": false,
        "screening-sources": ["history-info", "from"], "screening-anonymous": "allow",
        "screening-forwarded": "reject", "screening-from": "reject",
    ]

    @Test func everyFieldIsTakenAndShown() throws {
        let world = try ServiceFixture()
        let outcome = world.perform("tenant-add", Self.full)
        let answer = try outcome.answer.get()
        #expect(answer["state"] == "added")
        #expect(answer["tenant"] == .object(Self.full))
        #expect(Set(Self.full.members.map(\.name)) == Set(AccountFields.all.map(\.name)))
        var shown = Self.full
        shown["numbers"] = [:]
        #expect(try world.ok("tenant-show", ["name": "full_1"]) == .object(shown))
        guard case .account(let account) = outcome.changes.first else {
            Issue.record("no change")
            return
        }
        #expect(outcome.changes.count == 1 && account.label == "a_b")
    }

    @Test func addingAgainChangesNothing() throws {
        let world = try ServiceFixture()
        try world.ok("tenant-add", Self.full)
        let again = world.perform("tenant-add", Self.full)
        #expect(try again.answer.get()["state"] == "unchanged" && again.changes.isEmpty)
        var other = Self.full
        other["label"] = "other"
        expectRefusal(try world.refusal("tenant-add", other), .notUnique, "account.name")
    }

    @Test func aChangeChangesWhatItSays() throws {
        let world = try ServiceFixture()
        let answer = try world.ok(
            "tenant-change", ["name": "acme", "txt-token": "1=MS=a,2=b", "screening": "off"])
        #expect(answer["state"] == "changed")
        #expect(answer["tenant"]?["txt-token"] == ["1": "MS=a", "2": "b"])
        #expect(answer["tenant"]?["label"] == "acme" && answer["tenant"]?["screening"] == false)
        let less = try world.ok("tenant-change", ["name": "acme", "txt-token": "1="])
        #expect(less["tenant"]?["txt-token"] == ["2": "b"])
        let none = try world.ok(
            "tenant-change", ["name": "acme", "txt-token": .null, "correlation-id": ""])
        #expect(none["tenant"]?["txt-token"] == [:])
        #expect(try world.ok("tenant-change", ["name": "acme"])["state"] == "unchanged")
    }

    @Test func aRehearsalChangesNothing() throws {
        let world = try ServiceFixture()
        let before = try world.everything()
        for (verb, arguments) in [
            ("tenant-add", ["name": "other", "dry-run": true]),
            ("tenant-change", ["name": "acme", "trunk-set": "bypass", "dry-run": true]),
            ("tenant-remove", ["name": "bigco", "dry-run": true]),
            ("tenant-import", ["tenants": [["name": "x"]], "dry-run": true]),
            ("deployment-change", ["name": "carrier", "dry-run": true]),
            ("number-add", ["numbers": ["+12025550100"], "tenant": "bigco", "dry-run": true]),
        ] as [(String, JSONObject)] {
            let outcome = world.perform(verb, arguments)
            #expect(try outcome.answer.get()["dry-run"] == true)
            #expect(outcome.changes.isEmpty)
            #expect(try world.everything() == before)
        }
        #expect(try world.ok("audit-list", [:])["lines"]?.array?.count == 2)
    }

    // MARK: Refusals

    @Test(arguments: [
        (["name": "a b"], .badValue, "account.name"), ([:], .required, "account.name"),
        (["name": 1], .badValue, "account.name"),
        (["name": "x", "nonsense": 1], .badValue, "account.nonsense"),
        (["name": "x", "label": "toolonglabel"], .tooLong, "account.label"),
        (["name": "x", "label": "a_b"], .badValue, "account.label"),
        (["name": "x", "label": "ACME"], .notUnique, "account.label"),
        (["name": "x", "service": "teams-direct-routing"], .required, "account.label"),
        (["name": "x", "service": "fax"], .badValue, "account.service"),
        (["name": "x", "service": ["zoom", "zoom"]], .notUnique, "account.service"),
        (["name": "x", "service": [1]], .badValue, "account.service"),
        (["name": "x", "teams-tenant": "1"], .badValue, "account.teams-tenant"),
        (["name": "x", "txt-token": ["3": "a"]], .badValue, "account.txt-token"),
        (["name": "x", "txt-token": "a"], .badValue, "account.txt-token"),
        (["name": "x", "txt-token": ["1": "a b"]], .badValue, "account.txt-token"),
        (["name": "x", "trunk-set": "other"], .badValue, "account.trunk-set"),
        (["name": "x", "screening": "maybe"], .badValue, "account.screening"),
        (["name": "x", "screening-sources": []], .required, "account.screening-sources"),
        (
            ["name": "x", "screening-anonymous": "on"], .badValue, "account.screening-anonymous"
        ),
        (["name": "x", "correlation-id": "a\u{7}"], .badValue, "account.correlation-id"),
    ] as [(JSONObject, FieldFault.Code, String)])
    func tenantsThatAreRefused(
        arguments: JSONObject, code: FieldFault.Code, field: String
    ) throws {
        let world = try ServiceFixture()
        expectRefusal(try world.refusal("tenant-add", arguments), code, field)
    }

    @Test func whatIsNotThereIsNotChanged() throws {
        let world = try ServiceFixture()
        for verb in ["tenant-change", "tenant-remove", "tenant-show"] {
            expectRefusal(
                try world.refusal(verb, ["name": "nobody"]), .notFound, "account.name")
        }
        let error = try world.refusal("tenant-dance", [:])
        #expect(error["code"] == "unknown_verb")
    }

    @Test func theTeamsTenantIsFrozenWhileItHasSuchNumbers() throws {
        let world = try ServiceFixture()
        let other: JSONObject = [
            "name": "bigco", "teams-tenant": "42345678-1234-4123-8123-123456789abc",
        ]
        try world.ok("number-add", ["numbers": ["+12025550100"], "tenant": "bigco"])
        expectRefusal(try world.refusal("tenant-change", other), .inUse, "account.teams-tenant")
        // Other fields are not, and other services freeze nothing.
        try world.ok("tenant-change", ["name": "bigco", "correlation-id": "1"])
        try world.ok(
            "number-add", ["numbers": ["+12025550101"], "tenant": "acme", "service": "zoom"])
        try world.ok("tenant-change", ["name": "acme", "teams-tenant": .null])
        try world.ok("number-remove", ["numbers": ["+12025550100"]])
        try world.ok("tenant-change", other)
    }

    @Test func aServiceWithNumbersStays() throws {
        let world = try ServiceFixture()
        try world.ok("number-add", ["numbers": ["+12025550100"], "tenant": "bigco"])
        expectRefusal(
            try world.refusal("tenant-change", ["name": "bigco", "service": "zoom"]), .inUse,
            "account.service")
        try world.ok("tenant-change", ["name": "bigco", "service": "zoom,operator-connect"])
    }

    @Test func aTenantWithNumbersGoesOnlyWithThem() throws {
        let world = try ServiceFixture()
        try world.ok(
            "number-add", ["numbers": ["+12025550100-+12025550102"], "tenant": "bigco"])
        expectRefusal(
            try world.refusal("tenant-remove", ["name": "bigco"]), .inUse, "account.name")
        let outcome = world.perform("tenant-remove", ["name": "bigco", "delete-numbers": true])
        #expect(try outcome.answer.get()["numbers"] == 3)
        // Numbers go before their account.
        #expect(outcome.changes.count == 4)
        #expect(outcome.changes.last == .accountRemoved("bigco"))
        #expect(try world.numbers().isEmpty)
        #expect(try world.ok("tenant-list", [:])["tenants"]?.array?.count == 1)
    }

    @Test func limitsOfTenants() throws {
        var limits = ProvisioningService.Limits()
        limits.accounts = 3
        limits.removedWithAccount = 2
        let world = try ServiceFixture(limits: limits)
        try world.ok("tenant-add", ["name": "third"])
        expectRefusal(
            try world.refusal("tenant-add", ["name": "fourth"]), .tooLong, "account.name")
        try world.ok(
            "number-add", ["numbers": ["+12025550100-+12025550102"], "tenant": "bigco"])
        expectRefusal(
            try world.refusal("tenant-remove", ["name": "bigco", "delete-numbers": true]),
            .tooLong, "account.delete-numbers")
        #expect(world.service.counters.limitsReached == 2)
        #expect(world.service.counters.refused == 2)
    }

    // MARK: Lists, imports, audit

    @Test func listsComeInPages() throws {
        let world = try ServiceFixture()
        for number in 1...5 { try world.ok("tenant-add", ["name": .string("t\(number)")]) }
        let first = try world.ok("tenant-list", ["prefix": "t", "limit": 2])
        #expect(first["tenants"]?.array?.map { $0["name"] } == ["t1", "t2"])
        #expect(first["next"] == "t2")
        let rest = try world.ok("tenant-list", ["prefix": "t", "after": "t2", "limit": 3])
        #expect(rest["tenants"]?.array?.count == 3 && rest["next"] == .null)
        for limit in [0, 1001] {
            expectRefusal(
                try world.refusal("tenant-list", ["limit": JSONValue(limit)]), .badValue,
                "request.limit")
        }
    }

    @Test func tenantsOfAFileStandEachForItself() throws {
        let world = try ServiceFixture()
        let outcome = world.perform(
            "tenant-import",
            [
                "tenants": [
                    ["name": "new", "label": "new"], ["name": "acme", "trunk-set": "bypass"],
                    ["name": "bigco"], ["name": "bad", "label": "NEW"], "nonsense",
                ]
            ])
        let answer = try outcome.answer.get()
        #expect(
            answer["tenants"]?.array?.map { $0["state"] } == [
                "added", "changed", "unchanged", "refused", "refused",
            ])
        #expect(outcome.changes.count == 2)
        #expect(answer["refused"] == 2 && world.service.counters.refused == 2)
        #expect(try world.ok("tenant-show", ["name": "acme"])["trunk-set"] == "bypass")
    }

    @Test func everyChangeLeavesALine() throws {
        let world = try ServiceFixture()
        try world.ok("tenant-change", ["name": "acme", "trunk-set": "bypass"])
        try world.ok("tenant-remove", ["name": "bigco"])
        let lines = try #require(world.ok("audit-list", [:])["lines"]?.array)
        #expect(
            lines.map { $0["verb"] } == [
                "tenant-remove", "tenant-change", "tenant-add", "tenant-add",
            ])
        #expect(lines.allSatisfy { $0["user"] == 1000 && $0["wall_ms"] == 1_700_000_000_000 })
        #expect(lines[0]["before"]?["name"] == "bigco" && lines[0]["after"] == .null)
        #expect(lines[1]["before"]?["trunk-set"] == "plain")
        #expect(lines[1]["after"]?["trunk-set"] == "bypass")
        #expect(lines[2]["before"] == .null && lines[2]["subject"] == "tenant bigco")
        let one = try world.ok("audit-list", ["subject": "tenant acme", "limit": 1])
        #expect(one["lines"]?[0]?["verb"] == "tenant-change")
        let rest = try world.ok(
            "audit-list", ["subject": "tenant acme", "before": one["next"] ?? .null])
        #expect(rest["lines"]?.array?.count == 1 && rest["next"] == .null)
    }

    @Test func theDeployment() throws {
        let world = try ServiceFixture()
        expectRefusal(
            try world.refusal("deployment-show", [:]), .notFound, "deployment.name")
        expectRefusal(
            try world.refusal("deployment-change", ["custom-header": "X-A"]), .required,
            "deployment.name")
        let values: JSONObject = [
            "name": "carrier-1", "base-domain": "sbc.carrier.example", "custom-header": "X-A",
            "emergency-routing": "direct-to-esrp", "voicemail-pilot": "+12025550100",
        ]
        let outcome = world.perform("deployment-change", values)
        #expect(try outcome.answer.get()["deployment"] == .object(values))
        #expect(outcome.changes.count == 1)
        #expect(Set(values.members.map(\.name)) == Set(DeploymentFields.all.map(\.name)))
        #expect(try world.ok("deployment-show", [:]) == .object(values))
        #expect(try world.ok("deployment-change", values)["state"] == "unchanged")
        for (name, value) in [
            ("voicemail-pilot", "1"), ("emergency-routing", "x"), ("base-domain", "x"),
            ("custom-header", "X Y"),
        ] {
            expectRefusal(
                try world.refusal("deployment-change", [name: .string(value)]), .badValue,
                "deployment.\(name)")
        }
    }
}
