// SPDX-License-Identifier: Apache-2.0

import CallControl
import FlowABI
import Testing

@testable import Node

/// The lines about dropped packets, and that they are bounded.
@Suite struct DropReportTests {
    private func drops(_ counts: KeyValuePairs<String, UInt64>) throws -> DropCounts {
        var drops = DropCounts()
        for (name, count) in counts { drops[try #require(DropReason(name))] = count }
        return drops
    }

    @Test func aLineSaysCallLegReasonsAndHowMany() throws {
        var report = DropReport()
        report.add(
            CallIdentifier(0xab), .b, try self.drops(["srtp_replay": 2, "srtp_authentication": 40]))
        #expect(
            report.finish(ofNoCall: DropCounts()) == [
                "call 00000000000000ab: leg b: media packets dropped in 10 s: 42: "
                    + "srtp_authentication 40, srtp_replay 2"
            ])
        #expect(report.finish(ofNoCall: DropCounts()).isEmpty)
        #expect(report.lines == 1 && report.legsHeldBack == 0)
    }

    @Test func whatGoesWithoutSayingIsNotSaid() throws {
        var report = DropReport()
        let quiet = try self.drops(["not_receiving": 9, "not_sending": 9, "no_peer": 9])
        report.add(CallIdentifier(1), .a, quiet)
        #expect(report.finish(ofNoCall: try self.drops(["not_media": 9])).isEmpty)
        report.add(CallIdentifier(1), .a, try self.drops(["not_receiving": 9, "stun": 1]))
        #expect(report.finish(ofNoCall: try self.drops(["not_media": 9, "no_flow": 3])) == [
            "call 0000000000000001: leg a: media packets dropped in 10 s: 1: stun 1",
            "of no call: media packets dropped in 10 s: 3: no_flow 3",
        ])
    }

    /// A leg that is looked at and then ends in the same round has one line.
    @Test func oneLineALegAndRound() throws {
        var report = DropReport()
        for _ in 0..<100 { report.add(CallIdentifier(1), .a, try self.drops(["dtls": 3])) }
        report.add(CallIdentifier(1), .b, try self.drops(["dtls": 1]))
        let lines = report.finish(ofNoCall: DropCounts())
        #expect(lines.count == 2 && lines[0].contains("leg a") && lines[0].hasSuffix(": dtls 300"))
    }

    /// A thousand legs under attack: those that lost most have lines, and the sum is exact.
    @Test func aFloodOfLegsHasSoManyLines() throws {
        var report = DropReport()
        for number in 1...1000 as ClosedRange<UInt64> {
            let count = number * 7919 % 1009 // in no order
            report.add(CallIdentifier(number), .a, try self.drops(["wrong_source": count]))
        }
        let lines = report.finish(ofNoCall: try self.drops(["no_flow": 10_000_000]))
        #expect(lines.count == DropReport.legsMax + 2)
        let counts = (1...1000).map { UInt64($0) * 7919 % 1009 }.sorted(by: >)
        for (line, count) in zip(lines, counts.prefix(DropReport.legsMax)) {
            #expect(line.hasSuffix(": wrong_source \(count)"))
        }
        let rest = counts.dropFirst(DropReport.legsMax).reduce(0, +)
        #expect(
            lines[DropReport.legsMax]
                == "980 more legs: media packets dropped in 10 s: \(rest): wrong_source \(rest)")
        #expect(lines[DropReport.legsMax + 1].hasSuffix(": no_flow 10000000"))
        #expect(report.legsHeldBack == 980 && report.packetsHeldBack == rest)
        #expect(report.lines == UInt64(lines.count))
    }
}
