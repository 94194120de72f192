// SPDX-License-Identifier: Apache-2.0

import Admission
import Configuration
import Management
import Node

/// What `size` found, for people and for scripts.
struct SizeReport {
    let machine: Machine
    let load: SelfLoad
    let cost: WorkerCost
    let memoryNs: [Double]
    let resources: CapacityResources
    let budget: CapacityBudget
    /// The realms' slowest; without a configuration what most machines can have.
    let attach: NodeConfiguration.Attach
    private let links: [String]

    static let scope = "RTP in the clear; SRTP takes about three times as much of a worker"

    init(
        machine: Machine, configuration: NodeConfiguration?, load: SelfLoad, cost: WorkerCost,
        memoryNs: [Double]
    ) {
        self.machine = machine
        self.load = load
        self.cost = cost
        self.memoryNs = memoryNs
        self.attach = configuration?.slowestAttach ?? .xdp
        var resources =
            configuration.map { CapacityResources(machine, $0) } ?? CapacityResources(machine)
        resources.driverNsPerPacket = self.attach.driverNsPerPacket
        resources.cost = cost
        self.resources = resources
        self.budget = CapacityBudget(resources)
        self.links = configuration?.realms.map(\.interface) ?? []
    }

    // MARK: Words

    /// How a limit comes about.
    func how(_ limit: CapacityBudget.Limit) -> String {
        let workers = Terminal.count(self.resources.workers, "worker")
        switch limit.resource {
        case .workers:
            return "\(workers) at \(Self.percent(CapacityBudget.workerShare)) of a core, "
                + "\(Self.rounded(self.workNs(limit))) ns a packet and an allowance "
                + "of \(Self.rounded(self.resources.driverNsPerPacket)) for the driver "
                + "(\(self.attach.rawValue)), "
                + "\(Self.rounded(CapacityBudget.packetsPerCall)) packets a second and call"
        case .flows:
            return "\(workers) with \(self.resources.flowsPerWorker ?? 0) flows, 2 a call"
        case .ports:
            return "\(self.resources.portsOfRealms.reduce(0, +)) RTP ports of all realms, 2 a call"
                + (self.resources.callsCross ? " in different realms" : "")
                + (self.resources.sharesPorts ? "; with one-port all flows count as ports" : "")
        case .links:
            return "\(Self.percent(CapacityBudget.linkShare)) of the links, "
                + "\(CapacityBudget.wireBytes) bytes a packet on the wire"
        case .memory:
            return "\(Self.percent(CapacityBudget.memoryShare)) of what is not huge pages, "
                + "an allowance of \(CapacityBudget.memoryPerCall / 1024) KB a call"
        case .signalling:
            return "\(Terminal.count(self.resources.shards, "shard")) at "
                + "\(Self.percent(CapacityBudget.workerShare)) of a core, an allowance of "
                + "\(Self.rounded(CapacityBudget.signallingSeconds * 1000)) ms a call and "
                + "\(Self.rounded(CapacityBudget.meanCallSeconds / 60)) minutes to talk"
        }
    }

    /// What to change to get more.
    var advice: String {
        switch self.budget.limiting.resource {
        case .workers:
            let isVirtual = self.attach == .xdp || self.attach == .packet
            return "name more cores in fastpath.cores"
                + (isVirtual ? ", or attach the media interfaces in a better way (doctor)" : "")
        case .flows: return "raise fastpath.flows-per-worker: two flows a call"
        case .ports: return "give the realms more addresses, or a wider range of ports"
        case .links: return "use faster interfaces"
        case .memory: return "add memory, or set aside fewer huge pages"
        case .signalling: return "use another node: this version has one signalling shard"
        }
    }

    var verdict: String {
        let limit = self.budget.limiting
        return "This machine carries \(limit.calls) calls; what limits it is \(limit.resource) "
            + "(\(Self.scope)).\n\(self.caution)To get more: \(self.advice)."
    }

    /// Where the figure rests on the driver more than on what was measured.
    private var caution: String {
        let driverNs = self.resources.driverNsPerPacket
        let limit = self.budget.limiting
        guard limit.resource == .workers, driverNs > self.workNs(limit) else { return "" }
        return "Most of that is the allowance for the \(self.attach.rawValue) driver, which was "
            + "not measured here: limits.calls overrides it.\n"
    }

