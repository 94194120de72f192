// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@Suite struct MessageLimitTests {
    private func verdict(_ bytes: [UInt8], _ limits: MessageLimits) throws -> Verdict {
        var message = try SIPMessage.parse(bytes, framing: .datagram)
        return message.examine(limits)
    }

    @Test func theDefaultsAreTheParsers() throws {
        let limits = MessageLimits()
        #expect(limits.messageBytes == 65_536 && limits.uriBytes == 2048)
        #expect(limits.headerBytes == 8192)
        // A Refer-To of 400 characters.
        let target = "<sip:" + String(repeating: "x", count: 400) + "@a.example>"
        #expect(try self.verdict(invite([("Refer-To", target)]), limits) == .accept)
    }

    /// A PIDF-LO of 20 KB beside a description.
    @Test func longBodiesPass() throws {
        let location = String(repeating: "<gml:pos>-33.8 151.2</gml:pos>\r\n", count: 640)
        let body =
            "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b\r\n"
            + "Content-Type: application/pidf+xml\r\n\r\n\(location)\r\n--b--\r\n"
        #expect(body.utf8.count > 20_000)
        let message = invite(
            [
                ("Content-Type", "multipart/mixed;boundary=b"),
                ("Content-Length", "\(body.utf8.count)"),
            ], body: body)
        #expect(try self.verdict(message, MessageLimits()) == .accept)
        var framer = StreamFramer()
        framer.append(message)
        #expect(framer.next() == .message(message))
    }

    @Test func lowerOnesHold() throws {
        var limits = MessageLimits()
        limits.uriBytes = 300
        let long = "INVITE sip:" + String(repeating: "a", count: 300) + " SIP/2.0"
        #expect(try self.verdict(invite(start: long), limits).status == 414)
        limits = MessageLimits()
        limits.headerBytes = 512
        let subject = String(repeating: "s", count: 600)
        #expect(try self.verdict(invite([("Subject", subject)]), limits).status == 400)
        #expect(try self.verdict(invite(), limits) == .accept)
        limits = MessageLimits()
        limits.messageBytes = 200
        #expect(try self.verdict(invite(), limits).status == 513)
        // What cannot be answered is dropped.
        let response = invite(start: "SIP/2.0 200 OK")
        guard case .drop = try self.verdict(response, limits) else {
            Issue.record("a response is not answered")
            return
        }
    }
}
