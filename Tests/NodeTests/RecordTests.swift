// SPDX-License-Identifier: Apache-2.0

import CallControl
import CallRecords
import Foundation
import Management
import Testing

@testable import Node
@testable import Store

/// Records of a node's calls in its file.
@Suite struct RecordTests {
    private func records(_ node: NodeFixture, _ count: Int) -> [JSONValue] {
        #expect(
            node.run { _ in node.records().count >= count }, "\(node.records().count) records")
        node.settle()
        return node.records()
    }

    @Test func aCallThatWasAnswered() throws {
        let node = try NodeFixture(fastPath: true)
        let parties = try Parties(node)
        let (answer, invite) = try parties.call()
        try parties.hangUp(after: answer)
        let record = try #require(self.records(node, 1).first)
        #expect(node.records().count == 1)
        for (name, value) in [
            ("record", "closing"), ("node", "test"), ("from", "carrier"), ("to", "service"),
            ("calling", "+15550199"), ("called", "+15550100"), ("end", "caller hung up"),
            ("ended_by", "caller"),
        ] { #expect(record[name]?.string == value, "\(name)") }
        #expect(record["status"]?.integer == 200 && record["cause"]?.integer == 16)
        let times = ["answer_ms", "end_ms"].map { record[$0]?.integer ?? -1 }
        #expect(times == times.sorted() && times[0] >= 0)
        #expect(record["ringing_ms"] == nil)
        #expect(record["a"]?["call_id"]?.string == "c1@\(node.addresses.carrier)")
        let other = try #require(line("Call-ID", of: invite)?.dropFirst(9))
        #expect(record["b"]?["call_id"]?.string == String(other))
        for leg in ["a", "b"] {
            #expect(record[leg]?["codec"]?.string == "PCMU")
            #expect(record[leg]?["keying"]?.string == "plain")
            #expect(record[leg]?["packets_in"]?.integer == 0)
        }
        // Its checkpoint is gone with it.
        #expect(node.run { $0.store.loadAll().isEmpty })
        #expect(try node.result("status")["records"]?["written"]?.integer == 1)
        #expect(
            try node.result("records")["directory"]?.string
                == node.directory.path + "/records")
    }

    @Test func aTrunkOfAProfileSaysSo() throws {
        let node = try NodeFixture(fastPath: true) {
            $0.replacing("- { name: service,", with: "- { name: service, profile: generic-pbx,")
        }
        let parties = try Parties(node)
        let (answer, _) = try parties.call()
        try parties.hangUp(after: answer)
        let record = try #require(self.records(node, 1).first)
        #expect(record["b"]?["profile"] == "generic-pbx")
        #expect(record["a"]?["profile"] == nil)
    }

    @Test func callsThatCameToNothing() throws {
        let node = try NodeFixture(fastPath: true)
        let parties = try Parties(node)
        let (carrier, service) = (parties.carrier, parties.service)
        carrier.send(carrier.request("INVITE", call: "busy", body: carrier.sdp))
        let busy = try #require(service.expect("INVITE", node))
        service.send(service.response("180 Ringing", to: busy))
        _ = try #require(carrier.expect("SIP/2.0 180", node))
        service.send(service.response("486 Busy Here", to: busy))
        _ = try #require(carrier.expect("SIP/2.0 486", node))
        carrier.send(carrier.request("INVITE", to: "+49", call: "lost", body: carrier.sdp))
        _ = try #require(carrier.expect("SIP/2.0 404", node))
        let records = self.records(node, 2)
        #expect(records.map { $0["record"]?.string } == ["closing", "attempt"])
        #expect(records[0]["end"]?.string == "rejected" && records[0]["status"]?.integer == 486)
        #expect(records[0]["ended_by"]?.string == "callee" && records[0]["cause"]?.integer == 17)
        #expect(records[0]["ringing_ms"] != nil && records[0]["answer_ms"] == nil)
        #expect(records[0]["a"]?["call_id"]?.string == "busy@\(carrier.address)")
        #expect(records[0]["b"]?["call_id"]?.string?.isEmpty == false)
        #expect(records[1]["end"]?.string == "no route" && records[1]["status"]?.integer == 404)
        #expect(records[1]["a"]?["call_id"]?.string == "lost@\(carrier.address)")
        #expect(records[1]["called"]?.string == "+49")
    }

    @Test func strangersMakeNone() throws {
        let node = try NodeFixture()
        let stranger = try SIPPeer(node.addresses.stranger, to: node.addresses.box)
        stranger.send(stranger.request("INVITE", body: stranger.sdp))
        #expect(stranger.expect("SIP/2.0 403", node) != nil)
        node.settle()
        #expect(node.records().isEmpty)
    }

    @Test func aFloodOfAttempts() throws {
        let node = try NodeFixture {
            $0 + "records: { attempts-per-second: 3 }\n"
        }
        let carrier = try SIPPeer(node.addresses.carrier, to: node.addresses.box)
        for number in 0..<40 {
            carrier.send(carrier.request("INVITE", to: "+49", call: "f\(number)"))
            _ = try #require(carrier.expect("SIP/2.0 404", node))
        }
        let records = self.records(node, 3)
        let above = node.shard.records.counters.attemptsOverLimit
        #expect(records.count + Int(above) == 40 && above > 0)
        #expect(
            try node.result("status")["records"]?["attempts_over_limit"]?.integer == Int64(above))
    }

    @Test func off() throws {
        let node = try NodeFixture(fastPath: true) { $0 + "records: { directory: off }\n" }
        let parties = try Parties(node)
        let (answer, _) = try parties.call()
        try parties.hangUp(after: answer)
        node.settle()
        #expect(access(node.directory.path + "/records", F_OK) != 0)
        #expect(node.run { $0.store.loadAll().isEmpty } && node.shard.lastFigures.isEmpty)
        #expect(try node.result("records")["directory"] == .null)
    }

    @Test func partialRecords() throws {
        let node = try NodeFixture(fastPath: true) { $0 + "records: { partial-seconds: 1 }\n" }
        let parties = try Parties(node)
        let (answer, _) = try parties.call()
        let partial = self.records(node, 2)
        #expect(partial.allSatisfy { $0["record"]?.string == "partial" && $0["end"] == nil })
        let parts = partial.compactMap { $0["part"]?.integer }
        #expect(parts.count == partial.count && Set(parts).count == parts.count)
        try parties.hangUp(after: answer)
        #expect(node.run { _ in node.records().last?["record"]?.string == "closing" })
        #expect(Set(node.records().map { $0["id"]?.string }).count == 1)
        #expect(node.shard.records.partials.due(now: .max / 2).isEmpty)
    }

    /// Both calls of a transfer name each other, and who left is said.
    @Test func aTransfer() throws {
        let node = try NodeFixture(fastPath: true) {
            $0.replacingOccurrences(
                of: "name: carrier, ", with: "name: carrier, replaces: own, ")
        }
        let parties = try Parties(node)
        let (answer, _) = try parties.call()
        let carrier = parties.carrier
        // Another telephone of the carrier takes the place of the first one.
        let tag = try #require(line("To", of: answer)?.components(separatedBy: ";tag=").last)
        let replaces =
            "Replaces: c1@\(carrier.address);to-tag=\(tag);from-tag=c1\r\nRequire: replaces\r\n"
        let invite = carrier.request("INVITE", call: "c2", body: carrier.sdp)
        carrier.send(
            invite.replacingOccurrences(of: "Contact:", with: replaces + "Contact:"))
        let second = try #require(carrier.expect("SIP/2.0 200", node))
        carrier.send(carrier.request("ACK", call: "c2", after: second))
        let bye = try #require(carrier.expect("BYE", node))
        carrier.send(carrier.response("200 OK", to: bye))
        let made = try #require(self.records(node, 1).first)
        #expect(made["end"]?.string == "transferred")
        carrier.send(carrier.request("BYE", call: "c2", cseq: 2, after: second))
        _ = try #require(carrier.expect("SIP/2.0 200", node))
        let last = try #require(parties.service.expect("BYE", node))
        parties.service.send(parties.service.response("200 OK", to: last))
        let call = try #require(self.records(node, 2).last)
        #expect(call["related"] == .array([made["id"] ?? .null]))
        #expect(made["related"] == .array([call["id"] ?? .null]))
        #expect(call["left"]?[0]?["leg"]?.string == "a")
        #expect(call["left"]?[0]?["call_id"]?.string == "c1@\(carrier.address)")
        #expect(call["a"]?["call_id"]?.string == "c2@\(carrier.address)")
        #expect(call["end"]?.string == "caller hung up")
    }

    // MARK: Disks

    @Test func aDirectoryThatIsNone() throws {
        let node = try NodeFixture(fastPath: true)
        let records = node.directory.path + "/records"
        try "in the way".write(toFile: records, atomically: false, encoding: .utf8)
        let parties = try Parties(node)
        let (answer, _) = try parties.call()
        try parties.hangUp(after: answer)
        #expect(node.run { $0.records.problem != nil })
        #expect(
            node.shard.conditions().contains {
                $0.contains("records of calls cannot be written") && $0.contains("1 wait")
            })
        // The line is kept where the next process finds it.
        #expect(
            node.shard.store.loadAll().map(\.version) == [RecordBook.checkpointVersion])
        unlink(records)
        #expect(self.records(node, 1).count == 1)
        #expect(node.run { $0.store.loadAll().isEmpty })
        #expect(!node.shard.conditions().contains { $0.contains("records") })
    }

    @Test func whatWaitsIsBounded() throws {
        let node = try NodeFixture(fastPath: true) { $0 + "records: { buffer-mb: 1 }\n" }
        let records = node.directory.path + "/records"
        try "in the way".write(toFile: records, atomically: false, encoding: .utf8)
        let book = node.shard.records
        for number in 1...4000 {
            let call = CallIdentifier(UInt64(number))
            book.close(lost: call, now: 0)
            node.shard.commit()
        }
        #expect(book.counters.dropped == 0)
        for number in 4001...20_000 {
            book.close(lost: CallIdentifier(UInt64(number)), now: 0)
            if number % 100 == 0 { node.shard.commit() }
        }
        #expect(book.counters.dropped > 0 && book.waiting.bytes <= 1 << 20)
        node.shard.commit()
        // The oldest went, and their checkpoints with them.
        let kept = node.shard.store.loadAll().count
        #expect(kept == book.waiting.lines && kept + Int(book.counters.dropped) == 20_000)
        #expect(node.shard.conditions().contains { $0.contains("records of calls were lost") })
        unlink(records)
        #expect(node.run { $0.records.waiting.lines == 0 })
        let written = node.records()
        #expect(written.count == kept)
        #expect(written.last?["id"]?.string == CallIdentifier(20_000).description)
        #expect(Set(written.map { $0["id"]?.string }).count == kept)
    }

    @Test func anotherDirectoryByReload() throws {
        let node = try NodeFixture(fastPath: true) { $0 + "records: { files: 2 }\n" }
        let parties = try Parties(node)
        let first = try parties.call("one")
        try parties.hangUp("one", after: first.answer)
        #expect(self.records(node, 1).count == 1)
        let elsewhere = node.directory.path + "/elsewhere"
        try node.edit("files: 2", to: "files: 2, directory: \"\(elsewhere)\"")
        node.shard.reload()
        let second = try parties.call("two")
        try parties.hangUp("two", after: second.answer)
        #expect(node.run { _ in NodeFixture.records(in: elsewhere).count == 1 })
        #expect(node.records().count == 1)
        try node.edit("directory: \"\(elsewhere)\"", to: "directory: off")
        node.shard.reload()
        #expect(try node.result("records")["directory"] == .null)
    }
}
