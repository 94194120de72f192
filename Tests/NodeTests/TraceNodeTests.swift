// SPDX-License-Identifier: Apache-2.0

import CallControl
import Configuration
import Foundation
import Management
import NetworkAddress
import SDP
import Testing
import Trace

@testable import Node

/// What an operator sees of calls afterwards.
@Suite struct TraceNodeTests {
    private static let proof = "6629fae49393a05397450978507c4ef1"
    private static let key = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
    private static let password = "asd88fgpdd777uzjYhagZg"

    private func node(
        _ trunk: String = "", _ trace: String = "memory-mb: 1"
    ) throws -> NodeFixture {
        try NodeFixture(fastPath: true) { text in
            text.replacingOccurrences(of: "realm: inside, ", with: "realm: inside, \(trunk)")
                + "trace: { \(trace) }\n"
        }
    }

    private func records(_ node: NodeFixture, _ arguments: JSONObject) throws -> [JSONValue] {
        try #require(try node.result("trace", arguments)["records"]?.array)
    }

    private func titles(_ records: [JSONValue]) -> [String] {
        records.compactMap { record in
            guard let title = record["title"]?.string else { return nil }
            let arrow = record["direction"]?.string == "in" ? "<" : ">"
            return "\(record["side"]?.string ?? "-")\(arrow)\(title)"
        }
    }

