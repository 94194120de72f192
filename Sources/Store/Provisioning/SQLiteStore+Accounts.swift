// SPDX-License-Identifier: Apache-2.0

public import Tenancy

// Deployment and accounts. Columns of a query stand in the order of the table.
extension SQLiteStore {
    /// What holds for all tenants; nil: nothing was said yet.
    public func deployment() throws(StoreFault) -> Deployment? {
        try self.noting { () throws(StoreFault) in
            try self.connection.all(
                """
                SELECT name, base_domain, custom_header, emergency_routing, voicemail_pilot
                FROM deployment
                """
            ) { (row) throws(StoreFault) in
                var deployment = Deployment(name: row.text(0) ?? "")
                deployment.baseDomain = row.text(1)
                deployment.customHeader = row.text(2)
                guard let routing = Deployment.EmergencyRouting(rawValue: row.text(3) ?? "") else {
                    throw self.connection.corrupt("the deployment has no emergency routing")
                }
                deployment.emergencyRouting = routing
                deployment.voicemailPilot = E164(value: UInt64(clamping: row.integer(4)))
                return deployment
            }.first
        }
    }

    /// Sets it.
    public func put(_ deployment: Deployment) throws(StoreFault) {
        let pilot = deployment.voicemailPilot.map { Int64(clamping: $0.value) }
        try self.noting { () throws(StoreFault) in
            try self.connection.run(
                "INSERT OR REPLACE INTO deployment VALUES (1, ?1, ?2, ?3, ?4, ?5)",
                .text(deployment.name), .init(deployment.baseDomain),
                .init(deployment.customHeader), .text(deployment.emergencyRouting.rawValue),
                pilot.map { .integer($0) } ?? .null)
        }
    }

    /// How many accounts and numbers there are.
    public func totals() throws(StoreFault) -> StoreTotals {
        try self.noting { () throws(StoreFault) in
            try self.connection.all("SELECT accounts, numbers FROM totals") {
                StoreTotals(accounts: Int($0.integer(0)), numbers: Int($0.integer(1)))
            }.first ?? StoreTotals(accounts: 0, numbers: 0)
        }
    }

    /// The account of this name.
    public func account(named name: String) throws(StoreFault) -> Account? {
        try self.noting { () throws(StoreFault) in
            try self.connection.all(
                """
                SELECT name, correlation_id, teams_tenant, services, label, is_label_imported,
                    txt_token_1, txt_token_2, trunk_set, is_screened, screening_sources,
                    allows_anonymous, allows_forwarded, replaces_from
                FROM accounts WHERE name = ?1
                """, .text(name), read: self.account
            ).first
        }
    }

    /// The account with this label, whatever its case.
    public func account(labelled label: String) throws(StoreFault) -> Account? {
        let names = try self.noting { () throws(StoreFault) in
            try self.connection.all("SELECT name FROM accounts WHERE label = ?1", .text(label)) {
                $0.text(0)
            }
        }
        guard let name = names.first.flatMap(\.self) else { return nil }
        return try self.account(named: name)
    }

    /// Accounts whose names begin with `prefix`, by name, after `after`; at most `limit`.
    public func accounts(
        prefix: String, after: String?, limit: Int
    ) throws(StoreFault) -> [Account] {
        try self.noting { () throws(StoreFault) in
            try self.connection.all(
                """
                SELECT name, correlation_id, teams_tenant, services, label, is_label_imported,
                    txt_token_1, txt_token_2, trunk_set, is_screened, screening_sources,
                    allows_anonymous, allows_forwarded, replaces_from
                FROM accounts WHERE name >= ?1 AND substr(name, 1, length(?1)) = ?1 AND name > ?2
                ORDER BY name LIMIT ?3
                """, .text(prefix), .text(after ?? ""), .init(limit), read: self.account)
        }
    }

