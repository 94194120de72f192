// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SDP
import Testing

/// The body of a message of the test data.
private func body(_ name: String) throws -> SessionDescription? {
    guard let (_, bytes) = TestData.present(["teams/\(name).sip"]).first else { return nil }
    let end = try #require(
        bytes.indices.first { bytes[$0...].starts(with: "\r\n\r\nv=0".utf8) })
    return try SessionDescription.parse(bytes[(end + 4)...])
}

private let teams = MediaSecurityPolicy(
    srtp: .required, keying: [.sdes], suites: [.aes128CM80])
private let bypass = MediaSecurityPolicy(
    srtp: .required, keying: [.sdes], suites: [.aes128CM80], ice: .lite, earlyLatch: true)

/// A party whose offer was answered.
private func answered(
    _ lines: [String], _ policy: MediaSecurityPolicy = lite
) throws -> (leg: OfferAnswerLeg, answer: SessionDescription) {
    var leg = try secureLeg(policy)
    _ = try leg.receiveOffer(secureSession(["m=audio 4000 RTP/SAVP 0"] + lines))
    let answer = try leg.makeAnswer(from: otherParty, local: ourA)
    return (leg, answer)
}

@Test func holdKeepsKeysAndCredentials() throws {
    let lines = [cryptoLine(1, .aes128CM80)] + iceLines("peer")
    var (leg, answer) = try answered(lines)
    let before = leg.agreedSecurity
    let offer = try leg.receiveOffer(
        secureSession(["m=audio 4000 RTP/SAVP 0", "a=inactive"] + lines, version: 2))
    #expect(!offer.isUnchanged && !leg.needsSecrets)
    let hold = try leg.makeAnswer(from: otherParty, local: ourA)
    #expect(hold.lines.last == "a=inactive" && hold.cryptos == answer.cryptos)
    for prefix in ["a=ice-lite", "a=ice-ufrag", "a=ice-pwd", "a=candidate"] {
        #expect(hold.lines(prefix) == answer.lines(prefix) && !hold.lines(prefix).isEmpty)
    }
    #expect(leg.agreedSecurity == before)
    // And our own hold.
    var stream = otherParty
    stream.direction = .sendonly
    let ours = try leg.makeOffer(from: stream, local: ourA)
    #expect(ours.cryptos == answer.cryptos && ours.lines("a=ice-") == answer.lines("a=ice-"))
    _ = try leg.receiveAnswer(
        secureSession(["m=audio 4000 RTP/SAVP 0", "a=recvonly"] + lines, version: 3))
    #expect(leg.agreedSecurity == before && leg.remoteICE != nil)
    answer = try leg.makeOffer(from: otherParty, local: ourA)
    #expect(answer.cryptos == ours.cryptos)
}

@Test func otherKeysNeedOtherKeys() throws {
    let first = [cryptoLine(1, .aes128CM80)] + iceLines("peer")
    var (leg, answer) = try answered(first)
    let changed = [cryptoLine(1, .aes128CM80, "Q")] + iceLines("peer")
    let open = leg
    let offer = try leg.receiveOffer(
        secureSession(["m=audio 4000 RTP/SAVP 0"] + changed, version: 2))
    #expect(!offer.isUnchanged && leg.needsSecrets)
    #expect(throws: OfferAnswerError.secretsMissing) {
        try leg.makeAnswer(from: otherParty, local: ourA)
    }
    // A failed offer changes nothing.
    var failed = leg
    failed.provide(try secrets(lite, 50))
    failed.abandonOffer()
    #expect(failed.agreedSecurity == open.agreedSecurity && !failed.needsSecrets)
    #expect(try failed.makeOffer(from: otherParty, local: ourA).cryptos == answer.cryptos)
    leg.provide(try secrets(lite, 51))
    let next = try leg.makeAnswer(from: otherParty, local: ourA)
    #expect(next.cryptos.count == 1 && next.cryptos != answer.cryptos)
    // No ICE restart, so no other credentials.
    #expect(next.lines("a=ice-") == answer.lines("a=ice-") && !leg.needsSecrets)
    // The same offer again is a refresh.
    let again = try leg.receiveOffer(
        secureSession(["m=audio 4000 RTP/SAVP 0"] + changed, version: 2))
    #expect(again.isUnchanged && !leg.needsSecrets)
    answer = try leg.makeAnswer(from: otherParty, local: ourA)
    #expect(answer == next)
}

