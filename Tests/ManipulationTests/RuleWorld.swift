// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@testable import Manipulation

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

func subject(_ text: String) throws -> Subject { try Subject(bytes(text)) }

func template(_ text: String) throws -> Template { try Template(bytes(text)) }

func pattern(_ text: String) throws -> Pattern { try Pattern(bytes(text)) }

func matches(_ part: String, _ text: String, as variable: String? = nil) throws -> Condition {
    Condition(try subject(part), .matches(try pattern(text)), as: variable.map(bytes))
}

func set(_ part: String, _ text: String) throws -> RuleAction {
    .set(try subject(part), try template(text))
}

func replace(
    _ part: String, _ from: String, _ to: String, everywhere: Bool = false
) throws -> RuleAction {
    .replace(
        try subject(part), try pattern(from), try template(to), everywhere: everywhere)
}

func remove(_ part: String, matching text: String? = nil) throws -> RuleAction {
    .remove(try subject(part), matching: try text.map(pattern))
}

func add(_ part: String, _ text: String) throws -> RuleAction {
    .add(try subject(part), try template(text))
}

let sdp = """
    v=0\r
    o=- 1 1 IN IP4 192.0.2.1\r
    s=-\r
    c=IN IP4 192.0.2.1\r
    t=0 0\r
    m=audio 20000 RTP/AVP 0 101\r
    a=rtpmap:101 telephone-event/8000\r
    a=fmtp:101 0-15\r
    a=ptime:30\r
    a=X-nat:0\r
    a=sendrecv\r
    m=video 0 RTP/AVP 96\r

    """

/// An INVITE with more header lines where they are wanted.
func invite(_ more: [String] = [], body: String = sdp) throws -> SIPMessage {
    let lines =
        [
            "INVITE sip:+12025550199;ext=1@192.0.2.10:5070;user=phone SIP/2.0",
            "Via: SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bKr1",
            "From: \"Jo Roe\" <sip:+12025550123@carrier.example>;tag=f1",
            "To: <sip:+12025550199@192.0.2.10>", "Call-ID: r1@203.0.113.9", "CSeq: 7 INVITE",
            "Max-Forwards: 70", "Contact: <sip:+12025550123@203.0.113.9:5060;transport=udp>",
        ] + more + [
            "Content-Type: application/sdp", "Content-Length: \(body.utf8.count)", "", body,
        ]
    return try SIPMessage.parse(bytes(lines.joined(separator: "\r\n")), framing: .datagram)
}

func ringing(_ status: Int = 183) throws -> SIPMessage {
    let text = """
        SIP/2.0 \(status) Session Progress\r
        Via: SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bKr1\r
        From: <sip:a@b.example>;tag=f1\r
        To: <sip:c@d.example>;tag=t1\r
        Call-ID: r1@203.0.113.9\r
        CSeq: 7 INVITE\r
        Contact: <sip:d@203.0.113.9>\r
        Content-Length: 0\r
        \r

        """
    return try SIPMessage.parse(bytes(text), framing: .datagram)
}

/// What comes of one rule with these parts.
func run(
    _ message: SIPMessage, when conditions: [Condition] = [], _ actions: [RuleAction]
) -> RuleOutcome {
    run(message, [Rule(name: "r", conditions: conditions, actions: actions)])
}

func run(_ message: SIPMessage, _ rules: [Rule]) -> RuleOutcome {
    var pass = RulePass(RuleSet(rules: rules), trunk: bytes("carrier"))
    let outcome = pass.run(message)
    #expect(pass.reports.count == rules.count)
    return outcome
}

/// The message, if it was changed.
func changed(_ outcome: RuleOutcome) -> SIPMessage? {
    if case .changed(let message) = outcome { return message }
    return nil
}

func fault(_ outcome: RuleOutcome) -> RuleFault? {
    if case .fault(_, let fault) = outcome { return fault }
    return nil
}

func lines(_ message: SIPMessage?, _ name: HeaderName) -> [String] {
    message?.lines(name).map { String(decoding: $0, as: UTF8.self) } ?? []
}

func isUnchanged(_ outcome: RuleOutcome) -> Bool {
    if case .unchanged = outcome { return true }
    return false
}
