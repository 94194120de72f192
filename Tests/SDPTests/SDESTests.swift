// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SDP
import Testing

@Test func offerWithEverySuite() throws {
    var leg = try secureLeg(MediaSecurityPolicy(srtp: .required, keying: [.sdes]))
    let offer = try leg.makeOffer(from: otherParty, local: ourB)
    #expect(offer.mediaLines.first == "m=audio 30000 RTP/SAVP 0 8")
    #expect(offer.cryptos.map(\.suite) == MediaSecurityPolicy.usualSuites)
    #expect(offer.cryptos.map(\.tag) == [1, 2, 3, 4, 5, 6])
    #expect(Set(offer.cryptos.map(\.master.key)).count == 6)
    #expect(offer.lines("a=crypto:").allSatisfy { $0.hasSuffix("|2^31") })
    #expect(offer.lines("a=fingerprint").isEmpty && offer.lines("a=ice").isEmpty)
    let mine = offer.cryptos[1]
    let answer = try secureSession(["m=audio 5000 RTP/SAVP 0", cryptoLine(2, .aes256GCM, "K")])
    _ = try leg.receiveAnswer(answer)
    #expect(leg.agreedSecurity == .sdes(receive: answer.cryptos[0].master, send: mine.master))
}

/// The policy's order decides, whatever the party's is; the tag comes back.
@Test(arguments: [
    ([SRTPSuite.aes128CM80, .aes256GCM], "a=crypto:3 AES_CM_128_HMAC_SHA1_80 "),
    ([.aes256GCM, .aes128CM80], "a=crypto:1 AEAD_AES_256_GCM "),
    ([.aes128GCM, .aes128CM32], "a=crypto:4 AES_CM_128_HMAC_SHA1_32 "),
])
func answerByOurOrder(suites: [SRTPSuite], head: String) throws {
    var leg = try secureLeg(MediaSecurityPolicy(srtp: .required, suites: suites))
    // As Zoom offers.
    let offer = try leg.receiveOffer(
        secureSession([
            "m=audio 34000 RTP/SAVP 0", cryptoLine(1, .aes256GCM), cryptoLine(2, .aes256CM80),
            cryptoLine(3, .aes128CM80), cryptoLine(4, .aes128CM32),
        ]))
    #expect(!offer.isUnchanged)
    let answer = try leg.makeAnswer(from: otherParty, local: ourA)
    #expect(answer.lines("a=crypto:").count == 1 && answer.lines(head).count == 1)
    guard case .sdes(let receive, let send) = leg.agreedSecurity else {
        Issue.record("no keys")
        return
    }
    #expect(answer.cryptos[0].master == send && receive.suite == send.suite && receive != send)
}

@Test func theNameOfASuiteComesBackAsItCame() throws {
    var leg = try secureLeg(required)
    let line = cryptoLine(1, .aes256CM80).replacing("AES_256_CM", with: "AES_CM_256")
    _ = try leg.receiveOffer(secureSession(["m=audio 34000 RTP/SAVP 0", line]))
    let answer = try leg.makeAnswer(from: otherParty, local: ourA)
    #expect(answer.lines("a=crypto:1 AES_CM_256_HMAC_SHA1_80 ").count == 1)
}

@Test func answersThatDeviate() throws {
    var open = try secureLeg(
        MediaSecurityPolicy(srtp: .required, suites: [.aes128CM80, .aes128GCM]))
    let mine = try open.makeOffer(from: otherParty, local: ourB).cryptos
    // (lines of the answer, which of them counts, with which of ours)
    let cases: [([String], Int, Int)] = [
        ([cryptoLine(2, .aes128GCM)], 0, 1), ([cryptoLine(7, .aes128GCM)], 0, 1),
        ([cryptoLine(0, .aes128CM80)], 0, 0),
        ([cryptoLine(5, .aes128CM80, "C"), cryptoLine(1, .aes128CM80, "D")], 1, 0),
        ([cryptoLine(2, .aes128CM80) + "|2^31|1:1", cryptoLine(3, .aes128CM80, "D")], 1, 0),
        ([cryptoLine(9, .aes128CM80) + "|2^31|1:1"], 0, 0),
        ([cryptoLine(1, .aes256GCM), cryptoLine(2, .aes128GCM)], 1, 1),
        (
            [cryptoLine(1, .aes128CM80) + " UNENCRYPTED_SRTP", cryptoLine(8, .aes128CM80, "E")], 1,
            0
        ),
    ]
    for (lines, which, ours) in cases {
        var leg = open
        let answer = try secureSession(["m=audio 5000 RTP/SAVP 0"] + lines)
        _ = try leg.receiveAnswer(answer)
        let line = try #require(SDPText(lines[which].dropFirst("a=crypto:".count).utf8))
        let theirs = try CryptoAttribute(line).master
        #expect(leg.agreedSecurity == .sdes(receive: theirs, send: mine[ours].master), "\(lines)")
    }
    for lines in [
        [], [cryptoLine(1, .aes256CM80)], [cryptoLine(1, .aes128CM80) + " UNENCRYPTED_SRTCP"],
        [fingerprintLine(), "a=setup:actpass"], [fingerprintLine(), "a=setup:holdconn"],
    ] {
        for transport in ["RTP/SAVP", "RTP/AVP"] {
            var leg = open
            #expect(throws: OfferAnswerError.self, "\(lines)") {
                try leg.receiveAnswer(secureSession(["m=audio 5000 \(transport) 0"] + lines))
            }
            #expect(leg == open)
        }
    }
}