@Test func iceRestartNeedsOtherCredentials() throws {
    let keys = [cryptoLine(1, .aes128CM80)]
    var (leg, answer) = try answered(keys + iceLines("peer"))
    _ = try leg.receiveOffer(
        secureSession(["m=audio 4000 RTP/SAVP 0"] + keys + iceLines("moved"), version: 2))
    #expect(leg.needsSecrets)
    leg.provide(try secrets(lite, 60))
    let next = try leg.makeAnswer(from: otherParty, local: ourA)
    #expect(next.cryptos == answer.cryptos)
    #expect(next.lines("a=ice-ufrag") != answer.lines("a=ice-ufrag"))
    #expect(next.lines("a=ice-pwd") != answer.lines("a=ice-pwd"))
    #expect(next.lines("a=candidate") == answer.lines("a=candidate"))
    #expect(leg.remoteICE?.credentials.description == "moved")
    // Other candidates alone are no restart.
    let more = iceLines("moved") + ["a=candidate:2 1 UDP 1 192.0.2.8 9 typ relay"]
    let offer = try leg.receiveOffer(
        secureSession(["m=audio 4000 RTP/SAVP 0"] + keys + more, version: 3))
    #expect(offer.isUnchanged && !leg.needsSecrets)
    answer = try leg.makeAnswer(from: otherParty, local: ourA)
    #expect(answer == next)
}

/// The party's answer to our own offer may have other keys; ours stay.
@Test func keysChangedInAnAnswer() throws {
    var (leg, answer) = try answered([cryptoLine(1, .aes128CM80)])
    let offer = try leg.makeOffer(from: otherParty, local: ourA)
    #expect(offer.cryptos == answer.cryptos)
    answer = try secureSession(["m=audio 4000 RTP/SAVP 0", cryptoLine(1, .aes128CM80, "Z")])
    _ = try leg.receiveAnswer(answer)
    #expect(
        leg.agreedSecurity
            == .sdes(receive: answer.cryptos[0].master, send: offer.cryptos[0].master))
}

/// A first party that only asked for encryption may be followed by one that does not.
@Test func preferenceFollowsTheOffers() throws {
    var (leg, first) = try answered([cryptoLine(1, .aes128CM80)], preferred)
    _ = try leg.receiveOffer(secureSession(["m=audio 4000 RTP/AVP 0"], version: 2))
    let plain = try leg.makeAnswer(from: otherParty, local: ourA)
    #expect(leg.agreedSecurity == .plain && plain.cryptos.isEmpty)
    // Back again with the same key: ours is another one, its packets are counted from zero.
    _ = try leg.receiveOffer(
        secureSession(["m=audio 4000 RTP/SAVP 0", cryptoLine(1, .aes128CM80)], version: 3))
    #expect(leg.needsSecrets)
    leg.provide(try secrets(preferred, 70))
    let back = try leg.makeAnswer(from: otherParty, local: ourA)
    #expect(back.cryptos != first.cryptos && back.cryptos.count == 1)
    first = back
    #expect(leg.agreedSecurity != .plain)
}

/// Call from Teams without bypass: `_80` though `_32` stands first with tag 0.
@Test func teamsOffers() throws {
    guard let sdp = try body("12-invite-out-nonbypass") else { return }
    var leg = try secureLeg(teams)
    let offer = try leg.receiveOffer(sdp)
    #expect(offer.stream.rtcpPort == nil && offer.stream.address?.description == "203.0.113.90")
    let answer = try leg.makeAnswer(from: otherParty, local: ourA)
    #expect(answer.lines("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:").count == 1)
    #expect(answer.lines("a=crypto:").count == 1)
}

@Test(arguments: ["09-183-forkB", "09b-183-tolerance-two-crypto", "10-200-forkB"])
func teamsAnswers(name: String) throws {
    guard let sdp = try body(name) else { return }
    var leg = try secureLeg(teams)
    let offer = try leg.makeOffer(from: offered("9 G722", "8 PCMA"), local: ourB)
    _ = try leg.receiveAnswer(sdp)
    let theirs = try #require(sdp.cryptos.first { $0.master.mki.isEmpty })
    #expect(
        leg.agreedSecurity == .sdes(receive: theirs.master, send: offer.cryptos[0].master))
    // 200 after 183.
    let before = leg
    _ = try leg.receiveAnswer(sdp)
    #expect(leg == before)
}

private func offered(_ formats: String...) -> AudioStream {
    AudioStream(
        formats: formats.compactMap { text in
            let parts = text.split(separator: " ")
            guard let number = UInt8(parts[0]), let name = SDPText(parts[1].utf8) else {
                return nil
            }
            return RTPFormat(payloadType: number, name: name, clockRate: 8000)
        })
}

