// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What every message of `teams/manifest.json` is held to, and by whom: the manifest says in words
/// what shall come of it.
@Suite struct TeamsManifestTests {
    private enum Holder {
        /// A file of tests that reads the message.
        case tests(String)
        /// A scenario of the simulated hub, which plays what the message shows.
        case hub(String)
        /// Nobody yet, and why.
        case nobody(String)
    }

    private static let transfers = Holder.tests("CallControlTests/TeamsTransferTests.swift")
    private static let calls = Holder.tests("CallControlTests/TeamsTests.swift")
    private static let descriptions = Holder.tests("SDPTests/SecureReofferTests.swift")
    private static let timers = Holder.tests("CallControlTests/TimerFixtureTests.swift")
    private static let tenants = Holder.nobody("tenants and their names are not built")
    private static let proxy = Holder.tests("TortureTests/ProxyPassageTests.swift")

    private static let localMedia = Holder.nobody(
        "local media is not optimised: such a call is one of any kind")

    private static let rows: [(file: String, holder: Holder)] = [
        ("01-options-sbc-to-hub", .hub("options_to_all_three_names")),
        ("02-options-200-from-hub", .hub("options_to_all_three_names")),
        ("03-options-hub-to-sbc", .hub("the_hub_asks_too")),
        ("04-options-200-from-sbc", .hub("the_hub_asks_too")),
        ("05-options-negative-ip-contact", .hub("an_address_in_contact_gets_403")),
        ("06-invite-in-nonbypass", .hub("carrier_calls_a_user")),
        ("07-100", .hub("carrier_calls_a_user")),
        ("08-180-forkA", .hub("forks_ring_and_another_answers")),
        ("08b-180-forkB", .hub("forks_ring_and_another_answers")),
        ("09-183-forkB", descriptions), ("09b-183-tolerance-two-crypto", descriptions),
        ("10-200-forkB", timers), ("11-ack", .hub("carrier_calls_a_user")),
        ("12-invite-out-nonbypass", calls), ("13-183-from-sbc", calls),
        ("14-200-from-sbc", calls), ("15-403-screening", .hub("carrier_screens_a_call")),
        ("16-invite-in-bypass", calls), ("17-183-bypass-client1", calls),
        ("18-183-bypass-client2", calls), ("19-200-bypass-client2", calls),
        ("20-reinvite-final-candidate", calls), ("22-reinvite-ice-restart", calls),
        ("23-200-ice-restart", calls), ("24-refer-to-teams-user", transfers),
        ("25-202", transfers), ("26-notify-100", transfers), ("27-invite-from-refer", transfers),
        ("28-notify-200", transfers), ("29-refer-to-pstn", transfers),
        ("30-invite-replaces-from-hub", transfers), ("31-hold-inactive", calls),
        ("32-resume", calls), ("33-503-retry-after", .hub("sip_says_503")),
        ("34-603", .hub("user_rejects")), ("35-181", .hub("forwarding_is_told_to_the_carrier")),
        ("36-invite-forwarded-history", .hub("a_forwarded_call")),
        ("37-invite-emergency-pidflo", .tests("CallControlTests/BodyPassageTests.swift")),
        ("38-invite-lmo-internal", localMedia), ("39-invite-lmo-external", localMedia),
        ("40-bye-ice-failure", .nobody("the call ends with its reason; no alarm is raised")),
        ("50-core-invite-to-gateway", tenants), ("51-gateway-invite-to-core", tenants),
        ("52-mcp-originating", proxy), ("53-mcp-terminating-loop-guard", proxy),
        ("60-zoom-invite-to-sbc", timers),
    ]

    private static let tests = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: self.tests.appendingPathComponent(path), encoding: .utf8)
    }

    /// Who is named is there, and knows the message or the scenario.
    @Test func holdersAreThere() throws {
        let suites = Self.tests.appendingPathComponent("hub/suites")
        let scenarios = try FileManager.default.contentsOfDirectory(atPath: suites.path)
            .filter { $0.hasSuffix(".py") }
            .map { try Self.text("hub/suites/\($0)") }
            .joined()
        for row in Self.rows {
            switch row.holder {
            case .tests(let path): #expect(try Self.text(path).contains(row.file), "\(row.file)")
            case .hub(let name): #expect(scenarios.contains("def \(name)("), "\(name)")
            case .nobody(let why): #expect(!why.isEmpty)
            }
        }
    }

    /// The manifest's messages are these.
    @Test func manifestIsHeld() throws {
        guard let bytes = TestData.bytes("teams/manifest.json") else {
            return TestData.leftOut(Self.rows.count, "teams/manifest.json")
        }
        let entries = try #require(
            try JSONSerialization.jsonObject(with: Data(bytes)) as? [[String: String]])
        let files = entries.compactMap { $0["file"] }
        #expect(files.sorted() == Self.rows.map { $0.file + ".sip" }.sorted())
    }
}
