// SPDX-License-Identifier: Apache-2.0

import Configuration
import Management
import Node
import SDP

/// What `doctor` says: one sentence a matter.
struct Diagnosis: Equatable {
    enum Level: String {
        /// As it should be.
        case good
        /// Works; something better is possible.
        case note
        /// Does not work, or not for long.
        case fault
    }

    struct Line: Equatable {
        let level: Level
        let subject: String
        let text: String
    }

    /// What a running fast path has already: judging that again would find it taken.
    struct InForce: Equatable {
        var isRunning = false
        /// How each realm is attached, by its name.
        var attach: [String: String] = [:]
    }

    private(set) var lines: [Line] = []

    var isGood: Bool { !self.lines.contains { $0.level == .fault } }

    mutating func add(_ level: Level, _ subject: String, _ text: String) {
        self.lines.append(Line(level: level, subject: subject, text: text))
    }

    /// The modes in which media may be attached, the best first. What stands behind them is for
    /// tests and not compared.
    private static let modes: [NodeConfiguration.Attach] = [.pci, .xdp, .packet]

    /// Says whether the machine can do what the configuration asks for, and for each realm why no
    /// better mode is in force.
    mutating func judge(
        _ configuration: NodeConfiguration, on host: Host, inForce: InForce = InForce()
    ) {
        self.judgeCores(configuration.fastPath, host.machine)
        if inForce.isRunning, configuration.fastPath.hugePages {
            self.add(.good, "memory", "the running fast path has its huge pages")
        } else {
            self.judgeMemory(configuration.fastPath, host.machine)
        }
        self.judgeSecurity(configuration)
        for realm in configuration.realms {
            let isInForce = inForce.attach[realm.name] == realm.attach.rawValue
            self.judge(realm, configuration.fastPath, host, isInForce: isInForce)
        }
    }

    private mutating func judgeCores(_ fastPath: NodeConfiguration.FastPath, _ machine: Machine) {
        let absent = fastPath.cores.filter { $0 >= machine.cores }
        if absent.isEmpty {
            let spare = machine.cores > fastPath.cores.count
            self.add(
                spare ? .good : .note, "cores",
                "\(fastPath.cores.count) of \(machine.cores) cores run workers"
                    + (spare ? "" : "; leave one for signalling and the kernel"))
        } else {
            let list = absent.map { "\($0)" }.joined(separator: ", ")
            self.add(
                .fault, "cores",
                "core \(list) does not exist here (0 to \(machine.cores - 1)); "
                    + "change fastpath.cores")
        }
    }

    private mutating func judgeMemory(_ fastPath: NodeConfiguration.FastPath, _ machine: Machine) {
        let freeMB = machine.freeHugePages * machine.hugePageKB / 1024
        let pages = fastPath.memoryMB * 1024 / max(machine.hugePageKB, 1)
        if !fastPath.hugePages {
            self.add(
                .note, "memory",
                "without huge pages, as configured; with them a packet costs fewer misses")
        } else if freeMB >= fastPath.memoryMB {
            self.add(.good, "memory", "\(freeMB) MB of huge pages are free")
        } else {
            self.add(
                .fault, "memory",
                "\(freeMB) MB of huge pages are free, \(fastPath.memoryMB) are needed; write "
                    + "\(pages) to /proc/sys/vm/nr_hugepages, or set fastpath.huge-pages: false")
        }
    }

    /// Trunks whose media is encrypted: whether it can be, and who could read their keys.
    private mutating func judgeSecurity(_ configuration: NodeConfiguration) {
        let room = configuration.fastPath.secureFlowsPerWorker
        for trunk in configuration.trunks where trunk.security.srtp != .off {
            let subject = "trunk \(trunk.name)"
            let transport = configuration.listeners[trunk.listener].transport
            if room == 0 {
                self.add(
                    trunk.security.srtp == .required ? .fault : .note, subject,
                    "wants SRTP, and there is room for none: raise "
                        + "fastpath.secure-flows-per-worker, or leave it out")
            } else if trunk.security.usesSDES, transport == .tls {
                self.add(
                    .good, subject, "media is encrypted with keys of sdes, which tls carries")
            } else if trunk.security.usesSDES {
                self.add(
                    .note, subject,
                    "keys of sdes stand in SDP, and \(transport.rawValue) does not "
                        + "hide them: whoever sees the signalling can decrypt the media")
            } else {
                self.add(.good, subject, "media is encrypted with keys of DTLS handshakes")
            }
        }
    }

