// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Configuration

/// The dialogs of a trunk with these lines, or what is wrong with them.
private func read(_ lines: String) -> Result<TrunkDialogs, ConfigurationErrors> {
    let text = """
        realms: [{ name: r, attach: xdp, interface: eth0, addresses: [192.0.2.1] }]
        listeners: [{ name: l, transport: udp, address: "192.0.2.1:5060" }]
        routes: [{ to: t }]
        trunks:
          - name: t
            listener: l
            realm: r
            peer: "sip:192.0.2.2"

        """
    let trunk = lines.split(separator: "\n").map { "    \($0)\n" }.joined()
    do throws(ConfigurationErrors) {
        let file = try NodeConfiguration.parse(Array((text + trunk).utf8), file: "test")
        return .success(file.trunks[0].dialogs)
    } catch {
        return .failure(error)
    }
}

@Suite struct TrunkDialogsTests {
    @Test func offUnlessWritten() throws {
        #expect(try read("").get() == TrunkDialogs())
        let dialogs = try read(
            """
            reliable-provisional: supported
            session-timer: request
            session-seconds: 600
            session-minimum-seconds: 120
            max-call-seconds: 7200
            """
        ).get()
        #expect(dialogs.reliable == .supported && dialogs.sessionTimer == .request)
        #expect(dialogs.sessionSeconds == 600 && dialogs.sessionMinimum == 120)
        #expect(dialogs.callSeconds == 7200)
    }

    @Test(arguments: [
        ("reliable-provisional: require", "9: trunks[0].reliable-provisional: is \"require\"; did"),
        ("session-timer: yes", "9: trunks[0].session-timer: is \"yes\"; write one of"),
        ("session-seconds: 60", "9: trunks[0].session-seconds: lets session-seconds (60) be less"),
        ("session-minimum-seconds: 2000", "9: trunks[0].session-minimum-seconds: lets"),
        (
            "peer-knows-prack: false\nreliable-provisional: required",
            "10: trunks[0].reliable-provisional: is required, and the peer does not know PRACK"
        ),
    ])
    func refusals(lines: String, expected: String) throws {
        guard case .failure(let errors) = read(lines) else {
            Issue.record("accepted: \(lines)")
            return
        }
        #expect("\(errors)".contains(expected), "\(errors)")
    }
}
