// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Tenancy

/// Look-up rules at call time (provisioning model, section 2), each line by its name.
struct LookUpRuleTests {
    // MARK: From the operator's side to a service

    @Test func numberLeadsToItsAccount() throws {
        let fixture = try DirectoryFixture()
        try fixture.add("+12025550123")
        try fixture.add("+12025550124", of: "globex")
        #expect(try fixture.owner("+12025550123") == "acme")
        #expect(try fixture.owner("+12025550124") == "globex")
        #expect(try fixture.find("+12025550123")?.service == .teamsDirectRouting)
    }

    @Test func unknownNumberIsNobodys() throws {
        let fixture = try DirectoryFixture()
        #expect(try fixture.find("+12025550123") == nil)
        try fixture.add("+12025550123")
        #expect(try fixture.find("+12025550122") == nil)
        #expect(try fixture.find("+1202555012") == nil)
    }

    @Test func unknownNumberGoesToTheTrunksOfTheDefaultService() throws {
        let fixture = try DirectoryFixture()
        func names(_ service: Service) -> [String] {
            fixture.reader.carrierTrunks(of: service, .plain, region: 1).map(\.trunk.name)
        }
        #expect(names(.operatorConnect) == ["oc1"])
        #expect(names(.teamsPhoneMobile) == [])
    }

    @Test func setIsThatOfTheAccount() throws {
        let fixture = try DirectoryFixture()
        try fixture.add("+12025550123")
        try fixture.add("+12025550124", of: "globex")
        #expect(try fixture.placement("+12025550123").trunkSet == .plain)
        #expect(try fixture.placement("+12025550124").trunkSet == .bypass)
    }

    @Test(arguments: TrunkSet.allCases) func setOfTheNumberGoesFirst(_ set: TrunkSet) throws {
        let fixture = try DirectoryFixture()
        try fixture.add("+12025550123", of: "acme", set: set)
        try fixture.add("+12025550124", of: "globex", set: set)
        #expect(try fixture.placement("+12025550123").trunkSet == set)
        #expect(try fixture.placement("+12025550124").trunkSet == set)
    }

    @Test func trunksAreThoseOfTheRegionAndSetInOrder() throws {
        let fixture = try DirectoryFixture()
        try fixture.add("+12025550123")
        try fixture.add("+12025550124", set: .bypass)
        #expect(try fixture.placement("+12025550123", region: 1).names == ["plain1", "plain1b"])
        #expect(try fixture.placement("+12025550123", region: 2).names == ["plain2"])
        #expect(try fixture.placement("+12025550124", region: 1).names == ["bypass1"])
        #expect(try fixture.placement("+12025550124", region: 2).names == ["bypass2"])
        #expect(try fixture.placement("+12025550124", region: 3).names == [])
    }

    @Test func trunksAreThoseOfTheNumbersService() throws {
        let fixture = try DirectoryFixture()
        try fixture.add("+12025550123", .operatorConnect)
        #expect(try fixture.placement("+12025550123").names == ["oc1"])
        #expect(try fixture.placement("+12025550123", region: 2).names == [])
    }

