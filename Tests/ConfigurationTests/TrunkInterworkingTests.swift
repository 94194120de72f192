// SPDX-License-Identifier: Apache-2.0

import CallControl
import SDP
import SIPMessage
import Testing

@testable import Configuration

private func text(_ lines: [String]) -> String {
    lines.reversed().reduce(sample) { text, line in
        text.replacing("    max-calls: 1000\n", with: "    max-calls: 1000\n    \(line)\n")
    }
}

private func policies(_ lines: String...) throws -> Interworking {
    try parse(text(lines)).trunks[0].interworking
}

@Test func nothingIsWorkedOnUnlessToldSo() throws {
    #expect(try parse(sample).trunks.map(\.interworking) == [Interworking(), Interworking()])
}

@Test func everyKeyOfInterworking() throws {
    let all = try policies(
        "multipart: strip", "offer: early", "hold: sendonly", "codec-order: offered",
        "answer-codecs: one", "ptime-ms: 30", "early-media: convert", "ringing: strict",
        "early-dialogs: one", "call-progress: ring", "early-media-gate: true", "trusted: false",
        "identity-from: [Remote-Party-ID, From]", "signatures: drop",
        "signed-numbers: drop-identity", "diversion: history-info", "max-diversions: 5",
        "numbers: national", "country-code: \"44\"", "national-prefix: \"0\"",
        "international-prefix: \"00\"", "uri-parameters: none", "pass-headers: [X-MS-*, X-A]",
        "x-ms-sbc: \"A/B/1\"")
    var expected = Interworking()
    expected.bodies = .strip
    expected.offers = .early
    expected.descriptions.hold = .sendonly
    expected.descriptions.answer = .one
    expected.descriptions.ptimeMilliseconds = 30
    expected.progress.earlyMedia = .convert
    expected.progress.ringing = .strict
    expected.progress.dialogs = .one
    expected.progress.information = .ring
    expected.progress.gatesMedia = true
    expected.identity.isTrusted = false
    expected.identity.sources = [.remoteParty, .from]
    expected.identity.signatures = .drop
    expected.identity.signedNumbers = .dropIdentity
    expected.diversions.style = .historyInfo
    expected.diversions.entriesMax = 5
    expected.numbers.style = .national
    expected.numbers.countryCode = Array("44".utf8)
    expected.numbers.nationalPrefix = Array("0".utf8)
    expected.parameters = .none
    #expect(expected.headers.add("X-MS-*") && expected.headers.add("X-A"))
    expected.headers.sbc = Array("A/B/1".utf8)
    #expect(all == expected)
    #expect(try policies("pass-199: true").progress.passesTermination)
}

@Test(arguments: [
    (["hold: hold"], "hold"), (["codec-order: listed", "codecs: x"], "codecs"),
    (["pass-199: true", "early-dialogs: one"], "pass-199"), (["numbers: national"], "numbers"),
    (["country-code: \"49\""], "country-code"),
    (["numbers: national", "country-code: x"], "country"),
    (["identity-from: [From, From]"], "identity-from"), (["identity-from: [To]"], "identity-from"),
    (["pass-headers: [Via]"], "pass-headers"), (["pass-headers: [\"*\"]"], "pass-headers"),
    (["x-ms-sbc: \"\""], "x-ms-sbc"), (["ptime-ms: 0"], "ptime-ms"),
    (["max-diversions: 101"], "max-diversions"), (["diversion: histroy-info"], "diversion"),
])
func refusalsOfInterworking(lines: [String], key: String) throws {
    do {
        _ = try parse(text(lines))
        Issue.record("nothing is wrong with \(lines)")
    } catch {
        #expect("\(error)".contains(key), "\(error)")
    }
}
