// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

/// Each row of the table of faults, by a message that has the fault.
@Suite struct FaultRowTests {
    private static let from = "<sip:a>;tag=1"

    private static func text(_ text: String) -> [UInt8] { Array(text.utf8) }

    private static func many(_ count: Int, _ text: String) -> String {
        String(repeating: text, count: count)
    }

    /// An INVITE of which one line ends without CR.
    private static var bareLineEnd: [UInt8] {
        var bytes = invite()
        if let first = bytes.firstIndex(of: 0x0d).map({ bytes[($0 + 1)...] }),
            let second = first.firstIndex(of: 0x0d)
        {
            bytes.remove(at: second)
        }
        return bytes
    }

    /// Messages of their own: in datagrams.
    private static let datagrams: [(SIPParseError.Code, [UInt8])] = [
        (.empty, text("\r\n\r\n")), (.notSIP, text("junk\r\n\r\n")),
        (.messageTooLarge, invite(body: many(70_000, "x"))),
        (.tooManyHeaders, invite((0..<300).map { ("X-\($0)", "1") })),
        (.headerTooLong, invite([("Subject", many(9000, "s"))])),
        (.tooManyParameters, invite([("From", from + (0..<70).map { ";p\($0)" }.joined())])),
        (.tooManyValues, invite([("Via", many(200, "SIP/2.0/UDP a,") + "SIP/2.0/UDP b")])),
        (.uriTooLong, invite(start: "INVITE sip:\(many(3000, "u")) SIP/2.0")),
        (.startLineSyntax, invite(start: "INVITE SIP/2.0")),
        (.startLineSpacing, invite(start: "INVITE  sip:a SIP/2.0")),
        (.methodSyntax, invite(start: "INV@TE sip:a SIP/2.0")),
        (.requestURISpace, invite(start: "INVITE sip:a b SIP/2.0")),
        (.versionSyntax, invite(start: "INVITE sip:a SIP/two")),
        (.versionUnsupported, invite(start: "INVITE sip:a SIP/2.1")),
        (.statusSyntax, invite(start: "SIP/2.0 99 Low")),
        (.lineEnding, bareLineEnd),
        (.headerSyntax, invite([("Bad Name", "x")])),
        (.headersUnterminated, Array(invite().dropLast(10))),
        (.contentLengthSyntax, invite([("Content-Length", "x")])),
        (.contentLengthRepeated, invite([("l", "0")])),
        (.bodyTooShort, invite([("Content-Length", "1")])),
        (.viaMissing, invite([("Via", nil)])), (.fromMissing, invite([("From", nil)])),
        (.toMissing, invite([("To", nil)])), (.callIDMissing, invite([("Call-ID", nil)])),
        (.cseqMissing, invite([("CSeq", nil)])),
        (.contentTypeMissing, invite([("Content-Length", "1")], body: "x")),
        (.fromRepeated, invite([("f", "<sip:a>")])), (.toRepeated, invite([("t", "<sip:a>")])),
        (.callIDRepeated, invite([("i", "a")])), (.cseqRepeated, invite([("cseq", "1 INVITE")])),
        (.maxForwardsRepeated, invite([("max-forwards", "1")])),
        (
            .contentTypeRepeated,
            invite([("Content-Type", "application/sdp"), ("c", "application/sdp")])
        ),
        (.viaSyntax, invite([("Via", ",")])),
        (.nameAddrSyntax, invite([("Contact", "<sip:a> b")])),
        (.displayNameSyntax, invite([("Contact", "a@b <sip:a>")])),
        (.parameterSyntax, invite([("Contact", "<sip:a>;@=1")])),
        (.hostSyntax, invite([("From", "<sip:a@>;tag=1")])),
        (.portSyntax, invite([("From", "<sip:a@b:port>;tag=1")])),
        (.uriSyntax, invite([("Contact", "")])),
        (.uriSpace, invite([("From", "<sip:a @b>;tag=1")])),
        (.uriEscape, invite([("From", "<sip:%zz@b>;tag=1")])),
        (.uriHeadersNotAllowed, invite(start: "INVITE sip:a?b=c SIP/2.0")),
        (.quoteUnterminated, invite([("From", "\"a <sip:a>;tag=1")])),
        (.bracketUnterminated, invite([("From", "<sip:a;tag=1")])),
        (.bracketsMissing, invite([("Route", "sip:a;lr")])),
        (.parameterRepeated, invite([("From", "<sip:a>;tag=1;tag=2")])),
        (.tagSyntax, invite([("From", "<sip:a>;tag")])),
        (.callIDSyntax, invite([("Call-ID", "a b")])), (.cseqSyntax, invite([("CSeq", "one")])),
        (.cseqRange, invite([("CSeq", "4294967296 INVITE")])),
        (.maxForwardsSyntax, invite([("Max-Forwards", "256")])),
        (.contactStar, invite([("Contact", "*")])),
        (.mediaTypeSyntax, invite([("Content-Type", "sdp")])),
        (.tokenListSyntax, invite([("Require", "a b")])),
        (.cseqMethodMismatch, invite([("CSeq", "1 BYE")])),
        (.methodUnknown, invite(start: "FETCH sip:a SIP/2.0")),
        (.schemeUnsupported, invite(start: "INVITE urn:service:sos SIP/2.0")),
        (
            .recordScheme,
            invite(
                [("CSeq", "1 REGISTER"), ("To", "<tel:+1>")], start: "REGISTER sip:a SIP/2.0")
        ),
        (.extensionUnsupported, invite([("Require", "nothing-known")])),
        (.mediaTypeUnsupported, invite([("Content-Type", "text/plain")], body: "x")),
        (
            .encodingUnsupported,
            invite([("Content-Type", "application/sdp"), ("Content-Encoding", "gzip")], body: "x")
        ),
        (.acceptUnsatisfiable, invite([("Accept", "text/plain")])),
        (
            .broadcastVia,
            invite(
                [("Via", "SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/UDP 255.255.255.255")],
                start: "SIP/2.0 200 OK")
        ),
    ]

