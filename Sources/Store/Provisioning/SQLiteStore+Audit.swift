// SPDX-License-Identifier: Apache-2.0

extension SQLiteStore {
    /// Adds a line to the audit; the oldest go where there are too many.
    public func append(_ line: AuditLine) throws(StoreFault) {
        try self.noting { () throws(StoreFault) in
            try self.connection.run(
                """
                INSERT INTO audit (wall_ms, user, verb, subject, before, after)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                """,
                .integer(line.wallMs), line.user.map { .integer(Int64($0)) } ?? .null,
                .text(line.verb), .text(line.subject), .init(line.before), .init(line.after))
            // The newest is never removed, so that numbers never come twice.
            try self.connection.run(
                "DELETE FROM audit WHERE number <= (SELECT max(number) FROM audit) - ?1",
                .init(self.auditLinesMax))
        }
    }

    /// Lines of the audit, of one subject where one is named, the newest first, older than the line
    /// `before`; at most `limit`.
    public func audit(
        subject: String?, before: Int64?, limit: Int
    ) throws(StoreFault) -> [AuditLine] {
        try self.noting { () throws(StoreFault) in
            try self.connection.all(
                """
                SELECT number, wall_ms, user, verb, subject, before, after FROM audit
                WHERE number < ?1 AND (?2 IS NULL OR subject = ?2)
                ORDER BY number DESC LIMIT ?3
                """, .integer(before ?? .max), .init(subject), .init(limit)
            ) { row in
                var line = AuditLine(
                    wallMs: row.integer(1),
                    user: row.isNull(2) ? nil : UInt32(clamping: row.integer(2)),
                    verb: row.text(3) ?? "", subject: row.text(4) ?? "", before: row.text(5),
                    after: row.text(6))
                line.number = row.integer(0)
                return line
            }
        }
    }
}
