// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@testable import CallControl

/// Each limit at its edge: what is as long as it may be is taken, one octet more is not.
@Suite struct TrunkMessageLimitTests {
    private static func x(_ count: Int) -> String { String(repeating: "x", count: count) }

    /// OPTIONS, or another method, with these header fields in place of the usual ones.
    private func message(
        _ changes: [(String, String)] = [], uri: String = "sip:b@box.example",
        method: String = "OPTIONS"
    ) throws -> SIPMessage {
        let usual = [
            ("Via", "SIP/2.0/UDP 198.51.100.1;branch=z9hG4bK1"),
            ("From", "<sip:a@host.example>;tag=1"), ("To", "<sip:b@box.example>"),
            ("Call-ID", "c"), ("CSeq", "1 \(method)"), ("Max-Forwards", "70"),
        ]
        let names = Set(changes.map(\.0))
        let lines = usual.filter { !names.contains($0.0) } + changes + [("Content-Length", "0")]
        let text =
            "\(method) \(uri) SIP/2.0\r\n"
            + lines.map { "\($0.0): \($0.1)\r\n" }.joined() + "\r\n"
        return try SIPMessage.parse(Array(text.utf8), framing: .datagram)
    }

    private func status(
        _ message: SIPMessage, _ limit: WritableKeyPath<TrunkMessageLimits, Int>, _ octets: Int
    ) -> Int? {
        var limits = TrunkMessageLimits()
        limits[keyPath: limit] = octets
        if case .reject(let status, _, _) = limits.verdict(message) { return status }
        return nil
    }

    @Test func theDefaultsTakeWhatTheParserTakes() throws {
        let long = try self.message([
            ("Contact", "<sip:\(Self.x(2000))@a>"), ("X-\(Self.x(300))", "1"),
            ("Supported", Self.x(300)), ("Content-Type", "a/\(Self.x(300))"),
        ])
        #expect(TrunkMessageLimits().verdict(long) == .accept)
    }

    @Test func wholeMessages() throws {
        let message = try self.message()
        #expect(self.status(message, \.messageBytes, message.bytes.count) == nil)
        #expect(self.status(message, \.messageBytes, message.bytes.count - 1) == 513)
    }

    @Test func requestURIs() throws {
        let message = try self.message(uri: "sip:\(Self.x(60))")
        #expect(self.status(message, \.uriBytes, 64) == nil)
        #expect(self.status(message, \.uriBytes, 63) == 414)
    }

    @Test(arguments: ["<sip:", "\"Name\" <sip:a@"])
    func contacts(start: String) throws {
        let used = start.hasSuffix("@") ? 6 : 4
        let message = try self.message([("Contact", start + Self.x(64 - used) + ">")])
        #expect(self.status(message, \.uriBytes, 64) == nil)
        #expect(self.status(message, \.uriBytes, 63) == 400)
    }

    /// The user part of any of these, with its password.
    @Test(arguments: ["From", "To"])
    func userParts(name: String) throws {
        for user in [Self.x(64), Self.x(60) + ":123"] {
            let end = name == "From" ? ";tag=1" : ""
            let message = try self.message([(name, "<sip:\(user)@a.example>\(end)")])
            #expect(self.status(message, \.uriBytes, 64) == nil)
            #expect(self.status(message, \.uriBytes, 63) == 400)
        }
    }

    @Test func hostsOfFrom() throws {
        let message = try self.message([("From", "<sip:a@\(Self.x(40))>;tag=1")])
        #expect(self.status(message, \.fromDomainBytes, 40) == nil)
        #expect(self.status(message, \.fromDomainBytes, 39) == 400)
    }

    @Test func namesOfHeaderFields() throws {
        let message = try self.message([("X-\(Self.x(30))", "1")])
        #expect(self.status(message, \.headerNameBytes, 32) == nil)
        #expect(self.status(message, \.headerNameBytes, 31) == 400)
    }

    @Test(arguments: ["Supported", "Require", "Proxy-Require", "k"])
    func optionTags(name: String) throws {
        let message = try self.message([(name, "timer, \(Self.x(32)) ,a")])
        #expect(self.status(message, \.optionTagBytes, 32) == nil)
        #expect(self.status(message, \.optionTagBytes, 31) == 400)
    }

    /// Lines of one name are one list; other lists are others.
    @Test func listsOfOptionTags() throws {
        let message = try self.message([
            ("Supported", Self.x(20)), ("Supported", Self.x(10)), ("Require", Self.x(30)),
        ])
        #expect(self.status(message, \.optionListBytes, 32) == nil)
        #expect(self.status(message, \.optionListBytes, 31) == 400)
        #expect(self.status(try self.message(), \.optionListBytes, 0) == nil)
    }

    @Test func typesOfBodies() throws {
        for value in ["application/\(Self.x(52))", "application/\(Self.x(52));boundary=long"] {
            let message = try self.message([("Content-Type", value)])
            #expect(self.status(message, \.bodyNameBytes, 64) == nil)
            #expect(self.status(message, \.bodyNameBytes, 63) == 400)
        }
    }

    /// Nobody answers an ACK or a response.
    @Test func whatCannotBeAnsweredIsDropped() throws {
        var limits = TrunkMessageLimits()
        limits.headerNameBytes = 16
        let ack = try self.message([("X-Name-of-17-Byte", "1")], method: "ACK")
        guard case .drop = limits.verdict(ack) else {
            Issue.record("an ACK is answered")
            return
        }
        let text =
            "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n"
            + "X-Name-of-17-Byte: 1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@a>;tag=2\r\n"
            + "Call-ID: c\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        let response = try SIPMessage.parse(Array(text.utf8), framing: .datagram)
        guard case .drop = limits.verdict(response) else {
            Issue.record("a response is answered")
            return
        }
    }
}
