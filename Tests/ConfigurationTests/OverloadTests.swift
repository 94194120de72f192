// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Configuration

private func text(trunk: String = "", limits: String = "", tenants: String = "") -> String {
    """
    realms:
      - { name: r, attach: xdp, interface: eth0, addresses: [192.0.2.1] }
    listeners:
      - { name: l, transport: udp, address: "192.0.2.1:5060" }
    trunks:
      - { name: a, listener: l, realm: r, peer: "sip:192.0.2.2"\(trunk) }
    tenants: [\(tenants)]
    routes:
      - { to: a }
    limits: { \(limits) }
    """
}

@Test func limitsOfTrunksAndTenants() throws {
    let file = try parse(
        text(
            trunk: ", max-calls-per-second: 5, max-requests-per-second: 9, limit-status: 486, "
                + "tenant: acme, redirect: follow, emergency-numbers: [\"112\", \"+44999\"], "
                + "emergency-exempt: true",
            tenants: "{ name: acme, max-calls: 7, max-calls-per-second: 3 }"))
    let limits = file.trunks[0].limits
    #expect(limits.callsPerSecond == 5 && limits.requestsPerSecond == 9)
    #expect(limits.refusalStatus == 486 && limits.tenant == 0 && limits.redirect == .follow)
    #expect(limits.emergencyNumbers == ["112", "+44999"] && limits.emergencyExempt)
    #expect(file.tenants == [.init(name: "acme", calls: 7, callsPerSecond: 3)])
    let standard = try parse(text())
    #expect(standard.trunks[0].limits == NodeConfiguration.TrunkLimits())
    #expect(standard.limits.edge == NodeConfiguration.Edge() && standard.tenants.isEmpty)
}

@Test func limitsOfTheNode() throws {
    let edge = try parse(
        text(
            limits: "calls-per-second: 10, source-calls: 3, source-calls-per-second: 2, "
                + "emergency-calls: 4, emergency-preempts: true, "
                + "unknown-sources: drop, unknown-messages-per-second: 50, "
                + "source-messages-per-second: 1000, fault-answers-per-second: 5, "
                + "scanners: [nmap], message-bytes: 8192, uri-bytes: 512, header-bytes: 4096")
    ).limits.edge
    #expect(edge.sourceCalls == 3 && edge.sourceCallsPerSecond == 2)
    #expect(edge.callsPerSecond == 10 && edge.emergencyCalls == 4 && edge.emergencyPreempts)
    #expect(edge.unknownSources == .drop && edge.unknownMessagesPerSecond == 50)
    #expect(edge.sourceMessagesPerSecond == 1000 && edge.faultAnswersPerSecond == 5)
    #expect(edge.scanners == ["nmap"] && edge.messageBytes == 8192)
    #expect(edge.uriBytes == 512 && edge.headerBytes == 4096)
}

@Test(arguments: [
    (", tenant: nobody", "", "trunks[0].tenant"), (", redirect: maybe", "", "trunks[0].redirect"),
    (", emergency-numbers: [police]", "", "trunks[0].emergency-numbers[0]"),
    (", limit-status: 200", "", "trunks[0].limit-status"),
    ("", "unknown-sources: perhaps", "limits.unknown-sources"),
    ("", "scanners: [x]", "limits.scanners[0]"), ("", "message-bytes: 1", "limits.message-bytes"),
])
func limitsThatCannotBe(trunk: String, limits: String, key: String) {
    let error = #expect(throws: ConfigurationErrors.self) {
        try parse(text(trunk: trunk, limits: limits))
    }
    #expect(error?.issues.map(\.key) == [key])
}
