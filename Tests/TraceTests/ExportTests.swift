// SPDX-License-Identifier: Apache-2.0

import Foundation
import NetworkAddress
import Testing

@testable import Trace

@Suite struct ExportTests {
    /// Runs tshark on a capture; nil where there is none.
    private func tshark(_ records: [TraceRecord], _ arguments: [String]) throws -> String? {
        let program = "/usr/bin/tshark"
        guard FileManager.default.isExecutableFile(atPath: program) else { return nil }
        let path = "/tmp/trunkline-trace-\(UUID().uuidString).pcapng"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(Pcapng.file(records, application: "trunkline test"))
            .write(to: URL(fileURLWithPath: path))
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["-n", "-r", path] + arguments
        process.standardOutput = output
        process.standardError = Pipe()
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return String(decoding: data, as: UTF8.self)
    }

    private func fields(_ names: [String]) -> [String] {
        ["-T", "fields", "-E", "separator=|"] + names.flatMap { ["-e", $0] }
    }

    /// Another reader finds every message with its ends, its time and its checksums.
    @Test func captureIsRead() throws {
        let text = try self.tshark(
            exampleCall(),
            self.fields([
                "frame.time_epoch", "ip.src", "udp.srcport", "ip.dst", "udp.dstport", "sip.Method",
                "sip.Status-Code",
            ]) + ["-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"])
        guard let text else { return print("left out: there is no tshark") }
        #expect(
            text.split(separator: "\n").map(String.init) == [
                "1795948110.123456000|198.51.100.2|5062|198.51.100.1|5060|INVITE|",
                "1795948110.124356000|198.51.100.1|5060|198.51.100.2|5062||100",
                "1795948110.125456000|198.51.100.1|5060|203.0.113.2|5060|INVITE|",
                "1795948110.625456000|198.51.100.1|5060|203.0.113.2|5060|INVITE|",
                "1795948111.373456000|203.0.113.3|5060|198.51.100.1|5060||200",
                "1795948171.123456000|198.51.100.1|5060|198.51.100.2|5062|BYE|",
            ])
        let comments = try self.tshark(exampleCall(), self.fields(["frame.comment"])) ?? ""
        #expect(comments.contains("media installed"))
        #expect(comments.contains("call 0000000000000abc leg b"))
        let bad = try self.tshark(
            exampleCall(),
            [
                "-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-Y",
                "udp.checksum.status==0 || ip.checksum.status==0",
            ])
        #expect(bad == "")
    }

    /// Streams are put together, whatever their messages' lengths; IPv6 too.
    @Test func streamsAreRead() throws {
        let six = SocketAddress(address: IPAddress(high: 0x2001_0db8 << 32, low: 2), port: 5061)
        let box = SocketAddress(address: IPAddress(high: 0x2001_0db8 << 32, low: 1), port: 40001)
        let body = String(repeating: "b", count: 65_400)
        func one(_ head: String, _ sent: Bool, _ us: UInt64, _ body: String = "") -> TraceRecord {
            let text =
                "\(head)\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
                + "To: <sip:c@d>\r\nCall-ID: t1\r\nCSeq: 1 INVITE\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
            var message = TraceMessage(
                isSent: sent, transport: .tls, local: box, remote: six, bytes: Array(text.utf8))
            message.length = message.bytes.count
            return TraceRecord(
                wallUs: 1_795_948_110_000_000 + us, monotonicNs: us, call: 5, side: .b,
                .message(message))
        }
        let records = [
            one("INVITE sip:x SIP/2.0", true, 0, body), one("SIP/2.0 100 Trying", false, 1),
            one("SIP/2.0 200 OK", false, 2, "short"),
        ]
        let text = try self.tshark(
            records,
            ["-d", "tcp.port==5061,sip", "-Y", "sip"]
                + self.fields(["ipv6.src", "tcp.srcport", "sip.Method", "sip.Status-Code"]))
        guard let text else { return print("left out: there is no tshark") }
        #expect(
            text.split(separator: "\n").map(String.init) == [
                "2001:db8::1|40001|INVITE|", "2001:db8::2|5061||100", "2001:db8::2|5061||200",
            ])
        let comments = try self.tshark(records, self.fields(["frame.comment"])) ?? ""
        #expect(comments.contains("TLS on the wire"))
    }

    // MARK: HEP

    /// Chunks of a datagram, by type, as its specification lays them out.
    private func chunks(_ datagram: [UInt8]) throws -> [Int: [UInt8]] {
        func number(_ position: Int) -> Int {
            Int(datagram[position]) << 8 | Int(datagram[position + 1])
        }
        try #require(Array(datagram[..<4]) == Array("HEP3".utf8))
        #expect(number(4) == datagram.count)
        var chunks: [Int: [UInt8]] = [:]
        var position = 6
        while position < datagram.count {
            #expect(number(position) == 0, "vendor")
            let length = number(position + 4)
            try #require(length >= 6 && position + length <= datagram.count)
            chunks[number(position + 2)] = Array(datagram[(position + 6)..<(position + length)])
            position += length
        }
        return chunks
    }

    @Test func aMessageForACollector() throws {
        let invite = exampleCall()[2]
        let bytes = try #require(invite.message?.bytes)
        let hep = HEP3(captureID: 0x01020304, password: Array("pw".utf8))
        let chunks = try self.chunks(hep.datagram(invite, bytes: bytes))
        #expect(
            chunks == [
                1: [2], 2: [17], 3: [198, 51, 100, 1], 4: [203, 0, 113, 2],
                7: [0x13, 0xc4], 8: [0x13, 0xc4], 9: [0x6b, 0x0b, 0xfe, 0x4e],
                10: [0, 1, 0xea, 0x10], 11: [1], 12: [1, 2, 3, 4], 14: Array("pw".utf8),
                15: bytes, 17: Array("0000000000000abc".utf8),
            ])
    }

    @Test func anEventForACollector() throws {
        let event = TraceEvent(.pathNominated, address: peerAddress, text: Array("x".utf8))
        let one = TraceRecord(wallUs: 1, monotonicNs: 2, call: 3, side: .b, .event(event))
        let bytes = HEP3.line(event, .b)
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == "leg b: ICE path nominated 198.51.100.2:5062 x")
        let chunks = try self.chunks(HEP3(captureID: 1).datagram(one, bytes: bytes))
        #expect(chunks[11] == [100] && chunks[15] == bytes && chunks[14] == nil)
    }

    @Test func aMessageThatNoDatagramHolds() throws {
        let long = [UInt8](repeating: 0x61, count: 70_000)
        let datagram = HEP3(captureID: 1).datagram(exampleCall()[0], bytes: long)
        #expect(datagram.count == HEP3.datagramBytesMax)
        #expect(try self.chunks(datagram)[15]?.count ?? 0 > 65_000)
    }
}
