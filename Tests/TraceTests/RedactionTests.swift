// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Trace

@Suite struct RedactionTests {
    private func redacted(_ text: String, _ policy: Redaction = Redaction()) -> String {
        String(decoding: policy.redacted(Array(text.utf8)), as: UTF8.self)
    }

    /// The secret is SECRET, and nothing else goes.
    @Test(arguments: [
        "\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:SECRET|2^20|1:4\r\nm=audio",
        "\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:SECRET;inline:SECRET|2:4\r\n",
        "\r\na=crypto:2 X INLINE:SECRET\na=y\n", "\r\na=ice-pwd:SECRET\r\na=ice-ufrag:abcd\r\n",
        "{\"ice-pwd\":\"SECRET\"}", "\r\na=key-mgmt:mikey SECRET\r\n", "\r\nk=base64:SECRET\r\n",
        "\r\nk=clear:SECRET\nm=audio",
        "Authorization: Digest username=\"u\", response=\"SECRET\", uri=\"sip:a\"\r\n",
        "authorization : digest response=SECRET,nonce=\"n\"\r\n",
        "PROXY-AUTHORIZATION: Digest\r\n response =\r\n \"SECRET\",\r\n realm=\"r\"\r\nTo: x\r\n",
        "Proxy-Authorization: Digest realm=\"r\",\n\tcnonce=\"SECRET\", response=\"SECRET\"\n",
        "Authorization: Basic SECRET\r\nVia: y\r\n", "Authorization: Bearer\r\n SECRET\r\nTo: x",
        "Authorization: Digest new-name=SECRET, qop=auth\r\n",
        "Authentication-Info: rspauth=\"SECRET\", nextnonce=\"n\", qop=auth\r\n",
        "Refer-To: <sip:a@b?Authorization=SECRET&x=y>\r\n", "INVITE sip:u:SECRET@host SIP/2.0\r\n",
        "Contact: <sips:u:SECRET@host;transport=tcp>\r\n",
        "Authorization: Digest uri=\"sip:u:SECRET@host\", qop=auth\r\n",
        "X: y\r\n\r\nAuthorization: Digest response=\"SECRET\"\r\n",
    ])
    func secretsGo(message: String) {
        #expect(
            self.redacted(message)
                == String(
                    decoding: Array(message.utf8).replacing(
                        Array("SECRET".utf8), with: Array("xxxxxx".utf8)), as: UTF8.self))
    }

    @Test(arguments: [
        "INVITE sip:+15550100@host:5060 SIP/2.0\r\nFrom: <sip:a@b>;tag=1\r\nContent-Length: 3\r\n",
        "\r\na=ice-ufrag:abcd\r\na=fingerprint:sha-256 AA:BB\r\na=candidate:1 1 udp 1 h 5 typ host",
        "Via: SIP/2.0/UDP host;branch=z9hG4bK1\r\nRoute: <sip:host:5060;lr>, <sip:h2>\r\n",
        "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n",
        "Signal: strong\r\nKk=3\r\n", "",
    ])
    func theRestStays(message: String) { #expect(self.redacted(message) == message) }

    @Test func encodedBodiesGoWhole() {
        let head = "INFO sip:a SIP/2.0\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n"
        #expect(self.redacted(head + "\u{1}zip\r\nbody") == head + "xxxx\r\nxxxx")
        let part = "--b\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        #expect(self.redacted("X: y\r\n\r\n" + part + "AAAA") == "X: y\r\n\r\n" + part + "xxxx")
        let plain = "X: y\r\n\r\n--b\r\nContent-Transfer-Encoding: binary\r\n\r\nAAAA"
        #expect(self.redacted(plain) == plain)
    }

    @Test func tones() {
        let relay = "INFO sip:a SIP/2.0\r\nContent-Type: application/dtmf-relay\r\n\r\n"
        let pressed = self.redacted(relay + "Signal=5\r\nDuration=160")
        #expect(pressed == relay + "Signal=x\r\nDuration=160")
        let bare = "INFO sip:a SIP/2.0\r\nc: application/dtmf\r\n\r\n"
        for tone in "0123456789*#ABCD" { #expect(self.redacted(bare + "\(tone)") == bare + "x") }
        let kpml = "X: y\r\n\r\n<kpml-response code=\"200\" digits=\"12#\"/>"
        #expect(self.redacted(kpml).hasSuffix(" digits=\"xxx\"/>"))
        let packet =
            Array("NOTIFY sip:a SIP/2.0\r\nContent-Type: audio/telephone-event\r\n\r\n".utf8)
        #expect(
            Redaction().redacted(packet + [10, 0x8a, 13, 0x20]) == packet + Array("xxxx".utf8))
        #expect(Redaction().redacted(packet) == packet)
        let shown = Redaction(hiddenDigits: 0, hidesDTMF: false)
        #expect(self.redacted(relay + "Signal=5", shown) == relay + "Signal=5")
    }

    @Test func numbers() {
        let policy = Redaction(hiddenDigits: 4)
        let message =
            "INVITE sip:+15550100;npdi@host:5060;user=phone SIP/2.0\r\n"
            + "From: \"+15550199\" <sip:+15550199@h1>;tag=12345678\r\n"
            + "To: <tel:+1-555-0100;phone-context=x>\r\nCSeq: 12345 INVITE\r\n"
            + "Identity: aGVsbG8.x\r\n"
            + "Authorization: Digest username=\"15550199\", response=\"9\", "
            + "uri=\"sip:15550100@h\"\r\n"
        #expect(
            self.redacted(message, policy)
                == "INVITE sip:+1555xxxx;npdi@host:5060;user=phone SIP/2.0\r\n"
                + "From: \"+1555xxxx\" <sip:+1555xxxx@h1>;tag=12345678\r\n"
                + "To: <tel:+1-555-xxxx;phone-context=x>\r\nCSeq: 12345 INVITE\r\n"
                + "Identity: xxxxxxxxx\r\n"
                + "Authorization: Digest username=\"1555xxxx\", response=\"x\", "
                + "uri=\"sip:1555xxxx@h\"\r\n")
        #expect(policy.redacted(number: Array("+15550100".utf8)) == Array("+1555xxxx".utf8))
    }

    /// Whatever stands around: the length and the lines stay, the secret goes, and a second time
    /// changes nothing.
    @Test func randomMessages() {
        var generator = SystemRandomNumberGenerator()
        let pieces = [
            "\r\n", "\n", "\r", " ", "\t", "a=crypto:1 S inline:", "a=ice-pwd:", "Authorization: ",
            "Digest ", "response=", "\"", "\\", ",", "sip:", "@", ":", ";", "<", ">", "k=",
            "\r\n\r\n", "Content-Encoding: gzip", "Signal=5", "\u{0}", "é", "=", "?",
            "authorization=", "tel:12",
        ]
        for _ in 0..<20_000 {
            let before = (0..<Int.random(in: 0...20, using: &generator)).map { _ in
                pieces.randomElement(using: &generator) ?? ""
            }.joined()
            let key = "\r\na=crypto:1 S inline:KEYKEYKEY\r\n"
            let bytes = Array((before + key + before).utf8)
            let policy = Redaction(hiddenDigits: Int.random(in: 0...4, using: &generator))
            let after = policy.redacted(bytes)
            #expect(after.count == bytes.count)
            #expect(!String(decoding: after, as: UTF8.self).contains("KEYKEY"), "\(before)")
            // Digits are counted from the end of what is left.
            let isStable = policy.hiddenDigits > 0 || policy.redacted(after) == after
            #expect(isStable, "\(before)")
            for (old, new) in zip(bytes, after) where old != new {
                #expect(new == Redaction.mark && old != 0x0a && old != 0x0d)
            }
        }
    }

    /// What a hostile message costs grows with its length and no faster.
    @Test func hostileLinesAreQuick() {
        for piece in ["sip:", "authorization=", "Authorization: Digest uri=\"", "inline:", "\""] {
            let message = Array(String(repeating: piece, count: 65_536 / piece.utf8.count).utf8)
            let clock = ContinuousClock()
            let time = clock.measure {
                #expect(Redaction().redacted(message).count == message.count)
            }
            #expect(time < .seconds(2), "\(piece)")
        }
    }
}
