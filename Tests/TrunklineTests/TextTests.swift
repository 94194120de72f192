// SPDX-License-Identifier: Apache-2.0

import Management
import Testing

@testable import trunkline

@Test func tablesAreAligned() {
    var table = Table(columns: ["name", "calls", "state"])
    table.add(["carrier", "7", "up"])
    table.add(["é", "1200", "draining"])
    table.add(["short"])
    #expect(
        table.text == """
            name     calls  state
            carrier      7  up
            é         1200  draining
            short
            """)
}

@Test func textOfTheNetworkDoesNotSteerTheTerminal() {
    var table = Table(columns: ["from"])
    table.add(["a\u{1b}[2Jb\n\u{9b}c"])
    #expect(table.text == "from\na\u{fffd}[2Jb\u{fffd}\u{fffd}c")
}

@Test func answersAreRendered() {
    let status: JSONValue = [
        "state": "running", "calls": ["active": 3, "mean_ms": .number(1.005)],
        "realms": [["name": "carrier", "link_up": true]], "conditions": [],
        "draining_trunks": ["x"],
    ]
    #expect(
        Render.members(status) == """
            state       running
            conditions  none
            calls:
              active      3
              mean ms  1.00
            realms:
              name     link_up
              carrier  yes
            draining trunks:
              x
            """)
}

@Test func twoLegsStandSideBySide() {
    let call: JSONValue = [
        "id": "1",
        "legs": [
            ["side": "a", "mos_in": .null, "dropped_by_reason": ["stun": 7, "dtls": 5]],
            ["side": "b", "mos_in": .number(4.4), "dropped_by_reason": [:]],
        ],
    ]
    #expect(
        Render.members(call, sideBySide: ["legs"]) == """
            id  1
            legs:
              side               a               b
              mos in             -               4.40
              dropped by reason  stun 7, dtls 5  -
            """)
}

@Test(arguments: [
    (0.0, "0.00"), (-0.001, "0.00"), (-1.5, "-1.50"), (2.999, "3.00"), (1e16, "1e+16"),
])
func numbersHaveTwoDigits(value: Double, text: String) {
    #expect(Render.cell(.number(value)) == text)
}

@Test func tablesTakeNewMembers() {
    let rows: [JSONValue] = [["id": "1", "new": 5, "hidden": 1], ["id": "2"]]
    #expect(
        Render.table(rows, first: ["id"], without: ["hidden"]) == """
            id  new
             1    5
             2    -
            """)
}

@Test func packetAccountAsText() {
    let account: JSONValue = [
        "packets": ["received": 5], "drops": ["no_flow": 2, "stun": 0], "exact": true,
    ]
    let text = PacketTables.text(account, all: false)
    #expect(text.contains("received      5  packets taken from receive queues"))
    #expect(text.contains("no_flow        2  a media port that no call uses"))
    #expect(!text.contains("stun"))
    #expect(text.hasSuffix("every packet is accounted for"))
    #expect(PacketTables.text(account, all: true).contains("stun"))
}
