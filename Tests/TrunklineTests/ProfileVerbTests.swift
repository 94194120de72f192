// SPDX-License-Identifier: Apache-2.0

import Configuration
import Management
import Testing

@testable import trunkline

@Test func differencesOfProfiles() {
    func setting(_ key: String, _ value: String) -> Profile.Setting {
        Profile.Setting(key: key, value: value, place: "f:1")
    }
    let old = [setting("a", "1"), setting("b", "2"), setting("c", "3")]
    let new = [setting("c", "3"), setting("b", "4"), setting("d", "5")]
    #expect(
        ProfileDifference.between(old, new) == [
            ProfileDifference(key: "b", old: "2", new: "4"),
            ProfileDifference(key: "d", old: nil, new: "5"),
            ProfileDifference(key: "a", old: "1", new: nil),
        ])
    #expect(ProfileDifference.between(old, old).isEmpty)
}

/// What ships is found by the program that was built here, and differs in what its names say.
@Test func shippedProfilesAreCompared() throws {
    let directories = ProfileDirectories(own: "/nonexistent")
    let plain = try Profile.load(["teams-direct-routing"], in: directories).settings()
    let bypass = try Profile.load(["teams-media-bypass"], in: directories).settings()
    #expect(
        ProfileDifference.between(plain, bypass).map(\.key)
            == ["ice", "early-latch", "rtcp-mux", "trunk-set", "session-timer"])
}

@Test func checkSaysWhatIsImplied() throws {
    let text = """
        realms: [{ interface: r0, addresses: [198.51.100.1] }]
        trunks:
          - { name: carrier, peer: "sip:198.51.100.2" }
          - name: teams
            profile: teams-direct-routing
            host: sbc.carrier.example
        """
    let file = try NodeConfiguration.parse(Array(text.utf8), file: "test")
    let implied = Implied(file)
    #expect(
        implied.lines == [
            "listener udp:198.51.100.1:5060 for carrier",
            "listener tcp:198.51.100.1:5060 for carrier",
            "listener tls:198.51.100.1:5061 for teams, with "
                + "/var/lib/trunkline/certificates/sbc.carrier.example.pem",
            "calls from carrier go to teams", "calls from teams go to carrier",
        ])
    #expect(implied.json["listeners"]?[2]?["trunks"] == .array(["teams"]))
    #expect(implied.json["routes"]?[1]?["to"] == "carrier")
    let written = try NodeConfiguration.parse(
        Array(
            """
            realms: [{ interface: r0, addresses: [198.51.100.1] }]
            listeners: [{ name: l, transport: udp, address: "198.51.100.1:5060" }]
            trunks: [{ name: t, listener: l, peer: "sip:198.51.100.2" }]
            """.utf8), file: "test")
    #expect(Implied(written).lines.isEmpty)
}