    @Test func contactIsTheDerivedTrunkWithItsPort() throws {
        let fixture = try DirectoryFixture()
        try fixture.add("+12025550123")
        try fixture.add("+12025550124", of: "globex")
        #expect(
            try fixture.placement("+12025550123").contact == "acme.1r1.sbc.carrier.example:5061")
        #expect(
            try fixture.placement("+12025550124").contact
                == "globex_9-x.1b1.sbc.carrier.example:5064")
    }

    @Test func contactIsTheTrunkWhereTheServiceKnowsNoDerivedOnes() throws {
        let fixture = try DirectoryFixture()
        try fixture.add("+12025550123", .operatorConnect)
        #expect(try fixture.placement("+12025550123").contact == "oc1.sbc.carrier.example:5061")
    }

    @Test func customHeaderIsThatOfTheNumber() throws {
        let fixture = try DirectoryFixture()
        try fixture.add("+12025550123", header: "site-1")
        try fixture.add("+12025550124")
        #expect(try fixture.header("+12025550123") == "site-1")
        #expect(try fixture.find("+12025550123")?.hasCustomHeader == true)
        #expect(try fixture.header("+12025550124") == nil)
        #expect(try fixture.find("+12025550124")?.hasCustomHeader == false)
        #expect(try fixture.header("+12025550125") == nil)
    }

    // MARK: From a service

    @Test(arguments: [
        "acme.1r1.sbc.carrier.example", "ACME.1R1.SBC.CARRIER.EXAMPLE",
        "acme.1r1.sbc.carrier.example.",
    ])
    func hostLeadsToTheTenantAndItsTrunk(_ host: String) throws {
        #expect(try DirectoryFixture().host(host) == "acme at plain1")
    }

    @Test func eachTrunkHasItsOwnDerivedTrunks() throws {
        let fixture = try DirectoryFixture()
        #expect(fixture.host("acme.1b1.sbc.carrier.example", port: 5064) == "acme at bypass1")
        #expect(fixture.host("acme.1r2.sbc.carrier.example") == "acme at plain2")
        #expect(fixture.host("globex_9-x.1r1.sbc.carrier.example") == "globex at plain1")
    }

    @Test func portOfTheListenerIsTheTrunks() throws {
        let fixture = try DirectoryFixture()
        #expect(
            fixture.host("acme.1b1.sbc.carrier.example", port: 5061) == "other port than bypass1")
        #expect(fixture.host("1b1.sbc.carrier.example", port: 5061) == "other port than bypass1")
    }

    @Test(arguments: [
        ("nobody.1r1.sbc.carrier.example", "nobody at plain1"),
        ("acme2.1r1.sbc.carrier.example", "nobody at plain1"),
        ("longer-than-any.1r1.sbc.carrier.example", "nobody at plain1"),
        (".1r1.sbc.carrier.example", "nobody at plain1"),
        ("a%me.1r1.sbc.carrier.example", "nobody at plain1"),
        ("acme.other.sbc.carrier.example", "unknown"), ("acme", "unknown"), ("", "unknown"),
        (".", "unknown"), ("x.acme.1r1.sbc.carrier.example", "unknown"),
        ("sbc.carrier.example", "unknown"),
    ])
    func otherHostsAreMisrouted(_ host: String, _ expected: String) throws {
        #expect(try DirectoryFixture().host(host) == expected)
    }

    @Test func trunkItselfIsToldApart() throws {
        #expect(try DirectoryFixture().host("1R1.sbc.carrier.example") == "trunk plain1")
    }

    @Test func serviceWithoutDerivedTrunksHasNone() throws {
        #expect(try DirectoryFixture().host("acme.oc1.sbc.carrier.example") == "nobody at oc1")
    }

    @Test func accountWithoutTheServiceHasNoDerivedTrunk() throws {
        let fixture = try DirectoryFixture()
        var acme = DirectoryFixture.account("acme", label: "acme")
        acme.services = [.operatorConnect]
        try fixture.directory.apply(.account(acme))
        #expect(fixture.host("acme.1r1.sbc.carrier.example") == "nobody at plain1")
    }

    /// The account of the derived trunk and the identity of the caller, as screening takes them.
    @Test func callersAreScreenedByTheDerivedTrunksAccount() throws {
        let fixture = try DirectoryFixture()
        try fixture.add("+12025550123")
        try fixture.add("+12025550124", of: "globex")
        let host = ArraySlice("acme.1r1.sbc.carrier.example".utf8)
        guard case .derived(let account, _) = fixture.reader.derivedTrunk(host: host, port: 5061)
        else { throw FieldFault(.notFound, "account", "", "") }
        func row(_ from: String, emergency: Bool = false) throws -> CallerScreening.Row {
            var claims = CallerClaims()
            claims.from = try DirectoryFixture.e164(from)
            claims.isEmergency = emergency
            return CallerScreening.verdict(
                claims, of: account.index, isScreened: account.isScreened, account.screening,
                owner: fixture.reader.owner
            ).row
        }
        #expect(try row("+12025550123") == .owned)
        #expect(try row("+12025550124") == .foreign)
        #expect(try row("+12025550199") == .unknown)
        #expect(try row("+12025550124", emergency: true) == .emergency)
    }
}