    /// Calls of the workers by way to attach.
    private var workersByAttach: [(attach: NodeConfiguration.Attach, calls: Int)] {
        [NodeConfiguration.Attach.pci, .memif, .xdp, .packet].map { attach in
            var resources = CapacityResources()
            resources.workers = self.resources.workers
            resources.cost = self.cost
            resources.driverNsPerPacket = attach.driverNsPerPacket
            let limit = CapacityBudget(resources).limits.first { $0.resource == .workers }
            return (attach, limit?.calls ?? 0)
        }
    }

    /// The worker's own time for one packet with as many calls as the limit, ns.
    private func workNs(_ limit: CapacityBudget.Limit) -> Double {
        self.cost.nsPerPacket(calls: limit.calls / max(self.resources.workers, 1))
    }

    private static func rounded(_ value: Double) -> String { "\(Int(value.rounded()))" }

    private static func percent(_ share: Double) -> String { self.rounded(share * 100) + " %" }

    // MARK: The whole

    var text: String {
        var facts = Table(columns: ["", ""], hasTitles: false)
        facts.add([
            "machine",
            "\(Terminal.count(self.machine.cores, "core")) (\(self.machine.processor)), "
                + Terminal.count(self.machine.numaNodes, "NUMA node"),
        ])
        facts.add([
            "memory",
            "\(self.machine.memoryKB / 1024) MB, \(self.machine.hugeKB / 1024) MB of it huge pages "
                + "(\(self.machine.freeHugePages) free)",
        ])
        for name in self.links {
            let speed = self.machine.linkMbits[name].map { "\($0) Mbit/s" }
            facts.add(["link", "\(name), \(speed ?? "which does not say how fast it is")"])
        }
        for (sample, memoryNs) in zip(self.cost.samples, self.memoryNs) {
            facts.add([
                "measured",
                "\(Self.rounded(sample.nsPerPacket)) ns a packet with \(sample.calls) calls a "
                    + "worker (bare memory loop \(Self.rounded(memoryNs)) ns)",
            ])
        }
        if !self.load.hugePages { facts.add(["measured", "without huge pages"]) }
        var limits = Table(columns: ["resource", "calls", "how"])
        for limit in self.budget.limits {
            limits.add([limit.resource.rawValue, "\(limit.calls)", self.how(limit)])
        }
        var attaches = Table(columns: ["attach", "calls", "driver, ns a packet"])
        for (attach, calls) in self.workersByAttach {
            attaches.add([
                attach.rawValue, "\(calls)", Self.rounded(attach.driverNsPerPacket),
            ])
        }
        return [
            facts.text, limits.text, "These workers by way to attach:\n" + attaches.text,
            self.verdict,
        ].joined(separator: "\n\n")
    }

    var json: JSONValue {
        let samples = zip(self.cost.samples, self.memoryNs).map { sample, memoryNs -> JSONValue in
            [
                "calls": JSONValue(sample.calls), "ns_per_packet": .number(sample.nsPerPacket),
                "memory_ns_per_packet": .number(memoryNs),
            ]
        }
        let limits = self.budget.limits.map { limit -> JSONValue in
            [
                "resource": .string(limit.resource.rawValue), "calls": JSONValue(limit.calls),
                "how": .string(self.how(limit)),
            ]
        }
        let attaches = self.workersByAttach.map { attach, calls -> JSONValue in
            [
                "attach": .string(attach.rawValue), "calls": JSONValue(calls),
                "driver_ns_per_packet": .number(attach.driverNsPerPacket),
            ]
        }
        return [
            "calls": JSONValue(self.budget.limiting.calls),
            "limit": .string(self.budget.limiting.resource.rawValue),
            "scope": .string(Self.scope), "advice": .string(self.advice),
            "attach": .string(self.attach.rawValue), "workers": JSONValue(self.resources.workers),
            "driver_is_measured": .bool(false),
            "huge_pages": .bool(self.load.hugePages), "machine": self.machineJSON,
            "samples": .array(samples), "limits": .array(limits),
            "workers_by_attach": .array(attaches),
        ]
    }

    private var machineJSON: JSONValue {
        [
            "cores": JSONValue(self.machine.cores), "processor": .string(self.machine.processor),
            "numa_nodes": JSONValue(self.machine.numaNodes),
            "memory_kb": JSONValue(self.machine.memoryKB),
            "huge_kb": JSONValue(self.machine.hugeKB),
            "huge_pages_free": JSONValue(self.machine.freeHugePages),
            "links_mbits": .object(
                self.links.reduce(into: JSONObject()) { object, name in
                    object[name] = self.machine.linkMbits[name].map { JSONValue($0) } ?? .null
                }),
        ]
    }
}
