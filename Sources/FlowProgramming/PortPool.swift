// SPDX-License-Identifier: Apache-2.0

public import CallControl
public import FlowABI
import NetworkAddress

/// The media ports of all realms, two for each leg (RTP even, RTCP above). Aligned blocks of 512
/// ports belong to workers, and both legs of a call get ports of one worker. A port that was given
/// back rests; then the least recently used one comes first. Owned by one shard; no clock.
public final class PortPool: MediaPorts {
    /// How long a port rests: late packets of an old call must not enter a new one.
    public static let restNs: UInt64 = 10_000_000_000

    /// Figures for status and metrics.
    public struct Counters: Sendable, Hashable {
        /// Ports in use.
        public var reserved: UInt64 = 0
        /// Requests that found no port.
        public var exhausted: UInt64 = 0
        /// Requests while nobody served the ports.
        public var closed: UInt64 = 0
        /// Ports given back that were not in use, or taken up again that were.
        public var misuse: UInt64 = 0
    }

    /// Figures.
    public private(set) var counters = Counters()
    /// Requests that found no port, by realm.
    public private(set) var exhaustedByRealm: [RealmIndex: UInt64] = [:]

    private var setup: Setup?
    private var shelves: [ShelfKey: PortShelf] = [:]
    private var placeOf: [AddressIndex: (realm: RealmIndex, address: IPAddress)] = [:]
    private var used: Set<PortKey> = []
    private var nowNs: UInt64 = 0
    private var nextWorker: UInt32 = 0

    struct ShelfKey: Hashable {
        let realm: RealmIndex
        let worker: WorkerIndex
        let isIPv4: Bool
    }

    private struct Setup: Equatable {
        let workers: UInt32
        let ranges: [ClosedPorts]
        let addresses: [AddressPage]
    }

    private struct ClosedPorts: Equatable {
        let first: UInt16
        let last: UInt16
    }

    /// A pool without ports; `configure` gives it some.
    public init() {}

    /// Takes over the realms and addresses that the fast path's file names. Ports in use stay so;
    /// with the same realms and addresses as before nothing changes.
    public func configure(geometry: Geometry, realms: [RealmPage], addresses: [AddressPage]) {
        let setup = Setup(
            workers: geometry.workers,
            ranges: realms.map { ClosedPorts(first: $0.portFirst, last: $0.portLast) },
            addresses: addresses.filter { Int($0.realm) < realms.count })
        guard setup != self.setup else { return }
        self.setup = setup
        self.shelves = [:]
        self.placeOf = [:]
        for page in setup.addresses {
            let realm = RealmIndex(page.realm)
            let range = setup.ranges[Int(page.realm)]
            self.placeOf[page.index] = (realm, page.address)
            for port in Self.evenPorts(range.first, range.last) {
                let key = PortKey(address: page.index, port: port)
                guard !self.used.contains(key) else { continue }
                self.shelves[self.shelf(key, (realm, page.address)), default: PortShelf()]
                    .append(key)
            }
        }
    }

    /// Even ports whose odd neighbour is in the range too; a range that makes no sense is empty.
    private static func evenPorts(_ first: UInt16, _ last: UInt16) -> [UInt16] {
        let start = Int(first) + Int(first % 2)
        return stride(from: start, to: Int(last), by: 2).map { UInt16(clamping: $0) }
    }

    /// Sets the time that rests are counted by, CLOCK_MONOTONIC; never goes back.
    public func advance(toNs nowNs: UInt64) { self.nowNs = max(self.nowNs, nowNs) }

    /// False while nobody serves the ports: no port is to be had then.
    public var isOpen = true

