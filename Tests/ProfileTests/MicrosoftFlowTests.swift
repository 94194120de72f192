// SPDX-License-Identifier: Apache-2.0

import CallControl
import SDP
import SIPMessage
import Testing

@testable import CallWorld

/// Calls with the services of Microsoft, whose published rules have the identifiers in comments.
@Suite struct MicrosoftFlowTests {
    static let plain = ["teams-direct-routing", "acs", "operator-connect", "teams-phone-mobile"]
    static let all = plain + ["teams-media-bypass"]
    static let hubMethods = "INVITE,ACK,OPTIONS,CANCEL,BYE,NOTIFY"

    /// A call as the hub makes it: session timer, two suites of which the second is wanted.
    private func hubCalls(_ scene: ProfileScene) throws -> SIPMessage {
        scene.service.script.dialogs.allow = Self.hubMethods
        if scene.trunk.security.ice == .off {
            scene.service.script.dialogs.supported = ["timer"]
            scene.service.script.dialogs.sessionExpires = "3600"
            scene.service.script.dialogs.minSE = "300"
            scene.service.script.media.lines = [
                ProfileScene.crypto(0, "AES_CM_128_HMAC_SHA1_32"), ProfileScene.crypto(1),
            ]
        }
        return try scene.callCore()
    }

    private static func peer(_ scene: ProfileScene) -> String {
        String(decoding: scene.trunk.peerHost, as: UTF8.self)
    }

