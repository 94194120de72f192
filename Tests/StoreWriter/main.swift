// SPDX-License-Identifier: Apache-2.0
// Writes numbers into a store until it is killed: `store-writer PATH`. Says a line when it has
// committed the first hundred, and one in the middle of the transaction after it.

import Glibc
import Store
import Tenancy

private func put(_ values: Range<UInt64>, in store: SQLiteStore) throws {
    for value in values {
        guard let number = E164(value: value) else { continue }
        try store.put(ProvisionedNumber(number, account: "acme", service: .zoom))
    }
}

private func say(_ line: String) { write(STDOUT_FILENO, line + "\n", line.utf8.count + 1) }

private func run(_ path: String) throws {
    let store = try SQLiteStore(path: path)
    try store.begin()
    try store.put(Account(name: "acme"))
    try put(1_000..<1_100, in: store)
    try store.commit()
    say("committed")
    // More than SQLite keeps in memory: what is not committed is in the log already.
    try store.begin()
    try put(10_000..<200_000, in: store)
    say("open")
    pause()
}

try run(CommandLine.arguments[1])
