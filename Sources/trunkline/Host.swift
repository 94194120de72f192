// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What `doctor` looks at on this machine. A value, so that tests can make one up.
struct Host: Equatable {
    /// A network interface.
    struct Interface: Equatable {
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
    var freeHugePages = 0
    var hugePageKB = 0
    var cores = 1
    var hasIOMMU = false
    var hasVFIO = false
    var interfaces: [Interface] = []

    static func == (left: Host, right: Host) -> Bool {
        left.kernel == right.kernel && left.capabilities == right.capabilities
            && left.freeHugePages == right.freeHugePages && left.cores == right.cores
            && left.interfaces == right.interfaces
    }

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
        let release = Files.line("/proc/sys/kernel/osrelease") ?? ""
        let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        if numbers.count == 2 { host.kernel = (numbers[0], numbers[1]) }
        let status = self.fields("/proc/self/status")
        host.capabilities = status["CapEff"].flatMap { UInt64($0, radix: 16) } ?? 0
        let memory = self.fields("/proc/meminfo")
        host.freeHugePages = self.number(memory["HugePages_Free"])
        host.hugePageKB = self.number(memory["Hugepagesize"])
        host.cores = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        host.hasIOMMU = !self.entries("/sys/kernel/iommu_groups").isEmpty
        host.hasVFIO = access("/sys/module/vfio_pci", F_OK) == 0
        host.interfaces = self.entries("/sys/class/net").map(self.readInterface)
        return host
    }

    private static func readInterface(_ name: String) -> Interface {
        let base = "/sys/class/net/\(name)"
        let queues = self.entries(base + "/queues").count { $0.hasPrefix("rx-") }
        let driver = self.link(base + "/device/driver")
        let type = self.fields(base + "/uevent", separator: "=")["DEVTYPE"]
        return Interface(
            name: name, driver: driver ?? type, receiveQueues: max(1, queues),
            isUp: Files.line(base + "/operstate") != "down",
            isPCI: self.link(base + "/device/subsystem") == "pci")
    }

    /// "name: value" lines of a file of the kernel.
    private static func fields(_ path: String, separator: Character = ":") -> [String: String] {
        var fields: [String: String] = [:]
        for line in (Files.line(path) ?? "").split(separator: "\n") {
            let parts = line.split(separator: separator, maxSplits: 1)
            guard parts.count == 2 else { continue }
            fields[String(parts[0])] = String(parts[1].drop { $0 == " " || $0 == "\t" })
        }
        return fields
    }

    private static func number(_ text: String?) -> Int {
        text.flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
    }

    private static func entries(_ path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
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