    private mutating func judge(
        _ realm: NodeConfiguration.Realm, _ fastPath: NodeConfiguration.FastPath, _ host: Host,
        isInForce: Bool
    ) {
        let subject = "realm \(realm.name)"
        if !isInForce, let reason = Self.obstacle(to: realm.attach, realm, fastPath, host) {
            self.add(.fault, subject, "attach \(realm.attach.rawValue) cannot work: \(reason)")
            return
        }
        guard let place = Self.modes.firstIndex(of: realm.attach) else {
            self.add(
                .note, subject,
                "attach \(realm.attach.rawValue) is for tests and links between processes")
            return
        }
        let better = Self.modes[..<place].map { mode in
            let reason = Self.obstacle(to: mode, realm, fastPath, host)
            return "\(mode.rawValue) is better"
                + (reason.map { ", but \($0)" } ?? " and possible here: change realms.attach")
        }
        self.add(
            better.isEmpty ? .good : .note, subject,
            (["attach \(realm.attach.rawValue) on \(realm.interface)"] + better)
                .joined(separator: "; "))
    }

    /// Why a mode cannot be used for a realm; nil if nothing is known against it.
    static func obstacle(
        to mode: NodeConfiguration.Attach, _ realm: NodeConfiguration.Realm,
        _ fastPath: NodeConfiguration.FastPath, _ host: Host
    ) -> String? {
        switch mode {
        case .pci: self.obstacleToPCI(realm, host)
        case .xdp: self.obstacleToXDP(realm, fastPath, host)
        case .packet: self.obstacleToPacket(realm, host)
        default: nil
        }
    }

    private static func obstacleToPCI(
        _ realm: NodeConfiguration.Realm, _ host: Host
    ) -> String? {
        if let interface = host.interface(realm.interface), !interface.isPCI {
            return "\(realm.interface) is no PCI device"
        }
        if !host.hasIOMMU { return "the machine shows no IOMMU" }
        return host.hasVFIO ? nil : "the module vfio-pci is not loaded"
    }

    private static func obstacleToXDP(
        _ realm: NodeConfiguration.Realm, _ fastPath: NodeConfiguration.FastPath, _ host: Host
    ) -> String? {
        guard host.kernel >= (5, 15) else {
            return "kernel \(host.kernel.major).\(host.kernel.minor) is older than 5.15"
        }
        guard let interface = host.interface(realm.interface) else {
            return "there is no interface \(realm.interface)"
        }
        if let missing = [Host.Capability.netAdmin, .netRaw, .bpf].first(where: { !host.has($0) }) {
            return "\(missing.name) is missing for this user"
        }
        guard interface.receiveQueues >= fastPath.cores.count else {
            return "\(interface.name) has \(interface.receiveQueues) receive queues for "
                + "\(fastPath.cores.count) workers"
        }
        return interface.isUp ? nil : "\(interface.name) is down"
    }

    private static func obstacleToPacket(
        _ realm: NodeConfiguration.Realm, _ host: Host
    ) -> String? {
        guard let interface = host.interface(realm.interface) else {
            return "there is no interface \(realm.interface)"
        }
        guard host.has(.netRaw) else { return "CAP_NET_RAW is missing for this user" }
        return interface.isUp ? nil : "\(interface.name) is down"
    }
}

extension Diagnosis {
    var json: JSONValue {
        .array(
            self.lines.map {
                [
                    "level": .string($0.level.rawValue), "subject": .string($0.subject),
                    "text": .string($0.text),
                ]
            })
    }

    var text: String {
        var table = Table(columns: ["", "", ""], hasTitles: false)
        for line in self.lines { table.add([line.level.rawValue, line.subject, line.text]) }
        return table.text
    }
}
