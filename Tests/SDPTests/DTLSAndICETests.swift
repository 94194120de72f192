// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SDP
import Testing

private let dtlsOnly = MediaSecurityPolicy(srtp: .required, keying: [.dtls], ice: .lite)

private func browserOffer(
    setup: String = "actpass", ice: String = "EsAw", pair: String = "AB", version: Int = 1
) throws -> SessionDescription {
    let head = ["v=0", "o=- 4962303333179871722 \(version) IN IP4 127.0.0.1", "s=-", "t=0 0"]
    let session = ["a=group:BUNDLE 0 1", "a=extmap-allow-mixed", "a=msid-semantic: WMS"]
    let audio = [
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 0 8 126", "c=IN IP4 0.0.0.0", "a=rtcp:9 IN IP4 0.0.0.0",
        "a=ice-ufrag:\(ice)", "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1", "a=ice-options:trickle",
        "a=candidate:1 1 udp 2113937151 8c3bd8ab-2c1a-4a1b-9a6f-0f0e0d0c0b0a.local 50000 typ host",
        fingerprintLine(pair), "a=setup:\(setup)", "a=mid:0", "a=sendrecv", "a=rtcp-mux",
        "a=rtcp-rsize", "a=rtpmap:111 opus/48000/2", "a=rtpmap:63 red/48000/2",
        "a=rtpmap:126 telephone-event/8000",
    ]
    let video = [
        "m=video 0 UDP/TLS/RTP/SAVPF 96", "c=IN IP4 0.0.0.0", "a=bundle-only", "a=mid:1",
        "a=rtpmap:96 VP8/90000",
    ]
    let text = (head + session + audio + video).reduce("") { $0 + $1 + "\r\n" }
    return try SessionDescription.parse(Array(text.utf8))
}

private func dtls(_ leg: OfferAnswerLeg) throws -> DTLSAgreement {
    guard case .dtls(let agreement) = leg.agreedSecurity else {
        throw OfferAnswerError.answerMismatch
    }
    return agreement
}

@Test func browserIsAnswered() throws {
    var leg = try secureLeg(dtlsOnly)
    let offer = try leg.receiveOffer(browserOffer()).stream
    #expect(offer.address == nil && offer.direction == .sendrecv && offer.rtcpMux)
    let answer = try leg.makeAnswer(from: otherParty, local: ourA)
    let ice = try #require(leg.localICE)
    #expect(
        answer.lines.dropFirst(5) == [
            "a=ice-lite",
            "m=audio 20000 UDP/TLS/RTP/SAVPF 0 8", "a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000",
            "a=ptime:20",
            "a=fingerprint:\(try #require(ourFingerprint?.attribute.value))", "a=setup:active",
            "a=ice-ufrag:\(ice)", "a=ice-pwd:\(String(decoding: ice.password, as: UTF8.self))",
            "a=candidate:1 1 UDP 2130706431 198.51.100.1 20000 typ host", "a=mid:0", "a=rtcp-mux",
            "a=sendrecv", "m=video 0 UDP/TLS/RTP/SAVPF 96", "a=mid:1",
        ])
    let agreement = try dtls(leg)
    #expect(agreement.role == .client && agreement.association == 1)
    #expect(agreement.fingerprints.map(\.digest) == [Array(repeating: 0xab, count: 32)])
    let remote = try #require(leg.remoteICE)
    #expect(!remote.isLite && remote.trickles && remote.candidates.isEmpty)
    // Media can go though nobody said where: checks will.
    var b = OfferAnswerLeg(sessionID: 2)
    _ = try b.makeOffer(from: otherParty, local: ourB)
    _ = try b.receiveAnswer(session("m=audio 5000 RTP/AVP 0"))
    let plan = try #require(RelayPlan(a: leg, b: b))
    #expect(plan.a.send && plan.a.remote == nil && plan.a.rtcpMux && plan.b.ice == nil)
    #expect(plan.a.ice?.remote == remote.credentials && plan.a.ice?.local == ice)
}

