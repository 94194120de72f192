// SPDX-License-Identifier: Apache-2.0

import Management
import NetworkAddress
import Testing
import Trace

@testable import Node
@testable import trunkline

@Suite struct TraceViewTests {
    private let six = SocketAddress(
        address: IPAddress(high: 0x2001_0db8 << 32, low: 1), port: 5061)
    private let four = SocketAddress(address: IPAddress(ipv4: 0xc633_6401), port: 5060)

    /// What the node writes is what the command line reads.
    @Test func recordsComeBack() throws {
        var message = TraceMessage(
            isSent: true, transport: .tls, local: self.six, remote: self.four,
            bytes: [0, 0xff, 0x0d, 0x0a, 0x80])
        message.length = 70_000
        let records = [
            TraceRecord(wallUs: 1, monotonicNs: 2, side: .b, .message(message)),
            TraceRecord(
                wallUs: 3, monotonicNs: 4, side: .a,
                .event(TraceEvent(.pathNominated, address: self.six, text: Array("x y".utf8)))),
            TraceRecord(wallUs: 5, monotonicNs: 6, .event(TraceEvent(.callEnded))),
        ]
        for record in records {
            let text = JSONValue.object(TraceJSON.encode(record)).encoded()
            #expect(TraceView.record(try JSONValue(parsing: text)) == record)
        }
    }

    @Test(arguments: [
        [:], ["us": 1], ["us": 1, "ns": 2], ["us": 1, "ns": 2, "event": "of tomorrow"],
        ["us": 1, "ns": 2, "message": "!", "local": "1.2.3.4:5", "remote": "1.2.3.4:5"],
        ["us": -1, "ns": 2, "message": "", "local": "1.2.3.4", "remote": "x", "transport": "udp"],
    ] as [JSONValue])
    func whatIsNotKnownIsLeftOut(value: JSONValue) { #expect(TraceView.record(value) == nil) }
}
