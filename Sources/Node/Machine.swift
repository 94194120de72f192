// SPDX-License-Identifier: Apache-2.0

/// What a machine has to carry calls with. A value, so that tests can make one up.
public struct Machine: Sendable, Equatable {
    /// Names the machine: its ID, its processor, the number of its cores.
    public var identity = ""
    /// The processor's name.
    public var processor = ""
    /// Cores that are online.
    public var cores = 1
    /// NUMA nodes.
    public var numaNodes = 1
    /// All memory, KB.
    public var memoryKB = 0
    /// Memory that could be had at the moment, KB, huge pages left out.
    public var availableKB = 0
    /// Memory that is set aside as huge pages, KB.
    public var hugeKB = 0
    /// Huge pages that are free.
    public var freeHugePages = 0
    /// Size of a huge page, KB.
    public var hugePageKB = 0
    /// Mbit/s of the interfaces that say so, by their names.
    public var linkMbits: [String: Int] = [:]

    /// A machine of which nothing is known.
    public init() {}

    /// This machine, as the kernel shows it.
    public static func current() -> Machine {
        var machine = Machine()
        func numbers(_ path: String) -> [Int] { SystemFiles.list(SystemFiles.text(path)) }
        let memory = SystemFiles.fields("/proc/meminfo")
        machine.memoryKB = SystemFiles.number(memory["MemTotal"])
        machine.availableKB = SystemFiles.number(memory["MemAvailable"])
        machine.hugeKB = SystemFiles.number(memory["Hugetlb"])
        machine.freeHugePages = SystemFiles.number(memory["HugePages_Free"])
        machine.hugePageKB = SystemFiles.number(memory["Hugepagesize"])
        machine.cores = max(1, numbers("/sys/devices/system/cpu/online").count)
        machine.numaNodes = max(1, numbers("/sys/devices/system/node/online").count)
        machine.processor = SystemFiles.fields("/proc/cpuinfo")["model name"] ?? "unknown"
        let id = SystemFiles.text("/etc/machine-id") ?? "unknown"
        machine.identity = "\(id), \(machine.processor), \(machine.cores) cores"
        for name in SystemFiles.entries("/sys/class/net") {
            // Virtual interfaces say -1 or nothing.
            let text = SystemFiles.text("/sys/class/net/\(name)/speed")
            let mbits = SystemFiles.number(text)
            if mbits > 0 { machine.linkMbits[name] = mbits }
        }
        return machine
    }
}
