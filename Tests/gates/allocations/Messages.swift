// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SDP
import SIPDialog
import SIPMessage
import SIPTransaction

/// Text as it stands on the wire.
private func wire(_ lines: [String], body: [String] = []) -> [UInt8] {
    let text = body.map { $0 + "\r\n" }.joined()
    let type = body.isEmpty ? [] : ["Content-Type: application/sdp"]
    let head = lines + type + ["Content-Length: \(text.utf8.count)"]
    return Array((head.map { $0 + "\r\n" }.joined() + "\r\n" + text).utf8)
}

/// What a carrier's switch sends.
enum Samples {
    static let description = [
        "v=0", "o=switch 4711 1 IN IP4 198.51.100.1", "s=-", "c=IN IP4 198.51.100.1", "t=0 0",
        "m=audio 30000 RTP/AVP 8 0 18 101", "a=rtpmap:8 PCMA/8000", "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:18 G729/8000", "a=fmtp:18 annexb=no", "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-16", "a=ptime:20", "a=sendrecv",
    ]
    private static let head = [
        "Record-Route: <sip:198.51.100.1;lr>",
        "From: \"A. Caller\" <sip:+19990000@198.51.100.1;user=phone>;tag=gK0c2f4a",
        "To: <sip:+15551234@192.0.2.1;user=phone>", "Call-ID: 1234567_99887766@198.51.100.1",
        "Contact: <sip:+19990000@198.51.100.1:5060>", "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS",
        "Supported: timer, 100rel", "User-Agent: switch/1.0",
    ]
    private static let via = "Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK0c8f4a;rport"

    static let invite = wire(
        ["INVITE sip:+15551234@192.0.2.1;user=phone SIP/2.0", via, "Max-Forwards: 70"] + head + [
            "CSeq: 1 INVITE",
            "P-Asserted-Identity: <sip:+19990000@198.51.100.1;user=phone>",
        ], body: description)
    static let body = Array(description.map { $0 + "\r\n" }.joined().utf8)
    static let ok = wire(
        ["SIP/2.0 200 OK", via + "=5060"]
            + head.map { $0.hasPrefix("To:") ? $0 + ";tag=b42" : $0 } + ["CSeq: 1 INVITE"],
        body: description)

    static let peer = Hop(
        listener: ListenerIndex(rawValue: 0), transport: .udp,
        remote: SocketAddress(address: IPAddress(ipv4: 0xc633_6401), port: 5060))
}

/// Bytes to values and back.
func messages() throws -> [Operation] {
    let invite = try SIPMessage.parse(Samples.invite, framing: .datagram)
    let ok = try SIPMessage.parse(Samples.ok, framing: .datagram)
    let body = Array(invite.body)
    let description = try SessionDescription.parse(body)
    let dialog = try Dialog(client: invite, response: ok, overTLS: false)
    let via = Array("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK7a1".utf8)
    return [
        Operation("parse an INVITE") {
            let message = try counted { try SIPMessage.parse(Samples.invite, framing: .datagram) }
            guard message.body.count == body.count else { throw Wrong("INVITE") }
        },
        Operation("parse a 200") {
            let message = try counted { try SIPMessage.parse(Samples.ok, framing: .datagram) }
            guard message.status == 200 else { throw Wrong("200") }
        },
        Operation("examine an INVITE") {
            guard counted({ invite.examine() }) == .accept else { throw Wrong("examine") }
        },
        Operation("write a 200 with a body") {
            let bytes = counted { () -> [UInt8]? in
                var template = ResponseTemplate(status: 200, reason: "OK")
                template.toTag = via
                return template.builder(for: invite, from: Samples.peer)?
                    .finish(body: body, contentType: "application/sdp")
            }
            guard bytes?.count ?? 0 > body.count else { throw Wrong("response") }
        },
        Operation("write a BYE") {
            var current = dialog
            let bytes = counted { current.request(.bye, via: via)?.finish() }
            guard bytes?.starts(with: "BYE ".utf8) == true else { throw Wrong("BYE") }
        },
        Operation("parse a description") {
            let session = try counted { try SessionDescription.parse(body) }
            guard session == description else { throw Wrong("description") }
        },
        Operation("write a description") {
            guard counted({ description.serialise() }) == body else { throw Wrong("description") }
        },
        Operation("offer and answer, two legs") { try relay(description) },
    ]
}

/// Both parties of a call describe the same; the box stands between.
private func relay(_ description: SessionDescription) throws {
    let local = SocketAddress(address: IPAddress(ipv4: 0xc000_0201), port: 20_000)
    let plan = try counted { () -> RelayPlan? in
        var a = OfferAnswerLeg(sessionID: 1)
        var b = OfferAnswerLeg(sessionID: 2)
        let offer = try a.receiveOffer(description)
        _ = try b.makeOffer(from: offer.stream, local: local)
        let answer = try b.receiveAnswer(description)
        _ = try a.makeAnswer(from: answer, local: local)
        return RelayPlan(a: a, b: b)
    }
    guard plan?.a.send == true else { throw Wrong("plan") }
}
