// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SDP
import SIPMessage
import Testing

@testable import CallControl
@testable import CallWorld

private typealias Progress = PhoneScript.Progress

/// Calls between trunks of every kind, up to their answer.
@Suite struct SecureSetupTests {
    static let policies: [MediaSecurityPolicy] = [
        .plain, SecureScene.sdes, SecureScene.bypass, SecureScene.dtls, SecureScene.browser,
        MediaSecurityPolicy(srtp: .preferred),
    ]

    /// A phone in its answer has to choose its role.
    private func scene(_ a: MediaSecurityPolicy, _ b: MediaSecurityPolicy) -> SecureScene {
        let scene = SecureScene(a: a, b: b)
        scene.bob.script.media.lines = scene.bob.script.media.lines.map {
            $0.hasPrefix("a=fingerprint") ? SecureScene.fingerprint("CD", setup: "active") : $0
        }
        if b.srtp == .preferred { scene.bob.script.media.lines = [SecureScene.crypto("K")] }
        return scene
    }

    @Test(arguments: 0..<6, 0..<6)
    func everyPairing(a: Int, b: Int) throws {
        let policies = (a: Self.policies[a], b: Self.policies[b])
        let scene = self.scene(policies.a, policies.b)
        scene.establish()
        for side in Side.allCases {
            let policy = side == .a ? policies.a : policies.b
            let leg = try #require(scene.media?[side])
            #expect(leg.isSecure == (policy.srtp != .off) && leg.send && leg.receive)
            #expect((leg.ice != nil) == (policy.ice == .lite))
            let isHandshake = policy.srtp == .required && policy.usesDTLS
            #expect((leg.dtlsAgreement != nil) == isHandshake && leg.dtls == isHandshake)
            #expect((leg.security != nil) == (leg.isSecure && !isHandshake))
            guard let agreement = leg.dtlsAgreement else { continue }
            // The caller offers either role, the callee begins by itself.
            #expect(agreement.role == (side == .a ? .client : .server))
            #expect(agreement.fingerprints.first?.digest.first == (side == .a ? 0xab : 0xcd))
            #expect(agreement.certificate?.digest.first == 7 && agreement.association == 1)
            #expect(agreement.profiles == [1, 8, 7, 2])
            let keys = try SecureScene.keys(side.rawValue + 1)
            scene.input {
                $0.dtlsEstablished(
                    scene.id, side, association: agreement.association, keys: keys)
            }
            #expect(scene.media?[side].security?.receive == keys.receive)
            #expect(scene.media?[side].security?.send == keys.send)
        }
        self.checkSummary(scene, policies)
        scene.finish()
    }

    private func checkSummary(
        _ scene: SecureScene, _ policies: (a: MediaSecurityPolicy, b: MediaSecurityPolicy)
    ) {
        let summary = scene.engine.call(scene.id)
        for (policy, leg) in [
            (policies.a, summary?.protection.a), (policies.b, summary?.protection.b),
        ] {
            let keying: LegProtection.Keying =
                policy.srtp == .off
                ? .plain : policy.srtp == .required && policy.usesDTLS ? .dtls : .sdes
            #expect(leg?.keying == keying && leg?.isRequired == (policy.srtp == .required))
            #expect((leg?.suite != nil) == (policy.srtp != .off))
            #expect(leg?.ice == (policy.ice == .lite ? .checking : .off))
        }
    }

    /// Each leg's keys are those that its party saw, and another party's key reaches nobody.
    @Test func keysAreEachLegsOwn() throws {
        let scene = SecureScene(a: SecureScene.sdes, b: SecureScene.sdes)
        scene.alice.script.media.lines = [SecureScene.crypto("B")]
        scene.establish()
        let a = try #require(scene.media?.a.security)
        let b = try #require(scene.media?.b.security)
        #expect(a.receive != b.receive && a.send != b.send && a.receive != a.send)
        let told = scene.alice.lines(of: 200, "a=crypto:1 AES_CM_128_HMAC_SHA1_80")
        #expect(told.count == 1 && scene.alice.lines(of: 200, "a=crypto").count == 1)
        let offered = scene.bob.lines(of: nil, "a=crypto")
        #expect(offered.count == MediaSecurityPolicy.usualSuites.count)
        #expect(!offered.contains { $0.contains("BBBBBBBBBB") || told.contains($0) })
        scene.finish()
    }

    @Test func earlyAnswerAndAnswerSayTheSame() throws {
        let scene = SecureScene(a: SecureScene.bypass, b: SecureScene.bypass)
        scene.bob.script.progress = [Progress(after: 50, status: 183, description: true)]
        scene.establish()
        for prefix in ["a=crypto", "a=ice-", "a=candidate", "o="] {
            let early = scene.alice.lines(of: 183, prefix)
            #expect(!early.isEmpty && early == scene.alice.lines(of: 200, prefix))
        }
        scene.finish()
    }

