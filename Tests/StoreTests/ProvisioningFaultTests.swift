// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Tenancy
import Testing

@testable import Store

/// What is done to a store from outside: locks, kills, full file systems, other bytes.
@Suite struct ProvisioningFaultTests {
    // MARK: Versions

    private static let next: StaticString = """
        ALTER TABLE accounts ADD COLUMN note TEXT;
        UPDATE accounts SET note = 'moved';
        PRAGMA user_version = 3;
        """
    private static let broken: StaticString = """
        ALTER TABLE accounts ADD COLUMN note TEXT;
        INSERT INTO nowhere VALUES (1);
        PRAGMA user_version = 3;
        """

    /// From every version that was ever shipped, from version 1 on.
    @Test(arguments: 1...SQLiteSchema.steps.count)
    func olderFilesAreBroughtToThisVersion(version: Int) throws {
        let directory = try StoreDirectory()
        do {
            let store = try directory.open(steps: Array(SQLiteSchema.steps.prefix(version)))
            try store.change {
                try store.put(Account(name: "acme"))
                try store.put(try provisioned("+12025550100"))
            }
        }
        let store = try directory.open()
        #expect(try store.number(e164("+12025550100"))?.account == "acme")
        #expect(try store.totals() == StoreTotals(accounts: 1, numbers: 1))
    }

    @Test func aStepKeepsWhatThereIs() throws {
        let directory = try StoreDirectory()
        do {
            let store = try directory.open()
            try store.change { try store.put(Account(name: "acme")) }
        }
        let store = try directory.open(steps: SQLiteSchema.steps + [Self.next])
        #expect(try store.connection.all("SELECT note FROM accounts") { $0.text(0) } == ["moved"])
        #expect(try store.account(named: "acme") == Account(name: "acme"))
    }

