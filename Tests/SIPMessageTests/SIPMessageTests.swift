// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@Suite("Messages")
struct SIPMessageTests {
    @Test("A request, header by header")
    func request() throws {
        let message = try SIPMessage.parse(invite(body: ""), framing: .datagram)
        #expect(message.isRequest && message.method == .invite && message.status == nil)
        #expect(text(message.requestURI) == "sip:bob@example.com")
        #expect(try message.from().tag.map(text) == "1928301774")
        #expect(try message.to().tag == nil)
        #expect(try text(message.callID()) == "a84b4c76e66710@192.0.2.1")
        #expect(try message.cseq() == CSeq(number: 314_159, method: .invite))
        #expect(try message.maxForwards() == 70)
        #expect(try message.topVia().hasUniqueBranch)
        guard case .address(let contact)? = try message.contacts().first else {
            Issue.record("no contact")
            return
        }
        #expect(text(contact.uri) == "sip:alice@192.0.2.1")
    }

    @Test("A response")
    func response() throws {
        let bytes = invite([("CSeq", "1 INVITE")], start: "SIP/2.0 486 Busy Here")
        let message = try SIPMessage.parse(bytes, framing: .stream)
        #expect(!message.isRequest && message.status == 486 && message.method == nil)
        #expect(text(message.reasonPhrase) == "Busy Here" && message.requestURI.isEmpty)
    }

    @Test("Offsets of values are offsets in the message, behind folds too")
    func offsets() throws {
        let bytes = invite([("Subject", "a\r\n b\r\n\tc")])
        let message = try SIPMessage.parse(bytes, framing: .datagram)
        let subject = try #require(message.first(.subject))
        #expect(text(subject) == "a   b  \tc")
        #expect(bytes[subject.startIndex] == UInt8(ascii: "a"))
        #expect(bytes[subject.endIndex - 1] == UInt8(ascii: "c"))
        #expect(message.bytes == bytes)
    }

    @Test("Lines and commas are interchangeable; quotes and brackets hide commas")
    func lists() throws {
        let bytes = invite([
            ("Route", "<sip:a,b@c;lr>, \"x, y\" <sip:d>"), ("X-Other", "a, b"),
            ("route", "<sip:e>"), ("Supported", ""), ("allow", "INVITE,ACK"),
        ])
        let message = try SIPMessage.parse(bytes, framing: .datagram)
        #expect(try message.routes().map { text($0.uri) } == ["sip:a,b@c;lr", "sip:d", "sip:e"])
        #expect(message.all(HeaderName("x-OTHER")).map { text($0) } == ["a, b"])
        #expect(message.lines(.route).count == 2)
        #expect(try message.tokens(.supported).isEmpty)
        #expect(try message.tokens(.allow).map { text($0) } == ["INVITE", "ACK"])
    }

    @Test("Compact forms and unknown names")
    func names() {
        #expect(HeaderName("v") == .via && HeaderName("VIA") == .via)
        #expect(HeaderName("X-Own") == HeaderName("x-own"))
        #expect(HeaderName("X-Own") != HeaderName("x-owm"))
        #expect(text(HeaderName("cseq").bytes) == "CSeq")
        #expect(text(HeaderName.callID.bytes) == "Call-ID" && HeaderName.callID.compact == 0x69)
        #expect(HeaderName("Content-Length1") != .contentLength)
        #expect(HeaderName("Content-Langth").description == "content-langth")
    }

    @Test("Constants and table rows agree")
    func nameTable() {
        let names: [(HeaderName, StaticString)] = [
            (.via, "Via"), (.contentLength, "Content-Length"), (.maxForwards, "Max-Forwards"),
            (.reason, "Reason"), (.warning, "Warning"), (.event, "Event"), (.rAck, "RAck"),
            (.replaces, "Replaces"), (.sessionExpires, "Session-Expires"), (.path, "Path"),
            (.historyInfo, "History-Info"), (.pEarlyMedia, "P-Early-Media"),
            (.contentID, "Content-ID"), (.retryAfter, "Retry-After"), (.unsupported, "Unsupported"),
        ]
        for (name, spelling) in names { #expect(name == HeaderName(spelling)) }
        #expect(HeaderName.via.isList && HeaderName.contact.isList && !HeaderName.from.isList)
    }

    @Test("Contact * stands alone")
    func contactStar() throws {
        let register: [(String, String?)] = [("CSeq", "1 REGISTER"), ("Contact", "*")]
        let start = "REGISTER sip:example.com SIP/2.0"
        let bytes = invite(register, start: start)
        let message = try SIPMessage.parse(bytes, framing: .datagram)
        guard case .all? = try message.contacts().first else {
            Issue.record("no star")
            return
        }
        #expect(message.examine() == .accept)
        let both = invite(register + [("m", "<sip:a@b>")], start: start)
        #expect(examine(both, framing: .datagram).reason == "Misplaced Contact *")
        #expect(examine(invite([("Contact", "*")]), framing: .datagram).status == 400)
    }

    @Test("Octets behind the length are cut off; without a length the datagram is the body")
    func body() throws {
        let type: (String, String?) = ("Content-Type", "text/plain")
        let long = invite([type, ("Content-Length", "2")], body: "abc")
        #expect(try text(SIPMessage.parse(long, framing: .datagram).body) == "ab")
        let open = invite([type, ("Content-Length", nil)], body: "abc")
        #expect(try text(SIPMessage.parse(open, framing: .datagram).body) == "abc")
    }
}
