// SPDX-License-Identifier: Apache-2.0

public import FlowABI
import MediaPlanning

/// Packets of a leg that were dropped.
public struct LegDrops: Sendable, Hashable {
    /// Whose leg.
    public let session: MediaSession
    /// Which leg.
    public let leg: MediaLeg
    /// How many, and why.
    public let counts: DropCounts
}

/// What workers drop is counted in their file and told by no ring, so that no flood of it costs
/// anything here: it is looked at when the owner wants to know.
extension FlowProgrammer {
    /// What legs lost since they were last looked at, and legs that are gone to their end. Looks at
    /// one of `parts` equal parts of all flows, so that it never takes long.
    public func takeDrops(part: Int, of parts: Int) -> [LegDrops] {
        var found = self.lastDrops
        self.lastDrops = []
        guard let file = self.link.fastPath, let entries = self.table?.entries else { return found }
        for place in entries.count * part / parts..<entries.count * (part + 1) / parts {
            guard let entry = entries[FlowIndex(UInt32(clamping: place))],
                let drops = Self.drops(entry, file)
            else { continue }
            found.append(drops)
        }
        return found
    }

    /// Drops of packets that were of no flow, of all workers, since the last time.
    public func takeDropsOfNoFlow() -> DropCounts {
        var sum = DropCounts()
        guard let file = self.link.fastPath else { return sum }
        let drops = self.dropsOfNoFlow(file)
        // Nothing was told yet before the first match.
        for (now, told) in zip(drops, self.dropsOfNoFlowTold) { sum.add(now.since(told)) }
        self.dropsOfNoFlowTold = drops
        return sum
    }

    /// Why packets of a call's legs were dropped; nil where there is no flow.
    public func drops(_ session: MediaSession) -> (a: DropCounts?, b: DropCounts?) {
        guard let file = self.link.fastPath, let session = self.sessions[session] else {
            return (nil, nil)
        }
        func drops(_ identity: LegIdentity?) -> DropCounts? {
            identity.map { file.drops($0.flow) ?? DropCounts() }
        }
        return (drops(session.a), drops(session.b))
    }

    func dropsOfNoFlow(_ file: FastPathFile) -> [DropCounts] {
        (0..<file.geometry.workers).map { file.dropsOfNoFlow(WorkerIndex($0)) ?? DropCounts() }
    }

    /// A flow goes, or its owner does.
    func noteLastDrops(_ entry: FlowEntry) {
        guard let file = self.link.fastPath, let drops = Self.drops(entry, file) else { return }
        self.lastDrops.append(drops)
    }

    private static func drops(_ entry: FlowEntry, _ file: FastPathFile) -> LegDrops? {
        guard let owner = entry.owner, let now = file.drops(entry.flow), now != entry.dropsTold
        else { return nil }
        let counts = now.since(entry.dropsTold)
        entry.dropsTold = now
        return LegDrops(session: owner.session, leg: owner.leg, counts: counts)
    }
}