/// The 488 says what there was and what there may be.
@Test func refusalsNameBothSides() throws {
    let policy = MediaSecurityPolicy(
        srtp: .required, keying: [.sdes], suites: [.aes128CM80, .aes256GCM])
    let allowed = "allowed AES_CM_128_HMAC_SHA1_80, AEAD_AES_256_GCM"
    let cases: [([String], String)] = [
        (["m=audio 4000 RTP/AVP 0"], "RTP/AVP"), (["m=audio 4000 RTP/SAVP 0"], "RTP/SAVP"),
        (
            ["m=audio 4000 RTP/SAVP 0", cryptoLine(1, .aes128CM32), cryptoLine(2, .aes128CM32)],
            "AES_CM_128_HMAC_SHA1_32"
        ),
        (["m=audio 4000 UDP/TLS/RTP/SAVPF 0", fingerprintLine()], "DTLS-SRTP"),
        (
            ["m=audio 4000 RTP/SAVP 0", "a=crypto:1 F8_128_HMAC_SHA1_80 inline:x"],
            "F8_128_HMAC_SHA1_80"
        ),
        // What could break out of a quoted string is left out.
        (["m=audio 4000 RTP/SAVP 0", "a=crypto:1 \"\\x inline:x", "a=crypto:2"], "nothing known"),
    ]
    for (lines, offered) in cases {
        var leg = try secureLeg(policy)
        let before = leg
        let sdp = try secureSession(lines)
        do throws(OfferAnswerError) {
            _ = try leg.receiveOffer(sdp)
            Issue.record("taken: \(lines)")
        } catch {
            let text = "no media security in common: offered \(offered); \(allowed)"
            #expect(error.text == text && error.warningCode == 399, "\(error)")
            #expect(leg == before)
        }
    }
}

/// Nobody has to wonder why a suite that is allowed was not taken.
@Test func aWarningTellsSuitesFromKeys() throws {
    var leg = try secureLeg(required)
    let sdp = try secureSession([
        "m=audio 4000 RTP/SAVP 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:tooShort",
    ])
    let error = #expect(throws: OfferAnswerError.self) { try leg.receiveOffer(sdp) }
    #expect(error?.text.hasSuffix("; no offered key line or role can be used") == true)
}

@Test func aWarningStaysShort() throws {
    var lines = ["m=audio 4000 RTP/SAVP 0"]
    for tag in 0..<30 { lines.append("a=crypto:\(tag) SUITE_\(tag) inline:x") }
    var leg = try secureLeg(required)
    let sdp = try secureSession(lines)
    let error = #expect(throws: OfferAnswerError.self) { try leg.receiveOffer(sdp) }
    guard case .noCommonSecurity(let mismatch)? = error else {
        Issue.record("another error")
        return
    }
    #expect(mismatch.offered.count == 8 && mismatch.allowed.count == 7)
}

/// RFC 8643: encryption as a wish.
@Test func opportunisticOffer() throws {
    for keyed in [true, false] {
        var leg = try secureLeg(preferred)
        let offer = try leg.makeOffer(from: otherParty, local: ourB)
        #expect(offer.mediaLines.first == "m=audio 30000 RTP/AVP 0 8")
        #expect(offer.cryptos.count == 6 && offer.lines("a=setup:actpass").count == 1)
        let line = keyed ? [cryptoLine(1, .aes128CM80)] : []
        _ = try leg.receiveAnswer(secureSession(["m=audio 5000 RTP/AVP 0"] + line))
        #expect((leg.agreedSecurity == .plain) != keyed)
        let again = try leg.makeOffer(from: otherParty, local: ourB)
        #expect(again.cryptos.map(\.suite) == (keyed ? [.aes128CM80] : []))
        #expect(again.cryptos.allSatisfy { offer.cryptos.contains($0) })
    }
}

@Test(arguments: [
    ("RTP/AVP", true), ("RTP/AVP", false), ("RTP/AVPF", true), ("RTP/SAVP", true),
    ("RTP/SAVPF", true), ("UDP/RTP/SAVP", true), ("UDP/TLS/RTP/SAVP", true),
])
func whatIsOfferedIsTaken(transport: String, keyed: Bool) throws {
    var leg = try secureLeg(preferred)
    let line = keyed ? [cryptoLine(1, .aes128CM80)] : []
    _ = try leg.receiveOffer(secureSession(["m=audio 5000 \(transport) 0"] + line))
    let answer = try leg.makeAnswer(from: otherParty, local: ourA)
    #expect(answer.mediaLines.first == "m=audio 20000 \(transport) 0")
    #expect(answer.cryptos.count == (keyed ? 1 : 0) && (leg.agreedSecurity == .plain) != keyed)
}

