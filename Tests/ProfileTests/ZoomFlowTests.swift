// SPDX-License-Identifier: Apache-2.0

import SIPMessage
import Testing

@testable import CallWorld

/// Calls with Zoom Phone, by both of its products.
@Suite struct ZoomFlowTests {
    static let all = ["zoom-cloud-peering", "zoom-byoc"]
    /// Suites in the order of Zoom's offers.
    private static let suites = [
        "AEAD_AES_256_GCM", "AES_256_CM_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_80",
        "AES_CM_128_HMAC_SHA1_32",
    ]
    /// Keys and salts of 44, 46 and 30 octets.
    private static let keys = [
        String(repeating: "K", count: 58) + "A=", String(repeating: "K", count: 61) + "A==",
        String(repeating: "K", count: 40), String(repeating: "L", count: 40),
    ]
    /// Header fields that say who calls.
    private static let callers: [[(HeaderName, String)]] = [
        [(HeaderName("P-Asserted-Identity"), "<sip:+11111111@a>")],
        [(HeaderName("P-Preferred-Identity"), "<sip:+11111111@a>")],
        [(HeaderName("Remote-Party-ID"), "<sip:+11111111@a>;party=calling;screen=yes")], [],
    ]

    /// Zoom's own INVITE, as far as a telephone writes it.
    private func zoomCalls(_ scene: ProfileScene) throws -> SIPMessage {
        scene.service.script.codecs = [102, 9, 0, 8, 18, 101]
        scene.service.script.media.lines =
            Self.suites.indices.map {
                "a=crypto:\($0 + 1) \(Self.suites[$0]) inline:\(Self.keys[$0])"
            } + ["a=rtpmap:102 opus/48000/2", "a=ptime:20"]
        scene.service.script.dialogs.supported = ["timer", "replaces"]
        scene.service.script.dialogs.sessionExpires = "1800"
        scene.service.script.dialogs.minSE = "90"
        return try scene.callCore()
    }

    @Test(arguments: all)
    func aCallToZoom(profile: String) throws {
        let scene = try ProfileScene(profile)
        let invite = try scene.callService()
        #expect(invite.target.hasPrefix("sip:+15551234@"))
        #expect(
            invite.text(.contact) == "<sip:+19990000@sbc.carrier.example:5060;transport=tls>")
        #expect(!invite.words(.allow).contains("REFER") && invite.words(.supported) == ["timer"])
        // The usual suite first, the other three behind it.
        let suites = invite.sdp("a=crypto:").map { $0.split(separator: " ")[1] }
        #expect(
            suites == [
                "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AES_256_CM_HMAC_SHA1_80",
                "AEAD_AES_256_GCM",
            ])
        // ZM-1: packets of 20 ms, G.722 and G.711; G.729 for premises alone; no CN.
        #expect(invite.sdp.contains("a=ptime:20"))
        let formats = profile == "zoom-byoc" ? "9 8 0 18 101" : "9 8 0 101"
        #expect(invite.sdp("m=") == ["m=audio 20002 RTP/SAVP \(formats)"])
        scene.finish()
    }

    @Test(arguments: all)
    func aCallOfZoom(profile: String) throws {
        let scene = try ProfileScene(profile)
        let invite = try self.zoomCalls(scene)
        #expect(invite.sdp("a=crypto:").isEmpty)
        let answer = try #require(scene.service.response(200))
        // Of its four suites ours, with its tag; one codec and telephone-event.
        let crypto = answer.sdp("a=crypto:")
        #expect(crypto.count == 1)
        #expect(crypto.first?.hasPrefix("a=crypto:3 AES_CM_128_HMAC_SHA1_80 ") == true)
        #expect(answer.sdp("m=") == ["m=audio 20000 RTP/SAVP 9 101"])
        #expect(answer.sdp.contains("a=ptime:20"))
        // It asks for 1800 seconds, and refreshes.
        let expires = try answer.sessionExpires()
        #expect(expires?.seconds == 1800 && expires?.refresher == .uac)
        scene.finish()
    }

    /// ZM-2: 180 never has SDP, 183 is never without.
    @Test(arguments: all, [(180, false), (180, true), (183, false), (183, true)])
    func ringing(profile: String, progress: (status: Int, hasSDP: Bool)) throws {
        let (status, hasSDP) = progress
        let scene = try ProfileScene(profile)
        scene.core.script.progress = [
            PhoneScript.Progress(after: 50, status: status, description: hasSDP)
        ]
        _ = try scene.callCore()
        let heard = try #require(scene.service.response(hasSDP ? 183 : 180))
        #expect(heard.body.isEmpty == !hasSDP)
        #expect(scene.service.response(hasSDP ? 180 : 183) == nil)
        scene.finish()
    }

    /// One P-Asserted-Identity is made from whatever the other side has (ZM-2).
    @Test(arguments: all, callers.indices)
    func identity(profile: String, index: Int) throws {
        let headers = Self.callers[index]
        let scene = try ProfileScene(profile)
        scene.service.script.extraHeaders = headers
        let invite = try scene.callCore()
        let asserted = invite.all(HeaderName("P-Asserted-Identity"))
        #expect(asserted.count == 1)
        let number = headers.isEmpty ? "sip:+19990000@" : "sip:+11111111@"
        #expect(asserted.first.map { String(decoding: $0, as: UTF8.self).contains(number) } == true)
        scene.finish()
    }

    @Test(arguments: all)
    func zoomAlwaysGetsAnOffer(profile: String) throws {
        let scene = try ProfileScene(profile)
        scene.core.script.offersLate = true
        let invite = try scene.callService()
        #expect(invite.sdp("m=audio ").count == 1 && invite.sdp("a=crypto:").count == 4)
        scene.finish()
    }
}
