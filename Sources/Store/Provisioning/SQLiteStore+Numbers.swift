// SPDX-License-Identifier: Apache-2.0

public import Tenancy

extension SQLiteStore {
    /// A number.
    public func number(_ number: E164) throws(StoreFault) -> ProvisionedNumber? {
        try self.numbers(in: number...number, of: nil, limit: 1).first
    }

    /// Numbers in a range, of one account where one is named, by value; at most `limit`.
    public func numbers(
        in range: ClosedRange<E164>, of account: String?, limit: Int
    ) throws(StoreFault) -> [ProvisionedNumber] {
        let first = SQLiteConnection.Value.integer(Int64(clamping: range.lowerBound.value))
        let last = SQLiteConnection.Value.integer(Int64(clamping: range.upperBound.value))
        return try self.noting { () throws(StoreFault) in
            guard let account else {
                return try self.connection.all(
                    """
                    SELECT number, service, numbers.trunk_set, custom_header, civic_address,
                        location, allows_tenant_update, name
                    FROM numbers JOIN accounts ON accounts.id = numbers.account
                    WHERE number BETWEEN ?1 AND ?2 ORDER BY number LIMIT ?3
                    """, first, last, .init(limit)
                ) { (row) throws(StoreFault) in try self.number(row, of: row.text(7) ?? "") }
            }
            return try self.connection.all(
                """
                SELECT number, service, trunk_set, custom_header, civic_address, location,
                    allows_tenant_update
                FROM numbers INDEXED BY numbers_of_account
                WHERE account = (SELECT id FROM accounts WHERE name = ?1)
                    AND number BETWEEN ?2 AND ?3 ORDER BY number LIMIT ?4
                """, .text(account), first, last, .init(limit)
            ) { (row) throws(StoreFault) in try self.number(row, of: account) }
        }
    }

    /// Makes the number, or changes it. Its account is there.
    public func put(_ number: ProvisionedNumber) throws(StoreFault) {
        let emergency = number.emergency
        try self.noting { () throws(StoreFault) in
            try self.connection.run(
                """
                INSERT INTO numbers VALUES
                    (?1, (SELECT id FROM accounts WHERE name = ?2), ?3, ?4, ?5, ?6, ?7, ?8)
                ON CONFLICT (number) DO UPDATE SET
                    account = excluded.account, service = ?3, trunk_set = ?4, custom_header = ?5,
                    civic_address = ?6, location = ?7, allows_tenant_update = ?8
                """,
                .integer(Int64(clamping: number.number.value)), .text(number.account),
                NumberCode.code(number.service).map { .integer($0) } ?? .null,
                number.trunkSet.flatMap(NumberCode.code).map { .integer($0) } ?? .null,
                .init(number.customHeader), .init(emergency?.civicAddressID),
                .init(emergency?.locationID),
                emergency.map { .init($0.allowsTenantUpdate) } ?? .null)
        }
    }

    /// Removes a number.
    public func remove(_ number: E164) throws(StoreFault) {
        try self.noting { () throws(StoreFault) in
            try self.connection.run(
                "DELETE FROM numbers WHERE number = ?1", .integer(Int64(clamping: number.value)))
        }
    }

    /// Every number, by value: blocks of one account come one after the other.
    public func loadNumbers(_ body: (ProvisionedNumber) -> Void) throws(StoreFault) {
        var names: [Int64: String] = [:]
        try self.noting { () throws(StoreFault) in
            try self.connection.rows("SELECT id, name FROM accounts") { row in
                names[row.integer(0)] = row.text(1)
                return true
            }
            var (account, name): (Int64, String) = (-1, "")
            try self.connection.rows(
                """
                SELECT number, service, trunk_set, custom_header, civic_address, location,
                    allows_tenant_update, account
                FROM numbers ORDER BY number
                """
            ) { (row) throws(StoreFault) in
                if row.integer(7) != account {
                    account = row.integer(7)
                    guard let found = names[account] else {
                        throw self.connection.corrupt("number \(row.integer(0)) has no tenant")
                    }
                    name = found
                }
                body(try self.number(row, of: name))
                return true
            }
        }
    }

    private func number(
        _ row: SQLiteConnection.Row, of account: String
    ) throws(StoreFault) -> ProvisionedNumber {
        guard let number = E164(value: UInt64(clamping: row.integer(0))),
            let service = NumberCode.service(row.integer(1))
        else { throw self.connection.corrupt("\(row.integer(0)) is no number of a service") }
        var provisioned = ProvisionedNumber(number, account: account, service: service)
        provisioned.trunkSet = NumberCode.set(row.integer(2))
        provisioned.customHeader = row.text(3)
        if !row.isNull(6) {
            provisioned.emergency = ProvisionedNumber.EmergencyAddress(
                civicAddressID: row.text(4), locationID: row.text(5),
                allowsTenantUpdate: row.flag(6))
        }
        return provisioned
    }
}
