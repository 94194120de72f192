// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Configuration

private func text(_ lines: [String]) -> String {
    lines.reversed().reduce(sample) { text, line in
        text.replacing("    max-calls: 1000\n", with: "    max-calls: 1000\n    \(line)\n")
    }
}

private func transfer(_ lines: String...) throws -> TrunkTransfer {
    try parse(text(lines)).trunks[0].transfer
}

@Test func nobodyTransfersUnlessToldOtherwise() throws {
    #expect(try parse(sample).trunks.map(\.transfer) == [TrunkTransfer(), TrunkTransfer()])
    #expect(TrunkTransfer().refer == .refuse && TrunkTransfer().replaces == .refuse)
}

@Test func everyKeyOfTransfers() throws {
    let all = try transfer(
        "refer: pass", "replaces: any", "send-replaces: true",
        "events: [telephone-event, message-summary]")
    #expect(all.refer == .pass && all.replaces == .any && all.sendsReplaces)
    #expect(all.events == [.telephoneEvent, .messageSummary])
}

@Test func wrongWordsOfTransfers() {
    #expect(
        messages(text(["refer: locally"])) == [
            "node.yaml:32: trunks[0].refer: is \"locally\"; did you mean local?"
        ])
    #expect(
        messages(text(["replaces: all", "events: [presence]"])) == [
            "node.yaml:32: trunks[0].replaces: is \"all\"; did you mean any?",
            "node.yaml:33: trunks[0].events[0]: is \"presence\"; write one of telephone-event, "
                + "message-summary",
        ])
}
