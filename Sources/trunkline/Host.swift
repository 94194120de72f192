// SPDX-License-Identifier: Apache-2.0

import Glibc
import Node

/// What `doctor` looks at on this machine. A value, so that tests can make one up.
struct Host {
    /// A network interface.
    struct Interface {
        var name: String
        /// The kernel's driver ("ixgbe", "veth"), where it says so.
        var driver: String?
        var receiveQueues = 1
        var isUp = true
        /// A PCI device stands behind it.
        var isPCI = false
    }

    var kernel = (major: 0, minor: 0)
    /// Bits of the capabilities in force; see capability.h.
    var capabilities: UInt64 = 0
    /// Its cores, memory and huge pages.
    var machine = Machine()
    var hasIOMMU = false
    var hasVFIO = false
    var interfaces: [Interface] = []

    enum Capability: Int, CaseIterable {
        case netAdmin = 12, netRaw = 13, bpf = 39

        var name: String {
            switch self {
            case .netAdmin: "CAP_NET_ADMIN"
            case .netRaw: "CAP_NET_RAW"
            case .bpf: "CAP_BPF"
            }
        }
    }

    func has(_ capability: Capability) -> Bool { self.capabilities >> capability.rawValue & 1 == 1 }

    func interface(_ name: String) -> Interface? { self.interfaces.first { $0.name == name } }
}

extension Host {
    /// This machine, as the kernel shows it.
    static func current() -> Host {
        var host = Host()
        let release = SystemFiles.text("/proc/sys/kernel/osrelease") ?? ""
        let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        if numbers.count == 2 { host.kernel = (numbers[0], numbers[1]) }
        let status = SystemFiles.fields("/proc/self/status")
        host.capabilities = status["CapEff"].flatMap { UInt64($0, radix: 16) } ?? 0
        host.machine = Machine.current()
        host.hasIOMMU = !SystemFiles.entries("/sys/kernel/iommu_groups").isEmpty
        host.hasVFIO = access("/sys/module/vfio_pci", F_OK) == 0
        host.interfaces = SystemFiles.entries("/sys/class/net").map(self.readInterface)
        return host
    }

    private static func readInterface(_ name: String) -> Interface {
        let base = "/sys/class/net/\(name)"
        let queues = SystemFiles.entries(base + "/queues").count { $0.hasPrefix("rx-") }
        let driver = self.link(base + "/device/driver")
        let type = SystemFiles.fields(base + "/uevent", separator: "=")["DEVTYPE"]
        return Interface(
            name: name, driver: driver ?? type, receiveQueues: max(1, queues),
            isUp: SystemFiles.text(base + "/operstate") != "down",
            isPCI: self.link(base + "/device/subsystem") == "pci")
    }

    /// The last component of what a symbolic link points at.
    private static func link(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink(path, &buffer, buffer.count)
        guard count > 0 else { return nil }
        let target = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return target.split(separator: "/").last.map(String.init)
    }
}
