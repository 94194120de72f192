// SPDX-License-Identifier: Apache-2.0

import NetworkAddress
import SDP
import SessionDriver
import Testing

@testable import trunkline_sessions

@Suite struct OptionTests {
    private func parse(_ line: String) throws(Refusal) -> Options {
        try Options(parsing: line.split(separator: " ").map(String.init))
    }

    @Test func wordsBecomeOptions() throws {
        let hold = try self.parse(
            "hold --directory /d --calls 100000 --plan p --parties 192.0.2.1,192.0.2.2 "
                + "--open-budgets --srtp cm80")
        #expect(hold.verb == .hold)
        #expect(hold.directory == "/d")
        #expect(hold.calls == 100_000)
        #expect(hold.plan == "p")
        #expect(hold.parties == [IPAddress(ipv4: 0xc000_0201), IPAddress(ipv4: 0xc000_0202)])
        #expect(hold.opensBudgets)
        #expect(hold.suite == .aes128CM80)
        let latency = try self.parse(
            "latency --parties 192.0.2.1 --parties-b 192.0.2.9 --asleep --held 7 --seconds 3")
        #expect(latency.verb == .latency)
        #expect(latency.partiesB == [IPAddress(ipv4: 0xc000_0209)])
        #expect(latency.asleep)
        #expect(latency.held == 7)
        #expect(latency.seconds == 3)
        #expect(latency.calls == nil)
        #expect(latency.suite == nil)
    }

    @Test(arguments: [
        ("", "hold, latency"), ("dance", "hold, latency"), ("hold", "--parties"),
        ("hold --parties 192.0.2.1 --calls 0", "from 1 to 100000"),
        ("hold --parties 192.0.2.1 --calls 100001", "from 1 to 100000"),
        ("hold --parties 192.0.2.1 --calls many", "from 1 to 100000"),
        ("hold --parties 127.0.0.1", "127.0.0.1"), ("hold --parties 192.0.2.1,", "\"\""),
        ("hold --parties here", "here"),
        ("hold --colour red", "--colour"),
        ("latency --parties 192.0.2.1 --seconds", "--seconds"),
    ])
    func mistakesAreNamed(_ line: String, _ named: String) throws {
        let refusal = try #require(throws: Refusal.self) { try self.parse(line) }
        #expect(refusal.code == .usage)
        #expect(refusal.text.contains(named))
    }
}
