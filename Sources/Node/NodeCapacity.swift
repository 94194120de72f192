// SPDX-License-Identifier: Apache-2.0

public import Admission
public import Configuration

extension CapacityResources {
    /// What a machine has by itself.
    public init(_ machine: Machine) {
        self.init()
        let kilobytes = Double(max(machine.memoryKB - machine.hugeKB, 0))
        self.memoryBytes = Int(kilobytes * CapacityBudget.memoryShare) * 1024
    }

    /// What a node has with this configuration on this machine.
    public init(_ machine: Machine, _ file: NodeConfiguration) {
        self.init(machine)
        self.workers = file.fastPath.cores.count
        self.flowsPerWorker = file.fastPath.flowsPerWorker
        self.driverNsPerPacket = file.slowestAttach?.driverNsPerPacket ?? 0
        let flows = file.fastPath.flowsPerWorker * self.workers
        self.portsOfRealms = file.realms.map { realm in
            let ports = realm.ports.count / 2 * realm.addresses.count
            // What can share a port needs none; there are no more legs than flows.
            return realm.onePort ? max(ports, flows) : ports
        }
        self.sharesPorts = file.realms.contains(where: \.onePort)
        self.callsCross = file.callsCross
        var interfaces: [String] = []
        for realm in file.realms where !interfaces.contains(realm.interface) {
            interfaces.append(realm.interface)
        }
        self.linkBits = interfaces.map { machine.linkMbits[$0].map { $0 * 1_000_000 } }
        // Realms that share an interface, as VLANs, may have both legs of a call on it.
        if interfaces.count < file.realms.count { self.callsCross = false }
    }
}

extension NodeConfiguration.Attach {
    /// What receiving and sending one packet costs in the driver and the kernel behind it, ns: an
    /// allowance. xdp, packet and memif are what dpdk-testpmd needed to send frames of 214 bytes
    /// back (macswap) on one core of a virtual machine: xdp in copy mode and packet on veth pairs.
    /// A NIC with zero copy costs less. pci was never measured.
    public var driverNsPerPacket: Double {
        switch self {
        case .xdp: 2000
        case .packet: 2200
        case .memif: 85
        case .pci: 100
        // Files carry no calls.
        case .pcap: 0
        }
    }
}

extension NodeConfiguration {
    /// The way to attach that costs most, of all realms; nil without realms.
    public var slowestAttach: Attach? {
        self.realms.map(\.attach).max { $0.driverNsPerPacket < $1.driverNsPerPacket }
    }

    /// Every route leads from one realm to another.
    var callsCross: Bool {
        self.routes.allSatisfy { route in
            ([route.to] + route.others).allSatisfy { to in
                let from = route.from.map { [$0] } ?? self.trunks.indices.filter { $0 != to }
                return from.allSatisfy { self.trunks[$0].realm != self.trunks[to].realm }
            }
        }
    }
}
