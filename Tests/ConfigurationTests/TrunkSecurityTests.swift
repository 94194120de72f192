// SPDX-License-Identifier: Apache-2.0

import SDP
import Testing

@testable import Configuration

/// The sample with more lines in its first trunk, which begins on line 24; what is added begins on
/// line 32.
private func text(_ lines: [String]) -> String {
    lines.reversed().reduce(sample) { text, line in
        text.replacing("    max-calls: 1000\n", with: "    max-calls: 1000\n    \(line)\n")
    }
}

private func policy(_ lines: String...) throws -> MediaSecurityPolicy {
    try parse(text(lines)).trunks[0].security
}

@Test func aTrunkIsPlainUnlessToldOtherwise() throws {
    let plain = try parse(sample).trunks.map(\.security)
    let expected = MediaSecurityPolicy(srtp: .off, keying: [.sdes])
    #expect(plain == [expected, expected])
    #expect(plain[0].rtcpMux == .accept && plain[0].ice == .off && !plain[0].earlyLatch)
}

@Test func everyKeyOfProtection() throws {
    let all = try policy(
        "srtp: preferred", "suites: [AEAD_AES_256_GCM, AES_CM_128_HMAC_SHA1_80]",
        "keying: [dtls, sdes]", "ice: lite", "early-latch: true", "rtcp-mux: accept")
    #expect(
        all
            == MediaSecurityPolicy(
                srtp: .preferred, keying: [.dtls, .sdes], suites: [.aes256GCM, .aes128CM80],
                ice: .lite, earlyLatch: true, rtcpMux: .accept))
    let required = try policy("srtp: required")
    #expect(required.suites == MediaSecurityPolicy.usualSuites && required.keying == [.sdes])
    #expect(try policy("rtcp-mux: off").rtcpMux == .off)
    #expect(try policy("rtcp-mux: required").rtcpMux == .required)
    #expect(try policy("ice: lite").ice == .lite)
    // One handshake, one port.
    #expect(try policy("srtp: required", "keying: [dtls]").rtcpMux == .offer)
}

private let faults: [(lines: [String], message: String)] = [
    (
        ["srtp: yes"],
        "32: trunks[0].srtp: is \"yes\"; write one of required, preferred, off"
    ),
    (
        ["srtp: requird", "keying: [dtls]", "early-latch: true"],
        "32: trunks[0].srtp: is \"requird\"; did you mean required?"
    ),
    (
        ["srtp: required", "suites: [AES_CM_128]"],
        "33: trunks[0].suites[0]: is \"AES_CM_128\"; write one of AES_CM_128_HMAC_SHA1_80, "
            + "AES_CM_128_HMAC_SHA1_32, AES_256_CM_HMAC_SHA1_80, AES_256_CM_HMAC_SHA1_32, "
            + "AEAD_AES_128_GCM, AEAD_AES_256_GCM"
    ),
    (
        ["srtp: required", "suites: []"],
        "33: trunks[0].suites: is empty; write [AES_CM_128_HMAC_SHA1_80, AEAD_AES_256_GCM], or "
            + "leave suites out"
    ),
    (
        ["srtp: required", "keying: [sdes, sdes]"],
        "33: trunks[0].keying[1]: \"sdes\" stands twice; write each once"
    ),
    (
        ["srtp: required", "keying: dtls"],
        "33: trunks[0].keying: is a single value; write a list, such as [sdes]"
    ),
    (
        ["keying: [dtls]"],
        "32: trunks[0].keying: is for encrypted media, which srtp leaves off; write srtp: required "
            + "or srtp: preferred too, or leave keying out"
    ),
    (
        ["suites: [AEAD_AES_128_GCM]", "srtp: off"],
        "32: trunks[0].suites: is for encrypted media, which srtp leaves off; write srtp: required "
            + "or srtp: preferred too, or leave suites out"
    ),
    (
        ["srtp: required", "early-latch: true"],
        "33: trunks[0].early-latch: needs ICE and SRTP; write ice: lite too, or early-latch: false"
    ),
    (
        ["ice: lite", "early-latch: true"],
        "33: trunks[0].early-latch: needs ICE and SRTP; write srtp: required too, or "
            + "early-latch: false"
    ),
    (
        ["srtp: required", "keying: [sdes, dtls]", "rtcp-mux: off"],
        "34: trunks[0].rtcp-mux: is off, and the one handshake of dtls is for one port; write "
            + "offer, or leave rtcp-mux out"
    ),
    (
        ["srtp: required", "keying: [dtls]", "suites: [AES_256_CM_HMAC_SHA1_80]"],
        "34: trunks[0].suites: has none that dtls can agree on; add AES_CM_128_HMAC_SHA1_80, or "
            + "leave dtls out of keying"
    ),
    (["ice: full"], "32: trunks[0].ice: is \"full\"; write one of lite, off"),
    (["rtcp-mux: on"], "32: trunks[0].rtcp-mux: is \"on\"; did you mean off?"),
    (["early-latch: 1"], "32: trunks[0].early-latch: is \"1\"; write true or false"),
    (["erly-latch: true"], "32: trunks[0].erly-latch: is not known; did you mean early-latch?"),
]

@Test(arguments: faults.indices)
func protectionThatCannotBe(index: Int) {
    let (lines, expected) = faults[index]
    #expect(messages(text(lines)) == ["node.yaml:" + expected])
}

@Test func learnedSourcesAndICEExcludeEachOther() {
    let text = sample.replacing("learn-source: false", with: "learn-source: true\n    ice: lite")
    #expect(
        messages(text) == [
            "node.yaml:30: trunks[0].learn-source: cannot be with ICE, which checks where media "
                + "comes from; leave learn-source out, or write ice: off"
        ])
}
