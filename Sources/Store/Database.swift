// SPDX-License-Identifier: Apache-2.0

internal import CSQLite

/// Why the store could not do something. Equality looks at the code only.
public struct StoreError: Error, Equatable, CustomStringConvertible {
    /// SQLite's extended result code.
    public let code: Int32
    /// What was tried, and SQLite's words.
    public let description: String

    public static func == (left: StoreError, right: StoreError) -> Bool { left.code == right.code }

    /// True where the disk, or the quota, has no room.
    public var isFull: Bool {
        self.code & 0xff == SQLITE_FULL || self.code == Self.writeFailed
    }

    /// True where the file is not, or no longer, a database of ours.
    var isCorrupt: Bool {
        [SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_FORMAT, SQLITE_MISMATCH, SQLITE_ERROR]
            .contains(self.code & 0xff) || self.code == Self.shortRead
    }

    // Macros of SQLite with a shift in them, which Swift does not see.
    private static let shortRead = SQLITE_IOERR | 2 << 8
    private static let writeFailed = SQLITE_IOERR | 3 << 8
}

/// One SQLite connection and its prepared statements; the only code that calls SQLite.
final class Database {
    private var handle: OpaquePointer?

    init(path: String) throws(StoreError) {
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
            | SQLITE_OPEN_EXRESCODE
        let code = sqlite3_open_v2(path, &self.handle, flags, nil)
        guard code == SQLITE_OK else {
            let error = self.error(code, "open \(path)")
            sqlite3_close_v2(self.handle)
            self.handle = nil
            throw error
        }
        sqlite3_busy_timeout(self.handle, 1000)
    }

    deinit {
        sqlite3_close_v2(self.handle)
    }

    func execute(_ sql: String) throws(StoreError) {
        let code = sqlite3_exec(self.handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw self.error(code, sql) }
    }

    func prepare(_ sql: String) throws(StoreError) -> Statement {
        var raw: OpaquePointer?
        let code = sqlite3_prepare_v3(
            self.handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &raw, nil)
        guard code == SQLITE_OK, let raw else { throw self.error(code, sql) }
        return Statement(raw: raw, database: self)
    }

    /// The first column of the first row, as a number; zero without a row.
    func number(_ sql: String) throws(StoreError) -> Int64 {
        let statement = try self.prepare(sql)
        return try statement.step() ? statement.number(0) : 0
    }

    /// Whether changes wait for a commit.
    var isInTransaction: Bool { sqlite3_get_autocommit(self.handle) == 0 }

    func error(_ code: Int32, _ operation: String) -> StoreError {
        let words = self.handle.flatMap { sqlite3_errmsg($0) } ?? sqlite3_errstr(code)
        let text = words.map { String(cString: $0) } ?? "error"
        return StoreError(code: code, description: "\(operation): \(text) (\(code))")
    }
}

/// A prepared statement.
final class Statement {
    private let raw: OpaquePointer
    private let database: Database

    init(raw: OpaquePointer, database: Database) {
        self.raw = raw
        self.database = database
    }

    deinit {
        sqlite3_finalize(self.raw)
    }

    /// Runs a statement without rows; its parameters are a key and, where given, a version and
    /// bytes. SQLite reads them in place.
    func run(_ key: [UInt8], _ version: Int64 = 0, _ bytes: [UInt8] = []) throws(StoreError) {
        defer {
            sqlite3_reset(self.raw)
            sqlite3_clear_bindings(self.raw)
        }
        let code = key.withUnsafeBytes { key in
            bytes.withUnsafeBytes { bytes in
                self.bind(1, key)
                if sqlite3_bind_parameter_count(self.raw) == 3 {
                    sqlite3_bind_int64(self.raw, 2, version)
                    self.bind(3, bytes)
                }
                return sqlite3_step(self.raw)
            }
        }
        guard code == SQLITE_DONE else { throw self.database.error(code, "write checkpoint") }
    }

    private func bind(_ position: Int32, _ bytes: UnsafeRawBufferPointer) {
        if let base = bytes.baseAddress, !bytes.isEmpty {
            sqlite3_bind_blob64(self.raw, position, base, UInt64(bytes.count), nil)
        } else {
            sqlite3_bind_zeroblob(self.raw, position, 0)
        }
    }

    /// Runs to the next row; false at the end.
    func step() throws(StoreError) -> Bool {
        let code = sqlite3_step(self.raw)
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw self.database.error(code, "read checkpoint")
        }
    }

    func number(_ column: Int32) -> Int64 {
        sqlite3_column_int64(self.raw, column)
    }

    func bytes(_ column: Int32) -> [UInt8] {
        let base = sqlite3_column_blob(self.raw, column)
        let count = Int(sqlite3_column_bytes(self.raw, column))
        return Array(UnsafeRawBufferPointer(start: base, count: base == nil ? 0 : count))
    }
}