    @Test func aCallFromBeginningToEnd() throws {
        let node = try self.node()
        let parties = try Parties(node)
        let (answer, _) = try parties.call()
        let id = try #require(try node.result("calls")[0]?["id"]?.string)
        try parties.hangUp(after: answer)
        #expect(node.run { _ in !node.records().isEmpty })
        let trace = try node.result("trace", ["id": .string(id)])
        #expect(trace["from"]?.string == "carrier" && trace["to"]?.string == "service")
        #expect(trace["complete"]?.bool == true && trace["raw"]?.bool == false)
        let records = trace["records"]?.array ?? []
        #expect(
            self.titles(records).filter { $0 != "a>100 Trying" } == [
                "a<INVITE", "b>INVITE", "b<200 OK", "b>ACK", "a>200 OK", "a<ACK",
                "a<BYE", "a>200 OK (BYE)", "b>BYE", "b<200 OK (BYE)",
            ])
        let events = records.compactMap { $0["event"]?.string }
        #expect(events.first == "parties" && events.contains("media_installed"))
        #expect(events.contains("media_ended") && events.contains("call_ended"))
        let times = records.compactMap { $0["ns"]?.integer }
        #expect(times == times.sorted() && times.count == records.count)
        #expect(records.allSatisfy { $0["us"]?.integer ?? 0 > 1_700_000_000_000_000 })
        let invite = try #require(records.first { $0["title"]?.string == "INVITE" })
        #expect(invite["media"]?[0]?.string == "198.51.100.9:40000 PCMU sendrecv")
        #expect(invite["remote"]?.string == "\(node.addresses.carrier):5060")
        // By the Call-ID of either leg, and in the list.
        for callID in records.compactMap({ $0["call_id"]?.string }) {
            #expect(try node.result("trace", ["call_id": .string(callID)])["id"]?.string == id)
        }
        let list = try node.result("trace-list", ["number": "0199"])
        #expect(list[0]?["id"]?.string == id)
        #expect(list[0]?["messages"]?.integer == Int64(self.titles(records).count))
        #expect(list[0]?["calling"]?.string == "+15550199")
        #expect(try node.result("trace-list", ["number": "777"]) == [])
        let figures = try node.result("status")["trace"]
        #expect(figures?["records"]?.integer ?? 0 > 10)
    }

    /// A repeated INVITE never reaches the engine; its Call-ID says whose it is.
    @Test func repeatedAndRefusedMessages() throws {
        let node = try self.node()
        let parties = try Parties(node)
        let carrier = parties.carrier
        let invite = carrier.request("INVITE", body: carrier.sdp)
        carrier.send(invite)
        _ = try #require(parties.service.expect("INVITE", node))
        carrier.send(invite)
        let id = try #require(try node.result("calls")[0]?["id"]?.string)
        node.settle()
        let titles = self.titles(try self.records(node, ["id": .string(id)]))
        #expect(titles.count { $0 == "a<INVITE" } == 2)
        // No call came of these.
        carrier.send(carrier.request("OPTIONS", call: "o1"))
        #expect(carrier.expect("SIP/2.0 200", node) != nil)
        carrier.send(carrier.request("INVITE", to: "+9", call: "r1", body: carrier.sdp))
        #expect(carrier.expect("SIP/2.0 404", node) != nil)
        carrier.send("INVITE sip:x SIP/2.0\r\nCall-ID: bad@x\r\n\r\n")
        node.settle()
        let options = try self.records(node, ["call_id": .string("o1@\(carrier.address)")])
        #expect(self.titles(options) == ["-<OPTIONS", "->200 OK (OPTIONS)"])
        let refused = try self.records(node, ["call_id": .string("r1@\(carrier.address)")])
        #expect(
            self.titles(refused) == ["-<INVITE", "->100 Trying", "->404 Not Found"]
                || self.titles(refused) == ["-<INVITE", "->404 Not Found"])
        #expect(self.titles(try self.records(node, ["call_id": "bad@x"])).first == "-<INVITE")
    }

    /// Known secrets of a call with SDES, ICE and digest are in nothing that leaves the node.
    @Test func noOutputHasSecrets() throws {
        let collector = try HEPListener()
        let node = try self.node(
            "srtp: required, ice: lite, ",
            "memory-mb: 1, hep: \"127.0.0.1:\(collector.port)\", hep-password: kept-secret")
        let parties = try Parties(node)
        let (carrier, service) = (parties.carrier, parties.service)
        let invite = carrier.request("INVITE", body: carrier.sdp).replacingOccurrences(
            of: "Max-Forwards: 70",
            with: "Max-Forwards: 70\r\nProxy-Authorization: Digest username=\"u\", realm=\"r\", "
                + "nonce=\"n\", uri=\"sip:x\",\r\n response=\"\(Self.proof)\"")
        carrier.send(invite)
        let offer = try #require(service.expect("INVITE", node))
        let lines = [
            "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:\(Self.key)|2^31", "a=ice-ufrag:abcd",
            "a=ice-pwd:\(Self.password)",
            "a=candidate:1 1 UDP 2130706431 198.51.100.9 40000 typ host", "a=rtcp-mux",
        ]
        let sdp =
            service.sdp.replacingOccurrences(of: "RTP/AVP", with: "RTP/SAVP")
            + lines.map { $0 + "\r\n" }.joined()
        service.send(service.response("200 OK", to: offer, body: sdp))
        let answer = try #require(carrier.expect("SIP/2.0 200", node))
        carrier.send(carrier.request("ACK", after: answer))
        _ = try #require(service.expect("ACK", node))
        let id = try #require(try node.result("calls")[0]?["id"]?.string)
        let secrets =
            [Self.proof, Self.key, Self.password]
            + Self.values("inline:", of: offer) + Self.values("a=ice-pwd:", of: offer)
        #expect(secrets.count >= 5 && secrets.allSatisfy { $0.count >= 20 })
        try parties.hangUp(after: answer)
        node.settle()
        let trace = try node.result("trace", ["id": .string(id)])
        #expect(trace["from"]?.string == "carrier" && trace["to"]?.string == "service")
        let records = (trace["records"]?.array ?? []).compactMap(Self.record)
        #expect(records.count { $0.message != nil } >= 9)
        let ladder = Ladder(records, title: [], names: (a: "a", box: "b", b: "c"), width: 100)
        let encoded = trace.encoded()
        let decoded = records.compactMap(\.message).flatMap(\.bytes)
        let status = try node.result("status").encoded()
        var outputs: [(String, [UInt8])] = [
            ("json", encoded), ("messages", decoded), ("status", status),
            ("ladder", Array(ladder.text(messages: true).utf8)),
            ("pcapng", Pcapng.file(records, application: "test")),
            ("list", try node.result("trace-list").encoded()),
            ("records", JSONValue.array(node.records()).encoded()),
        ]
        outputs += collector.take().map { ("hep", $0) }
        #expect(outputs.count { $0.0 == "hep" } >= records.count)
        for (name, bytes) in outputs {
            for secret in secrets {
                #expect(!bytes.contains(Array(secret.utf8)), "\(secret) is in \(name)")
            }
        }
        #expect(!status.contains(Array("kept-secret".utf8)))
        // And yet they are what they were otherwise.
        #expect(decoded.contains(Array("inline:xxxx".utf8)))
        #expect(decoded.contains(Array("response=\"xxxx".utf8)))
        for message in records.compactMap(\.message) where !message.isSent {
            let text = String(decoding: message.bytes, as: UTF8.self)
            let parts = text.components(separatedBy: "\r\n\r\n")
            let length = try #require(line("Content-Length", of: text)?.split(separator: " ").last)
            #expect(Int(length) == parts.dropFirst().joined(separator: "\r\n\r\n").utf8.count)
        }
    }

    @Test func secretsNeedAnUnlock() throws {
        let node = try self.node("srtp: required, ")
        let parties = try Parties(node)
        parties.carrier.send(parties.carrier.request("INVITE", body: parties.carrier.sdp))
        let offer = try #require(parties.service.expect("INVITE", node))
        let key = try #require(Self.values("inline:", of: offer).first)
        let id = try #require(try node.result("calls")[0]?["id"]?.string)
        let raw: JSONObject = ["id": .string(id), "raw": true]
        func code(_ verb: String, _ arguments: JSONObject) -> ControlError.Code? {
            guard case .failure(let error) = node.ask(verb, arguments) else { return nil }
            return error.code
        }
        #expect(code("trace", raw) == .refused)
        for bad in [
            ["id": .string(id), "minutes": 0, "reason": "x"],
            ["id": .string(id), "minutes": 61, "reason": "x"],
            ["id": .string(id), "minutes": 5, "reason": " "], ["id": "x", "minutes": 5],
        ] as [JSONObject] {
            #expect(code("trace-unlock", bad) == .badArgument)
        }
        let unlock: JSONObject = ["id": .string(id), "minutes": 5, "reason": "ticket 7"]
        guard geteuid() == 0 else {
            // Who is not root may not.
            #expect(code("trace-unlock", unlock) == .refused)
            return
        }
        #expect(
            code("trace-unlock", ["id": "00000000000000ff", "minutes": 5, "reason": "x"])
                == .notFound)
        #expect(try node.result("trace-unlock", unlock)["minutes"]?.integer == 5)
        let records = try self.records(node, raw).compactMap(Self.record)
        #expect(records.compactMap(\.message).contains { $0.bytes.contains(Array(key.utf8)) })
        // One call, and for the time only.
        #expect(code("trace", ["call_id": "none", "raw": true]) == .refused)
        node.shard.tracer.unlocks = TraceUnlocks()
        #expect(code("trace", raw) == .refused)
    }

    /// Masks and the collector change at once, the memory with the next start.
    @Test func reload() throws {
        let node = try self.node()
        let parties = try Parties(node)
        _ = try parties.call()
        let id = try #require(try node.result("calls")[0]?["id"]?.string)
        #expect(try node.result("trace-list")[0]?["calling"]?.string == "+15550199")
        try node.edit("memory-mb: 1", to: "memory-mb: 2, mask-digits: 4, hep: \"127.0.0.1:9\"")
        node.shard.reload()
        #expect(node.shard.refusedConfiguration.contains { $0.contains("trace.memory-mb") })
        #expect(node.shard.file.trace.memoryMB == 1)
        #expect(try node.result("trace-list")[0]?["calling"]?.string == "+1555xxxx")
        let shown = try self.records(node, ["id": .string(id)]).compactMap(Self.record)
        for message in shown.compactMap(\.message) {
            #expect(!message.bytes.contains(Array("5550199".utf8)))
        }
        #expect(node.shard.tracer.collector != nil)
        parties.carrier.send(parties.carrier.request("OPTIONS", call: "o1"))
        #expect(parties.carrier.expect("SIP/2.0 200", node) != nil)
        let counters = try #require(node.shard.tracer.collector?.counters)
        #expect(counters.sent + counters.dropped >= 2)
    }

    /// A broken stream is closed, and what was wrong can be seen.
    @Test func aMalformedStream() throws {
        let node = try self.node()
        let peer = try SIPPeer(node.addresses.carrier, to: node.addresses.box, stream: true)
        peer.send(
            "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TCP x;branch=z9hG4bK1\r\nCall-ID: m1\r\n"
                + "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCSeq: 1 OPTIONS\r\n"
                + "Content-Length: x\r\n\r\n")
        #expect(peer.expect("SIP/2.0 400", node) != nil)
        let records = try self.records(node, ["call_id": "m1"])
        #expect(self.titles(records).first == "-<OPTIONS" && records.count == 2)
        #expect(records.allSatisfy { $0["transport"]?.string == "tcp" })
    }

    @Test func unlocksAreBounded() {
        var unlocks = TraceUnlocks()
        func add(_ number: UInt64, until: UInt64, now: UInt64) -> Bool {
            unlocks.add(CallIdentifier(number), user: 0, untilMs: until, nowMs: now)
        }
        for number in 1...16 as ClosedRange<UInt64> {
            #expect(add(number, until: 100, now: 0))
        }
        #expect(!add(17, until: 100, now: 0))
        #expect(unlocks.isOpen(CallIdentifier(1), user: 0, nowMs: 99))
        #expect(!unlocks.isOpen(CallIdentifier(1), user: 1, nowMs: 99))
        #expect(!unlocks.isOpen(CallIdentifier(1), user: 0, nowMs: 100))
        #expect(add(17, until: 300, now: 100))
    }

    @Test func off() throws {
        let node = try self.node("", "memory-mb: 0")
        let parties = try Parties(node)
        _ = try parties.call()
        for verb in ["trace", "trace-list", "trace-unlock"] {
            guard case .failure(let error) = node.ask(verb, ["id": "00000000000000ff"]) else {
                Issue.record("\(verb) answers")
                continue
            }
            #expect(error.code == .refused && error.text.contains("trace.memory-mb"))
        }
        #expect(!node.shard.tracer.isOn)
    }

    // MARK: Helpers

    /// What stands behind a word up to the end of the line or a bar.
    private static func values(_ word: String, of message: String) -> [String] {
        message.components(separatedBy: word).dropFirst().map { rest in
            String(rest.prefix { $0 != "|" && $0 != "\r\n" && $0 != " " })
        }
    }

    private static func record(_ value: JSONValue) -> TraceRecord? {
        guard let us = value["us"]?.integer, let ns = value["ns"]?.integer else { return nil }
        let place = SocketAddress(address: IPAddress(ipv4: 0x7f00_0001), port: 5060)
        var content = TraceRecord.Content.event(TraceEvent(.mediaInstalled))
        if let text = value["message"]?.string, let bytes = Base64.decode(Array(text.utf8)[...]) {
            content = .message(
                TraceMessage(
                    isSent: value["direction"]?.string == "out", transport: .udp, local: place,
                    remote: place, bytes: bytes))
        }
        return TraceRecord(wallUs: UInt64(us), monotonicNs: UInt64(ns), content)
    }
}

/// Where a node's copies go.
private final class HEPListener {
    let port: UInt16
    private let descriptor: Int32

    init() throws {
        self.descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = self.descriptor
        let isBound = withUnsafeMutablePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        try #require(isBound)
        self.port = UInt16(bigEndian: place.sin_port)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }

    deinit { close(self.descriptor) }

    func take() -> [[UInt8]] {
        var datagrams: [[UInt8]] = []
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(self.descriptor, &bytes, bytes.count, 0)
            guard count > 0 else { return datagrams }
            datagrams.append(Array(bytes[..<count]))
        }
    }
}
