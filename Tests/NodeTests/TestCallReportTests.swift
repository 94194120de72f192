// SPDX-License-Identifier: Apache-2.0

import Management
import Testing

@testable import CallControl
@testable import Node

/// What is said of a test call, and the verb that places one.
@Suite struct TestCallReportTests {
    private func check(
        _ outcome: TestCallReport.Outcome, provisional: Int = 0, packets: UInt64 = 0,
        drops: [String] = []
    ) -> TenantCheck {
        TestCallReport(
            outcome: outcome, provisional: provisional, packets: packets, drops: drops
        ).check
    }

    @Test func mediaMakesItWell() {
        let well = self.check(.answered, provisional: 180, packets: 10)
        #expect(well.outcome == .ok && well.fix == nil && well.text.contains("10 packets"))
        #expect(self.check(.hungUp, packets: 50).outcome == .ok)
        #expect(self.check(.hungUp, packets: 3).outcome == .warning)
        let silent = self.check(.answered, packets: 9)
        #expect(silent.outcome == .failed && silent.fix?.contains("UDP") == true)
        let dropped = self.check(.answered, drops: ["7 unknown_source"])
        #expect(dropped.outcome == .failed && dropped.text.contains("7 unknown_source"))
    }

    @Test func ringingIsNotSilence() {
        let rang = self.check(.unanswered, provisional: 180)
        #expect(rang.outcome == .warning && rang.text.contains("180"))
        #expect(self.check(.unanswered).outcome == .failed)
        #expect(self.check(.unanswered, provisional: 100).outcome == .failed)
    }

    @Test(arguments: [
        (403, "verified"), (404, "assign the number"), (408, "peers"), (488, "srtp"),
        (503, "again"), (500, "--messages"), (401, "auth"),
    ])
    func eachStatusSaysHowToMendIt(status: Int, fix: String) {
        let check = self.check(.refused(status: status))
        #expect(check.outcome == .failed && check.text.contains("\(status)"))
        #expect(check.fix?.contains(fix) == true)
    }

    @Test(arguments: [480, 486, 600, 603])
    func whoWasReachedAndDeclinesWasReached(status: Int) {
        let check = self.check(.refused(status: status), provisional: 180)
        #expect(check.outcome == .warning && check.text.hasPrefix("it rang (180), then \(status)"))
    }

    @Test(arguments: [TestCallRefusal.noTrunk, .tooMany, .refused(status: 503)])
    func whatWasNotPlacedSaysWhy(refusal: TestCallRefusal) {
        let check = self.check(.notPlaced(refusal))
        #expect(check.outcome == .failed && check.fix != nil)
        #expect(check.text.hasPrefix("not placed"))
    }

    // MARK: The verb

    private static let teams =
        "host: 1r1.sbc.example.com, service: teams-direct-routing, tenants: optional,"

    @Test(arguments: [
        ["domain": "acme.1r1.sbc.example.com"], ["tenant": "acme"],
        ["domain": "acme.elsewhere.example", "tenant": "acme", "number": "+12025550123"],
        ["domain": "acme.1r1.sbc.example.com", "tenant": "acme", "number": "12025550123"],
        [
            "domain": "acme.1r1.sbc.example.com", "tenant": "acme", "number": "+12025550123",
            "from": "alice",
        ],
        [
            "domain": "acme.1r1.sbc.example.com", "tenant": "acme", "number": "+12025550123",
            "ring_seconds": 46,
        ],
    ] as [JSONObject])
    func argumentsThatAreRefused(arguments: JSONObject) throws {
        let fixture = try TLSFixture(trunk: Self.teams)
        guard case .failure(let error) = fixture.node.ask("test-call", arguments) else {
            Issue.record("it was taken")
            return
        }
        #expect(error.code == .badArgument)
        #expect(fixture.node.shard.testCalls.isEmpty)
    }

    @Test func aNumberOfAnotherTenantIsNotCalled() throws {
        let fixture = try TLSFixture(trunk: Self.teams)
        _ = try fixture.node.result(
            "tenant-add", ["name": "other", "label": "other", "service": "teams-direct-routing"])
        _ = try fixture.node.result(
            "number-add", ["numbers": ["+12025550155"], "tenant": "other"])
        let answer = fixture.node.ask(
            "test-call",
            [
                "domain": "acme.1r1.sbc.example.com", "tenant": "acme", "number": "+12025550155",
            ])
        guard case .failure(let error) = answer else {
            Issue.record("it was called")
            return
        }
        #expect(error.text.contains("tenant other"))
    }
}
