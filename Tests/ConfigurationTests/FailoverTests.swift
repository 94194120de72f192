// SPDX-License-Identifier: Apache-2.0

import Configuration
import Testing

private func text(trunk: String = "", to: String = "[b, a]") -> String {
    """
    realms:
      - { name: r, attach: xdp, interface: eth0, addresses: [192.0.2.1] }
    listeners:
      - { name: l, transport: udp, address: "192.0.2.1:5060" }
    trunks:
      - { name: a, listener: l, realm: r, peer: "sip:192.0.2.2"\(trunk) }
      - { name: b, listener: l, realm: r, peer: "sip:192.0.2.3" }
    routes:
      - { prefix: "+1", to: \(to) }
    """
}

private func problems(_ text: String) -> [String] {
    let error = #expect(throws: ConfigurationErrors.self) { try parse(text) }
    return error?.issues.map { "\($0.key) \($0.problem)" } ?? []
}

@Test func howTargetsAreTried() throws {
    let keys = ", failover-codes: [500, 503], target-timeout-ms: 500, search-timeout-ms: 3000"
    let trunks = try parse(text(trunk: keys)).trunks
    #expect(trunks[0].failover.codes == [500, 503])
    #expect(trunks[0].failover.silenceMilliseconds == 500)
    #expect(trunks[0].failover.deadlineMilliseconds == 3000)
    #expect(trunks[1].failover == .standard)
    #expect(try parse(text(trunk: ", search-timeout-ms: 0")).trunks[0].failover.codes.count == 3)
}

@Test func routesNameOneTrunkOrSeveral() throws {
    let several = try parse(text()).routes[0]
    #expect(several.to == 1 && several.others == [0])
    let one = try parse(text(to: "a")).routes[0]
    #expect(one.to == 0 && one.others.isEmpty)
}

@Test func whatCannotBeTried() {
    #expect(
        problems(text(to: "[a, a]")) == ["routes[0].to[1] trunk \"a\" stands twice"])
    #expect(problems(text(to: "[]")) == ["routes[0].to names 0 trunks"])
    #expect(problems(text(to: "[a, c]")).count == 1)
    #expect(
        problems(text(trunk: ", search-timeout-ms: 1000")) == [
            "trunks[0].search-timeout-ms is less than the 2000 ms that one target may take"
        ])
    #expect(problems(text(trunk: ", failover-codes: [603]")).count == 1)
}