    @Test func aStepThatFailsChangesNothing() throws {
        let directory = try StoreDirectory()
        do {
            let store = try directory.open()
            try store.change { try store.put(Account(name: "acme")) }
        }
        #expect(throws: StoreFault.self) {
            try directory.open(steps: SQLiteSchema.steps + [Self.broken])
        }
        let store = try directory.open()
        #expect(try store.account(named: "acme") != nil)
        let columns = try store.connection.all("SELECT name FROM pragma_table_info('accounts')") {
            $0.text(0)
        }
        #expect(!columns.contains("note"))
    }

    @Test func aNewerFileIsRefused() throws {
        let directory = try StoreDirectory()
        _ = try directory.open(steps: SQLiteSchema.steps + [Self.next])
        let fault = #expect(throws: StoreFault.self) { try directory.open() }
        #expect(fault?.kind == .newer)
        #expect(fault?.description.contains("its version is 3") == true)
        #expect(fault?.canPass == false)
    }

    @Test func anotherProgramsFileIsRefused() throws {
        let directory = try StoreDirectory()
        close(open(directory.file, O_CREAT | O_RDWR, 0o600))
        try directory.connect().execute("CREATE TABLE theirs (a)")
        let fault = #expect(throws: StoreFault.self) { try directory.open() }
        #expect(fault?.kind == .corrupt)
        #expect(try directory.connect().all("SELECT a FROM theirs") { $0.integer(0) }.isEmpty)
    }

    // MARK: Locks

    @Test func oneProcessChangesAStore() throws {
        let directory = try StoreDirectory()
        let store = try directory.open()
        let fault = #expect(throws: StoreFault.self) { try directory.open() }
        #expect(fault?.kind == .locked && fault?.canPass == true)
        try store.change { try store.put(Account(name: "acme")) }
    }

    @Test func aFileThatIsLockedTakesChangesAgainAfterwards() throws {
        let directory = try StoreDirectory()
        let store = try directory.open()
        do {
            let other = try directory.connect()
            try other.execute("BEGIN IMMEDIATE")
            let fault = #expect(throws: StoreFault.self) { try store.begin() }
            #expect(fault?.kind == .locked && store.fault == fault)
            #expect(try store.totals() == StoreTotals(accounts: 0, numbers: 0))
            store.probe()
            #expect(store.fault?.kind == .locked)
            try other.execute("COMMIT")
        }
        store.probe()
        #expect(store.fault == nil)
        try store.change { try store.put(Account(name: "acme")) }
    }

    @Test func aFileThatIsLockedForGoodCannotBeOpened() throws {
        let directory = try StoreDirectory()
        _ = try directory.open()
        do {
            let other = try directory.connect()
            try other.execute(
                "PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; UPDATE totals SET accounts = 0;"
            )
            let fault = #expect(throws: StoreFault.self) { try directory.open() }
            #expect(fault?.kind == .locked)
            try other.execute("COMMIT")
        }
        _ = try directory.open()
    }

    // MARK: Kills

    @Test func whatWasNotCommittedIsGoneAfterAKill() throws {
        let directory = try StoreDirectory()
        let tests = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        let process = Process()
        let output = Pipe()
        process.executableURL = tests.appendingPathComponent("store-writer")
        process.arguments = [directory.file]
        process.standardOutput = output
        try process.run()
        var said = ""
        while !said.contains("open\n") {
            let data = output.fileHandleForReading.availableData
            try #require(!data.isEmpty, "the writer ended early")
            said += String(decoding: data, as: UTF8.self)
        }
        var log = stat()
        #expect(stat(directory.file + "-wal", &log) == 0 && log.st_size > 1 << 20)
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        let store = try directory.open()
        #expect(try store.totals() == StoreTotals(accounts: 1, numbers: 100))
        #expect(try store.numberCounts(of: "acme") == [.zoom: 100])
        var values: [UInt64] = []
        try store.loadNumbers { values.append($0.number.value) }
        #expect(values == Array(1_000..<1_100))
        try store.change { try store.put(try provisioned("+12025550100")) }
    }

    // MARK: Full

    /// A file system of one megabyte. Only root can make one.
    @Test(.enabled(if: geteuid() == 0))
    func aFullFileSystemHalfWritesNothing() throws {
        let directory = try StoreDirectory()
        try #require(mount("tmpfs", directory.path, "tmpfs", 0, "size=1m") == 0)
        defer { umount2(directory.path, Int32(MNT_DETACH)) }
        let store = try directory.open()
        try store.change { try store.put(Account(name: "acme")) }
        let filler = open(directory.path + "/filler", O_CREAT | O_RDWR, 0o600)
        let zeros = [UInt8](repeating: 0, count: 4096)
        while write(filler, zeros, zeros.count) > 0 {}
        close(filler)
        var committed: UInt64 = 0
        var fault: StoreFault?
        while fault == nil, committed < 100_000 {
            do {
                try store.change {
                    for offset in 0..<500 {
                        let value = 12_000_000_000 + committed + UInt64(offset)
                        let number = try #require(E164(value: value))
                        try store.put(
                            ProvisionedNumber(number, account: "acme", service: .zoom))
                    }
                }
                committed += 500
            } catch let error as StoreFault {
                fault = error
            }
        }
        #expect(fault?.kind == .full && store.fault == fault)
        #expect(try store.totals().numbers == Int(committed))
        unlink(directory.path + "/filler")
        store.probe()
        #expect(store.fault == nil)
        try store.change { try store.put(try provisioned("+19999999999")) }
        #expect(try store.totals().numbers == Int(committed) + 1)
    }

    // MARK: Other bytes

    private func spoiled(_ offset: Int, _ bytes: [UInt8]) throws -> StoreDirectory {
        let directory = try StoreDirectory()
        do {
            let store = try directory.open()
            try store.change {
                try store.put(Account(name: "acme"))
                for value in UInt64(1_000_000)..<1_005_000 {
                    let number = try #require(E164(value: value))
                    try store.put(ProvisionedNumber(number, account: "acme", service: .zoom))
                }
            }
        }
        let descriptor = open(directory.file, O_RDWR)
        defer { close(descriptor) }
        #expect(pwrite(descriptor, bytes, bytes.count, off_t(offset)) == bytes.count)
        return directory
    }

    @Test(arguments: [0, 100, 4096, 8 * 4096, 20 * 4096])
    func aDamagedFileIsLeftAsItIs(offset: Int) throws {
        let directory = try self.spoiled(offset, [UInt8](repeating: 0xa5, count: 512))
        let before = try Data(contentsOf: URL(fileURLWithPath: directory.file))
        let fault = #expect(throws: StoreFault.self) { try directory.open() }
        #expect(fault?.kind == .corrupt && fault?.canPass == false)
        #expect(fault?.description.contains("put a copy") == true)
        #expect(try Data(contentsOf: URL(fileURLWithPath: directory.file)) == before)
    }

    @Test func damageWhileItIsOpenEndsChanges() throws {
        let directory = try StoreDirectory()
        let store = try directory.open()
        try store.change { try store.put(Account(name: "acme")) }
        try directory.connect().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        let descriptor = open(directory.file, O_RDWR)
        let zeros = [UInt8](repeating: 0xa5, count: 64 * 4096)
        pwrite(descriptor, zeros, zeros.count, 0)
        close(descriptor)
        // It looks at the file again.
        try store.connection.execute("PRAGMA shrink_memory")
        #expect(throws: (any Error).self) {
            try store.loadAccounts { _ in }
            try store.change { try store.put(Account(name: "bigco")) }
            try store.loadNumbers { _ in }
        }
        #expect(store.fault != nil)
    }

    @Test func aTextIsNoStore() throws {
        let directory = try StoreDirectory()
        try "no store".write(toFile: directory.file, atomically: false, encoding: .utf8)
        let fault = #expect(throws: StoreFault.self) { try directory.open() }
        #expect(fault?.kind == .corrupt)
    }

    @Test func aMissingDirectoryIsSaid() throws {
        let fault = #expect(throws: StoreFault.self) {
            try SQLiteStore(path: "/tmp/trunkline-nowhere/provisioning.db")
        }
        #expect(fault?.kind == .failed && fault?.canPass == true)
        #expect(fault?.description.contains("/tmp/trunkline-nowhere") == true)
    }
}
