// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@Suite("Verdicts")
struct ExamineTests {
    @Test(
        "Sound requests and responses",
        arguments: [
            [], [("Max-Forwards", nil)], [("Contact", nil)], [("Via", "SIP/2.0/UDP a")],
            [("Accept", "text/plain, application/*;q=0.5")], [("Supported", "100rel, timer")],
            [("Proxy-Require", "foo")], [("Date", "yesterday")], [("Expires", "soon")],
            [("To", "<tel:+1>")], [("From", "<urn:a:b>;tag=1")], [("Authorization", "what, ever")],
        ] as [[(String, String?)]])
    func accepted(_ changes: [(String, String?)]) {
        #expect(examine(invite(changes), framing: .datagram) == .accept)
        let response = invite(changes, start: "SIP/2.0 200 OK")
        #expect(examine(response, framing: .stream) == .accept)
    }

    @Test(
        "Faults of one header field",
        arguments: [
            ("Via", nil, 400, "Missing Via"), ("From", nil, 400, "Missing From"),
            ("To", nil, 400, "Missing To"), ("Call-ID", nil, 400, "Missing Call-ID"),
            ("CSeq", nil, 400, "Missing CSeq"), ("f", "<sip:a>", 400, "Repeated From"),
            ("t", "<sip:a>", 400, "Repeated To"), ("i", "a", 400, "Repeated Call-ID"),
            ("cseq", "1 INVITE", 400, "Repeated CSeq"),
            ("max-forwards", "1", 400, "Repeated Max-Forwards"),
            ("Call-ID", "a b", 400, "Malformed Call-ID"), ("Call-ID", "", 400, "Malformed Call-ID"),
            ("Call-ID", "a@b@c", 400, "Malformed Call-ID"),
            ("CSeq", "1 BYE", 400, "CSeq Method Mismatch"), ("CSeq", "one", 400, "Malformed CSeq"),
            ("Max-Forwards", "256", 400, "Malformed Max-Forwards"),
            ("From", "<sip:a>;tag", 400, "Malformed Tag"), ("Via", ",", 400, "Malformed Via"),
            ("From", "<sip:a>;tag=1;tag=2", 400, "Repeated Parameter"),
            ("Route", "sip:a;lr", 400, "URI Without Angle Brackets"),
            ("Record-Route", "<sip:a>,", 400, "URI Without Angle Brackets"),
            ("Contact", "", 400, "Malformed URI"),
            ("Content-Type", "sdp", 400, "Malformed Content-Type"),
            ("Require", "a b", 400, "Malformed List of Tokens"),
            ("Require", "precondition", 420, "Bad Extension"),
            ("Accept", "text/plain", 406, "Not Acceptable"), ("Accept", "", 406, "Not Acceptable"),
            ("Content-Length", "x", 400, "Malformed Content-Length"),
            ("Content-Length", "1", 400, "Content-Length Larger Than Body"),
            ("l", "0", 400, "Repeated Content-Length"),
            ("Bad Name", "x", 400, "Malformed Header Field"),
        ] as [(String, String?, Int, String)])
    func refused(_ name: String, _ value: String?, _ status: Int, _ reason: String) {
        let verdict = examine(invite([(name, value)]), framing: .datagram)
        #expect(verdict.status == status && verdict.reason == reason, "\(verdict)")
    }