/// Media bypass: two clients answer one offer, each with keys and credentials of its own; then
/// the candidate is confirmed, and at last the call moves into the cloud.
@Test func teamsBypass() throws {
    guard let one = try body("17-183-bypass-client1"), let two = try body("18-183-bypass-client2"),
        let final = try body("19-200-bypass-client2"),
        let confirmed = try body("20-reinvite-final-candidate"),
        let moved = try body("22-reinvite-ice-restart")
    else { return }
    var open = try secureLeg(bypass)
    let offer = try open.makeOffer(from: offered("9 G722", "8 PCMA"), local: ourB)
    #expect(open.localICE != nil && offer.lines("a=rtcp-mux").count == 1)
    var forks = [open, open]
    _ = try forks[0].receiveAnswer(one)
    _ = try forks[1].receiveAnswer(two)
    #expect(forks.map { $0.remoteICE?.credentials.description } == ["cl1U", "cl2U"])
    #expect(forks[0].agreedSecurity != forks[1].agreedSecurity)
    #expect(forks[0].localICE == forks[1].localICE && forks[0].remoteICE?.candidates.count == 3)
    var leg = forks[1]
    _ = try leg.receiveAnswer(final)
    #expect(leg == forks[1])
    let before = leg.agreedSecurity
    let refresh = try leg.receiveOffer(confirmed)
    #expect(refresh.stream.ice?.chosenByRemote?.description == "192.0.2.20:20010")
    // The service puts its codecs in another order than we do: so the offer counts as another one,
    // but not its keys.
    #expect(!leg.needsSecrets)
    _ = try leg.makeAnswer(from: offered("9 G722", "8 PCMA"), local: ourB)
    #expect(leg.agreedSecurity == before)
    let restart = try leg.receiveOffer(moved)
    #expect(!restart.isUnchanged && leg.needsSecrets)
    leg.provide(try secrets(bypass, 80))
    let answer = try leg.makeAnswer(from: offered("9 G722"), local: ourB)
    #expect(answer.cryptos.first != offer.cryptos.first && answer.cryptos.count == 1)
    #expect(answer.lines("a=ice-ufrag") != offer.lines("a=ice-ufrag"))
    #expect(answer.lines("a=ice-lite").count == 1 && leg.remoteICE?.candidates.count == 1)
}

@Test func microsoftsRemoteCandidate() throws {
    var leg = try secureLeg(lite)
    let lines = ["m=audio 4000 RTP/SAVP 0", cryptoLine(1, .aes128CM80)] + iceLines("peer")
    for (line, expected) in [
        ("a=remote-candidate:1 198.51.100.1 20000", "198.51.100.1:20000"),
        ("a=remote-candidates:2 192.0.2.1 1 1 198.51.100.1 20000", "198.51.100.1:20000"),
        ("a=remote-candidates:1 198.51.100.1", nil), ("a=remote-candidates:1 x 1", nil),
    ] as [(String, String?)] {
        let offer = try leg.receiveOffer(secureSession(lines + [line]))
        #expect(offer.stream.ice?.chosenByRemote?.description == expected)
        leg.abandonOffer()
    }
}

@Test func snapshotsHoldTheSecurity() throws {
    let lines = [cryptoLine(1, .aes128CM80)] + iceLines("peer")
    var (leg, _) = try answered(lines)
    _ = try leg.receiveOffer(
        secureSession(
            ["m=audio 4000 RTP/SAVP 0", cryptoLine(1, .aes128CM80, "Q")] + iceLines("next")))
    var open = try secureLeg(lite)
    _ = try open.makeOffer(from: otherParty, local: ourB)
    var provided = leg
    provided.provide(try secrets(lite, 90))
    for saved in [leg, open, provided] {
        var restored = try #require(OfferAnswerLeg(saved.snapshot, codecs: .all, policy: lite))
        #expect(restored.snapshot == saved.snapshot)
        #expect(restored.needsSecrets == saved.needsSecrets)
        #expect(restored.localICE == saved.localICE && restored.remoteICE == saved.remoteICE)
        restored.abandonOffer()
        #expect(restored.agreedSecurity == saved.agreedSecurity)
    }
}

/// A refresh says what was offered, again and again, also where the answer took less of it and
/// refreshes were refused: one version of an o= line says one thing (RFC 3264 section 8).
@Test(arguments: [
    MediaSecurityPolicy(srtp: .required, keying: [.sdes]),
    MediaSecurityPolicy(srtp: .preferred, keying: [.sdes]), .plain,
])
func oneVersionSaysOneThing(_ policy: MediaSecurityPolicy) throws {
    var leg = try secureLeg(policy)
    let line = policy == .plain ? [] : [cryptoLine(2, policy.suites[1])]
    let profile = policy.srtp == .required ? "SAVP" : "AVP"
    let answer = try secureSession(["m=audio 4000 RTP/\(profile) 0"] + line)
    let offer = try leg.makeOffer(from: otherParty, local: ourA)
    _ = try leg.receiveAnswer(answer)
    for step in 0..<8 {
        let again = try leg.repeatOffer()
        #expect(again == offer, "step \(step)")
        if step % 3 == 1 {
            leg.abandonOffer()
        } else {
            _ = try leg.receiveAnswer(answer)
        }
        if step == 4 {
            // The party's offer comes to nothing.
            let hold = ["m=audio 4000 RTP/\(profile) 0", "a=sendonly"] + line
            _ = try leg.receiveOffer(secureSession(hold, version: 2))
            leg.abandonOffer()
        }
    }
}
