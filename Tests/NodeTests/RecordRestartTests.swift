// SPDX-License-Identifier: Apache-2.0

import CallControl
import CallRecords
import FlowProgramming
import Foundation
import Management
import Testing

@testable import Node
@testable import Store

/// Exactly one closing record of each call, whenever the process ends. One case after the other:
/// each has three processes, two of which never sleep for long.
@Suite(.serialized) struct RecordRestartTests {
    private func ids(_ records: [JSONValue]) -> [String] {
        records.filter { $0["record"]?.string == "closing" }.compactMap { $0["id"]?.string }
    }

    /// A checkpoint that is a closing line, as a process leaves it that was killed before step 2,
    /// or between step 2 and step 3: then the line is in the file as well.
    @Test(arguments: [false, true])
    func aLineInItsCheckpoint(isWritten: Bool) throws {
        let directory = try NodeDirectory()
        let records = directory.path + "/records"
        let line = RecordWriter(node: "test").line(lost: CallIdentifier(5), now: 0)
        do {
            let store = CheckpointStore(path: directory.path + "/calls.shm")
            store.put(
                Checkpoint(
                    key: Shard.key(CallIdentifier(5)), version: RecordBook.checkpointVersion,
                    bytes: line))
            store.commit()
            if isWritten {
                var file = RecordFile(
                    directory: records, limits: .init(fileBytes: 1 << 20, files: 1))
                let other = RecordWriter(node: "test").line(lost: CallIdentifier(6), now: 0)
                #expect(file.append(line + other, seconds: 0).problem == nil)
                file.close()
            }
        }
        let node = try NodeFixture(directory: directory)
        #expect(node.run { $0.store.loadAll().isEmpty })
        node.settle()
        #expect(self.ids(node.records()).count { $0 == CallIdentifier(5).description } == 1)
        let figures = try node.result("status")["records"]
        #expect(figures?["found_at_start"]?.integer == (isWritten ? 0 : 1))
        #expect(figures?["found_written"]?.integer == (isWritten ? 1 : 0))
    }