    @Test(arguments: all)
    func aCallToTheService(profile: String) throws {
        let scene = try ProfileScene(profile)
        let isBypass = profile == "teams-media-bypass"
        let invite = try scene.callService()
        let host = scene.trunk.ownHost.map { String(decoding: $0, as: UTF8.self) }
        #expect(host == ProfileScene.host)
        // INV-3, INV-4, INV-1, TLS-5: E.164 with a plus, and our name wherever we stand.
        #expect(invite.target.hasPrefix("sip:+15551234@"))
        // INV-3: a number says that it is one.
        let mark = profile.hasPrefix("teams-") ? ";user=phone" : ""
        #expect(invite.target.contains(";user=phone") == !mark.isEmpty)
        #expect(invite.text(.to)?.contains("+15551234@\(Self.peer(scene))\(mark)>") == true)
        #expect(invite.text(.from)?.contains("<sip:+19990000@sbc.carrier.example\(mark)>") == true)
        #expect(
            invite.text(.contact) == "<sip:+19990000@sbc.carrier.example:5060;transport=tls>")
        // XFR-1, OUT-10, INV-6, INV-8.
        #expect(
            invite.words(.allow).isSuperset(of: [
                "INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "NOTIFY", "REFER",
            ]))
        #expect(invite.words(.supported) == (isBypass ? ["replaces"] : ["timer", "replaces"]))
        #expect(invite.text(.require) == nil && invite.text(.replaces) == nil)
        #expect(invite.text(HeaderName("X-MS-SBC")) == "Trunkline/Trunkline/0.1")
        // SDP-1, SDP-2, SDP-4: SAVP, one line of one suite, with a lifetime.
        let crypto = invite.sdp("a=crypto:")
        #expect(crypto.count == 1)
        #expect(crypto.first?.hasPrefix("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:") == true)
        #expect(crypto.first?.hasSuffix("|2^31") == true)
        #expect(invite.sdp("m=") == ["m=audio 20002 RTP/SAVP 9 8 0 18 101 13"])
        #expect(invite.sdp.contains("a=sendrecv"))
        scene.finish()
        // What another gateway says in such an INVITE, we say too.
        let name = isBypass ? "16-invite-in-bypass" : "06-invite-in-nonbypass"
        guard let other = try Fixture.message(name) else { return }
        #expect(other.words(.supported) == invite.words(.supported))
        let optional: Set<String> = ["fmtp", "ptime", "rtcp"]
        #expect(other.attributes.subtracting(optional) == invite.attributes)
        #expect(other.sdp("a=crypto:").first?.prefix(40) == crypto.first?.prefix(40))
    }

    /// ICE-1, ICE-2, 6.3: lite, one candidate of one component, and no session timer.
    @Test func bypassOffersOneCandidate() throws {
        let scene = try ProfileScene("teams-media-bypass")
        let invite = try scene.callService()
        #expect(invite.sdp.contains("a=ice-lite") && invite.sdp.contains("a=rtcp-mux"))
        #expect(
            invite.sdp("a=candidate:") == [
                "a=candidate:1 1 UDP 2130706431 192.0.2.2 20002 typ host"
            ])
        #expect(invite.sdp("a=ice-ufrag:").count == 1 && invite.sdp("a=ice-pwd:").count == 1)
        #expect(invite.text(HeaderName("Session-Expires")) == nil)
        scene.finish()
    }

    @Test(arguments: all)
    func aCallOfTheService(profile: String) throws {
        let scene = try ProfileScene(profile)
        let isBypass = profile == "teams-media-bypass"
        let invite = try self.hubCalls(scene)
        // The core gets plain RTP, and nothing of what is the hub's.
        #expect(invite.sdp("m=") == ["m=audio 20002 RTP/AVP 9 8 0 101 13"])
        #expect(invite.sdp("a=crypto").isEmpty && invite.sdp("a=ice").isEmpty)
        #expect(invite.text(HeaderName("X-MS-SBC")) == nil)
        let answer = try #require(scene.service.response(200))
        #expect(
            answer.text(.contact) == "<sip:+25551234@sbc.carrier.example:5060;transport=tls>")
        #expect(answer.text(HeaderName("X-MS-SBC")) == "Trunkline/Trunkline/0.1")
        // OUT-9: one codec, telephone-event and CN. SDP-2: the _80 line, with its tag.
        #expect(answer.sdp("m=") == ["m=audio 20000 RTP/SAVP 9 101 13"])
        let crypto = answer.sdp("a=crypto:")
        #expect(crypto.count == 1)
        #expect(crypto.first?.hasPrefix("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:") == true)
        if isBypass {
            #expect(answer.text(HeaderName("Session-Expires")) == nil)
            #expect(answer.sdp.contains("a=ice-lite") && answer.sdp("a=candidate:").count == 1)
        } else {
            // OUT-2: the hub refreshes.
            let expires = try answer.sessionExpires()
            #expect(expires?.refresher == .uac && (300...3600).contains(expires?.seconds ?? 0))
            #expect(answer.words(.require) == ["timer"])
        }
        // OUT-10: nothing reliable; 180 without SDP (RSP-2).
        let ringing = try #require(scene.service.response(180))
        #expect(ringing.body.isEmpty && ringing.text(HeaderName("RSeq")) == nil)
        scene.finish()
        guard !isBypass, let other = try Fixture.message("14-200-from-sbc") else { return }
        #expect(other.words(.supported) == answer.words(.supported))
        #expect(other.words(.require) == answer.words(.require))
        #expect(
            other.sdp("m=").first?.split(separator: " ").dropFirst(2)
                == answer.sdp("m=").first?.split(separator: " ").dropFirst(2))
        #expect(other.sdp("a=crypto:").first?.prefix(40) == crypto.first?.prefix(40))
    }

    /// SDP-5, SDP-6: whatever way the core holds a call, the service is told `inactive`, with the
    /// address that it had.
    @Test(arguments: all, ["sendonly", "inactive", "0.0.0.0"])
    func hold(profile: String, form: String) throws {
        let scene = try ProfileScene(profile)
        _ = try scene.callService()
        let call = try #require(scene.core.calls.values.first)
        if form == "0.0.0.0" { call.mediaAddress = form }
        scene.core.reinvite(call, direction: form == "0.0.0.0" ? "sendrecv" : form)
        scene.world.run(until: scene.world.now + 2000)
        let hold = try #require(scene.service.requests.last { $0.method == .invite })
        #expect(hold.sdp.contains("a=inactive") && hold.sdp.contains("c=IN IP4 192.0.2.2"))
        #expect(hold.sdp("m=").first?.hasPrefix("m=audio 20002 RTP/SAVP 9") == true)
        if let other = try Fixture.message("31-hold-inactive") {
            let directions = [hold, other].map { message in
                message.sdp.filter { $0 == "a=inactive" || $0.hasPrefix("a=send") }
            }
            #expect(directions[0] == directions[1])
        }
        call.mediaAddress = nil
        scene.core.reinvite(call)
        scene.world.run(until: scene.world.now + 2000)
        let resumed = try #require(scene.service.requests.last { $0.method == .invite })
        #expect(resumed.sdp.contains("a=sendrecv"))
        scene.finish()
    }

    /// INV-5: an INVITE without an offer is never sent; of codecs the service gets those it knows.
    @Test(arguments: all)
    func theServiceAlwaysGetsAnOffer(profile: String) throws {
        let scene = try ProfileScene(profile)
        scene.core.script.offersLate = true
        let invite = try scene.callService()
        #expect(invite.sdp("m=audio ").count == 1 && invite.sdp("a=crypto:").count == 1)
        #expect(!invite.sdp.contains { $0.contains("opus") || $0.contains("AMR") })
        scene.finish()
    }

    /// OUT-5: diversions are History-Info, in which 302 is an entry's reason.
    @Test(arguments: all)
    func diversions(profile: String) throws {
        let scene = try ProfileScene(profile)
        scene.core.script.extraHeaders = [(.diversion, "<sip:+12223333@a>;reason=unconditional")]
        let invite = try scene.callService()
        #expect(invite.text(.diversion) == nil)
        let history = invite.all(.historyInfo).map { String(decoding: $0, as: UTF8.self) }
        #expect(history.count == 2 && history.first?.contains("+12223333@") == true, "\(history)")
        scene.finish()
    }

    /// RSP-3, RSP-4: 183 with SDP on one fork, 200 on another; the core sees both.
    @Test(arguments: plain)
    func forks(profile: String) throws {
        let scene = try ProfileScene(profile)
        scene.service.script.progress = [
            PhoneScript.Progress(after: 50, status: 180, branch: "A"),
            PhoneScript.Progress(after: 100, status: 183, description: true, branch: "B"),
        ]
        scene.service.script.answerBranch = "B"
        _ = try scene.callService()
        #expect(scene.core.response(180)?.body.isEmpty == true)
        #expect(scene.core.response(183)?.sdp("m=audio ").count == 1)
        #expect(scene.core.response(200) != nil)
        scene.finish()
    }

    /// A core that wants 100rel has it, and the hub never hears of it (OUT-3, OUT-10).
    @Test(arguments: all)
    func reliabilityEndsHere(profile: String) throws {
        let scene = try ProfileScene(profile, coreKeys: ", reliable-provisional: supported")
        scene.core.script.dialogs.supported = ["100rel"]
        let invite = try scene.callService()
        #expect(!invite.words(.supported).contains("100rel") && invite.text(.require) == nil)
        #expect(scene.core.response(180)?.words(.require) == ["100rel"])
        #expect(scene.service.requests.allSatisfy { $0.method != .prack })
        scene.finish()
    }

    /// Whose call it is, the core learns of the services that say so.
    @Test(arguments: [
        ("teams-direct-routing", [String]()), ("operator-connect", ["X-MS-TenantID"]),
        ("teams-phone-mobile", ["X-MS-TenantID", "X-MS-FMC"]),
    ])
    func headersForTheCore(profile: String, passing: [String]) throws {
        let scene = try ProfileScene(profile)
        scene.service.script.extraHeaders = [
            (HeaderName("X-MS-TenantID"), "t-1"), (HeaderName("X-MS-FMC"), "MT"),
        ]
        let invite = try scene.callCore()
        for (name, value) in [("X-MS-TenantID", "t-1"), ("X-MS-FMC", "MT")] {
            let came = invite.text(HeaderName(bytes: name.utf8))
            #expect(came == (passing.contains(name) ? value : nil), "\(name)")
        }
        scene.finish()
    }

    /// XFR-1, XFR-3: REFER is served, and the new INVITE goes back to the hub, its URI as it came.
    @Test(arguments: all)
    func transfers(profile: String) throws {
        let scene = try ProfileScene(profile)
        _ = try scene.callService()
        let call = try #require(scene.service.calls.values.first)
        let host = String(decoding: scene.trunk.peerHost, as: UTF8.self)
        scene.service.refer(call, to: "<sip:\(host):5060;transport=tls;x-m=8:orgid:a;x-t=b>")
        scene.world.run(until: scene.world.now + 2000)
        #expect(scene.service.response(202) != nil)
        let second = try #require(scene.service.requests.last { $0.method == .invite })
        #expect(second.target == "sip:\(host):5060;transport=tls;x-m=8:orgid:a;x-t=b")
        #expect(second.text(.replaces) == nil && second.sdp("a=crypto:").count == 1)
        scene.finish()
    }
}
