// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@Suite("Framing a stream")
struct StreamFramerTests {
    @Test("Messages one behind the other, line ends between them")
    func sequence() {
        let first = invite([("Content-Type", "text/plain")], body: "a\r\n\r\nb")
        let second = invite([("CSeq", "1 BYE")], start: "BYE sip:bob@example.com SIP/2.0")
        var framer = StreamFramer()
        framer.append([0x0d, 0x0a] + first + [0x0d, 0x0a, 0x0d, 0x0a] + second + [0x0d])
        #expect(framer.next() == .message(first))
        #expect(framer.itemOffset == 2)
        #expect(framer.next() == .keepAlive)
        #expect(framer.next() == .message(second))
        #expect(framer.itemOffset == 6 + first.count)
        #expect(framer.next() == .needMore)
        framer.append([0x0a, 0x0d, 0x0a])
        #expect(framer.next() == .keepAlive)
        #expect(framer.next() == .needMore)
        #expect(framer.pendingBytes == 0)
    }

    @Test("Length folded, in compact form and in any case")
    func lengths() {
        for line in ["l:2", "L :  2", "CONTENT-LENGTH:\r\n 2", "content-length:\t2\t"] {
            let message = Array("INFO sip:a SIP/2.0\r\n\(line)\r\n\r\nab".utf8)
            var framer = StreamFramer()
            framer.append(message + message)
            #expect(framer.next() == .message(message), "\(line)")
            #expect(framer.next() == .message(message), "\(line)")
        }
    }

    @Test(
        "Lost framing: named once, then for good",
        arguments: [
            ("", SIPParseError.Code.contentLengthMissing), ("l:-1\r\n", .contentLengthSyntax),
            ("l:five\r\n", .contentLengthSyntax), ("l:\r\n", .contentLengthSyntax),
            ("l:1\r\nl:1\r\n", .contentLengthRepeated), ("l:65536\r\n", .messageTooLarge),
            ("l:18446744073709551616\r\n", .contentLengthSyntax),
        ])
    func lost(_ line: String, _ code: SIPParseError.Code) {
        var framer = StreamFramer()
        let head = Array("INFO sip:a SIP/2.0\r\n\(line)\r\n".utf8)
        framer.append(head + Array("body".utf8))
        guard case .failure(let fault, let octets) = framer.next() else {
            Issue.record("no failure")
            return
        }
        #expect(fault.code == code && octets == head)
        framer.append(invite())
        #expect(framer.next() == .failure(fault, octets: []))
        #expect(framer.pendingBytes == 0)
    }

    @Test("Lost framing of a response or an ACK is not answered")
    func unanswered() {
        for start in ["SIP/2.0 200 OK", "ACK sip:a SIP/2.0", "GET / HTTP/1.1"] {
            #expect(examineStream(Array("\(start)\r\nl:x\r\n\r\n".utf8)).map(\.status) == [0])
        }
        #expect(
            examineStream(Array("INFO sip:a SIP/2.0\r\nl:x\r\n\r\n".utf8)).map(\.status) == [400])
    }

    @Test("A malformed message with a sound length does not end the stream")
    func goesOn() {
        let bad = invite([("CSeq", "1 BYE")])
        let verdicts = examineStream(bad + invite())
        #expect(verdicts.map(\.status) == [400, nil])
    }
}