    /// What only a stream can have.
    private static let streams: [(SIPParseError.Code, [UInt8])] = [
        (.incomplete, Array(invite().dropLast(10))),
        (.keepAliveFlood, text(many(2000, "\r\n"))),
        (.contentLengthMissing, invite([("Content-Length", nil)])),
    ]

    /// Values that no request is refused for.
    private static let ofValues: [(SIPParseError.Code, name: String, value: String)] = [
        (.dateSyntax, "Date", "yesterday"), (.retryAfterSyntax, "Retry-After", "soon"),
        (.challengeSyntax, "Authorization", "Digest ,="), (.numberSyntax, "Min-SE", "many"),
        (.numberSyntax, "Session-Expires", "long"),
    ]

    private func check(_ code: SIPParseError.Code, _ verdict: Verdict) {
        switch FaultTable.answer(code) {
        case .respond(let status, let reason):
            #expect(verdict.status == status && verdict.reason == reason, "\(code): \(verdict)")
        case .silence(let reason):
            #expect(verdict.status == 0 && verdict.reason == reason, "\(code): \(verdict)")
        }
    }

    @Test func datagramsGetTheirRow() {
        for (code, bytes) in Self.datagrams {
            self.check(code, examine(bytes, framing: .datagram))
        }
    }

    @Test func streamsGetTheirRow() throws {
        for (code, bytes) in Self.streams {
            self.check(code, try #require(examineStream(bytes).last))
        }
    }

    @Test func everyRowIsHere() {
        let shown = Set((Self.datagrams + Self.streams).map(\.0))
        #expect(shown.isDisjoint(with: FaultTable.refusesNothing))
        #expect(shown.union(FaultTable.refusesNothing) == Set(SIPParseError.Code.allCases))
        #expect(Set(Self.ofValues.map(\.0)) == FaultTable.refusesNothing)
    }

    /// Who uses the value leaves it.
    @Test func otherValuesRefuseNothing() {
        for (code, name, value) in Self.ofValues {
            #expect(examine(invite([(name, value)]), framing: .datagram) == .accept, "\(code)")
        }
    }

    /// The same faults in an ACK or a response get silence.
    @Test func nobodyIsAnsweredWhoMustNotBe() {
        for (name, value) in [("Call-ID", "a b"), ("CSeq", "one"), ("From", "<sip:a>;tag")] {
            let ack = invite([(name, value)], start: "ACK sip:a SIP/2.0")
            #expect(examine(ack, framing: .datagram).status == 0, "\(name)")
            let response = invite([(name, value)], start: "SIP/2.0 200 OK")
            #expect(examine(response, framing: .datagram).status == 0, "\(name)")
        }
    }
}