    /// Checks of the callee come before its answer, those of the caller with ours.
    @Test func credentialsAreKnownBeforeTheAnswer() throws {
        let scene = SecureScene(a: SecureScene.bypass, b: SecureScene.bypass)
        scene.bob.script.progress = []
        scene.bob.script.answer = .accept(after: 1000)
        scene.alice.dial()
        scene.world.run(until: 500)
        let early = try #require(scene.media)
        #expect(early.a.ice == nil && early.b.ice?.remoteUfrag == nil)
        #expect(early.a.isSecure && early.b.isSecure)
        #expect(early.b.ice?.earlyLatch == true)
        let ufrag = String(decoding: try #require(early.b.ice).localUfrag, as: UTF8.self)
        #expect(scene.bob.lines(of: nil, "a=ice-ufrag") == ["a=ice-ufrag:\(ufrag)"])
        #expect(scene.engine.call(scene.id)?.protection.b.ice == .offered)
        scene.world.run(until: 2000)
        #expect(scene.media?.b.ice?.localUfrag == early.b.ice?.localUfrag)
        #expect(scene.media?.b.ice?.remoteUfrag.map { $0 == Array("bobby".utf8) } == true)
        #expect(scene.media?.a.ice?.remoteUfrag.map { $0 == Array("alice".utf8) } == true)
        scene.finish()
    }

    @Test func branchesHaveTheirOwnKeys() throws {
        let scene = SecureScene(b: SecureScene.bypass)
        scene.bob.script.progress = [
            Progress(after: 50, status: 183, description: true, branch: "one"),
            Progress(after: 150, status: 183, description: true, branch: "two"),
        ]
        scene.bob.script.answerBranch = "one"
        scene.bob.script.answer = .accept(after: 500)
        scene.bob.script.media.branches = [
            "one": [SecureScene.crypto("O")] + SecureScene.ice("ufr1") + ["a=rtcp-mux"],
            "two": [SecureScene.crypto("T")] + SecureScene.ice("ufr2") + ["a=rtcp-mux"],
        ]
        scene.alice.dial()
        scene.world.run(until: 120)
        let one = try #require(scene.media?.b)
        scene.world.run(until: 300)
        let two = try #require(scene.media?.b)
        scene.world.run(until: 2000)
        let answered = try #require(scene.media?.b)
        #expect(one.security?.receive != two.security?.receive)
        #expect(one.security?.send == two.security?.send)
        #expect(one.security?.keyID == two.security?.keyID && one.security != nil)
        #expect(one.ice?.remoteUfrag == Array("ufr1".utf8))
        #expect(two.ice?.remoteUfrag == Array("ufr2".utf8))
        #expect(one.ice?.localUfrag == two.ice?.localUfrag)
        #expect(answered.security == one.security && answered.ice == one.ice)
        scene.finish()
    }

    /// A branch whose handshake fails does no harm, unless it is the one that answers.
    @Test(arguments: ["one", "two"])
    func handshakesOfBranches(answering: String) throws {
        let scene = SecureScene(b: SecureScene.dtls)
        scene.bob.script.progress = [
            Progress(after: 50, status: 183, description: true, branch: "one"),
            Progress(after: 150, status: 183, description: true, branch: "two"),
        ]
        scene.bob.script.answerBranch = answering
        scene.bob.script.answer = .accept(after: 1000)
        scene.bob.script.media.branches = [
            "one": [SecureScene.fingerprint("A1", setup: "active")],
            "two": [SecureScene.fingerprint("A2", setup: "passive")],
        ]
        scene.alice.dial()
        scene.world.run(until: 120)
        let one = try #require(scene.media?.b.dtlsAgreement)
        #expect(scene.media?.b.dtls == true && one.role == .server)
        let keys = try SecureScene.keys(1)
        scene.input {
            $0.dtlsEstablished(scene.id, .b, association: one.association, keys: keys)
        }
        #expect(scene.media?.b.security?.send == keys.send)
        scene.world.run(until: 300)
        let two = try #require(scene.media?.b.dtlsAgreement)
        #expect(two.association != one.association && two.role == .client)
        #expect(scene.media?.b.security == nil && scene.media?.b.isSecure == true)
        scene.input { $0.dtlsFailed(scene.id, .b, association: two.association, reason: "no") }
        #expect(scene.engine.callCount == 1)
        guard answering == "one" else { return scene.finish(.handshakeFailed) }
        scene.world.run(until: 2000)
        #expect(scene.media?.b.security?.send == keys.send)
        #expect(scene.media?.b.dtlsAgreement?.association == one.association)
        scene.input { $0.dtlsFailed(scene.id, .b, association: two.association, reason: "no") }
        #expect(scene.engine.counters.handshakesStale == 1)
        scene.finish()
    }

    /// The caller has one handshake for all branches: without it there is no call.
    @Test func handshakeOfTheCallerFailsEarly() throws {
        let scene = SecureScene(a: SecureScene.dtls)
        scene.bob.script.progress = [Progress(after: 50, status: 183, description: true)]
        scene.bob.script.answer = .never
        scene.alice.dial()
        scene.world.run(until: 500)
        let number = try #require(scene.media?.a.dtlsAgreement).association
        scene.input { $0.dtlsFailed(scene.id, .a, association: number, reason: "no") }
        scene.finish(.handshakeFailed)
        #expect(scene.alice.count("< 488 INVITE") == 1 && scene.bob.count("< CANCEL") == 1)
        #expect(scene.engine.counters.handshakesFailed == 1)
    }

    @Test func offerInTheAnswer() throws {
        let scene = SecureScene(a: SecureScene.bypass, b: SecureScene.bypass)
        scene.alice.script.offersLate = true
        scene.establish()
        #expect(scene.media?.a.security != nil && scene.media?.b.security != nil)
        #expect(scene.media?.a.ice?.remoteUfrag == Array("alice".utf8))
        // Our offer to the caller was out before its answer came.
        let early = scene.world.mediaHistory.first { $0.a.ice != nil }
        #expect(early?.a.ice?.remoteUfrag == nil && early?.a.isSecure == true)
        scene.finish()
    }

    @Test func bothLiteUseDefaultCandidates() throws {
        let scene = SecureScene(a: SecureScene.bypass)
        scene.alice.script.media.lines.append("a=ice-lite")
        scene.establish()
        #expect(scene.media?.a.ice == nil && scene.media?.a.remote?.port == scene.a?.port)
        #expect(scene.engine.call(scene.id)?.protection.a.ice == .bothLite)
        scene.finish()
    }

    @Test func longUserFragmentIsNotKnown() throws {
        let scene = SecureScene(a: SecureScene.bypass)
        let long = String(repeating: "u", count: 65)
        scene.alice.script.media.lines = [SecureScene.crypto("K")] + SecureScene.ice(long)
        scene.establish()
        #expect(scene.media?.a.ice != nil && scene.media?.a.ice?.remoteUfrag == nil)
        scene.finish()
    }

    // MARK: Refusals

    @Test(arguments: [
        ("RTP/AVP", [String](), "RTP/AVP"),
        ("RTP/SAVP", ["a=crypto:1 F8_128_HMAC_SHA1_80 inline:WVNf|2^31"], "F8_128_HMAC_SHA1_80"),
        ("UDP/TLS/RTP/SAVP", [SecureScene.fingerprint("AB")], "DTLS-SRTP"),
    ])
    func offerWithoutOurSuites(profile: String, lines: [String], named: String) throws {
        let scene = SecureScene(a: SecureScene.sdes)
        scene.alice.script.media = PhoneMedia(profile: profile, lines: lines)
        scene.alice.dial()
        scene.world.run()
        let reply = try #require(scene.alice.responses.last)
        let warning = reply.first(.warning).map { String(decoding: $0, as: UTF8.self) } ?? ""
        #expect(reply.status == 488 && warning.hasPrefix("399 trunkline \""))
        #expect(warning.contains("offered \(named); allowed AES_CM_128_HMAC_SHA1_80, "))
        #expect(scene.engine.counters.securityMismatches == 1)
        #expect(scene.bob.count("< INVITE") == 0)
        scene.world.expectClean()
    }

    @Test func answerWithoutKeysEndsTheCall() {
        let scene = SecureScene(b: SecureScene.sdes)
        scene.bob.script.media = PhoneMedia()
        scene.bob.script.progress = [Progress(after: 50, status: 183, description: true)]
        scene.alice.dial()
        scene.world.run()
        #expect(scene.alice.count("< 488 INVITE") == 1 && scene.bob.count("< BYE") == 1)
        #expect(scene.world.mediaHistory.allSatisfy { $0.b.isSecure && !$0.b.send })
        #expect(scene.world.records.map(\.protection.b.keying) == [.pending])
        scene.world.expectClean()
    }

    /// Without a certificate DTLS cannot be offered.
    @Test func noCertificate() {
        let scene = SecureScene(b: SecureScene.dtls)
        scene.world.configure { $0.fingerprint = nil }
        scene.alice.dial()
        scene.world.run()
        #expect(scene.alice.count("< 488 INVITE") == 1 && scene.bob.count("< INVITE") == 0)
        scene.world.expectClean()
    }
}
