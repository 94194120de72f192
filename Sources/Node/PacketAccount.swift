// SPDX-License-Identifier: Apache-2.0

public import FlowABI
public import Management

/// What the fast path did with every packet, summed over its workers.
public struct PacketAccount {
    /// Each counter of the contract by its name.
    public let packets: [(name: String, count: UInt64)]
    /// Each drop reason of the contract by its name; those of a newer fast path that this version
    /// does not know are one, `unknown_reason`.
    public let drops: [(name: String, count: UInt64)]
    /// Packets handed out and not yet in: they stand in the rings between workers. The snapshots
    /// of the workers are not of one moment, so that the difference is exact only at rest.
    public let inTransit: Int64
    /// The accounting identity holds in every worker's snapshot; and where no flow is live, nothing
    /// was lost between the workers.
    public let exact: Bool

    /// From the pages of the fast path's file.
    public init(_ fastPath: FastPathFile) {
        let workers = (0..<fastPath.geometry.workers).compactMap {
            fastPath.counters(WorkerIndex($0))
        }
        self.packets = CounterName.all.map { counter in
            (counter.name, workers.reduce(0) { $0 &+ ($1.value(counter.name) ?? 0) })
        }
        let unknown = workers.reduce(0) { $0 &+ $1.unknownDrops }
        self.drops =
            DropReason.all.map { reason in
                (reason.name, workers.reduce(0) { $0 &+ Self.count(reason, $1) })
            } + (unknown == 0 ? [] : [("unknown_reason", unknown)])
        func total(_ name: String) -> UInt64 {
            workers.reduce(0) { $0 &+ ($1.value(name) ?? 0) }
        }
        self.inTransit = Int64(truncatingIfNeeded: total("handed_out") &- total("handed_in"))
        self.exact =
            workers.count == Int(fastPath.geometry.workers) && workers.allSatisfy(Self.isExact)
            && Self.isPlausible(inTransit: self.inTransit, flows: total("flows"))
    }

    /// Between workers nothing can be under way once there is no flow.
    static func isPlausible(inTransit: Int64, flows: UInt64) -> Bool {
        inTransit == 0 || flows > 0
    }

    private static func count(_ reason: DropReason, _ worker: WorkerCounters) -> UInt64 {
        worker.drops.indices.contains(reason.index) ? worker.drops[reason.index] : 0
    }

    /// The identity of the contract: where each packet came from against what became of it.
    private static func isExact(_ worker: WorkerCounters) -> Bool {
        func sum(_ names: [String]) -> UInt64 {
            names.reduce(0) { $0 &+ (worker.value($1) ?? 0) }
        }
        let dropped = worker.drops.reduce(worker.unknownDrops) { $0 &+ $1 }
        return sum(["received", "handed_in", "own_dropped"])
            == sum(["forwarded", "consumed", "delivered", "handed_out"]) &+ dropped
            && sum(["sent"]) == sum(["forwarded", "generated", "injected"])
    }

    /// As the command line shows it.
    public var json: JSONObject {
        var packets = JSONObject()
        for (name, count) in self.packets { packets[name] = JSONValue(count) }
        var drops = JSONObject()
        for (name, count) in self.drops { drops[name] = JSONValue(count) }
        return [
            "packets": .object(packets), "drops": .object(drops),
            "in_transit": JSONValue(self.inTransit), "exact": .bool(self.exact),
        ]
    }
}
