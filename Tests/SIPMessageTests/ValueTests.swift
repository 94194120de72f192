// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@Suite("Header field values")
struct ValueTests {
    @Test(
        "Digits only: the number parser",
        arguments: [
            ("0", 0 as UInt64?), ("0068", 68), ("255", 255), ("256", nil), ("", nil), ("+5", nil),
            ("-1", nil), (" 1", nil), ("1 ", nil), ("٣", nil), ("99999999999999999999999", nil),
        ])
    func number(_ digits: String, _ value: UInt64?) {
        #expect(ASCII.number(digits.utf8, limit: 255) == value)
    }

    @Test("ASCII alone has case: the Kelvin sign is no k")
    func caseFolding() {
        #expect(ASCII.equalsIgnoringCase("Via".utf8, "vIA"))
        #expect(!ASCII.equalsIgnoringCase("\u{212A}".utf8, "k"))
        #expect(!ASCII.equalsIgnoringCase("@".utf8, "`"))
    }

    @Test("Numbers go out without leading zeros")
    func digits() {
        #expect(text(ASCII.digits(0 as UInt32)) == "0")
        #expect(text(ASCII.digits(UInt32.max)) == "4294967295")
    }

    @Test("Via with everything")
    func via() throws {
        let via = try Via(
            bytes("SIP / 2.0 / TLS  [2001:db8::9] : 5061 ; rport=4711;received=192.0.2.7;ttl=16"))
        #expect(text(via.transport) == "TLS" && via.port == 5061 && via.branch == nil)
        #expect(via.wantsResponsePort && via.responsePort == 4711)
        #expect(via.received.map { "\($0)" } == "192.0.2.7")
    }

    @Test(
        "Via malformed",
        arguments: [
            ("SIP/2.0/UDP", SIPParseError.Code.viaSyntax), ("HTTP/2.0/UDP a", .viaSyntax),
            ("SIP/3.0/UDP a", .viaSyntax), ("SIP/2.0/UDP ", .hostSyntax),
            ("SIP/2.0/UDP a;;", .parameterSyntax), ("SIP/2.0/UDP a;ttl=256", .viaSyntax),
            ("SIP/2.0/UDP a;rport=x", .viaSyntax), ("SIP/2.0/UDP a;branch", .viaSyntax),
            ("SIP/2.0/UDP a:99999", .portSyntax), ("SIP/2.0/UDP a b", .viaSyntax),
            ("SIP/2.0/UDP a;branch=1;branch=2", .parameterRepeated),
        ])
    func badVia(_ value: String, _ code: SIPParseError.Code) {
        #expect(fault { () throws(SIPParseError) in try Via(bytes(value)) } == code)
    }

    @Test("Branch, tag and other values that peers send although no token")
    func lenient() throws {
        #expect(try Via(bytes("SIP/2.0/TCP a;branch=z9hG4bK@b=/")).hasUniqueBranch)
        #expect(try NameAddr(bytes("<sip:a@b>;tag=YWJj==")).tag.map(text) == "YWJj==")
        #expect(try Via(bytes("SIP/2.0/TCP a;received=host")).received == nil)
    }

