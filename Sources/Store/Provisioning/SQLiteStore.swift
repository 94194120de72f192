// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The provisioning store in one SQLite file: a log that is written ahead and forced to the disk
/// with each commit. `PATH.lock` keeps a second process from changing it; reading it, as a backup
/// does, is free to everybody whom its rights allow to.
public final class SQLiteStore: ProvisioningStore {
    /// Milliseconds that a change waits for somebody who has locked the file.
    public static let busyMilliseconds: Int32 = 2_000
    /// Bytes up to which the whole file is checked when it is opened. Of a larger one the numbers
    /// are not: loading them reads each of their pages.
    public static let checkedBytesMax = 64 << 20

    /// Its file.
    public let path: String
    /// What keeps it from taking changes, as of the last attempt; nil: nothing does.
    public private(set) var fault: StoreFault?

    let connection: SQLiteConnection
    let auditLinesMax: Int
    private let lock: StoreLock

    /// Opens the file, or makes it, readable and writable by its owner alone; brings it to the
    /// version of this program and checks it.
    public convenience init(path: String) throws(StoreFault) {
        try self.init(path: path, steps: SQLiteSchema.steps)
    }

    init(
        path: String, steps: [StaticString], busyMilliseconds: Int32 = busyMilliseconds,
        auditLinesMax: Int = AuditLine.linesMax
    ) throws(StoreFault) {
        self.lock = try StoreLock(path)
        self.path = path
        self.auditLinesMax = auditLinesMax
        self.connection = try SQLiteConnection(path: path, busyMilliseconds: busyMilliseconds)
        try self.connection.execute(
            """
            PRAGMA trusted_schema = OFF;
            PRAGMA cell_size_check = ON;
            PRAGMA foreign_keys = ON;
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = FULL;
            """)
        try self.migrate(steps)
        try self.check()
    }

    // MARK: Version

    private func migrate(_ steps: [StaticString]) throws(StoreFault) {
        let version = try self.integer("PRAGMA user_version")
        let applicationID = try self.integer("PRAGMA application_id")
        let tables = try self.integer("SELECT count(*) FROM sqlite_master")
        guard version > 0 ? applicationID == SQLiteSchema.applicationID : tables == 0 else {
            throw StoreFault(.corrupt, self.path, "it is another program's file")
        }
        guard version <= steps.count else {
            throw StoreFault(
                .newer, self.path,
                "its version is \(version), and this program knows 1 to \(steps.count)")
        }
        for step in steps.dropFirst(Int(version)) {
            try self.connection.execute("BEGIN IMMEDIATE")
            do throws(StoreFault) {
                try self.connection.execute(step)
                try self.connection.execute("COMMIT")
            } catch {
                self.rollBack()
                throw error
            }
        }
    }

    private func integer(_ sql: StaticString) throws(StoreFault) -> Int64 {
        try self.connection.all(sql) { $0.integer(0) }.first ?? 0
    }

    // MARK: Check

    private func check() throws(StoreFault) {
        let pages = try self.integer("PRAGMA page_count")
        let bytes = try self.integer("PRAGMA page_size").multipliedReportingOverflow(by: pages)
        if !bytes.overflow, bytes.partialValue <= Self.checkedBytesMax {
            try self.check("PRAGMA quick_check(1)")
        } else {
            try self.check("PRAGMA quick_check('deployment')")
            try self.check("PRAGMA quick_check('accounts')")
            try self.check("PRAGMA quick_check('number_counts')")
        }
    }

    private func check(_ sql: StaticString) throws(StoreFault) {
        let found = try self.connection.all(sql) { $0.text(0) ?? "" }
        guard let problem = found.first, problem != "ok" else { return }
        throw self.connection.corrupt("it is damaged (\(problem))")
    }

    // MARK: Transactions

    /// Begins to change. Throws where no change can be taken at the moment; a file that was found
    /// damaged takes none until it is opened again.
    public func begin() throws(StoreFault) {
        if let fault, !fault.canPass { throw fault }
        do throws(StoreFault) {
            try self.connection.execute("BEGIN IMMEDIATE")
        } catch {
            throw self.noted(error)
        }
    }

    /// Keeps what was changed.
    public func commit() throws(StoreFault) {
        do throws(StoreFault) {
            try self.connection.execute("COMMIT")
        } catch {
            throw self.noted(error)
        }
        self.fault = nil
    }

    /// Drops what was changed.
    public func rollBack() {
        // A file that is full has ended the transaction itself.
        guard self.connection.isInTransaction else { return }
        do throws(StoreFault) {
            try self.connection.execute("ROLLBACK")
        } catch {
            _ = self.noted(error)
        }
    }

    /// Tries whether changes can be taken again.
    public func probe() {
        do throws(StoreFault) {
            try self.begin()
            defer { self.rollBack() }
            try self.noting { () throws(StoreFault) in
                try self.connection.run("UPDATE totals SET accounts = accounts")
            }
            try self.commit()
        } catch {
            // It is noted.
        }
    }

    /// Does something with the file; what it throws is remembered.
    @discardableResult
    func noting<Value>(_ body: () throws(StoreFault) -> Value) throws(StoreFault) -> Value {
        do throws(StoreFault) {
            return try body()
        } catch {
            throw self.noted(error)
        }
    }

    private func noted(_ fault: StoreFault) -> StoreFault {
        if fault.kind != .constraint, fault.kind != .unreadable { self.fault = fault }
        return fault
    }
}

/// One process at a time changes a store. The lock stands in a file of its own: closing a file
/// that SQLite has open as well would let go of SQLite's locks.
private final class StoreLock {
    private let descriptor: Int32

    /// Makes the store's file too, if it is not there, with rights that SQLite would not give it.
    init(_ path: String) throws(StoreFault) {
        self.descriptor = try Self.open(path + ".lock")
        guard flock(self.descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(self.descriptor)
            throw StoreFault(.locked, path, "another process changes it")
        }
        do throws(StoreFault) {
            close(try Self.open(path))
        } catch {
            close(self.descriptor)
            throw error
        }
    }

    deinit { close(self.descriptor) }

    private static func open(_ path: String) throws(StoreFault) -> Int32 {
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        let descriptor = Glibc.open(path, flags, 0o600)
        guard descriptor >= 0, fchmod(descriptor, 0o600) == 0 else {
            let kind: StoreFault.Kind = errno == ENOSPC ? .full : .failed
            let words = String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            throw StoreFault(kind, path, words)
        }
        self.give(descriptor, toOwnerOf: path)
        return descriptor
    }

    /// What root makes in the directory of the node's user is that user's.
    private static func give(_ descriptor: Int32, toOwnerOf path: String) {
        guard geteuid() == 0, let slash = path.lastIndex(of: "/") else { return }
        var status = stat()
        guard stat(String(path[...slash]), &status) == 0 else { return }
        _ = fchown(descriptor, status.st_uid, status.st_gid)
    }
}
