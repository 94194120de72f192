// SPDX-License-Identifier: Apache-2.0

public import Tenancy

// Plans of migrations, and what they change beside accounts and numbers.
extension SQLiteStore {
    /// Who uses a set of a service.
    public func usage(
        of set: TrunkSet, service: Service
    ) throws(StoreFault) -> TrunkSetUsage {
        let (setCode, serviceCode) = (NumberCode.code(set) ?? 0, NumberCode.code(service) ?? 0)
        return try self.noting { () throws(StoreFault) in
            let accounts = try self.connection.all(
                """
                SELECT count(*) FROM accounts
                WHERE trunk_set = ?1 AND instr(',' || services || ',', ',' || ?2 || ',') > 0
                """, .text(set.rawValue), .text(service.rawValue)
            ) { Int($0.integer(0)) }
            let numbers = try self.connection.all(
                """
                SELECT count(*) FROM numbers INDEXED BY numbers_with_set
                WHERE trunk_set = ?1 AND service = ?2
                """, .integer(setCode), .integer(serviceCode)
            ) { Int($0.integer(0)) }
            return TrunkSetUsage(accounts: accounts.first ?? 0, numbers: numbers.first ?? 0)
        }
    }

    /// States of trunks that somebody has set.
    public func trunkStates() throws(StoreFault) -> [String: TrunkState] {
        var states: [String: TrunkState] = [:]
        try self.noting { () throws(StoreFault) in
            try self.connection.rows("SELECT name, state FROM trunk_states") { row in
                states[row.text(0) ?? ""] = TrunkState(
                    rawValue: UInt8(clamping: row.integer(1)))
                return true
            }
        }
        return states
    }

    /// Sets one.
    public func put(_ state: TrunkState, ofTrunk name: String) throws(StoreFault) {
        try self.noting { () throws(StoreFault) in
            try self.connection.run(
                "INSERT OR REPLACE INTO trunk_states VALUES (?1, ?2)",
                .text(name), .integer(Int64(state.rawValue)))
        }
    }

    /// Names of the plans, in order.
    public func migrationNames() throws(StoreFault) -> [String] {
        try self.noting { () throws(StoreFault) in
            try self.connection.all("SELECT name FROM migration_plans ORDER BY name") {
                $0.text(0) ?? ""
            }
        }
    }

    /// A plan and the figures of its calls.
    public func migration(named name: String) throws(StoreFault) -> StoredMigration? {
        try self.noting { () throws(StoreFault) in
            try self.connection.all(
                "SELECT plan, figures FROM migration_plans WHERE name = ?1", .text(name)
            ) { (row) throws(StoreFault) in
                do throws(MigrationCodingError) {
                    return StoredMigration(
                        plan: try MigrationPlan(encoded: row.blob(0)),
                        figures: try MigrationFigures(encoded: row.blob(1)))
                } catch {
                    throw StoreFault(
                        .unreadable, self.path,
                        "migration \(name) cannot be read (\(error.code))")
                }
            }.first
        }
    }

    /// Makes the plan, or changes the one of its name.
    public func put(_ migration: StoredMigration) throws(StoreFault) {
        try self.noting { () throws(StoreFault) in
            try self.connection.run(
                "INSERT OR REPLACE INTO migration_plans VALUES (?1, ?2, ?3)",
                .text(migration.plan.name), .blob(migration.plan.encoded()),
                .blob(migration.figures.encoded()))
        }
    }

    /// Sets the figures of a plan that is there.
    public func put(
        _ figures: MigrationFigures, ofMigration name: String
    ) throws(StoreFault) {
        try self.noting { () throws(StoreFault) in
            try self.connection.run(
                "UPDATE migration_plans SET figures = ?2 WHERE name = ?1", .text(name),
                .blob(figures.encoded()))
        }
    }

    /// Removes a plan.
    public func removeMigration(named name: String) throws(StoreFault) {
        try self.noting { () throws(StoreFault) in
            try self.connection.run("DELETE FROM migration_plans WHERE name = ?1", .text(name))
        }
    }
}
