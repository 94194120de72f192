// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@Suite struct DiversionTests {
    @Test func diversionValues() throws {
        let full = try Diversion(
            bytes("\"B\" <tel:+1555>;privacy=full;reason=\"user-busy\";counter=3;screen=yes"))
        #expect(full.reason == .userBusy && full.count == 3 && full.isPrivate)
        #expect(text(full.uri) == "tel:+1555" && text(full.displayName) == "\"B\"")
        let bare = try Diversion(bytes("<sip:b@x>"))
        #expect(bare.reason == .unknown && bare.count == 1 && !bare.isPrivate)
        #expect(try Diversion(bytes("<sip:b@x>;reason=odd;counter=0;privacy=off")).count == 1)
        #expect(fault { () throws(SIPParseError) in try Diversion(bytes("<>")) } != nil)
        #expect(
            text(full.bytes) == "\"B\" <tel:+1555>;reason=user-busy;counter=3;privacy=full")
    }

    @Test func historyEntries() throws {
        let entry = try HistoryInfo(
            bytes(
                "<sip:+1@h:5061;user=phone?Privacy=history&Reason=SIP%3Bcause%3D302%3Btext%3D%22"
                    + "Moved%20temporarily%22>;index=1.2.3;mp=1.2"))
        #expect(entry.index == [1, 2, 3] && entry.isPrivate && entry.reasonCause == 302)
        #expect(text(entry.uri) == "sip:+1@h:5061;user=phone")
        #expect(entry.target?.kind == .mapped && text(entry.target?.index ?? []) == "1.2")
        #expect(
            text(entry.bytes)
                == "<sip:+1@h:5061;user=phone?Privacy=history&Reason=SIP%3Bcause%3D302>"
                + ";index=1.2.3;mp=1.2")
        let cause = try HistoryInfo(bytes("<sip:+1@h;cause=486>;index=1.1;rc=1"))
        #expect(cause.cause == 486 && cause.reasonCause == nil && !cause.isPrivate)
        #expect(cause.target?.kind == .redirected)
        let two = try HistoryInfo(
            bytes("<sip:+1@h?Reason=Q.850%3Bcause%3D17%2CSIP%3Bcause%3D486>;index=1"))
        #expect(two.reasonCause == 486)
        #expect(try HistoryInfo(bytes("<tel:+1>;index=1")).uri == Array("tel:+1".utf8))
        // In other schemes "?" begins no headers.
        let other = try HistoryInfo(bytes("<im:?le2:h;cause=4>;index=1.1"))
        #expect(other.uri == Array("im:?le2:h;cause=4".utf8))
        #expect(try HistoryInfo(other.bytes[...]).uri == other.uri)
    }

    @Test(arguments: [
        "<sip:a@b>", "<sip:a@b>;index=", "<sip:a@b>;index=1..2", "<sip:a@b>;index=x",
        "<sip:a@b>;index=99999", "sip:a@b;index",
    ])
    func indexIsNeeded(value: String) {
        #expect(fault { () throws(SIPParseError) in try HistoryInfo(bytes(value)) } != nil)
    }

    @Test("A question mark in the user begins no headers")
    func questionMarkInUser() throws {
        let entry = try HistoryInfo(bytes("<sip:?a@h?Privacy=history>;index=1"))
        #expect(text(entry.uri) == "sip:?a@h" && entry.isPrivate)
        #expect(text(try HistoryInfo(entry.bytes[...]).uri) == "sip:?a@h")
        let uri = bytes("sip:a?b@h?x=y")
        #expect(text(uri[SIPURI.headersStart(uri)...]) == "?x=y")
        #expect(SIPURI.headersStart(bytes("tel:+1")) == 6)
    }

    @Test func indexIsBounded() {
        func entry(_ numbers: Int) -> String {
            "<sip:a@b>;index=" + Array(repeating: "1", count: numbers).joined(separator: ".")
        }
        let limit = HistoryInfo.indexLimit
        #expect((try? HistoryInfo(bytes(entry(limit)))) != nil)
        #expect((try? HistoryInfo(bytes(entry(limit + 1)))) == nil)
    }

    @Test func reasons() throws {
        let message = try SIPMessage.parse(
            invite([("Reason", "SIP;cause=200;text=\"a, b\", Q.850;cause=17;text=\"x\"")]),
            framing: .datagram)
        #expect(message.q850Cause == 17)
        #expect(ReasonValue(bytes("q.850 ; cause=127"))?.q850 == 127)
        for value in ["Q.850;cause=128", "Q.850;cause=0", "Q.850", "SIP;cause=17", ";"] {
            #expect(ReasonValue(bytes(value))?.q850 == nil)
        }
    }
}
