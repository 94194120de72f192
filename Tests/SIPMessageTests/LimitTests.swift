// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@Suite("Every limit: what fits passes, one more is refused by name")
struct LimitTests {
    private func verdict(_ changes: [(String, String?)]) -> Verdict {
        examine(invite(changes), framing: .datagram)
    }

    @Test("Octets of a message")
    func messageBytes() {
        let frame = invite([("Content-Type", "text/plain"), ("CSeq", "1 INFO")], start: info).count
        for (extra, status) in [(0, nil as Int?), (1, 513)] {
            // The length takes four octets more than in the empty frame.
            let body = String(repeating: "x", count: SIPLimits.messageBytes - frame - 4 + extra)
            let bytes = invite(
                [("Content-Type", "text/plain"), ("CSeq", "1 INFO")], start: info, body: body)
            #expect(bytes.count == SIPLimits.messageBytes + extra)
            #expect(examine(bytes, framing: .datagram).status == status)
            #expect(examineStream(bytes).first?.status == status)
        }
    }
    private let info = "INFO sip:bob@example.com SIP/2.0"

    @Test("Header fields")
    func headerCount() {
        let present = 8
        for (extra, reason) in [(0, ""), (1, "Too Many Header Fields")] {
            let count = SIPLimits.headerCount - present + extra
            let more = (0..<count).map { ("X-\($0)", "1" as String?) }
            #expect(self.verdict(more).reason == reason)
        }
    }

    @Test("Octets of a header field")
    func headerBytes() {
        for (extra, reason) in [(0, ""), (1, "Header Field Too Long")] {
            let value = String(repeating: "x", count: SIPLimits.headerBytes - 3 + extra)
            #expect(self.verdict([("X", value)]).reason == reason)
        }
    }

    @Test("Parameters of a header field and of a URI")
    func parameterCount() {
        for (extra, reason) in [(0, ""), (1, "Too Many Parameters")] {
            let list = (0..<(SIPLimits.parameterCount + extra)).map { ";p\($0)" }.joined()
            #expect(self.verdict([("Contact", "<sip:a@b>" + list)]).reason == reason)
            #expect(self.verdict([("Contact", "<sip:a@b\(list)>")]).reason == reason)
            let headers = list.dropFirst().split(separator: ";").map { "\($0)=1" }
            let uri = "<sip:a@b?\(headers.joined(separator: "&"))>"
            #expect(self.verdict([("Contact", uri)]).reason == reason)
        }
    }

    @Test("Octets of a URI")
    func uriBytes() {
        for (extra, status) in [(0, nil as Int?), (1, 414)] {
            let user = String(repeating: "x", count: SIPLimits.uriBytes - 6 + extra)
            let request = invite(start: "INVITE sip:\(user)@b SIP/2.0")
            #expect(examine(request, framing: .datagram).status == status)
            #expect(self.verdict([("Contact", "<sip:\(user)@b>")]).status == status)
        }
    }

    @Test("Values of a list")
    func valueCount() {
        for (extra, reason) in [(0, ""), (1, "Too Many Header Field Values")] {
            let count = SIPLimits.valueCount + extra
            let list = [String](repeating: "<sip:a;lr>", count: count).joined(separator: ",")
            #expect(self.verdict([("Route", list)]).reason == reason)
        }
    }

    @Test("Line ends between messages of a stream")
    func keepAliveBytes() {
        for (extra, verdicts) in [(0, 1), (2, 1)] {
            let count = SIPLimits.keepAliveBytes / 2 + extra / 2
            let flood = [UInt8](repeating: 0, count: count).flatMap { _ in [0x0d, 0x0a] as [UInt8] }
            let result = examineStream(flood + invite())
            #expect(result.count == verdicts)
            #expect(result.first?.status == (extra == 0 ? nil : 0))
        }
    }

    @Test("A header section that never ends does not fill the memory")
    func endlessHeader() {
        var framer = StreamFramer()
        framer.append(Array("INVITE sip:a SIP/2.0\r\n".utf8))
        var item = framer.next()
        for _ in 0..<70 where item == .needMore {
            framer.append([UInt8](repeating: 0x61, count: 1_000))
            #expect(framer.pendingBytes <= SIPLimits.messageBytes + 1_000)
            item = framer.next()
        }
        guard case .failure(let fault, let octets) = item else {
            Issue.record("no failure")
            return
        }
        #expect(fault.code == .messageTooLarge && octets.count == SIPLimits.messageBytes)
        #expect(FaultTable.verdict(fault, octets: octets).status == 513)
    }

    @Test("Many comments, quotes and escapes in a row")
    func depth() {
        let deep = String(repeating: "(", count: 8_000)
        #expect(fault { () throws(SIPParseError) in try RetryAfter(bytes("1 " + deep)) } != nil)
        let open = "\"" + String(repeating: "\\\"", count: 4_000)
        #expect(
            fault { () throws(SIPParseError) in try NameAddr(bytes(open)) } == .quoteUnterminated)
    }
}