    @Test func callsThatCannotBeTakenUp() throws {
        let directory = try NodeDirectory()
        do {
            let node = try NodeFixture(fastPath: true, directory: directory)
            let parties = try Parties(node)
            _ = try parties.call("up")
            parties.carrier.send(
                parties.carrier.request("INVITE", call: "ringing", body: parties.carrier.sdp))
            _ = try #require(parties.service.expect("INVITE", node))
            node.settle()
        }
        do {
            // Somebody else wrote one of them.
            let store = CheckpointStore(path: directory.path + "/calls.shm")
            #expect(store.loadAll().count == 2)
            store.put(
                Checkpoint(
                    key: Shard.key(CallIdentifier(77)), version: 1, bytes: [1, 2, 3]))
            store.commit()
        }
        let node = try NodeFixture(fastPath: true, directory: directory)
        #expect(
            node.run { _ in
                self.ids(node.records()).contains(CallIdentifier(77).description)
            })
        let lost = try #require(
            node.records().first { $0["id"]?.string == CallIdentifier(77).description })
        #expect(lost["end"]?.string == "restart" && lost["a"] == nil)
        // What was being set up ends with its caller's refusal or, without one, by its timer.
        #expect(node.shard.core.engine.counters.callsRestored == 2)
        #expect(try node.result("calls").array?.contains { $0["state"]?.string == "established" }
            == true)
    }

    // MARK: Kills

    /// Killed so many microseconds after its first call came.
    @Test(arguments: 0..<12)
    func killedAtSomeTime(round: Int) async throws {
        try await self.kill(change: nil, microseconds: 3000 + round * 5923)
    }

    /// Killed at this change of the file of checkpoints, counted from the first call on: calls that
    /// are refused, end and stand make some 300 of them.
    @Test(arguments: Array(stride(from: 1, to: 320, by: 11)))
    func killedAtAChangeOfTheStore(change: Int) async throws {
        try await self.kill(change: change, microseconds: 20_000_000)
    }

    /// Calls come and go in a process of their own until it is killed; the next one takes up what
    /// it left. Of whom a party heard has one record or goes on, and nobody has two.
    private func kill(change: Int?, microseconds: Int) async throws {
        let directory = try NodeDirectory()
        let path = directory.path
        let fastPath = try NodeFixture.startFastPath(path)
        defer {
            fastPath.terminate()
            fastPath.waitUntilExit()
        }
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [path = path as String, change = change as Int?, microseconds = microseconds as Int] in
            let node = try NodeFixture(directory: NodeDirectory(of: path))
            try #require(node.run { $0.programmer.state == .matched })
            try callUntilKilled(node, path, change, microseconds)
        }
        try self.expectOneRecordEach(directory)
    }

    private func expectOneRecordEach(_ directory: NodeDirectory) throws {
        let node = try NodeFixture(directory: directory)
        // Parties that are away do not answer: what is being ended stays until its timer.
        for call in node.shard.core.engine.listCalls() {
            _ = node.shard.core.engine.endCall(call.id)
        }
        let text = try String(contentsOfFile: directory.path + "/seen", encoding: .utf8)
        let seen = text.split(separator: "\n")
        // Lines reach the disk beside the loop.
        #expect(
            !seen.isEmpty
                && node.run {
                    self.ids(node.records()).count + $0.core.engine.listCalls().count >= seen.count
                })
        node.settle()
        let closing = node.records().filter { $0["record"]?.string == "closing" }
        let closed = self.ids(closing)
        #expect(Set(closed).count == closed.count, "a call has two records")
        let live = node.shard.core.engine.listCalls()
        #expect(Set(live.map(\.id.description)).isDisjoint(with: closed))
        let named = closing.compactMap { $0["a"]?["call_id"]?.string }
        for name in seen {
            let count = named.count { $0.hasPrefix("\(name)@") }
            let isLive = live.contains { call in
                call.callIDs.contains {
                    String(decoding: $0, as: UTF8.self).hasPrefix("\(name)@")
                }
            }
            // One that was being set up has no dialog yet that could say its name.
            #expect(count == 1 || count == 0 && (isLive || name == seen.last), "\(name)")
            #expect(count + (isLive ? 1 : 0) <= 1, "\(name)")
        }
    }
}

/// Calls, of which every third is refused, every third ends and every third stands. Each is noted
/// once the callee has heard of it.
private func callUntilKilled(
    _ node: NodeFixture, _ path: String, _ change: Int?, _ microseconds: Int
) throws {
    let parties = try Parties(node)
    let (carrier, service) = (parties.carrier, parties.service)
    let seen = open(path + "/seen", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    for number in 0... {
        let name = "k\(number)"
        carrier.send(carrier.request("INVITE", call: name, body: carrier.sdp))
        let invite = try #require(service.expect("INVITE", node))
        let note = Array((name + "\n").utf8)
        #expect(write(seen, note, note.count) == note.count)
        if number == 0 {
            Thread.detachNewThread {
                usleep(UInt32(microseconds))
                kill(getpid(), SIGKILL)
            }
            var changes = 0
            node.shard.store.file?.onChange = {
                changes += 1
                if changes == change { kill(getpid(), SIGKILL) }
            }
        }
        if number % 3 == 0 {
            service.send(service.response("486 Busy Here", to: invite))
            _ = carrier.expect("SIP/2.0 486", node)
            carrier.send(carrier.request("ACK", call: name))
            continue
        }
        service.send(service.response("200 OK", to: invite, body: service.sdp))
        let answer = try #require(carrier.expect("SIP/2.0 200", node))
        carrier.send(carrier.request("ACK", call: name, after: answer))
        if number % 3 == 1 { try parties.hangUp(name, after: answer) }
    }
}
