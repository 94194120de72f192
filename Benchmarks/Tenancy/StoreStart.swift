// SPDX-License-Identifier: Apache-2.0

import Glibc
import Store
import Tenancy

/// How long a node that starts reads its tenants and numbers.
struct StoreStart {
    /// Numbers that are written in one transaction.
    private static let numbersOfChange = 100_000

    let path: String
    let population: Population

    /// A file that is made, and so many numbers in it.
    init(path: String, numbers: Int) {
        self.path = path
        self.population = Population(numbers: numbers)
    }

    /// Both as one line of JSON.
    func run() throws -> String {
        let begin = Clock.ns
        try self.fill()
        let filled = Clock.ns
        let (wall, spent) = (Clock.ns, Clock.runNs)
        let store = try SQLiteStore(path: self.path)
        let directory = TenantDirectory()
        try directory.setTrunks(Population.trunks)
        var refused = 0
        func take(_ change: DirectoryChange) {
            do { try directory.apply(change) } catch { refused += 1 }
        }
        try store.loadAccounts { take(.account($0)) }
        try store.loadNumbers { take(.number($0)) }
        let counters = directory.counters
        var status = stat()
        stat(self.path, &status)
        let members: [(String, any CustomStringConvertible)] = [
            ("numbers", counters.numbers), ("accounts", counters.accounts),
            ("refused", refused), ("fill_s", Double(filled - begin) / 1e9),
            ("start_s", Double(Clock.ns - wall) / 1e9),
            ("start_run_s", Double(Clock.runNs - spent) / 1e9),
            ("file_bytes", Int(status.st_size)),
        ]
        return "{" + members.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
    }

    private func fill() throws {
        let store = try SQLiteStore(path: self.path)
        try store.begin()
        for position in 0..<self.population.accounts {
            try store.put(Population.account(position))
        }
        for position in 0..<self.population.numbers {
            guard let number = self.population.provisioned(position) else { continue }
            try store.put(number)
            guard position % Self.numbersOfChange == 0 else { continue }
            try store.commit()
            try store.begin()
        }
        try store.commit()
    }
}