    /// Makes the account, or changes the one of its name.
    public func put(_ account: Account) throws(StoreFault) {
        let screening = account.screening
        try self.noting { () throws(StoreFault) in
            try self.connection.run(
                """
                INSERT INTO accounts (name, correlation_id, teams_tenant, services, label,
                    is_label_imported, txt_token_1, txt_token_2, trunk_set, is_screened,
                    screening_sources, allows_anonymous, allows_forwarded, replaces_from)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
                ON CONFLICT (name) DO UPDATE SET correlation_id = ?2, teams_tenant = ?3,
                    services = ?4, label = ?5, is_label_imported = ?6, txt_token_1 = ?7,
                    txt_token_2 = ?8, trunk_set = ?9, is_screened = ?10, screening_sources = ?11,
                    allows_anonymous = ?12, allows_forwarded = ?13, replaces_from = ?14
                """,
                .text(account.name), .init(account.correlationID), .init(account.teamsTenantID),
                .text(Self.words(Service.allCases.filter(account.services.contains))),
                .init(account.label), .init(account.isLabelImported),
                .init(account.txtTokens[1]), .init(account.txtTokens[2]),
                .text(account.activeSet.rawValue), .init(account.isScreened),
                .text(Self.words(screening.sources)), .init(screening.allowsAnonymous),
                .init(screening.allowsForwarded), .init(screening.replacesFrom))
        }
    }

    /// Removes an account without numbers.
    public func removeAccount(named name: String) throws(StoreFault) {
        try self.noting { () throws(StoreFault) in
            try self.connection.run("DELETE FROM accounts WHERE name = ?1", .text(name))
        }
    }

    /// How many numbers an account has, by service.
    public func numberCounts(of account: String) throws(StoreFault) -> [Service: Int] {
        var counts: [Service: Int] = [:]
        try self.noting { () throws(StoreFault) in
            try self.connection.rows(
                """
                SELECT service, count FROM number_counts
                WHERE account = (SELECT id FROM accounts WHERE name = ?1) AND count > 0
                """, .text(account)
            ) { row in
                if let service = NumberCode.service(row.integer(0)) {
                    counts[service] = Int(row.integer(1))
                }
                return true
            }
        }
        return counts
    }

    /// Every account, in no particular order.
    public func loadAccounts(_ body: (Account) -> Void) throws(StoreFault) {
        try self.noting { () throws(StoreFault) in
            try self.connection.rows(
                """
                SELECT name, correlation_id, teams_tenant, services, label, is_label_imported,
                    txt_token_1, txt_token_2, trunk_set, is_screened, screening_sources,
                    allows_anonymous, allows_forwarded, replaces_from
                FROM accounts
                """
            ) { (row) throws(StoreFault) in
                body(try self.account(row))
                return true
            }
        }
    }

    private func account(_ row: SQLiteConnection.Row) throws(StoreFault) -> Account {
        var account = Account(name: row.text(0) ?? "")
        account.correlationID = row.text(1)
        account.teamsTenantID = row.text(2)
        account.services = Set(try self.values(row.text(3), account.name))
        account.label = row.text(4)
        account.isLabelImported = row.flag(5)
        account.txtTokens[1] = row.text(6)
        account.txtTokens[2] = row.text(7)
        guard let set = TrunkSet(rawValue: row.text(8) ?? "") else {
            throw self.connection.corrupt("tenant \(account.name) has no trunk set")
        }
        account.activeSet = set
        account.isScreened = row.flag(9)
        account.screening.sources = try self.values(row.text(10), account.name)
        account.screening.allowsAnonymous = row.flag(11)
        account.screening.allowsForwarded = row.flag(12)
        account.screening.replacesFrom = row.flag(13)
        return account
    }

    private static func words<Word: RawRepresentable<String>>(_ words: [Word]) -> String {
        words.map(\.rawValue).joined(separator: ",")
    }

    private func values<Word: RawRepresentable<String>>(
        _ text: String?, _ account: String
    ) throws(StoreFault) -> [Word] {
        let words = (text ?? "").split(separator: ",")
        let values = words.compactMap { Word(rawValue: String($0)) }
        guard values.count == words.count else {
            throw self.connection.corrupt("tenant \(account) has a word that is not known")
        }
        return values
    }
}
