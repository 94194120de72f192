// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import Testing

@testable import Trace

private let service = SocketAddress(address: IPAddress(ipv4: 0xcb00_7102), port: 5060)

private func message(_ first: String, _ method: String, _ rest: String = "") -> String {
    "\(first)\r\nFrom: <sip:+15550199@h>;tag=1\r\nTo: <sip:+15550100@h>\r\nCall-ID: c1\r\n"
        + "CSeq: 1 \(method)\r\n\(rest)"
}

private let offer =
    "\r\nv=0\r\nc=IN IP4 198.51.100.9\r\nm=audio 40000 RTP/AVP 8 0 101\r\n"
    + "a=rtpmap:101 telephone-event/8000\r\na=sendonly\r\n"

func exampleCall() -> [TraceRecord] {
    func event(
        _ kind: TraceEventKind, us: UInt64, _ side: TraceSide, _ text: String
    ) -> TraceRecord {
        TraceRecord(
            wallUs: 1_795_948_110_123_456 + us, monotonicNs: us * 1000, call: 0xabc, side: side,
            .event(TraceEvent(kind, address: nil, text: Array(text.utf8))))
    }
    let invite = message("INVITE sip:+15550100@h SIP/2.0", "INVITE", offer)
    let out = SocketAddress(address: IPAddress(ipv4: 0xcb00_7103), port: 5060)
    return [
        record(invite, call: 0xabc),
        record(message("SIP/2.0 100 Trying", "INVITE"), us: 900, call: 0xabc, sent: true),
        record(invite, us: 2000, call: 0xabc, side: .b, sent: true, remote: service),
        record(invite, us: 502_000, call: 0xabc, side: .b, sent: true, remote: service),
        record(message("SIP/2.0 200 OK", "INVITE", offer), us: 1_250_000, call: 0xabc, side: .b,
            remote: out),
        event(.mediaInstalled, us: 1_251_000, .none, ""),
        event(.sourceLearned, us: 1_300_000, .a, "somewhere else than was said"),
        record(
            message("BYE sip:x SIP/2.0", "BYE", "Reason: SIP;cause=480;text=\"Gone\"\r\n"),
            us: 61_000_000, call: 0xabc, sent: true),
    ]
}

@Suite struct LadderTests {
    private func ladder(_ records: [TraceRecord], _ width: Int) -> Ladder {
        Ladder(
            records, title: ["call abc"], names: (a: "carrier", box: "edge1", b: "service"),
            width: width)
    }

    @Test func asWideAsATerminal() {
        #expect(self.ladder(exampleCall(), 80).text() == golden)
    }

    /// Each line ends where the last column stands, at any width.
    @Test(arguments: [10, 60, 61, 80, 97, 160, 400])
    func linesAlign(width: Int) {
        let lines = self.ladder(exampleCall(), width).text().split(separator: "\n")
        let bars = lines.filter { $0.last == "|" }
        #expect(bars.count > 10)
        let ends = Set(bars.map(\.count))
        #expect(ends.count == 1, "\(ends)")
        let shown = min(max(width, 60), 160)
        #expect((ends.first ?? 0) <= shown && (ends.first ?? 0) >= shown - 1)
        #expect(lines.allSatisfy { $0.count <= shown })
    }

    @Test func messagesBelowTheirArrows() {
        let text = self.ladder(exampleCall(), 80).text(messages: true)
        #expect(text.contains("\nCall-ID: c1\n"))
        #expect(!text.contains("\r"))
    }

    @Test func nothingSteersTheTerminal() {
        let one = record("OPTIONS\u{1b}[2J sip:x SIP/2.0\r\nSubject: \u{7}\u{202e}\r\n")
        let text = self.ladder([one], 80).text(messages: true)
        #expect(text.unicodeScalars.allSatisfy { $0.value == 0x0a || $0.value >= 0x20 })
        #expect(!text.unicodeScalars.contains("\u{202e}"))
    }

    @Test func noRecords() {
        #expect(self.ladder([], 80).text().hasSuffix("nothing is kept"))
    }

    @Test(arguments: [
        (0, "1970-01-01 00:00:00.000000"), (951_782_399_999_999, "2000-02-28 23:59:59.999999"),
        (951_782_400_000_000, "2000-02-29 00:00:00.000000"),
        (1_795_948_110_123_456, "2026-11-29 10:28:30.123456"),
        (4_107_542_400_000_001, "2100-03-01 00:00:00.000001"),
    ] as [(UInt64, String)])
    func times(us: UInt64, text: String) { #expect(WallTime.text(us: us) == text) }

    @Test func summaries() {
        let invite = MessageSummary(
            Array(message("INVITE sip:+1555@h SIP/2.0", "INVITE", offer).utf8))
        #expect(invite.title == "INVITE" && invite.method == "INVITE" && invite.status == nil)
        #expect(invite.from == "+15550199" && invite.to == "+1555" && invite.callID == "c1")
        #expect(invite.media == ["198.51.100.9:40000 PCMA,PCMU,telephone-event sendonly"])
        let answer = MessageSummary(Array(message("SIP/2.0 202 Accepted", "REFER").utf8))
        #expect(answer.title == "202 Accepted (REFER)" && answer.status == 202)
        let warned = MessageSummary(
            Array(message("SIP/2.0 488 No", "INVITE", "Warning: 305 h \"No codec\"\r\n").utf8))
        #expect(warned.reason == "No codec")
        #expect(MessageSummary([]).title == "(empty)")
        let six =
            "\r\nc=IN IP6 2001:db8::1\r\nm=audio 9 RTP/SAVP 111 0 8 18\r\n"
            + "a=rtpmap:111 opus/48000/2"
        #expect(
            MessageSummary(Array(message("ACK sip:x SIP/2.0", "ACK", six).utf8)).media
                == ["[2001:db8::1]:9 opus,PCMU,PCMA,.. sendrecv RTP/SAVP"])
    }
}

private let golden = """
    call abc
              carrier                         edge1                         service
              198.51.100.2:5062       198.51.100.1:5060 udp        203.0.113.2:5060
        0.000 |-- INVITE ---------------------->|                                 |
              |   198.51.100.9:40000            |                                 |
              |   PCMA,PCMU,telephone-event     |                                 |
              |   sendonly                      |                                 |
        0.000 |<------------------ 100 Trying --|                                 |
        0.002 |                                 |-- INVITE ---------------------->|
              |                                 |   198.51.100.9:40000            |
              |                                 |   PCMA,PCMU,telephone-event     |
              |                                 |   sendonly                      |
        0.502 |                                 |-- INVITE again ---------------->|
        1.250 |                                 |<---------------------- 200 OK --|
              |                                 |   from 203.0.113.3:5060         |
              |                                 |   198.51.100.9:40000            |
              |                                 |   PCMA,PCMU,telephone-event     |
              |                                 |   sendonly                      |
        1.251 | * media installed                                                 |
        1.300 | * source learned somewhere else |                                 |
              |   than was said                 |                                 |
       61.000 |<------------------------- BYE --|                                 |
              |   SIP 480 Gone                  |                                 |
    """
