// SPDX-License-Identifier: Apache-2.0

import Foundation
import SIPMessage
import Testing

@Suite("Writing messages")
struct BuilderTests {
    @Test("A request with a body")
    func request() throws {
        var builder = SIPMessageBuilder(request: .options, uri: "sip:a@b".utf8)
        builder.add(.via, "SIP/2.0/UDP c;branch=z9hG4bK1")
        builder.add(.maxForwards, 70)
        builder.add(.contentLength, "99")
        let bytes = builder.finish(body: "abc".utf8, contentType: "text/plain")
        #expect(
            text(bytes)
                == "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c;branch=z9hG4bK1\r\n"
                + "Max-Forwards: 70\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc")
    }

    @Test("A response that copies, folds taken out")
    func response() throws {
        let request = try SIPMessage.parse(
            invite([("Via", "SIP/2.0/UDP a\r\n ;branch=z9hG4bK1"), ("v", "SIP/2.0/UDP b")]),
            framing: .datagram)
        var builder = SIPMessageBuilder(status: 180, reason: "Ringing")
        for name in [HeaderName.via, .from, .to, .callID, .cSeq] {
            builder.copy(all: name, from: request)
        }
        let response = try SIPMessage.parse(builder.finish(), framing: .stream)
        #expect(response.status == 180)
        #expect(
            response.lines(.via).map { text($0) } == [
                "SIP/2.0/UDP a   ;branch=z9hG4bK1", "SIP/2.0/UDP b",
            ])
        #expect(response.examine() == .accept)
    }

    @Test("No value can end its line")
    func injection() throws {
        var builder = SIPMessageBuilder(request: .info, uri: "sip:a\r\nX: y".utf8)
        builder.add(.subject, "a\r\nVia: evil\n\rb")
        let bytes = builder.finish()
        #expect(text(bytes).components(separatedBy: "\r\n").count == 5)
    }

    @Test("A message copied but for some headers")
    func copyExcept() throws {
        let message = try SIPMessage.parse(invite([("X-Own", "1")]), framing: .datagram)
        var builder = SIPMessageBuilder(request: .invite, uri: message.requestURI)
        builder.copy(from: message, except: [.via, HeaderName("x-own")])
        let copy = try SIPMessage.parse(builder.finish(), framing: .stream)
        #expect(copy.first(.via) == nil && copy.first(HeaderName("X-OWN")) == nil)
        #expect(copy.headers.count == message.headers.count - 2)
        #expect(copy.lines(.contentLength).count == 1)
    }

    @Test("Rejections echo what came, malformed or not")
    func rejection() throws {
        let request = invite([("To", "\"Bob <sip:bob@example.com>"), ("v", "SIP/2.0/TCP x")])
        guard case .reject(let status, let reason, _) = examine(request, framing: .datagram) else {
            Issue.record("not rejected")
            return
        }
        let bytes = try #require(
            SIPMessageBuilder.rejection(
                of: request, framing: .datagram, status: status, reason: reason,
                toTag: Array("t1".utf8)))
        let answer = try SIPMessage.parse(bytes, framing: .stream)
        #expect(answer.status == 400 && text(answer.reasonPhrase) == "Unterminated Quoted String")
        #expect(answer.lines(.via).count == 2)
        #expect(answer.first(.to).map { text($0) } == "\"Bob <sip:bob@example.com>")
        #expect(try answer.cseq().number == 314_159)
    }

    @Test("Rejections tag To and say what is not supported")
    func rejectionHeaders() throws {
        let request = invite([("Require", "foo, bar")])
        let bytes = try #require(
            SIPMessageBuilder.rejection(
                of: request, framing: .datagram, status: 420, reason: "Bad Extension",
                toTag: Array("t1".utf8)))
        let answer = try SIPMessage.parse(bytes, framing: .stream)
        #expect(try answer.to().tag.map { text($0) } == "t1")
        #expect(try answer.tokens(.unsupported).map { text($0) } == ["foo", "bar"])
    }

    @Test("Nobody answers an ACK, a response or what has no Via")
    func noRejection() {
        let unanswerable = [
            invite([("CSeq", "1 ACK")], start: "ACK sip:a SIP/2.0"),
            invite(start: "SIP/2.0 200 OK"), invite([("Via", nil)]),
        ]
        for bytes in unanswerable {
            let answer = SIPMessageBuilder.rejection(
                of: bytes, framing: .datagram, status: 400, reason: "x", toTag: [])
            #expect(answer == nil)
        }
    }
}

@Test func namesKeepTheirSpelling() throws {
    var builder = SIPMessageBuilder(request: .options, uri: "sip:a@b".utf8)
    for name in ["X-MS-Thing", "Content-Length", "l", "bad name", "", "x:y"] {
        builder.add(spelled: Array(name.utf8), Array("1".utf8))
    }
    let bytes = builder.finish()
    #expect(text(bytes) == "OPTIONS sip:a@b SIP/2.0\r\nX-MS-Thing: 1\r\nContent-Length: 0\r\n\r\n")
    let message = try SIPMessage.parse(bytes, framing: .datagram)
    #expect(message.spelledHeaders.map { text($0.name) } == ["X-MS-Thing", "Content-Length"])
}
