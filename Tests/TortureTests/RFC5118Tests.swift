// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

// RFC 5118, all 12 messages, with CRLF line ends.
//
// The RFC counted the bodies of 4.6, 4.8 and 4.9 otherwise than they are printed: the length of
// 4.6 is too large, which a datagram cannot forgive; those of 4.8 and 4.9 are too small, so that
// a datagram leaves octets over and a stream goes on with what is no SIP.
enum RFC5118 {
    static let all: [TortureCase] = [
        TortureCase("ipv6-good", "4.1", RFC5118Messages.ipv6Good, .accept),
        TortureCase("ipv6-bad", "4.2", RFC5118Messages.ipv6Bad, .reject(400, at: "db8::10 SIP")),
        TortureCase("port-ambiguous", "4.3", RFC5118Messages.portAmbiguous, .accept),
        TortureCase("port-unambiguous", "4.4", RFC5118Messages.portUnambiguous, .accept),
        TortureCase(
            "via-received-param-with-delim", "4.5", RFC5118Messages.viaReceivedParamWithDelim,
            .accept),
        TortureCase(
            "via-received-param-no-delim", "4.5", RFC5118Messages.viaReceivedParamNoDelim, .accept),
        TortureCase(
            "ipv6-in-sdp", "4.6", RFC5118Messages.ipv6InSdp, .reject(400, at: "268\r\n"),
            stream: [.drop(at: "")]),
        TortureCase("mult-ip-in-header", "4.7", RFC5118Messages.multIpInHeader, .accept),
        TortureCase(
            "mult-ip-in-sdp", "4.8", RFC5118Messages.multIpInSdp, .accept,
            stream: [.accept, .drop(at: "")]),
        TortureCase(
            "ipv4-mapped-ipv6", "4.9", RFC5118Messages.ipv4MappedIpv6, .accept,
            stream: [.accept, .drop(at: "")]),
        TortureCase(
            "ipv6-bug-abnf-3-colons", "4.10", RFC5118Messages.ipv6BugAbnf3Colons, .accept),
        TortureCase(
            "ipv6-correct-abnf-2-colons", "4.10", RFC5118Messages.ipv6CorrectAbnf2Colons, .accept),
    ]

    /// 4.6, 4.8 and 4.9 with the length of the body as printed.
    static let corrected: [TortureCase] = [
        ("ipv6-in-sdp, length corrected", "4.6", RFC5118Messages.ipv6InSdp, "268", "251"),
        ("mult-ip-in-sdp, length corrected", "4.8", RFC5118Messages.multIpInSdp, "181", "189"),
        ("ipv4-mapped-ipv6, length corrected", "4.9", RFC5118Messages.ipv4MappedIpv6, "236", "245"),
    ].map { name, section, text, printed, actual in
        let corrected = text.replacing(
            "Content-Length: \(printed)", with: "Content-Length: \(actual)")
        return TortureCase(name, section, corrected, .accept)
    }
}

@Suite("RFC 5118 torture messages for IPv6")
struct RFC5118Tests {
    @Test("All 12 are here")
    func count() { #expect(RFC5118.all.count == 12) }

    @Test("Datagram", arguments: RFC5118.all + RFC5118.corrected)
    func datagram(_ torture: TortureCase) { torture.checkDatagram() }

    @Test("Stream", arguments: RFC5118.all + RFC5118.corrected)
    func stream(_ torture: TortureCase) { torture.checkStream() }

    @Test("4.3 and 4.4: a port inside the brackets is no port")
    func ports() throws {
        let ambiguous = try SIPMessage.parse(
            MessageNotation.octets(RFC5118Messages.portAmbiguous), framing: .datagram)
        let unambiguous = try SIPMessage.parse(
            MessageNotation.octets(RFC5118Messages.portUnambiguous), framing: .datagram)
        #expect(try SIPURI(ambiguous.requestURI).port == nil)
        #expect(try SIPURI(unambiguous.requestURI).port == 5070)
    }

    @Test("4.5: received with and without brackets is the same address")
    func received() throws {
        let texts = [
            RFC5118Messages.viaReceivedParamWithDelim, RFC5118Messages.viaReceivedParamNoDelim,
        ]
        for text in texts {
            let message = try SIPMessage.parse(MessageNotation.octets(text), framing: .datagram)
            #expect(try message.topVia().received.map { "\($0)" } == "2001:db8::9:255")
        }
    }

    @Test("4.10: two colons and three name the same host")
    func colons() throws {
        let bug = try SIPMessage.parse(
            MessageNotation.octets(RFC5118Messages.ipv6BugAbnf3Colons), framing: .datagram)
        let correct = try SIPMessage.parse(
            MessageNotation.octets(RFC5118Messages.ipv6CorrectAbnf2Colons), framing: .datagram)
        #expect(try SIPURI(bug.requestURI).host == SIPURI(correct.requestURI).host)
    }
}