@Test(arguments: [
    ("actpass", DTLSAgreement.Role.client, "active"), ("active", .server, "passive"),
    ("passive", .client, "active"),
])
func rolesOfAnAnswer(setup: String, role: DTLSAgreement.Role, ours: String) throws {
    var leg = try secureLeg(dtlsOnly)
    _ = try leg.receiveOffer(browserOffer(setup: setup))
    let answer = try leg.makeAnswer(from: otherParty, local: ourA)
    #expect(try dtls(leg).role == role && answer.lines("a=setup:\(ours)").count == 1)
}

@Test(arguments: [
    ("a=setup:active", DTLSAgreement.Role.server), ("a=setup:passive", .client),
    ("a=inactive", .server),
])
func rolesOfOurOffer(line: String, role: DTLSAgreement.Role) throws {
    var leg = try secureLeg(dtlsOnly)
    let offer = try leg.makeOffer(from: otherParty, local: ourB)
    #expect(offer.mediaLines.first == "m=audio 30000 UDP/TLS/RTP/SAVP 0 8")
    #expect(offer.lines("a=setup:actpass").count == 1 && offer.lines("a=crypto").isEmpty)
    #expect(offer.lines("a=rtcp-mux").count == 1 && offer.lines("a=candidate").count == 2)
    _ = try leg.receiveAnswer(
        secureSession(["m=audio 5000 UDP/TLS/RTP/SAVP 0", fingerprintLine(), line]))
    #expect(try dtls(leg).role == role)
    #expect(leg.remoteICE == nil && leg.localICE == nil)
}

/// Each of these is a new handshake (RFC 8842 section 3.1), everything else is not.
@Test func associations() throws {
    var leg = try secureLeg(dtlsOnly)
    func exchange(_ offer: SessionDescription) throws -> DTLSAgreement {
        _ = try leg.receiveOffer(offer)
        if leg.needsSecrets { leg.provide(try secrets(dtlsOnly, 77)) }
        _ = try leg.makeAnswer(from: otherParty, local: ourA)
        return try dtls(leg)
    }
    let first = try exchange(browserOffer())
    #expect(first.association == 1)
    #expect(try leg.receiveOffer(browserOffer(version: 2)).isUnchanged)
    leg.abandonOffer()
    #expect(try exchange(browserOffer(version: 2)) == first)
    // The party knows its role by now, and may say it.
    #expect(try exchange(browserOffer(setup: "passive", version: 3)) == first)
    #expect(try exchange(browserOffer(pair: "CD", version: 4)).association == 2)
    // An ICE restart alone is not.
    #expect(try exchange(browserOffer(ice: "next", pair: "CD", version: 5)).association == 2)
    #expect(leg.remoteICE?.credentials.ufrag.starts(with: "next".utf8) == true)
    let last = try exchange(browserOffer(setup: "active", ice: "next", pair: "CD", version: 6))
    #expect(last.association == 3 && last.role == .server)
    // Our own offer leaves the choice to the party and is answered as before.
    let offer = try leg.makeOffer(from: otherParty, local: ourA)
    #expect(offer.lines("a=setup:actpass").count == 1)
    let answer = try browserOffer(setup: "active", ice: "next", pair: "CD", version: 7)
    _ = try leg.receiveAnswer(answer)
    #expect(try dtls(leg) == last)
}

@Test func theStrongestFingerprintCounts() throws {
    let sha1 = "a=fingerprint:sha-1 " + Array(repeating: "AB", count: 20).joined(separator: ":")
    let sdp = try secureSession([
        "a=setup:actpass", "m=audio 5000 RTP/SAVPF 0", sha1, fingerprintLine("11"),
        fingerprintLine("22"),
    ])
    var leg = try secureLeg(required)
    _ = try leg.receiveOffer(sdp)
    _ = try leg.makeAnswer(from: otherParty, local: ourA)
    #expect(try dtls(leg).fingerprints.map(\.hash) == [.sha256, .sha256])
    let weak = try secureSession([sha1, "a=setup:actpass", "m=audio 5000 RTP/SAVPF 0"])
    for allowed in [false, true] {
        var policy = required
        policy.allowsSHA1Fingerprint = allowed
        var other = try secureLeg(policy)
        #expect(((try? other.receiveOffer(weak)) != nil) == allowed)
    }
}

