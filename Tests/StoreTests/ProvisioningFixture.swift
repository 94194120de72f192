// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Tenancy
import Testing
import TestSupport

@testable import Store

/// A directory for one store, removed afterwards.
final class StoreDirectory {
    private let directory: TemporaryDirectory

    init() throws { self.directory = try TemporaryDirectory("store", inMemory: true) }

    var path: String { self.directory.path }
    var file: String { self.path + "/provisioning.db" }

    /// Opens the store. A file that is locked is not waited for.
    func open(steps: [StaticString] = SQLiteSchema.steps) throws -> SQLiteStore {
        try SQLiteStore(path: self.file, steps: steps, busyMilliseconds: 0)
    }

    /// Another program's connection to the file.
    func connect() throws -> SQLiteConnection {
        try SQLiteConnection(path: self.file, busyMilliseconds: 0)
    }
}

extension SQLiteStore {
    func change(_ body: () throws -> Void) throws {
        try self.begin()
        do {
            try body()
            try self.commit()
        } catch {
            self.rollBack()
            throw error
        }
    }
}

func e164(_ text: String) throws -> E164 { try #require(E164(text.utf8)) }

func provisioned(
    _ text: String, _ account: String = "acme", _ service: Service = .zoom
) throws -> ProvisionedNumber {
    ProvisionedNumber(try e164(text), account: account, service: service)
}

/// An account with every field.
func fullAccount() -> Account {
    var account = Account(name: "Acme_1")
    account.correlationID = "4711 a"
    account.teamsTenantID = "12345678-1234-4123-8123-123456789abc"
    account.services = [.teamsDirectRouting, .zoom]
    account.label = "acme"
    account.isLabelImported = true
    account.txtTokens = [1: "MS=ms1", 2: "MS=ms2"]
    account.activeSet = .bypass
    account.isScreened = false
    account.screening.sources = [.history, .from]
    account.screening.allowsAnonymous = true
    account.screening.allowsForwarded = false
    account.screening.replacesFrom = false
    return account
}
