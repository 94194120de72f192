// SPDX-License-Identifier: Apache-2.0

/// What a node has to carry calls with.
public struct CapacityResources: Sendable, Equatable {
    /// Workers of the fast path.
    public var workers = 1
    /// What a packet costs a worker; nil while nobody measured it.
    public var cost: WorkerCost?
    /// What a packet costs in the drivers that receive and send it, ns.
    public var driverNsPerPacket = 0.0
    /// Flows of one worker; nil where that is not decided.
    public var flowsPerWorker: Int?
    /// RTP ports of each realm, or legs where they share ports; empty where that is not decided.
    public var portsOfRealms: [Int] = []
    /// The legs of a realm share ports.
    public var sharesPorts = false
    /// Bits a second and direction of each interface; nil for one that does not say. Empty where
    /// interfaces are not decided.
    public var linkBits: [Int?] = []
    /// The two legs of a call are always in two realms, and on two interfaces.
    public var callsCross = false
    /// Memory that calls may take, bytes; nil where that is not known.
    public var memoryBytes: Int?
    /// Signalling shards.
    public var shards = 1

    /// One worker and one shard, nothing else known.
    public init() {}
}

/// How many calls a node carries, by each of its resources. A call is G.711 in packets of 20 ms,
/// relayed in both directions.
public struct CapacityBudget: Sendable, Equatable {
    /// Packets a second that a worker receives, and sends, for one call: 50 from each party.
    public static let packetsPerCall = 100.0
    /// Share of a worker's core that calls may take; the rest is for bursts, RTCP and commands.
    public static let workerShare = 0.7
    /// Share of a link that media may take.
    public static let linkShare = 0.9
    /// Share of the memory outside huge pages that calls may take.
    public static let memoryShare = 0.7
    /// One packet on the wire: a frame of 214 bytes, its checksum, preamble and gap.
    public static let wireBytes = 214 + 24
    /// Memory of one call, bytes: 6 KB in the fast path and 32 KB of signalling, an allowance.
    public static let memoryPerCall = 38 * 1024
    /// CPU time of one call in its shard, seconds: an allowance.
    public static let signallingSeconds = 0.001
    /// How long a call is up on average, seconds: an allowance.
    public static let meanCallSeconds = 180.0

    /// What may limit a node, in the order of the list.
    public enum Resource: String, Sendable, Hashable, CaseIterable {
        case workers, flows, ports, links, memory, signalling
    }

    /// What one resource allows.
    public struct Limit: Sendable, Equatable {
        /// Of which resource.
        public let resource: Resource
        /// Calls at a time.
        public let calls: Int
    }

    /// One for each resource that is known, in the order of `Resource`; never empty.
    public let limits: [Limit]

    /// The smallest.
    public let limiting: Limit

    /// From what there is.
    public init(_ resources: CapacityResources) {
        let signalling = Limit(
            resource: .signalling,
            calls: Self.whole(
                Double(max(resources.shards, 1)) * Self.workerShare / Self.signallingSeconds
                    * Self.meanCallSeconds))
        let others: [(Resource, Int?)] = [
            (.workers, Self.byWorkers(resources)),
            (.flows, resources.flowsPerWorker.map { Self.product($0, resources.workers) / 2 }),
            (.ports, Self.pairs(resources.portsOfRealms, crossing: resources.callsCross)),
            (.links, Self.byLinks(resources)),
            (.memory, resources.memoryBytes.map { max($0, 0) / Self.memoryPerCall }),
        ]
        let known = others.compactMap { resource, calls in
            calls.map { Limit(resource: resource, calls: $0) }
        }
        self.limits = known + [signalling]
        self.limiting = known.reduce(signalling) { $1.calls < $0.calls ? $1 : $0 }
    }

    /// Time of one packet in a worker with so many calls, driver included, ns; nil while not
    /// measured.
    public static func nsPerPacket(_ resources: CapacityResources, calls: Int) -> Double? {
        resources.cost.map { $0.nsPerPacket(calls: calls) + max(resources.driverNsPerPacket, 0) }
    }

    /// A packet costs more the more calls there are: the number of calls that just fits.
    private static func byWorkers(_ resources: CapacityResources) -> Int? {
        guard resources.cost != nil else { return nil }
        var (fits, tooMany) = (0, 10_000_000)
        while tooMany - fits > 1 {
            let calls = (fits + tooMany) / 2
            let ns = self.nsPerPacket(resources, calls: calls) ?? 0
            if Double(calls) * Self.packetsPerCall * ns <= Self.workerShare * 1e9 {
                fits = calls
            } else {
                tooMany = calls
            }
        }
        return Self.product(fits, max(resources.workers, 1))
    }

    private static func byLinks(_ resources: CapacityResources) -> Int? {
        guard resources.linkBits.contains(where: { $0 != nil }) else { return nil }
        let bitsPerLeg = Double(Self.wireBytes) * 8 * Self.packetsPerCall / 2
        let legs = resources.linkBits.map { bits in
            bits.map { Self.whole(Double($0) * Self.linkShare / bitsPerLeg) } ?? Int.max / 128
        }
        let calls = Self.pairs(legs, crossing: resources.callsCross)
        // With one link that does not say how fast it is, calls may all be on that one.
        return calls.flatMap { $0 < Int.max / 512 ? $0 : nil }
    }

    /// How many pairs can be made of so many pieces of each kind; `crossing`: of two kinds each.
    private static func pairs(_ pieces: [Int], crossing: Bool) -> Int? {
        guard let most = pieces.max() else { return nil }
        let all = pieces.reduce(0) { sum, piece in
            let (next, overflow) = sum.addingReportingOverflow(max(piece, 0))
            return overflow ? .max : next
        }
        return crossing && pieces.count > 1 ? min(all / 2, all - most) : all / 2
    }

    private static func product(_ a: Int, _ b: Int) -> Int {
        let (product, overflow) = a.multipliedReportingOverflow(by: b)
        return overflow ? .max : product
    }

    /// Rounded down; what arithmetic left short of a whole number by a hair counts as that.
    private static func whole(_ value: Double) -> Int { Int(min(max(value, 0), 1e15) + 1e-6) }
}
