// SPDX-License-Identifier: Apache-2.0
//
// SQLite's handles and the memory that it lends stay in this file.
//
// RULES. A statement is prepared once, from text that is in the program, and lives as long as its
// connection; values only ever get into it by binding. It is reset before it is left, so that no
// transaction is held open. What a row lends is copied before the next step.

internal import CSQLite
internal import Glibc

/// One connection to a SQLite file, used by one thread at a time.
final class SQLiteConnection {
    /// A value that is bound.
    enum Value {
        case null
        case integer(Int64)
        case text(String)
        case blob([UInt8])

        init(_ value: Int?) { self = value.map { .integer(Int64($0)) } ?? .null }
        init(_ value: String?) { self = value.map { .text($0) } ?? .null }
        init(_ value: Bool) { self = .integer(value ? 1 : 0) }
    }

    /// A row while it is looked at. Columns count from zero.
    struct Row {
        fileprivate let statement: OpaquePointer

        /// NULL is zero.
        func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(self.statement, column) }

        func isNull(_ column: Int32) -> Bool {
            sqlite3_column_type(self.statement, column) == SQLITE_NULL
        }

        func flag(_ column: Int32) -> Bool { self.integer(column) != 0 }

        /// Nil for NULL. What is not UTF-8 is repaired.
        func text(_ column: Int32) -> String? {
            guard let bytes = sqlite3_column_text(self.statement, column) else { return nil }
            let count = Int(sqlite3_column_bytes(self.statement, column))
            return String(
                decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
        }

        /// Empty for NULL.
        func blob(_ column: Int32) -> [UInt8] {
            guard let bytes = sqlite3_column_blob(self.statement, column) else { return [] }
            let count = Int(sqlite3_column_bytes(self.statement, column))
            return Array(UnsafeRawBufferPointer(start: bytes, count: count))
        }
    }

    /// Its file.
    let path: String
    private let handle: OpaquePointer
    /// By the place of their text in the program.
    private var statements: [UnsafePointer<UInt8>: OpaquePointer] = [:]

    /// `SQLITE_TRANSIENT`: SQLite copies what it is given.
    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    /// Opens a file that is there. `busyMilliseconds` is how long it waits for another's lock.
    init(path: String, busyMilliseconds: Int32) throws(StoreFault) {
        var handle: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let status = sqlite3_open_v2(path, &handle, flags, nil)
        guard status == SQLITE_OK, let handle else {
            let fault = Self.fault(status, path, handle)
            sqlite3_close_v2(handle)
            throw fault
        }
        self.path = path
        self.handle = handle
        sqlite3_busy_timeout(handle, busyMilliseconds)
    }

    deinit {
        for statement in self.statements.values { sqlite3_finalize(statement) }
        sqlite3_close_v2(self.handle)
    }

    /// A transaction is open.
    var isInTransaction: Bool { sqlite3_get_autocommit(self.handle) == 0 }

    /// Runs statements without values or rows, one after the other.
    func execute(_ sql: StaticString) throws(StoreFault) {
        let status = sqlite3_exec(self.handle, "\(sql)", nil, nil, nil)
        guard status == SQLITE_OK else { throw self.fault(status) }
    }

    /// Runs a statement that gives no rows; how many rows it changed.
    @discardableResult
    func run(_ sql: StaticString, _ values: Value...) throws(StoreFault) -> Int {
        let statement = try self.prepared(sql, values)
        defer { Self.release(statement) }
        let status = sqlite3_step(statement)
        guard status == SQLITE_DONE || status == SQLITE_ROW else { throw self.fault(status) }
        return Int(sqlite3_changes64(self.handle))
    }

    /// Runs a statement and shows its rows, until `body` returns false.
    func rows(
        _ sql: StaticString, _ values: Value..., body: (Row) throws(StoreFault) -> Bool
    ) throws(StoreFault) {
        let statement = try self.prepared(sql, values)
        defer { Self.release(statement) }
        while true {
            let status = sqlite3_step(statement)
            if status == SQLITE_DONE { return }
            guard status == SQLITE_ROW else { throw self.fault(status) }
            guard try body(Row(statement: statement)) else { return }
        }
    }

    /// All that a statement gives.
    func all<Element>(
        _ sql: StaticString, _ values: Value..., read: (Row) throws(StoreFault) -> Element
    ) throws(StoreFault) -> [Element] {
        let statement = try self.prepared(sql, values)
        defer { Self.release(statement) }
        var elements: [Element] = []
        while true {
            let status = sqlite3_step(statement)
            if status == SQLITE_DONE { return elements }
            guard status == SQLITE_ROW else { throw self.fault(status) }
            elements.append(try read(Row(statement: statement)))
        }
    }

    /// A fault of what stands in the file, found by us.
    func corrupt(_ problem: String) -> StoreFault { StoreFault(.corrupt, self.path, problem) }

    private static func release(_ statement: OpaquePointer) {
        sqlite3_reset(statement)
        sqlite3_clear_bindings(statement)
    }

    private func prepared(
        _ sql: StaticString, _ values: [Value]
    ) throws(StoreFault) -> OpaquePointer {
        let statement = try self.prepared(sql)
        for (position, value) in values.enumerated() {
            let index = Int32(position + 1)
            let status =
                switch value {
                case .null: sqlite3_bind_null(statement, index)
                case .integer(let value): sqlite3_bind_int64(statement, index, value)
                case .text(let text):
                    sqlite3_bind_text(
                        statement, index, text, Int32(clamping: text.utf8.count), Self.copied)
                case .blob(let bytes):
                    sqlite3_bind_blob64(
                        statement, index, bytes, UInt64(bytes.count), Self.copied)
                }
            guard status == SQLITE_OK else { throw self.fault(status) }
        }
        return statement
    }

    private func prepared(_ sql: StaticString) throws(StoreFault) -> OpaquePointer {
        if let statement = self.statements[sql.utf8Start] { return statement }
        var statement: OpaquePointer?
        let status = sqlite3_prepare_v3(
            self.handle, "\(sql)", -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        guard status == SQLITE_OK, let statement else { throw self.fault(status) }
        self.statements[sql.utf8Start] = statement
        return statement
    }

    private func fault(_ status: Int32) -> StoreFault {
        Self.fault(status, self.path, self.handle)
    }

    private static func fault(
        _ status: Int32, _ path: String, _ handle: OpaquePointer?
    ) -> StoreFault {
        let words = handle.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) }
        let problem = words ?? String(cString: sqlite3_errstr(status))
        switch status & 0xff {
        case SQLITE_BUSY, SQLITE_LOCKED:
            return StoreFault(.locked, path, "another process has locked it")
        case SQLITE_FULL: return StoreFault(.full, path, "there is no room for it")
        case SQLITE_CORRUPT: return StoreFault(.corrupt, path, "it is damaged (\(problem))")
        case SQLITE_NOTADB: return StoreFault(.corrupt, path, "it is no store (\(problem))")
        case SQLITE_CONSTRAINT: return StoreFault(.constraint, path, problem)
        case SQLITE_IOERR where Self.isOutOfRoom(handle):
            return StoreFault(.full, path, "there is no room for it")
        default: return StoreFault(.failed, path, problem)
        }
    }

    /// Writing the index of the log fails with an I/O error where the log itself would say full.
    private static func isOutOfRoom(_ handle: OpaquePointer?) -> Bool {
        guard let handle else { return false }
        return sqlite3_system_errno(handle) == ENOSPC
    }
}