    /// Reserves a port in each realm, of the given families, both of one worker; nil when no worker
    /// has both.
    public func reserve(
        _ a: RealmIndex, isIPv4 aIsIPv4: Bool, _ b: RealmIndex, isIPv4 bIsIPv4: Bool
    ) -> (a: MediaPort, b: MediaPort)? {
        guard self.isOpen else {
            self.counters.closed &+= 1
            return nil
        }
        // Workers take turns, so that calls spread evenly.
        let workers = self.setup?.workers ?? 0
        for turn in 0..<workers {
            let worker = WorkerIndex((self.nextWorker &+ turn) % workers)
            let aKey = ShelfKey(realm: a, worker: worker, isIPv4: aIsIPv4)
            let bKey = ShelfKey(realm: b, worker: worker, isIPv4: bIsIPv4)
            guard let first = self.take(aKey) else { continue }
            guard let second = self.take(bKey) else {
                self.shelves[aKey]?.putBack(first)
                continue
            }
            guard let aPort = self.mediaPort(first), let bPort = self.mediaPort(second) else {
                continue
            }
            self.nextWorker = (worker.value &+ 1) % workers
            self.used.formUnion([first, second])
            self.counters.reserved = UInt64(self.used.count)
            return (aPort, bPort)
        }
        self.counters.exhausted &+= 1
        for realm in Set([a, b]) where self.isEmpty(realm) {
            self.exhaustedByRealm[realm, default: 0] &+= 1
        }
        return nil
    }

    /// Gives a port back; it rests from now on.
    public func release(_ port: MediaPort) {
        let key = PortKey(port)
        guard self.used.remove(key) != nil else {
            self.counters.misuse &+= 1
            return
        }
        self.counters.reserved = UInt64(self.used.count)
        // The realm may have lost the address, or the port, while it was in use.
        guard let place = self.placeOf[key.address], self.contains(key, place) else { return }
        self.shelves[self.shelf(key, place), default: PortShelf()]
            .rest(key, sinceNs: self.nowNs)
    }

    /// Takes a given port up again, for a call that lived through a restart; false when the realm
    /// has no such port (any more), or when it is in use.
    public func reserve(again port: MediaPort) -> Bool {
        let key = PortKey(port)
        guard let place = self.placeOf[key.address], place.address == port.rtp.address,
            !self.used.contains(key),
            self.shelves[self.shelf(key, place)]?.remove(key) == true
        else {
            self.counters.misuse &+= 1
            return false
        }
        self.used.insert(key)
        self.counters.reserved = UInt64(self.used.count)
        return true
    }

    /// True for a port that is in use.
    public func isReserved(_ port: MediaPort) -> Bool { self.used.contains(PortKey(port)) }

    /// Lets a port that is not in use rest since a time in the past: somebody used it before us.
    public func rest(_ address: AddressIndex, port: UInt16, sinceNs: UInt64) {
        let key = PortKey(address: address, port: port)
        guard let place = self.placeOf[address], !self.used.contains(key) else { return }
        let shelf = self.shelf(key, place)
        if self.shelves[shelf]?.remove(key) == true {
            // The time comes out of a file: one in the future must not block the port for ever.
            self.shelves[shelf]?.rest(key, sinceNs: min(sinceNs, self.nowNs))
        }
    }

    private func contains(
        _ key: PortKey, _ place: (realm: RealmIndex, address: IPAddress)
    ) -> Bool {
        guard let range = self.setup?.ranges[Int(place.realm.value)] else { return false }
        return key.port % 2 == 0 && key.port >= range.first && key.port < range.last
    }

    private func shelf(
        _ key: PortKey, _ place: (realm: RealmIndex, address: IPAddress)
    ) -> ShelfKey {
        ShelfKey(
            realm: place.realm,
            worker: Geometry.worker(ofPort: key.port, of: self.setup?.workers ?? 1),
            isIPv4: place.address.isIPv4)
    }

    private func take(_ key: ShelfKey) -> PortKey? {
        self.shelves[key]?.take(nowNs: self.nowNs, restNs: Self.restNs)
    }

    private func isEmpty(_ realm: RealmIndex) -> Bool {
        !self.shelves.contains { $0.key.realm == realm && !$0.value.isEmpty }
    }

    private func mediaPort(_ key: PortKey) -> MediaPort? {
        guard let place = self.placeOf[key.address] else { return nil }
        return MediaPort(
            addressIndex: key.address.value,
            rtp: SocketAddress(address: place.address, port: key.port))
    }
}