    @Test(
        "Addresses",
        arguments: [
            ("sip:a@b;tag=1", "", "sip:a@b"), ("<sip:a@b;x=1>;tag=1", "", "sip:a@b;x=1"),
            ("A B<sip:a@b>;tag=1", "A B", "sip:a@b"),
            (#""a, \"<b>" <sip:a@b?x=1> ; tag = 1"#, #""a, \"<b>""#, "sip:a@b?x=1"),
            ("tel:+1;tag=1", "", "tel:+1"), ("<urn:service:sos>;tag=1", "", "urn:service:sos"),
        ])
    func address(_ value: String, _ name: String, _ uri: String) throws {
        let address = try NameAddr(bytes(value))
        #expect(text(address.displayName) == name && text(address.uri) == uri)
        #expect(address.tag.map(text) == "1")
    }

    @Test(
        "Addresses malformed",
        arguments: [
            ("", SIPParseError.Code.uriSyntax), ("<sip:a@b", .bracketUnterminated),
            ("\"a <sip:a@b>", .quoteUnterminated), ("a, b <sip:a@b>", .displayNameSyntax),
            ("\"a\" b <sip:a@b>", .displayNameSyntax), ("sip:a@b?x=1", .bracketsMissing),
            ("<sip:a@b> x", .nameAddrSyntax), ("<sip:a@b>;", .parameterSyntax),
            ("< sip:a@b>", .uriSpace), ("\"a\" sip:a@b", .bracketsMissing), ("<>", .uriSyntax),
        ])
    func badAddress(_ value: String, _ code: SIPParseError.Code) {
        #expect(fault { () throws(SIPParseError) in try NameAddr(bytes(value)) } == code)
    }

    @Test(
        "An accepted message's addresses are taken as they are, and are the same",
        arguments: [
            "Alice <sip:alice@example.com>;tag=1", "\"A <b>;tag=9\" <sip:a@h;x=y>;tag=1;z",
            "sip:alice@example.com;tag=1", "<tel:+15550100;phone-context=x>;p=q;tag=1",
        ])
    func examined(_ value: String) throws {
        var message = try SIPMessage.parse(invite([("From", value)]), framing: .datagram)
        let before = try message.from()
        #expect(message.examine(MessageLimits()) == .accept)
        let after = try message.from()
        #expect(after.uri == before.uri && after.displayName == before.displayName)
        #expect(after.tag.map { text($0) } == "1" && after.bytes == before.bytes)
    }

    @Test("CSeq")
    func cseq() throws {
        #expect(try CSeq(bytes("4294967295  ACK")) == CSeq(number: .max, method: .ack))
        #expect(CSeq(number: 7, method: .bye).bytes == Array("7 BYE".utf8))
        let bad: [(String, SIPParseError.Code)] = [
            ("4294967296 ACK", .cseqRange), ("1", .cseqSyntax), ("1 ", .cseqSyntax),
            ("-1 ACK", .cseqSyntax), ("1 A B", .cseqSyntax), ("1ACK", .cseqSyntax),
        ]
        for (value, code) in bad {
            #expect(fault { () throws(SIPParseError) in try CSeq(bytes(value)) } == code)
        }
    }

    @Test("Retry-After passes over nested comments")
    func retryAfter() throws {
        let value = try RetryAfter(bytes("18000 (in (a \\) meeting)) ;duration=3600"))
        #expect(value.seconds == 18_000 && value.parameters.value("duration").map(text) == "3600")
        for bad in ["", "x", "5 (", "5 x", "99999999999"] {
            #expect(
                fault { () throws(SIPParseError) in try RetryAfter(bytes(bad)) }
                    == .retryAfterSyntax)
        }
    }

    @Test("Challenges keep scheme and parameters")
    func challenge() throws {
        let value = try Challenge(bytes(#"Digest realm="a \"b\"", nonce="x=", stale=FALSE"#))
        #expect(text(value.scheme) == "Digest")
        #expect(value.text("REALM").map(text) == #"a "b""#)
        #expect(value.text("stale").map(text) == "FALSE")
        for bad in ["Digest", "Digest realm", "Digest a=b,", "Digest a=b c"] {
            #expect(
                fault { () throws(SIPParseError) in try Challenge(bytes(bad)) } == .challengeSyntax)
        }
    }

    @Test(
        "Dates, there and back",
        arguments: [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0 as Int64),
            ("Sat, 13 Nov 2010 23:29:00 GMT", 1_289_690_940),
            ("Thu, 29 Feb 2024 12:00:00 GMT", 1_709_208_000),
        ])
    func date(_ value: String, _ seconds: Int64) throws {
        let date = try SIPDate(bytes(value))
        #expect(date.secondsSince1970 == seconds && text(date.bytes) == value)
    }

    @Test(
        "Dates malformed",
        arguments: [
            "Fri, 01 Jan 2010 16:00:00 EST", "Thu, 30 Feb 2024 12:00:00 GMT",
            "Thu, 01 Jan 1969 00:00:00 GMT", "Thu, 1 Jan 1970 00:00:00 GMT",
            "Thu, 01 Jan 1970 24:00:00 GMT", "", "Thu, 01 Jan 0000 00:00:00 GMT",
        ])
    func badDate(_ value: String) {
        #expect(fault { () throws(SIPParseError) in try SIPDate(bytes(value)) } == .dateSyntax)
    }

    @Test("Media types and ranges")
    func mediaType() throws {
        let type = try MediaType(bytes("Application / SDP ; charset=\"x\""))
        #expect(type.matches("application", "sdp") && !type.isMultipart)
        #expect(try MediaType(bytes("*/*")).accepts("application", "sdp"))
        #expect(try !MediaType(bytes("text/*")).accepts("application", "sdp"))
        #expect(
            try MediaType(bytes("multipart/mixed;boundary=\"a b\"")).boundary.map(text) == "a b")
        #expect(
            fault { () throws(SIPParseError) in try MediaType(bytes("sdp")) } == .mediaTypeSyntax)
    }

    @Test("Tokens with parameters")
    func tokenValue() throws {
        let reason = try TokenValue(bytes("Q.850 ;cause=16 ;text=\"a;b\""))
        #expect(text(reason.token) == "Q.850" && reason.parameters.value("cause").map(text) == "16")
        let replaces = try TokenValue(bytes("1@[::1];to-tag=a;from-tag=b"))
        #expect(text(replaces.token) == "1@[::1]")
    }

    @Test("Quoted strings, there and back")
    func quoted() {
        let value = QuotedString.quoted("a\"b\\c\r\nd".utf8)
        #expect(text(value) == #""a\"b\\c  d""#)
        #expect(text(QuotedString.unquoted(value[...])) == "a\"b\\c  d")
    }
}
