// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Tenancy

/// Every row of the field constraints (provisioning model, section 1) by its name.
struct FieldTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let field: TextField
        let good: [String]
        let bad: [(String, FieldFault.Code)]
        var testDescription: String { self.field.name }
    }

    static let rows = [
        Row(
            field: Fields.deploymentName,
            good: ["abc", "Carrier-1", String(repeating: "x", count: 24)],
            bad: [
                ("", .required), ("ab", .badValue), (String(repeating: "x", count: 25), .tooLong),
                ("a_b", .badValue), ("a.b", .badValue),
            ]),
        Row(
            field: Fields.baseDomain, good: ["sbc.carrier.example", "a.b"],
            bad: [
                ("", .required), ("carrier", .badValue), ("-a.example", .badValue),
                ("a..b", .badValue), (String(repeating: "x", count: 27) + ".example", .tooLong),
                ("192.0.2.1", .badValue),
            ]),
        Row(
            field: Fields.customHeaderName, good: ["X-MS-Operator-Content", "X!"],
            bad: [
                ("", .required), ("X MS", .badValue), ("X:", .badValue),
                (String(repeating: "X", count: 33), .tooLong),
            ]),
        Row(
            field: Fields.accountName, good: ["acme", "A_b-9", String(repeating: "x", count: 100)],
            bad: [
                ("", .required), ("a b", .badValue), ("a.b", .badValue), ("é", .badValue),
                (String(repeating: "x", count: 101), .tooLong),
            ]),
        Row(
            field: Fields.correlationID, good: ["4711", "a b"],
            bad: [("", .required), ("a\nb", .badValue)]),
        Row(
            field: Fields.teamsTenantID, good: ["12345678-1234-4123-8123-123456789abc"],
            bad: [
                ("", .required), ("12345678123441238123123456789abc", .badValue),
                ("g2345678-1234-4123-8123-123456789abc", .badValue),
                ("12345678-1234-4123-8123-123456789abcd", .tooLong),
            ]),
        Row(
            field: Fields.label, good: ["acme", "a", "123456789", "a-b"],
            bad: [
                ("", .required), ("1234567890", .tooLong), ("a_b", .badValue), ("a.b", .badValue),
                ("*", .badValue),
            ]),
        Row(
            field: Fields.importedLabel, good: ["a_b", "1234567890", "-a-"],
            bad: [("", .required), ("12345678901", .tooLong), ("a.b", .badValue)]),
        Row(
            field: Fields.txtToken, good: ["MS=ms12345678", "a_b-c"],
            bad: [
                ("", .required), ("a b", .badValue), (String(repeating: "x", count: 101), .tooLong),
            ]),
        Row(
            field: Fields.customHeader, good: ["cust-0815", "A_1"],
            bad: [
                ("", .required), ("a b", .badValue), ("a;b", .badValue),
                (String(repeating: "x", count: 101), .tooLong),
            ]),
        Row(
            field: Fields.civicAddress, good: ["1", "main st. 1"],
            bad: [
                ("", .required), ("a\nb", .badValue),
                (String(repeating: "x", count: 101), .tooLong),
            ]),
        Row(
            field: Fields.location, good: ["floor 3"],
            bad: [("", .required), ("é", .badValue)]),
        Row(
            field: Fields.number, good: ["+12025550123", "+10", "+123456789012345"],
            bad: [
                ("", .required), ("12025550123", .badValue), ("+02025550123", .badValue),
                ("+1", .badValue), ("+1234567890123456", .tooLong), ("+1202-5550", .badValue),
            ]),
        Row(
            field: Fields.trunkFQDN, good: ["1r1.sbc.carrier.example"],
            bad: [
                ("", .required), ("sbc", .badValue), ("192.0.2.1", .badValue),
                (String(repeating: "x", count: 63) + ".a", .tooLong),
            ]),
        Row(
            field: Fields.derivedFQDN, good: ["acme.1r1.sbc.carrier.example", "a_b.1r1.example"],
            bad: [("", .required), (String(repeating: "x", count: 41) + ".example", .tooLong)]),
    ]

    @Test func everyFieldHasARow() {
        #expect(Self.rows.map(\.field.name) == Fields.all.map(\.name))
    }

    @Test(arguments: rows)
    func takesWhatIsAllowedAndNothingElse(_ row: Row) {
        for text in row.good { #expect(row.field.fault(text) == nil, "\(text)") }
        for (text, code) in row.bad {
            let fault = row.field.fault(text)
            #expect(fault?.code == code, "\(text)")
            #expect(fault?.field == row.field.name)
            #expect(fault?.allowed == row.field.allowed)
        }
    }

    @Test func labelsMustNotBeginOrEndWithAHyphenUnlessImported() {
        for label in ["-acme", "acme-", "-"] {
            var account = Account(name: "acme")
            account.label = label
            #expect(account.fault()?.field == "account.label", "\(label)")
            account.isLabelImported = true
            #expect(account.fault() == nil, "\(label)")
        }
    }

    @Test func directRoutingNeedsALabel() {
        var account = Account(name: "acme")
        account.services = [.teamsDirectRouting]
        #expect(account.fault()?.code == .required)
        account.label = "acme"
        #expect(account.fault() == nil)
    }

    @Test func labelAndTrunkTogetherHaveAtMost48Characters() {
        var account = Account(name: "acme")
        account.services = [.teamsDirectRouting]
        account.label = "123456789"
        var trunk = Self.trunk("one")
        trunk.fqdn = String(repeating: "x", count: 30) + ".example"
        #expect(account.fault(at: [trunk]) == nil)
        trunk.fqdn = "x" + trunk.fqdn
        #expect(account.fault(at: [trunk])?.code == .tooLong)
    }

    @Test func tokensAreForTwoRegions() {
        var account = Account(name: "acme")
        account.txtTokens = [3: "MS=ms1"]
        #expect(account.fault()?.field == "account.txt-token")
    }

    // MARK: Trunks

    static func trunk(
        _ name: String, _ set: TrunkSet = .plain, port: UInt16 = 5063, region: Int = 1
    ) -> CarrierTrunk {
        CarrierTrunk(
            name: name, service: .teamsDirectRouting, set: set, region: region,
            fqdn: "\(name).sbc.carrier.example", port: port, realm: "edge",
            address: "203.0.113.1")
    }

    @Test func trunksOfMicrosoftsOwnDomainAreRefused() {
        var trunk = Self.trunk("one")
        trunk.fqdn = "contoso.OnMicrosoft.com"
        #expect(trunk.fault()?.field == "trunk.fqdn")
    }

    @Test func noNameServesTwoTrunks() {
        var other = Self.trunk("two", .bypass, port: 5064)
        other.fqdn = "ONE.sbc.carrier.example"
        other.service = .acs
        #expect(CarrierTrunk.fault(among: [Self.trunk("one"), other])?.code == .notUnique)
    }

    @Test func theSetsOfARegionShareTheirRealmAndNotTheirPort() {
        let plain = Self.trunk("1r1")
        var bypass = Self.trunk("1b1", .bypass, port: 5064)
        #expect(CarrierTrunk.fault(among: [plain, bypass]) == nil)
        bypass.realm = "other"
        #expect(CarrierTrunk.fault(among: [plain, bypass])?.field == "trunk.realm")
        bypass.realm = plain.realm
        bypass.port = plain.port
        #expect(CarrierTrunk.fault(among: [plain, bypass])?.field == "trunk.port")
        bypass.region = 2
        #expect(CarrierTrunk.fault(among: [plain, bypass]) == nil)
    }

    @Test func numbersAreIntegers() {
        #expect(E164("+12025550123".utf8)?.value == 12_025_550_123)
        #expect(E164("+12025550123".utf8)?.description == "+12025550123")
        #expect(E164(value: 9) == nil)
        #expect(E164(value: 1_000_000_000_000_000) == nil)
    }
}