@Test func withoutACertificateThereIsNoDTLS() throws {
    var made = try secrets(dtlsOnly, 1)
    made.fingerprint = nil
    var leg = OfferAnswerLeg(sessionID: 1, policy: dtlsOnly, secrets: made)
    #expect(throws: OfferAnswerError.self) { try leg.receiveOffer(browserOffer()) }
    #expect(throws: OfferAnswerError.secretsMissing) {
        try leg.makeOffer(from: otherParty, local: ourA)
    }
    var both = OfferAnswerLeg(sessionID: 1, policy: required, secrets: made)
    let offer = try both.makeOffer(from: otherParty, local: ourA)
    #expect(offer.lines("a=fingerprint").isEmpty && offer.cryptos.count == 6)
}

/// Offered both ways, the policy's first one counts.
@Test(arguments: [[MediaSecurityPolicy.Keying.sdes, .dtls], [.dtls, .sdes]])
func bothWaysOfKeying(order: [MediaSecurityPolicy.Keying]) throws {
    let policy = MediaSecurityPolicy(srtp: .required, keying: order)
    let lines = [cryptoLine(1, .aes128CM80), fingerprintLine(), "a=setup:active"]
    let sdesFirst = order.first == .sdes
    var answering = try secureLeg(policy)
    _ = try answering.receiveOffer(secureSession(["m=audio 5000 UDP/TLS/RTP/SAVP 0"] + lines))
    let answer = try answering.makeAnswer(from: otherParty, local: ourA)
    #expect(answer.cryptos.isEmpty != sdesFirst)
    #expect(answer.lines("a=fingerprint").isEmpty == sdesFirst)
    var offering = try secureLeg(policy)
    let offer = try offering.makeOffer(from: otherParty, local: ourA)
    #expect(offer.media[0].transport == (sdesFirst ? "RTP/SAVP" : "UDP/TLS/RTP/SAVP"))
    #expect(offer.cryptos.count == 6 && offer.lines("a=fingerprint").count == 1)
    _ = try offering.receiveAnswer(
        secureSession(["m=audio 5000 \(offer.media[0].transport) 0"] + lines))
    #expect(((try? dtls(offering)) == nil) == sdesFirst)
}

/// Who may refuse to share a port needs a component for RTCP, else it does no ICE; who shares one
/// already does not.
@Test(arguments: [true, false]) func componentsOfOurOffers(shares: Bool) throws {
    var policy = dtlsOnly
    policy.ice = .lite
    policy.rtcpMux = .offer
    var leg = try secureLeg(policy)
    let offer = try leg.makeOffer(from: otherParty, local: ourB)
    #expect(offer.lines("a=rtcp-mux").count == 1 && offer.lines("a=rtcp:30001").count == 1)
    #expect(offer.lines("a=candidate:1 1 UDP").count == 1)
    #expect(offer.lines("a=candidate:1 2 UDP").count == 1)
    let answer =
        ["m=audio 5000 UDP/TLS/RTP/SAVP 0", fingerprintLine(), "a=setup:active"]
        + iceLines("peer") + (shares ? ["a=rtcp-mux"] : [])
    _ = try leg.receiveAnswer(secureSession(answer))
    #expect(leg.remoteICE != nil)
    let next = try leg.makeOffer(from: otherParty, local: ourB)
    #expect(next.lines("a=candidate").count == (shares ? 1 : 2))
    #expect(next.lines("a=rtcp:").count == (shares ? 0 : 1))
}

/// A party that is known to share gets one component from the first offer on.
@Test func oneComponentWhereSharingIsRequired() throws {
    var policy = dtlsOnly
    policy.ice = .lite
    policy.rtcpMux = .required
    var leg = try secureLeg(policy)
    let offer = try leg.makeOffer(from: otherParty, local: ourB)
    #expect(offer.lines("a=rtcp-mux").count == 1 && offer.lines("a=rtcp:").isEmpty)
    #expect(offer.lines("a=candidate").count == 1)
    #expect(offer.lines("a=candidate:1 1 UDP").count == 1)
}

