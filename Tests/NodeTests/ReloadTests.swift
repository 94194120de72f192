// SPDX-License-Identifier: Apache-2.0

import Configuration
import Foundation
import Management
import Testing

@testable import Node

@Suite struct ReloadTests {
    private func conditions(_ node: NodeFixture) throws -> [String] {
        let all = try node.result("status")["conditions"]?.array ?? []
        return all.compactMap(\.string).filter { $0.hasPrefix("configuration: ") }
    }

    @Test func goodFileIsInForce() throws {
        let node = try NodeFixture()
        let peer = try SIPPeer(node.addresses.stranger, to: node.addresses.box)
        peer.send(peer.request("OPTIONS", call: "before"))
        #expect(peer.expect("SIP/2.0 403", node) != nil)
        try node.edit(
            "routes:",
            to: "  - { name: more, listener: udp, realm: inside, "
                + "peer: \"sip:\(node.addresses.stranger)\" }\nroutes:")
        node.shard.reload()
        #expect(node.shard.file.trunks.map(\.name) == ["carrier", "service", "more"])
        peer.send(peer.request("OPTIONS", call: "after"))
        #expect(peer.expect("SIP/2.0 200", node) != nil)
        #expect(try self.conditions(node).isEmpty)
    }

    @Test func trunksInFilesAreTakenOverWhenAskedTo() throws {
        let node = try NodeFixture()
        let files = TrunkFiles(beside: node.configurationPath)
        try FileManager.default.createDirectory(
            atPath: files.directory, withIntermediateDirectories: true)
        func write(_ peer: String) throws {
            try "listener: udp\nrealm: inside\npeer: \(peer)\n".write(
                toFile: files.path(of: "more"), atomically: true, encoding: .utf8)
        }
        try write("sip:\(node.addresses.stranger)")
        #expect(try node.result("reload")["refused"] == [])
        let rows = try node.result("trunk-list")["trunks"]?.array ?? []
        #expect(rows.map { $0["trunk"] } == ["carrier", "service", "more"])
        try write("nowhere")
        let refused = try node.result("reload")["refused"]?[0]?.string ?? ""
        #expect(refused.hasPrefix(files.path(of: "more")))
        #expect(node.shard.file.trunks.count == 3)
    }

    @Test(arguments: [
        ("realm: inside, peer", "realm: nowhere, peer", "nowhere"),
        ("routes:", "roots:", "roots"), ("{ prefix:", "{ prefix", "node.yaml:"),
    ])
    func badFileChangesNothing(text: String, replacement: String, told: String) throws {
        let node = try NodeFixture()
        let before = node.shard.file
        try node.edit(text, to: replacement)
        node.shard.reload()
        #expect(node.shard.file == before)
        let conditions = try self.conditions(node)
        #expect(conditions.contains { $0.contains(told) && $0.contains("node.yaml:") })
        let peer = try SIPPeer(node.addresses.carrier, to: node.addresses.box)
        peer.send(peer.request("OPTIONS"))
        #expect(peer.expect("SIP/2.0 200", node) != nil)
        // A good file ends the condition.
        try node.edit(replacement, to: text)
        node.shard.reload()
        #expect(try self.conditions(node).isEmpty)
    }

    @Test func missingFileChangesNothing() throws {
        let node = try NodeFixture()
        let before = node.shard.file
        unlink(node.configurationPath)
        node.shard.reload()
        #expect(node.shard.file == before)
        #expect(try !self.conditions(node).isEmpty)
    }

    @Test func listenersWaitForARestartAndSaySo() throws {
        let node = try NodeFixture()
        let before = node.shard.file
        try node.edit("{ name: tcp, transport: tcp", to: "{ name: two, transport: tcp")
        node.shard.reload()
        #expect(node.shard.file == before)
        #expect(try self.conditions(node).contains { $0.contains("restart") })
    }

    /// Trunks come and go; what they listen at stays, whatever their order.
    @Test func impliedListenersStayWhatTheyWere() throws {
        let node = try NodeFixture { text in
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            let listener = text.split(separator: "\"").first { $0.hasSuffix(":5060") } ?? ""
            return lines.filter { !$0.contains("transport: ") && $0 != "listeners:" }
                .joined(separator: "\n").replacingOccurrences(of: "listener: udp, ", with: "")
                .replacingOccurrences(of: "[192.0.2.1]", with: "[\(listener.dropLast(5))]")
                .replacingOccurrences(of: "realm: inside", with: "realm: outside")
        }
        #expect(node.shard.file.listeners.map(\.transport) == [.udp, .tcp])
        try node.edit(
            "trunks:",
            to: "trunks:\n  - { name: first, "
                + "peer: \"sip:\(node.addresses.stranger);transport=tcp\" }")
        node.shard.reload()
        #expect(try self.conditions(node).isEmpty)
        #expect(node.shard.file.trunks.map(\.name) == ["first", "carrier", "service"])
        #expect(node.shard.file.trunks.map(\.listener) == [1, 0, 0])
        // Another port is another socket.
        try node.edit("name: first, ", to: "name: first, port: 5070, ")
        node.shard.reload()
        #expect(try self.conditions(node).contains { $0.contains("restart") })
    }

    @Test func theNodeWaitsForARestartAndTheRestIsInForce() throws {
        let node = try NodeFixture()
        try node.edit("name: test", to: "name: other")
        try node.edit("routes:", to: "limits: { calls: 7 }\nroutes:")
        node.shard.reload()
        #expect(node.shard.file.node.name == "test" && node.shard.file.limits.calls == 7)
        #expect(try self.conditions(node).contains { $0.contains("next start") })
    }
}
