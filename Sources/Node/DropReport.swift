// SPDX-License-Identifier: Apache-2.0

import CallControl
import FlowABI

/// Lines for the journal about media packets that were dropped: one a leg and round for the legs
/// that lost most, one for all the others together, one for packets of no call. So it is bounded
/// whatever arrives, and all that was dropped is in some line.
struct DropReport {
    /// How long a round is.
    static let seconds = 10
    /// Legs with a line of their own in a round.
    static let legsMax = 20
    /// What goes without saying: what the kernel handles, and what parties agree on.
    private static let quiet = ["not_media", "not_receiving", "not_sending", "no_peer"]
        .compactMap { DropReason($0) }

    private struct Leg {
        let call: CallIdentifier
        let side: Side
        var counts: DropCounts
    }

    /// Of this round, those that lost most.
    private var legs: [Leg] = []
    private var others = DropCounts()
    private var othersCount: UInt64 = 0
    /// Lines since the start.
    private(set) var lines: UInt64 = 0
    /// Times that a leg had no line of its own.
    private(set) var legsHeldBack: UInt64 = 0
    /// Their packets.
    private(set) var packetsHeldBack: UInt64 = 0

    /// What a leg lost.
    mutating func add(_ call: CallIdentifier, _ side: Side, _ counts: DropCounts) {
        var counts = counts
        for reason in Self.quiet { counts[reason] = 0 }
        guard !counts.isEmpty else { return }
        if let place = self.legs.firstIndex(where: { $0.call == call && $0.side == side }) {
            self.legs[place].counts.add(counts)
            return
        }
        var least = Leg(call: call, side: side, counts: counts)
        if self.legs.count < Self.legsMax {
            self.legs.append(least)
            return
        }
        for place in self.legs.indices where self.legs[place].counts.total < least.counts.total {
            swap(&self.legs[place], &least)
        }
        self.others.add(least.counts)
        self.othersCount &+= 1
    }

    /// The round is over: its lines, worst leg first. `ofNoCall` is what was of no leg.
    mutating func finish(ofNoCall: DropCounts) -> [String] {
        var ofNoCall = ofNoCall
        for reason in Self.quiet { ofNoCall[reason] = 0 }
        var lines = self.legs.sorted { $0.counts.total > $1.counts.total }.map {
            "call \($0.call): leg \($0.side): \(Self.text($0.counts))"
        }
        if self.othersCount > 0 {
            lines.append("\(self.othersCount) more legs: \(Self.text(self.others))")
        }
        if !ofNoCall.isEmpty { lines.append("of no call: \(Self.text(ofNoCall))") }
        self.lines &+= UInt64(lines.count)
        self.legsHeldBack &+= self.othersCount
        self.packetsHeldBack &+= self.others.total
        self.legs = []
        self.others = DropCounts()
        self.othersCount = 0
        return lines
    }

    private static func text(_ counts: DropCounts) -> String {
        let reasons = counts.byReason.map { "\($0.reason.name) \($0.count)" }
        return "media packets dropped in \(Self.seconds) s: \(counts.total): "
            + reasons.joined(separator: ", ")
    }
}
