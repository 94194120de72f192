// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Tenancy

/// What changes do, and which are refused.
struct DirectoryChangeTests {
    // MARK: Numbers

    @Test func listIsMadeUpToTheFirstRefusal() throws {
        let fixture = try DirectoryFixture()
        func change(_ number: UInt64, of account: String) throws -> DirectoryChange {
            .number(
                ProvisionedNumber(
                    try #require(E164(value: number)), account: account, service: .zoom))
        }
        var changes = try (1000..<1200 as Range<UInt64>).map { try change($0, of: "acme") }
        try fixture.directory.apply(changes)
        #expect(fixture.directory.counters.numbers == 200)
        #expect(try fixture.owner("+1199") == "acme")
        changes = try [
            change(2000, of: "globex"), change(2001, of: "nobody"), change(2002, of: "acme"),
        ]
        #expect(throws: FieldFault.self) { try fixture.directory.apply(changes) }
        #expect(try fixture.owner("+2000") == "globex")
        #expect(try fixture.find("+2001") == nil)
        #expect(try fixture.find("+2002") == nil)
    }

    @Test func numberThatMovesIsSeenAtOnce() throws {
        let fixture = try DirectoryFixture()
        try fixture.add("+12025550123", header: "one")
        try fixture.add("+12025550123", of: "globex", .operatorConnect, set: .plain, header: "two")
        #expect(try fixture.owner("+12025550123") == "globex")
        #expect(try fixture.find("+12025550123")?.service == .operatorConnect)
        #expect(try fixture.find("+12025550123")?.trunkSet == .plain)
        #expect(try fixture.header("+12025550123") == "two")
        #expect(fixture.directory.counters.numbers == 1)
        #expect(fixture.directory.counters.texts == 1)
    }

    @Test func removedNumberIsNobodys() throws {
        let fixture = try DirectoryFixture()
        try fixture.add("+12025550123", header: "one")
        try fixture.remove("+12025550123")
        try fixture.remove("+12025550123")
        #expect(try fixture.find("+12025550123") == nil)
        #expect(fixture.directory.counters.numbers == 0)
        #expect(fixture.directory.counters.texts == 0)
    }

    @Test(arguments: Service.allCases, [nil, TrunkSet.plain, .bypass])
    func entryIsOneWord(_ service: Service, _ set: TrunkSet?) throws {
        for text in [nil, 0, NumberEntry.textsMax - 1] {
            let entry = NumberEntry(
                account: AccountIndex(position: 1_048_575, generation: 1023), service: service,
                trunkSet: set, text: text)
            #expect(NumberEntry(word: entry.word) == entry)
        }
    }

    @Test func numberOfAnUnknownTenantIsRefused() throws {
        let fixture = try DirectoryFixture()
        let number = ProvisionedNumber(
            try DirectoryFixture.e164("+12025550123"), account: "Acme",
            service: .teamsDirectRouting)
        let fault = try #require(fixture.fault(.number(number)))
        #expect(fault.code == .notFound)
        #expect(fault.description.contains("tenant Acme"))
        #expect(fixture.directory.counters.faultRefusals == 1)
        #expect(fixture.directory.counters.numbers == 0)
    }

    @Test func headerThatMayNotStandIsRefused() throws {
        let fixture = try DirectoryFixture()
        var number = ProvisionedNumber(
            try DirectoryFixture.e164("+12025550123"), account: "acme",
            service: .teamsDirectRouting)
        number.customHeader = "a\r\nb"
        #expect(fixture.fault(.number(number))?.code == .badValue)
        number.customHeader = String(repeating: "x", count: 101)
        #expect(fixture.fault(.number(number))?.code == .tooLong)
        #expect(fixture.directory.counters.numbers == 0)
    }

    @Test func headersAreShared() throws {
        let fixture = try DirectoryFixture()
        for number in 0..<50 { try fixture.add("+1202555\(1000 + number)", header: "site-1") }
        #expect(fixture.directory.counters.texts == 1)
        for number in 0..<49 { try fixture.remove("+1202555\(1000 + number)") }
        #expect(try fixture.header("+12025551049") == "site-1")
        try fixture.remove("+12025551049")
        #expect(fixture.directory.counters.texts == 0)
    }

    @Test func changeStoresAsMuchInALargeTableAsInASmallOne() throws {
        let fixture = try DirectoryFixture()
        func stored(_ change: () throws -> Void) rethrows -> Int {
            let before = fixture.directory.counters.storedBytes
            try change()
            return fixture.directory.counters.storedBytes - before
        }
        try fixture.add("+12025550123")
        for count in [1, 20_000] {
            for number in 0..<count { try fixture.add("+44\(100_000 + number)") }
            #expect(try stored { try fixture.add("+12025550123", set: .bypass) } == 8)
            #expect(try stored { try fixture.remove("+12025550123") } == 8)
            #expect(try stored { try fixture.add("+12025550123") } == 16)
        }
    }

    // MARK: Accounts

    @Test(arguments: TrunkSet.allCases, [0, 1, 1022, 1023] as [UInt64])
    func accountIsOneWord(_ set: TrunkSet, _ generation: UInt64) {
        for label in [nil, Label("a".utf8), Label("__________".utf8)] {
            let word = AccountWord(label: label, set: set, generation: generation)
            #expect(word.label == label)
            #expect(word.activeSet == set)
            #expect(word.generation == generation)
            #expect(word.next.generation == (generation + 1) % 1024)
            #expect(word.next.label == nil)
        }
    }

    @Test func changedAccountIsSeenAtOnce() throws {
        let fixture = try DirectoryFixture()
        try fixture.add("+12025550123")
        let before = try #require(fixture.reader.account(label: ArraySlice("acme".utf8)))
        var acme = DirectoryFixture.account("acme", label: "acme2")
        acme.activeSet = .bypass
        acme.isScreened = false
        acme.teamsTenantID = "12345678-1234-4123-8123-123456789abc"
        try fixture.directory.apply(.account(acme))
        let after = try #require(fixture.reader.account(before.index))
        #expect(after.index == before.index)
        #expect(after.activeSet == .bypass)
        #expect(!after.isScreened)
        #expect(after.teamsTenantID == acme.teamsTenantID)
        #expect(after.uses(.teamsDirectRouting) && !after.uses(.zoom))
        #expect(fixture.account(label: "acme2") == "acme")
        #expect(fixture.account(label: "acme") == nil)
        #expect(try fixture.placement("+12025550123").trunkSet == .bypass)
    }

    @Test func labelIsUniqueWithoutRegardToCase() throws {
        let fixture = try DirectoryFixture()
        let fault = fixture.fault(.account(DirectoryFixture.account("other", label: "aCME")))
        #expect(fault?.code == .notUnique)
        #expect(fault?.description.contains("tenant acme") == true)
        #expect(fixture.directory.counters.accounts == 2)
        try fixture.directory.apply(.account(DirectoryFixture.account("acme", label: "ACME")))
        #expect(fixture.account(label: "acme") == "acme")
    }

    @Test func nameIsCaseSensitive() throws {
        let fixture = try DirectoryFixture()
        try fixture.directory.apply(.account(DirectoryFixture.account("Acme", label: "acme-2")))
        try fixture.add("+12025550123", of: "Acme")
        #expect(try fixture.owner("+12025550123") == "Acme")
        #expect(fixture.directory.counters.accounts == 3)
    }

    @Test(arguments: ["", "a.b", "12345678901", "ä"])
    func noLabelIsRefused(_ label: String) throws {
        let fixture = try DirectoryFixture()
        let fault = fixture.fault(.account(DirectoryFixture.account("other", label: label)))
        #expect(fault?.field == "account.label")
        #expect(fixture.directory.counters.accounts == 2)
    }

    @Test func labelsAreTheSameIfTheirKeysAre() {
        let labels = [
            "a", "aa", "A", "a0", "0a", "a-", "a_", "-", "_", "0000000000", "zzzzzzzzzz",
        ]
        let keys = labels.compactMap { Label($0.utf8)?.key }
        #expect(keys.count == labels.count)
        #expect(Set(keys).count == labels.count - 1)
        #expect(keys.allSatisfy { $0 > 0 && $0 < 1 << 53 })
        for label in labels {
            var bytes: [UInt8] = []
            Label(label.utf8)?.append(to: &bytes)
            #expect(bytes == Array(label.lowercased().utf8))
        }
    }

    @Test func indexIsNotReusedWhileTheAccountHasNumbers() throws {
        let fixture = try DirectoryFixture()
        try fixture.add("+12025550123")
        let index = try #require(try fixture.find("+12025550123")).account
        try fixture.directory.apply(.accountRemoved("acme"))
        #expect(fixture.account(label: "acme") == nil)
        #expect(try fixture.owner("+12025550123") == nil)
        let entry = try #require(try fixture.find("+12025550123"))
        #expect(fixture.reader.placement(of: entry, region: 1) == nil)

        try fixture.directory.apply(.account(DirectoryFixture.account("acme", label: "acme")))
        let second = try #require(fixture.reader.account(label: ArraySlice("acme".utf8))).index
        #expect(second.position != index.position)
        #expect(try fixture.owner("+12025550123") == nil)
        #expect(fixture.directory.counters.accounts == 3)

        try fixture.remove("+12025550123")
        #expect(fixture.directory.counters.accounts == 2)
        try fixture.directory.apply(.account(DirectoryFixture.account("third", label: "third")))
        let third = try #require(fixture.reader.account(label: ArraySlice("third".utf8))).index
        #expect(third.position == index.position)
        #expect(third != index)
        #expect(fixture.reader.account(index) == nil)
        #expect(fixture.reader.account(third)?.name == "third")
    }

    @Test func numberOfARemovedAccountMayMoveToAnother() throws {
        let fixture = try DirectoryFixture()
        try fixture.add("+12025550123")
        try fixture.directory.apply(.accountRemoved("acme"))
        try fixture.directory.apply(.accountRemoved("acme"))
        try fixture.add("+12025550123", of: "globex")
        #expect(try fixture.owner("+12025550123") == "globex")
        #expect(fixture.directory.counters.accounts == 1)
    }

    // MARK: What there is one of

    @Test func deploymentIsReplaced() throws {
        let fixture = try DirectoryFixture()
        #expect(fixture.reader.deployment == nil)
        var deployment = Deployment(name: "carrier")
        deployment.customHeader = "X-MS-Operator-Content"
        try fixture.directory.apply(.deployment(deployment))
        #expect(fixture.reader.deployment == deployment)
        #expect(fixture.host("acme.1r1.sbc.carrier.example") == "acme at plain1")
    }

    @Test func trunksAreReplacedAsAWhole() throws {
        let fixture = try DirectoryFixture()
        try fixture.directory.setTrunks([DirectoryFixture.trunks[3]])
        #expect(fixture.host("acme.1r1.sbc.carrier.example") == "unknown")
        #expect(fixture.host("acme.1r2.sbc.carrier.example") == "acme at plain2")
    }

    @Test func trunksThatDoNotGoTogetherAreRefused() throws {
        let fixture = try DirectoryFixture()
        let trunk = DirectoryFixture.trunks[0]
        #expect(throws: FieldFault.self) { try fixture.directory.setTrunks([trunk, trunk]) }
        let far = DirectoryFixture.trunk("far", .plain, 3, "1r3.sbc.carrier.example", 5061)
        #expect(throws: FieldFault.self) { try fixture.directory.setTrunks([far]) }
        #expect(fixture.directory.counters.faultRefusals == 2)
        #expect(fixture.host("acme.1r1.sbc.carrier.example") == "acme at plain1")
    }
}
