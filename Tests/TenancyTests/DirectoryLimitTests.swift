// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Tenancy

/// Each limit, met: what is there stays, and is counted.
struct DirectoryLimitTests {
    private func limits(
        numbers: Int = 100, accounts: Int = 100, texts: Int = 100
    ) -> TenantDirectory.Limits {
        var limits = TenantDirectory.Limits()
        limits.numbers = numbers
        limits.accounts = accounts
        limits.texts = texts
        return limits
    }

    @Test func numbers() throws {
        let fixture = try DirectoryFixture(self.limits(numbers: 3))
        for number in 0..<3 { try fixture.add("+1202555012\(number)") }
        #expect(throws: FieldFault.self) { try fixture.add("+12025550129") }
        #expect(fixture.directory.counters.limitRefusals == 1)
        #expect(fixture.directory.counters.numbers == 3)
        // Changing one is no number more, and one that goes makes room.
        try fixture.add("+12025550120", of: "globex")
        try fixture.remove("+12025550120")
        try fixture.add("+12025550129")
        #expect(try fixture.owner("+12025550129") == "acme")
    }

    @Test func accounts() throws {
        let fixture = try DirectoryFixture(self.limits(accounts: 2))
        let third = DirectoryChange.account(DirectoryFixture.account("third", label: "third"))
        let fault = try #require(fixture.fault(third))
        #expect(fault.code == .limitReached)
        #expect(fault.description.contains("2 tenants"))
        #expect(fixture.account(label: "third") == nil)
        #expect(fixture.directory.counters.limitRefusals == 1)
        try fixture.directory.apply(.accountRemoved("acme"))
        #expect(fixture.fault(third) == nil)
        #expect(fixture.account(label: "third") == "third")
    }

    @Test func texts() throws {
        let fixture = try DirectoryFixture(self.limits(texts: 2))
        try fixture.add("+12025550121", header: "one")
        try fixture.add("+12025550122", header: "two")
        #expect(throws: FieldFault.self) { try fixture.add("+12025550123", header: "three") }
        #expect(try fixture.find("+12025550123") == nil)
        #expect(fixture.directory.counters.limitRefusals == 1)
        try fixture.add("+12025550123", header: "two")
        try fixture.remove("+12025550121")
        try fixture.add("+12025550121", header: "three")
        #expect(try fixture.header("+12025550121") == "three")
        #expect(try fixture.header("+12025550123") == "two")
    }

    @Test func trunks() throws {
        let fixture = try DirectoryFixture()
        let trunks = (0...64).map {
            DirectoryFixture.trunk("t\($0)", .plain, 1, "t\($0).sbc.carrier.example", 5061)
        }
        try fixture.directory.setTrunks(Array(trunks.dropLast()))
        #expect(throws: FieldFault.self) { try fixture.directory.setTrunks(trunks) }
        #expect(fixture.host("acme.t63.sbc.carrier.example") == "acme at t63")
        #expect(fixture.directory.counters.limitRefusals == 1)
    }

    @Test func readers() throws {
        let directory = TenantDirectory(self.limits())
        var readers = (0..<64).compactMap { _ in directory.makeReader() }
        #expect(readers.count == 64)
        #expect(directory.makeReader() == nil)
        #expect(directory.counters.readerRefusals == 1)
        readers.removeLast()
        #expect(directory.makeReader() != nil)
    }

    /// With one chunk of memory the first block of 16 slots cannot grow; with two one grows to a
    /// whole chunk, and no block is larger.
    @Test(arguments: [(1, 12), (2, 98_304)] as [(Int, UInt64)])
    func memoryOfTheTables(_ chunks: Int, _ expected: UInt64) {
        var reclaimer = Reclaimer(epochs: ReaderEpochs(), memory: TableMemory(chunksMax: chunks))
        var table = FlatTable(partitionBits: 0, mixer: Mixer())
        var keys: UInt64 = 0
        while table.set(keys + 1, to: keys, &reclaimer) == .inserted {
            keys += 1
            _ = reclaimer.collect()
        }
        #expect(keys == expected)
        #expect(table.count == Int(keys))
        #expect((1...keys).allSatisfy { table.view.value($0) == $0 - 1 })
        #expect(table.set(1, to: 5, &reclaimer) == .replaced(0))
        #expect(table.remove(2, &reclaimer) == 1)
        #expect(table.view.value(2) == nil)
    }

    /// A reader that stands still inside keeps what it may see; changes go on until that is too
    /// much, and again when it has left.
    @Test func whatReadersKeep() throws {
        let fixture = try DirectoryFixture()
        let epochs = fixture.directory.tables.epochs
        epochs.enter(7)
        var refusal: FieldFault?
        for change in 0..<5000 where refusal == nil {
            var acme = DirectoryFixture.account("acme", label: "acme")
            acme.activeSet = change.isMultiple(of: 2) ? .bypass : .plain
            refusal = fixture.fault(.account(acme))
        }
        #expect(refusal?.code == .limitReached)
        #expect(fixture.directory.counters.waiting == Reclaimer.waitingMax)
        #expect(fixture.directory.counters.limitRefusals == 1)
        epochs.leave(7)
        try fixture.add("+12025550123")
        #expect(fixture.directory.counters.waiting == 0)
    }
}
