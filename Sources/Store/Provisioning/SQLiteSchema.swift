// SPDX-License-Identifier: Apache-2.0

internal import Tenancy

/// The tables of a provisioning file, as steps from one version to the next. A step that was
/// shipped is never changed: what it made is in the files of operators. The last statement of each
/// says its version, so that a step and its number are one transaction.
enum SQLiteSchema {
    /// "TRKL": this file is ours.
    static let applicationID: Int64 = 0x5452_4b4c

    /// Step n makes version n + 1 from version n, from an empty file on.
    static let steps: [StaticString] = [version1, version2]

    /// Words and not numbers where there are few rows; what ten million numbers have is small.
    private static let version1: StaticString = """
        PRAGMA application_id = 0x54524b4c;

        CREATE TABLE deployment (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            name TEXT NOT NULL,
            base_domain TEXT,
            custom_header TEXT,
            emergency_routing TEXT NOT NULL,
            voicemail_pilot INTEGER
        ) STRICT;

        CREATE TABLE regions (
            number INTEGER PRIMARY KEY CHECK (number IN (1, 2)),
            esrp_trunks TEXT NOT NULL
        ) STRICT;

        CREATE TABLE accounts (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            correlation_id TEXT,
            teams_tenant TEXT,
            services TEXT NOT NULL,
            label TEXT COLLATE NOCASE UNIQUE,
            is_label_imported INTEGER NOT NULL,
            txt_token_1 TEXT,
            txt_token_2 TEXT,
            trunk_set TEXT NOT NULL,
            is_screened INTEGER NOT NULL,
            screening_sources TEXT NOT NULL,
            allows_anonymous INTEGER NOT NULL,
            allows_forwarded INTEGER NOT NULL,
            replaces_from INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE numbers (
            number INTEGER PRIMARY KEY CHECK (number BETWEEN 10 AND 999999999999999),
            account INTEGER NOT NULL REFERENCES accounts (id),
            service INTEGER NOT NULL CHECK (service BETWEEN 1 AND 5),
            trunk_set INTEGER CHECK (trunk_set IN (1, 2)),
            custom_header TEXT,
            civic_address TEXT,
            location TEXT,
            allows_tenant_update INTEGER
        ) STRICT;
        CREATE INDEX numbers_of_account ON numbers (account);

        CREATE TABLE totals (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            accounts INTEGER NOT NULL,
            numbers INTEGER NOT NULL
        ) STRICT;
        INSERT INTO totals VALUES (1, 0, 0);
        CREATE TABLE number_counts (
            account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
            service INTEGER NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (account, service)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER account_added AFTER INSERT ON accounts BEGIN
            UPDATE totals SET accounts = accounts + 1;
        END;
        CREATE TRIGGER account_removed AFTER DELETE ON accounts BEGIN
            UPDATE totals SET accounts = accounts - 1;
        END;
        CREATE TRIGGER number_added AFTER INSERT ON numbers BEGIN
            UPDATE totals SET numbers = numbers + 1;
            INSERT INTO number_counts VALUES (new.account, new.service, 1)
                ON CONFLICT DO UPDATE SET count = count + 1;
        END;
        CREATE TRIGGER number_removed AFTER DELETE ON numbers BEGIN
            UPDATE totals SET numbers = numbers - 1;
            UPDATE number_counts SET count = count - 1
                WHERE account = old.account AND service = old.service;
        END;
        CREATE TRIGGER number_changed AFTER UPDATE OF account, service ON numbers BEGIN
            UPDATE number_counts SET count = count - 1
                WHERE account = old.account AND service = old.service;
            INSERT INTO number_counts VALUES (new.account, new.service, 1)
                ON CONFLICT DO UPDATE SET count = count + 1;
        END;

        CREATE TABLE trunks (name TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT;
        CREATE TABLE certificates (name TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT;
        CREATE TABLE rule_sets (name TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT;
        CREATE TABLE migration_plans (
            name TEXT PRIMARY KEY,
            document TEXT NOT NULL,
            figures BLOB
        ) STRICT;

        CREATE TABLE audit (
            number INTEGER PRIMARY KEY,
            wall_ms INTEGER NOT NULL,
            user INTEGER,
            verb TEXT NOT NULL,
            subject TEXT NOT NULL,
            before TEXT,
            after TEXT
        ) STRICT;

        PRAGMA user_version = 1;
        """

    /// Plans of migrations as bytes, states of trunks, and which numbers have a set of their own.
    /// Trunks, certificates and rules are files (decision 0018).
    private static let version2: StaticString = """
        DROP TABLE trunks;
        DROP TABLE certificates;
        DROP TABLE rule_sets;
        DROP TABLE migration_plans;
        CREATE TABLE migration_plans (
            name TEXT PRIMARY KEY,
            plan BLOB NOT NULL,
            figures BLOB NOT NULL
        ) STRICT;

        CREATE TABLE trunk_states (
            name TEXT PRIMARY KEY,
            state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 2)
        ) STRICT, WITHOUT ROWID;

        CREATE INDEX numbers_with_set ON numbers (trunk_set, service)
            WHERE trunk_set IS NOT NULL;

        PRAGMA user_version = 2;
        """
}

/// How a service and a trunk set stand in the table of numbers. A value that was given is never
/// given again.
enum NumberCode {
    private static let services: [(Service, Int64)] = [
        (.teamsDirectRouting, 1), (.operatorConnect, 2), (.teamsPhoneMobile, 3), (.zoom, 4),
        (.acs, 5),
    ]
    private static let sets: [(TrunkSet, Int64)] = [(.plain, 1), (.bypass, 2)]

    static func code(_ service: Service) -> Int64? { self.services.first { $0.0 == service }?.1 }
    static func service(_ code: Int64) -> Service? { self.services.first { $0.1 == code }?.0 }
    static func code(_ set: TrunkSet) -> Int64? { self.sets.first { $0.0 == set }?.1 }
    static func set(_ code: Int64) -> TrunkSet? { self.sets.first { $0.1 == code }?.0 }
}
