// SPDX-License-Identifier: Apache-2.0

import Configuration
import Foundation
import Glibc
import Management
import Store
import Tenancy
import Testing

@testable import Node

@Suite struct ProvisioningNodeTests {
    private let tenant: JSONObject = ["name": "acme", "service": "zoom"]

    private func conditions(_ node: NodeFixture) -> [String] {
        node.shard.conditions().filter { $0.contains("tenants and numbers") }
    }

    @Test func changesAreAppliedBeforeTheAnswerAndFoundAfterARestart() throws {
        let directory = try NodeDirectory()
        let numbers: JSONObject = ["numbers": ["+12025550100-+12025550102"], "tenant": "acme"]
        do {
            let node = try NodeFixture(directory: directory)
            // The list of carrier trunks is one.
            var applied: Int { node.shard.tenants.directory.counters.changes - 1 }
            #expect(try node.result("tenant-add", self.tenant)["state"] == "added")
            #expect(applied == 1)
            #expect(try node.result("number-add", numbers)["added"] == 3)
            #expect(applied == 4)
            var rehearsal = self.tenant
            rehearsal["trunk-set"] = "bypass"
            rehearsal["dry-run"] = true
            #expect(try node.result("tenant-change", rehearsal)["state"] == "changed")
            #expect(applied == 4)
            let line = try node.result("audit-list")["lines"]?[0]
            #expect(line?["user"] == JSONValue(getuid()))
            let figures = try node.result("status")["provisioning"]
            #expect(figures?["tenants"] == 1 && figures?["numbers"] == 3)
            #expect(figures?["changes"] == 4 && figures?["refused"] == 0)
        }
        let node = try NodeFixture(directory: directory)
        // The list of carrier trunks is one.
            var applied: Int { node.shard.tenants.directory.counters.changes - 1 }
        #expect(applied == 4)
        #expect(try node.result("status")["provisioning"]?["numbers"] == 3)
        var info = stat()
        #expect(stat(node.shard.file.store.path, &info) == 0 && info.st_mode & 0o777 == 0o600)
    }

    @Test func refusalsSayTheField() throws {
        let node = try NodeFixture()
        guard case .failure(let error) = node.ask("tenant-add", ["name": "a b"]) else {
            Issue.record("it was done")
            return
        }
        #expect(error.code.rawValue == "bad_value")
        #expect(error.details["field"] == "account.name")
    }

    @Test func aStoreOfItsOwnPath() throws {
        let directory = try NodeDirectory()
        let path = directory.path + "/elsewhere.db"
        let node = try NodeFixture(directory: directory) { $0 + "store: { path: \(path) }\n" }
        _ = try node.result("tenant-add", self.tenant)
        #expect(access(path, F_OK) == 0)
        try node.edit(path, to: path + "2")
        node.shard.reload()
        #expect(node.shard.file.store.path == path)
        #expect(node.shard.conditions().contains { $0.contains("store: changes with the next") })
    }

    @Test func aStoreThatIsHeldIsOpenedWhenItIsFree() throws {
        let directory = try NodeDirectory()
        var holder: SQLiteStore? = try SQLiteStore(path: directory.path + "/provisioning.db")
        try holder?.begin()
        try holder?.put(Account(name: "early"))
        try holder?.commit()
        let node = try NodeFixture(directory: directory)
        // The list of carrier trunks is one.
            var applied: Int { node.shard.tenants.directory.counters.changes - 1 }
        #expect(self.conditions(node).count == 1)
        guard case .failure(let error) = node.ask("tenant-add", self.tenant) else {
            Issue.record("a held store was changed")
            return
        }
        #expect(error.code.rawValue == "store_locked" && error.text.contains("nothing was changed"))
        #expect(applied == 0)
        _ = holder
        holder = nil
        // By itself, without a request.
        node.shard.lookAfterStore()
        #expect(node.run { _ in self.conditions(node).isEmpty })
        #expect(applied == 1)
        #expect(node.shard.tenants.directory.counters.accounts == 1)
        _ = try node.result("tenant-add", self.tenant)
        #expect(applied == 2)
    }

    @Test func aDamagedStoreKeepsNobodyFromCalling() throws {
        let directory = try NodeDirectory()
        let path = directory.path + "/provisioning.db"
        let bytes = Data(repeating: 0xa5, count: 20_000)
        try bytes.write(to: URL(fileURLWithPath: path))
        let node = try NodeFixture(directory: directory)
        let condition = self.conditions(node).first ?? ""
        #expect(condition.contains(path) && condition.contains("put a copy of the file"))
        guard case .failure(let error) = node.ask("tenant-list") else {
            Issue.record("a damaged store was read")
            return
        }
        #expect(error.code.rawValue == "store_corrupt")
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes)
        let peer = try SIPPeer(node.addresses.carrier, to: node.addresses.box)
        peer.send(peer.request("OPTIONS"))
        #expect(peer.expect("SIP/2.0 200", node) != nil)
    }
}