/// The party does no ICE with what we wrote: its default address counts.
@Test func aMismatchIsNoICE() throws {
    var policy = dtlsOnly
    policy.ice = .lite
    var leg = try secureLeg(policy)
    _ = try leg.makeOffer(from: otherParty, local: ourB)
    let answer =
        ["m=audio 5000 UDP/TLS/RTP/SAVP 0", fingerprintLine(), "a=setup:active", "a=ice-mismatch"]
        + iceLines("peer")
    _ = try leg.receiveAnswer(secureSession(answer))
    #expect(leg.remoteICE == nil && leg.localICE == nil && leg.remote?.address != nil)
}

/// ICE that breaks the rules is no ICE: default addresses then.
@Test(arguments: [
    ["a=ice-ufrag:abc", "a=ice-pwd:PasswordOfEnoughBytes123"], ["a=ice-ufrag:abcd"],
    ["a=ice-ufrag:abcd", "a=ice-pwd:short"], [],
])
func brokenICEIsNone(lines: [String]) throws {
    var leg = try secureLeg(lite)
    _ = try leg.receiveOffer(
        secureSession(["m=audio 4000 RTP/SAVP 0", cryptoLine(1, .aes128CM80)] + lines))
    let answer = try leg.makeAnswer(from: otherParty, local: ourA)
    #expect(answer.lines("a=ice").isEmpty && answer.lines("a=candidate").isEmpty)
    #expect(leg.remoteICE == nil && leg.localICE == nil)
}

@Test func iceWithoutPolicyIsIgnored() throws {
    var leg = try secureLeg(required)
    _ = try leg.receiveOffer(
        secureSession(["m=audio 4000 RTP/SAVP 0", cryptoLine(1, .aes128CM80)] + iceLines("peer")))
    let answer = try leg.makeAnswer(from: otherParty, local: ourA)
    #expect(answer.lines("a=ice").isEmpty && leg.remoteICE == nil)
}

/// With plain RTP too: the answer has what a lite agent says (RFC 8839 section 4.2.2).
@Test func iceWithoutKeys() throws {
    var leg = try secureLeg(MediaSecurityPolicy(ice: .lite))
    let lines = ["a=ice-lite"] + ["m=audio 4000 RTP/AVP 0"] + iceLines("peer")
    _ = try leg.receiveOffer(secureSession(lines))
    let answer = try leg.makeAnswer(from: otherParty, local: ourA)
    #expect(answer.lines("a=ice-lite").count == 1 && answer.lines("a=candidate:1 1 UDP").count == 1)
    #expect(leg.remoteICE?.isLite == true && leg.agreedSecurity == .plain)
    #expect(leg.remote?.address?.description == "192.0.2.1")
}

@Test func manyCandidatesAreCut() throws {
    var lines = ["m=audio 4000 RTP/SAVP 0", cryptoLine(1, .aes128CM80)] + iceLines("peer")
    for port in 1...100 { lines.append("a=candidate:1 1 UDP 1 192.0.2.9 \(port) typ host") }
    var leg = try secureLeg(lite)
    #expect(try leg.receiveOffer(secureSession(lines)).stream.ice?.candidates.count == 16)
}

@Test func muxedRTCPOnlyNeedsThePolicy() throws {
    let sdp = try secureSession(["m=audio 4000 RTP/AVP 0", "a=rtcp-mux-only"])
    var off = OfferAnswerLeg(sessionID: 1, policy: MediaSecurityPolicy(rtcpMux: .off))
    #expect(throws: OfferAnswerError.muxedRTCPOnly) { try off.receiveOffer(sdp) }
    var on = OfferAnswerLeg(sessionID: 1)
    _ = try on.receiveOffer(sdp)
    let answer = try on.makeAnswer(from: otherParty, local: ourA)
    #expect(answer.lines("a=rtcp-mux") == ["a=rtcp-mux"])
    // Off is off for our offers and for others'.
    _ = try off.receiveOffer(secureSession(["m=audio 4000 RTP/AVP 0", "a=rtcp-mux"]))
    #expect(try off.makeAnswer(from: otherParty, local: ourA).lines("a=rtcp-mux").isEmpty)
}