    @Test(
        "Start lines",
        arguments: [
            ("INVITE sip:a SIP/2.0", nil, ""), ("INVITE tel:+1 SIP/2.0", nil, ""),
            ("INVITE sips:a sip/2.0", nil, ""),
            ("INVITE sip:a SIP/2.1", 505, "Version Not Supported"),
            ("INVITE sip:a SIP/two", 400, "Malformed SIP Version"),
            ("INVITE sip:a SIP/2", 400, "Malformed SIP Version"),
            ("INVITE  sip:a SIP/2.0", 400, "Malformed Spacing in Start Line"),
            ("INVITE\tsip:a SIP/2.0", 400, "Malformed Spacing in Start Line"),
            ("INVITE sip:a  SIP/2.0", 400, "Malformed Spacing in Start Line"),
            ("INVITE sip:a SIP/2.0 ", 400, "Malformed Spacing in Start Line"),
            (" INVITE sip:a SIP/2.0", 400, "Malformed Spacing in Start Line"),
            ("INVITE SIP/2.0", 400, "Malformed Start Line"),
            ("INV@TE sip:a SIP/2.0", 400, "Malformed Method"),
            ("INVITE sip:a b SIP/2.0", 400, "White Space in Request-URI"),
            ("INVITE urn:service:sos SIP/2.0", 416, "Unsupported URI Scheme"),
            ("invite sip:a SIP/2.0", 501, "Not Implemented"),
            ("INVITE sip:a HTTP/1.1", 0, "Not SIP"), ("", 0, "Not SIP"), ("junk", 0, "Not SIP"),
            ("SIP/2.0 99 Low", 0, "Malformed status code"),
            ("SIP/2.0 700 High", 0, "Malformed status code"),
            ("SIP/2.0 2x0 OK", 0, "Malformed status code"),
            ("SIP/3.0 200 OK", 0, "Version Not Supported"),
            ("SIP/2.0 200", 0, "Malformed Spacing in Start Line"),
            ("SIP/2.0", 0, "Malformed status code"),
        ] as [(String, Int?, String)])
    func startLines(_ line: String, _ status: Int?, _ reason: String) {
        let bytes = Array("\u{1}".utf8) + invite(start: line)
        let verdict = examine(Array(bytes.dropFirst()), framing: .datagram)
        if line.isEmpty {
            // Empty lines in front are ignored; the first header line is then the start line.
            #expect(verdict.status == 0)
        } else {
            #expect(verdict.status == status && verdict.reason == reason, "\(verdict)")
        }
    }

    @Test("Faulty responses and ACKs get silence")
    func silence() {
        let response = invite([("CSeq", "one")], start: "SIP/2.0 200 OK")
        #expect(examine(response, framing: .datagram).status == 0)
        let ack = invite([("CSeq", "1 INVITE")], start: "ACK sip:a SIP/2.0")
        #expect(examine(ack, framing: .datagram).status == 0)
        #expect(examine([], framing: .datagram).status == 0)
        #expect(examine([0x0d, 0x0a, 0x0d, 0x0a], framing: .datagram).status == 0)
    }

    @Test("Require is not looked at in ACK and CANCEL (RFC 3261 section 8.2.2.3)")
    func requireInAck() {
        for method in ["ACK", "CANCEL"] {
            let bytes = invite(
                [("CSeq", "1 \(method)"), ("Require", "foo")], start: "\(method) sip:a SIP/2.0")
            #expect(examine(bytes, framing: .datagram) == .accept)
        }
    }

    @Test("Bodies: types that an offer may have, and bodies that may be ignored")
    func bodies() {
        let cases: [([(String, String?)], String, Int?)] = [
            ([("c", "application/sdp")], "v=0", nil),
            ([("c", "multipart/mixed;boundary=a")], "", nil),
            ([("c", "application/isup")], "x", 415), ([("c", "application/isup")], "", nil),
            ([("c", "a/b"), ("Content-Disposition", "x;handling=optional")], "x", nil),
            ([("c", "a/b"), ("Content-Disposition", "x;handling=required")], "x", 415),
            ([("c", "application/sdp"), ("e", "gzip")], "x", 415), ([], "x", 400),
        ]
        for (changes, body, status) in cases {
            let bytes = invite(changes, body: body)
            #expect(examine(bytes, framing: .datagram).status == status, "\(changes)")
        }
    }

    @Test("Line ends have to be CRLF", arguments: ["\n", "\r", "\n\r"])
    func lineEnds(_ end: String) {
        let text = String(decoding: invite(), as: UTF8.self)
            .replacing("\r\nFrom", with: end + "From")
        #expect(examine(Array(text.utf8), framing: .datagram).reason == "Line End Without CRLF")
    }

    @Test("Cut anywhere, a datagram is refused or dropped, never accepted with less")
    func cut() {
        let bytes = invite([("Content-Type", "application/sdp")], body: "v=0\r\n")
        for end in 0..<bytes.count {
            #expect(examine(Array(bytes[..<end]), framing: .datagram) != .accept, "\(end)")
        }
    }

    @Test("A datagram may end with its last header line where the length is zero")
    func withoutEmptyLine() {
        let bytes = Array(invite().dropLast(2))
        #expect(examine(bytes, framing: .datagram) == .accept)
        #expect(examine(bytes, framing: .stream).reason == "Stream ends inside a message")
        let open = Array(invite([("Content-Length", nil)]).dropLast(2))
        #expect(examine(open, framing: .datagram).reason == "Header Section Without End")
    }

    @Test("Every fault code has an answer of its own text")
    func table() {
        for code in SIPParseError.Code.allCases {
            #expect(!FaultTable.text(code).isEmpty && FaultTable.text(code) != "Bad Request")
        }
    }
}
