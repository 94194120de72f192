// SPDX-License-Identifier: Apache-2.0

import CFlowABI
public import NetworkAddress

/// One worker's counters in one consistent snapshot.
public struct WorkerCounters: Sendable, Hashable {
    /// The core that it is pinned to.
    public let core: UInt32
    /// CLOCK_MONOTONIC of its loop.
    public let heartbeatNs: UInt64
    /// By the place of `CounterName`.
    public let values: [UInt64]
    /// By the place of `DropReason`.
    public let drops: [UInt64]
    /// Drops for reasons that this version does not know.
    public let unknownDrops: UInt64

    init(_ page: tl_worker_page) {
        self.core = page.core
        self.heartbeatNs = page.heartbeat_ns
        let first = MemoryLayout<tl_worker_page>.offset(of: \.received) ?? 0
        let dropsAt = MemoryLayout<tl_worker_page>.offset(of: \.drops) ?? 0
        func words(_ offset: Int, _ count: Int) -> [UInt64] {
            withUnsafeBytes(of: page) { bytes in
                (0..<count).map { bytes.load(fromByteOffset: offset + 8 * $0, as: UInt64.self) }
            }
        }
        self.values = words(first, Int(tl_counter_count()))
        let allDrops = words(dropsAt, Int(TL_DROPS_MAX))
        self.drops = Array(allDrops.prefix(Int(tl_drop_count())))
        self.unknownDrops = allDrops.dropFirst(Int(tl_drop_count())).reduce(0, &+)
    }

    /// A counter by its name in the contract; nil when there is none of this name.
    public func value(_ name: String) -> UInt64? {
        CounterName.all.first { $0.name == name }.flatMap { name in
            name.index < self.values.count ? self.values[name.index] : nil
        }
    }
}

/// A realm as the fast path runs it.
public struct RealmPage: Sendable, Hashable {
    /// Its name in the configuration.
    public let name: String
    /// How its interface is attached ("xdp").
    public let attach: String
    /// The interface.
    public let interface: String
    /// The first media port, even.
    public let portFirst: UInt16
    /// The last media port, odd.
    public let portLast: UInt16
    /// Zero is untagged.
    public let vlan: UInt16
    /// What its flows send with unless they say otherwise.
    public let dscp: UInt8
    /// The interface has its link.
    public let linkUp: Bool
    /// The driver's count.
    public let portReceived: UInt64
    /// The driver's count.
    public let portSent: UInt64
    /// Packets that driver or kernel lost before us.
    public let portMissed: UInt64
    /// The driver's errors.
    public let portErrors: UInt64

    init(_ page: tl_realm_page) {
        self.name = boundedName(page.name)
        self.attach = boundedName(page.attach)
        self.interface = boundedName(page.interface)
        self.portFirst = page.port_first
        self.portLast = page.port_last
        self.vlan = page.vlan
        self.dscp = page.dscp & 0x3f
        self.linkUp = page.link_up != 0
        self.portReceived = page.port_received
        self.portSent = page.port_sent
        self.portMissed = page.port_missed
        self.portErrors = page.port_errors
    }
}

/// A local media address of a realm.
public struct AddressPage: Sendable, Hashable {
    /// Its place.
    public let index: AddressIndex
    /// The address.
    public let address: IPAddress
    /// The realm's place.
    public let realm: UInt16
}

/// A name in a field of fixed size, ended by NUL or by the field's end; bad UTF-8 is repaired.
private func boundedName<Field>(_ field: Field) -> String {
    withUnsafeBytes(of: field) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}
