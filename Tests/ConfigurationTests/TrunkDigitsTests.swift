// SPDX-License-Identifier: Apache-2.0

import CallControl
import Testing

@testable import Configuration

private func text(_ lines: [String]) -> String {
    lines.reversed().reduce(sample) { text, line in
        text.replacing("    max-calls: 1000\n", with: "    max-calls: 1000\n    \(line)\n")
    }
}

private func digits(_ lines: String...) throws -> DigitPolicy? {
    try parse(text(lines)).trunks[0].digits
}

/// How a trunk's digits go and come.
@Suite struct TrunkDigitsTests {
    @Test func digitsPassUnlessATrunkSaysMore() throws {
        #expect(try parse(sample).trunks.allSatisfy { $0.digits == nil })
    }

    @Test func oneWordIsEnough() throws {
        for form in DigitForm.allCases {
            let policy = try #require(try digits("dtmf-send: \(form.rawValue)"))
            #expect(policy.send == form && policy.receive == DigitForms(form))
        }
        let policy = try #require(try digits("dtmf-receive: [tones, info]"))
        #expect(policy.send == .rfc4733 && policy.receive.all == [.tones, .info])
        #expect(policy.volume == 10 && policy.durationMs == 160 && policy.pauseMs == 80)
        #expect(policy.limitMs == 8000 && policy.digitsPerSecond == 20)
        #expect(policy.infoType == Array("application/dtmf".utf8))
    }

    @Test func allOfIt() throws {
        let policy = try #require(
            try digits(
                "dtmf-send: notify", "dtmf-receive: [rfc4733, tones, kpml]", "dtmf-report: true",
                "dtmf-look-ahead: true", "dtmf-volume: 3", "dtmf-duration-ms: 100",
                "dtmf-pause-ms: 60", "dtmf-limit-ms: 4000", "dtmf-rate: 7",
                "dtmf-info-relay-type: application/x-relay", "dtmf-info-type: application/x-dtmf",
                "dtmf-notify-event: x-event", "dtmf-notify-type: audio/x-event",
                "dtmf-notify-clock: 1000"))
        #expect(policy.reports && policy.looksAhead && policy.volume == 3)
        #expect(policy.durationMs == 100 && policy.pauseMs == 60 && policy.limitMs == 4000)
        #expect(policy.digitsPerSecond == 7 && policy.notifyClock == 1000)
        #expect(policy.infoRelayType == Array("application/x-relay".utf8))
        #expect(policy.notifyEvent == Array("x-event".utf8))
        #expect(policy.notifyType == Array("audio/x-event".utf8))
    }

    @Test(arguments: [
        ["dtmf-send: inband"], ["dtmf-receive: [rfc2833]"], ["dtmf-receive: []"],
        ["dtmf-volume: 3"], ["dtmf-report: true"],
        ["dtmf-send: rfc4733", "dtmf-look-ahead: true"],
        ["dtmf-send: info", "dtmf-volume: 37"], ["dtmf-send: info", "dtmf-duration-ms: 39"],
        ["dtmf-send: info", "dtmf-info-type: nonsense"],
        ["dtmf-send: info", "dtmf-info-type: a/b/c"],
        ["dtmf-send: info", "dtmf-info-type: application/dtmf-relay"],
        ["dtmf-send: notify", "dtmf-notify-event: \"a b\""],
    ])
    func whatCannotBe(lines: [String]) {
        #expect(throws: ConfigurationErrors.self) { _ = try parse(text(lines)) }
    }
}