@Test(arguments: ["TCP/RTP/SAVP", "TCP/TLS/RTP/SAVP", "udptl", "DTLS/SCTP", "RTP/SAVPX"])
func transportsOfOthers(transport: String) throws {
    var leg = try secureLeg(required)
    let sdp = try secureSession(["m=audio 5000 \(transport) 0", cryptoLine(1, .aes128CM80)])
    #expect(throws: OfferAnswerError.notRTP) { try leg.receiveOffer(sdp) }
}

/// An answer that drops the keys of a stream that was offered as SRTP is none.
@Test func noFallBackFromASecureProfile() throws {
    var leg = try secureLeg(preferred)
    _ = try leg.receiveOffer(
        secureSession(["m=audio 5000 RTP/SAVP 0", cryptoLine(1, .aes128CM80)]))
    let first = try leg.makeAnswer(from: otherParty, local: ourA)
    let offer = try leg.makeOffer(from: otherParty, local: ourA)
    #expect(offer.media[0].transport == "RTP/SAVP" && offer.cryptos == first.cryptos)
    #expect(throws: OfferAnswerError.self) {
        try leg.receiveAnswer(secureSession(["m=audio 5000 RTP/AVP 0"]))
    }
}

@Test func unencryptedSRTCPNeedsThePolicy() throws {
    var policy = MediaSecurityPolicy(srtp: .required, keying: [.sdes])
    let sdp = try secureSession([
        "m=audio 5000 RTP/SAVP 0", cryptoLine(1, .aes128CM80) + " UNENCRYPTED_SRTCP",
    ])
    var strict = try secureLeg(policy)
    #expect(throws: OfferAnswerError.self) { try strict.receiveOffer(sdp) }
    policy.allowsUnencryptedSRTCP = true
    var loose = try secureLeg(policy)
    _ = try loose.receiveOffer(sdp)
    let answer = try loose.makeAnswer(from: otherParty, local: ourA)
    #expect(answer.lines("a=crypto:1").first?.hasSuffix("UNENCRYPTED_SRTCP") == true)
    guard case .sdes(let receive, let send) = loose.agreedSecurity else {
        Issue.record("no keys")
        return
    }
    #expect(receive.plainSRTCP && send.plainSRTCP)
}

@Test func secretsAreNeededFirst() throws {
    let sdp = try secureSession(["m=audio 5000 RTP/SAVP 0", cryptoLine(1, .aes128CM80)])
    for policy in [required, preferred, MediaSecurityPolicy(ice: .lite)] {
        var leg = OfferAnswerLeg(sessionID: 1, policy: policy)
        #expect(leg.needsSecrets)
        #expect(throws: OfferAnswerError.secretsMissing) {
            try leg.makeOffer(from: otherParty, local: ourA)
        }
        leg.provide(try secrets(policy, 1))
        #expect(!leg.needsSecrets)
        _ = try leg.makeOffer(from: otherParty, local: ourA)
    }
    var leg = OfferAnswerLeg(sessionID: 1, policy: required)
    _ = try leg.receiveOffer(sdp)
    #expect(throws: OfferAnswerError.secretsMissing) {
        try leg.makeAnswer(from: otherParty, local: ourA)
    }
    #expect(leg.phase == .offerReceived)
    #expect(!OfferAnswerLeg(sessionID: 1).needsSecrets)
}

/// Keys of one leg say nothing to the other: plain on one side, SRTP on the other.
@Test func anyPairing() throws {
    for (a, b) in [(MediaSecurityPolicy.plain, required), (required, .plain), (required, lite)] {
        var call = try Call(a: a, b: b)
        let fromA =
            a.srtp == .off
            ? ["m=audio 4000 RTP/AVP 0"]
            : ["m=audio 4000 RTP/SAVP 0", cryptoLine(1, .aes128CM80, "C")]
        let fromB =
            b.srtp == .off
            ? ["m=audio 5000 RTP/AVP 0"]
            : ["m=audio 5000 RTP/SAVP 0", cryptoLine(2, .aes256GCM, "D")]
        _ = try call.offerFromA(secureSession(fromA))
        _ = try call.answerFromB(secureSession(fromB))
        let plan = try #require(call.plan)
        #expect((plan.a.security == .plain) == (a.srtp == .off))
        #expect((plan.b.security == .plain) == (b.srtp == .off))
        #expect(plan.a.security == call.a.agreedSecurity && plan.a.ice == nil && plan.b.ice == nil)
    }
}
